//! GrowthBook's own vectors about features and experiments, through a document of ours; those about conditions and hashes are in the core

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]
#![expect(clippy::indexing_slicing, reason = "a missing member fails the test")]

use std::fs;
use std::path::Path;

use flagstaff_core::{Context, Snapshot, Timestamp, Value};
use flagstaff_import::{Options, Vendor, Verdict, convert};
use serde_json::{Map, Value as Json, json};

const NOW: Timestamp = Timestamp::from_millis(0);

/// A section of the vendor's cases, or nothing where they are not beside this repository
#[expect(clippy::print_stderr, reason = "the test says why it compares nothing")]
fn section(name: &str) -> Option<Vec<Json>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/vendor-suites/growthbook/cases.json");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: {} does not exist", path.display());
        return None;
    };
    let mut cases: Json = serde_json::from_str(&text).unwrap();
    Some(serde_json::from_value(cases[name].take()).unwrap())
}

/// The members of the payload, and what the program passes beside it
fn payload(given: &Json) -> (Json, Options) {
    let mut file = Map::from_iter([("features".to_owned(), json!({}))]);
    let mut options = Map::new();
    for (name, value) in given.as_object().unwrap() {
        match name.as_str() {
            "features" | "savedGroups" | "contextualBandits" => {
                file.insert(name.clone(), value.clone());
            }
            _ => {
                options.insert(name.clone(), value.clone());
            }
        }
    }
    let options = serde_json::from_value(options.into()).unwrap();
    (file.into(), options)
}

/// What the vendor's SDK answers, from a document of ours
fn answer(file: &Json, options: &Options, flag: &str, attributes: &Json) -> Map<String, Json> {
    let imported = convert(Vendor::GrowthBook, options, &file.to_string()).unwrap();
    let is_refused = imported
        .report
        .iter()
        .any(|report| report.flag == flag && report.verdict == Verdict::Refused);
    assert!(!is_refused, "{:?}", imported.report);
    let snapshot = Snapshot::from_json(&imported.document.to_string()).unwrap();
    assert_eq!(snapshot.issues(), []);
    let key = imported.keys.get(flag).map_or(flag, String::as_str);
    let context = Context::from_json(&attributes.to_string());
    let outcome = snapshot.evaluate(key, None, &context, NOW);
    let outcome = outcome.to_value(&Value::Null);
    let mut outcome: Map<String, Json> = serde_json::from_str(&outcome.to_canonical()).unwrap();
    if let Some(answers) = imported.answers.get(key) {
        answers.apply(&mut outcome, None, &Json::Null);
    }
    outcome
}

fn attributes(given: &Json) -> Json {
    given
        .get("attributes")
        .cloned()
        .unwrap_or_else(|| json!({}))
}

/// Numbers compare as numbers: `1.0` is `1`
fn is_same(one: &Json, other: &Json) -> bool {
    let value = |json: &Json| serde_json::from_value::<Value>(json.clone()).unwrap();
    value(one) == value(other)
}

#[test]
fn all_90_features_of_the_vendor_have_the_expected_result() {
    let (Some(features), Some(bandits)) = (section("feature"), section("contextualBandit")) else {
        return;
    };
    for case in features.iter().chain(&bandits) {
        let (file, options) = payload(&case[1]);
        let expected = &case[3];
        let flag = case[2].as_str().unwrap();
        let found = answer(&file, &options, flag, &attributes(&case[1]));
        assert!(
            is_same(&found["value"], &expected["value"]),
            "{case}: {found:?}"
        );
        let reasons: &[&str] = match expected["source"].as_str().unwrap() {
            "unknownFeature" => &["ERROR"],
            "force" => &["TARGETING_MATCH", "SPLIT"],
            "experiment" => &["SPLIT"],
            _ => &["STATIC", "DEFAULT"],
        };
        assert!(
            reasons.contains(&found["reason"].as_str().unwrap()),
            "{case}: {found:?}"
        );
        let result = &expected["experimentResult"];
        assert_eq!(
            found["inExperiment"],
            result.is_object(),
            "{case}: {found:?}"
        );
        if result.is_object() {
            assert_eq!(found["variant"], result["key"], "{case}: {found:?}");
            assert_eq!(found["index"], result["variationId"], "{case}: {found:?}");
        }
    }
    assert_eq!((features.len(), bandits.len()), (55, 35));
}

