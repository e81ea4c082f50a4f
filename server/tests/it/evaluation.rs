//! Remote evaluation: OFREP and our own, and what stands around them

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{DOCUMENT, FLAGS, Server};

const BULK: &str = "/ofrep/v1/evaluate/flags";
const EVALUATE: &str = "/api/v1/evaluate";

async fn server() -> Server {
    let server = Server::new().await;
    let targeted = json!({
        "type": "string", "enabled": true, "variants": {"a": "A", "b": "B"}, "offVariant": "a", "metadata": {"owner": "team"},
        "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "b"}], "serve": "a",
    });
    server
        .put(
            "constant",
            &json!({"type": "boolean", "enabled": true, "serve": "on"}),
        )
        .await;
    server.put("expiring", &json!({"type": "boolean", "enabled": true, "serve": "on", "expiresAt": "2026-01-01T00:01:00Z"})).await;
    server
        .put(
            "off",
            &json!({"type": "boolean", "enabled": false, "serve": "on"}),
        )
        .await;
    server.put("targeted", &targeted).await;
    server
}

async fn ask(server: &Server, path: &str, body: &Value) -> crate::support::Answer {
    server
        .call(KeyKind::Client, Method::POST, path, body, &[])
        .await
}

#[tokio::test]
async fn ofrep_answers_one_flag() {
    let server = server().await;
    let pro = ask(
        &server,
        &format!("{BULK}/targeted"),
        &json!({"context": {"targetingKey": "u", "plan": "pro"}}),
    )
    .await;
    assert_eq!(pro.status, StatusCode::OK);
    assert_eq!(
        pro.json(),
        json!({"key": "targeted", "value": "B", "reason": "TARGETING_MATCH", "variant": "b", "metadata": {"owner": "team"}})
    );
    let default = ask(
        &server,
        &format!("{BULK}/targeted/"),
        &json!({"context": {}}),
    )
    .await;
    assert_eq!(
        default.json(),
        json!({"key": "targeted", "value": "A", "reason": "STATIC", "variant": "a", "metadata": {"owner": "team", "flagstaffReason": "DEFAULT"}})
    );
    let off = ask(&server, &format!("{BULK}/off"), &json!({"context": {}})).await;
    assert_eq!(
        (&off.json()["value"], &off.json()["reason"]),
        (&json!(false), &json!("DISABLED"))
    );
}

#[tokio::test]
async fn ofrep_errors_have_ofreps_shape() {
    let server = server().await;
    for (path, body, status, code) in [
        (
            "/none",
            json!({"context": {}}),
            StatusCode::NOT_FOUND,
            "FLAG_NOT_FOUND",
        ),
        (
            "/constant",
            json!({"context": []}),
            StatusCode::BAD_REQUEST,
            "INVALID_CONTEXT",
        ),
        (
            "/constant",
            json!({"context": {"targetingKey": 1}}),
            StatusCode::BAD_REQUEST,
            "INVALID_CONTEXT",
        ),
        (
            "/constant",
            Value::Null,
            StatusCode::BAD_REQUEST,
            "PARSE_ERROR",
        ),
        (
            "",
            json!({"context": "x"}),
            StatusCode::BAD_REQUEST,
            "INVALID_CONTEXT",
        ),
        ("", Value::Null, StatusCode::BAD_REQUEST, "PARSE_ERROR"),
    ] {
        let answer = ask(&server, &format!("{BULK}{path}"), &body).await;
        assert_eq!(
            (answer.status, &answer.json()["errorCode"]),
            (status, &json!(code)),
            "{path} {body}"
        );
        let key = path.strip_prefix('/').map_or(Value::Null, Value::from);
        assert_eq!(answer.json()["key"], key, "{path}");
    }
}

#[tokio::test]
async fn a_broken_flag_is_one_failure_in_the_bulk_answer() {
    let server = server().await;
    let document = json!({"schemaVersion": 1, "flags": {"bad": {"type": "boolean"}, "good": {"type": "boolean", "enabled": true, "serve": "on"}}});
    server
        .admin(
            Method::PUT,
            &format!("{}?invalid=keep", crate::support::DOCUMENT),
            &document,
        )
        .await;
    let answer = ask(&server, BULK, &json!({"context": {}})).await;
    assert_eq!(answer.status, StatusCode::OK);
    let flags = answer.json()["flags"].clone();
    assert_eq!(
        (&flags[0]["key"], &flags[0]["errorCode"], &flags[1]["value"]),
        (&json!("bad"), &json!("PARSE_ERROR"), &json!(true))
    );
}

