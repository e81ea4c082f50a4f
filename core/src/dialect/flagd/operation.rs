//! The operations of values: those of JSONLogic, and flagd's own

use std::cmp::Ordering;
use std::sync::Arc;

use super::run::{Run, Scope, is_truthy};
use super::text::{parse_float, sem_ver, substring};
use crate::dialect::javascript::{compare, is_equal, is_same, to_number, to_text};
use crate::value::Value;

/// An operation of evaluated arguments
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Equal,
    Same,
    NotEqual,
    NotSame,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Truth,
    Not,
    Remainder,
    Log,
    In,
    Cat,
    Substring,
    Add,
    Multiply,
    Subtract,
    Divide,
    Min,
    Max,
    Merge,
    Var,
    Missing,
    MissingSome,
    StartsWith,
    EndsWith,
    SemVer,
    Fractional,
}

impl Operation {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "==" => Self::Equal,
            "===" => Self::Same,
            "!=" => Self::NotEqual,
            "!==" => Self::NotSame,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "!!" => Self::Truth,
            "!" => Self::Not,
            "%" => Self::Remainder,
            "log" => Self::Log,
            "in" => Self::In,
            "cat" => Self::Cat,
            "substr" => Self::Substring,
            "+" => Self::Add,
            "*" => Self::Multiply,
            "-" => Self::Subtract,
            "/" => Self::Divide,
            "min" => Self::Min,
            "max" => Self::Max,
            "merge" => Self::Merge,
            "missing" => Self::Missing,
            "missing_some" => Self::MissingSome,
            "starts_with" => Self::StartsWith,
            "ends_with" => Self::EndsWith,
            "sem_ver" => Self::SemVer,
            "fractional" => Self::Fractional,
            _ => return None,
        })
    }

    /// The number of arguments without which it means nothing
    pub(super) fn least_arguments(self) -> usize {
        match self {
            _ if self.compares() => 2,
            Self::Remainder | Self::In | Self::Divide | Self::Substring | Self::MissingSome => 2,
            Self::Multiply | Self::Subtract => 1,
            _ => 0,
        }
    }

    pub(super) fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::Same
                | Self::NotEqual
                | Self::NotSame
                | Self::Greater
                | Self::GreaterOrEqual
                | Self::Less
                | Self::LessOrEqual
        )
    }

    /// Whether it takes a single argument that is not a list as its list of arguments
    pub(super) fn reads_whole(self) -> bool {
        matches!(
            self,
            Self::StartsWith | Self::EndsWith | Self::SemVer | Self::Fractional
        )
    }

    /// The result; what has none is `null`
    pub(super) fn apply(self, arguments: &[&Value], run: &Run<'_>, scope: Scope<'_>) -> Value {
        let first = arguments.first().copied().unwrap_or(&Value::Null);
        let second = arguments.get(1).copied().unwrap_or(&Value::Null);
        match self {
            Self::Equal => is_equal(first, second).into(),
            Self::NotEqual => (!is_equal(first, second)).into(),
            Self::Same => is_same(first, second).into(),
            Self::NotSame => (!is_same(first, second)).into(),
            Self::Greater => is_ordered(first, second, Ordering::is_gt).into(),
            Self::GreaterOrEqual => is_ordered(first, second, Ordering::is_ge).into(),
            Self::Less => is_between(arguments, Ordering::is_lt).into(),
            Self::LessOrEqual => is_between(arguments, Ordering::is_le).into(),
            Self::Truth => is_truthy(first).into(),
            Self::Not => (!is_truthy(first)).into(),
            Self::Log => first.clone(),
            Self::In => is_in(first, second).into(),
            Self::Cat => cat(arguments, run),
            Self::Substring => substring(arguments),
            Self::Merge => merge(arguments, run),
            Self::Var => run.attribute_at(first, second, scope),
            Self::Missing => Value::Array(missing(arguments, run, scope).into()),
            Self::MissingSome => missing_some(first, second, run, scope),
            Self::StartsWith => texts(arguments, |text, part| text.starts_with(part)),
            Self::EndsWith => texts(arguments, |text, part| text.ends_with(part)),
            Self::SemVer => sem_ver(arguments).map_or(Value::Null, Value::Boolean),
            Self::Fractional => run.fractional(arguments),
            arithmetic => Value::Number(arithmetic.number(arguments)),
        }
    }

    fn number(self, arguments: &[&Value]) -> f64 {
        let numbers = arguments.iter().map(|number| to_number(number));
        let floats = arguments.iter().map(|number| parse_float(number));
        let first = numbers.clone().next().unwrap_or(f64::NAN);
        let second = numbers.clone().nth(1);
        match self {
            Self::Add => floats.fold(0.0, |sum, number| sum + number),
            Self::Multiply if arguments.len() == 1 => first,
            Self::Multiply => floats.fold(1.0, |product, number| product * number),
            Self::Subtract => second.map_or(-first, |second| first - second),
            Self::Divide => first / second.unwrap_or(f64::NAN),
            Self::Remainder => first % second.unwrap_or(f64::NAN),
            Self::Min => extreme(numbers, f64::INFINITY, |one, other| one < other),
            Self::Max => extreme(numbers, f64::NEG_INFINITY, |one, other| one > other),
            _ => f64::NAN,
        }
    }
}

