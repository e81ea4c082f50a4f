//! Requests in other systems' words, and answers that say how it is written here

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Requests as _, Server, on, text};

/// The errors of a refusal, as `POINTER MESSAGE`
fn messages(answer: &Answer) -> Vec<String> {
    let errors = answer["errors"].as_array().into_iter().flatten();
    let messages =
        errors.map(|error| format!("{} {}", text(error, "pointer"), text(error, "message")));
    messages.collect()
}

/// The places of errors, each with a part of its message
type Hints = &'static [(&'static str, &'static str)];

#[tokio::test]
async fn a_flag_an_override_and_an_evaluation_in_other_words_are_told_ours() {
    let server = Server::new().await;
    server.put_flag("checkout", on()).await;
    let override_path = "flags/checkout/overrides/user/u1";
    let lines = "{\"userId\": \"u1\", \"overrideType\": \"include\"}";
    let cases: [(Method, &str, Value, Hints); 8] = [
        (
            Method::POST,
            "flags",
            json!({"name": "new", "enabled": true}),
            &[("/key", "`key`")],
        ),
        (
            Method::POST,
            "flags",
            json!({"key": "new", "percentage": 25}),
            &[("/percentage", "`rolloutPercentage`")],
        ),
        (
            Method::PATCH,
            "flags/checkout",
            json!({"isEnabled": true}),
            &[("/isEnabled", "`enabled`")],
        ),
        (
            Method::PUT,
            override_path,
            json!({"overrideType": "include"}),
            &[("/overrideType", "`value`"), ("/value", "`\"include\"`")],
        ),
        (
            Method::PUT,
            override_path,
            json!({"userId": "u1", "value": "include"}),
            &[("/userId", "…/overrides/user/USER_ID")],
        ),
        (
            Method::POST,
            "/api/v1/evaluate",
            json!({"flagKey": "checkout"}),
            &[("/flagKey", "`flag`")],
        ),
        (
            Method::POST,
            "/api/v1/evaluate",
            json!({"flag": "checkout", "userId": "u1"}),
            &[("/userId", "`targetingKey` in `context`")],
        ),
        (
            Method::POST,
            "values",
            json!({"targetingKey": "u1"}),
            &[("/targetingKey", "`targetingKey` in `context`")],
        ),
    ];
    for (method, path, body, expected) in cases {
        let token = if path == "/api/v1/evaluate" {
            "server"
        } else {
            "admin"
        };
        let request = server
            .request(method.clone(), path)
            .body(&body)
            .token(token);
        let answer = request.await.expect_problem(422, "invalid");
        let errors = messages(&answer);
        let is_told = |(pointer, word): &(&str, &str)| {
            errors
                .iter()
                .any(|error| error.starts_with(&format!("{pointer} ")) && error.contains(word))
        };
        assert!(
            expected.iter().all(is_told),
            "{method} {path} {body}: {errors:?}"
        );
    }
    let loaded = server
        .post("flags/checkout/overrides/bulk", lines)
        .await
        .expect(422);
    let loaded = messages(&loaded).join("; ");
    assert!(
        loaded.contains("`contextKey`") && loaded.contains("/overrideType"),
        "{loaded}"
    );
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_and_the_known_ones_are_named() {
    let server = Server::new().await;
    server.put_flag("checkout", on()).await;
    for (path, pointer, known) in [
        ("flags?page=2", "?page", "`cursor`"),
        ("flags?pageSize=10", "?pageSize", "`limit`"),
        ("flags?limit=1&searching=x", "?searching", "`search`"),
        ("values?userId=u1", "?userId", "`targetingKey`"),
        ("flags/checkout?verbose=true", "?verbose", "none"),
        (
            "/api/v1/projects/default/audit?to=2026-01-01T00:00:00Z",
            "?to",
            "`until`",
        ),
    ] {
        let answer = server.get(path).await.expect_errors([pointer]);
        assert!(messages(&answer)[0].contains(known), "{path}: {answer:?}");
        assert!(!answer.text.contains("stored"), "to a reader: {answer:?}");
    }
    server
        .patch("flags/checkout?because=x", on())
        .await
        .expect_errors(["?because"]);
    // Newer SDKs and OFREP clients may send what this server does not know.
    for path in ["/api/v1/sdk/snapshot?new=1", "/healthz?probe=1"] {
        server.get(path).token("server").await.expect(200);
    }
    let bulk = server.post(
        "/ofrep/v1/evaluate/flags?flagConfigLastModified=1",
        json!({}),
    );
    bulk.token("server").await.expect(200);
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::new().await;
    server.put_flag("checkout", on()).await;
    let posted = server.post("flags/checkout", json!({"enabled": false}));
    let posted = posted.await.expect_problem(405, "method-not-allowed");
    let detail = posted["detail"].as_str().unwrap();
    assert!(
        detail.contains("PUT (") && detail.contains("PATCH ("),
        "{detail}"
    );
    assert!(posted.header("allow").contains("PATCH"));
    let posted = server.post("flags/checkout/overrides", json!({"userId": "u1"}));
    let posted = posted.await.expect(405);
    let detail = posted["detail"].as_str().unwrap();
    assert!(
        detail.contains("PUT …/overrides/{level}/{contextKey}"),
        "{detail}"
    );
    let again = server.post("flags", json!({"key": "checkout", "enabled": true}));
    let again = again.await.expect_problem(409, "exists");
    let detail = again["detail"].as_str().unwrap();
    assert!(detail.contains("PATCH …/flags/checkout"), "{detail}");
}

#[tokio::test]
async fn a_key_of_the_wrong_kind_is_told_which_is_needed() {
    let server = Server::new().await;
    let refused = server.get("/api/v1/sdk/snapshot").token("client").await;
    refused.expect_problem(403, "forbidden").expect_detail(
        "this needs a `server` key or a `client-local` key, and a `client` key was sent",
    );
    let refused = server.delete("flags/a").token("viewer").await;
    refused.expect_detail(
        "this needs an `editor` token or an `admin` token, and a `viewer` token was sent",
    );
}

#[tokio::test]
async fn an_unknown_level_is_told_the_known_ones() {
    let server = Server::new().await;
    server.put_flag("checkout", on()).await;
    let answer = server.put(
        "flags/checkout/overrides/team/t1",
        json!({"value": "include"}),
    );
    let answer = answer.await.expect_errors(["/level"]);
    let message = &messages(&answer)[0];
    assert!(
        message.contains("`user`") && message.contains("`organization`"),
        "{message}"
    );
}
