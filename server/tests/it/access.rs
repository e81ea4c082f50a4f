//! Keys and tokens: made, listed, rotated, revoked; what each role may do

use std::sync::atomic::Ordering;

use axum::http::{Method, StatusCode};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{Answer, DOCUMENT, FLAGS, NOW, Server};

const KEYS: &str = "/api/v1/projects/default/environments/production/keys";
const TOKENS: &str = "/api/v1/projects/default/tokens";
const SNAPSHOT: &str = "/api/v1/sdk/snapshot";
const DAY: u64 = 86_400_000;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

async fn make(server: &Server, path: &str, body: &Value) -> Value {
    let made = server.admin(Method::POST, path, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

async fn status(server: &Server, token: &str, path: &str) -> StatusCode {
    let request = axum::http::Request::get(path).header("authorization", format!("Bearer {token}"));
    let request = request.body(axum::body::Body::empty()).unwrap();
    server.send(request).await.status
}

fn is_problem(answer: &Answer, kind: &str) -> bool {
    answer.json()["type"] == format!("urn:flagstaff:problem:{kind}")
}

#[tokio::test]
async fn a_key_is_shown_once_and_stored_as_a_hash() {
    let server = Server::new().await;
    let answer = server
        .admin(
            Method::POST,
            KEYS,
            &json!({"kind": "server", "name": "checkout"}),
        )
        .await;
    let made = answer.json();
    let (id, token) = (text(&made, "id"), text(&made, "token"));
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("location"), format!("{KEYS}/{id}"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        token.starts_with("fs_server_") && token.ends_with(text(&made, "hint")),
        "{made}"
    );
    assert_eq!(status(&server, token, SNAPSHOT).await, StatusCode::OK);

    let read = server.get(&format!("{KEYS}/{id}")).await.json();
    let expected = json!({
        "id": id, "kind": "server", "name": "checkout", "hint": made["hint"],
        "createdAt": "2026-01-01T00:00:00.000Z", "expiresAt": null,
    });
    assert_eq!(read, expected);
    let list = server.get(KEYS).await;
    assert!(!list.text.contains(token), "{}", list.text);
    assert_eq!(
        list.json()["total"],
        4,
        "the three that were there, and this one"
    );
    let elsewhere = KEYS.replace("production", "staging");
    assert_eq!(server.get(&elsewhere).await.json()["total"], 0);
    let elsewhere = server.get(&format!("{elsewhere}/{id}")).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lists_are_paged() {
    let server = Server::new().await;
    for name in ["a", "b"] {
        make(&server, KEYS, &json!({"kind": "client", "name": name})).await;
    }
    let first = server.get(&format!("{KEYS}?limit=3")).await.json();
    assert_eq!(
        (&first["total"], first["items"].as_array().unwrap().len()),
        (&json!(5), 3)
    );
    let next = format!("{KEYS}?limit=3&cursor={}", text(&first, "next"));
    let second = server.get(&next).await.json();
    assert_eq!(
        (second["items"].as_array().unwrap().len(), &second["next"]),
        (2, &Value::Null)
    );
    // The key that ended the page is gone, and the next page is the same.
    let last = format!("{KEYS}/{}", text(&first["items"][2], "id"));
    assert_eq!(
        server
            .admin(Method::DELETE, &last, &Value::Null)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    let again = server.get(&next).await.json();
    assert_eq!(again["items"], second["items"]);
    let clients = server.get(&format!("{KEYS}?kind=client&sort=-name")).await;
    let clients = clients.json()["items"].as_array().unwrap().clone();
    assert!(clients.len() > 1 && clients.iter().all(|key| text(key, "kind") == "client"));
    let order: Vec<&str> = clients.iter().map(|key| text(key, "name")).collect();
    assert!(order.is_sorted_by(|one, other| one > other), "{order:?}");
    let wrong = server.get(&format!("{KEYS}?cursor=x")).await;
    assert_eq!(wrong.pointers(), ["?cursor"]);
}

#[tokio::test]
async fn a_rotated_key_works_until_its_grace_is_over() {
    let server = Server::new().await;
    let old = make(
        &server,
        KEYS,
        &json!({"kind": "server", "name": "checkout"}),
    )
    .await;
    let path = format!("{KEYS}/{}", text(&old, "id"));
    let new = make(
        &server,
        &format!("{path}/rotate?graceSeconds=60"),
        &Value::Null,
    )
    .await;
    assert_eq!((&new["name"], &new["kind"]), (&old["name"], &old["kind"]));
    assert_eq!(
        server.get(&path).await.json()["expiresAt"],
        "2026-01-01T00:01:00.000Z"
    );
    for (millis, expected) in [(59_999, StatusCode::OK), (60_000, StatusCode::UNAUTHORIZED)] {
        server.clock.store(NOW + millis, Ordering::Relaxed);
        assert_eq!(
            status(&server, text(&old, "token"), SNAPSHOT).await,
            expected
        );
        assert_eq!(
            status(&server, text(&new, "token"), SNAPSHOT).await,
            StatusCode::OK
        );
    }
    let again = server
        .admin(Method::POST, &format!("{path}/rotate"), &Value::Null)
        .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(is_problem(&again, "expires"), "{}", again.text);

    // Without grace it is gone; with the usual one it works for a day.
    let path = |key: &Value| format!("{KEYS}/{}/rotate", text(key, "id"));
    let newer = make(
        &server,
        &format!("{}?graceSeconds=0", path(&new)),
        &Value::Null,
    )
    .await;
    assert_eq!(
        status(&server, text(&new, "token"), SNAPSHOT).await,
        StatusCode::UNAUTHORIZED
    );
    make(&server, &path(&newer), &Value::Null).await;
    server.clock.fetch_add(DAY - 1, Ordering::Relaxed);
    assert_eq!(
        status(&server, text(&newer, "token"), SNAPSHOT).await,
        StatusCode::OK
    );
    server.clock.fetch_add(1, Ordering::Relaxed);
    assert_eq!(
        status(&server, text(&newer, "token"), SNAPSHOT).await,
        StatusCode::UNAUTHORIZED
    );
    let long = server
        .admin(
            Method::POST,
            &format!("{}?graceSeconds=2592001", path(&newer)),
            &Value::Null,
        )
        .await;
    assert_eq!(long.pointers(), ["?graceSeconds"]);
}

#[tokio::test]
async fn a_revoked_key_is_not_known_any_more() {
    let server = Server::new().await;
    let key = make(&server, KEYS, &json!({"kind": "client", "name": "page"})).await;
    let path = format!("{KEYS}/{}", text(&key, "id"));
    let revoked = server.admin(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(
        status(&server, text(&key, "token"), SNAPSHOT).await,
        StatusCode::UNAUTHORIZED
    );
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/rotate")),
    ] {
        let gone = server.admin(method, &path, &Value::Null).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_key_may_be_made_to_expire() {
    let server = Server::new().await;
    let body = json!({"kind": "server", "name": "trial", "expiresAt": "2026-01-02T00:00:00Z"});
    let key = make(&server, KEYS, &body).await;
    assert_eq!(key["expiresAt"], "2026-01-02T00:00:00.000Z");
    assert_eq!(
        status(&server, text(&key, "token"), SNAPSHOT).await,
        StatusCode::OK
    );
    server.clock.fetch_add(DAY, Ordering::Relaxed);
    assert_eq!(
        status(&server, text(&key, "token"), SNAPSHOT).await,
        StatusCode::UNAUTHORIZED
    );
    // It is shown for a month, and forgotten when something else changes.
    let path = format!("{KEYS}/{}", text(&key, "id"));
    assert_eq!(server.get(&path).await.status, StatusCode::OK);
    server.clock.fetch_add(30 * DAY + 1, Ordering::Relaxed);
    make(&server, KEYS, &json!({"kind": "server", "name": "other"})).await;
    assert_eq!(server.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_named_all_at_once() {
    let server = Server::new().await;
    let wrong = json!({"kind": "admin", "name": "", "expiresAt": "2025-01-01T00:00:00Z", "allProjects": true});
    let refused = server.admin(Method::POST, KEYS, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        refused.pointers(),
        ["/kind", "/name", "/expiresAt", "/allProjects"]
    );
    let refused = server
        .admin(
            Method::POST,
            TOKENS,
            &json!({"name": "a\u{7}", "allProjects": 1}),
        )
        .await;
    assert_eq!(refused.pointers(), ["/role", "/name", "/allProjects"]);
    let refused = server.admin(Method::POST, TOKENS, &json!([])).await;
    assert_eq!(refused.pointers(), [""]);
    let reason = format!("{KEYS}?reason=%00");
    let body = json!({"kind": "server", "name": "a"});
    assert_eq!(
        server.admin(Method::POST, &reason, &body).await.pointers(),
        ["?reason"]
    );
}

#[tokio::test]
async fn each_role_may_do_what_it_says() {
    let server = Server::new().await;
    let flag = format!("{FLAGS}/a");
    let document = json!({"schemaVersion": 1, "flags": {}});
    let (on, key) = (
        json!({"enabled": true}),
        json!({"kind": "server", "name": "k"}),
    );
    let audit = "/api/v1/projects/default/audit".to_owned();
    let (read, write, grant) = (KeyKind::Viewer, KeyKind::Editor, KeyKind::Admin);
    for (least, method, path, body) in [
        (read, Method::GET, FLAGS.to_owned(), &Value::Null),
        (read, Method::GET, DOCUMENT.to_owned(), &Value::Null),
        (read, Method::GET, audit, &Value::Null),
        (write, Method::PUT, flag.clone(), &on),
        (write, Method::PATCH, flag.clone(), &on),
        (write, Method::PUT, DOCUMENT.to_owned(), &document),
        (grant, Method::GET, KEYS.to_owned(), &Value::Null),
        (grant, Method::POST, KEYS.to_owned(), &key),
        (grant, Method::GET, TOKENS.to_owned(), &Value::Null),
    ] {
        for kind in KeyKind::ALL {
            let answer = server.call(kind, method.clone(), &path, body, &[]).await;
            let is_allowed = KeyKind::ROLES
                .iter()
                .skip_while(|role| **role != least)
                .any(|role| *role == kind);
            let is_done = answer.status.is_success();
            assert_eq!(
                is_done, is_allowed,
                "{kind:?} {method} {path}: {}",
                answer.text
            );
            assert!(
                is_done || answer.status == StatusCode::FORBIDDEN,
                "{}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn a_token_for_all_projects_is_the_business_of_those_who_have_one() {
    let server = Server::new().await;
    // The test's admin is one of the project only.
    let everywhere = json!({"role": "admin", "name": "root", "allProjects": true});
    let refused = server.admin(Method::POST, TOKENS, &everywhere).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let role = make(&server, TOKENS, &json!({"role": "editor", "name": "ann"})).await;
    assert_eq!(
        (&role["role"], &role["allProjects"]),
        (&json!("editor"), &json!(false))
    );
    assert_eq!(
        status(&server, text(&role, "token"), FLAGS).await,
        StatusCode::OK
    );
    assert_eq!(
        status(&server, text(&role, "token"), TOKENS).await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn the_last_admin_is_not_revoked() {
    let server = Server::new().await;
    let tokens = server.get(TOKENS).await.json();
    let is_admin = |token: &&Value| token["role"] == "admin";
    let admin = tokens["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(is_admin)
        .unwrap()
        .clone();
    let path = format!("{TOKENS}/{}", text(&admin, "id"));
    let refused = server.admin(Method::DELETE, &path, &Value::Null).await;
    assert!(is_problem(&refused, "last-admin"), "{}", refused.text);
    assert_eq!(refused.status, StatusCode::CONFLICT);
    // Rotating it makes another one first.
    let new = make(
        &server,
        &format!("{path}/rotate?graceSeconds=0"),
        &Value::Null,
    )
    .await;
    assert_eq!(
        status(&server, text(&new, "token"), TOKENS).await,
        StatusCode::OK
    );
    assert_eq!(
        status(&server, "admin", TOKENS).await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_last_admin_of_all_projects_is_not_revoked_by_way_of_one_project() {
    let server = Server::new().await;
    // The project has an admin of its own, the test's usual one.
    let root = server.root().await;
    let tokens = root.get(TOKENS).await.json();
    let all = |token: &&Value| token["allProjects"] == true;
    let items = tokens["items"].as_array().unwrap();
    let path = format!("{TOKENS}/{}", text(items.iter().find(all).unwrap(), "id"));
    let refused = root.call(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(is_problem(&refused, "last-admin"), "{}", refused.text);
    // Not one that ends by itself, but another one that stays lets it go.
    let new = |end: Value| json!({"role": "admin", "name": "next", "allProjects": true, "expiresAt": end});
    root.post(TOKENS, &new(json!("2026-02-01T00:00:00Z"))).await;
    let refused = root.call(Method::DELETE, &path, &Value::Null).await;
    assert!(is_problem(&refused, "last-admin"), "{}", refused.text);
    let next = root.post(TOKENS, &new(Value::Null)).await.json();
    let revoked = root.call(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(
        status(&server, text(&next, "token"), TOKENS).await,
        StatusCode::OK
    );
}

#[tokio::test]
async fn of_twenty_rotations_at_once_one_makes_an_heir() {
    let server = Server::new().await;
    let key = make(
        &server,
        KEYS,
        &json!({"kind": "server", "name": "checkout"}),
    )
    .await;
    for (key, grace, refusal) in [
        (&key, "?graceSeconds=60", StatusCode::CONFLICT),
        (
            &make(&server, KEYS, &json!({"kind": "client", "name": "page"})).await,
            "?graceSeconds=0",
            StatusCode::NOT_FOUND,
        ),
    ] {
        let path = format!("{KEYS}/{}/rotate{grace}", text(key, "id"));
        let rotations = (0..20).map(|_| server.admin(Method::POST, &path, &Value::Null));
        let answers = futures_util::future::join_all(rotations).await;
        let made: Vec<_> = answers
            .iter()
            .filter(|answer| answer.status == StatusCode::CREATED)
            .collect();
        assert_eq!(made.len(), 1, "{grace}");
        let refused = answers.iter().filter(|answer| answer.status == refusal);
        assert_eq!(refused.count(), 19, "{grace}");
        let list = server
            .get(&format!("{KEYS}?search={}&limit=200", text(key, "name")))
            .await;
        let lasting = list.json()["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["expiresAt"].is_null())
            .count();
        assert_eq!(lasting, 1, "{}", list.text);
    }
}

#[tokio::test]
async fn a_token_that_is_made_is_told_also_if_the_keys_cannot_be_loaded_anew() {
    let server = Server::new().await;
    let key = make(&server, KEYS, &json!({"kind": "server", "name": "old"})).await;
    // A row that this release cannot read, as one of a later release would be.
    let odd = "INSERT INTO credential (hash, kind, project_id, environment_id, name, hint, created_at) \
               VALUES ('x', 'oracle', 1, NULL, 'odd', '', 0)";
    server.sql(odd).await;
    let rotate = format!("{KEYS}/{}/rotate", text(&key, "id"));
    let body = json!({"role": "admin", "name": "ann"});
    let mut told = Vec::new();
    for (path, body) in [(TOKENS, &body), (&rotate, &Value::Null)] {
        let answer = server.admin(Method::POST, path, body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        told.push(text(&answer.json(), "token").to_owned());
    }
    server.sql("DELETE FROM credential WHERE hash = 'x'").await;
    server.state.refresh_keys().await.unwrap();
    for (token, path) in told.iter().zip([TOKENS, SNAPSHOT]) {
        assert_eq!(status(&server, token, path).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn who_has_access_is_audited_without_the_token() {
    let server = Server::new().await;
    let path = format!("{KEYS}?reason=for%20checkout");
    let key = make(
        &server,
        &path,
        &json!({"kind": "server", "name": "checkout"}),
    )
    .await;
    let rotate = format!("{KEYS}/{}/rotate", text(&key, "id"));
    let new = make(&server, &rotate, &Value::Null).await;
    let revoke = format!("{KEYS}/{}", text(&new, "id"));
    server.admin(Method::DELETE, &revoke, &Value::Null).await;
    let audit = server.get("/api/v1/projects/default/audit").await;
    for key in [&key, &new] {
        assert!(!audit.text.contains(text(key, "token")));
    }
    let items = audit.json()["items"].as_array().unwrap().clone();
    let seen: Vec<_> = items
        .iter()
        .map(|item| (text(item, "action"), text(item, "key"), &item["revision"]))
        .collect();
    let [old, new] = [text(&key, "id"), text(&new, "id")];
    let null = &Value::Null;
    let expected = [
        ("delete", new, null),
        ("update", old, null),
        ("create", new, null),
        ("create", old, null),
    ];
    assert_eq!(seen, expected);
    let first = &items[3];
    assert_eq!(
        (
            &first["kind"],
            &first["environment"],
            &first["reason"],
            &first["actor"]
        ),
        (
            &json!("key"),
            &json!("production"),
            &json!("for checkout"),
            &json!("admin")
        )
    );
    assert_eq!(first["changes"][0]["after"]["name"], "checkout");
    let end = json!([{"path": "/expiresAt", "before": null, "after": "2026-01-02T00:00:00.000Z"}]);
    assert_eq!(items[1]["changes"], end);
}
