//! What is a JSON value, and how is it compared, written and merged?
//!
//! A number is an IEEE-754 binary64; `-0` is `0`; NaN and infinity do not exist. Nothing is ever coerced between types.

pub(crate) mod canonical;
mod deserialize;
pub(crate) mod excerpt;
pub(crate) mod merge;
pub(crate) mod pointer;
pub(crate) mod timestamp;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The members of a JSON object; of a repeated key the last one counts
pub type JsonObject = BTreeMap<Arc<str>, Value>;

/// The largest integer `n` such that `n` and all below it are exact in a binary64: 2^53 − 1
pub const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A JSON value; cheap to clone
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A finite number that is not `-0`; [`Value::number`] makes one
    Number(f64),
    /// Unicode scalar values, compared by code point, never normalised
    String(Arc<str>),
    /// An array
    Array(Arc<[Value]>),
    /// An object
    Object(Arc<JsonObject>),
}

impl Value {
    /// A number: `-0` becomes `0`, NaN and infinity become `null`
    pub fn number(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number + 0.0)
        } else {
            Self::Null
        }
    }

    /// An object of these members
    pub fn object<K: Into<Arc<str>>>(members: impl IntoIterator<Item = (K, Value)>) -> Self {
        // Not collected: that sorts, by a sort of its own for each type of iterator.
        let mut object = JsonObject::new();
        for (key, value) in members {
            object.insert(key.into(), value);
        }
        Self::Object(Arc::new(object))
    }

    /// Canonical JSON text by RFC 8785
    pub fn to_canonical(&self) -> String {
        canonical::to_string(self)
    }

    /// The integer that this is, if it is a number without a fraction within ±(2^53 − 1)
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => safe_integer(*number),
            _ => None,
        }
    }
}

/// The integer that `number` is, if it has no fraction and lies within ±(2^53 − 1)
pub fn safe_integer(number: f64) -> Option<i64> {
    let is_safe = number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "integral and within ±(2^53 − 1)"
    )]
    is_safe.then_some(number as i64)
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::number(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Number(f64::from(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Number(f64::from(value))
    }
}

impl From<i64> for Value {
    /// Rounded to the nearest double
    fn from(value: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "documented: rounded to nearest")]
        Self::Number(value as f64)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Self {
        Self::String(value)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::Array(values.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_canonical())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Number(value) => match safe_integer(*value) {
                Some(integer) => serializer.serialize_i64(integer),
                None => serializer.serialize_f64(*value),
            },
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(values) => serializer.collect_seq(values.iter()),
            Self::Object(members) => serializer.collect_map(members.iter()),
        }
    }
}
