//! Conditions: converted to ours if every part has the same meaning in our language, otherwise kept in the vendor's form

use std::collections::BTreeSet;

use flagstaff_core::dialect::Expression;
use flagstaff_core::{Context, Timestamp, Value, dialect};
use serde_json::{Map, Value as Json, json};

use crate::ImportError;
use crate::report::FlagReport;
use crate::source::At;

/// Operators that the vendor's SDK knows
const OPERATORS: [&str; 27] = [
    "$all",
    "$alli",
    "$elemMatch",
    "$eq",
    "$exists",
    "$gt",
    "$gte",
    "$in",
    "$inGroup",
    "$ini",
    "$lt",
    "$lte",
    "$ne",
    "$nin",
    "$nini",
    "$not",
    "$notInGroup",
    "$regex",
    "$regexi",
    "$size",
    "$type",
    "$veq",
    "$vgt",
    "$vgte",
    "$vlt",
    "$vlte",
    "$vne",
];

static NOTHING: BTreeSet<String> = BTreeSet::new();

/// The saved groups, and the features that need not be exact
pub(super) struct Conditions<'f> {
    groups: Option<At<'f>>,
    approximate: &'f BTreeSet<String>,
}

impl<'f> Conditions<'f> {
    pub(super) fn new(
        groups: Option<At<'f>>,
        approximate: &'f BTreeSet<String>,
    ) -> Result<Self, ImportError> {
        if let Some(groups) = &groups {
            for (_, group) in groups.members()? {
                group.elements()?;
            }
        }
        Ok(Self {
            groups,
            approximate,
        })
    }

    /// A condition of the file as one of a document; `None` holds for every context
    pub(super) fn convert(
        &self,
        condition: &At<'f>,
        report: &mut FlagReport,
    ) -> Result<Option<Json>, ImportError> {
        let expression = self.expression(condition, report)?;
        if expression.as_object().is_some_and(Map::is_empty) {
            return Ok(None);
        }
        let dialect = || json!({"dialect": "growthbook", "expression": expression});
        Ok(Some(native(&expression).unwrap_or_else(dialect)))
    }

    /// A condition of the file with its saved groups written out
    pub(super) fn expression(
        &self,
        condition: &At<'f>,
        report: &mut FlagReport,
    ) -> Result<Json, ImportError> {
        let expression = self.condition(condition, report)?;
        compile(&expression, condition)?;
        Ok(expression)
    }

    /// The variants of a parent for which a condition about its value holds, and whether it holds for none
    pub(super) fn of_value(
        condition: Option<&At<'f>>,
        values: &[(Option<String>, Json)],
    ) -> Result<Vec<bool>, ImportError> {
        let Some(condition) = condition else {
            return Ok(vec![true; values.len()]);
        };
        let none = Self {
            groups: None,
            approximate: &NOTHING,
        };
        let mut unused = FlagReport::new("", "");
        let expression = none.condition(condition, &mut unused)?;
        let expression = compile(&expression, condition)?;
        let holds = values.iter().map(|(_, value)| {
            let context = Context::try_from(Value::object([("value", core_value(value))]));
            context.is_ok_and(|context| expression.holds(&context, Timestamp::from_millis(0)))
        });
        Ok(holds.collect())
    }

    fn condition(&self, at: &At<'f>, report: &mut FlagReport) -> Result<Json, ImportError> {
        let mut converted = Map::new();
        for (name, member) in at.members()? {
            let value = match name {
                "$and" | "$or" | "$nor" => {
                    let list = member.elements()?.into_iter();
                    let list = list.map(|element| self.condition(&element, report));
                    list.collect::<Result<Vec<_>, _>>()?.into()
                }
                "$not" => self.condition(&member, report)?,
                _ => self.test(&member, report)?,
            };
            converted.insert(name.to_owned(), value);
        }
        Ok(converted.into())
    }

    fn test(&self, at: &At<'f>, report: &mut FlagReport) -> Result<Json, ImportError> {
        if !is_operators(at.value) {
            self.warn_of_order(at, report);
            return Ok(at.value.clone());
        }
        let mut converted = Map::new();
        for (name, member) in at.members()? {
            let value = self.operand(name, &member, report)?;
            converted.insert(name.to_owned(), value);
        }
        Ok(converted.into())
    }

    fn operand(
        &self,
        name: &str,
        at: &At<'f>,
        report: &mut FlagReport,
    ) -> Result<Json, ImportError> {
        if !OPERATORS.contains(&name) {
            report.remark(
                at.pointer.clone(),
                "GrowthBook's SDK does not know this operator, so the condition holds for nobody",
            );
        }
        match name {
            "$not" | "$size" => self.test(at, report),
            "$elemMatch" if is_operators(at.value) => self.test(at, report),
            "$elemMatch" => self.condition(at, report),
            "$all" | "$alli" if at.value.is_array() => {
                let tests = at.elements()?.into_iter();
                let tests = tests.map(|element| self.test(&element, report));
                Ok(tests.collect::<Result<Vec<_>, _>>()?.into())
            }
            "$inGroup" | "$notInGroup" => Ok(self.group(at, report)),
            _ => Ok(at.value.clone()),
        }
    }

