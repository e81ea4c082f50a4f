//! What an SDK reports: how often it answered what, since it reported last

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use flagstaff_core::{Timestamp, limits};
use serde::{Deserialize, Deserializer, de};
use utoipa::ToSchema;

use crate::api_error::{ApiError, FieldError};

/// Flags and variants of one report
const COUNTS: usize = 10_000;
/// Evaluations of one flag and variant in one report, and those that it could not count
const LARGEST: u64 = 1_000_000_000_000;
/// Characters of an instance's id, and of an SDK's name and version
const LENGTH: usize = 64;
/// Instances whose last report is remembered
const INSTANCES: usize = 20_000;
/// A report is not sent again so long after it was sent first
const REMEMBERED: Duration = Duration::from_mins(10);

/// What an SDK has answered since it reported last
#[derive(Deserialize, ToSchema)]
#[schema(as = UsageReport)]
pub(crate) struct ReportWire {
    /// The instance's random id
    #[schema(min_length = 1, max_length = 64)]
    instance: String,
    /// Counts the instance's reports; one that was sent again is not counted again
    #[schema(format = "uint64")]
    sequence: u64,
    sdk: SdkWire,
    #[serde(deserialize_with = "instant")]
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[serde(deserialize_with = "instant")]
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    #[schema(max_items = 10_000)]
    counts: Vec<Count>,
    /// Evaluations that could not be counted
    #[serde(default)]
    #[schema(format = "uint64")]
    lost: u64,
}

/// An instant as the whole API has it: the language's own number of milliseconds is of documents
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::parse(&text).ok_or_else(|| {
        let expected = "expected a date and time with a zone, as `2026-12-01T00:00:00Z`";
        de::Error::custom(format_args!("{expected}, got `{text}`"))
    })
}

#[derive(Deserialize, ToSchema)]
#[schema(as = UsageSdk)]
struct SdkWire {
    name: String,
    version: String,
}

/// How often a flag was answered with a variant, or without one
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UsageCount)]
pub(super) struct Count {
    pub(super) flag: String,
    #[serde(default)]
    pub(super) variant: Option<String>,
    #[serde(rename = "count")]
    pub(super) times: u64,
}

/// A report that can be counted
#[derive(Debug)]
pub(crate) struct Report {
    pub(super) instance: String,
    pub(super) sequence: u64,
    pub(super) sdk: Arc<str>,
    pub(super) until: Timestamp,
    pub(super) counts: Vec<Count>,
    pub(super) lost: u64,
}

impl ReportWire {
    /// Checks everything
    pub(crate) fn check(self) -> Result<Report, ApiError> {
        let mut errors = Vec::new();
        let mut expect = |is_right: bool, pointer: &str, expected: &str| {
            if !is_right {
                let message = format!("expected {expected}");
                errors.push(FieldError::new(pointer, message));
            }
        };
        expect(is_instance(&self.instance), "/instance", INSTANCE);
        expect(is_word(&self.sdk.name), "/sdk/name", WORD);
        expect(is_word(&self.sdk.version), "/sdk/version", WORD);
        expect(
            self.from <= self.until,
            "/until",
            "an instant not before `from`",
        );
        expect(
            self.counts.len() <= COUNTS,
            "/counts",
            "at most 10,000 counts",
        );
        let is_right = |count: &Count| {
            let is_key = (1..=limits::KEY_LENGTH).contains(&count.flag.chars().count());
            is_key && (1..=LARGEST).contains(&count.times)
        };
        if let Some(position) = self.counts.iter().position(|count| !is_right(count)) {
            let expected =
                "a `flag` of 1 to 100 characters and a `count` of 1 to 1,000,000,000,000";
            expect(false, &format!("/counts/{position}"), expected);
        }
        if !errors.is_empty() {
            return Err(ApiError::Invalid { errors });
        }
        Ok(Report {
            sdk: format!("{}/{}", self.sdk.name, self.sdk.version).into(),
            instance: self.instance,
            sequence: self.sequence,
            until: self.until,
            counts: self.counts,
            lost: self.lost.min(LARGEST),
        })
    }
}

/// What an instance's id is
pub(crate) const INSTANCE: &str = "1 to 64 characters of `A-Z a-z 0-9 . _ -`";
const WORD: &str = "1 to 64 visible ASCII characters";

/// Whether a text can be the id of an instance
pub(crate) fn is_instance(id: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=LENGTH).contains(&id.len()) && id.bytes().all(is_usual)
}

fn is_word(text: &str) -> bool {
    (1..=LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The id of a key and that of an instance
type Sender = (Arc<str>, String);

/// The last report of each instance, so that one that is sent again, because its answer was lost, is not counted again
///
/// By the id of the key that it came with, which is of one environment: instances' ids are told to whoever may read them, and a public key must
/// not silence a server's instance with a number that is never reached.
#[derive(Debug, Default)]
pub(super) struct Received(Mutex<HashMap<Sender, (u64, Instant)>>);

impl Received {
    /// Whether a report of this instance is new; from then on it is not
    pub(super) fn is_new(&self, key_id: Arc<str>, report: &Report, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (key_id, report.instance.clone());
        if let Some((sequence, at)) = last.get_mut(&key) {
            let is_new = report.sequence > *sequence;
            if is_new {
                (*sequence, *at) = (report.sequence, now);
            }
            return is_new;
        }
        if last.len() >= INSTANCES {
            last.retain(|_, (_, at)| now.saturating_duration_since(*at) < REMEMBERED);
        }
        // Rather counted twice than not at all.
        if last.len() < INSTANCES {
            last.insert(key, (report.sequence, now));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(instance: &str, sequence: u64) -> Report {
        Report {
            instance: instance.to_owned(),
            sequence,
            sdk: "test/1".into(),
            until: Timestamp::from_millis(0),
            counts: Vec::new(),
            lost: 0,
        }
    }

    #[test]
    fn a_report_is_new_once_for_its_key_and_instance() {
        let (received, now) = (Received::default(), Instant::now());
        let is_new = |key: &str, instance, sequence| {
            received.is_new(key.into(), &report(instance, sequence), now)
        };
        assert!(is_new("k", "a", 1) && !is_new("k", "a", 1));
        assert!(is_new("k", "b", 1) && is_new("other", "a", u64::MAX));
        assert!(is_new("k", "a", 2) && !is_new("k", "a", 1));
    }

    #[test]
    fn however_many_instances_there_are_a_bounded_number_is_remembered() {
        let (received, now) = (Received::default(), Instant::now());
        let is_new = |report, now| received.is_new("k".into(), &report, now);
        for instance in 0..INSTANCES + 10 {
            assert!(is_new(report(&instance.to_string(), 1), now));
        }
        assert_eq!(received.0.lock().unwrap().len(), INSTANCES);
        let later = now.checked_add(REMEMBERED).unwrap();
        assert!(is_new(report("later", 1), later));
        assert!(!is_new(report("later", 1), later));
    }
}
