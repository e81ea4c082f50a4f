//! What is taken over from LaunchDarkly and what is not; conformance/vendors tests what it evaluates to

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test"
)]

use flagstaff_import::{ImportError, Imported, Options, Vendor, Verdict, convert};
use serde_json::{Value as Json, json};

fn import(source: &Json) -> Imported {
    convert(
        Vendor::LaunchDarkly,
        &Options::default(),
        &source.to_string(),
    )
    .unwrap()
}

/// A file with one flag, which has these members too
fn file(members: Json) -> Json {
    let mut flag = json!({"key": "f", "on": true, "variations": ["a", "b"], "offVariation": 1, "fallthrough": {"variation": 0}});
    let Json::Object(members) = members else {
        panic!("not an object");
    };
    flag.as_object_mut().unwrap().extend(members);
    json!({"flags": {"f": flag}})
}

/// The pointer and the message of the only note about the flag `f`
#[track_caller]
fn assert_note(imported: &Imported, verdict: Verdict, pointer: &str, message: &str) {
    let report = imported.report.iter().find(|report| report.flag == "f");
    let report = report.unwrap();
    assert_eq!(report.verdict, verdict, "{report:?}");
    let [note] = &*report.notes else {
        panic!("not one note: {report:?}");
    };
    assert_eq!(note.pointer, pointer);
    assert!(note.message.contains(message), "{note:?}");
    let is_there = imported.document["flags"].get("f").is_some();
    assert_eq!(is_there, verdict != Verdict::Refused);
}

#[test]
fn what_cannot_be_exact_is_not_taken_over_and_the_report_says_where() {
    let clause =
        |clause: Json| json!({"rules": [{"id": "r", "clauses": [clause], "variation": 0}]});
    for (members, pointer, message) in [
        (json!({"variations": []}), "/flags/f/variations", "1 to 99"),
        (json!({"on": "yes"}), "/flags/f/on", "`true` or `false`"),
        (json!({"rules": {}}), "/flags/f/rules", "expected an array"),
        (
            clause(json!({"attribute": "/a//b", "contextKind": "user", "op": "in", "values": []})),
            "/flags/f/rules/0/clauses/0/attribute",
            "`/address/city`",
        ),
        (
            clause(json!({"attribute": "a", "op": "matches", "values": ["x", "(?=a)"]})),
            "/flags/f/rules/0/clauses/0/values/1",
            "look-around",
        ),
        (
            clause(json!({"attribute": "a", "op": "in", "values": "x"})),
            "/flags/f/rules/0/clauses/0/values",
            "expected an array",
        ),
        (
            json!({"fallthrough": {"rollout": {"variations": [{"variation": 0, "weight": "all"}]}}}),
            "/flags/f/fallthrough/rollout/variations/0/weight",
            "expected a number",
        ),
        (
            json!({"prerequisites": [{"key": "f", "variation": 0}]}),
            "/flags/f/prerequisites/0/key",
            "leads back to itself",
        ),
    ] {
        assert_note(&import(&file(members)), Verdict::Refused, pointer, message);
    }
}

#[test]
fn what_is_wrong_only_where_it_is_reached_is_a_remark() {
    let rule = json!({"rules": [{"id": "r", "clauses": [], "variation": 9}]});
    let imported = import(&file(rule));
    assert_note(
        &imported,
        Verdict::Remarks,
        "/flags/f/rules/0/variation",
        "GENERAL",
    );
    let imported = import(&file(json!({"offVariation": 9})));
    assert_note(
        &imported,
        Verdict::Remarks,
        "/flags/f/offVariation",
        "serves nothing",
    );
    let missing = json!({"prerequisites": [{"key": "no such flag", "variation": 0}]});
    assert_note(
        &import(&file(missing)),
        Verdict::Remarks,
        "/flags/f/prerequisites/0",
        "never met",
    );
    let clause = json!({"attribute": "a", "op": "matches", "values": ["x", "(a"]});
    let broken = json!({"rules": [{"id": "r", "clauses": [clause], "variation": 0}]});
    let imported = import(&file(broken));
    assert_note(
        &imported,
        Verdict::Remarks,
        "/flags/f/rules/0/clauses/0/values/1",
        "matches nothing",
    );
    let values = imported
        .document
        .pointer("/flags/f/rules/0/when/expression/values");
    assert_eq!(values, Some(&json!(["x"])));
}

