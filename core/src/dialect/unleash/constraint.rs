//! Constraints: a field, an operator, and what it is compared with
//!
//! The operators of numbers, versions and dates are the same five comparisons; what the value looks like says which of the three is
//! meant, as it does in Yggdrasil. What Yggdrasil cannot compile is refused, since it turns the whole toggle off.

use super::fields::{Field, seconds};
use crate::context::Context;
use crate::dialect::pattern::VendorPattern;
use crate::dialect::{self, Clock, Expression, Refusal, reading};
use crate::operator::Relation;
use crate::operator::literals::Literals;
use crate::operator::network::Network;
use crate::operator::version::VersionText;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

/// The members of a constraint
pub const MEMBERS: [&str; 6] = [
    "contextName",
    "operator",
    "value",
    "values",
    "inverted",
    "caseInsensitive",
];

/// A constraint
#[derive(Debug)]
pub(super) struct Constraint {
    field: Field,
    test: Test,
    is_inverted: bool,
}

#[derive(Debug)]
enum Test {
    In(Literals),
    NotIn(Literals),
    Text(Place, Box<[Box<str>]>, bool),
    Number(Relation, f64),
    Version(Relation, VersionText),
    Date(Relation, Instant),
    // `None`: one that cannot be read, which matches nothing.
    Pattern(Option<VendorPattern>),
    Networks(Box<[Network]>),
    /// A version of a semver operator that begins with `v`: false, even if inverted
    Never,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Start,
    End,
    Anywhere,
}

/// Milliseconds, and nanoseconds beyond them
type Instant = (Timestamp, u32);

impl Constraint {
    pub(super) fn read(members: &JsonObject) -> Result<Self, Refusal> {
        reading::only(members, &MEMBERS)?;
        let name = reading::required(members, "contextName")?;
        if name.contains('"') {
            return Err(Refusal::new("Unleash cannot read a name with `\"`").within("contextName"));
        }
        let operator = reading::required(members, "operator")?;
        let ignore_case = reading::boolean(members, "caseInsensitive")?;
        let test = match operator {
            "IN" => Test::In(set(members)?),
            "NOT_IN" => Test::NotIn(set(members)?),
            "STR_STARTS_WITH" => parts(members, Place::Start, ignore_case)?,
            "STR_ENDS_WITH" => parts(members, Place::End, ignore_case)?,
            "STR_CONTAINS" => parts(members, Place::Anywhere, ignore_case)?,
            "NUM_EQ" => ordinal(members, Relation::Equal)?,
            "NUM_GT" | "DATE_AFTER" => ordinal(members, Relation::Greater)?,
            "NUM_GTE" => ordinal(members, Relation::GreaterOrEqual)?,
            "NUM_LT" | "DATE_BEFORE" => ordinal(members, Relation::Less)?,
            "NUM_LTE" => ordinal(members, Relation::LessOrEqual)?,
            "SEMVER_EQ" => version(members, Relation::Equal)?,
            "SEMVER_GT" => version(members, Relation::Greater)?,
            "SEMVER_GTE" => version(members, Relation::GreaterOrEqual)?,
            "SEMVER_LT" => version(members, Relation::Less)?,
            "SEMVER_LTE" => version(members, Relation::LessOrEqual)?,
            "REGEX" => pattern(members, ignore_case)?,
            "IN_CIDR" => Test::Networks(
                filled(members)?
                    .iter()
                    .filter_map(|text| network(text))
                    .collect(),
            ),
            _ => return Err(Refusal::new("unknown operator").within("operator")),
        };
        Ok(Self {
            field: Field::named(name),
            is_inverted: reading::boolean(members, "inverted")? && !matches!(test, Test::Never),
            test,
        })
    }
}

/// The values of a list operator; one that ends in a backslash is read by Yggdrasil as if it went on
fn texts(members: &JsonObject) -> Result<Box<[Box<str>]>, Refusal> {
    let texts = reading::texts(members, "values")?;
    match texts.iter().position(|text| text.ends_with('\\')) {
        Some(index) => Err(
            Refusal::new("Unleash cannot read a value that ends in `\\`")
                .within(&index.to_string())
                .within("values"),
        ),
        None => Ok(texts.into()),
    }
}

