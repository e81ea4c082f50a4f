//! Which flags time alone changes

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::{Snapshot, Timestamp};

const DOCUMENT: &str = r#"{"schemaVersion": 1,
    "segments": {"ramped": {"when": {"flag": "ramp", "variants": ["on"]}}},
    "flags": {
        "constant": {"type": "boolean", "enabled": true, "serve": "on"},
        "expiring": {"type": "boolean", "enabled": true, "serve": "on", "expiresAt": 600000},
        "ramp": {"type": "boolean", "enabled": true,
                 "serve": {"variant": "on", "rollout": {"from": 0, "until": 240000, "start": 0, "end": 100}}},
        "by-flag": {"type": "boolean", "enabled": true, "serve": "off",
                    "rules": [{"when": {"flag": "ramp", "variants": ["on"]}, "serve": "on"}]},
        "by-segment": {"type": "boolean", "enabled": true, "serve": "off",
                       "rules": [{"when": {"segment": "ramped"}, "serve": "on"}]},
        "by-prerequisite": {"type": "boolean", "enabled": true, "serve": "on",
                            "prerequisites": [{"flag": "expiring", "variants": ["on"]}]},
        "stepped": {"type": "boolean", "enabled": true,
                    "serve": {"variant": "on", "rollout": {"steps": [{"at": 90000, "percent": 10}]}}},
        "broken": {"type": 1}}}"#;

fn changed(since: i64, until: i64) -> Vec<String> {
    let snapshot = Snapshot::from_json(DOCUMENT).unwrap();
    let [since, until] = [since, until].map(Timestamp::from_millis);
    let changed = snapshot.changed_between(since, until);
    changed.iter().map(ToString::to_string).collect()
}

#[test]
fn a_ramp_changes_itself_and_what_refers_to_it_and_nothing_else() {
    assert_eq!(
        changed(60_000, 120_000),
        ["by-flag", "by-segment", "ramp", "stepped"]
    );
    assert_eq!(changed(120_000, 180_000), ["by-flag", "by-segment", "ramp"]);
}

#[test]
fn an_instant_counts_to_the_time_that_ends_with_it() {
    assert_eq!(changed(599_999, 600_000), ["by-prerequisite", "expiring"]);
    assert_eq!(changed(599_998, 599_999), [""; 0]);
    assert_eq!(changed(600_000, 700_000), [""; 0]);
    assert_eq!(changed(700_000, 60_000), [""; 0]);
}
