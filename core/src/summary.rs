//! A flag in two words: whether it is on, and for how many

use crate::bucket::TOTAL;
use crate::model::{Choice, Flag, Serve};
use crate::snapshot::Snapshot;
use crate::timestamp::Timestamp;

/// What a flag comes to at an instant, for who wants to know no more
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlagSummary {
    /// Whether it is enabled and has not expired; a broken flag is not
    pub enabled: bool,
    /// Of how many per cent of the units the flag's own serve makes another variant than the off variant
    ///
    /// Rules, overrides, prerequisites, groups and holdouts apart, and as if the flag were enabled. `None` where it is broken.
    pub rollout_percentage: Option<f64>,
}

impl Snapshot {
    /// What a flag comes to at an instant; `None` where there is no such flag
    pub fn summary(&self, flag: &str, now: Timestamp) -> Option<FlagSummary> {
        let linked = self.entry(flag)?.flag.as_ref();
        let flag = linked.map(|linked| &*linked.flag);
        let is_on = |flag: &Flag| flag.enabled && flag.expires_at.is_none_or(|end| now < end);
        Some(FlagSummary {
            enabled: flag.is_some_and(is_on),
            rollout_percentage: flag.map(|flag| percentage(&flag.serve, &flag.off.name, now)),
        })
    }
}

fn percentage(serve: &Serve, off: &str, now: Timestamp) -> f64 {
    let chosen = match &serve.choice {
        Choice::Variant(variant) => u32::from(&*variant.name != off).saturating_mul(TOTAL),
        Choice::Arms { arms, .. } => {
            let mut start = 0;
            let weights = arms.arms.iter().map(|arm| {
                let weight = arm.end.saturating_sub(start);
                start = arm.end;
                if &*arm.variant.name == off { 0 } else { weight }
            });
            weights.fold(0, u32::saturating_add)
        }
    };
    // Two shares of 100,000 each: their product has no more than the 53 bits that a double holds.
    let share = f64::from(serve.rollout.share(now)) * f64::from(chosen);
    share / f64::from(TOTAL) / (f64::from(TOTAL) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percentage_of(flag: &str) -> FlagSummary {
        let document = format!(r#"{{"schemaVersion": 1, "flags": {{"a": {flag}}}}}"#);
        let snapshot = Snapshot::from_json(&document).unwrap();
        snapshot
            .summary("a", Timestamp::from_millis(90_000))
            .unwrap()
    }

    #[test]
    fn a_rollout_is_told_as_people_wrote_it() {
        let boolean = |rest: &str| {
            let text = format!(r#"{{"type": "boolean", "enabled": true, {rest}}}"#);
            percentage_of(&text).rollout_percentage
        };
        let expected = [
            (r#""serve": "on""#, 100.0),
            (r#""serve": "off""#, 0.0),
            (r#""serve": {"variant": "on", "rollout": 33.333}"#, 33.333),
            (r#""serve": {"variant": "off", "rollout": 25}"#, 0.0),
            (
                r#""serve": {"arms": [{"variant": "on", "weight": 30000}, {"variant": "off", "weight": 70000}], "rollout": 50}"#,
                15.0,
            ),
            (
                r#""serve": {"variant": "on", "rollout": {"steps": [{"at": "1970-01-01T00:01:00Z", "percent": 5},
                    {"at": "1970-01-01T00:02:00Z", "percent": 50}]}}"#,
                5.0,
            ),
        ];
        for (serve, percentage) in expected {
            assert_eq!(boolean(serve), Some(percentage), "{serve}");
        }
    }

    #[test]
    fn a_flag_is_on_until_it_expires() {
        let enabled = |rest: &str| {
            percentage_of(&format!(r#"{{"type": "boolean", "serve": "on"{rest}}}"#)).enabled
        };
        assert!(enabled(r#", "enabled": true"#));
        assert!(!enabled(""));
        assert!(!enabled(
            r#", "enabled": true, "expiresAt": "1970-01-01T00:01:30Z""#
        ));
        assert!(enabled(
            r#", "enabled": true, "expiresAt": "1970-01-01T00:01:31Z""#
        ));
        let broken = percentage_of(r#"{"type": "boolean", "enabled": true, "serve": "blue"}"#);
        let expected = FlagSummary {
            enabled: false,
            rollout_percentage: None,
        };
        assert_eq!(broken, expected);
        let empty = Snapshot::empty();
        assert_eq!(empty.summary("a", Timestamp::from_millis(0)), None);
    }
}