#[tokio::test]
async fn the_bulk_tag_covers_flags_context_key_and_time() {
    let server = server().await;
    let context = json!({"context": {"targetingKey": "u", "country": "se"}});
    let first = ask(&server, BULK, &context).await;
    assert_eq!(first.json()["flags"].as_array().unwrap().len(), 4);
    let tag = first.header("etag").to_owned();
    let ask_again = async |key: KeyKind, context: &Value| {
        let answer = server
            .call(key, Method::POST, BULK, context, &[("if-none-match", &tag)])
            .await;
        (answer.status, answer.text.is_empty())
    };
    assert_eq!(
        ask_again(KeyKind::Client, &context).await,
        (StatusCode::NOT_MODIFIED, true)
    );
    // The same context in other words.
    let reordered = json!({"context": {"country": "se", "targetingKey": "u"}});
    assert_eq!(
        ask_again(KeyKind::Client, &reordered).await.0,
        StatusCode::NOT_MODIFIED
    );
    let elsewhere = json!({"context": {"targetingKey": "u", "country": "dk"}});
    assert_eq!(
        ask_again(KeyKind::Client, &elsewhere).await.0,
        StatusCode::OK
    );
    assert_eq!(ask_again(KeyKind::Server, &context).await.0, StatusCode::OK);
    server.clock.fetch_add(59_999, Ordering::Relaxed);
    assert_eq!(
        ask_again(KeyKind::Client, &context).await.0,
        StatusCode::NOT_MODIFIED
    );
    server.clock.fetch_add(1, Ordering::Relaxed);
    assert_eq!(
        ask_again(KeyKind::Client, &context).await.0,
        StatusCode::OK,
        "a flag expired"
    );
    server.clock.fetch_sub(60_000, Ordering::Relaxed);
    server
        .admin(
            Method::PATCH,
            &format!("{FLAGS}/off"),
            &json!({"enabled": true}),
        )
        .await;
    assert_eq!(
        ask_again(KeyKind::Client, &context).await.0,
        StatusCode::OK,
        "a flag changed"
    );
}