fn set(members: &JsonObject) -> Result<Literals, Refusal> {
    texts(members).map(reading::text_set)
}

/// The values of an operator that needs at least one
fn filled(members: &JsonObject) -> Result<Box<[Box<str>]>, Refusal> {
    let texts = texts(members)?;
    if texts.is_empty() {
        return Err(Refusal::new(
            "Unleash cannot read this operator without values",
        ));
    }
    Ok(texts)
}

fn parts(members: &JsonObject, place: Place, ignore_case: bool) -> Result<Test, Refusal> {
    let texts = filled(members)?;
    let texts = if ignore_case {
        texts
            .iter()
            .map(|text| text.to_lowercase().into())
            .collect()
    } else {
        texts
    };
    Ok(Test::Text(place, texts, ignore_case))
}

/// The value of a comparison, without the blanks around it
fn value(members: &JsonObject) -> Result<&str, Refusal> {
    let value = reading::required(members, "value")?;
    Ok(value.trim_matches([' ', '\t']))
}

fn version(members: &JsonObject, relation: Relation) -> Result<Test, Refusal> {
    if reading::required(members, "value")?.starts_with('v') {
        return Ok(Test::Never);
    }
    ordinal(members, relation)
}

fn ordinal(members: &JsonObject, relation: Relation) -> Result<Test, Refusal> {
    let value = value(members)?;
    if is_date(value) {
        if let Some(date) = instant(value) {
            return Ok(Test::Date(relation, date));
        }
    } else if let Some(version) = dialect::version::parse(value) {
        return Ok(Test::Version(relation, version));
    } else if is_number(value)
        && let Ok(number) = value.parse()
    {
        return Ok(Test::Number(relation, number));
    }
    Err(Refusal::new(
        "expected a number, a version as `1.2.3`, or a date as `2026-01-01T00:00:00Z`",
    )
    .within("value"))
}

fn pattern(members: &JsonObject, ignore_case: bool) -> Result<Test, Refusal> {
    let text = reading::text(members, "value")?.unwrap_or_default();
    if text.ends_with('\\') {
        return Err(Refusal::new("Unleash cannot read a value that ends in `\\`").within("value"));
    }
    Ok(Test::Pattern(VendorPattern::parse(text, ignore_case).ok()))
}

/// `[+-]digits[.digits][e[+-]digits]`
fn is_number(text: &str) -> bool {
    let whole = |text: &str| -> Option<usize> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        let sign = text.len().saturating_sub(digits.len());
        (count > 0).then(|| sign.saturating_add(count))
    };
    let Some(rest) = whole(text).and_then(|end| text.get(end..)) else {
        return false;
    };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => rest,
    };
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => whole(exponent) == Some(exponent.len()),
        None => rest.is_empty(),
    }
}

/// `2026-01-01T00:00:00`, three digits of a fraction or none, and a zone
fn is_date(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let fits = |shape: &[u8], text: &[u8]| {
        shape.len() == text.len()
            && shape.iter().zip(text).all(|(shape, byte)| match shape {
                b'0' => byte.is_ascii_digit(),
                _ => shape == byte,
            })
    };
    let Some((date, rest)) = text.as_bytes().split_at_checked(SHAPE.len()) else {
        return false;
    };
    let zone = match rest {
        [b'.', a, b, c, zone @ ..] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => zone,
        zone => zone,
    };
    fits(SHAPE, date)
        && (zone == b"Z"
            || zone
                .split_first()
                .is_some_and(|(sign, zone)| matches!(sign, b'+' | b'-') && fits(b"00:00", zone)))
}

