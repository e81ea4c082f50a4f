//! Tests of one value: equality as GrowthBook writes it, and its operators

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Bounds, Condition, object};
use crate::dialect::Refusal;
use crate::dialect::growthbook::attribute::Subject;
use crate::dialect::growthbook::version::padded;
use crate::dialect::javascript::regexp::RegExp;
use crate::dialect::javascript::{
    compare, compare_texts, is_same, is_same_number, is_truthy, to_number, to_text,
};
use crate::operator::Relation;
use crate::value::Value;

/// What a value is compared with
#[derive(Debug)]
pub(super) enum Test {
    Text(Arc<str>),
    Number(f64),
    Boolean(bool),
    Null,
    /// An array or an object, equal as a whole
    Whole(Value),
    Operators(Box<[Operator]>),
}

#[derive(Debug)]
pub(super) enum Operator {
    Same(Value),
    NotSame(Value),
    Compare(Relation, Value),
    Version(Relation, String),
    NotVersion(String),
    Exists(bool),
    In(Arc<[Value]>),
    NotIn(Arc<[Value]>),
    // Both sides in lower case.
    InIgnoringCase(Arc<[Value]>),
    NotInIgnoringCase(Arc<[Value]>),
    All(Box<[Test]>),
    AllIgnoringCase(Box<[Test]>),
    Not(Box<Test>),
    Size(Box<Test>),
    AnyElementIs(Box<Test>),
    AnyElementHas(Condition),
    Matches(RegExp),
    Type(Value),
    // An unknown operator, and one whose operand is of another type, hold of nobody.
    Never,
}

impl Test {
    pub(super) fn parse(value: &Value, bounds: &mut Bounds) -> Result<Self, Refusal> {
        Ok(match value {
            Value::String(text) => Self::Text(Arc::clone(text)),
            Value::Number(number) => Self::Number(*number),
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Null => Self::Null,
            value if is_operators(value) => {
                let members = object(value)?;
                bounds.inside(|bounds| {
                    let operators = members.iter().map(|(name, operand)| {
                        Operator::parse(name, operand, bounds)
                            .map_err(|refusal| refusal.within(name))
                    });
                    operators.collect::<Result<_, _>>().map(Self::Operators)
                })?
            }
            whole => Self::Whole(whole.clone()),
        })
    }

    pub(super) fn is_met(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => to_text(value) == **text,
            Self::Number(number) => is_same_number(to_number(value), *number),
            Self::Boolean(expected) => *value != Value::Null && is_truthy(value) == *expected,
            Self::Null => *value == Value::Null,
            Self::Whole(expected) => value == expected,
            Self::Operators(operators) => operators.iter().all(|operator| operator.is_met(value)),
        }
    }

    /// Whether a value is equal to this text without regard to case; other tests have none
    fn is_met_ignoring_case(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => to_text(value).to_lowercase() == text.to_lowercase(),
            test => test.is_met(value),
        }
    }
}

/// Whether a value is an object of operators only
fn is_operators(value: &Value) -> bool {
    let Value::Object(members) = value else {
        return false;
    };
    !members.is_empty() && members.keys().all(|key| key.starts_with('$'))
}

impl Operator {
    fn parse(name: &str, operand: &Value, bounds: &mut Bounds) -> Result<Self, Refusal> {
        let list = || match operand {
            Value::Array(values) => Some(Arc::clone(values)),
            _ => None,
        };
        let or_never = |operator: Option<Self>| operator.unwrap_or(Self::Never);
        Ok(match name {
            "$eq" => Self::Same(operand.clone()),
            "$ne" => Self::NotSame(operand.clone()),
            "$lt" => Self::Compare(Relation::Less, operand.clone()),
            "$lte" => Self::Compare(Relation::LessOrEqual, operand.clone()),
            "$gt" => Self::Compare(Relation::Greater, operand.clone()),
            "$gte" => Self::Compare(Relation::GreaterOrEqual, operand.clone()),
            "$veq" => Self::Version(Relation::Equal, padded(operand)),
            "$vne" => Self::NotVersion(padded(operand)),
            "$vlt" => Self::Version(Relation::Less, padded(operand)),
            "$vlte" => Self::Version(Relation::LessOrEqual, padded(operand)),
            "$vgt" => Self::Version(Relation::Greater, padded(operand)),
            "$vgte" => Self::Version(Relation::GreaterOrEqual, padded(operand)),
            "$exists" => Self::Exists(is_truthy(operand)),
            "$in" => or_never(list().map(Self::In)),
            "$nin" => or_never(list().map(Self::NotIn)),
            "$ini" => or_never(list().map(|values| Self::InIgnoringCase(lower_cased(&values)))),
            "$nini" => or_never(list().map(|values| Self::NotInIgnoringCase(lower_cased(&values)))),
            "$all" | "$alli" => {
                let Some(values) = list() else {
                    return Ok(Self::Never);
                };
                let tests = values.iter().map(|value| Test::parse(value, bounds));
                let tests = tests.collect::<Result<_, _>>()?;
                if name == "$all" {
                    Self::All(tests)
                } else {
                    Self::AllIgnoringCase(tests)
                }
            }
            "$not" => Self::Not(Box::new(
                bounds.inside(|bounds| Test::parse(operand, bounds))?,
            )),
            "$size" => Self::Size(Box::new(Test::parse(operand, bounds)?)),
            "$elemMatch" if is_operators(operand) => {
                Self::AnyElementIs(Box::new(Test::parse(operand, bounds)?))
            }
            "$elemMatch" => Self::AnyElementHas(Condition::within(operand, bounds)?),
            "$regex" | "$regexi" => Self::pattern(operand, name == "$regexi", bounds)?,
            "$type" => Self::Type(operand.clone()),
            "$inGroup" | "$notInGroup" => {
                let values = list().ok_or_else(|| {
                    Refusal::new("expected the values of the saved group, as a list")
                })?;
                if name == "$inGroup" {
                    Self::In(values)
                } else {
                    Self::NotIn(values)
                }
            }
            _ => Self::Never,
        })
    }

