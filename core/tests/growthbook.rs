//! GrowthBook's conditions and splits, in documents

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::{Context, Snapshot, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(0);

fn snapshot(members: &str) -> Snapshot {
    let document = format!(
        r#"{{"schemaVersion": 1, "flags": {{"f": {{"needs": 2, "type": "string", "enabled": true, "offVariant": null,
            "variants": {{"a": "A", "b": "B", "c": "C"}}, {members}}}}}}}"#
    );
    Snapshot::from_json(&document).unwrap()
}

fn variant(snapshot: &Snapshot, of: &str) -> Option<String> {
    let context = Context::from_json(of).unwrap();
    let outcome = snapshot.evaluate("f", None, &context, NOW);
    outcome.variant.map(str::to_owned)
}

fn with_condition(expression: &str) -> Snapshot {
    snapshot(&format!(
        r#""serve": null, "rules": [{{"when": {{"dialect": "growthbook", "expression": {expression}}}, "serve": "a"}}]"#
    ))
}

/// Asserts for which of the contexts a condition holds
#[track_caller]
fn assert_holds(expression: &str, contexts: &[(&str, bool)]) {
    let snapshot = with_condition(expression);
    assert_eq!(snapshot.issues(), [], "{expression}");
    for (of, expected) in contexts {
        let holds = variant(&snapshot, of).is_some();
        assert_eq!(holds, *expected, "{expression} {of}");
    }
}

/// The variant that a split serves
fn split(parameters: &str, arms: &str, of: &str) -> Option<String> {
    let snapshot = snapshot(&format!(
        r#""serve": {{"algorithm": "growthbook", "parameters": {parameters}, "arms": [{arms}]}}"#
    ));
    assert_eq!(snapshot.issues(), [], "{parameters}");
    variant(&snapshot, of)
}

const HALVES: &str = r#"{"variant": "a", "weight": 0.5}, {"variant": "b", "weight": 0.5}"#;
const WHOLE: &str = r#"{"variant": "a", "weight": 1}"#;

