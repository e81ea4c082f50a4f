//! Contexts that name their user by another word than `targetingKey`

#![expect(
    clippy::unwrap_used,
    reason = "a document that cannot be read fails its test"
)]

use std::sync::Mutex;

use flagstaff::{Client, Context, ExpectedType};
use log::{LevelFilter, Log, Metadata, Record};

const DOCUMENT: &str = r#"{"schemaVersion": 1, "flags": {
    "all": {"type": "boolean", "enabled": true, "salt": "s", "serve": {"variant": "on", "rollout": 99.999}},
    "one": {"type": "boolean", "enabled": true, "salt": "s", "serve": "off", "overrides": {"user": {"17": "include"}}}
}}"#;

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Memory;

impl Log for Memory {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        WARNINGS.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

fn warnings() -> Vec<String> {
    std::mem::take(&mut *WARNINGS.lock().unwrap())
}

fn client() -> flagstaff::ClientBuilder {
    Client::builder("http://127.0.0.1:1", "key").bootstrap(DOCUMENT)
}

/// One test, since a process has one log
#[test]
fn a_client_hints_once_and_can_be_told_the_attribute() {
    log::set_logger(&Memory).unwrap();
    log::set_max_level(LevelFilter::Warn);
    let context = Context::default().with("userId", 17);

    let plain = client().build().unwrap();
    assert!(!plain.get_boolean_value("all", false, &Context::default()));
    assert_eq!(warnings(), Vec::<String>::new());
    for _ in 0..3 {
        assert!(!plain.get_boolean_value("all", false, &context));
    }
    let logged = warnings();
    assert_eq!(logged.len(), 1, "{logged:?}");
    let hint = "the context names no user, so that rollouts and overrides of users do not apply: the user's key is `targetingKey`; \
                `userId` is an attribute like any other, unless the client has the option `targeting_key_attribute`";
    assert_eq!(logged.first().map(String::as_str), Some(hint));

    // Only the first evaluations are looked at, since others must not pay for it.
    let late = client().build().unwrap();
    for _ in 0..10 {
        assert!(late.get_boolean_value("all", false, &Context::new("u1")));
    }
    assert!(!late.get_boolean_value("all", false, &context));

    let keyed = client().targeting_key_attribute("userId").build().unwrap();
    for _ in 0..20 {
        assert!(keyed.get_boolean_value("all", false, &context));
        assert!(keyed.get_boolean_details("one", false, &context).value);
        let values = keyed.map_outcomes(&context, |_, outcome| outcome.variant == Some("on"));
        assert_eq!(values, [true, true]);
        let read = |outcome: &flagstaff::Outcome<'_>| outcome.variant == Some("on");
        let view = keyed.view();
        assert!(view.with_outcome("one", Some(ExpectedType::Boolean), &context, read));
        // Its own key is first.
        let both = context.clone().with("targetingKey", "u1");
        assert!(!keyed.get_boolean_value("one", true, &both));
        assert!(!keyed.get_boolean_value("all", false, &Context::default()));
    }
    assert_eq!(warnings(), Vec::<String>::new());
}
