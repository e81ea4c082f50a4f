//! Segments: rules of conditions and of rules

use std::cell::RefCell;

use flagstaff_core::dialect;
use serde_json::{Map, Value as Json, json};

use super::read::Segment;
use super::{Result, note};
use crate::report::Note;

/// Maximum depth of nested rules; each takes two levels of our conditions, whose depth is limited
const MAX_DEPTH: usize = 10;

/// Operators that Flagsmith's engine knows
const OPERATORS: [&str; 14] = [
    "CONTAINS",
    "EQUAL",
    "GREATER_THAN",
    "GREATER_THAN_INCLUSIVE",
    "IN",
    "IS_NOT_SET",
    "IS_SET",
    "LESS_THAN",
    "LESS_THAN_INCLUSIVE",
    "MODULO",
    "NOT_CONTAINS",
    "NOT_EQUAL",
    "PERCENTAGE_SPLIT",
    "REGEX",
];

/// The condition under which a context is in a segment, and what to know about it
pub(super) fn condition(environment: &Json, segment: &Segment) -> Result<(Json, Vec<Note>)> {
    let pointer = format!("{}/rules", segment.pointer);
    let Some(rules) = segment.rules.as_array() else {
        return Err(note(&pointer, "expected an array"));
    };
    if rules.is_empty() {
        // A segment without rules contains nobody.
        return Ok((json!({"any": []}), Vec::new()));
    }
    let reader = Reader {
        environment,
        segment,
        notes: RefCell::default(),
    };
    let rules = rules.iter().enumerate();
    let all = rules.map(|(index, rule)| reader.rule(rule, &format!("{pointer}/{index}"), 0));
    let condition = simplified("all", all.collect::<Result<_>>()?);
    Ok((condition, reader.notes.into_inner()))
}

struct Reader<'r> {
    environment: &'r Json,
    segment: &'r Segment,
    notes: RefCell<Vec<Note>>,
}

impl Reader<'_> {
    /// A rule: its quantifier applies to its conditions, and once more to its rules
    fn rule(&self, rule: &Json, pointer: &str, depth: usize) -> Result<Json> {
        if depth >= MAX_DEPTH {
            return Err(note(
                pointer,
                "expected rules at most 10 deep in one another",
            ));
        }
        let kind = rule.get("type").and_then(Json::as_str).unwrap_or_default();
        let quantified = |inner: Vec<Json>| match kind {
            "ALL" => Ok(simplified("all", inner)),
            "ANY" => Ok(simplified("any", inner)),
            "NONE" => Ok(json!({"not": simplified("any", inner)})),
            _ => Err(note(
                &format!("{pointer}/type"),
                "expected `ALL`, `ANY` or `NONE`",
            )),
        };
        let mut both = Vec::new();
        let conditions = members(rule, "conditions", pointer)?;
        if !conditions.is_empty() {
            let inner = conditions.iter().enumerate();
            let inner = inner.map(|(index, json)| {
                self.condition(json, &format!("{pointer}/conditions/{index}"))
            });
            both.push(quantified(inner.collect::<Result<_>>()?)?);
        }
        let rules = members(rule, "rules", pointer)?;
        if !rules.is_empty() {
            let inner = rules.iter().enumerate();
            let inner = inner.map(|(index, json)| {
                self.rule(
                    json,
                    &format!("{pointer}/rules/{index}"),
                    depth.saturating_add(1),
                )
            });
            both.push(quantified(inner.collect::<Result<_>>()?)?);
        }
        // Checked even where there is nothing to quantify.
        quantified(Vec::new())?;
        Ok(simplified("all", both))
    }

    fn condition(&self, condition: &Json, pointer: &str) -> Result<Json> {
        let text = |name: &str| {
            condition
                .get(name)
                .and_then(Json::as_str)
                .unwrap_or_default()
        };
        let (operator, value) = (text("operator"), condition.get("value"));
        // The environment document writes an underscore after the name.
        let property = if condition.get("property").is_some() {
            text("property")
        } else {
            text("property_")
        };
        if !OPERATORS.contains(&operator) {
            let message = format!(
                "Flagsmith does not know the operator `{operator}`, so that the condition never holds, there and here"
            );
            let unknown = note(&format!("{pointer}/operator"), &message);
            self.notes.borrow_mut().push(unknown);
        }
        let mut expression = Map::new();
        expression.insert("property".into(), property.into());
        expression.insert("operator".into(), operator.into());
        match (operator, value) {
            ("IS_SET" | "IS_NOT_SET", _) => {}
            ("IN", Some(value @ Json::Array(_))) | (_, Some(value @ Json::String(_))) => {
                expression.insert("value".into(), value.clone());
            }
            _ => return Err(note(&format!("{pointer}/value"), "expected a string")),
        }
        if operator == "PERCENTAGE_SPLIT" {
            expression.insert("segment".into(), self.segment.key.clone().into());
        }
        if property.starts_with("$.") || property.is_empty() {
            expression.insert("environment".into(), self.environment.clone());
        }
        let expression = Json::from(expression);
        let compiled = serde_json::from_value(expression.clone())
            .map(|expression| dialect::condition("flagsmith", &expression));
        if let Ok(Some(Err(refusal))) = compiled {
            return Err(note(
                &format!("{pointer}{}", refusal.pointer),
                &refusal.message,
            ));
        }
        Ok(json!({"dialect": "flagsmith", "expression": expression}))
    }
}

fn members<'j>(rule: &'j Json, name: &str, pointer: &str) -> Result<&'j [Json]> {
    match rule.get(name) {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::Array(items)) => Ok(items),
        Some(_) => Err(note(&format!("{pointer}/{name}"), "expected an array")),
    }
}

/// A list of conditions, or the only one of it
fn simplified(quantifier: &str, mut conditions: Vec<Json>) -> Json {
    match (conditions.len(), conditions.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            conditions.extend(last);
            json!({quantifier: conditions})
        }
    }
}
