//! What a getter allocates: nothing for a scalar and a context made beforehand, and no more than its list for all flags

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use allocation_counter::measure;
use flagstaff::{Client, Context};

const LONG: &str = "a text that is too long to be held in place";

/// Flags of every scalar type, some of them with rules; `copies` of each
fn client(copies: usize) -> Client {
    let rule = r#""rules": [{"when": {"attribute": "plan", "op": "equals", "value": "free"},
        "serve": {"arms": [{"variant": "a", "weight": 50000}, {"variant": "b", "weight": 50000}]}}],
        "offVariant": "a", "serve": "b""#;
    let kinds = [
        (
            "boolean",
            r#""type": "boolean", "serve": {"variant": "on", "rollout": 50}"#.to_owned(),
        ),
        (
            "short",
            format!(r#""type": "string", "variants": {{"a": "A", "b": "B"}}, {rule}"#),
        ),
        (
            "long",
            format!(r#""type": "string", "variants": {{"a": "{LONG}", "b": "{LONG}"}}, {rule}"#),
        ),
        (
            "number",
            format!(r#""type": "number", "variants": {{"a": 1, "b": 2}}, {rule}"#),
        ),
    ];
    let flags: Vec<String> = (0..copies)
        .flat_map(|copy| {
            let flag = move |(name, members): &(&str, String)| {
                format!(r#""{name}-{copy}": {{"enabled": true, {members}}}"#)
            };
            kinds.iter().map(flag).collect::<Vec<_>>()
        })
        .collect();
    let flags = flags.join(",");
    let client =
        Client::from_document(&format!(r#"{{"schemaVersion": 1, "flags": {{{flags}}}}}"#)).unwrap();
    assert_eq!(client.issues(), []);
    client
}

fn user() -> Context {
    Context::new("u1").with("plan", "free")
}

#[test]
fn a_scalar_getter_allocates_nothing() {
    let (client, context) = (client(1), user());
    let ask = || {
        client.get_boolean_value("boolean-0", false, &context);
        assert!(["A", "B"].contains(&&*client.get_string_value("short-0", "", &context)));
        assert_eq!(client.get_string_value("long-0", "", &context), LONG);
        assert!(client.get_integer_value("number-0", 0, &context) > 0);
        assert!(client.get_float_value("number-0", 0.0, &context) > 0.0);
    };
    // A thread's first read makes its place for the snapshot.
    ask();
    assert_eq!(measure(ask).count_total, 0);
}

#[test]
fn all_flags_cost_one_list() {
    let (client, context) = (client(250), user());
    let all = client.evaluate_all(&context);
    assert_eq!(all.len(), 1_000);
    let counted = measure(|| drop(client.evaluate_all(&context)));
    assert_eq!(counted.count_total, 1);
}
