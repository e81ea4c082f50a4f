//! What a page gets: flags marked `clientSide`, whatever the route and the key

use flagstaff_server::auth::CredentialKind;
use flagstaff_server::usage;
use serde_json::{Value, json};

use super::BULK;
use crate::support::{Answer, Requests as _, Server};

const EVALUATE: &str = "/api/v1/evaluate";
const BATCH: &str = "/api/v1/evaluate/batch";

/// `shown` is marked, and refers to `secret`, which is not
async fn server() -> Server {
    let server = Server::new().await;
    let document = json!({"schemaVersion": 1, "flags": {
        "secret": {"type": "boolean", "enabled": true, "serve": "on"},
        "shown": {"type": "boolean", "enabled": true, "clientSide": true, "serve": "on",
            "prerequisites": [{"flag": "secret", "variants": ["on"]}]},
    }});
    server.put("document", &document).await.expect(200);
    server
}

#[tokio::test]
async fn a_client_key_gets_values_of_flags_marked_client_side_only() {
    let server = server().await;
    let context = json!({"targetingKey": "u1"});
    let whole = json!({"context": context});
    for (kind, expected) in [
        (CredentialKind::Server, vec!["secret", "shown"]),
        (CredentialKind::Client, vec!["shown"]),
    ] {
        let ask = async |path: &str, body: Value| {
            let call = server.post(path, body).token(kind.name());
            call.await.expect(200)
        };
        let bulk = ask(BULK, whole.clone()).await;
        let keys: Vec<&str> = bulk["flags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|flag| flag["key"].as_str().unwrap())
            .collect();
        assert_eq!(keys, expected, "{kind:?}");
        assert_eq!(
            members(&ask(EVALUATE, whole.clone()).await["flags"]),
            expected
        );
        let batch = ask(BATCH, json!({"contexts": [context]})).await;
        assert_eq!(members(&batch["items"][0]["flags"]), expected);
        assert_eq!(
            members(&ask("values", whole.clone()).await.json()),
            expected
        );
        let values = server.get("values?targetingKey=u1").token(kind.name());
        let values = values.await.expect(200);
        assert_eq!(members(&values.json()), expected);
        // What `shown` refers to decides about it, and is true.
        assert_eq!(values["shown"], true);
    }
}

#[tokio::test]
async fn a_flag_that_is_not_marked_does_not_exist_for_a_client_key() {
    let server = server().await;
    server.wait(1_000);
    for flag in ["secret", "nothing"] {
        let single = server.post(&format!("{BULK}/{flag}"), json!({"context": {}}));
        let single = single.token("client").await.expect(404);
        assert_eq!(single["errorCode"], "FLAG_NOT_FOUND");
        assert!(
            single["errorDetails"]
                .as_str()
                .unwrap()
                .contains("`clientSide`")
        );
        let named = server.post(EVALUATE, json!({"flag": flag, "default": 1}));
        assert_missing(&named.token("client").await.json());
        let batch = server.post(BATCH, json!({"contexts": [{}], "flags": [flag, "shown"]}));
        let batch = batch.token("client").await.expect(200);
        let flags = &batch["items"][0]["flags"];
        assert_missing(&flags[flag]);
        assert_eq!(flags["shown"]["value"], true);
    }
    // Whoever looks after the flags finds what pages ask for in vain.
    usage::store(server.state.usage()).await.unwrap();
    let unknown = server.get("unknown-flags").await;
    let listed: Vec<_> = unknown
        .items()
        .iter()
        .map(|item| (item["key"].clone(), item["hidden"].clone()))
        .collect();
    assert_eq!(
        listed,
        [
            (json!("nothing"), json!(false)),
            (json!("secret"), json!(true))
        ]
    );
}

#[track_caller]
fn assert_missing(outcome: &Value) {
    assert_eq!(outcome["errorCode"], "FLAG_NOT_FOUND", "{outcome}");
    assert_eq!(outcome["detail"], json!({}), "{outcome}");
}

#[tokio::test]
async fn a_public_environment_tells_of_flags_marked_client_side_without_a_key() {
    let server = server().await;
    let ask = |path: &str| {
        server
            .get(path)
            .anonymous()
            .header("origin", "https://shop.example")
    };
    ask("flags/shown/summary").await.expect(401);
    server
        .put("settings", json!({"publicValues": true}))
        .await
        .expect(200);
    let readable = |answer: Answer| {
        let answer = answer.expect(200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://shop.example"
        );
        answer.json()
    };
    assert_eq!(readable(ask("values").await), json!({"shown": true}));
    assert_eq!(
        readable(ask("values?targetingKey=u1").await),
        json!({"shown": true})
    );
    let whole = server.post("values", json!({"context": {"country": "se"}}));
    let whole = whole.anonymous().header("origin", "https://shop.example");
    assert_eq!(readable(whole.await), json!({"shown": true}));
    let summary = json!({"key": "shown", "enabled": true, "rolloutPercentage": 100});
    assert_eq!(readable(ask("flags/shown/summary").await), summary);
    for flag in ["secret", "nothing"] {
        ask(&format!("flags/{flag}/summary")).await.expect(404);
    }
    let wrong = server.post("values", json!({"context": {"targetingKey": 1}}));
    wrong.anonymous().await.expect_errors(["/context"]);
}

fn members(object: &Value) -> Vec<&str> {
    let members = object.as_object().unwrap_or_else(|| panic!("{object}"));
    members.keys().map(String::as_str).collect()
}
