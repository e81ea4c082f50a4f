//! Salts: writes keep the salt of a flag, group or holdout unless `rehash` is set, and dry runs return the share of moved users

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Requests as _, Server};

const ENVIRONMENTS: &str = "/api/v1/projects/default/environments";

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
    let path = format!("document{query}");
    server.put(&path, document).await
}

async fn change(server: &Server, query: &str, operation: Value) -> Answer {
    let path = format!("changesets{query}");
    let body = json!({"operations": [operation]});
    server.post(&path, &body).await
}

async fn salt(server: &Server, environment: &str) -> Value {
    let flag = format!("{ENVIRONMENTS}/{environment}/flags/a");
    server.get(&flag).await["salt"].clone()
}

fn assert_refused(answer: &Answer, pointer: &str) {
    let text = &answer.text;
    assert_eq!(answer.status, 422, "{text}");
    assert_eq!(answer.pointers(), [pointer], "{text}");
    assert!(text.contains("`old`") && text.contains("?rehash=true"));
}

/// The share of moved users of each flag in a dry run
fn moved(answer: &Answer) -> Vec<(String, f64)> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let moves = answer["moves"].as_array().unwrap().clone();
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
    server.put_flag("a", &quarter(&json!("old"))).await;
    for query in ["", "?mode=merge", "?invalid=keep"] {
        let kept = import(
            &server,
            query,
            &document("flags", "a", &quarter(&Value::Null)),
        )
        .await
        .expect(200);
        assert_eq!(kept["revision"], 1, "it is what it was");
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
    // An invalid salt must not be a way to another salt.
    let none = document("flags", "a", &quarter(&json!(7)));
    let refused = import(&server, "?invalid=keep", &none).await;
    assert_refused(&refused, "/flags/a/salt");
    assert_eq!(salt(&server, "production").await, "old");
}

#[tokio::test]
async fn a_dry_run_returns_the_share_of_moved_users_and_rehash_moves_them() {
    let server = Server::new().await;
    server.put_flag("a", &quarter(&json!("old"))).await;
    let other = document("flags", "a", &quarter(&json!("new")));
    let preview = import(&server, "?rehash=true&dryRun=true", &other).await;
    assert_eq!(moved(&preview), by_another_hash());
    let split = &preview["moves"][0]["splits"][0];
    let moves = json!([{"before": "off", "after": "on", "share": 0.1875}, {"before": "on", "after": "off", "share": 0.1875}]);
    assert_eq!(split["after"], "/flags/a/serve");
    assert_eq!(split["moves"], moves);
    assert_eq!(salt(&server, "production").await, "old");
    import(&server, "?rehash=true", &other).await.expect(200);
    assert_eq!(salt(&server, "production").await, "new");
    // Changes of percentages are listed too, and those of descriptions move nobody.
    let mut half = quarter(&Value::Null);
    half["serve"]["rollout"] = json!(50);
    let preview = import(&server, "?dryRun=true", &document("flags", "a", &half)).await;
    assert_eq!(moved(&preview), [("a".to_owned(), 0.25)]);
    let mut described = quarter(&Value::Null);
    described["description"] = json!("a quarter");
    let preview = import(&server, "?dryRun=true", &document("flags", "a", &described)).await;
    assert_eq!(moved(&preview), []);
}

#[tokio::test]
async fn a_changeset_keeps_the_salt_and_refuses_another_one() {
    let server = Server::new().await;
    server.put_flag("a", &quarter(&json!("old"))).await;
    let put =
        |salt: Value| json!({"op": "put", "key": "a", "value": quarter(&salt), "ifMatch": "*"});
    let patch = |salt: Value| json!({"op": "patch", "key": "a", "value": {"salt": salt}});
    for operation in [put(Value::Null), patch(Value::Null)] {
        change(&server, "", operation).await.expect(200);
        assert_eq!(salt(&server, "production").await, "old");
    }
    for operation in [put(json!("new")), patch(json!("new"))] {
        for query in ["", "?dryRun=true"] {
            let refused = change(&server, query, operation.clone()).await;
            assert_refused(&refused, "/operations/0/value/salt");
        }
    }
    let preview = change(&server, "?rehash=true&dryRun=true", put(json!("new"))).await;
    assert_eq!(moved(&preview), by_another_hash());
    change(&server, "?rehash=true", put(json!("new")))
        .await
        .expect(200);
    assert_eq!(salt(&server, "production").await, "new");
}