#[test]
fn a_segment_that_is_not_taken_over_takes_its_flags_along() {
    let mut source = file(json!({"rules": [{"id": "r", "variation": 0, "clauses": [
        {"attribute": "", "op": "segmentMatch", "values": ["outer"]}]}]}));
    source["flags"]["other"] =
        json!({"key": "other", "on": true, "variations": [true], "fallthrough": {"variation": 0}});
    let inner = json!({"attribute": "", "op": "segmentMatch", "values": ["big"]});
    source["segments"] = json!({
        "outer": {"key": "outer", "rules": [{"clauses": [inner]}]},
        "big": {"key": "big", "unbounded": true},
    });
    let imported = import(&source);
    assert_note(
        &imported,
        Verdict::Refused,
        "/flags/f/rules/0/clauses/0/values/0",
        "big segment",
    );
    assert_eq!(imported.document["flags"].as_object().unwrap().len(), 1);
    assert!(imported.document.get("segments").is_none());
    // Segments that refer to themselves do the same.
    source["segments"]["big"] = json!({"key": "big", "rules": [{"clauses": [
        {"attribute": "", "op": "segmentMatch", "values": ["outer"]}]}]});
    let pointer = "/flags/f/rules/0/clauses/0/values/0";
    assert_note(
        &import(&source),
        Verdict::Refused,
        pointer,
        "leads back to itself",
    );
}

#[test]
fn a_flag_that_must_be_on_has_an_off_variant_of_its_own() {
    let mut source = file(json!({"prerequisites": [{"key": "base", "variation": 1}]}));
    source["flags"]["base"] = json!({"key": "base", "on": false, "variations": [true, false], "offVariation": 1, "fallthrough": {"variation": 1}});
    let document = import(&source).document;
    assert_eq!(document["flags"]["base"]["offVariant"], json!("off"));
    assert_eq!(
        document["flags"]["base"]["variants"],
        json!({"0": true, "1": false, "off": false})
    );
    assert_eq!(document["flags"]["f"]["offVariant"], json!("1"));
    assert_eq!(
        document["flags"]["f"]["prerequisites"],
        json!([{"flag": "base", "variants": ["1"]}])
    );
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let refused =
        |text: &str| convert(Vendor::LaunchDarkly, &Options::default(), text).unwrap_err();
    assert!(matches!(refused("{\"flags\": {"), ImportError::Json(_)));
    assert!(matches!(
        refused("{\"flags\": {\"a\": {}, \"a\": {}}}"),
        ImportError::Json(_)
    ));
    for (text, expected) in [
        (
            "{}",
            "/flags: expected the flags by their keys, as LaunchDarkly's server SDKs download them",
        ),
        (
            "{\"data\": {\"flags\": []}}",
            "/data/flags: expected an object",
        ),
        (
            "{\"flags\": {}, \"segments\": 1}",
            "/segments: expected an object",
        ),
    ] {
        assert_eq!(refused(text).to_string(), expected);
    }
    let of_stream = json!({"path": "/", "data": file(json!({}))});
    assert_eq!(
        import(&of_stream).document,
        import(&file(json!({}))).document
    );
}

#[test]
fn a_long_chain_of_prerequisites_is_told_in_short_lines() {
    let count = 1_000_usize;
    let flag = |index: usize| {
        let before = index.checked_sub(1);
        let required: Vec<Json> = (before.iter())
            .map(|before| json!({"key": format!("f{before}"), "variation": 0}))
            .collect();
        json!({"on": true, "variations": ["a"], "fallthrough": {"variation": 0}, "prerequisites": required})
    };
    let mut flags: serde_json::Map<String, Json> = (0..count)
        .map(|index| (format!("f{index}"), flag(index)))
        .collect();
    flags["f0"]["on"] = json!("yes");
    let imported = import(&json!({"flags": flags}));
    // Each names the flag that it requires and why the first one is refused, and not all that is between.
    for report in &imported.report {
        let [note] = &*report.notes else {
            panic!("not one note: {report:?}");
        };
        assert_eq!(report.verdict, Verdict::Refused);
        assert!(
            note.message.ends_with("expected `true` or `false`"),
            "{note:?}"
        );
        assert!(note.message.len() < 100, "{note:?}");
    }
    assert_eq!(imported.report.len(), count);
}
