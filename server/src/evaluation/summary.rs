//! Whether a flag is on, and for what share of units

use flagstaff_core::inspect::{Flag, ServeTarget};
use flagstaff_core::{FlagType, SLOT_COUNT, Snapshot, Timestamp};

/// The summary of a flag at an instant
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlagSummary {
    /// Whether it is enabled and has not expired; a broken flag is not
    pub(crate) enabled: bool,
    /// The percentage of units for which the flag's own serve turns a boolean flag on, or serves the one variant that is rolled out
    ///
    /// It leaves out rules, overrides, prerequisites, groups and holdouts, and takes the flag as enabled. `None` if nothing is rolled out:
    /// the flag is broken, splits units between arms, or is not boolean and serves its off variant.
    pub(crate) rollout_percentage: Option<f64>,
}

/// The summary of a flag at an instant; `None` if there is no such flag
pub(crate) fn summarize(snapshot: &Snapshot, flag: &str, now: Timestamp) -> Option<FlagSummary> {
    let (_, linked) = snapshot.linked_flag(flag)?;
    let flag = linked.map(|linked| &*linked.flag);
    let is_on = |flag: &Flag| flag.enabled && flag.expires_at.is_none_or(|end| now < end);
    Some(FlagSummary {
        enabled: flag.is_some_and(is_on),
        rollout_percentage: flag.and_then(|flag| percentage(flag, now)),
    })
}

fn percentage(flag: &Flag, now: Timestamp) -> Option<f64> {
    let is_boolean = flag.flag_type == FlagType::Boolean;
    let is_off = |variant: &str| *variant == *flag.off.name;
    let chosen = match &flag.serve.choice {
        ServeTarget::Variant(variant) if is_off(&variant.name) => is_boolean.then_some(0),
        ServeTarget::Variant(_) => Some(SLOT_COUNT),
        ServeTarget::Arms { arms, .. } => is_boolean.then(|| {
            let mut start = 0;
            let weights = arms.arms.iter().map(|arm| {
                let weight = arm.end.saturating_sub(start);
                start = arm.end;
                if is_off(&arm.variant.name) { 0 } else { weight }
            });
            weights.fold(0, u32::saturating_add)
        }),
        ServeTarget::Vendor(_) => None,
    }?;
    // The product of two shares of 100,000 each fits into the 53 bits of a double.
    let share = f64::from(flag.serve.rollout.share(now)) * f64::from(chosen);
    Some(share / f64::from(SLOT_COUNT) / (f64::from(SLOT_COUNT) / 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percentage_of(flag: &str) -> FlagSummary {
        let document = format!(r#"{{"schemaVersion": 1, "flags": {{"a": {flag}}}}}"#);
        let snapshot = Snapshot::from_json(&document).unwrap();
        summarize(&snapshot, "a", Timestamp::from_millis(90_000)).unwrap()
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
    fn a_flag_that_rolls_nothing_out_has_no_percentage() {
        let string = |serve: &str| {
            let text = format!(
                r#"{{"type": "string", "enabled": true, "variants": {{"a": "A", "b": "B"}}, "offVariant": "a", "serve": {serve}}}"#
            );
            percentage_of(&text).rollout_percentage
        };
        let arms =
            r#"{"arms": [{"variant": "a", "weight": 50000}, {"variant": "b", "weight": 50000}]}"#;
        for (serve, percentage) in [
            (r#""a""#, None),
            (arms, None),
            (r#""b""#, Some(100.0)),
            (r#"{"variant": "b", "rollout": 25}"#, Some(25.0)),
        ] {
            assert_eq!(string(serve), percentage, "{serve}");
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
        assert_eq!(summarize(&empty, "a", Timestamp::from_millis(0)), None);
    }
}
