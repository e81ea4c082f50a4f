//! How does JavaScript convert and compare JSON values?
//!
//! GrowthBook's SDK and JSONLogic are defined by JavaScript's operators, so their dialects share this one table. A missing value is
//! `null` to both. A number that a computation made may be NaN or infinite here, which no value of a context is.

pub(super) mod regexp;

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::value::Value;

/// `!!value`
pub(super) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Boolean(value) => *value,
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// `String(value)`
pub(super) fn to_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed("null"),
        Value::Boolean(true) => Cow::Borrowed("true"),
        Value::Boolean(false) => Cow::Borrowed("false"),
        Value::Number(number) => Cow::Owned(number_text(*number)),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(values) => Cow::Owned(joined(values)),
        Value::Object(_) => Cow::Borrowed("[object Object]"),
    }
}

/// `String(number)`
pub(super) fn number_text(number: f64) -> String {
    ryu_js::Buffer::new().format(number).to_owned()
}

/// `values.join(",")`: the text of each, of `null` none
fn joined(values: &[Value]) -> String {
    let mut text = String::new();
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        if *value != Value::Null {
            text.push_str(&to_text(value));
        }
    }
    text
}

/// `Number(value)`
pub(super) fn to_number(value: &Value) -> f64 {
    match value {
        Value::Null | Value::Boolean(false) => 0.0,
        Value::Boolean(true) => 1.0,
        Value::Number(number) => *number,
        Value::String(text) => text_to_number(text),
        Value::Array(values) => text_to_number(&joined(values)),
        Value::Object(_) => f64::NAN,
    }
}

/// White space and line terminators of ECMAScript
pub(super) const WHITE_SPACE: &str = "\t\n\u{b}\u{c}\r \u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff}";

/// `Number(text)`
pub(super) fn text_to_number(text: &str) -> f64 {
    let text = text.trim_matches(|character| WHITE_SPACE.contains(character));
    if text.is_empty() {
        return 0.0;
    }
    for (prefix, radix) in [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return radix_number(digits, radix).unwrap_or(f64::NAN);
        }
    }
    match text {
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ if is_decimal(text) => text.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

/// The number of digits of a power of two; rounded to the nearest double, ties to even
fn radix_number(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    let bits_of_digit = radix.trailing_zeros();
    let (mut mantissa, mut exponent, mut is_inexact) = (0_u64, 0_i32, false);
    for digit in digits.chars() {
        let digit = u64::from(digit.to_digit(radix)?);
        for bit in (0..bits_of_digit).rev() {
            let bit = (digit >> bit) & 1;
            if mantissa >> 62 == 0 {
                mantissa = (mantissa << 1) | bit;
            } else {
                is_inexact |= bit == 1;
                exponent = exponent.saturating_add(1);
            }
        }
    }
    // The lowest bit stands for all that were cut off; a double has far fewer bits, so that it only breaks ties.
    mantissa |= u64::from(is_inexact);
    #[expect(clippy::cast_precision_loss, reason = "rounding is what is wanted")]
    let rounded = mantissa as f64;
    Some(rounded * 2.0_f64.powi(exponent.min(2_000)))
}

/// Whether a text is a decimal literal with an optional sign: digits, a point, an exponent
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && are_digits(digits)
    });
    is_exponent
        && are_digits(whole)
        && are_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
}

/// `one === other`, of which one is a value of a context and the other a literal: arrays and objects are never the same
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(_) | Value::Object(_), _) => false,
        (Value::Number(one), Value::Number(other)) => is_same_number(*one, *other),
        (one, other) => one == other,
    }
}

#[expect(clippy::float_cmp, reason = "JavaScript compares doubles exactly")]
pub(super) fn is_same_number(one: f64, other: f64) -> bool {
    one == other
}

/// `one == other`
pub(super) fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, other) | (other, Value::Null) => *other == Value::Null,
        (Value::String(one), Value::String(other)) => one == other,
        // Both are numbers after the conversion, or one is a container and becomes its text.
        (Value::Array(_) | Value::Object(_), Value::Array(_) | Value::Object(_)) => false,
        (container @ (Value::Array(_) | Value::Object(_)), Value::String(text))
        | (Value::String(text), container @ (Value::Array(_) | Value::Object(_))) => {
            to_text(container) == **text
        }
        (one, other) => is_same_number(to_number(one), to_number(other)),
    }
}

/// How `one < other` and its like compare; `None`: none of them holds
pub(super) fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    let is_text =
        |value: &Value| matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_));
    if is_text(one) && is_text(other) {
        return Some(compare_texts(&to_text(one), &to_text(other)));
    }
    to_number(one).partial_cmp(&to_number(other))
}

/// Texts are ordered by their UTF-16 units
pub(super) fn compare_texts(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_text_becomes_the_number_that_javascript_reads() {
        for (text, expected) in [
            ("", 0.0),
            (" \u{feff}\n", 0.0),
            (" 12 ", 12.0),
            ("+1.5e3", 1500.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("0x1F", 31.0),
            ("0b101", 5.0),
            ("0o17", 15.0),
            ("-Infinity", f64::NEG_INFINITY),
            ("0x20000000000001", 9_007_199_254_740_992.0),
            ("0x20000000000003", 9_007_199_254_740_996.0),
        ] {
            assert!(is_same_number(text_to_number(text), expected), "{text}");
        }
        for text in [
            ".", "1e", "e1", "inf", "nan", "1_0", "-0x1", "0x", "0xg", "1 2", "１", "infinity",
        ] {
            assert!(text_to_number(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn values_become_texts_as_in_javascript() {
        for (json, expected) in [
            ("null", "null"),
            ("[1, null, [\"a\", true]]", "1,,a,true"),
            ("{\"a\": 1}", "[object Object]"),
            ("1e21", "1e+21"),
            ("1.50", "1.5"),
        ] {
            assert_eq!(to_text(&value(json)), expected);
        }
    }

    #[test]
    fn loose_equality_and_order_convert_as_in_javascript() {
        for (one, other, is_it) in [
            ("1", "\"1\"", true),
            ("true", "\"1\"", true),
            ("null", "0", false),
            ("null", "null", true),
            ("[1]", "1", true),
            ("[1]", "\"1\"", true),
            ("[1]", "[1]", false),
            ("{}", "\"[object Object]\"", true),
            ("\"a\"", "\"A\"", false),
        ] {
            assert_eq!(is_equal(&value(one), &value(other)), is_it, "{one} {other}");
        }
        assert_eq!(
            compare(&value("\"8\""), &value("5")),
            Some(Ordering::Greater)
        );
        assert_eq!(
            compare(&value("\"10\""), &value("\"9\"")),
            Some(Ordering::Less)
        );
        assert_eq!(compare(&value("null"), &value("1")), Some(Ordering::Less));
        assert_eq!(compare(&value("\"a\""), &value("1")), None);
        // U+FFFF comes after the surrogates of U+10000.
        assert_eq!(compare_texts("\u{ffff}", "\u{10000}"), Ordering::Greater);
    }
}
