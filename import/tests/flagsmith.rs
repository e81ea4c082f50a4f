//! What is taken over from Flagsmith and what is not; conformance/vendors tests what it evaluates to

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::{Context, Snapshot, Timestamp};
use flagstaff_import::{ImportError, Imported, Options, Vendor, Verdict, convert};
use serde_json::{Value as Json, json};

fn import(source: &Json) -> Imported {
    convert(Vendor::Flagsmith, &Options::default(), &source.to_string()).unwrap()
}

/// A file in which a segment with this condition overrides the feature `f`
fn file(condition: &Json) -> Json {
    let feature = |value: &str| json!({"key": "1", "name": "f", "enabled": true, "value": value});
    json!({
        "environment": {"key": "env", "name": "Production"},
        "features": {"f": feature("out"), "g": {"key": "2", "name": "g", "enabled": true, "value": null}},
        "segments": {"7": {
            "key": "7", "name": "Sevens", "rules": [{"type": "ALL", "conditions": [condition]}], "overrides": [feature("in")],
        }},
    })
}

#[test]
fn a_condition_that_cannot_be_exact_takes_its_features_along() {
    let base = "/segments/7/rules/0/conditions/0";
    for (condition, pointer, message) in [
        (
            json!({"property": "p", "operator": "REGEX", "value": "(?=a)"}),
            "value",
            "look-around",
        ),
        (
            json!({"property": "p", "operator": "EQUAL", "value": 5}),
            "value",
            "expected a string",
        ),
        (
            json!({"property": "$.identity.traits.*", "operator": "IS_SET"}),
            "property",
            "names alone",
        ),
        (
            json!({"property": "$.features.g.enabled", "operator": "IS_SET"}),
            "property",
            "`$.identity`",
        ),
    ] {
        let imported = import(&file(&condition));
        let of = |flag: &str| {
            imported
                .report
                .iter()
                .find(|report| report.flag == flag)
                .unwrap()
        };
        assert_eq!(of("g").verdict, Verdict::Exact);
        for flag in ["f", "segment Sevens"] {
            let [note] = &*of(flag).notes else {
                panic!("not one note: {imported:?}");
            };
            assert_eq!(of(flag).verdict, Verdict::Refused);
            assert_eq!(note.pointer, format!("{base}/{pointer}"));
            assert!(note.message.contains(message), "{note:?}");
        }
        assert!(imported.document["flags"].get("f").is_none());
    }
}

#[test]
fn the_type_of_a_flag_follows_from_the_values() {
    let feature = |name: &str, enabled: bool, value: Json| json!({"key": "1", "name": name, "enabled": enabled, "value": value});
    let mut source = file(&json!({"property": "p", "operator": "IS_SET"}));
    source["features"] = json!({
        "switch": feature("switch", true, Json::Null),
        "off": feature("off", false, json!("x")),
        "mixed": feature("mixed", true, json!("x")),
    });
    source["segments"]["7"]["overrides"] = json!([feature("mixed", true, json!(1))]);
    let imported = import(&source);
    let flags = &imported.document["flags"];
    assert_eq!(flags["switch"]["type"], json!("boolean"));
    assert_eq!(
        flags["switch"]["variants"],
        json!({"default": true, "default-off": false})
    );
    assert_eq!(flags["off"]["type"], json!("string"));
    assert_eq!(flags["off"]["enabled"], json!(false));
    assert_eq!(flags["off"]["serve"], json!("default"));
    assert_eq!(
        flags["mixed"]["variants"]["default"],
        json!({"enabled": true, "value": "x"})
    );
    let verdicts: Vec<Verdict> = imported
        .report
        .iter()
        .map(|report| report.verdict)
        .collect();
    assert_eq!(verdicts, [Verdict::Remarks, Verdict::Exact, Verdict::Exact]);
}

#[test]
fn an_environment_document_has_overrides_of_identities_before_those_of_segments() {
    let state = |id: u32, value: &str, more: Json| {
        let mut state = json!({"id": id, "feature": {"id": 3, "name": "f"}, "enabled": true, "feature_state_value": value});
        state
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        state
    };
    let vip = json!({"property_": "vip", "operator": "EQUAL", "value": "true"});
    let half = json!({"multivariate_feature_state_values": [
        {"id": 9, "percentage_allocation": 0, "multivariate_feature_option": {"value": "never"}},
        {"id": 8, "percentage_allocation": 100, "multivariate_feature_option": {"value": "all"}},
    ]});
    let source = json!({
        "api_key": "env",
        "feature_states": [state(1, "control", half)],
        "project": {"segments": [
            {"id": 1, "name": "later", "rules": [{"type": "ALL", "conditions": [vip.clone()]}], "feature_states": [state(2, "later", json!({"feature_segment": {"priority": 2}}))]},
            {"id": 2, "name": "first", "rules": [{"type": "ALL", "conditions": [vip]}], "feature_states": [state(3, "first", json!({"feature_segment": {"priority": 1}}))]},
        ]},
        "identity_overrides": [{"identifier": "ann", "identity_features": [state(4, "hers", json!({}))]}],
    });
    let imported = import(&source);
    let snapshot = Snapshot::from_json(&imported.document.to_string()).unwrap();
    assert_eq!(snapshot.issues(), []);
    let value = |context: &str| {
        let context = Context::from_json(context).unwrap();
        let outcome = snapshot.evaluate("f", None, &context, Timestamp::from_millis(0));
        outcome.value.unwrap().to_canonical()
    };
    assert_eq!(
        value(r#"{"identity": {"identifier": "ann", "traits": {"vip": true}}}"#),
        "\"hers\""
    );
    assert_eq!(value(r#"{"targetingKey": "ann", "vip": true}"#), "\"hers\"");
    assert_eq!(
        value(r#"{"identity": {"identifier": "bob", "traits": {"vip": true}}}"#),
        "\"first\""
    );
    assert_eq!(value(r#"{"targetingKey": "bob"}"#), "\"all\"");
    assert_eq!(value("{}"), "\"control\"");
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let refused = |text: &str| convert(Vendor::Flagsmith, &Options::default(), text).unwrap_err();
    assert!(matches!(refused("{\"features\": "), ImportError::Json(_)));
    for (text, expected) in [
        ("{}", ": expected an environment document"),
        (
            r#"{"environment": {}, "features": {"f": {"name": "f", "key": "1"}}}"#,
            "/features/f/enabled: expected `true` or `false`",
        ),
        (
            r#"{"environment": {}, "features": {"f": {"name": "g", "key": "1", "enabled": true}}}"#,
            "/features/f/name: expected the name by which the feature is listed",
        ),
        (
            r#"{"feature_states": [{"feature": {"name": "f"}, "id": 1, "enabled": 1}]}"#,
            "/feature_states/0/enabled: expected `true` or `false`",
        ),
    ] {
        let error = refused(text).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