#[tokio::test]
async fn evaluate_answers_full_outcomes_in_canonical_json() {
    let server = server().await;
    let ask = async |body: &str| {
        let request = Request::post(EVALUATE)
            .header("authorization", "Bearer server")
            .body(Body::from(body.to_owned()))
            .unwrap();
        server.send(request).await
    };
    let one = ask(r#"{"flag": "targeted", "type": "string", "default": "d", "context": {"plan": "pro"}, "now": "2026-01-01T00:00:00Z"}"#).await;
    assert_eq!(
        one.text,
        r#"{"detail":{"index":0,"step":"rule"},"enabled":true,"errorCode":null,"inExperiment":false,"metadata":{"owner":"team"},"reason":"TARGETING_MATCH","sources":{},"value":"B","variant":"b"}"#
    );
    let rounded =
        ask(r#"{"flag": "none", "type": "number", "default": 9007199254740993, "context": {}}"#)
            .await;
    assert_eq!(
        (&rounded.json()["errorCode"], &rounded.json()["value"]),
        (&json!("FLAG_NOT_FOUND"), &json!(9_007_199_254_740_992_u64))
    );
    let fraction = ask(r#"{"flag": "none", "default": 1.0, "context": {}}"#).await;
    assert!(fraction.text.contains("\"value\":1,"), "{}", fraction.text);
    let all = ask(r#"{"flag": null, "context": {}}"#).await.json();
    assert_eq!(
        all["flags"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["constant", "expiring", "off", "targeted"]
    );
    let invalid = ask(r#"{"flag": "constant", "default": 1, "context": 5}"#).await;
    assert_eq!(
        (invalid.status, &invalid.json()["errorCode"]),
        (StatusCode::OK, &json!("INVALID_CONTEXT"))
    );
    for (body, status) in [
        (
            r#"{"flag": "constant", "type": "colour", "context": {}}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            r#"{"flag": "constant", "now": "yesterday"}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            r#"{"flag": "constant", "contxt": {}}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (r#"{"flag": "#, StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(ask(body).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn only_a_server_key_chooses_the_time() {
    let server = server().await;
    let question = json!({"flag": "expiring", "context": {}, "now": "2026-01-01T00:02:00Z"});
    let later = server
        .call(KeyKind::Server, Method::POST, EVALUATE, &question, &[])
        .await
        .json();
    assert_eq!(later["reason"], "DISABLED");
    assert_eq!(
        server
            .call(KeyKind::Client, Method::POST, EVALUATE, &question, &[])
            .await
            .status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn only_a_server_key_gets_an_explanation() {
    let server = server().await;
    let question =
        json!({"flag": "targeted", "context": {"plan": "pro"}, "default": "d", "explain": true});
    let explained = server
        .call(KeyKind::Server, Method::POST, EVALUATE, &question, &[])
        .await
        .json();
    assert_eq!(explained["outcome"]["value"], "B");
    assert!(
        explained["trace"]
            .as_array()
            .is_some_and(|steps| !steps.is_empty()),
        "{explained}"
    );
    // The rules of a flag are nothing for a browser to see.
    let by_client = ask(&server, EVALUATE, &question).await;
    assert_eq!(by_client.status, StatusCode::FORBIDDEN);
    let of_all = json!({"context": {}, "explain": true});
    let answer = server
        .call(KeyKind::Server, Method::POST, EVALUATE, &of_all, &[])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_snapshot_has_a_tag_for_each_scope() {
    let server = server().await;
    server.put("shown", &json!({"type": "boolean", "enabled": true, "serve": "on", "clientSide": true, "overrides": {"user": {"u": "exclude"}}})).await;
    let path = "/api/v1/sdk/snapshot";
    let all = server
        .call(KeyKind::Server, Method::GET, path, &Value::Null, &[])
        .await;
    let client = server
        .call(KeyKind::ClientLocal, Method::GET, path, &Value::Null, &[])
        .await;
    assert_eq!(all.json()["flags"].as_object().unwrap().len(), 5);
    assert_eq!(
        client.json()["flags"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["shown"]
    );
    let shown = client.json()["flags"]["shown"]["overrides"].to_string();
    assert!(shown.ends_with("\":\"exclude\"}}"), "{shown}");
    assert!(!shown.contains("\"u\""), "the key is hashed: {shown}");
    assert_ne!(all.header("etag"), client.header("etag"));
    for (key, tag) in [
        (KeyKind::Server, all.header("etag")),
        (KeyKind::ClientLocal, client.header("etag")),
    ] {
        let again = server
            .call(
                key,
                Method::GET,
                path,
                &Value::Null,
                &[("if-none-match", tag)],
            )
            .await;
        assert_eq!(
            (again.status, again.header("etag"), again.text.is_empty()),
            (StatusCode::NOT_MODIFIED, tag, true)
        );
    }
    server.put("hidden", &json!({"enabled": true})).await;
    let again = server
        .call(
            KeyKind::Server,
            Method::GET,
            path,
            &Value::Null,
            &[("if-none-match", all.header("etag"))],
        )
        .await;
    assert_eq!(again.status, StatusCode::OK);
}

#[tokio::test]
async fn browsers_may_ask_from_any_page() {
    let server = server().await;
    for path in [BULK, EVALUATE, "/api/v1/sdk/stream"] {
        let preflight = Request::options(path)
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,if-none-match,last-event-id,content-type,x-api-key",
            );
        let answer = server.send(preflight.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (StatusCode::OK, "https://shop.example"),
            "{path}"
        );
        assert!(
            answer
                .header("access-control-allow-headers")
                .contains("last-event-id"),
            "{path}"
        );
    }
    let headers = [("origin", "https://shop.example")];
    let answer = server
        .call(
            KeyKind::Client,
            Method::POST,
            BULK,
            &json!({"context": {}}),
            &headers,
        )
        .await;
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "etag,retry-after,x-request-id"
    );
    let admin = server
        .call(KeyKind::Admin, Method::GET, FLAGS, &Value::Null, &headers)
        .await;
    assert_eq!(admin.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn health_is_told_without_a_key() {
    let server = server().await;
    let get = async |path: &str| {
        server
            .send(Request::get(path).body(Body::empty()).unwrap())
            .await
    };
    assert_eq!(get("/healthz").await.status, StatusCode::OK);
    let ready = get("/readyz").await.json();
    assert_eq!(
        (&ready["status"], &ready["store"]),
        (&json!("ready"), &json!("up"))
    );
    assert!(ready["staleMs"].is_u64(), "{ready}");
    let long_enough = get("/readyz?maxStaleMs=3600000").await;
    assert_eq!(long_enough.status, StatusCode::OK);
    assert_eq!(
        get("/readyz?maxStaleMs=soon").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    server.state.stopping().cancel();
    assert_eq!(get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_example_page_is_there_or_says_how_to_build_it() {
    let server = server().await;
    let answer = server
        .send(Request::get("/example/").body(Body::empty()).unwrap())
        .await;
    match answer.status {
        StatusCode::OK => {
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
            assert!(
                answer
                    .header("content-security-policy")
                    .contains("'wasm-unsafe-eval'")
            );
        }
        StatusCode::NOT_FOUND => assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("make run"),
            "{}",
            answer.text
        ),
        other => panic!("{other}: {}", answer.text),
    }
    let redirect = server
        .send(Request::get("/example").body(Body::empty()).unwrap())
        .await;
    assert_eq!(redirect.header("location"), "/example/");
}

/// Whether `answer` is what OFREP's own description says of `schema`
fn assert_schema(specification: &Value, schema: &str, answer: &Value) {
    let root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#/components/schemas/{schema}"),
        "components": specification["components"],
    });
    let validator = jsonschema::validator_for(&root).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(answer)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0], "{schema}: {answer}");
}

#[tokio::test]
async fn answers_are_what_the_description_of_ofrep_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/vendor-suites/ofrep/openapi.yaml"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        // Without the description beside the repository there is nothing to compare with.
        return;
    };
    let specification: Value = serde_saphyr::from_str(&text).unwrap();
    let server = server().await;
    server.put("number", &json!({"type": "number", "enabled": true, "variants": {"n": 1.5}, "offVariant": "n", "serve": "n"})).await;
    server.put("object", &json!({"type": "object", "enabled": true, "variants": {"o": {"a": [1]}}, "offVariant": "o", "serve": "o"})).await;
    let context = json!({"context": {"targetingKey": "u"}});
    for flag in ["constant", "off", "targeted", "number", "object"] {
        let answer = ask(&server, &format!("{BULK}/{flag}"), &context).await;
        assert_schema(&specification, "serverEvaluationSuccess", &answer.json());
    }
    assert_schema(
        &specification,
        "bulkEvaluationSuccess",
        &ask(&server, BULK, &context).await.json(),
    );
    assert_schema(
        &specification,
        "flagNotFound",
        &ask(&server, &format!("{BULK}/none"), &context).await.json(),
    );
    let wrong = json!({"context": {"targetingKey": 1}});
    assert_schema(
        &specification,
        "evaluationFailure",
        &ask(&server, &format!("{BULK}/constant"), &wrong)
            .await
            .json(),
    );
    assert_schema(
        &specification,
        "bulkEvaluationFailure",
        &ask(&server, BULK, &wrong).await.json(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_as_deep_as_the_language_allows_is_evaluated_and_explained_on_a_worker() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../conformance/cases/loading/depth.json"
    );
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut document = cases["document"].clone();
    // Beyond the bound, and so refused where it is written.
    let flags = document["flags"].as_object_mut().unwrap();
    for key in ["p129", "asks-too-deep", "on-too-deep", "c130", "unreached"] {
        flags.remove(key).unwrap();
    }
    // A worker of tokio has 2 MiB of stack; the test itself has another thread.
    let worker = tokio::spawn(async move {
        let server = Server::new().await;
        let stored = server.admin(Method::PUT, DOCUMENT, &document).await;
        assert_eq!(stored.status, StatusCode::OK, "{}", stored.text);
        let bulk = ask(&server, BULK, &json!({"context": {"targetingKey": "u1"}})).await;
        assert_eq!(bulk.status, StatusCode::OK);
        for flag in ["p128", "c128"] {
            let body = json!({"flag": flag, "explain": true, "context": {"targetingKey": "u1"}});
            let explained = server
                .call(KeyKind::Server, Method::POST, EVALUATE, &body, &[])
                .await;
            // A trace is deeper than the JSON reader of the tests reads.
            let outcome = r#""variant":"on"},"trace":["#;
            assert!(explained.text.contains(outcome), "{}", explained.text);
        }
    });
    worker.await.unwrap();
}

#[tokio::test]
async fn a_context_of_more_attributes_than_it_may_have_is_invalid() {
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
    assert_eq!(full.json()["variant"], json!("a"), "{}", full.text);
    let over = ask(
        &server,
        EVALUATE,
        &json!({"flag": "targeted", "context": members(1_001)}),
    )
    .await;
    assert_eq!(
        over.json()["errorCode"],
        json!("INVALID_CONTEXT"),
        "{}",
        over.text
    );
}
