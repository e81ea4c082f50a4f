//! LaunchDarkly's clauses, shares and rollouts, in documents

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::{Context, ErrorCode, Snapshot, Timestamp};

#[path = "support/conditions.rs"]
mod conditions;

use conditions::evaluate;

fn holds(expression: &str, of: &str) -> bool {
    conditions::holds("launchdarkly", expression, of)
}

fn is_refused(expression: &str) -> bool {
    conditions::is_refused("launchdarkly", expression)
}

// pins LD-1
#[test]
fn a_condition_is_a_clause_or_a_share() {
    let of = r#"{"kind": "multi", "user": {"key": "u"}, "org": {"key": "o", "plan": "pro"}}"#;
    assert!(holds(
        r#"{"attribute": "plan", "op": "in", "values": ["free", "pro"], "contextKind": "org"}"#,
        of
    ));
    assert!(!holds(
        r#"{"attribute": "plan", "op": "in", "values": ["pro"]}"#,
        of
    ));
    assert!(holds(
        r#"{"key": "s", "salt": "salty", "weight": 100000}"#,
        of
    ));
    for refused in [
        "3",
        "{}",
        r#"{"attribute": "", "op": "segmentMatch", "values": ["s"]}"#,
        r#"{"attribute": "a", "op": "in", "values": "x"}"#,
        r#"{"attribute": "a", "op": "in", "values": [], "unknown": 1}"#,
        r#"{"attribute": "a", "op": "in", "values": [], "negate": "yes"}"#,
        r#"{"attribute": "a", "op": "matches", "values": ["(?=a)"]}"#,
        r#"{"key": "s", "weight": "all"}"#,
    ] {
        assert!(is_refused(refused), "{refused}");
    }
}

