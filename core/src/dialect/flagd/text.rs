//! Operations of texts: numbers in front of them, parts of them, and versions

use std::borrow::Cow;

use crate::dialect::javascript::{WHITE_SPACE, text_to_number, to_number, to_text};
use crate::operator::Relation;
use crate::operator::version::VersionText;
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
pub(super) fn substring(arguments: &[&Value]) -> Value {
    let [source, start, rest @ ..] = arguments else {
        return Value::Null;
    };
    let units: Vec<u16> = to_text(source).encode_utf16().collect();
    let start = position(to_number(start), units.len());
    let tail = units.get(start..).unwrap_or_default();
    let taken = match rest.first().map(|count| to_number(count)) {
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

/// A version that others are compared with, and the relation to it
#[derive(Debug)]
pub(super) struct VersionTest {
    relation: VersionRelation,
    literal: VersionText,
}

#[derive(Debug)]
enum VersionRelation {
    Ordered(Relation),
    NotEqual,
    /// So many numbers are the same
    Same(usize),
}

impl VersionTest {
    /// `None` if the text is not a version, or the relation is unknown
    pub(super) fn read(relation: &Value, literal: &Value) -> Option<Self> {
        let relation = match &*to_text(relation) {
            "=" => VersionRelation::Ordered(Relation::Equal),
            "!=" => VersionRelation::NotEqual,
            "<" => VersionRelation::Ordered(Relation::Less),
            "<=" => VersionRelation::Ordered(Relation::LessOrEqual),
            ">" => VersionRelation::Ordered(Relation::Greater),
            ">=" => VersionRelation::Ordered(Relation::GreaterOrEqual),
            "^" => VersionRelation::Same(1),
            "~" => VersionRelation::Same(2),
            _ => return None,
        };
        let literal = VersionText::parse(&full_version(&to_text(literal)))?;
        Some(Self { relation, literal })
    }

    /// Whether a version is in the relation; `None` if it is not a version
    pub(super) fn holds(&self, version: &Value) -> Option<bool> {
        let version = to_text(version);
        let version = full_version(&version);
        let ordering = self.literal.compare(&version)?;
        Some(match self.relation {
            VersionRelation::Ordered(relation) => relation.admits(ordering),
            VersionRelation::NotEqual => ordering.is_ne(),
            VersionRelation::Same(count) => {
                let literal = self.literal.text.split('.');
                version.split('.').take(count).eq(literal.take(count))
            }
        })
    }
}

/// Whether two versions are in a relation; `None` if one is not a version, or the relation is unknown
pub(super) fn sem_ver(arguments: &[&Value]) -> Option<bool> {
    match arguments {
        [version, relation, literal] => VersionTest::read(relation, literal)?.holds(version),
        _ => None,
    }
}

/// The text of a version without `v`, and with the parts that `1` and `1.2` leave out
fn full_version(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let missing = match text.bytes().filter(|byte| *byte == b'.').count() {
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
