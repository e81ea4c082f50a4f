//! Getters and details, of a document without a server

#![expect(
    clippy::unwrap_used,
    reason = "a document that cannot be read fails its test"
)]

use std::time::Duration;

use flagstaff::{
    Client, ClientError, Context, ErrorCode, ExpectedType, Readiness, Reason, Status, Timestamp,
    Value,
};

const DOCUMENT: &str = r#"{"schemaVersion": 1, "environment": "test", "revision": 3, "flags": {
    "bool": {"type": "boolean", "enabled": true, "salt": "s", "serve": "off", "metadata": {"team": "web", "since": 3},
             "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}]},
    "broken": {"type": "boolean", "enabled": true, "salt": "s", "serve": "no-such-variant"},
    "fraction": {"type": "number", "enabled": true, "salt": "s", "variants": {"v": 1.5}, "offVariant": "v", "serve": "v"},
    "number": {"type": "number", "enabled": true, "salt": "s", "variants": {"v": 42}, "offVariant": "v", "serve": "v"},
    "object": {"type": "object", "enabled": true, "salt": "s", "variants": {"v": {"a": [1, null]}}, "offVariant": "v", "serve": "v"},
    "off": {"type": "boolean", "enabled": false, "salt": "s", "serve": "on"},
    "string": {"type": "string", "enabled": true, "salt": "s", "variants": {"v": ""}, "offVariant": "v", "serve": "v"}
}}"#;

fn client() -> Client {
    Client::from_document(DOCUMENT).unwrap()
}

fn anybody() -> Context {
    Context::new("u1")
}

#[test]
fn each_getter_answers_its_flag() {
    let client = client();
    assert!(client.get_boolean_value("bool", false, &anybody().with("plan", "pro")));
    assert_eq!(client.get_string_value("string", "x", &anybody()), "");
    assert_eq!(client.get_integer_value("number", 1, &anybody()), 42);
    assert_eq!(client.get_integer_value("fraction", 1, &anybody()), 1);
    assert!((client.get_float_value("fraction", 0.0, &anybody()) - 1.5).abs() < f64::EPSILON);
    let object = client.get_object_value("object", &Value::Null, &anybody());
    assert_eq!(object.to_canonical(), r#"{"a":[1,null]}"#);
}

#[test]
fn details_say_why() {
    let details = client().get_boolean_details("bool", false, &anybody().with("plan", "pro"));
    assert_eq!(
        (details.value, details.variant.as_deref(), details.reason),
        (true, Some("on"), Reason::TargetingMatch)
    );
    assert!(details.enabled && details.error_code.is_none() && details.error_message().is_none());
    assert_eq!(details.flag_metadata.get("team"), Some(&Value::from("web")));
    let details = client().get_boolean_details("off", true, &anybody());
    assert_eq!(
        (details.value, details.enabled, details.reason),
        (false, false, Reason::Disabled)
    );
}

#[test]
fn an_error_answers_the_default_and_its_code() {
    let client = client();
    for (flag, expected) in [
        ("missing", ErrorCode::FlagNotFound),
        ("broken", ErrorCode::ParseError),
        ("number", ErrorCode::TypeMismatch),
    ] {
        let details = client.get_string_details(flag, "default", &anybody());
        assert_eq!(
            (&*details.value, details.error_code, details.reason),
            ("default", Some(expected), Reason::Error)
        );
        assert!(details.variant.is_none() && details.error_message().is_some());
    }
    let details = client.get_boolean_details("bool", true, &Context::from_json("[]"));
    assert_eq!(
        (details.value, details.error_code),
        (true, Some(ErrorCode::InvalidContext))
    );
}

#[test]
fn all_flags_are_evaluated_at_once_by_key() {
    let all = client().evaluate_all(&anybody());
    let keys: Vec<&str> = all.iter().map(|details| &*details.flag_key).collect();
    assert_eq!(
        keys,
        [
            "bool", "broken", "fraction", "number", "object", "off", "string"
        ]
    );
    assert_eq!(all[1].value, Value::Null);
    assert_eq!(all[3].value, Value::from(42));
}

#[test]
fn the_whole_outcome_is_one_object() {
    let outcome = client().evaluate(
        "number",
        Some(ExpectedType::Integer),
        &Value::Null,
        &anybody(),
        Timestamp::from_millis(0),
    );
    let Value::Object(members) = outcome else {
        panic!("an outcome is an object")
    };
    assert_eq!(members.get("value"), Some(&Value::from(42)));
    assert_eq!(members.get("reason"), Some(&Value::from("STATIC")));
}

#[test]
fn an_offline_client_is_ready_and_has_nothing_to_start() {
    let client = client();
    client.start();
    assert_eq!(client.ready(Duration::ZERO), Readiness::Ready);
    assert_eq!(client.status(), Status::Ready);
    client.close();
    assert_eq!(client.get_integer_value("number", 1, &anybody()), 42);
    assert_eq!(client.changes().next_timeout(Duration::ZERO), None);
}

#[test]
fn a_broken_flag_in_a_file_is_an_issue_and_takes_no_other_down() {
    let path = std::env::temp_dir().join(format!("flagstaff-offline-{}.json", std::process::id()));
    std::fs::write(&path, DOCUMENT).unwrap();
    let client = Client::from_file(&path);
    std::fs::remove_file(&path).unwrap();
    let client = client.unwrap();
    let issues = client.issues();
    assert_eq!(issues.len(), 1);
    assert_eq!(
        issues[0].to_string(),
        "/flags/broken/serve: unknown variant `no-such-variant`"
    );
    assert_eq!(client.get_integer_value("number", 1, &anybody()), 42);
}

#[test]
fn a_file_that_cannot_be_read_or_is_newer_is_an_error() {
    assert!(matches!(
        Client::from_file("/no/such/file"),
        Err(ClientError::File { .. })
    ));
    assert!(matches!(
        Client::from_document("{"),
        Err(ClientError::Document(_))
    ));
    assert!(matches!(
        Client::from_document(r#"{"schemaVersion": 2}"#),
        Err(ClientError::Document(_))
    ));
}