/// A date and time with a zone, to the nanosecond
fn instant(text: &str) -> Option<Instant> {
    let text = text.trim();
    let at = Timestamp::parse(text).or_else(|| Timestamp::parse(&text.replacen(' ', "T", 1)))?;
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let mut beyond = fraction.bytes().take_while(u8::is_ascii_digit).skip(3);
    let nanos = (0..6).fold(0_u32, |nanos, _| {
        let digit = beyond.next().map_or(0, |digit| digit.wrapping_sub(b'0'));
        nanos.wrapping_mul(10).wrapping_add(digit.into())
    });
    Some((at, nanos))
}

/// A network as the crate `ipnetwork` reads it: an address, with a prefix or a mask
fn network(text: &str) -> Option<Network> {
    if let Some((address, mask)) = text.split_once('/')
        && let Ok(mask) = mask.parse::<std::net::Ipv4Addr>()
    {
        let bits = mask.to_bits();
        let prefix = bits.leading_ones();
        let is_mask = bits.checked_shl(prefix).unwrap_or(0) == 0;
        return Network::parse(&format!("{address}/{prefix}"))
            .filter(|network| is_mask && network.address.is_ipv4());
    }
    Network::parse(text)
}

impl Expression for Constraint {
    fn holds(&self, context: &Context, now: Timestamp) -> bool {
        let is_met = match (&self.test, self.field.scalar(context)) {
            // Nearly all are texts, which are read where they are.
            (test, Some(Value::String(given))) => test.holds(Some(given)),
            // A number that is written as a text and read again is the same.
            (Test::Number(relation, number), Some(Value::Number(given))) => {
                is_ordered(*given, *relation, *number)
            }
            (test, given) => test.holds(self.field.text_of(given, now).as_deref()),
        };
        is_met != self.is_inverted
    }

    fn clock(&self) -> Clock {
        match &self.test {
            Test::Never => Clock::default(),
            // It changes at the full second before, at or after the date.
            Test::Date(_, (at, _)) if self.field == Field::CurrentTime => {
                let second = seconds(*at).as_millis();
                let after = Timestamp::from_millis(second.saturating_add(1_000));
                Clock::at(vec![Timestamp::from_millis(second), after])
            }
            _ => self.field.clock(),
        }
    }

    fn pattern_size(&self) -> u32 {
        match &self.test {
            Test::Pattern(Some(pattern)) => pattern.size,
            _ => 0,
        }
    }
}

impl Test {
    /// Whether it holds for a text; a text that is missing is in no list, and nothing else
    fn holds(&self, text: Option<&str>) -> bool {
        let Some(text) = text else {
            return matches!(self, Self::NotIn(_));
        };
        match self {
            Self::In(values) => values.has_text(text),
            Self::NotIn(values) => !values.has_text(text),
            Self::Text(place, parts, true) => has(*place, parts, &text.to_lowercase()),
            Self::Text(place, parts, false) => has(*place, parts, text),
            Self::Number(relation, number) => {
                let is_ordered = |text| is_ordered(text, *relation, *number);
                text.parse().is_ok_and(is_ordered)
            }
            Self::Version(relation, version) => {
                let ordering = dialect::version::compare(text, version);
                ordering.is_some_and(|ordering| relation.admits(ordering))
            }
            Self::Date(relation, date) => {
                instant(text).is_some_and(|text| relation.admits(text.cmp(date)))
            }
            Self::Pattern(pattern) => pattern.as_ref().is_some_and(|pattern| pattern.is_in(text)),
            Self::Networks(networks) => networks.iter().any(|network| network.covers(text)),
            Self::Never => false,
        }
    }
}

/// Whether a number is in a relation to another one; the smallest differences do not count
fn is_ordered(one: f64, relation: Relation, other: f64) -> bool {
    match relation {
        Relation::Equal => (one - other).abs() < f64::EPSILON,
        _ => one
            .partial_cmp(&other)
            .is_some_and(|ordering| relation.admits(ordering)),
    }
}

fn has(place: Place, parts: &[Box<str>], text: &str) -> bool {
    parts.iter().any(|part| match place {
        Place::Start => text.starts_with(&**part),
        Place::End => text.ends_with(&**part),
        Place::Anywhere => text.contains(&**part),
    })
}
