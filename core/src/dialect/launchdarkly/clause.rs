//! Clauses: an attribute of the context of one kind, an operator and its values

use std::cmp::Ordering;
use std::sync::Arc;

use super::individual::Individual;
use super::literals;
use super::reference::Reference;
use super::{Expression, Refusal, text};
use crate::context::Context;
use crate::dialect::pattern::VendorPattern;
use crate::dialect::reading;
use crate::operator::Relation;
use crate::operator::literals::Literals;
use crate::operator::pattern::may_look_at;
use crate::operator::version::VersionText;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

/// A clause; its values are alternatives
#[derive(Debug)]
pub(super) struct Clause {
    kind: Box<str>,
    attribute: Reference,
    test: Test,
    is_negated: bool,
}

/// An operator with the values that it can read; the others match nothing
#[derive(Debug)]
enum Test {
    /// The strings, and the other values
    In(Literals, Box<[Value]>),
    Text(TextTest, Box<[Arc<str>]>),
    Matches(Box<[VendorPattern]>),
    Number(Relation, Box<[f64]>),
    Time(Relation, Box<[f64]>),
    Version(Ordering, Box<[VersionText]>),
    /// An operator that LaunchDarkly does not know matches nothing
    Nothing,
}

#[derive(Debug, Clone, Copy)]
enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

impl Clause {
    pub(super) fn compile(members: &JsonObject) -> Result<Self, Refusal> {
        reading::only(
            members,
            &["contextKind", "attribute", "op", "values", "negate"],
        )?;
        let kind = text(members, "contextKind")?;
        let attribute = text(members, "attribute")?.unwrap_or("");
        let is_negated = reading::boolean(members, "negate")?;
        let Some(Value::Array(values)) = members.get("values") else {
            return Err(Refusal::new("expected an array").within("values"));
        };
        let Some(operator) = text(members, "op")? else {
            return Err(Refusal::new("expected an operator").within("op"));
        };
        Ok(Self {
            kind: kind.unwrap_or("user").into(),
            attribute: Reference::required(attribute, kind.is_some(), "attribute")?,
            test: Test::compile(operator, values)?,
            is_negated,
        })
    }

    /// Whether the clause holds apart from its negation; `None` if there is nothing to test, which is false even negated
    fn matches(&self, context: &Context) -> Option<bool> {
        if &*self.attribute.name == "kind" && self.attribute.below.is_empty() {
            let mut kinds = Individual::all(context).map(|individual| individual.kind());
            return Some(kinds.any(|kind| self.test.matches(&kind.into())));
        }
        let individual = Individual::find(context, &self.kind)?;
        let value = individual.get(&self.attribute)?;
        Some(match &*value {
            Value::Array(elements) => {
                // The strings of an array are searched for patterns only if they are short together.
                let is_readable = !matches!(self.test, Test::Matches(_))
                    || may_look_at(elements.iter().filter_map(as_text));
                is_readable && elements.iter().any(|element| self.test.matches(element))
            }
            value => self.test.matches(value),
        })
    }
}

impl Expression for Clause {
    fn holds(&self, context: &Context, _now: Timestamp) -> bool {
        self.matches(context)
            .is_some_and(|matches| matches != self.is_negated)
    }

    fn pattern_size(&self) -> u32 {
        match &self.test {
            Test::Matches(patterns) => patterns
                .iter()
                .fold(0, |size, pattern| size.saturating_add(pattern.size)),
            _ => 0,
        }
    }
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

impl Test {
    fn compile(operator: &str, values: &[Value]) -> Result<Self, Refusal> {
        let texts = || values.iter().filter_map(as_text);
        let words = || texts().map(Arc::from).collect();
        let numbers = || {
            let number = |value: &Value| match value {
                Value::Number(number) => Some(*number),
                _ => None,
            };
            values.iter().filter_map(number).collect()
        };
        let instants = || values.iter().filter_map(literals::instant).collect();
        let versions = || texts().filter_map(literals::version).collect();
        Ok(match operator {
            "in" => {
                let others = values.iter().filter(|value| as_text(value).is_none());
                Self::In(reading::text_set(texts()), others.cloned().collect())
            }
            "startsWith" => Self::Text(TextTest::StartsWith, words()),
            "endsWith" => Self::Text(TextTest::EndsWith, words()),
            "contains" => Self::Text(TextTest::Contains, words()),
            "matches" => Self::Matches(patterns(values)?),
            "lessThan" => Self::Number(Relation::Less, numbers()),
            "lessThanOrEqual" => Self::Number(Relation::LessOrEqual, numbers()),
            "greaterThan" => Self::Number(Relation::Greater, numbers()),
            "greaterThanOrEqual" => Self::Number(Relation::GreaterOrEqual, numbers()),
            "before" => Self::Time(Relation::Less, instants()),
            "after" => Self::Time(Relation::Greater, instants()),
            "semVerEqual" => Self::Version(Ordering::Equal, versions()),
            "semVerLessThan" => Self::Version(Ordering::Less, versions()),
            "semVerGreaterThan" => Self::Version(Ordering::Greater, versions()),
            // Segments are conditions of this language.
            "segmentMatch" => {
                return Err(Refusal::new(
                    "expected `{\"segment\": KEY}` instead of a clause with `segmentMatch`",
                )
                .within("op"));
            }
            _ => Self::Nothing,
        })
    }

    fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::In(strings, _), Value::String(text)) => strings.has_text(text),
            (Self::In(_, others), value) => others.contains(value),
            (Self::Text(kind, words), Value::String(text)) => words.iter().any(|part| match kind {
                TextTest::StartsWith => text.starts_with(&**part),
                TextTest::EndsWith => text.ends_with(&**part),
                TextTest::Contains => text.contains(&**part),
            }),
            (Self::Matches(patterns), Value::String(text)) => {
                patterns.iter().any(|pattern| pattern.is_in(text))
            }
            (Self::Number(relation, numbers), Value::Number(left)) => {
                is_any(numbers, *relation, *left)
            }
            (Self::Time(relation, instants), value) => {
                literals::instant(value).is_some_and(|left| is_any(instants, *relation, left))
            }
            (Self::Version(ordering, versions), Value::String(text)) => versions
                .iter()
                .any(|version| literals::compare(text, version) == Some(*ordering)),
            _ => false,
        }
    }
}

fn patterns(values: &[Value]) -> Result<Box<[VendorPattern]>, Refusal> {
    let mut patterns = Vec::new();
    for (position, value) in values.iter().enumerate() {
        // A value that is no string is no pattern for LaunchDarkly either.
        let Value::String(text) = value else { continue };
        let pattern = VendorPattern::parse(text, false).map_err(|error| {
            Refusal::new(error)
                .within(&position.to_string())
                .within("values")
        })?;
        patterns.push(pattern);
    }
    Ok(patterns.into())
}

/// Whether a number lies on this side of one of the literals
fn is_any(literals: &[f64], relation: Relation, number: f64) -> bool {
    literals.iter().any(|literal| {
        number
            .partial_cmp(literal)
            .is_some_and(|ordering| relation.admits(ordering))
    })
}
