//! Several flags and segments in one revision, all of them or none

use axum::http::{Method, StatusCode};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{Answer, FLAGS, Server};

const CHANGESETS: &str = "/api/v1/projects/default/environments/production/changesets";

async fn apply(server: &Server, query: &str, operations: Value) -> Answer {
    let body = json!({"operations": operations});
    server
        .admin(Method::POST, &format!("{CHANGESETS}{query}"), &body)
        .await
}

fn flag(serve: &str) -> Value {
    json!({"type": "boolean", "enabled": true, "serve": serve})
}

fn ruled() -> Value {
    let rule = json!({"when": {"segment": "nordics"}, "serve": "on"});
    json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [rule]})
}

#[tokio::test]
async fn what_refers_to_one_another_is_changed_in_one_revision() {
    let server = Server::new().await;
    server.put("old", &flag("on")).await;
    server.put("kept", &flag("off")).await;
    let operations = json!([
        {"op": "put", "key": "new", "value": ruled()},
        {"op": "put", "kind": "segment", "key": "nordics", "value": {"include": {"user": ["u1"]}}},
        {"op": "patch", "key": "kept", "value": {"enabled": false}, "ifMatch": 2},
        {"op": "delete", "key": "old", "ifMatch": "*"},
    ]);
    let told = apply(&server, "?dryRun=true", operations.clone()).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    assert_eq!(
        server.get(&format!("{FLAGS}?limit=1")).await.json()["total"],
        2
    );
    let done = apply(&server, "?reason=launch", operations).await.json();
    assert_eq!(done["changes"], told.json()["changes"]);
    let expected = json!([
        {"kind": "flag", "key": "new", "version": 3},
        {"kind": "segment", "key": "nordics", "version": 3},
        {"kind": "flag", "key": "kept", "version": 3},
        {"kind": "flag", "key": "old", "version": null},
    ]);
    assert_eq!((&done["revision"], &done["items"]), (&json!(3), &expected));
    let pointers: Vec<_> = done["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["pointer"])
        .collect();
    assert_eq!(
        pointers,
        [
            "/flags/kept/enabled",
            "/flags/old",
            "/flags/new",
            "/segments/nordics"
        ]
    );
    let audit = server
        .get("/api/v1/projects/default/audit?limit=4")
        .await
        .json();
    for item in audit["items"].as_array().unwrap() {
        assert_eq!(
            (&item["revision"], &item["reason"]),
            (&json!(3), &json!("launch"))
        );
    }
    // The segment has a version to hold on to as well.
    let stale =
        json!([{"op": "patch", "kind": "segment", "key": "nordics", "value": {}, "ifMatch": 2}]);
    assert_eq!(
        apply(&server, "", stale).await.status,
        StatusCode::PRECONDITION_FAILED
    );
    let merged = json!([{"op": "patch", "kind": "segment", "key": "nordics", "value": {"include": {"user": ["u2"]}}, "ifMatch": 3}]);
    assert_eq!(
        apply(&server, "", merged).await.json()["items"][0]["version"],
        4
    );
}

#[tokio::test]
async fn one_operation_that_is_refused_refuses_all() {
    let server = Server::new().await;
    server.put("a", &flag("on")).await;
    let first = json!({"op": "patch", "key": "a", "value": {"enabled": false}});
    let cases = [
        (
            json!({"op": "delete", "key": "none"}),
            StatusCode::NOT_FOUND,
            vec![],
        ),
        (
            json!({"op": "patch", "key": "none", "value": {}}),
            StatusCode::NOT_FOUND,
            vec![],
        ),
        (
            json!({"op": "put", "key": "b", "value": flag("on"), "ifMatch": 1}),
            StatusCode::PRECONDITION_FAILED,
            vec![],
        ),
        (
            json!({"op": "put", "key": "b", "value": flag("sideways")}),
            StatusCode::UNPROCESSABLE_ENTITY,
            vec!["/operations/1/value/serve"],
        ),
        (
            json!({"op": "put", "key": "b", "value": ruled()}),
            StatusCode::UNPROCESSABLE_ENTITY,
            vec!["/operations/1/value/rules/0/when/segment"],
        ),
        (
            json!({"op": "put", "key": "b", "value": {"type": "boolean", "enabled": true, "serve": "on", "colour": 1}}),
            StatusCode::UNPROCESSABLE_ENTITY,
            vec!["/operations/1/value/colour"],
        ),
        (
            json!({"op": "put", "key": "b", "value": {"enabled": 1}}),
            StatusCode::UNPROCESSABLE_ENTITY,
            vec!["/operations/1/value/enabled"],
        ),
        (
            json!({"op": "delete", "key": "a"}),
            StatusCode::UNPROCESSABLE_ENTITY,
            vec!["/operations/1/key"],
        ),
    ];
    for (second, status, pointers) in cases {
        for query in ["", "?dryRun=true"] {
            let refused = apply(&server, query, json!([first, second])).await;
            assert_eq!(
                (refused.status, refused.pointers()),
                (status, pointers.iter().map(ToString::to_string).collect()),
                "{second}: {}",
                refused.text
            );
        }
    }
    assert_eq!(
        server.get(&format!("{FLAGS}/a")).await.json()["enabled"],
        true
    );
    // A replacement says what it replaces, here too; and which operation it was is said in words.
    let replaced = apply(
        &server,
        "",
        json!([first, {"op": "put", "key": "b", "value": flag("on")}]),
    )
    .await;
    assert_eq!(replaced.status, StatusCode::OK);
    let blind = apply(
        &server,
        "",
        json!([{"op": "put", "key": "b", "value": flag("off")}]),
    )
    .await;
    assert_eq!(
        (blind.status, &blind.json()["currentVersion"]),
        (StatusCode::PRECONDITION_REQUIRED, &json!(2))
    );
    assert!(
        blind.json()["detail"]
            .as_str()
            .unwrap()
            .starts_with("operation 0: ")
    );
}

#[tokio::test]
async fn a_changeset_that_is_none_is_told_what_is_wrong_all_at_once() {
    let server = Server::new().await;
    let refused = apply(
        &server,
        "",
        json!([
            {"op": "post", "kind": "overrides", "key": "a/b", "more": 1},
            {"op": "put", "key": "a"},
            {"op": "delete", "key": "a", "value": {}, "ifMatch": -1},
            3,
        ]),
    )
    .await;
    let expected = [
        "/operations/0/op",
        "/operations/0/kind",
        "/operations/0/key",
        "/operations/0/value",
        "/operations/0/more",
        "/operations/1/value",
        "/operations/2/value",
        "/operations/2/ifMatch",
        "/operations/3",
    ];
    assert_eq!(refused.pointers(), expected, "{}", refused.text);
    let many: Vec<Value> = (0..101)
        .map(|_| json!({"op": "delete", "key": "a"}))
        .collect();
    for operations in [json!([]), json!({}), Value::Null, json!(many)] {
        assert_eq!(
            apply(&server, "", operations).await.pointers(),
            ["/operations"]
        );
    }
    let other = server
        .admin(Method::POST, CHANGESETS, &json!({"operation": []}))
        .await;
    assert_eq!(other.pointers(), ["/operations", "/operation"]);
    let viewer = server
        .call(KeyKind::Viewer, Method::POST, CHANGESETS, &json!({}), &[])
        .await;
    assert_eq!(viewer.status, StatusCode::FORBIDDEN);
}