    /// The values of a saved group
    fn group(&self, at: &At<'f>, report: &mut FlagReport) -> Json {
        let name = match at.value {
            Json::String(name) => name.clone(),
            other => other.to_string(),
        };
        let found = self
            .groups
            .as_ref()
            .and_then(|groups| groups.value.get(&name));
        if found.is_none() {
            let message = format!(
                "the file has no saved group `{name}`: it has no members, as in GrowthBook"
            );
            report.remark(at.pointer.clone(), message);
        }
        found.cloned().unwrap_or_else(|| json!([]))
    }

    /// In GrowthBook an object with several members equals another one only if they have the same order, which Flagstaff does not store
    fn warn_of_order(&self, at: &At<'f>, report: &mut FlagReport) {
        if !has_order(at.value) {
            return;
        }
        let message = "GrowthBook compares objects together with the order of their members; here the order does not count";
        if self.approximate.contains(&report.flag) {
            report.remark(at.pointer.clone(), message);
        } else {
            report.refuse(at.pointer.clone(), message);
        }
    }
}

/// Whether a value contains an object with more than one member
fn has_order(value: &Json) -> bool {
    match value {
        Json::Object(members) => members.len() > 1 || members.values().any(has_order),
        Json::Array(values) => values.iter().any(has_order),
        _ => false,
    }
}

fn is_operators(value: &Json) -> bool {
    let members = value.as_object();
    members.is_some_and(|members| {
        !members.is_empty() && members.keys().all(|name| name.starts_with('$'))
    })
}

/// Compiles a condition; the error says where in the file it cannot be exact
fn compile(expression: &Json, at: &At<'_>) -> Result<Box<dyn Expression>, ImportError> {
    let compiled = dialect::condition("growthbook", &core_value(expression));
    let missing = || at.error("this build does not have the dialect `growthbook`");
    compiled
        .ok_or_else(missing)?
        .map_err(|refusal| ImportError::Shape {
            pointer: format!("{}{}", at.pointer, refusal.pointer),
            message: refusal.message,
        })
}

pub(super) fn core_value(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap_or_default()
}

/// A condition of ours, if every part has the same meaning in our language
fn native(expression: &Json) -> Option<Json> {
    let parts = expression.as_object()?.iter();
    let mut parts: Vec<Json> = parts
        .map(|(name, value)| native_part(name, value))
        .collect::<Option<_>>()?;
    match parts.len() {
        1 => parts.pop(),
        _ => Some(json!({"all": parts})),
    }
}

fn native_part(name: &str, value: &Json) -> Option<Json> {
    let list = || {
        let list = value.as_array().filter(|list| !list.is_empty())?;
        list.iter().map(native).collect::<Option<Vec<_>>>()
    };
    match name {
        "$and" => Some(json!({"all": list()?})),
        "$or" => Some(json!({"any": list()?})),
        "$nor" => Some(json!({"not": {"any": list()?}})),
        "$not" => Some(json!({"not": native(value)?})),
        path => {
            let attribute = attribute(path)?;
            let operators = value.as_object().filter(|operators| operators.len() == 1)?;
            let (operator, values) = operators.iter().next()?;
            let op = match operator.as_str() {
                "$in" | "$inGroup" => "in",
                "$nin" | "$notInGroup" => "notIn",
                _ => return None,
            };
            let values = values.as_array().filter(|values| !values.is_empty())?;
            let is_exact = values.iter().all(is_literal);
            is_exact.then(|| json!({"attribute": attribute, "op": op, "values": values}))
        }
    }
}

/// Whether a value is the same in both languages: a text, a boolean, or a number that is exact as a double
fn is_literal(value: &Json) -> bool {
    match value {
        Json::String(_) | Json::Bool(_) => true,
        Json::Number(number) => number
            .as_f64()
            .is_some_and(|number| number.abs() < flagstaff_core::MAX_SAFE_INTEGER),
        _ => false,
    }
}

/// The attribute of a path through objects only
fn attribute(path: &str) -> Option<String> {
    let names: Vec<_> = path.split('.').collect();
    let is_plain = |name: &&str| {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(is_word)
            && **name != *"length"
    };
    if !names.iter().all(is_plain) || names.len() > 16 || path.len() > 200 {
        return None;
    }
    match *names {
        [name] => Some(name.to_owned()),
        _ => Some(format!("/{}", names.join("/"))),
    }
}
