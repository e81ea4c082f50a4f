//! A salt is frozen: no write gives a flag, group or holdout another one unless it is told to, and then it tells who moves

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, DOCUMENT, FLAGS, Server};

const ENVIRONMENTS: &str = "/api/v1/projects/default/environments";
const PRODUCTION: &str = "/api/v1/projects/default/environments/production";

/// A flag that is on for a quarter of all users
fn quarter(salt: &Value) -> Value {
    let serve = json!({"variant": "on", "rollout": 25});
    let mut flag = json!({"type": "boolean", "enabled": true, "serve": serve});
    if !salt.is_null() {
        flag["salt"] = salt.clone();
    }
    flag
}

fn document(section: &str, key: &str, value: &Value) -> Value {
    json!({"schemaVersion": 1, section: {key: value}})
}

async fn import(server: &Server, query: &str, document: &Value) -> Answer {
    let path = format!("{DOCUMENT}{query}");
    server.admin(Method::PUT, &path, document).await
}

async fn change(server: &Server, query: &str, operation: Value) -> Answer {
    let path = format!("{PRODUCTION}/changesets{query}");
    let body = json!({"operations": [operation]});
    server.admin(Method::POST, &path, &body).await
}

async fn salt(server: &Server, environment: &str) -> Value {
    let flag = format!("{ENVIRONMENTS}/{environment}/flags/a");
    server.get(&flag).await.json()["salt"].clone()
}

fn assert_refused(answer: &Answer, pointer: &str) {
    let text = &answer.text;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
    assert_eq!(answer.pointers(), [pointer], "{text}");
    assert!(text.contains("`old`") && text.contains("?rehash=true"));
}

/// The shares of a dry run, by flag
fn moved(answer: &Answer) -> Vec<(String, f64)> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let moves = answer.json()["moves"].as_array().unwrap().clone();
    let share = |flag: &Value| {
        let splits = flag["splits"].as_array().unwrap();
        let shares = splits.iter().map(|split| split["moved"].as_f64().unwrap());
        (flag["flag"].as_str().unwrap().to_owned(), shares.sum())
    };
    moves.iter().map(share).collect()
}

/// What half of the users of a quarter move to by another hash: a quarter of the rest, and three quarters of those
fn by_another_hash() -> Vec<(String, f64)> {
    vec![("a".to_owned(), 0.375)]
}

#[tokio::test]
async fn an_import_keeps_the_salt_and_refuses_another_one() {
    let server = Server::new().await;
    server.put("a", &quarter(&json!("old"))).await;
    for query in ["", "?mode=merge", "?invalid=keep"] {
        let kept = import(
            &server,
            query,
            &document("flags", "a", &quarter(&Value::Null)),
        )
        .await;
        assert_eq!(kept.status, StatusCode::OK, "{}", kept.text);
        assert_eq!(kept.json()["revision"], 1, "it is what it was");
        assert_eq!(salt(&server, "production").await, "old");
    }
    let other = document("flags", "a", &quarter(&json!("new")));
    for query in [
        "",
        "?mode=merge",
        "?dryRun=true",
        "?invalid=keep",
        "?rehash=false",
    ] {
        assert_refused(&import(&server, query, &other).await, "/flags/a/salt");
    }
    // A salt that is none must not be the way to another one.
    let none = document("flags", "a", &quarter(&json!(7)));
    let refused = import(&server, "?invalid=keep", &none).await;
    assert_refused(&refused, "/flags/a/salt");
    assert_eq!(salt(&server, "production").await, "old");
}

#[tokio::test]
async fn a_dry_run_tells_who_moves_and_rehash_moves_them() {
    let server = Server::new().await;
    server.put("a", &quarter(&json!("old"))).await;
    let other = document("flags", "a", &quarter(&json!("new")));
    let told = import(&server, "?rehash=true&dryRun=true", &other).await;
    assert_eq!(moved(&told), by_another_hash());
    let split = &told.json()["moves"][0]["splits"][0];
    let moves = json!([{"from": "off", "to": "on", "share": 0.1875}, {"from": "on", "to": "off", "share": 0.1875}]);
    assert_eq!(
        (&split["new"], &split["moves"]),
        (&json!("/flags/a/serve"), &moves)
    );
    assert_eq!(salt(&server, "production").await, "old");
    let done = import(&server, "?rehash=true", &other).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(salt(&server, "production").await, "new");
    // Who moves by a percentage is told as well, and nobody moves by a description.
    let mut half = quarter(&Value::Null);
    half["serve"]["rollout"] = json!(50);
    let told = import(&server, "?dryRun=true", &document("flags", "a", &half)).await;
    assert_eq!(moved(&told), [("a".to_owned(), 0.25)]);
    let mut described = quarter(&Value::Null);
    described["description"] = json!("a quarter");
    let told = import(&server, "?dryRun=true", &document("flags", "a", &described)).await;
    assert_eq!(moved(&told), []);
}