#[tokio::test]
async fn groups_and_holdouts_keep_their_salts() {
    let server = Server::new().await;
    for (section, kind, value) in [
        ("groups", "group", json!({"salt": "old", "unit": "user"})),
        ("holdouts", "holdout", json!({"salt": "old", "percent": 5})),
    ] {
        change(
            &server,
            "",
            json!({"op": "put", "kind": kind, "key": "g", "value": value}),
        )
        .await
        .expect(200);
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
        change(&server, "?rehash=true", patch).await.expect(200);
        let read = server.get("document").await.json();
        assert_eq!(read[section]["g"]["salt"], "new");
    }
}

#[tokio::test]
async fn a_new_flag_of_an_import_has_the_salt_of_other_environments_or_one_of_its_own() {
    let server = Server::new().await;
    server.put_flag("a", &quarter(&json!("b"))).await;
    let flags = json!({"a": quarter(&Value::Null), "b": quarter(&Value::Null)});
    let document = json!({"schemaVersion": 1, "flags": flags});
    let staging = format!("{ENVIRONMENTS}/staging");
    server
        .put(&format!("{staging}/document"), &document)
        .await
        .expect(200);
    assert_eq!(salt(&server, "staging").await, "b");
    let other = server.get(&format!("{staging}/flags/b")).await;
    assert_eq!(other["salt"], "b~1");
}

#[tokio::test]
async fn a_copy_keeps_the_salts_unless_rehash_is_set() {
    let server = Server::new().await;
    let staging = format!("{ENVIRONMENTS}/staging");
    let flags = document("flags", "a", &quarter(&json!("staged")));
    server.put(&format!("{staging}/document"), &flags).await;
    server.put_flag("a", &quarter(&json!("old"))).await;
    let copy = async |query: &str, body: Value| {
        let path = format!("copy{query}");
        server.post(&path, &body).await
    };
    for body in [
        json!({"from": "staging"}),
        json!({"from": "staging", "flags": ["a"]}),
    ] {
        let preview = copy("?dryRun=true", body.clone()).await;
        assert_eq!(preview["changes"], json!([]));
        assert_eq!(moved(&preview), vec![]);
        let done = copy("", body.clone()).await;
        assert_eq!(done["revision"], 1, "{}", done.text);
        let preview = copy("?dryRun=true&rehash=true", body).await;
        assert_eq!(moved(&preview), by_another_hash());
        assert_eq!(salt(&server, "production").await, "old");
    }
    copy("?rehash=true", json!({"from": "staging"})).await;
    assert_eq!(salt(&server, "production").await, "staged");
}

#[tokio::test]
async fn a_rollback_over_a_change_of_the_salt_needs_rehash() {
    let server = Server::new().await;
    server.put_flag("a", &quarter(&json!("new"))).await;
    let other = document("flags", "a", &quarter(&json!("old")));
    import(&server, "?rehash=true", &other).await;
    let back = "flags/a/rollback";
    let refused = server.post(back, json!({"revision": 1})).await;
    assert_refused(&refused, "/salt");
    let done = server
        .post(&format!("{back}?rehash=true"), json!({"revision": 1}))
        .await
        .expect(200);
    assert_eq!(done["salt"], "new");
    // `PUT` and `PATCH` of a flag do not support it.
    for (method, body) in [
        (Method::PUT, quarter(&json!("old"))),
        (Method::PATCH, json!({"salt": "old"})),
    ] {
        let path = "flags/a?rehash=true";
        server
            .request(method, path)
            .body(&body)
            .header("if-match", "*")
            .await
            .expect_errors(["?rehash"]);
    }
}
