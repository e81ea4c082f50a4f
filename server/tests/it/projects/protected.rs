//! Protected environments: every write must state a reason, by whichever route it comes

use std::collections::BTreeSet;

use axum::http::Method;
use flagstaff_server::{Clock, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{Answer, Database, Requests as _, Server, on, state, text};

const PRODUCTION: &str = "/api/v1/projects/default/environments/production";
const TEMPLATE: &str = "/api/v1/projects/{project}/environments/{environment}";

/// Operations below an environment that write nothing, whatever their method is
const READING: [&str; 3] = ["/contexts/flags", "/evaluate", "/values"];

fn boolean_flag(enabled: bool) -> Value {
    json!({"type": "boolean", "enabled": enabled, "serve": "on"})
}

/// A write: the method, the path below the environment, and the body
type Write = (Method, String, Value);

/// One write for each operation, in an order in which all of them succeed
fn writes(key: &str, secret: &str, rotated: &str) -> Vec<Write> {
    let (post, put, patch, delete) = (Method::POST, Method::PUT, Method::PATCH, Method::DELETE);
    let document = json!({"schemaVersion": 1, "flags": {"imported": boolean_flag(true)}});
    let operations =
        json!({"operations": [{"op": "patch", "key": "a", "value": {"enabled": true}}]});
    let segment = json!({"include": {"user": ["u"]}});
    let line = |text: &str| json!(text);
    let cases: Vec<(&Method, String, Value)> = vec![
        (
            &post,
            "flags".into(),
            json!({"key": "made", "enabled": true}),
        ),
        (&put, "flags/put".into(), boolean_flag(true)),
        (&patch, "flags/a".into(), json!({"rolloutPercentage": 5})),
        (&post, "changesets".into(), operations),
        (&post, "flags/a/rollback".into(), json!({"revision": 1})),
        (
            &put,
            "flags/a/overrides/user/u".into(),
            json!({"value": "include"}),
        ),
        (
            &patch,
            "flags/o/overrides/user/u".into(),
            json!({"value": {"patch": {"x": 1}}}),
        ),
        (
            &post,
            "flags/a/overrides/bulk".into(),
            line("{\"level\":\"user\",\"contextKey\":\"b\",\"value\":\"include\"}\n"),
        ),
        (&delete, "flags/a/overrides/user/u".into(), json!(null)),
        (
            &post,
            "segments".into(),
            json!({"key": "made", "include": {"user": ["u"]}}),
        ),
        (&put, "segments/put".into(), segment.clone()),
        (&patch, "segments/s".into(), json!({"description": "new"})),
        (&put, "segments/s/ids/include/user/new".into(), json!(null)),
        (
            &post,
            "segments/s/ids/bulk?kind=user".into(),
            line("\"two\"\n"),
        ),
        (
            &delete,
            "segments/s/ids/include/user/one".into(),
            json!(null),
        ),
        (&delete, "segments/s".into(), json!(null)),
        (&post, "groups".into(), json!({"key": "made"})),
        (&put, "groups/put".into(), json!({})),
        (&patch, "groups/g".into(), json!({"unit": "/session"})),
        (&delete, "groups/g".into(), json!(null)),
        (
            &post,
            "holdouts".into(),
            json!({"key": "made", "percent": 5}),
        ),
        (&put, "holdouts/put".into(), json!({"percent": 5})),
        (&patch, "holdouts/h".into(), json!({"percent": 7})),
        (&delete, "holdouts/h".into(), json!(null)),
        (&delete, "flags/a".into(), json!(null)),
        (
            &post,
            "copy".into(),
            json!({"from": "staging", "flags": ["copied"]}),
        ),
        (&put, "document".into(), document),
        (
            &post,
            "keys".into(),
            json!({"kind": "server", "name": "tests"}),
        ),
        (
            &patch,
            format!("keys/{key}"),
            json!({"origins": ["https://app.example"]}),
        ),
        (&post, format!("keys/{key}/secrets"), json!(null)),
        (&delete, format!("keys/{key}/secrets/{secret}"), json!(null)),
        (&post, format!("keys/{rotated}/rotate"), json!(null)),
        (&delete, format!("keys/{key}"), json!(null)),
        (&put, "settings".into(), json!({"publicValues": true})),
        (&patch, String::new(), json!({"name": "live"})),
    ];
    let cases = cases.into_iter();
    let cases = cases.map(|(method, path, body)| (method.clone(), path, body));
    cases.collect()
}

async fn send(server: &Server, base: &str, (method, path, body): &Write, reason: &str) -> Answer {
    let path = match (path.as_str(), reason) {
        ("", "") => base.to_owned(),
        ("", reason) => format!("{base}?reason={reason}"),
        (path, "") => format!("{base}/{path}"),
        (path, reason) if path.contains('?') => format!("{base}/{path}&reason={reason}"),
        (path, reason) => format!("{base}/{path}?reason={reason}"),
    };
    let request = server.request(method.clone(), &path);
    match body {
        Value::Null => request.await,
        Value::String(lines) => {
            let request = request.body(lines.as_str());
            request.header("content-type", "application/x-ndjson").await
        }
        body => request.body(body).await,
    }
}

/// Whether a path is one of a template: `flags/a` of `/flags/{key}`
fn is_of(template: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (template, path) = (template.trim_start_matches('/'), path.trim_end_matches('/'));
    let (template, path): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    let is_same = |(one, other): (&&str, &&str)| one == other || one.starts_with('{');
    template.len() == path.len() && template.iter().zip(&path).all(is_same)
}

async fn protected(database: Database) -> Server {
    let state = state(&database, RuntimeConfig::default(), Clock::System).await;
    let server = Server::of(state, database);
    server.put_flag("a", boolean_flag(true)).await;
    // So that there is something to roll back, to merge with and to delete.
    let changed = json!({"enabled": false, "overrides": {"user": {"u": "exclude"}}});
    server.patch("flags/a", changed).await.expect(200);
    let object = json!({"type": "object", "enabled": true, "variants": {"on": {}}, "offVariant": "on", "serve": "on",
        "overrides": {"user": {"u": {"patch": {"y": 2}}}}});
    server.put_flag("o", object).await;
    server
        .put("segments/s", json!({"include": {"user": ["one"]}}))
        .await
        .expect(201);
    server.put("groups/g", json!({})).await.expect(201);
    server
        .put("holdouts/h", json!({"percent": 5}))
        .await
        .expect(201);
    let staging = "/api/v1/projects/default/environments/staging";
    server
        .put(&format!("{staging}/flags/copied"), on())
        .await
        .expect(201);
    // Beginning the protection needs no reason.
    server
        .put("settings", json!({"requireReason": true}))
        .await
        .expect(200);
    server
}

#[tokio::test]
async fn every_write_to_a_protected_environment_needs_a_reason() {
    for database in Database::both().await {
        let server = protected(database).await;
        let made = server.post(
            "keys?reason=setup",
            json!({"kind": "client", "name": "web"}),
        );
        let key = text(&made.await.expect(201).json(), "id").to_owned();
        let secret = server
            .post(&format!("keys/{key}/secrets?reason=setup"), ())
            .await;
        let secret = text(&secret.expect(201).json(), "id").to_owned();
        let made = server.post(
            "keys?reason=setup",
            json!({"kind": "server", "name": "jobs"}),
        );
        let rotated = text(&made.await.expect(201).json(), "id").to_owned();
        let writes = writes(&key, &secret, &rotated);

        let before = server.audit("?limit=1").await;
        for write in &writes {
            for reason in ["", "%20"] {
                let refused = send(&server, PRODUCTION, write, reason).await;
                let refused = refused.expect_problem(422, "reason-required");
                assert!(
                    text(&refused.json(), "detail").contains("`production`"),
                    "{write:?}"
                );
                assert_eq!(refused.pointers(), ["?reason"]);
            }
        }
        assert_eq!(
            server.audit("?limit=1").await,
            before,
            "nothing was written"
        );

        for write in &writes {
            send(&server, PRODUCTION, write, "because")
                .await
                .expect_success();
            let row = &server.audit("?limit=1").await[0];
            assert_eq!(row["reason"], "because", "{write:?}");
        }
    }
}

#[tokio::test]
async fn no_operation_is_left_out_of_the_writes_that_need_a_reason() {
    let server = Server::new().await;
    let document = server.get("/api/v1/openapi.json").anonymous().await.json();
    let writes = writes("key", "secret", "rotated");
    let mut missing = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(below) = path.strip_prefix(TEMPLATE) else {
            continue;
        };
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let is_described = item.get(method.as_str().to_lowercase()).is_some();
            let is_tried = writes
                .iter()
                .any(|(one, path, _)| *one == method && is_of(below, path));
            if is_described && !is_tried && !READING.contains(&below) {
                missing.insert(format!("{method} {below}"));
            }
        }
    }
    // `what_concerns_a_protected_environment_from_its_project_needs_a_reason_too` tries this one.
    assert_eq!(missing, BTreeSet::from(["DELETE ".to_owned()]));
}

