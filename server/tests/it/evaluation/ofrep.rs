//! Evaluation through OFREP

use serde_json::{Value, json};

use super::{BULK, ask, server};
use crate::support::{NOW, Requests as _, on};

#[tokio::test]
async fn ofrep_evaluates_one_flag() {
    let server = server().await;
    let pro = ask(
        &server,
        &format!("{BULK}/targeted"),
        &json!({"context": {"targetingKey": "u", "plan": "pro"}}),
    )
    .await
    .expect(200);
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
    assert_eq!(off["value"], false);
    assert_eq!(off["reason"], "DISABLED");
}

#[tokio::test]
async fn ofrep_errors_have_the_form_of_ofrep() {
    let server = server().await;
    for (path, body, status, code) in [
        ("/none", json!({"context": {}}), 404, "FLAG_NOT_FOUND"),
        ("/constant", json!({"context": []}), 400, "INVALID_CONTEXT"),
        (
            "/constant",
            json!({"context": {"targetingKey": 1}}),
            400,
            "INVALID_CONTEXT",
        ),
        ("/constant", Value::Null, 400, "PARSE_ERROR"),
        ("", json!({"context": "x"}), 400, "INVALID_CONTEXT"),
        ("", Value::Null, 400, "PARSE_ERROR"),
    ] {
        let answer = ask(&server, &format!("{BULK}{path}"), &body)
            .await
            .expect(status);
        assert_eq!(answer["errorCode"], json!(code), "{path} {body}");
        let key = path.strip_prefix('/').map_or(Value::Null, Value::from);
        assert_eq!(answer["key"], key, "{path}");
    }
}

#[tokio::test]
async fn a_broken_flag_is_one_failure_in_the_bulk_answer() {
    let server = server().await;
    let document = json!({"schemaVersion": 1, "flags": {"bad": {"type": "boolean", "clientSide": true}, "good": {"type": "boolean", "enabled": true, "clientSide": true, "serve": "on"}}});
    server.put("document?invalid=keep", &document).await;
    let answer = ask(&server, BULK, &json!({"context": {}}))
        .await
        .expect(200);
    let flags = answer["flags"].clone();
    assert_eq!(flags[0]["key"], "bad");
    assert_eq!(flags[0]["errorCode"], "PARSE_ERROR");
    assert_eq!(flags[1]["value"], true);
}

#[tokio::test]
async fn the_etag_of_a_bulk_evaluation_depends_on_flags_context_key_and_time() {
    let server = server().await;
    let context = json!({"context": {"targetingKey": "u", "country": "se"}});
    let first = ask(&server, BULK, &context).await;
    assert_eq!(first["flags"].as_array().unwrap().len(), 4);
    let tag = first.header("etag").to_owned();
    let ask_again = async |token: &str, context: &Value| {
        let request = server.post(BULK, context).token(token);
        let answer = request.header("if-none-match", &tag).await;
        assert_eq!(answer.text.is_empty(), answer.status == 304);
        answer.status
    };
    assert_eq!(ask_again("client", &context).await, 304);
    // The same context in another order.
    let reordered = json!({"context": {"country": "se", "targetingKey": "u"}});
    assert_eq!(ask_again("client", &reordered).await, 304);
    let elsewhere = json!({"context": {"targetingKey": "u", "country": "dk"}});
    assert_eq!(ask_again("client", &elsewhere).await, 200);
    assert_eq!(ask_again("server", &context).await, 200);
    server.wait(59_999);
    assert_eq!(ask_again("client", &context).await, 304);
    server.wait(1);
    assert_eq!(ask_again("client", &context).await, 200, "a flag expired");
    server.set_clock(NOW);
    server.patch("flags/off", on()).await;
    assert_eq!(ask_again("client", &context).await, 200, "a flag changed");
}

/// Expects that a response matches a schema of the specification of OFREP
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
async fn responses_match_the_openapi_document_of_ofrep() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/vendor-suites/ofrep/openapi.yaml"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        // Skipped without a copy of the specification of OFREP.
        return;
    };
    let specification: Value = serde_saphyr::from_str(&text).unwrap();
    let server = server().await;
    server.put_flag("number", json!({"type": "number", "enabled": true, "clientSide": true, "variants": {"n": 1.5}, "offVariant": "n", "serve": "n"})).await;
    server.put_flag("object", json!({"type": "object", "enabled": true, "clientSide": true, "variants": {"o": {"a": [1]}}, "offVariant": "o", "serve": "o"})).await;
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
