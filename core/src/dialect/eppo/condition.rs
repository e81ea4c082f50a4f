//! Conditions: an attribute, an operator and a value
//!
//! A condition that Eppo cannot read is false there; it is refused here, and the importer says so.

use std::cmp::Ordering;
use std::sync::LazyLock;

use crate::context::Context;
use crate::context::path::MemberName;
use crate::dialect::pattern::VendorPattern;
use crate::dialect::{Expression, Refusal, reading, version};
use crate::operator::Relation;
use crate::operator::literals::Literals;
use crate::operator::version::VersionText;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

/// A condition
#[derive(Debug)]
pub(super) struct Condition {
    attribute: MemberName,
    check: Check,
}

#[derive(Debug)]
enum Check {
    Number(Relation, f64),
    Version(Relation, VersionText),
    /// Whether the text must match, or must not
    Pattern(bool, VendorPattern),
    /// Whether the text must be one of these, or must not
    OneOf(bool, Literals),
    Null(bool),
}

impl Condition {
    pub(super) fn read(members: &JsonObject) -> Result<Self, Refusal> {
        reading::only(members, &["attribute", "operator", "value"])?;
        let operator = reading::required(members, "operator")?;
        let check = match operator {
            "LT" => ordinal(members, Relation::Less)?,
            "LTE" => ordinal(members, Relation::LessOrEqual)?,
            "GT" => ordinal(members, Relation::Greater)?,
            "GTE" => ordinal(members, Relation::GreaterOrEqual)?,
            "MATCHES" | "NOT_MATCHES" => {
                let text = reading::required(members, "value")?;
                let pattern = VendorPattern::parse(text, false)
                    .map_err(|why| Refusal::new(why).within("value"))?;
                Check::Pattern(operator == "MATCHES", pattern)
            }
            "ONE_OF" | "NOT_ONE_OF" => {
                if !matches!(members.get("value"), Some(Value::Array(_))) {
                    return Err(Refusal::new("expected an array of strings").within("value"));
                }
                let values = reading::texts(members, "value")?;
                Check::OneOf(operator == "ONE_OF", reading::text_set(values))
            }
            "IS_NULL" => match members.get("value") {
                Some(Value::Boolean(is_null)) => Check::Null(*is_null),
                _ => return Err(Refusal::new("expected true or false").within("value")),
            },
            _ => return Err(Refusal::new("unknown operator").within("operator")),
        };
        Ok(Self {
            attribute: reading::required(members, "attribute")?.into(),
            check,
        })
    }

    /// The attribute: of `subjectAttributes` where there are any, else of the context; `id` is the subject's key unless it is given
    fn attribute<'c>(&self, context: &'c Context) -> Option<&'c Value> {
        static ATTRIBUTES: LazyLock<MemberName> = LazyLock::new(|| "subjectAttributes".into());
        let found = match context.member(&ATTRIBUTES) {
            Some(Value::Object(attributes)) => attributes.get(&*self.attribute.text),
            _ => context.member(&self.attribute),
        };
        let is_id = *self.attribute.text == *"id";
        let key = || {
            context
                .get("subjectKey")
                .or_else(|| context.targeting_key())
        };
        found.or_else(|| is_id.then(key).flatten())
    }
}

fn ordinal(members: &JsonObject, relation: Relation) -> Result<Check, Refusal> {
    let number = match members.get("value") {
        Some(Value::Number(number)) => Some(*number),
        Some(Value::String(text)) => {
            if let Some(version) = version::parse(text) {
                return Ok(Check::Version(relation, version));
            }
            text.parse().ok()
        }
        _ => None,
    };
    number
        .map(|number| Check::Number(relation, number))
        .ok_or_else(|| Refusal::new("expected a number, or a version as `1.2.3`").within("value"))
}

/// By precedence, then by build metadata, which the crate `semver` orders, too
fn compare_versions(text: &str, literal: &VersionText) -> Option<Ordering> {
    let ordering = version::compare(text, literal)?;
    Some(ordering.then_with(|| compare_builds(build(text), build(&literal.text))))
}

/// The build metadata of a version; none is empty
fn build(version: &str) -> &str {
    version.split_once('+').map_or("", |(_, build)| build)
}

/// Identifiers one by one: numbers by size, then by their zeros, and before others
fn compare_builds(left: &str, right: &str) -> Ordering {
    let mut others = right.split('.');
    for left in left.split('.') {
        let Some(right) = others.next() else {
            return Ordering::Greater;
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let ordering = match (is_number(left), is_number(right)) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => left.cmp(right),
            (true, true) => {
                let (a, b) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
                (a.len().cmp(&b.len()))
                    .then_with(|| a.cmp(b))
                    .then_with(|| left.len().cmp(&right.len()))
            }
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    if others.next().is_none() {
        Ordering::Equal
    } else {
        Ordering::Less
    }
}

impl Expression for Condition {
    fn holds(&self, context: &Context, _now: Timestamp) -> bool {
        let attribute = self.attribute(context);
        if let Check::Null(is_null) = self.check {
            return matches!(attribute, None | Some(Value::Null)) == is_null;
        }
        let holds = |attribute| self.check.holds(attribute);
        attribute.and_then(holds).unwrap_or_default()
    }

    fn pattern_size(&self) -> u32 {
        match &self.check {
            Check::Pattern(_, pattern) => pattern.size,
            _ => 0,
        }
    }
}

impl Check {
    /// Whether it holds for an attribute; `None` where it cannot be applied to one of its type
    fn holds(&self, attribute: &Value) -> Option<bool> {
        match self {
            Self::Number(relation, number) => {
                let attribute = match attribute {
                    Value::Number(attribute) => *attribute,
                    Value::String(text) => text.parse().ok()?,
                    _ => return None,
                };
                Some(relation.admits(attribute.partial_cmp(number)?))
            }
            Self::Version(relation, version) => match attribute {
                Value::String(text) => Some(relation.admits(compare_versions(text, version)?)),
                _ => None,
            },
            Self::Pattern(expected, pattern) => {
                map_text(attribute, |text| pattern.is_in(text) == *expected)
            }
            Self::OneOf(expected, values) => {
                map_text(attribute, |text| values.has_text(text) == *expected)
            }
            Self::Null(_) => None,
        }
    }
}

/// Reads the text of a scalar: numbers without an exponent, as Rust writes them
fn map_text<T>(attribute: &Value, read: impl FnOnce(&str) -> T) -> Option<T> {
    match attribute {
        Value::String(text) => Some(read(text)),
        Value::Number(number) => Some(read(&number.to_string())),
        Value::Boolean(true) => Some(read("true")),
        Value::Boolean(false) => Some(read("false")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
