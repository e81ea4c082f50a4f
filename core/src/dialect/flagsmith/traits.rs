//! Values as the engine reads them: text that looks like a number is one

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::value::Value;

/// The value of a property
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trait<'c> {
    Boolean(bool),
    Integer(Integer),
    Float(f64),
    Text(Cow<'c, str>),
    /// An array or an object, which no operator reads
    Other,
}

/// An integer of any length
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Integer {
    // Not of 0.
    is_negative: bool,
    // Without leading zeros.
    digits: Box<str>,
}

impl<'c> Trait<'c> {
    /// A value; `null` counts as missing
    pub(super) fn read(value: &'c Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Number(value) if value.fract() == 0.0 => {
                Self::Integer(Integer::new(&format!("{value:.0}")))
            }
            Value::Number(value) => Self::Float(*value),
            Value::String(text) => Self::from_text(text),
            Value::Array(_) | Value::Object(_) => Self::Other,
        })
    }

    /// Text, or the number that it is in plain decimal digits
    pub(super) fn from_text(text: &'c str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits(digits) {
            return Self::Integer(Integer::new(text));
        }
        match digits.split_once('.') {
            Some((whole, fraction)) if is_digits(whole) && is_digits(fraction) => {
                text.parse().map_or(Self::Other, Self::Float)
            }
            _ => Self::Text(Cow::Borrowed(text)),
        }
    }

    /// The text that is hashed and searched
    pub(super) fn as_text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Boolean(true) => Cow::Borrowed("True"),
            Self::Boolean(false) => Cow::Borrowed("False"),
            Self::Integer(value) => Cow::Owned(value.to_string()),
            Self::Float(value) => Cow::Owned(float_text(*value)),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Other => return None,
        })
    }

    /// The number that is divided; a boolean is 1 or 0
    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Boolean(value) => Some(f64::from(u8::from(*value))),
            Self::Integer(value) => value.to_string().parse().ok(),
            Self::Float(value) => Some(*value),
            Self::Text(_) | Self::Other => None,
        }
    }
}

impl Integer {
    /// Of digits, which may have a minus sign and leading zeros
    fn new(text: &str) -> Self {
        let digits = text.trim_start_matches('-').trim_start_matches('0');
        let is_zero = digits.is_empty();
        Self {
            is_negative: text.starts_with('-') && !is_zero,
            digits: if is_zero { "0" } else { digits }.into(),
        }
    }

    /// Reads an integer as Python's `int` does
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(is_space);
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let digits = without_underscores(digits)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let sign = if text.starts_with('-') { "-" } else { "" };
        is_number.then(|| Self::new(&[sign, &digits].concat()))
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_negative { "-" } else { "" })?;
        formatter.write_str(&self.digits)
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_digits = |one: &Self, other: &Self| {
            let by_length = one.digits.len().cmp(&other.digits.len());
            by_length.then_with(|| one.digits.cmp(&other.digits))
        };
        match (self.is_negative, other.is_negative) {
            (false, false) => by_digits(self, other),
            (true, true) => by_digits(other, self),
            (is_negative, _) => (!is_negative).cmp(&is_negative),
        }
    }
}

/// What Python's `str` removes as white space around numbers, of ASCII
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

/// The digits of a number, without single underscores between them
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let mut parts = text.split('_').peekable();
    let mut joined = String::new();
    while let Some(part) = parts.next() {
        let ends = part
            .bytes()
            .next_back()
            .is_some_and(|byte| byte.is_ascii_digit());
        let starts = part
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_digit());
        if (!joined.is_empty() && !starts) || (parts.peek().is_some() && !ends) || part.is_empty() {
            return None;
        }
        joined.push_str(part);
    }
    Some(Cow::Owned(joined))
}

/// Reads a number as Python's `float` does; it may be infinite or not a number
pub(super) fn float(text: &str) -> Option<f64> {
    let text = without_underscores(text.trim_matches(is_space))?;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let is_word = ["inf", "infinity", "nan"]
        .iter()
        .any(|word| unsigned.eq_ignore_ascii_case(word));
    let is_number = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    // Of what begins as a number Rust reads the same as Python.
    (is_word || is_number).then(|| text.parse().ok()).flatten()
}

/// A number that is no integer as Python writes it
fn float_text(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or(0) {
        exponent @ -4..16 => {
            let plain = format!("{value}");
            if exponent >= 0 && !plain.contains('.') {
                plain + ".0"
            } else {
                plain
            }
        }
        exponent => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
    }
}

/// The members that `IN` lists: an array, an array in JSON text, or text with commas
pub(super) fn members(value: &Value) -> Option<Vec<Box<str>>> {
    match value {
        Value::Array(values) => values.iter().map(member).collect(),
        Value::String(text) => {
            let parsed = text
                .starts_with('[')
                .then(|| serde_json::from_str::<Vec<serde_json::Value>>(text));
            match parsed {
                Some(Ok(values)) => values.iter().map(json_member).collect(),
                _ => Some(text.split(',').map(Box::from).collect()),
            }
        }
        _ => None,
    }
}

/// A member as text; arrays and objects are no members
fn member(value: &Value) -> Option<Box<str>> {
    match value {
        Value::Null => Some("None".into()),
        Value::String(text) => Some((**text).into()),
        value => Some(Trait::read(value)?.as_text()?.as_ref().into()),
    }
}

/// The same in JSON text, which tells `1` and `1.0` apart
fn json_member(value: &serde_json::Value) -> Option<Box<str>> {
    Some(match value {
        serde_json::Value::Null => "None".into(),
        serde_json::Value::Bool(value) => Trait::Boolean(*value).as_text()?.into(),
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => float_text(float).into(),
            None => number.to_string().into(),
        },
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => return None,
    })
}
