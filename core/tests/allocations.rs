//! A scalar evaluation for a context made beforehand allocates nothing

use flagstaff_core::{Context, ExpectedType, Snapshot, Timestamp};

const DOCUMENT: &str = r#"{
    "schemaVersion": 1,
    "segments": {"staff": {"include": {"user": ["u1", "u2"]}}},
    "flags": {
        "constant": {"type": "boolean", "enabled": true, "serve": "on"},
        "rollout": {"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": 50}},
        "override": {"type": "boolean", "enabled": true, "serve": "off", "overrides": {"user": {"u1": "include"}}},
        "segment": {"type": "boolean", "enabled": true, "serve": "off", "rules": [{"when": {"segment": "staff"}, "serve": "on"}]},
        "prerequisite": {"type": "boolean", "enabled": true, "serve": "on", "prerequisites": [{"flag": "constant", "variants": ["on"]}]},
        "rules": {
            "type": "string", "enabled": true, "variants": {"a": "A", "b": "B", "none": "-"}, "offVariant": "none", "serve": "none",
            "rules": [
                {"when": {"attribute": "country", "op": "in", "values": ["de", "fr"]}, "serve": "a"},
                {"when": {"attribute": "age", "op": "greaterThan", "value": 18}, "serve": "a"},
                {"when": {"attribute": "version", "op": "semverGreaterOrEqual", "value": "2.1.0"}, "serve": "a"},
                {"when": {"attribute": "/device/model", "op": "startsWith", "value": "x"}, "serve": "a"},
                {"when": {"attribute": "address", "op": "cidr", "values": ["10.0.0.0/8"]}, "serve": "a"},
                {"when": {"attribute": "since", "op": "before", "value": "2020-01-01T00:00:00Z"}, "serve": "a"},
                {"when": {"attribute": "email", "op": "endsWith", "value": "@example.com"},
                 "serve": {"arms": [{"variant": "a", "weight": 50000}, {"variant": "b", "weight": 50000}]}}
            ]
        }
    }
}"#;

#[test]
fn a_scalar_evaluation_allocates_nothing() {
    let snapshot = Snapshot::from_json(DOCUMENT).unwrap();
    assert_eq!(snapshot.issues(), []);
    let context = Context::from_json(
        r#"{"targetingKey": "u1", "country": "se", "age": 17, "version": "2.0.9", "device": {"model": "a"},
            "address": "192.0.2.1", "since": "2026-01-01T00:00:00Z", "email": "alice@example.com"}"#,
    )
    .unwrap();
    let now = Timestamp::from_millis(1_800_000_000_000);
    for flag in snapshot.flags() {
        let expected = Some(if flag.key == "rules" {
            ExpectedType::String
        } else {
            ExpectedType::Boolean
        });
        let counted = allocation_counter::measure(|| {
            let value = snapshot.evaluate_value(flag.key, expected, &context, || now);
            let outcome = snapshot.evaluate(flag.key, expected, &context, now);
            assert_eq!(value.value.as_deref().ok(), outcome.value.as_deref().ok());
            assert!(outcome.error_code().is_none());
        });
        assert_eq!(counted.count_total, 0, "{}", flag.key);
    }
}
