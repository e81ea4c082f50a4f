//! flagd's targeting, in documents

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::{Context, ErrorCode, Snapshot, Timestamp};

fn snapshot(fractional: u32, logic: &str) -> Snapshot {
    let document = format!(
        r#"{{"schemaVersion": 1, "flags": {{"f": {{"needs": 2, "type": "string", "enabled": true, "offVariant": null,
            "variants": {{"a": "A", "b": "B", "true": "T"}}, "serve": "b", "rules": [{{"serve": {{"dialect": "flagd",
            "expression": {{"flagKey": "key", "fractional": {fractional}, "logic": {logic}}}}}}}]}}}}}}"#
    );
    Snapshot::from_json(&document).unwrap()
}

/// Variant, reason and error of a flag that targeting decides
fn told(fractional: u32, logic: &str, of: &str) -> (Option<String>, String) {
    let snapshot = snapshot(fractional, logic);
    assert_eq!(snapshot.issues(), [], "{logic}");
    let context = Context::from_json(of).unwrap();
    let outcome = snapshot.evaluate("f", None, &context, Timestamp::from_millis(5_999));
    let error = outcome.error_code().map(ErrorCode::as_str);
    let reason = error.unwrap_or_else(|| outcome.reason.as_str());
    (outcome.variant.map(str::to_owned), reason.to_owned())
}

#[track_caller]
fn assert_true(logic: &str) {
    let of = r#"{"list": [1, 2], "text": "héllo"}"#;
    let expected = (Some("true".to_owned()), "TARGETING_MATCH".to_owned());
    assert_eq!(told(2, logic, of), expected, "{logic}");
}

