//! Versions and instants as clauses read them

use std::cmp::Ordering;

use crate::operator::version::VersionText;
use crate::value::Value;
use crate::value::timestamp::Timestamp;

/// A version as a clause has it: minor and patch may be left out
pub(super) fn version(text: &str) -> Option<VersionText> {
    VersionText::parse(text).or_else(|| {
        let once = completed(text);
        VersionText::parse(&once).or_else(|| VersionText::parse(&completed(&once)))
    })
}

/// How an attribute compares with a version, if it is one
pub(super) fn compare(text: &str, version: &VersionText) -> Option<Ordering> {
    version.compare(text).or_else(|| {
        let once = completed(text);
        version
            .compare(&once)
            .or_else(|| version.compare(&completed(&once)))
    })
}

/// A version with `.0` after its numbers
fn completed(text: &str) -> String {
    let rest =
        text.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    let numbers = text.strip_suffix(rest).unwrap_or(text);
    [numbers, ".0", rest].concat()
}

/// Milliseconds since 1970: a number, or a date and time of RFC 3339 with microseconds
pub(super) fn instant(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::String(text) => {
            // The letters are capitals, and there is no year 0.
            if text.contains(['t', 'z']) || text.starts_with("0000") {
                return None;
            }
            #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^53")]
            let millis = Timestamp::parse(text)?.as_millis() as f64;
            Some(millis + below_a_millisecond(text))
        }
        _ => None,
    }
}

/// The microseconds of a text that is a timestamp, which are the fourth to sixth digits after the point, as a part of a millisecond
fn below_a_millisecond(text: &str) -> f64 {
    let digits = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let micros = digits
        .chars()
        .take(6)
        .map_while(|digit| digit.to_digit(10))
        .skip(3)
        .zip([100, 10, 1])
        .fold(0_u32, |sum, (digit, weight)| {
            sum.saturating_add(digit.saturating_mul(weight))
        });
    f64::from(micros) / 1000.0
}
