//! Which flags have one outcome for everybody, and that it is the one that an explanation finds step by step

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::{Context, DecidingStep, ExpectedType, Reason, Snapshot, Timestamp, Value};

const NOW: Timestamp = Timestamp::from_millis(0);

/// A snapshot with one flag that has these members too
fn snapshot(members: &str) -> Snapshot {
    let document = format!(
        r#"{{"schemaVersion": 1, "flags": {{
            "f": {{"type": "boolean", "serve": "off", {members}}},
            "other": {{"type": "boolean", "enabled": true, "serve": "on"}}}}}}"#
    );
    let snapshot = Snapshot::from_json(&document).unwrap();
    assert_eq!(snapshot.issues(), []);
    snapshot
}

#[test]
fn a_first_rule_for_everybody_makes_a_flag_constant() {
    let rules = r#""rules": [{"id": "all", "serve": "on"}, {"when": {"attribute": "a", "op": "equals", "value": 1}, "serve": "off"}]"#;
    let snapshot = snapshot(&format!(r#""enabled": true, {rules}"#));
    let descriptor = snapshot.descriptor("f", 0).unwrap();
    assert!(descriptor.is_constant && descriptor.paths.is_some());
    let context = Context::default();
    let outcome = snapshot.evaluate("f", None, &context, NOW);
    assert_eq!(outcome.reason, Reason::TargetingMatch);
    let rule = DecidingStep::Rule {
        index: 0,
        id: Some("all"),
        experiment: None,
    };
    assert_eq!(outcome.detail, rule);
    assert_eq!(snapshot.explain("f", None, &context, NOW).0, outcome);
    let value = snapshot.evaluate_value("f", Some(ExpectedType::Boolean), &context, || NOW);
    assert_eq!(value.value.unwrap().into_owned(), Value::Boolean(true));
}

#[test]
fn a_flag_that_someone_or_some_time_may_change_is_not_constant() {
    let all = r#""rules": [{"serve": "on"}]"#;
    for members in [
        r#""rules": [{"when": {"attribute": "a", "op": "equals", "value": 1}, "serve": "on"}]"#
            .to_owned(),
        r#""rules": [{"until": 5, "serve": "on"}]"#.to_owned(),
        r#""rules": [{"serve": {"variant": "on", "rollout": 50}}]"#.to_owned(),
        format!(r#"{all}, "expiresAt": 5"#),
        format!(r#"{all}, "prerequisites": [{{"flag": "other", "variants": ["on"]}}]"#),
        format!(r#"{all}, "overrides": {{"user": {{"u1": "exclude"}}}}"#),
        format!(r#"{all}, "dialect": "launchdarkly", "needs": 2"#),
    ] {
        let snapshot = snapshot(&format!(r#""enabled": true, {members}"#));
        assert!(
            !snapshot.descriptor("f", 9).unwrap().is_constant,
            "{members}"
        );
    }
    // Off, it is so for everybody.
    let off = snapshot(&format!(r#""enabled": false, {all}"#));
    let outcome = off.evaluate("f", None, &Context::default(), NOW);
    assert!(off.descriptor("f", 0).unwrap().is_constant);
    assert_eq!(outcome.reason, Reason::Disabled);
}