    fn pattern(operand: &Value, ignore_case: bool, bounds: &mut Bounds) -> Result<Self, Refusal> {
        let Value::String(text) = operand else {
            // The SDK catches what goes wrong with another type.
            return Ok(Self::Never);
        };
        let pattern = RegExp::parse(text, ignore_case)
            .map_err(|error| Refusal::new(format!("the expression `{text}`: {error}")))?;
        bounds.take_pattern(pattern.size())?;
        Ok(Self::Matches(pattern))
    }

    fn is_met(&self, value: &Value) -> bool {
        match self {
            Self::Same(other) => is_same(value, other),
            Self::NotSame(other) => !is_same(value, other),
            Self::Compare(relation, other) => {
                compare(value, other).is_some_and(|ordering| relation.admits(ordering))
            }
            Self::Version(relation, other) => relation.admits(compare_texts(&padded(value), other)),
            Self::NotVersion(other) => compare_texts(&padded(value), other) != Ordering::Equal,
            Self::Exists(is_wanted) => (*value != Value::Null) == *is_wanted,
            Self::In(values) => is_in(value, values),
            Self::NotIn(values) => !is_in(value, values),
            Self::InIgnoringCase(values) => is_in_ignoring_case(value, values),
            Self::NotInIgnoringCase(values) => !is_in_ignoring_case(value, values),
            Self::All(tests) => has_all(value, tests, Test::is_met),
            Self::AllIgnoringCase(tests) => has_all(value, tests, Test::is_met_ignoring_case),
            Self::Not(test) => !test.is_met(value),
            Self::Size(test) => matches!(value, Value::Array(values)
                if test.is_met(&Value::number(size(values)))),
            Self::AnyElementIs(test) => any_element(value, |element| test.is_met(element)),
            Self::AnyElementHas(condition) => {
                any_element(value, |element| condition.is_met(Subject::Value(element)))
            }
            Self::Matches(pattern) => pattern.is_in(&to_text(value)),
            Self::Type(name) => *name == Value::from(type_name(value)),
            Self::Never => false,
        }
    }
}

fn size(values: &[Value]) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an array of 2^53 elements does not exist"
    )]
    let size = values.len() as f64;
    size
}

/// Whether the value, or an element of the array that it is, is one of these
fn is_in(value: &Value, values: &[Value]) -> bool {
    let is_one = |value: &Value| values.iter().any(|other| is_same(value, other));
    match value {
        Value::Array(elements) => elements.iter().any(is_one),
        value => is_one(value),
    }
}

fn is_in_ignoring_case(value: &Value, lower_cased: &[Value]) -> bool {
    let is_one = |value: &Value| {
        let value = lower(value);
        lower_cased.iter().any(|other| is_same(&value, other))
    };
    match value {
        Value::Array(elements) => elements.iter().any(is_one),
        value => is_one(value),
    }
}

fn lower_cased(values: &[Value]) -> Arc<[Value]> {
    values.iter().map(lower).collect()
}

fn lower(value: &Value) -> Value {
    match value {
        Value::String(text) => text.to_lowercase().into(),
        value => value.clone(),
    }
}

fn has_all(value: &Value, tests: &[Test], is_met: impl Fn(&Test, &Value) -> bool) -> bool {
    let Value::Array(elements) = value else {
        return false;
    };
    tests
        .iter()
        .all(|test| elements.iter().any(|element| is_met(test, element)))
}

/// Whether an element that counts as true meets the test
fn any_element(value: &Value, is_met: impl Fn(&Value) -> bool) -> bool {
    let Value::Array(elements) = value else {
        return false;
    };
    elements
        .iter()
        .any(|element| is_truthy(element) && is_met(element))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Boolean(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
