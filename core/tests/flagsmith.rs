//! Flagsmith's conditions and percentages, in documents

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::Snapshot;

#[path = "support/conditions.rs"]
mod conditions;

use conditions::evaluate;

fn holds(expression: &str, of: &str) -> bool {
    conditions::holds("flagsmith", expression, of)
}

fn is_refused(expression: &str) -> bool {
    conditions::is_refused("flagsmith", expression)
}

/// Whether a condition holds for a trait
#[track_caller]
fn assert_holds(operator: &str, literal: &str, value: &str, expected: bool) {
    let expression =
        format!(r#"{{"property": "p", "operator": "{operator}", "value": "{literal}"}}"#);
    let theirs = format!(r#"{{"identity": {{"identifier": "i", "traits": {{"p": {value}}}}}}}"#);
    assert_eq!(holds(&expression, &theirs), expected, "{value}");
    let own = format!(r#"{{"targetingKey": "i", "p": {value}}}"#);
    assert_eq!(holds(&expression, &own), expected, "{value}");
}

// pins FS-1
// pins FS-3
// pins FS-4
#[test]
fn a_literal_is_read_as_the_type_of_the_trait() {
    for (literal, value, expected) in [
        ("5", "5", true),
        ("5", "\"5\"", true),
        ("5", "\"05\"", true),
        (" 5_0 ", "50", true),
        ("5.0", "5", false),
        ("5.0", "\"5.0\"", true),
        ("5.50", "5.5", true),
        ("12345678901234567891", "\"12345678901234567890\"", false),
        ("true", "true", true),
        ("anything", "true", true),
        ("False", "false", true),
        ("false", "true", false),
        ("a", "\"a\"", true),
        ("A", "\"a\"", false),
        ("1.2.3:semver", "\"1.2.3+build\"", true),
        ("1.2.3:semver", "\"1.2\"", false),
        ("1.2.3", "\"1.2.3\"", true),
        ("a", "null", false),
        ("a", "[\"a\"]", false),
    ] {
        assert_holds("EQUAL", literal, value, expected);
    }
    // What cannot be read is neither equal nor unequal.
    assert_holds("NOT_EQUAL", "5.5", "5", false);
    assert_holds("NOT_EQUAL", "6", "5", true);
    assert_holds("NOT_EQUAL", "x:semver", "\"1.2.3\"", false);
    assert_holds("GREATER_THAN", "1.9.9:semver", "\"1.10.0\"", true);
    assert_holds("GREATER_THAN", "10", "\"9a\"", true);
    assert_holds("LESS_THAN_INCLUSIVE", "-7", "-7", true);
    assert_holds("LESS_THAN", "1e3", "999.5", true);
}

// pins FS-5
#[test]
fn operators_on_text_lists_and_remainders() {
    assert_holds("CONTAINS", "b", "\"abc\"", true);
    assert_holds("CONTAINS", "1", "123", false);
    assert_holds("NOT_CONTAINS", "x", "\"abc\"", true);
    assert_holds("NOT_CONTAINS", "x", "123", false);
    assert_holds("IN", "1,2,three", "2", true);
    assert_holds("IN", "1,2,three", "\"02\"", true);
    assert_holds("IN", "1,2,three", "\" three\"", false);
    assert_holds("IN", "1,True", "true", false);
    assert_holds("IN", "[\\\"a,b\\\", 1.0]", "\"a,b\"", true);
    assert_holds("IN", "[1, 2]", "1", true);
    assert_holds("IN", "[1.0]", "1", false);
    assert_holds("IN", "[a", "\"[a\"", true);
    assert_holds("MODULO", "4|1", "5", true);
    assert_holds("MODULO", "4|3", "-1", true);
    assert_holds("MODULO", "2|1", "true", true);
    assert_holds("MODULO", "0|0", "4", false);
    assert_holds("MODULO", "4", "4", false);
    assert_holds("MODULO", "2.5|0", "\"5.0\"", true);
    assert_holds("IS_SET", "", "false", true);
    assert_holds("IS_SET", "", "null", false);
    assert_holds("IS_NOT_SET", "", "null", true);
    assert_holds("NO_SUCH_OPERATOR", "", "1", false);
}

// pins FS-2
#[test]
fn properties_are_names_or_paths() {
    let of =
        r#"{"identity": {"identifier": "i", "traits": {"a b": "x", "$.environment.name": "y"}}}"#;
    let with = |property: &str, literal: &str| {
        let environment = r#"{"key": "env", "name": "Production"}"#;
        let expression = format!(
            r#"{{"property": "{property}", "operator": "EQUAL", "value": "{literal}", "environment": {environment}}}"#
        );
        holds(&expression, of)
    };
    assert!(with("a b", "x"));
    assert!(with("$.identity.traits['a b']", "x"));
    assert!(with("$.identity.traits[ \\\"a b\\\" ]", "x"));
    assert!(with("$.identity.identifier", "i"));
    assert!(with("$.identity.key", "env_i"));
    assert!(with("$.environment.key", "env"));
    // A trait of that very name comes first.
    assert!(with("$.environment.name", "y"));
    assert!(!with("$.identity.traits.a b", "x"));
    assert!(!with("$.identity", "x"));
    for refused in [
        "$.features.x.enabled",
        "$.identity.traits.*",
        "$..key",
        "$.identity[0]",
    ] {
        let expression = format!(r#"{{"property": "{refused}", "operator": "IS_SET"}}"#);
        assert!(is_refused(&expression), "{refused}");
    }
}

// pins FS-6
#[test]
fn a_split_hashes_the_key_or_the_property() {
    let split = |property: &str, threshold: &str| {
        format!(
            r#"{{"property": "{property}", "operator": "PERCENTAGE_SPLIT", "value": "{threshold}", "segment": "12345", "environment": {{"key": "test_env"}}}}"#
        )
    };
    let of = r#"{"identity": {"identifier": "foobar"}}"#;
    assert!(holds(&split("", "55"), of));
    assert!(!holds(&split("", "51"), of));
    assert!(holds(&split("$.identity.key", "55"), of));
    assert!(!holds(&split("", "nothing"), of));
    assert!(!holds(&split("", "100"), "{}"));
    assert!(!holds(&split("missing", "100"), of));
}

// pins FS-7
#[test]
fn variants_come_before_the_control_value_which_comes_before_no_identity() {
    let document = r#"{"schemaVersion": 1, "flags": {"f": {"needs": 2, "type": "string", "enabled": true, "offVariant": null,
        "variants": {"bar": "1", "baz": "2", "control": "3", "none": "4"},
        "serve": {"algorithm": "flagsmith", "parameters": {"key": "78986", "environment": {"key": "env"}}, "arms": [
            {"variant": "bar", "weight": 30}, {"variant": "baz", "weight": 30}, {"variant": "control", "weight": 0}, {"variant": "none", "weight": 0}]}}}}"#;
    let snapshot = Snapshot::from_json(document).unwrap();
    assert_eq!(snapshot.issues(), []);
    for (key, expected) in [
        ("32103815", "bar"),
        ("32103813", "baz"),
        ("32103705", "control"),
    ] {
        let of = format!(r#"{{"identity": {{"identifier": "i", "key": "{key}"}}}}"#);
        assert_eq!(evaluate(&snapshot, &of).as_deref(), Some(expected));
    }
    assert_eq!(evaluate(&snapshot, "{}").as_deref(), Some("none"));
}