// pins FD-1
#[test]
fn an_expression_has_one_operator_for_each_operation() {
    for (fractional, logic) in [
        (2, r#"{"unknown": 1}"#),
        (2, r#"{"$ref": "x"}"#),
        (2, r#"{"==": [1, 1], "!=": [1, 1]}"#),
        (1, "true"),
    ] {
        assert_eq!(snapshot(fractional, logic).issues().len(), 1, "{logic}");
    }
    let document = r#"{"schemaVersion": 1, "flags": {"f": {"needs": 2, "type": "boolean", "enabled": true, "serve": "off", "rules": [
        {"when": {"dialect": "flagd", "expression": {"flagKey": "f", "fractional": 2, "logic": {"var": "a"}}}, "serve": "on"}]}}}"#;
    let snapshot = Snapshot::from_json(document).unwrap();
    for (of, expected) in [
        (r#"{"a": "0"}"#, "on"),
        (r#"{"a": []}"#, "off"),
        ("{}", "off"),
    ] {
        let context = Context::from_json(of).unwrap();
        let outcome = snapshot.evaluate("f", None, &context, Timestamp::from_millis(0));
        assert_eq!(outcome.variant, Some(expected), "{of}");
    }
}

// pins FD-2
#[test]
fn a_result_names_a_variant() {
    for (logic, variant, reason) in [
        (r#""a""#, Some("a"), "TARGETING_MATCH"),
        ("true", Some("true"), "TARGETING_MATCH"),
        ("null", Some("b"), "DEFAULT"),
        ("5", None, "GENERAL"),
    ] {
        assert_eq!(
            told(2, logic, "{}"),
            (variant.map(str::to_owned), reason.to_owned())
        );
    }
}

// pins FD-3
#[test]
fn operators_are_those_of_json_logic() {
    assert_true(r#"{"==": ["0x10", 16]}"#);
    assert_true(r#"{"===": [18, 18.0]}"#);
    assert_true(r#"{"<": [1, 2, 3]}"#);
    assert_true(r#"{"!": [[]]}"#);
    assert_true(r#"{"in": [2, {"merge": [{"var": "list"}, 3]}]}"#);
    assert_true(r#"{"==": [{"+": ["1x", 2]}, 3]}"#);
    assert_true(
        r#"{"==": [{"reduce": [{"var": "list"}, {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]}, 3]}"#,
    );
    assert_true(r#"{"!": {"in": ["x", null]}}"#);
    assert_true(
        r#"{"all": [{"map": [{"var": "list"}, {"*": [{"var": ""}, 2]}]}, {">": [{"var": ""}, 1]}]}"#,
    );
}

// pins FD-4
#[test]
fn the_flag_and_the_second_are_read_from_flagd() {
    assert_true(r#"{"==": [{"var": "$flagd.flagKey"}, "key"]}"#);
    assert_true(r#"{"===": [{"var": "$flagd.timestamp"}, 5]}"#);
    let boundary = |logic: &str| snapshot(2, logic).next_boundary(Timestamp::from_millis(5_999));
    let later = r#"{"if": [{">=": [{"var": "$flagd.timestamp"}, 7]}, "a"]}"#;
    assert_eq!(boundary(later), Some(Timestamp::from_millis(7_000)));
    let each = r#"{"cat": [{"var": "$flagd.timestamp"}]}"#;
    assert_eq!(boundary(each), Some(Timestamp::from_millis(6_000)));
    assert_eq!(boundary(r#"{"var": "a"}"#), None);
}

// pins FD-5
#[test]
fn own_operators_are_null_of_anything_else() {
    assert_true(r#"{"starts_with": [{"var": "text"}, "hé"]}"#);
    assert_true(r#"{"===": [{"ends_with": [5, "5"]}, null]}"#);
    assert_true(r#"{"sem_ver": ["v1.2", "^", "1.9.9"]}"#);
    assert_true(r#"{"sem_ver": [1, "<", "1.0.1-rc"]}"#);
    assert_true(r#"{"!": {"sem_ver": ["1.2.3", "~", "1.3.0"]}}"#);
    assert_true(r#"{"===": [{"sem_ver": ["1.2.3.4", "=", "1.2.3"]}, null]}"#);
    assert_true(r#"{"===": [{"sem_ver": ["1.2.3", "==", "1.2.3"]}, null]}"#);
}

/// The variant of a `fractional`
fn bucket(fractional: u32, arguments: &str, of: &str) -> Option<String> {
    let logic = format!(r#"{{"fractional": [{arguments}]}}"#);
    let (variant, reason) = told(fractional, &logic, of);
    variant.filter(|_| reason == "TARGETING_MATCH")
}

// pins FD-6
#[test]
fn buckets_have_whole_weights() {
    // The hashes of these texts are 0, 2^31 − 1, 2^31 and 2^32 − 1.
    for (unit, expected) in [
        ("ejOoVL", "a"),
        ("SI7p-", "a"),
        ("6LvT0", "true"),
        ("ceQdGm", "true"),
    ] {
        let arguments = format!(r#""{unit}", ["a", 1], ["true", 1]"#);
        assert_eq!(
            bucket(2, &arguments, "{}").as_deref(),
            Some(expected),
            "{unit}"
        );
        let arguments = format!(r#""{unit}", ["a", -3], ["true"]"#);
        assert_eq!(bucket(2, &arguments, "{}").as_deref(), Some("true"));
    }
    for refused in [
        r#"["a", 0.5]"#,
        r#"["a", null]"#,
        r#"["a", 0]"#,
        r#"["a", 1, 1]"#,
        r#"["a", 2147483647], ["b", 1]"#,
        "5",
    ] {
        assert_eq!(
            bucket(2, &format!(r#""u", {refused}"#), "{}"),
            None,
            "{refused}"
        );
    }
}

// pins FD-7
#[test]
fn units_are_texts_or_typed_values() {
    let buckets = r#"["a", 1], ["true", 1]"#;
    let number = format!(r#"{{"var": "n"}}, {buckets}"#);
    let jack = r#"{"targetingKey": "jack", "n": 1}"#;
    assert_eq!(bucket(2, &number, jack), None);
    assert!(bucket(3, &number, jack).is_some());
    assert_eq!(bucket(3, &number, r#"{"n": null}"#), None);
    // murmur3("keyjack") is below 2^31; the list of both as CBOR is hashed in the third version.
    for fractional in [2, 3] {
        assert!(bucket(fractional, buckets, jack).is_some());
        assert_eq!(bucket(fractional, buckets, r#"{"targetingKey": ""}"#), None);
        assert_eq!(bucket(fractional, buckets, "{}"), None);
    }
}

// pins FD-8
#[test]
fn what_grows_without_bound_is_null() {
    let list = vec!["1"; 64].join(", ");
    let logic = format!(
        r#"{{"if": [{{"reduce": [[{list}], {{"cat": [{{"var": "accumulator"}}, {{"var": "accumulator"}}]}}, "xx"]}}, "a", "a"]}}"#
    );
    assert_eq!(
        told(2, &logic, "{}"),
        (Some("b".to_owned()), "DEFAULT".to_owned())
    );
}