// pins GB-1
#[test]
fn conditions_are_those_of_growthbook() {
    assert_holds(
        r#"{"a": 1, "$or": []}"#,
        &[(r#"{"a": 1}"#, true), ("{}", false)],
    );
    assert_holds(
        r#"{"$nor": [{"a": 1}, {"b": 1}]}"#,
        &[("{}", true), (r#"{"b": 1}"#, false)],
    );
    assert_holds(
        r#"{"$not": {"$and": [{"a": 1}]}}"#,
        &[("{}", true), (r#"{"a": 1}"#, false)],
    );
    assert_holds(
        r#"{"a.1.b": 2}"#,
        &[
            (r#"{"a": [0, {"b": 2}]}"#, true),
            (r#"{"a": [{"b": 2}]}"#, false),
        ],
    );
    assert_holds(
        r#"{"a.length": 2}"#,
        &[(r#"{"a": [0, 0]}"#, true), (r#"{"a": "xx"}"#, false)],
    );
    assert_holds(
        r#"{"a": {"$inGroup": [1]}}"#,
        &[(r#"{"a": 1}"#, true), (r#"{"a": "1"}"#, false)],
    );
    assert_holds(
        r#"{"a": {"$notInGroup": [1]}}"#,
        &[(r#"{"a": 1}"#, false), ("{}", true)],
    );
    for refused in [
        r#"{"$or": 1}"#,
        r#"{"a.toString": 1}"#,
        r#"{"a": {"$inGroup": "g"}}"#,
        "[]",
    ] {
        assert_eq!(with_condition(refused).issues().len(), 1, "{refused}");
    }
}

// pins GB-2
#[test]
fn values_are_equal_as_in_javascript() {
    assert_holds(
        r#"{"a": "1,2"}"#,
        &[(r#"{"a": [1, 2]}"#, true), (r#"{"a": [1]}"#, false)],
    );
    assert_holds(r#"{"a": "null"}"#, &[("{}", true), (r#"{"a": ""}"#, false)]);
    assert_holds(
        r#"{"a": 0}"#,
        &[
            ("{}", true),
            (r#"{"a": " "}"#, true),
            (r#"{"a": "x"}"#, false),
        ],
    );
    assert_holds(
        r#"{"a": true}"#,
        &[
            (r#"{"a": "false"}"#, true),
            (r#"{"a": 0}"#, false),
            ("{}", false),
        ],
    );
    assert_holds(
        r#"{"a": null}"#,
        &[("{}", true), (r#"{"a": false}"#, false)],
    );
    assert_holds(
        r#"{"a": [1, {"b": 2}]}"#,
        &[(r#"{"a": [1, {"b": 2}]}"#, true), (r#"{"a": [1]}"#, false)],
    );
    assert_holds(
        r#"{"a": {"$gt": "\ud800\udc00"}}"#,
        &[("{\"a\": \"\u{ffff}\"}", true), (r#"{"a": "z"}"#, false)],
    );
}

// pins GB-3
#[test]
fn operators_compare_without_conversion_or_as_javascript() {
    assert_holds(
        r#"{"a": {"$eq": 5}}"#,
        &[(r#"{"a": 5.0}"#, true), (r#"{"a": "5"}"#, false)],
    );
    assert_holds(r#"{"a": {"$ne": [1]}}"#, &[(r#"{"a": [1]}"#, true)]);
    assert_holds(
        r#"{"a": {"$in": ["x", null]}}"#,
        &[
            (r#"{"a": ["y", "x"]}"#, true),
            ("{}", true),
            (r#"{"a": []}"#, false),
        ],
    );
    assert_holds(
        r#"{"a": {"$nini": ["X"]}}"#,
        &[(r#"{"a": "x"}"#, false), (r#"{"a": "y"}"#, true)],
    );
    assert_holds(
        r#"{"a": {"$gte": "5", "$lt": 10}}"#,
        &[(r#"{"a": 5}"#, true), (r#"{"a": "x"}"#, false)],
    );
    assert_holds(
        r#"{"a": {"$alli": ["X", 1]}}"#,
        &[(r#"{"a": ["x", "1"]}"#, true), (r#"{"a": "x"}"#, false)],
    );
    assert_holds(
        r#"{"a": {"$elemMatch": {"$lt": 1}}}"#,
        &[(r#"{"a": [0]}"#, false), (r#"{"a": [-1]}"#, true)],
    );
    assert_holds(
        r#"{"a": {"$size": {"$gt": 1}}}"#,
        &[(r#"{"a": [1, 2]}"#, true), (r#"{"a": "ab"}"#, false)],
    );
    assert_holds(
        r#"{"a": {"$exists": true, "$type": "array"}}"#,
        &[(r#"{"a": []}"#, true), ("{}", false)],
    );
    assert_holds(r#"{"a": {"$regx": "x"}}"#, &[(r#"{"a": "x"}"#, false)]);
}

// pins GB-4
#[test]
fn versions_are_texts_of_padded_numbers() {
    assert_holds(
        r#"{"v": {"$vgt": "1.9.0"}}"#,
        &[
            (r#"{"v": "v1.10.0+b"}"#, true),
            (r#"{"v": "1.9.0-rc"}"#, false),
            ("{}", false),
        ],
    );
    assert_holds(
        r#"{"v": {"$veq": "1.2.3"}}"#,
        &[(r#"{"v": "1-2-3"}"#, true), (r#"{"v": "1.2"}"#, false)],
    );
    assert_holds(
        r#"{"v": {"$vlte": 2}}"#,
        &[
            (r#"{"v": 2}"#, true),
            ("{}", true),
            (r#"{"v": true}"#, true),
        ],
    );
}

// pins GB-5
#[test]
fn expressions_are_searched_as_in_javascript() {
    assert_holds(
        r#"{"a": {"$regex": "^..$"}}"#,
        &[("{\"a\": \"😀\"}", true), (r#"{"a": "x"}"#, false)],
    );
    assert_holds(
        r#"{"a": {"$regexi": "É|\\s"}}"#,
        &[("{\"a\": \"é\"}", true), ("{\"a\": \"\u{a0}\"}", true)],
    );
    assert_holds(
        r#"{"a": {"$regex": "/???***[)"}}"#,
        &[(r#"{"a": "/"}"#, false)],
    );
    assert_eq!(
        with_condition(r#"{"a": {"$regex": "(?=x)"}}"#)
            .issues()
            .len(),
        1
    );
}

// pins GB-6
#[test]
fn a_value_is_hashed_as_the_sdk_does() {
    for (parameters, of, expected) in [
        // 0.178 and 0.863 of the first version.
        (r#"{"seed": "feature"}"#, r#"{"id": 456}"#, Some("a")),
        (r#"{"seed": "feature"}"#, r#"{"id": "123"}"#, Some("b")),
        // 0.2696 of the second, and none of a third.
        (
            r#"{"seed": "seed", "hashVersion": 2, "hashAttribute": "u.id"}"#,
            r#"{"u": {"id": "b"}}"#,
            Some("a"),
        ),
        (
            r#"{"seed": "feature", "hashVersion": 3}"#,
            r#"{"id": "123"}"#,
            None,
        ),
        (r#"{"seed": "feature"}"#, r#"{"id": 0}"#, None),
        (
            r#"{"seed": "feature", "fallbackAttribute": "anonymous"}"#,
            r#"{"anonymous": "123", "id": ""}"#,
            Some("b"),
        ),
    ] {
        assert_eq!(
            split(parameters, HALVES, of).as_deref(),
            expected,
            "{parameters} {of}"
        );
    }
}

// pins GB-7
#[test]
fn filters_and_rollouts_admit_a_part() {
    let of = r#"{"id": "456"}"#;
    for (parameters, expected) in [
        (
            r#"{"seed": "feature", "rollout": {"coverage": 0.178}}"#,
            Some("a"),
        ),
        (
            r#"{"seed": "feature", "rollout": {"coverage": 0.177}}"#,
            None,
        ),
        (r#"{"seed": "feature", "rollout": {"coverage": 0}}"#, None),
        (
            r#"{"seed": "feature", "rollout": {"range": [0, 0.178]}}"#,
            None,
        ),
        (
            r#"{"seed": "feature", "rollout": {"range": [0.178, 1]}}"#,
            Some("a"),
        ),
        (
            r#"{"rollout": {}, "filters": [{"seed": "x", "ranges": [[0, 1]]}]}"#,
            Some("a"),
        ),
        (
            r#"{"rollout": {}, "filters": [{"seed": "x", "ranges": [[0, 1]]}, {"seed": "x", "ranges": []}]}"#,
            None,
        ),
    ] {
        assert_eq!(
            split(parameters, WHOLE, of).as_deref(),
            expected,
            "{parameters}"
        );
    }
}

// pins GB-8
#[test]
fn arms_have_ranges_of_the_number() {
    let of = r#"{"id": "456", "plan": "pro"}"#;
    for (parameters, expected) in [
        (r#"{"seed": "feature"}"#, Some("a")),
        (r#"{"seed": "feature", "coverage": 0.3}"#, None),
        (
            r#"{"seed": "feature", "ranges": [[0.5, 1], [0, 0.5]]}"#,
            Some("b"),
        ),
        (r#"{"seed": "feature", "namespace": ["n", 0, 0]}"#, None),
        (
            r#"{"seed": "feature", "contexts": [{"condition": {"plan": "pro"}, "weights": [0, 1]}]}"#,
            Some("b"),
        ),
        (
            r#"{"seed": "feature", "contexts": [{"condition": {}, "weights": [0.2, 0.2]}]}"#,
            Some("a"),
        ),
        (r#"{"seed": "feature", "passthrough": [0]}"#, None),
        (r#"{"seed": "feature", "force": 1}"#, Some("b")),
        (r#"{"seed": "feature", "force": 7}"#, None),
        (r#"{"coverage": 0, "forced": 1}"#, Some("b")),
    ] {
        assert_eq!(
            split(parameters, HALVES, of).as_deref(),
            expected,
            "{parameters}"
        );
    }
    assert_eq!(split("{}", WHOLE, of), None);
}

// pins GB-9
#[test]
fn sticky_buckets_pass_by_namespace_and_condition() {
    let split_of = |sticky: &str, stored: &str| {
        let parameters = format!(
            r#"{{"seed": "feature", "namespace": ["n", 0, 0], "condition": {{"a": 1}}, "fallbackAttribute": "device",
                "sticky": {{"experiment": "e", "keys": ["x", "y"]{sticky}}}}}"#
        );
        let of =
            format!(r#"{{"id": "456", "device": 5, "stickyBucketAssignmentDocs": {{{stored}}}}}"#);
        split(&parameters, HALVES, &of)
    };
    let own = r#""id||456": {"assignments": {"e__0": "y"}}"#;
    let fallback = r#""device||5": {"assignments": {"e__0": "x", "e__1": "x"}}"#;
    assert_eq!(split_of("", ""), None);
    assert_eq!(split_of("", own).as_deref(), Some("b"));
    assert_eq!(split_of("", fallback).as_deref(), Some("a"));
    assert_eq!(
        split_of("", &[own, fallback].join(", ")).as_deref(),
        Some("b")
    );
    assert_eq!(split_of(r#", "bucketVersion": 1"#, own), None);
    assert_eq!(
        split_of(r#", "bucketVersion": 1, "minBucketVersion": 1"#, fallback),
        None
    );
}
