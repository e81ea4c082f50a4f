//! Several flags and segments in one revision, all of them or none

use serde_json::{Value, json};

use crate::support::{Answer, Requests as _, Server, text};

async fn apply(server: &Server, query: &str, operations: Value) -> Answer {
    let body = json!({"operations": operations});
    server.post(&format!("changesets{query}"), &body).await
}

fn flag(serve: &str) -> Value {
    json!({"type": "boolean", "enabled": true, "serve": serve})
}

fn ruled() -> Value {
    let rule = json!({"when": {"segment": "nordics"}, "serve": "on"});
    json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [rule]})
}

#[tokio::test]
async fn flags_and_segments_that_depend_on_each_other_change_in_one_revision() {
    let server = Server::new().await;
    server.put_flag("old", &flag("on")).await;
    server.put_flag("kept", &flag("off")).await;
    let operations = json!([
        {"op": "put", "key": "new", "value": ruled()},
        {"op": "put", "kind": "segment", "key": "nordics", "value": {"include": {"user": ["u1"]}}},
        {"op": "patch", "key": "kept", "value": {"enabled": false}, "ifMatch": 2},
        {"op": "delete", "key": "old", "ifMatch": "*"},
    ]);
    let preview = apply(&server, "?dryRun=true", operations.clone())
        .await
        .expect(200);
    assert_eq!(server.get("flags?limit=1").await["total"], 2);
    let done = apply(&server, "?reason=launch", operations).await;
    assert_eq!(done["changes"], preview["changes"]);
    let expected = json!([
        {"kind": "flag", "key": "new", "version": 3},
        {"kind": "segment", "key": "nordics", "version": 3},
        {"kind": "flag", "key": "kept", "version": 3},
        {"kind": "flag", "key": "old", "version": null},
    ]);
    assert_eq!(done["revision"], 3);
    assert_eq!(done["items"], expected);
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
    let audit = server.audit("?limit=4").await;
    for item in audit {
        assert_eq!(item["revision"], 3);
        assert_eq!(item["reason"], "launch");
    }
    // Segments have versions too.
    let stale =
        json!([{"op": "patch", "kind": "segment", "key": "nordics", "value": {}, "ifMatch": 2}]);
    apply(&server, "", stale).await.expect(412);
    let merged = json!([{"op": "patch", "kind": "segment", "key": "nordics", "value": {"include": {"user": ["u2"]}}, "ifMatch": 3}]);
    assert_eq!(apply(&server, "", merged).await["items"][0]["version"], 4);
}

#[tokio::test]
async fn one_refused_operation_refuses_the_changeset() {
    let server = Server::new().await;
    server.put_flag("a", &flag("on")).await;
    let first = json!({"op": "patch", "key": "a", "value": {"enabled": false}});
    let cases = [
        (json!({"op": "delete", "key": "none"}), 404, &[][..]),
        (
            json!({"op": "patch", "key": "none", "value": {}}),
            404,
            &[][..],
        ),
        (
            json!({"op": "put", "key": "b", "value": flag("on"), "ifMatch": 1}),
            412,
            &[][..],
        ),
        (
            json!({"op": "put", "key": "b", "value": flag("sideways")}),
            422,
            &["/operations/1/value/serve"],
        ),
        (
            json!({"op": "put", "key": "b", "value": ruled()}),
            422,
            &["/operations/1/value/rules/0/when/segment"],
        ),
        (
            json!({"op": "put", "key": "b", "value": {"type": "boolean", "enabled": true, "serve": "on", "colour": 1}}),
            422,
            &["/operations/1/value/colour"],
        ),
        (
            json!({"op": "put", "key": "b", "value": {"enabled": 1}}),
            422,
            &["/operations/1/value/enabled"],
        ),
        (
            json!({"op": "delete", "key": "a"}),
            422,
            &["/operations/1/key"],
        ),
    ];
    for (second, status, pointers) in cases {
        for query in ["", "?dryRun=true"] {
            let operations = json!([first, second]);
            let refused = apply(&server, query, operations).await.expect(status);
            assert_eq!(refused.pointers(), pointers, "{second}");
        }
    }
    assert_eq!(server.get("flags/a").await["enabled"], true);
    // A replacement needs a version here too, and the detail names the operation.
    apply(
        &server,
        "",
        json!([first, {"op": "put", "key": "b", "value": flag("on")}]),
    )
    .await
    .expect(200);
    let blind = apply(
        &server,
        "",
        json!([{"op": "put", "key": "b", "value": flag("off")}]),
    )
    .await
    .expect(428);
    assert_eq!(blind["currentVersion"], 2);
    assert!(
        blind["detail"]
            .as_str()
            .unwrap()
            .starts_with("operation 0: ")
    );
}

#[tokio::test]
async fn all_errors_of_a_changeset_are_reported_at_once() {
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
        apply(&server, "", operations)
            .await
            .expect_errors(["/operations"]);
    }
    server
        .post("changesets", json!({"operation": []}))
        .await
        .expect_errors(["/operations", "/operation"]);
    server
        .post("changesets", json!({}))
        .token("viewer")
        .await
        .expect(403);
}

#[tokio::test]
async fn a_dry_run_tells_what_is_odd_about_the_flags_as_they_would_be() {
    let server = Server::new().await;
    server.put_flag("a", &flag("on")).await;
    let segment = json!({"op": "put", "kind": "segment", "key": "s", "value": {}});
    let nobody = json!({"variant": "on", "rollout": 0});
    let patch = json!({"op": "patch", "key": "a", "value": {"serve": nobody}});
    let operations = json!([segment, patch]);
    let tried = apply(&server, "?dryRun=true", operations.clone()).await;
    let tried = tried.expect(200).json();
    let findings = tried["findings"].as_array().unwrap();
    let finding = findings.iter().find(|it| it["code"] == "serves-nobody");
    let finding = finding.unwrap_or_else(|| panic!("{tried}"));
    assert_eq!(finding["pointer"], "/operations/1/value/serve/rollout");
    assert_eq!(finding["severity"], "info");
    assert!(!text(finding, "message").is_empty() && !text(finding, "hint").is_empty());
    // What is applied has none, and neither has a flag without oddities.
    let applied = apply(&server, "", operations).await.expect(200).json();
    assert_eq!(applied.get("findings"), None);
    let plain = json!([{"op": "patch", "key": "a", "value": {"serve": "on"}}]);
    let tried = apply(&server, "?dryRun=true", plain).await.expect(200);
    assert_eq!(tried["findings"], json!([]));
}