/// The smallest or greatest number; NaN if any is NaN
fn extreme(
    mut numbers: impl Iterator<Item = f64>,
    start: f64,
    is_better: impl Fn(f64, f64) -> bool,
) -> f64 {
    let best = numbers.try_fold(start, |best, number| match number {
        number if number.is_nan() => None,
        number if is_better(number, best) => Some(number),
        _ => Some(best),
    });
    best.unwrap_or(f64::NAN)
}

fn is_ordered(one: &Value, other: &Value, admits: impl Fn(Ordering) -> bool) -> bool {
    compare(one, other).is_some_and(admits)
}

/// Whether two arguments, or three of which the second is between the others, are in order
fn is_between(arguments: &[&Value], admits: impl Fn(Ordering) -> bool + Copy) -> bool {
    let pairs = arguments.get(..3).unwrap_or(arguments).array_windows();
    let mut pairs = pairs;
    pairs.all(|[one, other]| is_ordered(one, other, admits))
}

fn is_in(needle: &Value, haystack: &Value) -> bool {
    match haystack {
        Value::String(text) => text.contains(&*to_text(needle)),
        Value::Array(values) => values.iter().any(|value| is_same(value, needle)),
        _ => false,
    }
}

pub(super) fn cat(arguments: &[&Value], run: &Run<'_>) -> Value {
    let mut joined = String::new();
    for argument in arguments
        .iter()
        .filter(|argument| ***argument != Value::Null)
    {
        let text = to_text(argument);
        if !run.take(text.len()) {
            return Value::Null;
        }
        joined.push_str(&text);
    }
    joined.into()
}

fn merge(arguments: &[&Value], run: &Run<'_>) -> Value {
    let mut merged = Vec::new();
    for argument in arguments {
        let elements = match argument {
            Value::Array(elements) => elements,
            single => std::slice::from_ref(*single),
        };
        if !run.take(elements.len().saturating_mul(size_of::<Value>())) {
            return Value::Null;
        }
        merged.extend_from_slice(elements);
    }
    Value::Array(merged.into())
}

fn missing(arguments: &[&Value], run: &Run<'_>, scope: Scope<'_>) -> Vec<Value> {
    let is_missing = |key: &&Value| {
        let value = run.attribute_at(key, &Value::Null, scope);
        value == Value::Null || value == "".into()
    };
    if let Some(Value::Array(keys)) = arguments.first() {
        keys.iter().filter(is_missing).cloned().collect()
    } else {
        let keys = arguments.iter().copied();
        keys.filter(is_missing).cloned().collect()
    }
}

/// Nothing if at least so many of the keys are there, else those that are not
fn missing_some(least: &Value, keys: &Value, run: &Run<'_>, scope: Scope<'_>) -> Value {
    let Value::Array(all) = keys else {
        return Value::Array(Arc::default());
    };
    let missing = missing(&[keys], run, scope);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a list of 2^53 keys does not exist"
    )]
    let present = all.len().saturating_sub(missing.len()) as f64;
    if present >= to_number(least) {
        Value::Array(Arc::default())
    } else {
        Value::Array(missing.into())
    }
}

/// A test of two texts; `null` of anything else
fn texts(arguments: &[&Value], test: impl Fn(&str, &str) -> bool) -> Value {
    match arguments {
        [Value::String(whole), Value::String(part)] => test(whole, part).into(),
        _ => Value::Null,
    }
}