#[tokio::test]
async fn a_changeset_keeps_the_salt_and_refuses_another_one() {
    let server = Server::new().await;
    server.put("a", &quarter(&json!("old"))).await;
    let put =
        |salt: Value| json!({"op": "put", "key": "a", "value": quarter(&salt), "ifMatch": "*"});
    let patch = |salt: Value| json!({"op": "patch", "key": "a", "value": {"salt": salt}});
    for operation in [put(Value::Null), patch(Value::Null)] {
        let kept = change(&server, "", operation).await;
        assert_eq!(kept.status, StatusCode::OK, "{}", kept.text);
        assert_eq!(salt(&server, "production").await, "old");
    }
    for operation in [put(json!("new")), patch(json!("new"))] {
        for query in ["", "?dryRun=true"] {
            let refused = change(&server, query, operation.clone()).await;
            assert_refused(&refused, "/operations/0/value/salt");
        }
    }
    let told = change(&server, "?rehash=true&dryRun=true", put(json!("new"))).await;
    assert_eq!(moved(&told), by_another_hash());
    let done = change(&server, "?rehash=true", put(json!("new"))).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(salt(&server, "production").await, "new");
}

#[tokio::test]
async fn groups_and_holdouts_keep_their_salts_too() {
    let server = Server::new().await;
    for (section, kind, value) in [
        ("groups", "group", json!({"salt": "old", "unit": "user"})),
        ("holdouts", "holdout", json!({"salt": "old", "percent": 5})),
    ] {
        let made = change(
            &server,
            "",
            json!({"op": "put", "kind": kind, "key": "g", "value": value}),
        )
        .await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.text);
        let mut other = value.clone();
        other["salt"] = json!("new");
        let imported = import(&server, "?mode=merge", &document(section, "g", &other)).await;
        assert_refused(&imported, &format!("/{section}/g/salt"));
        let put = json!({"op": "put", "kind": kind, "key": "g", "value": other});
        let patch = json!({"op": "patch", "kind": kind, "key": "g", "value": {"salt": "new"}});
        for operation in [&put, &patch] {
            let refused = change(&server, "", operation.clone()).await;
            assert_refused(&refused, "/operations/0/value/salt");
        }
        let done = change(&server, "?rehash=true", patch).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        let read = server.get(DOCUMENT).await.json();
        assert_eq!(read[section]["g"]["salt"], "new");
    }
}

#[tokio::test]
async fn a_new_flag_of_an_import_falls_as_it_does_elsewhere_and_as_no_other_flag_does() {
    let server = Server::new().await;
    server.put("a", &quarter(&json!("b"))).await;
    let flags = json!({"a": quarter(&Value::Null), "b": quarter(&Value::Null)});
    let document = json!({"schemaVersion": 1, "flags": flags});
    let staging = format!("{ENVIRONMENTS}/staging");
    let imported = server
        .admin(Method::PUT, &format!("{staging}/document"), &document)
        .await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);
    assert_eq!(salt(&server, "staging").await, "b");
    let other = server.get(&format!("{staging}/flags/b")).await.json();
    assert_eq!(other["salt"], "b~1");
}

#[tokio::test]
async fn a_copy_leaves_the_salts_that_are_there_unless_told_otherwise() {
    let server = Server::new().await;
    let staging = format!("{ENVIRONMENTS}/staging");
    let flags = document("flags", "a", &quarter(&json!("staged")));
    server
        .admin(Method::PUT, &format!("{staging}/document"), &flags)
        .await;
    server.put("a", &quarter(&json!("old"))).await;
    let copy = async |query: &str, body: Value| {
        let path = format!("{PRODUCTION}/copy{query}");
        server.admin(Method::POST, &path, &body).await
    };
    for body in [
        json!({"from": "staging"}),
        json!({"from": "staging", "flags": ["a"]}),
    ] {
        let told = copy("?dryRun=true", body.clone()).await;
        assert_eq!(
            (&told.json()["changes"], moved(&told)),
            (&json!([]), vec![])
        );
        let done = copy("", body.clone()).await;
        assert_eq!(done.json()["revision"], 1, "{}", done.text);
        let told = copy("?dryRun=true&rehash=true", body).await;
        assert_eq!(moved(&told), by_another_hash());
        assert_eq!(salt(&server, "production").await, "old");
    }
    copy("?rehash=true", json!({"from": "staging"})).await;
    assert_eq!(salt(&server, "production").await, "staged");
}

#[tokio::test]
async fn a_rollback_over_a_change_of_the_salt_says_so() {
    let server = Server::new().await;
    server.put("a", &quarter(&json!("new"))).await;
    let other = document("flags", "a", &quarter(&json!("old")));
    import(&server, "?rehash=true", &other).await;
    let back = format!("{FLAGS}/a/rollback");
    let refused = server
        .admin(Method::POST, &back, &json!({"revision": 1}))
        .await;
    assert_refused(&refused, "/salt");
    let done = server
        .admin(
            Method::POST,
            &format!("{back}?rehash=true"),
            &json!({"revision": 1}),
        )
        .await;
    assert_eq!(
        (done.status, &done.json()["salt"]),
        (StatusCode::OK, &json!("new"))
    );
    // `PUT` and `PATCH` of a flag have no such way.
    for (method, body) in [
        (Method::PUT, quarter(&json!("old"))),
        (Method::PATCH, json!({"salt": "old"})),
    ] {
        let headers = [("if-match", "*")];
        let path = format!("{FLAGS}/a?rehash=true");
        let refused = server
            .call(
                flagstaff_server::auth::KeyKind::Admin,
                method,
                &path,
                &body,
                &headers,
            )
            .await;
        assert_eq!(refused.pointers(), ["/salt"], "{}", refused.text);
    }
}
