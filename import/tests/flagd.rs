//! Flag files of flagd through a document of ours; `conformance/vendors` has the cases of each operator

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]
#![expect(clippy::indexing_slicing, reason = "a missing member fails the test")]

use flagstaff_core::{Context, ExpectedType, Snapshot, Timestamp, Value};
use flagstaff_import::{Imported, Options, Vendor, Verdict, convert};
use serde_json::{Map, Value as Json, json};

const NOW: Timestamp = Timestamp::from_millis(0);

fn imported(file: &Json) -> Imported {
    convert(Vendor::Flagd, &Options::default(), &file.to_string()).unwrap()
}

fn file(flag: &Json) -> Json {
    let mut file = json!({
        "flags": {"f": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off", "metadata": {"b": 2}}},
        "$evaluators": {
            "staff": {"ends_with": [{"var": "email"}, "@example.com"]},
            "circle": {"$ref": "circle"},
            "outer": {"and": [{"$ref": "staff"}, true]},
        },
        "metadata": {"a": 1, "b": 1},
    });
    for (name, value) in flag.as_object().unwrap() {
        file["flags"]["f"][name] = value.clone();
    }
    file
}

fn answer(flag: &Json, asked: Option<ExpectedType>, context: &Json) -> Map<String, Json> {
    let imported = imported(&file(flag));
    let snapshot = Snapshot::from_json(&imported.document.to_string()).unwrap();
    assert_eq!(snapshot.issues(), []);
    let answers = &imported.answers["f"];
    let context = Context::from_json(&context.to_string());
    let expected = asked.filter(|_| !answers.untyped);
    let outcome = snapshot.evaluate("f", expected, &context, NOW);
    let outcome = outcome.to_value(&Value::from("default")).to_canonical();
    let mut outcome: Map<String, Json> = serde_json::from_str(&outcome).unwrap();
    let name = asked.map(|asked| match asked {
        ExpectedType::Boolean => "boolean",
        ExpectedType::String => "string",
        _ => "number",
    });
    answers.apply(&mut outcome, name, &json!("default"));
    outcome
}

fn summary(outcome: &Map<String, Json>) -> Json {
    json!([
        outcome["value"],
        outcome["variant"],
        outcome["reason"],
        outcome["errorCode"]
    ])
}

#[test]
fn reasons_and_errors_are_those_of_flagd() {
    let null = Json::Null;
    for (flag, expected) in [
        (json!({}), json!([false, "off", "STATIC", null])),
        (
            json!({"targeting": {}}),
            json!([false, "off", "STATIC", null]),
        ),
        (
            json!({"targeting": {"var": "x"}}),
            json!([false, "off", "DEFAULT", null]),
        ),
        (
            json!({"targeting": {"==": [1, 1]}, "variants": {"true": 1, "off": 2}}),
            json!([1, "true", "TARGETING_MATCH", null]),
        ),
        (
            json!({"targeting": {"cat": "on"}}),
            json!([true, "on", "TARGETING_MATCH", null]),
        ),
        (
            json!({"targeting": {"cat": "other"}}),
            json!(["default", null, "ERROR", "GENERAL"]),
        ),
        (
            json!({"targeting": {"other": 1}}),
            json!(["default", null, "ERROR", "PARSE_ERROR"]),
        ),
        (
            json!({"targeting": {"$ref": "unknown"}}),
            json!(["default", null, "ERROR", "PARSE_ERROR"]),
        ),
        (
            json!({"defaultVariant": null}),
            json!(["default", null, "DEFAULT", null]),
        ),
        (
            json!({"defaultVariant": ""}),
            json!(["default", null, "DEFAULT", null]),
        ),
        (
            json!({"defaultVariant": "other"}),
            json!(["default", null, "ERROR", "GENERAL"]),
        ),
        (
            json!({"state": "DISABLED"}),
            json!(["default", null, "DISABLED", null]),
        ),
    ] {
        let found = answer(&flag, None, &json!({}));
        assert_eq!(summary(&found), expected, "{flag}");
        if found["errorCode"] == null {
            assert_eq!(found["metadata"], json!({"a": 1, "b": 2}), "{flag}");
        }
    }
}

#[test]
fn types_are_judged_as_flagd_does() {
    let mixed = json!({"variants": {"on": true, "off": "no"}});
    let found = answer(&mixed, Some(ExpectedType::String), &json!({}));
    assert_eq!(found["value"], "no");
    let found = answer(&mixed, Some(ExpectedType::Boolean), &json!({}));
    assert_eq!(found["errorCode"], "TYPE_MISMATCH");
    let found = answer(&json!({}), Some(ExpectedType::String), &json!({}));
    assert_eq!(found["errorCode"], "TYPE_MISMATCH");
}

#[test]
fn evaluators_are_written_out() {
    let targeting = json!({"targeting": {"if": [{"$ref": "outer"}, "on", "off"]}});
    let found = answer(&targeting, None, &json!({"email": "a@example.com"}));
    assert_eq!(found["value"], true);
}

#[test]
fn what_flagstaff_does_not_do_is_refused_with_its_place_in_the_file() {
    for (flag, pointer) in [
        (
            json!({"targeting": {"if": [{"length": []}, "on"]}}),
            "/flags/f/targeting/if/0/length",
        ),
        (json!({"targeting": {"==": [1]}}), "/flags/f/targeting/=="),
        (json!({"targeting": {"a": 1, "b": 2}}), "/flags/f/targeting"),
        (
            json!({"targeting": {"$ref": "circle"}}),
            "/flags/f/targeting",
        ),
        (json!({"targeting": []}), "/flags/f/targeting"),
        (json!({"state": "on"}), "/flags/f/state"),
        (json!({"variants": {}}), "/flags/f/variants"),
        (
            json!({"variants": {"on": null, "off": 1}}),
            "/flags/f/variants/on",
        ),
        (json!({"metadata": {"b": []}}), "/flags/f/metadata/b"),
        (json!({"defaultVariant": 5}), "/flags/f/defaultVariant"),
    ] {
        let imported = imported(&file(&flag));
        assert_eq!(imported.report[0].verdict, Verdict::Refused, "{flag}");
        assert_eq!(imported.report[0].notes[0].pointer, pointer, "{flag}");
        assert_eq!(imported.document["flags"], json!({}));
    }
}

#[test]
fn a_file_of_another_kind_or_version_is_not_converted_at_all() {
    let error = convert(Vendor::Flagd, &Options::default(), "{}").unwrap_err();
    assert!(error.to_string().contains("flags"));
    let options: Options = serde_json::from_value(json!({"fractional": 1})).unwrap();
    assert!(convert(Vendor::Flagd, &options, "{\"flags\": {}}").is_err());
}
