//! The report of an SDK: how often it evaluated each flag and variant since its last report

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use flagstaff_core::{Timestamp, limits};
use serde::{Deserialize, Deserializer, de};
use utoipa::ToSchema;

use crate::engine::field_error::FieldError;
use crate::http::api_error::ApiError;

/// The maximum number of flags and variants in one report
const COUNTS: usize = 10_000;
/// The maximum number of evaluations of one flag and variant in one report, and of lost ones
const LARGEST: u64 = 1_000_000_000_000;
/// The maximum length of an instance's id, and of an SDK's name and version, in characters
const LENGTH: usize = 64;
/// The number of instances whose last report is remembered
const INSTANCES: usize = 20_000;
/// How long a report is remembered; an SDK does not send it again later than this
const REMEMBERED: Duration = Duration::from_mins(10);

/// What an SDK has evaluated since its last report
#[derive(Deserialize, ToSchema)]
#[schema(as = UsageReport)]
pub(crate) struct ReportWire {
    /// The instance's random id
    #[schema(min_length = 1, max_length = 64)]
    instance: String,
    /// Increases with each report of an instance; a report that is sent again is not counted again
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

/// A timestamp in the format of the whole API (a number of milliseconds is allowed only in documents)
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

/// How often a flag was evaluated to a variant, or to none
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UsageCount)]
pub(super) struct Count {
    pub(super) flag: String,
    #[serde(default)]
    pub(super) variant: Option<String>,
    #[serde(rename = "count")]
    pub(super) times: u64,
}

/// A report that passed the checks
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
    /// Checks the whole report
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
            let is_key = (1..=limits::MAX_KEY_LENGTH).contains(&count.flag.chars().count());
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

/// What the id of an instance may be
pub(crate) const INSTANCE: &str = "1 to 64 characters of `A-Z a-z 0-9 . _ -`";
const WORD: &str = "1 to 64 visible ASCII characters";

/// Whether a text is a valid id of an instance
pub(crate) fn is_instance(id: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=LENGTH).contains(&id.len()) && id.bytes().all(is_usual)
}

fn is_word(text: &str) -> bool {
    (1..=LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The id of a key and the id of an instance
type Sender = (Arc<str>, String);

/// The last report of each instance, so that a report that is sent again because its response was lost is not counted again
///
/// By key and instance: ids of instances are visible in the API, and the holder of a public key must not be able to suppress the reports of
/// another key's instance by sending its id with a high sequence number.
#[derive(Debug, Default)]
pub(super) struct SeenReports(Mutex<HashMap<Sender, (u64, Instant)>>);

impl SeenReports {
    /// Whether a report of this instance is new; records it
    pub(super) fn insert(&self, key_id: Arc<str>, report: &Report, now: Instant) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (key_id, report.instance.clone());
        if let Some((sequence, at)) = last.get_mut(&key) {
            let insert = report.sequence > *sequence;
            if insert {
                (*sequence, *at) = (report.sequence, now);
            }
            return insert;
        }
        if last.len() >= INSTANCES {
            last.retain(|_, (_, at)| now.saturating_duration_since(*at) < REMEMBERED);
        }
        // If there is no room, a report is rather counted twice than not at all.
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
        let (received, now) = (SeenReports::default(), Instant::now());
        let insert = |key: &str, instance, sequence| {
            received.insert(key.into(), &report(instance, sequence), now)
        };
        assert!(insert("k", "a", 1) && !insert("k", "a", 1));
        assert!(insert("k", "b", 1) && insert("other", "a", u64::MAX));
        assert!(insert("k", "a", 2) && !insert("k", "a", 1));
    }

    #[test]
    fn however_many_instances_there_are_a_bounded_number_is_remembered() {
        let (received, now) = (SeenReports::default(), Instant::now());
        let insert = |report, now| received.insert("k".into(), &report, now);
        for instance in 0..INSTANCES + 10 {
            assert!(insert(report(&instance.to_string(), 1), now));
        }
        assert_eq!(received.0.lock().unwrap().len(), INSTANCES);
        let later = now.checked_add(REMEMBERED).unwrap();
        assert!(insert(report("later", 1), later));
        assert!(!insert(report("later", 1), later));
    }
}
