//! Instants of the language

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::value::{Value, safe_integer};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted
///
/// As text it is RFC 3339 with a zone. A date without a time, a time without a zone and a second of 60 are not timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

const DAY: i64 = 86_400_000;
/// The largest distance from the epoch that ECMAScript's dates have
const MAX_MILLIS: i64 = 8_640_000_000_000_000;

impl Timestamp {
    /// The instant this many milliseconds after the epoch
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The two notations of an instant in a document or a context, for messages
    pub(crate) const EXPECTED: &str =
        "a date and time with a zone, as `2026-12-01T00:00:00Z`, or whole milliseconds since 1970";

    /// The instant that a value denotes: RFC 3339 text, or integral milliseconds within the range of ECMAScript's dates
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::from_number(*number),
            _ => None,
        }
    }

    /// The instant of milliseconds since the epoch, if they are integral and within the range of ECMAScript's dates
    pub(crate) fn from_number(number: f64) -> Option<Self> {
        safe_integer(number)
            .filter(|millis| (-MAX_MILLIS..=MAX_MILLIS).contains(millis))
            .map(Self)
    }

    /// Reads RFC 3339: `2026-12-01T00:00:00Z`, `2026-12-01t01:00:00.5+01:00`; digits beyond milliseconds are cut off
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = TimestampParser(text.as_bytes());
        let (year, month, day) = (
            reader.digits(4)?,
            reader.after(b"-", 2)?,
            reader.after(b"-", 2)?,
        );
        let (hour, minute, second) = (
            reader.after(b"Tt", 2)?,
            reader.after(b":", 2)?,
            reader.after(b":", 2)?,
        );
        let millis = reader.fraction()?;
        let offset = reader.zone()?;
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 || !reader.0.is_empty() {
            return None;
        }
        let minutes = hour
            .checked_mul(60)?
            .checked_add(minute)?
            .checked_sub(offset)?;
        let seconds = minutes.checked_mul(60)?.checked_add(second)?;
        let of_day = seconds.checked_mul(1000)?.checked_add(millis)?;
        Some(Self(
            days_from_civil(year, month, day)?
                .checked_mul(DAY)?
                .checked_add(of_day)?,
        ))
    }
}

/// The unread rest of a timestamp's text
struct TimestampParser<'a>(&'a [u8]);

impl TimestampParser<'_> {
    fn any_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        (0..count).try_fold(0_i64, |number, _| {
            let digit = self.any_of(b"0123456789")?.checked_sub(b'0')?;
            number.checked_mul(10)?.checked_add(i64::from(digit))
        })
    }

    fn after(&mut self, separator: &[u8], count: usize) -> Option<i64> {
        self.any_of(separator)?;
        self.digits(count)
    }

    /// Milliseconds of an optional fraction, which has at least one digit
    fn fraction(&mut self) -> Option<i64> {
        if self.any_of(b".").is_none() {
            return Some(0);
        }
        let mut millis = self.digits(1)?.checked_mul(100)?;
        for weight in [10, 1] {
            millis = millis.checked_add(self.digits(1).unwrap_or(0).checked_mul(weight)?)?;
        }
        while self.digits(1).is_some() {}
        Some(millis)
    }

    /// Minutes east of UTC
    fn zone(&mut self) -> Option<i64> {
        let sign = match self.any_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let (hours, minutes) = (self.digits(2)?, self.after(b":", 2)?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        hours
            .checked_mul(60)?
            .checked_add(minutes)?
            .checked_mul(sign)
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year.rem_euclid(4) == 0
            && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) =>
        {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; Howard Hinnant, "chrono-compatible low-level date algorithms"
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = month.checked_add(9)?.rem_euclid(12);
    let of_year = from_march
        .checked_mul(153)?
        .checked_add(2)?
        .div_euclid(5)
        .checked_add(day)?
        .checked_sub(1)?;
    let leaps = of_era.div_euclid(4).checked_sub(of_era.div_euclid(100))?;
    let of_era = of_era
        .checked_mul(365)?
        .checked_add(leaps)?
        .checked_add(of_year)?;
    era.checked_mul(146_097)?
        .checked_add(of_era)?
        .checked_sub(719_468)
}

/// The date of a day since 1970-01-01; the inverse of [`days_from_civil`], from the same source
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leap_days = of_era
        .div_euclid(1_460)
        .saturating_sub(of_era.div_euclid(36_524))
        .saturating_add(of_era.div_euclid(146_096));
    let year_of_era = of_era.saturating_sub(leap_days).div_euclid(365);
    let before = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era.div_euclid(4))
        .saturating_sub(year_of_era.div_euclid(100));
    let of_year = of_era.saturating_sub(before);
    let from_march = of_year.saturating_mul(5).saturating_add(2).div_euclid(153);
    let day = of_year
        .saturating_sub(
            from_march
                .saturating_mul(153)
                .saturating_add(2)
                .div_euclid(5),
        )
        .saturating_add(1);
    let month = if from_march < 10 {
        from_march.saturating_add(3)
    } else {
        from_march.saturating_sub(9)
    };
    let year = era
        .saturating_mul(400)
        .saturating_add(year_of_era)
        .saturating_add(i64::from(month <= 2));
    (year, month, day)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with milliseconds
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, of_day) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        let (seconds, millis) = (of_day.div_euclid(1000), of_day.rem_euclid(1000));
        let (hour, minute, second) = (
            seconds.div_euclid(3600),
            seconds.div_euclid(60).rem_euclid(60),
            seconds.rem_euclid(60),
        );
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).ok_or_else(|| {
            de::Error::custom(format_args!("expected {}, got `{value}`", Self::EXPECTED))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rfc_3339_with_a_zone_is_read() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2000-02-29T12:00:00+12:00", 951_782_400_000),
            ("2026-12-01t00:00:00.5z", 1_796_083_200_500),
            ("2026-12-01T00:00:00.1239-00:30", 1_796_085_000_123),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_timestamp() {
        for text in [
            "",
            "2026-12-01",
            "2026-12-01T00:00:00",
            "2026-12-01 00:00:00Z",
            "2026-12-01T00:00:60Z",
            "2026-12-01T24:00:00Z",
            "2025-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-12-01T00:00:00.Z",
            "2026-12-01T00:00:00+24:00",
            "2026-12-01T00:00:00Z ",
            "+2026-12-01T00:00:00Z",
            "2026-12-01T00:00Z",
            "２０２６-12-01T00:00:00Z",
            "2026-12-01T00:00:00+0100",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips(millis in -62_167_219_200_000_i64..253_402_300_800_000) {
            prop_assert_eq!(Timestamp::parse(&Timestamp(millis).to_string()), Some(Timestamp(millis)));
        }
    }
}
