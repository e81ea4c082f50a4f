//! Evaluation through our own routes

use serde_json::{Value, json};

use crate::support::{Requests as _, Server};

mod manifest;
mod ofrep;
mod pages;
mod values;

const BULK: &str = "/ofrep/v1/evaluate/flags";
const EVALUATE: &str = "/api/v1/evaluate";

pub(crate) async fn server() -> Server {
    let server = Server::new().await;
    let targeted = json!({
        "type": "string", "enabled": true, "clientSide": true, "variants": {"a": "A", "b": "B"}, "offVariant": "a", "metadata": {"owner": "team"},
        "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "b"}], "serve": "a",
    });
    server
        .put_flag(
            "constant",
            json!({"type": "boolean", "enabled": true, "clientSide": true, "serve": "on"}),
        )
        .await;
    server.put_flag("expiring", json!({"type": "boolean", "enabled": true, "clientSide": true, "serve": "on", "expiresAt": "2026-01-01T00:01:00Z"})).await;
    server
        .put_flag(
            "off",
            json!({"type": "boolean", "enabled": false, "clientSide": true, "serve": "on"}),
        )
        .await;
    server.put_flag("targeted", &targeted).await;
    server
}

async fn ask(server: &Server, path: &str, body: &Value) -> crate::support::Answer {
    server.post(path, body).token("client").await
}

#[tokio::test]
async fn evaluate_returns_full_outcomes_in_canonical_json() {
    let server = server().await;
    let ask = async |body: &str| server.post(EVALUATE, body).token("server").await;
    let one = ask(r#"{"flag": "targeted", "type": "string", "default": "d", "context": {"plan": "pro"}, "now": "2026-01-01T00:00:00Z"}"#).await;
    assert_eq!(
        one.text,
        r#"{"detail":{"index":0,"step":"rule"},"enabled":true,"errorCode":null,"inExperiment":false,"metadata":{"owner":"team"},"reason":"TARGETING_MATCH","sources":{},"value":"B","variant":"b"}"#
    );
    let rounded =
        ask(r#"{"flag": "none", "type": "number", "default": 9007199254740993, "context": {}}"#)
            .await;
    assert_eq!(rounded["errorCode"], "FLAG_NOT_FOUND");
    assert_eq!(rounded["value"], json!(9_007_199_254_740_992_u64));
    let fraction = ask(r#"{"flag": "none", "default": 1.0, "context": {}}"#).await;
    assert!(fraction.text.contains("\"value\":1,"), "{}", fraction.text);
    let all = ask(r#"{"flag": null, "context": {}}"#).await;
    assert_eq!(
        all["flags"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["constant", "expiring", "off", "targeted"]
    );
    let invalid = ask(r#"{"flag": "constant", "default": 1, "context": 5}"#)
        .await
        .expect(200);
    assert_eq!(invalid["errorCode"], "INVALID_CONTEXT");
    for (body, status) in [
        (
            r#"{"flag": "constant", "type": "colour", "context": {}}"#,
            422,
        ),
        (r#"{"flag": "constant", "now": "yesterday"}"#, 422),
        (r#"{"flag": "constant", "contxt": {}}"#, 422),
        (r#"{"flag": "#, 400),
    ] {
        ask(body).await.expect(status);
    }
}

#[tokio::test]
async fn only_a_server_key_chooses_the_time() {
    let server = server().await;
    let question = json!({"flag": "expiring", "context": {}, "now": "2026-01-01T00:02:00Z"});
    let later = server.post(EVALUATE, &question).token("server").await;
    assert_eq!(later["reason"], "DISABLED");
    server
        .post(EVALUATE, &question)
        .token("client")
        .await
        .expect(403);
}

#[tokio::test]
async fn only_a_server_key_gets_an_explanation() {
    let server = server().await;
    let question =
        json!({"flag": "targeted", "context": {"plan": "pro"}, "default": "d", "explain": true});
    let explained = server
        .post(EVALUATE, &question)
        .token("server")
        .await
        .json();
    assert_eq!(explained["outcome"]["value"], "B");
    assert!(
        explained["trace"]
            .as_array()
            .is_some_and(|steps| !steps.is_empty()),
        "{explained}"
    );
    // Browsers must not see the rules of a flag.
    ask(&server, EVALUATE, &question).await.expect(403);
    let of_all = json!({"context": {}, "explain": true});
    server
        .post(EVALUATE, &of_all)
        .token("server")
        .await
        .expect(422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn flags_of_the_maximum_depth_are_evaluated_and_explained_on_a_worker_thread() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../conformance/cases/loading/depth.json"
    );
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut document = cases["document"].clone();
    // Beyond the maximum depth, and so refused by the server.
    let flags = document["flags"].as_object_mut().unwrap();
    for key in ["p129", "asks-too-deep", "on-too-deep", "c130", "unreached"] {
        flags.remove(key).unwrap();
    }
    // A worker of tokio has 2 MiB of stack; the test itself has another thread.
    let worker = tokio::spawn(async move {
        let server = Server::new().await;
        server.put("document", &document).await.expect(200);
        ask(&server, BULK, &json!({"context": {"targetingKey": "u1"}}))
            .await
            .expect(200);
        for flag in ["p128", "c128"] {
            let body = json!({"flag": flag, "explain": true, "context": {"targetingKey": "u1"}});
            let explained = server.post(EVALUATE, &body).token("server").await;
            // A trace is deeper than the JSON parser of the tests allows.
            let outcome = r#""variant":"on"},"trace":["#;
            assert!(explained.text.contains(outcome), "{}", explained.text);
        }
    });
    worker.await.unwrap();
}

#[tokio::test]
async fn a_context_of_more_than_1000_attributes_is_invalid() {
    let server = server().await;
    let members = |count: usize| -> Value {
        (0..count)
            .map(|number| (number.to_string(), json!(number)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let full = ask(
        &server,
        EVALUATE,
        &json!({"flag": "targeted", "context": members(1_000)}),
    )
    .await;
    assert_eq!(full["variant"], "a", "{}", full.text);
    let over = ask(
        &server,
        EVALUATE,
        &json!({"flag": "targeted", "context": members(1_001)}),
    )
    .await;
    assert_eq!(over["errorCode"], "INVALID_CONTEXT", "{}", over.text);
}