// pins LD-2
#[test]
fn contexts_are_of_theirs_or_of_ours() {
    let clause = |kind: &str| {
        format!(
            r#"{{"attribute": "plan", "op": "in", "values": ["pro"], "contextKind": "{kind}"}}"#
        )
    };
    for (kind, of) in [
        ("user", r#"{"kind": "user", "key": "u", "plan": "pro"}"#),
        (
            "org",
            r#"{"kind": "org", "targetingKey": "o", "plan": "pro"}"#,
        ),
        (
            "org",
            r#"{"kind": "multi", "org": {"key": "o", "plan": "pro"}}"#,
        ),
        ("user", r#"{"key": "u", "custom": {"plan": "pro"}}"#),
        ("user", r#"{"targetingKey": "u", "plan": "pro"}"#),
        (
            "org",
            r#"{"targetingKey": "u", "org": {"key": 7, "plan": "pro"}}"#,
        ),
    ] {
        assert!(holds(&clause(kind), of), "{of}");
        let other = if kind == "user" { "org" } else { "user" };
        assert!(!holds(&clause(other), of), "{of}");
    }
}

// pins LD-4
#[test]
fn a_negated_clause_on_a_missing_attribute_is_false() {
    let clause =
        r#"{"attribute": "email", "op": "endsWith", "values": ["@a.com"], "negate": true}"#;
    assert!(!holds(clause, r#"{"kind": "user", "key": "u"}"#));
    assert!(!holds(
        clause,
        r#"{"kind": "org", "key": "u", "email": "x"}"#
    ));
    assert!(!holds(
        clause,
        r#"{"kind": "user", "key": "u", "email": null}"#
    ));
    assert!(holds(
        clause,
        r#"{"kind": "user", "key": "u", "email": "x"}"#
    ));
    let kind = r#"{"attribute": "kind", "op": "in", "values": ["org"], "negate": true}"#;
    assert!(holds(kind, r#"{"kind": "user", "key": "u"}"#));
    assert!(!holds(
        kind,
        r#"{"kind": "multi", "user": {"key": "u"}, "org": {"key": "o"}}"#
    ));
}

// pins LD-3
#[test]
fn a_reference_is_a_path_only_beside_a_kind() {
    let of = r#"{"kind": "user", "key": "u", "address": {"city": "Oslo", "a/b": 1}, "/address/city": "literal"}"#;
    let clause = |kind: &str, attribute: &str, value: &str| {
        format!(r#"{{{kind} "attribute": "{attribute}", "op": "in", "values": [{value}]}}"#)
    };
    let of_user = r#""contextKind": "user","#;
    assert!(holds(&clause(of_user, "/address/city", "\"Oslo\""), of));
    assert!(holds(&clause("", "/address/city", "\"literal\""), of));
    assert!(holds(&clause(of_user, "/address/a~1b", "1"), of));
    for bad in ["/address//city", "/address/", "/", "/a~2", "/a~"] {
        assert!(is_refused(&clause(of_user, bad, "1")), "{bad}");
        assert!(!is_refused(&clause("", bad, "1")), "{bad}");
    }
}

// pins LD-5
#[test]
fn versions_may_leave_out_numbers_and_instants_have_microseconds() {
    let holds = |op: &str, literal: &str, attribute: &str| {
        let clause = format!(r#"{{"attribute": "v", "op": "{op}", "values": [{literal}]}}"#);
        holds(
            &clause,
            &format!(r#"{{"kind": "user", "key": "u", "v": {attribute}}}"#),
        )
    };
    assert!(holds("semVerEqual", "\"2\"", "\"2.0.0+build\""));
    assert!(holds("semVerEqual", "\"2.0-rc.1\"", "\"2-rc.1\""));
    assert!(holds("semVerLessThan", "\"2.0.0\"", "\"2-beta\""));
    for bad in ["v2", "02", "2.0.0-01", "2.0.0.0", "", "2."] {
        assert!(
            !holds("semVerEqual", "\"2.0.0\"", &format!("\"{bad}\"")),
            "{bad}"
        );
    }
    assert!(holds(
        "before",
        "\"2020-01-01T00:00:00.000002Z\"",
        "\"2020-01-01T00:00:00.000001Z\""
    ));
    assert!(holds("after", "0.5", "1"));
    assert!(!holds("after", "\"1970-01-01T00:00:00Z\"", "\"1\""));
    assert!(!holds("before", "\"1970-01-02T00:00:00z\"", "1"));
}

fn flag(serve: &str) -> Snapshot {
    let document = format!(
        r#"{{"schemaVersion": 1, "flags": {{"f": {{"needs": 2, "type": "string", "enabled": true, "offVariant": null,
            "variants": {{"a": "A", "b": "B"}}, "serve": {serve}}}}}}}"#
    );
    let snapshot = Snapshot::from_json(&document).unwrap();
    assert_eq!(snapshot.issues(), []);
    snapshot
}

// pins LD-6
// pins LD-7
#[test]
fn a_rollout_goes_by_the_bucket() {
    let weighted = |parameters: &str, first: u32| {
        let rest = 100_000 - first;
        flag(&format!(
            r#"{{"algorithm": "launchdarkly", "parameters": {{"key": "hashKey", "salt": "saltyA"{parameters}}},
                "experiment": {{"key": "e"}}, "arms": [{{"variant": "a", "weight": {first}}}, {{"variant": "b", "weight": {rest}}}]}}"#
        ))
    };
    // Their buckets are 0.42157587, and 0.09801207 with the seed 61.
    let of = r#"{"kind": "user", "key": "userKeyA", "n": 33333}"#;
    for (parameters, edge) in [
        ("", 42_157),
        (r#", "seed": 61"#, 9_801),
        (r#", "bucketBy": "n""#, 54_771),
    ] {
        let variant = |first: u32| evaluate(&weighted(parameters, first), of);
        assert_eq!(variant(edge).as_deref(), Some("b"), "{parameters}");
        assert_eq!(variant(edge + 1).as_deref(), Some("a"), "{parameters}");
    }
    let by_key = r#", "kind": "experiment", "bucketBy": "n""#;
    assert_eq!(
        evaluate(&weighted(by_key, 42_158), of).as_deref(),
        Some("a")
    );
    let takes_part = |parameters: &str| {
        let snapshot = weighted(parameters, 42_158);
        let context = Context::from_json(of).unwrap();
        snapshot
            .evaluate("f", None, &context, Timestamp::from_millis(0))
            .in_experiment
    };
    assert!(takes_part(by_key));
    assert!(!takes_part(
        r#", "kind": "experiment", "contextKind": "org""#
    ));
    assert!(!takes_part(
        r#", "kind": "experiment", "untracked": [true, false]"#
    ));
    let malformed = r#"{"algorithm": "launchdarkly", "parameters": {"kind": "malformed"}, "arms": [{"variant": null, "weight": 0}]}"#;
    let context = Context::from_json(of).unwrap();
    let snapshot = flag(malformed);
    let outcome = snapshot.evaluate("f", None, &context, Timestamp::from_millis(0));
    assert_eq!(outcome.error_code().map(ErrorCode::as_str), Some("GENERAL"));
}