#[tokio::test]
async fn what_concerns_a_protected_environment_from_its_project_needs_a_reason_too() {
    for database in Database::both().await {
        let server = protected(database).await;
        let root = server.root().await;
        root.post("/api/v1/projects", json!({"name": "other"}))
            .await
            .expect(201);
        let project = "/api/v1/projects/default";
        for (method, path, body) in [
            (
                Method::PATCH,
                "/flags/a",
                json!({"description": "everywhere"}),
            ),
            (Method::POST, "/flags/a/archive", json!(null)),
            (Method::POST, "/flags/a/restore", json!(null)),
            (
                Method::DELETE,
                "/environments/production?confirm=production",
                json!(null),
            ),
        ] {
            let query = if path.contains('?') { "&" } else { "?" };
            let request = root.request(method.clone(), &format!("{project}{path}"));
            let refused = request.body(&body).await;
            refused.expect_problem(422, "reason-required");
            let path = format!("{project}{path}{query}reason=because");
            root.request(method, &path)
                .body(&body)
                .await
                .expect_success();
        }

        // A project with a protected environment is not deleted, or renamed, without a reason.
        let staging = format!("{project}/environments/staging");
        let settings = json!({"requireReason": true});
        server
            .put(&format!("{staging}/settings"), settings)
            .await
            .expect(200);
        let renamed = root.patch(project, json!({"name": "shop"})).await;
        renamed.expect_problem(422, "reason-required");
        let deleted = root.delete(&format!("{project}?confirm=default")).await;
        let detail = deleted.expect_problem(422, "reason-required");
        assert!(text(&detail.json(), "detail").contains("`staging`"));
        root.delete(&format!("{project}?confirm=default&reason=over"))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn ending_the_protection_needs_a_reason_and_both_are_in_the_audit() {
    let server = protected(Database::new()).await;
    let list = server
        .get("/api/v1/projects/default/environments")
        .token("viewer")
        .await;
    let protected: Vec<_> = list
        .items()
        .iter()
        .map(|item| &item["requireReason"])
        .collect();
    assert_eq!(protected, [false, true, false]);
    assert_eq!(
        server.get("settings").await.json(),
        json!({"publicValues": false, "requireReason": true})
    );
    let end = json!({"requireReason": false});
    server
        .put("settings", &end)
        .await
        .expect_problem(422, "reason-required");
    server.put("settings?reason=moved", &end).await.expect(200);
    server.put("flags/free", on()).await.expect(201);
    let rows = server.audit("?kind=environment").await;
    assert_eq!(rows[0]["reason"], "moved");
    assert_eq!(
        rows[0]["changes"],
        json!([{"pointer": "/requireReason", "before": true, "after": false}])
    );
    assert_eq!(
        rows[1]["changes"],
        json!([{"pointer": "/requireReason", "before": false, "after": true}])
    );

    // A preview writes nothing.
    server
        .put("settings", json!({"requireReason": true}))
        .await
        .expect(200);
    let operations = json!({"operations": [{"op": "delete", "key": "free"}]});
    server
        .post("changesets?dryRun=true", &operations)
        .await
        .expect(200);
}
