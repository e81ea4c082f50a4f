//! An environment as a document, out and in: JSON and YAML, whole and merged, and what would change

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{Answer, DOCUMENT, FLAGS, Server};

const YAML: &str = "\
schemaVersion: 1
flags:
  no:
    type: string
    enabled: true
    variants: {on: \"yes\", off: 1_0}
    offVariant: off
    serve: on
    overrides: {user: {no: exclude}}
";

async fn put(server: &Server, query: &str, media: &str, text: &str) -> Answer {
    let request = Request::builder()
        .method(Method::PUT)
        .uri(format!("{DOCUMENT}{query}"))
        .header("authorization", "Bearer admin")
        .header("content-type", media);
    server
        .send(request.body(Body::from(text.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn a_document_goes_out_and_comes_back_as_yaml() {
    let server = Server::new().await;
    let stored = put(&server, "", "application/yaml; charset=utf-8", YAML).await;
    assert_eq!(stored.status, StatusCode::OK, "{}", stored.text);
    let flag = server.get(&format!("{FLAGS}/no")).await.json();
    assert_eq!(
        (&flag["variants"], &flag["serve"]),
        (&json!({"on": "yes", "off": "1_0"}), &json!("on"))
    );

    let headers = [("accept", "application/yaml")];
    let exported = server
        .call(
            KeyKind::Viewer,
            Method::GET,
            DOCUMENT,
            &Value::Null,
            &headers,
        )
        .await;
    assert_eq!(exported.header("content-type"), "application/yaml");
    let json = server.get(DOCUMENT).await;
    assert_eq!(json.header("content-type"), "application/json");
    let back = put(&server, "?dryRun=true", "application/yaml", &exported.text)
        .await
        .json();
    assert_eq!(back["changes"], json!([]), "{}", exported.text);

    let refused = put(&server, "", "application/yaml", "flags: [").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    let refused = put(&server, "", "application/json", YAML).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_document_is_replaced_only_as_it_was_read() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    let read = async |media: &str| {
        let headers = [("accept", media)];
        let viewer = KeyKind::Viewer;
        let answer = server
            .call(viewer, Method::GET, DOCUMENT, &Value::Null, &headers)
            .await;
        let tag = answer.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "strong: {tag}");
        tag
    };
    let (json, yaml) = (
        read("application/json").await,
        read("application/yaml").await,
    );
    // A strong tag names bytes, and these are not the same.
    assert_ne!(json, yaml);
    let document = json!({"schemaVersion": 1, "flags": {"b": {"type": "boolean", "enabled": true, "serve": "on"}}});
    let replace = async |query: &str, tag: &str| {
        let headers = [("if-match", tag)];
        let path = format!("{DOCUMENT}{query}");
        server
            .call(KeyKind::Admin, Method::PUT, &path, &document, &headers)
            .await
    };
    let other = format!("\"{}\", {yaml}", "0".repeat(16));
    for tag in [&*json, &*yaml, "*", &*other] {
        let tried = replace("?dryRun=true", tag).await;
        assert_eq!(tried.status, StatusCode::OK, "{tag}: {}", tried.text);
    }
    // Somebody else changes something in the meantime.
    server.put("c", &json!({"enabled": true})).await;
    let weak = format!("W/{}", read("application/json").await);
    for tag in [&*json, &*yaml, &*weak, "\"2\"", ""] {
        for query in ["", "?dryRun=true", "?mode=merge"] {
            let refused = replace(query, tag).await;
            let status = refused.status;
            assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{tag} {query}");
            assert_eq!(refused.json()["type"], "urn:flagstaff:problem:stale");
            assert_eq!(refused.json()["currentVersion"], 2);
        }
    }
    assert_eq!(server.get(DOCUMENT).await.json()["revision"], 2);
    let done = replace("", &read("application/yaml").await).await;
    assert_eq!(done.json()["revision"], 3, "{}", done.text);
}

#[tokio::test]
async fn of_two_replacements_of_one_state_one_is_made() {
    let server = Server::new().await;
    let tag = server.get(DOCUMENT).await.header("etag").to_owned();
    let replace = async |key: &str| {
        let flag = json!({"type": "boolean", "enabled": true, "serve": "on"});
        let document = json!({"schemaVersion": 1, "flags": {key: flag}});
        let headers = [("if-match", &*tag)];
        let answer = server
            .call(KeyKind::Admin, Method::PUT, DOCUMENT, &document, &headers)
            .await;
        answer.status
    };
    let (one, other) = tokio::join!(replace("a"), replace("b"));
    let mut statuses = [one, other];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::PRECONDITION_FAILED]);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    server.put("b", &json!({"enabled": true})).await;
    let document = json!({"schemaVersion": 1, "flags": {
        "a": {"type": "boolean", "enabled": false, "serve": {"variant": "on", "rollout": 100}, "salt": "a"},
        "c": {"type": "boolean", "enabled": true, "serve": "on"},
    }}).to_string();
    let changes = async |query: &str| {
        let told = put(&server, query, "application/json", &document).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.text);
        let changes = told.json()["changes"].as_array().unwrap().clone();
        changes
            .iter()
            .map(|it| {
                format!(
                    "{} {}",
                    it["kind"].as_str().unwrap(),
                    it["pointer"].as_str().unwrap()
                )
            })
            .collect::<Vec<_>>()
    };
    let merged = ["changed /flags/a/enabled", "added /flags/c"];
    let replaced = [
        "changed /flags/a/enabled",
        "removed /flags/b",
        "added /flags/c",
    ];
    assert_eq!(changes("?dryRun=true&mode=merge").await, merged);
    assert_eq!(changes("?dryRun=true").await, replaced);
    assert_eq!(server.get(DOCUMENT).await.json()["revision"], 2);

    let merged = put(
        &server,
        "?mode=merge&reason=import",
        "application/json",
        &document,
    )
    .await;
    assert_eq!(merged.json()["revision"], 3, "{}", merged.text);
    assert_eq!(
        server.get(&format!("{FLAGS}?limit=1")).await.json()["total"],
        3
    );
    let audit = server
        .get("/api/v1/projects/default/audit?limit=1")
        .await
        .json();
    assert_eq!(audit["items"][0]["reason"], "import");
}

#[tokio::test]
async fn what_is_merged_may_lean_on_what_is_there_and_breaks_nothing() {
    let server = Server::new().await;
    let segment =
        json!({"schemaVersion": 1, "segments": {"beta": {"include": {"user": ["u"]}}}}).to_string();
    assert_eq!(
        put(&server, "", "application/json", &segment).await.status,
        StatusCode::OK
    );
    let flag = |segment: &str| {
        let rule = json!({"when": {"segment": segment}, "serve": "on"});
        json!({"schemaVersion": 1, "flags": {"a": {"type": "boolean", "enabled": true, "serve": "off", "rules": [rule]}}}).to_string()
    };
    assert_eq!(
        put(&server, "?mode=merge", "application/json", &flag("beta"))
            .await
            .status,
        StatusCode::OK
    );
    for query in ["?mode=merge", "?mode=merge&dryRun=true"] {
        let refused = put(&server, query, "application/json", &flag("gamma")).await;
        assert_eq!(
            refused.pointers(),
            ["/flags/a/rules/0/when/segment"],
            "{query}: {}",
            refused.text
        );
        let unknown = json!({"schemaVersion": 1, "flags": {"b": {"type": "boolean", "enabled": true, "serve": "on", "colour": 1}}}).to_string();
        let refused = put(&server, query, "application/json", &unknown).await;
        assert_eq!(refused.pointers(), ["/flags/b/colour"], "{query}");
    }
}
