use super::*;

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn context(json: &str) -> Context {
    Context::from_json(json).unwrap()
}

#[test]
fn percentages_are_those_of_the_published_engine() {
    for (id, expected) in [
        ("32103705", 83.1766),
        ("32103813", 49.2799),
        ("32103770", 46.4193),
        ("32103727", 28.7257),
        ("32103696", 38.2476),
        ("32103704", 79.0558),
        ("32103815", 25.6851),
    ] {
        let found = percentage("78986", id);
        assert!((found - expected).abs() < 1e-4, "{id}: {found}");
    }
    assert!((percentage("12345", "test_env_foobar") - 51.9904).abs() < 1e-4);
}

#[test]
fn a_percentage_of_100_is_hashed_again_with_the_ids_twice() {
    // The MD5 of `1,8931` has the remainder 9998.
    let found = percentage("1", "8931");
    assert!((found - 45.779_155_831_166_24).abs() < 1e-9, "{found}");
}

#[test]
fn variants_come_before_the_control_value_which_comes_before_no_identity() {
    let parameters = value(r#"{"key": "78986", "environment": {"key": "env"}}"#);
    let variants = choice(&parameters, &[30.0, 30.0, 0.0, 0.0]).unwrap();
    let arm = |of: &str| variants.choose(&context(of), Timestamp::from_millis(0));
    let of = |key: &str| format!(r#"{{"identity": {{"identifier": "i", "key": "{key}"}}}}"#);
    assert_eq!(arm(&of("32103815")), Chosen::Arm(0));
    assert_eq!(arm(&of("32103813")), Chosen::Arm(1));
    assert_eq!(arm(&of("32103705")), Chosen::Arm(2));
    for none in [
        "{}",
        r#"{"identity": null}"#,
        r#"{"identity": {}}"#,
        r#"{"plan": "pro"}"#,
    ] {
        assert_eq!(arm(none), Chosen::Arm(3), "{none}");
    }
    let by_identifier = arm(r#"{"identity": {"identifier": "i"}}"#);
    assert_eq!(by_identifier, arm(r#"{"targetingKey": "i"}"#));
    assert_eq!(by_identifier, arm(&of("env_i")));
}

#[test]
fn numbers_are_written_as_python_writes_them() {
    for (text, expected) in [
        ("1.50", "1.5"),
        ("5.0", "5.0"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("1234567890123456.5", "1234567890123456.5"),
        ("12345678901234567.5", "1.2345678901234568e+16"),
        ("-0.0", "-0.0"),
        ("100.0", "100.0"),
    ] {
        let value = Trait::from_text(text);
        assert_eq!(value.as_text().as_deref(), Some(expected), "{text}");
    }
}
