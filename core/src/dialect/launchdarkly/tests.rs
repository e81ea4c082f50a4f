use super::*;

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn context(json: &str) -> Context {
    Context::from_json(json).unwrap()
}

fn bucket(parameters: &str, of: &str) -> Option<f64> {
    let Value::Object(members) = value(parameters) else {
        panic!("not an object");
    };
    let bucket = Bucket::compile(&members, "contextKind", true).unwrap();
    bucket.of(&context(of))
}

#[track_caller]
fn assert_bucket(parameters: &str, of: &str, expected: f64) {
    let found = bucket(parameters, of).unwrap();
    assert!((found - expected).abs() < 1e-7, "{found}");
}

#[test]
fn buckets_are_those_of_the_published_sdks() {
    let by_key = r#"{"key": "hashKey", "salt": "saltyA"}"#;
    for (key, expected) in [
        ("userKeyA", 0.421_575_87),
        ("userKeyB", 0.670_848_50),
        ("userKeyC", 0.103_431_06),
    ] {
        for of in [
            format!(r#"{{"kind": "user", "key": "{key}"}}"#),
            format!(r#"{{"targetingKey": "{key}"}}"#),
            format!(r#"{{"key": "{key}"}}"#),
            format!(r#"{{"kind": "multi", "user": {{"key": "{key}"}}, "org": {{"key": "o"}}}}"#),
        ] {
            assert_bucket(by_key, &of, expected);
        }
    }
    for (key, expected) in [
        ("userKeyA", 0.098_012_07),
        ("userKeyB", 0.144_837_77),
        ("userKeyC", 0.924_264_09),
    ] {
        let of = format!(r#"{{"kind": "user", "key": "{key}"}}"#);
        assert_bucket(
            r#"{"key": "hashKey", "salt": "saltyA", "seed": 61}"#,
            &of,
            expected,
        );
    }
}

#[test]
fn a_whole_number_is_hashed_as_its_digits_and_anything_else_has_the_bucket_0() {
    let by_attribute = r#"{"key": "hashKey", "salt": "saltyA", "bucketBy": "n"}"#;
    let of = |value: &str| format!(r#"{{"kind": "user", "key": "u", "n": {value}}}"#);
    assert_bucket(by_attribute, &of("33333"), 0.547_714_23);
    assert_bucket(by_attribute, &of("\"33333\""), 0.547_714_23);
    assert_bucket(by_attribute, &of("99999"), 0.730_965_80);
    for other in ["1.5", "true", "null", "[33333]", "{}"] {
        assert_eq!(bucket(by_attribute, &of(other)), Some(0.0), "{other}");
    }
    let of_organization = r#"{"key": "k", "salt": "s", "contextKind": "organization"}"#;
    assert_eq!(bucket(of_organization, &of("1")), None);
}

#[test]
fn a_context_without_the_kind_gets_an_arm_and_does_not_take_part() {
    let parameters = value(r#"{"kind": "experiment", "contextKind": "org", "seed": 1}"#);
    let rollout = choice(&parameters, &[0.0, 40_000.0, 60_000.0]).unwrap();
    let chosen = |of: &str| rollout.choose(&context(of), Timestamp::from_millis(0));
    assert_eq!(
        chosen(r#"{"kind": "user", "key": "u"}"#),
        Chosen::Outside(1)
    );
    let taking_part = chosen(r#"{"kind": "org", "key": "u"}"#);
    assert!(matches!(taking_part, Chosen::Arm(_)), "{taking_part:?}");
}

#[test]
fn the_last_arm_has_what_the_weights_leave() {
    let rollout = choice(&value("{}"), &[0.0, 0.0]).unwrap();
    let chosen = rollout.choose(
        &context(r#"{"targetingKey": "u"}"#),
        Timestamp::from_millis(0),
    );
    assert_eq!(chosen, Chosen::Arm(1));
}

#[test]
fn contexts_are_refused_as_launchdarkly_refuses_them() {
    for of in [
        r#"{"kind": "user", "key": "u", "name": null, "_meta": {"privateAttributes": ["a"]}}"#,
        r#"{"kind": "multi", "org": {"key": "o"}}"#,
        r#"{"key": ""}"#,
        r#"{"key": "u", "anonymous": null, "custom": {"a": 1}}"#,
        r#"{"targetingKey": "u", "name": 3}"#,
        r#"{"organization": {"key": 7}}"#,
        r#"{"kind": "org", "targetingKey": "o"}"#,
    ] {
        assert!(is_valid(&context(of)), "{of}");
    }
    for of in [
        "{}",
        r#"{"kind": "user"}"#,
        r#"{"kind": "user", "key": ""}"#,
        r#"{"kind": "user", "key": 5}"#,
        r#"{"kind": "", "key": "u"}"#,
        r#"{"kind": "kind", "key": "u"}"#,
        r#"{"kind": "ørg", "key": "u"}"#,
        r#"{"kind": "user", "key": "u", "name": 3}"#,
        r#"{"kind": "user", "key": "u", "anonymous": "yes"}"#,
        r#"{"kind": "user", "key": "u", "anonymous": null}"#,
        r#"{"kind": "user", "key": "u", "_meta": 3}"#,
        r#"{"kind": 3, "key": "u"}"#,
        r#"{"kind": "multi"}"#,
        r#"{"kind": "multi", "org": {"key": "o"}, "user": 3}"#,
        r#"{"kind": "multi", "org": {"key": "o"}, "user": {"key": ""}}"#,
        r#"{"kind": "multi", "kind/2": {"key": "o"}}"#,
        r#"{"key": "u", "email": 3}"#,
        r#"{"organization": {"key": ""}}"#,
    ] {
        assert!(!is_valid(&context(of)), "{of}");
    }
}