#[test]
fn all_73_experiments_of_the_vendor_have_the_expected_result() {
    let Some(cases) = section("run") else { return };
    for case in &cases {
        let (mut file, options) = payload(&case[1]);
        file["experiments"] = json!([case[2]]);
        let key = case[2]["key"].as_str().unwrap();
        let found = answer(&file, &options, key, &attributes(&case[1]));
        assert!(is_same(&found["value"], &case[3]), "{case}: {found:?}");
        assert_eq!(found["inExperiment"], case[4], "{case}: {found:?}");
    }
    assert_eq!(cases.len(), 73);
}

#[test]
fn all_13_sticky_buckets_of_the_vendor_have_the_expected_result() {
    let Some(cases) = section("stickyBucket") else {
        return;
    };
    for case in &cases {
        let (file, mut options) = payload(&case[1]);
        options.growthbook.sticky_buckets = true;
        let mut attributes = attributes(&case[1]);
        let mut documents = Map::new();
        for document in case[2].as_array().unwrap() {
            let text = |name: &str| document[name].as_str().unwrap();
            let key = format!("{}||{}", text("attributeName"), text("attributeValue"));
            documents.insert(key, document.clone());
        }
        attributes["stickyBucketAssignmentDocs"] = documents.clone().into();
        let found = answer(&file, &options, case[3].as_str().unwrap(), &attributes);
        let expected = &case[4];
        assert_eq!(
            found["inExperiment"],
            expected.is_object(),
            "{case}: {found:?}"
        );
        if expected.is_object() {
            assert!(
                is_same(&found["value"], &expected["value"]),
                "{case}: {found:?}"
            );
            assert_eq!(found["variant"], expected["key"], "{case}: {found:?}");
            assert_eq!(found["index"], expected["variationId"], "{case}: {found:?}");
            // What the program stores then is the key of the variation, under the experiment and its version.
            let rule = &case[1]["features"][case[3].as_str().unwrap()]["rules"][0];
            let experiment = rule["key"].as_str().unwrap_or(case[3].as_str().unwrap());
            let version = rule["bucketVersion"].as_i64().unwrap_or(0);
            let attribute = expected["hashAttribute"].as_str().unwrap();
            let value = expected["hashValue"].as_str().unwrap();
            if rule["disableStickyBucketing"] != true {
                let stored = documents
                    .entry(format!("{attribute}||{value}"))
                    .or_insert_with(
                        || json!({"attributeName": attribute, "attributeValue": value}),
                    );
                stored["assignments"][format!("{experiment}__{version}")] =
                    found["variant"].clone();
            }
            let stored = &case[5];
            for (key, document) in &documents {
                assert!(
                    stored.get(key).is_none_or(|stored| stored == document),
                    "{case}"
                );
            }
        }
    }
    assert_eq!(cases.len(), 13);
}

fn convert_text(file: &Json) -> flagstaff_import::Imported {
    convert(Vendor::GrowthBook, &Options::default(), &file.to_string()).unwrap()
}

#[test]
fn a_condition_is_ours_where_it_means_the_same() {
    let rule = |condition: Json| {
        json!({"features": {"f": {"defaultValue": 1, "rules": [{"force": 2, "condition": condition}]}},
                                        "savedGroups": {"beta": ["a", 5]}})
    };
    let when = |condition: Json| {
        let imported = convert_text(&rule(condition));
        assert_eq!(imported.report[0].verdict, Verdict::Exact);
        imported.document["flags"]["f"]["rules"][0]["when"].clone()
    };
    assert_eq!(
        when(json!({"country": {"$in": ["se", "dk"]}, "user.plan": {"$notInGroup": "beta"}})),
        json!({"all": [{"attribute": "country", "op": "in", "values": ["se", "dk"]},
                       {"attribute": "/user/plan", "op": "notIn", "values": ["a", 5]}]})
    );
    for condition in [
        json!({"country": "se"}),
        json!({"country": {"$in": ["se", null]}}),
        json!({"tags.0": {"$in": ["se"]}}),
        json!({"tags.length": {"$in": [1]}}),
        json!({"country": {"$in": []}}),
        json!({"a/b": {"$in": ["x"]}}),
    ] {
        let expected = json!({"dialect": "growthbook", "expression": condition});
        assert_eq!(when(condition), expected);
    }
}

