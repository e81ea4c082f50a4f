//! Files that are cut off, of another version, or of flags that cannot be exact: one clear error, or a line in the report

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::Snapshot;
use flagstaff_import::{ImportError, Imported, Options, Vendor, Verdict, convert};
use serde_json::{Value as Json, json};

fn unleash(file: &Json) -> Imported {
    let imported = convert(Vendor::Unleash, &Options::default(), &file.to_string()).unwrap();
    // Whatever is in the report, the document is whole.
    let snapshot = Snapshot::from_json(&imported.document.to_string()).unwrap();
    assert_eq!(snapshot.issues(), []);
    imported
}

/// A feature with one strategy
fn feature(strategy: &Json) -> Json {
    let feature = json!({"name": "f", "enabled": true, "strategies": [strategy]});
    json!({"version": 2, "features": [feature]})
}

fn error(vendor: Vendor, text: &str) -> String {
    convert(vendor, &Options::default(), text)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_file_that_is_not_theirs_is_one_error() {
    for (text, told) in [
        ("", "EOF"),
        (r#"{"version": 2, "features": [{"name": "a""#, "EOF"),
        (
            r#"{"version": 2, "version": 2, "features": []}"#,
            "the key `version` comes twice",
        ),
        (r#"{"version": 3, "features": []}"#, "`version` 1 or 2"),
        (r#"{"flags": {}}"#, "GET /api/client/features"),
        ("[]", "GET /api/client/features"),
        (
            r#"{"version": 2, "features": {}}"#,
            "/features: expected an array",
        ),
        (
            r#"{"version": 2, "features": [{}]}"#,
            "/features/0: missing `name`",
        ),
        (
            r#"{"version": 2, "features": [{"name": "a"}, {"name": "a"}]}"#,
            "/features/1: the feature `a` comes twice",
        ),
        (
            r#"{"events": [{"type": "feature-lost"}]}"#,
            "unknown event `feature-lost`",
        ),
    ] {
        let found = error(Vendor::Unleash, text);
        assert!(found.contains(told), "{text}: {found}");
    }
    for text in [
        "{}",
        r#"{"format": "CLIENT", "flags": {}}"#,
        r#"{"flags": null}"#,
    ] {
        let found = error(Vendor::Eppo, text);
        assert!(
            found.contains("`format` `SERVER` and `flags`"),
            "{text}: {found}"
        );
    }
    let unknown = "cobol".parse::<Vendor>().unwrap_err();
    assert!(
        matches!(unknown, ImportError::UnknownVendor(_)),
        "{unknown}"
    );
}

#[test]
fn what_unleash_turns_off_is_off_with_a_remark() {
    let constraint = |constraint: Json| json!({"name": "default", "constraints": [constraint]});
    for (strategy, pointer) in [
        (
            constraint(json!({"contextName": "a", "operator": "SOUNDS_LIKE", "values": ["b"]})),
            "/features/0/strategies/0/constraints/0/operator",
        ),
        (
            constraint(json!({"contextName": "a", "operator": "NUM_GT", "value": "ten"})),
            "/features/0/strategies/0/constraints/0/value",
        ),
        (
            json!({"name": "default", "segments": [404]}),
            "/features/0/strategies/0/segments/0",
        ),
        (
            json!({"name": "flexibleRollout", "parameters": {"rollout": "150"}}),
            "/features/0/strategies/0/parameters/rollout",
        ),
    ] {
        let imported = unleash(&feature(&strategy));
        let report = &imported.report[0];
        assert_eq!(report.verdict, Verdict::Remarks, "{report:?}");
        assert_eq!(report.notes[0].pointer, pointer, "{report:?}");
        let flag = &imported.document["flags"]["f"];
        assert_eq!(
            (&flag["rules"], &flag["serve"]),
            (&json!([]), &json!("off"))
        );
    }
}

#[test]
fn what_cannot_be_exact_is_refused_unless_it_is_named() {
    let drawn = json!({"name": "flexibleRollout", "parameters": {"rollout": "50", "stickiness": "random", "groupId": "g"}});
    let gradual = json!({"name": "gradualRolloutRandom", "parameters": {"percentage": "50"}});
    let host = json!({"name": "applicationHostname", "parameters": {"hostNames": "web-1"}});
    for strategy in [drawn, gradual, host] {
        let file = feature(&strategy);
        let imported = unleash(&file);
        assert_eq!(imported.report[0].verdict, Verdict::Refused, "{strategy}");
        assert_eq!(imported.document["flags"], json!({}));
        let options = Options {
            approximate: ["f".to_owned()].into(),
            ..Options::default()
        };
        let imported = convert(Vendor::Unleash, &options, &file.to_string()).unwrap();
        assert_ne!(imported.report[0].verdict, Verdict::Refused, "{strategy}");
        assert!(imported.document["flags"]["f"].is_object());
    }
}

#[test]
fn parents_that_are_missing_or_go_round_turn_a_feature_off() {
    let on = |name: &str, parent: &str| json!({"name": name, "enabled": true, "dependencies": [{"feature": parent}], "strategies": []});
    let file = json!({"version": 2, "features": [on("a", "b"), on("b", "a"), on("c", "nobody")]});
    let imported = unleash(&file);
    assert_eq!(imported.report.len(), 3);
    for report in &imported.report {
        assert_eq!(report.verdict, Verdict::Remarks, "{report:?}");
        assert_eq!(imported.document["flags"][&report.flag]["serve"], "off");
    }
}

#[test]
fn a_feature_of_another_shape_is_a_line_and_the_others_are_taken_over() {
    let bad = json!({"name": "bad", "enabled": "yes", "strategies": []});
    let good = json!({"name": "Füße", "enabled": true, "strategies": []});
    let imported = unleash(&json!({"version": 2, "features": [bad, good]}));
    assert_eq!(imported.report[0].verdict, Verdict::Refused);
    assert_eq!(imported.report[0].notes[0].pointer, "/features/0/enabled");
    assert_eq!(imported.report[1].verdict, Verdict::Remarks);
    assert_eq!(imported.keys["Füße"], "F--e");
    assert!(imported.document["flags"]["F--e"].is_object());
}

#[test]
fn a_flag_of_eppo_that_cannot_be_read_is_a_line() {
    let flag = |changes: Json| {
        let mut flag = json!({"key": "f", "enabled": true, "variationType": "STRING", "variations": {"a": {"key": "a", "value": "A"}},
            "allocations": [], "totalShards": 10});
        flag.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        flag
    };
    let condition = |condition: Json| json!([{"key": "x", "rules": [{"conditions": [condition]}], "splits": [{"variationKey": "a", "shards": []}]}]);
    for (changes, verdict, pointer) in [
        (
            json!({"variationType": "BLOB"}),
            Verdict::Refused,
            "/flags/f",
        ),
        (json!({"totalShards": null}), Verdict::Refused, "/flags/f"),
        (
            json!({"variations": {"a": {"key": "a", "value": 1}}}),
            Verdict::Remarks,
            "/flags/f/variations/a/value",
        ),
        (
            json!({"variationType": "JSON", "variations": {"a": {"key": "a", "value": "1"}}}),
            Verdict::Refused,
            "/flags/f/variations/a/value",
        ),
        (
            json!({"allocations": condition(json!({"attribute": "a", "operator": "MATCHES", "value": "(?=a)"}))}),
            Verdict::Remarks,
            "/flags/f/allocations/0/rules/0/conditions/0/value",
        ),
        (
            json!({"allocations": [{"key": "x", "splits": [{"variationKey": "b", "shards": []}]}]}),
            Verdict::Remarks,
            "/flags/f/allocations/0/splits/0/variationKey",
        ),
    ] {
        let file = json!({"format": "SERVER", "flags": {"f": flag(changes)}});
        let imported = convert(Vendor::Eppo, &Options::default(), &file.to_string()).unwrap();
        let report = &imported.report[0];
        assert_eq!(
            (report.verdict, &*report.notes[0].pointer),
            (verdict, pointer),
            "{report:?}"
        );
        let snapshot = Snapshot::from_json(&imported.document.to_string()).unwrap();
        assert_eq!(snapshot.issues(), []);
    }
}

#[test]
fn a_flag_that_is_not_exact_is_taken_over_only_by_name() {
    let drawn = json!({"name": "flexibleRollout", "parameters": {"rollout": "50", "stickiness": "random", "groupId": "g"}});
    let run = |options: &Json| {
        let options: Options = serde_json::from_value(options.clone()).unwrap();
        convert(Vendor::Unleash, &options, &feature(&drawn).to_string()).unwrap()
    };
    let refused = run(&json!({}));
    assert_eq!(refused.document["flags"], json!({}));
    let report = &refused.report[0];
    assert_eq!((&*report.flag, report.verdict), ("f", Verdict::Refused));
    assert_eq!(report.notes[0].pointer, "/features/0/strategies/0");
    let taken = run(&json!({"approximate": ["f"]}));
    assert_eq!(taken.document["flags"]["f"]["type"], "boolean");
    assert_eq!(taken.report[0].verdict, Verdict::Remarks);
}
