//! Operations of texts: numbers in front of them, parts of them, and versions

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::dialect::javascript::{WHITE_SPACE, text_to_number, to_number, to_text};
use crate::operator::version::Version;
use crate::value::Value;

/// `parseFloat(value)`: the longest number at the start of the text
pub(super) fn parse_float(value: &Value) -> f64 {
    let text = to_text(value);
    let text = text.trim_start_matches(|character| WHITE_SPACE.contains(character));
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.starts_with("Infinity") {
        return if text.starts_with('-') {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        };
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = text.len().saturating_sub(unsigned.len());
    let whole = digits(unsigned);
    let mut end = sign.saturating_add(whole);
    let mut count = whole;
    if let Some(fraction) = text.get(end..).and_then(|rest| rest.strip_prefix('.')) {
        let fraction = digits(fraction);
        count = count.saturating_add(fraction);
        end = end.saturating_add(fraction).saturating_add(1);
    }
    if count == 0 {
        return f64::NAN;
    }
    if let Some(rest) = text
        .get(end..)
        .and_then(|rest| rest.strip_prefix(['e', 'E']))
    {
        let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        let exponent = digits(unsigned);
        if exponent > 0 {
            let sign = rest.len().saturating_sub(unsigned.len());
            end = end
                .saturating_add(1)
                .saturating_add(sign)
                .saturating_add(exponent);
        }
    }
    text.get(..end).map_or(f64::NAN, text_to_number)
}

/// `substr`: from a position on, so many UTF-16 units, or without so many at the end
pub(super) fn substring(arguments: &[Value]) -> Value {
    let [source, start, rest @ ..] = arguments else {
        return Value::Null;
    };
    let units: Vec<u16> = to_text(source).encode_utf16().collect();
    let start = position(to_number(start), units.len());
    let tail = units.get(start..).unwrap_or_default();
    let taken = match rest.first().map(to_number) {
        None => tail.len(),
        Some(count) => position(count, tail.len()),
    };
    String::from_utf16_lossy(tail.get(..taken).unwrap_or_default()).into()
}

/// A position in a text of so many units; a negative one counts from the end
fn position(number: f64, length: usize) -> usize {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a text of 2^53 units does not exist"
    )]
    let length = length as f64;
    let number = if number.is_nan() { 0.0 } else { number.trunc() };
    let from_start = if number < 0.0 {
        length + number
    } else {
        number
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the length"
    )]
    let position = from_start.clamp(0.0, length) as usize;
    position
}

/// Whether two versions are in a relation; `None` if one is not a version, or the relation is unknown
pub(super) fn sem_ver(arguments: &[Value]) -> Option<bool> {
    let [one, relation, other] = arguments else {
        return None;
    };
    let (one, other) = (to_text(one), to_text(other));
    let (one, other) = (full_version(&one), full_version(&other));
    let ordering = Version::parse(&one)?.cmp(&Version::parse(&other)?);
    let is_same = |count| one.split('.').take(count).eq(other.split('.').take(count));
    Some(match &*to_text(relation) {
        "=" => ordering == Ordering::Equal,
        "!=" => ordering != Ordering::Equal,
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        ">=" => ordering.is_ge(),
        "^" => is_same(1),
        "~" => is_same(2),
        _ => return None,
    })
}

/// The text of a version without `v`, and with the parts that `1` and `1.2` leave out
fn full_version(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let missing = match text.matches('.').count() {
        0 => ".0.0",
        1 => ".0",
        _ => return text.into(),
    };
    let is_short = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_short {
        [text, missing].concat().into()
    } else {
        text.into()
    }
}