#[test]
fn what_cannot_be_exact_is_refused_with_its_place_in_the_file() {
    let rule = |rule: Json| json!({"features": {"f": {"defaultValue": 1, "rules": [rule]}, "other": {"defaultValue": true}}});
    for (given, pointer) in [
        (
            json!({"force": 2, "condition": {"a": {"$regex": "(?=x)"}}}),
            "/features/f/rules/0/condition/a/$regex",
        ),
        (
            json!({"force": 2, "condition": {"a": {"x": 1, "y": 2}}}),
            "/features/f/rules/0/condition/a",
        ),
        (
            json!({"force": 2, "condition": {"$or": 5}}),
            "/features/f/rules/0/condition/$or",
        ),
        (
            json!({"force": 2, "coverage": "0.5"}),
            "/features/f/rules/0/coverage",
        ),
        (
            json!({"variations": [1, 2], "weights": ["a"]}),
            "/features/f/rules/0/weights/0",
        ),
        (
            json!({"variations": [1, 2], "meta": [{}]}),
            "/features/f/rules/0/meta",
        ),
        (
            json!({"variations": [1, 2], "ranges": [[0]]}),
            "/features/f",
        ),
        (
            json!({"parentConditions": [{}]}),
            "/features/f/rules/0/parentConditions/0",
        ),
    ] {
        let imported = convert_text(&rule(given.clone()));
        let report = &imported.report[0];
        assert_eq!(report.verdict, Verdict::Refused, "{given}");
        assert_eq!(report.notes[0].pointer, pointer, "{given}");
        assert!(imported.document["flags"].get("f").is_none());
        assert_eq!(imported.report[1].verdict, Verdict::Exact);
    }
    let mut options = Options::default();
    options.approximate.insert("f".to_owned());
    let given = rule(json!({"force": 2, "condition": {"a": {"x": 1, "y": 2}}}));
    let imported = convert(Vendor::GrowthBook, &options, &given.to_string()).unwrap();
    assert_eq!(imported.report[0].verdict, Verdict::Remarks);
}

#[test]
fn a_feature_waits_for_its_parents_and_falls_with_them() {
    let child = |parent: &str| json!({"defaultValue": true, "rules": [{"force": false}, {"parentConditions": [{"id": parent}]}]});
    let imported = convert_text(&json!({"features": {
        "a": child("b"), "b": child("a"), "c": child("b"),
        "d": {"rules": [{"parentConditions": [{"id": "e"}], "force": 1}]},
        "e": {"rules": [{"force": 1, "condition": {"$and": 1}}]},
    }}));
    let refused = imported
        .report
        .iter()
        .filter(|report| report.verdict == Verdict::Refused);
    let refused: Vec<_> = refused.map(|report| report.flag.as_str()).collect();
    assert_eq!(refused, ["a", "b", "c", "d", "e"]);
}

#[test]
fn a_feature_that_serves_no_value_is_taken_over() {
    let imported = convert_text(&json!({"features": {
        "f": {"rules": [{"variations": ["only"]}, {"force": "never", "coverage": 0}]},
    }}));
    assert_eq!(imported.report[0].verdict, Verdict::Exact);
    assert_eq!(imported.document["flags"]["f"]["serve"], Json::Null);
}

#[test]
fn a_file_of_another_kind_is_not_converted_at_all() {
    for (text, expected) in [
        ("[]", "features"),
        ("{\"features\": []}", "expected an object"),
        ("{\"encryptedFeatures\": \"x\"}", "encrypted"),
        ("{\"features\": {\"a\": {}, \"a\": {}}}", "twice"),
        ("{\"features\": {", "EOF"),
    ] {
        let error = convert(Vendor::GrowthBook, &Options::default(), text).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
