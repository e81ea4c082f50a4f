//! Keys and tokens: creating, listing, rotating and revoking them

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Call, Content, NOW, Requests as _, Server, text};

mod encryption;
mod last_use;
mod origins;
mod people;
mod roles;
mod sign_in;
mod signed_contexts;

const KEYS: &str = "/api/v1/projects/default/environments/production/keys";
const TOKENS: &str = "/api/v1/projects/default/tokens";
const SNAPSHOT: &str = "/api/v1/sdk/snapshot";
const DAY: u64 = 86_400_000;

fn new_key(kind: &str, name: &str) -> Value {
    json!({"kind": kind, "name": name})
}

/// Creates a key or a token: a new one, or one that replaces another
async fn create(server: &Server, path: &str, body: impl Into<Content>) -> Value {
    server.post(path, body).await.expect(201).json()
}

/// The path of a key
fn path_of(key: &Value) -> String {
    format!("keys/{}", text(key, "id"))
}

fn token_of(key: &Value) -> &str {
    text(key, "token")
}

fn snapshot(server: &Server, key: &Value) -> Call {
    server.get("/api/v1/sdk/snapshot").token(token_of(key))
}

#[tokio::test]
async fn a_key_is_shown_once_and_stored_as_a_hash() {
    let server = Server::new().await;
    let created = server.post("keys", new_key("server", "checkout"));
    let answer = created.await.expect(201);
    let made = answer.json();
    let (id, token) = (text(&made, "id"), text(&made, "token"));
    assert_eq!(answer.header("location"), format!("{KEYS}/{id}"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        token.starts_with("fs_server_") && token.ends_with(text(&made, "hint")),
        "{made}"
    );
    snapshot(&server, &made).await.expect(200);

    let read = server.get(&format!("keys/{id}")).await.json();
    let expected = json!({
        "id": id, "kind": "server", "name": "checkout", "hint": made["hint"],
        "createdAt": "2026-01-01T00:00:00.000Z", "expiresAt": null,
        "lastUsedAt": "2026-01-01T00:00:00.000Z",
    });
    assert_eq!(read, expected);
    let list = server.get("keys").await;
    assert!(!list.text.contains(token), "{}", list.text);
    assert_eq!(list["total"], 4, "the three that were there, and this one");
    let elsewhere = KEYS.replace("production", "staging");
    assert_eq!(server.get(&elsewhere).await["total"], 0);
    server.get(&format!("{elsewhere}/{id}")).await.expect(404);
}

#[tokio::test]
async fn keys_are_listed_in_pages() {
    let server = Server::new().await;
    for name in ["a", "b"] {
        create(&server, "keys", new_key("client", name)).await;
    }
    let first = server.get("keys?limit=3").await;
    assert_eq!(first["total"], 5);
    assert_eq!(first.items().len(), 3);
    let next = first.next_path("keys?limit=3").unwrap();
    let second = server.get(&next).await;
    assert_eq!(second.items().len(), 2);
    assert_eq!(second["next"], Value::Null);
    // The key at the end of the page is deleted, and the next page is the same.
    let last = path_of(&first.items()[2]);
    server.delete(&last).await.expect(204);
    let again = server.get(&next).await;
    assert_eq!(again["items"], second["items"]);
    let clients = server.get("keys?kind=client&sort=-name").await;
    assert!(clients.column("kind").iter().all(|kind| *kind == "client"));
    let order = clients.column("name");
    assert!(order.len() > 1, "{order:?}");
    assert!(order.is_sorted_by(|one, other| one > other), "{order:?}");
    server.get("keys?cursor=x").await.expect_errors(["?cursor"]);
}

#[tokio::test]
async fn a_rotated_key_works_until_its_grace_period_ends() {
    let server = Server::new().await;
    let old = create(&server, "keys", new_key("server", "checkout")).await;
    let path = path_of(&old);
    let new = create(&server, &format!("{path}/rotate?graceSeconds=60"), ()).await;
    assert_eq!(new["name"], old["name"]);
    assert_eq!(new["kind"], old["kind"]);
    assert_eq!(
        server.get(&path).await["expiresAt"],
        "2026-01-01T00:01:00.000Z"
    );
    for (millis, expected) in [(59_999, 200), (60_000, 401)] {
        server.set_clock(NOW + millis);
        snapshot(&server, &old).await.expect(expected);
        snapshot(&server, &new).await.expect(200);
    }
    let again = server.post(&format!("{path}/rotate"), ()).await;
    again.expect_problem(409, "expires");

    // Without a grace period it ends at once; by default it works for a day.
    let rotate = |key: &Value| format!("{}/rotate", path_of(key));
    let newer = create(&server, &format!("{}?graceSeconds=0", rotate(&new)), ()).await;
    snapshot(&server, &new).await.expect(401);
    create(&server, &rotate(&newer), ()).await;
    server.wait(DAY - 1);
    snapshot(&server, &newer).await.expect(200);
    server.wait(1);
    snapshot(&server, &newer).await.expect(401);
    server
        .post(&format!("{}?graceSeconds=2592001", rotate(&newer)), ())
        .await
        .expect_errors(["?graceSeconds"]);
}

#[tokio::test]
async fn a_revoked_key_is_unknown() {
    let server = Server::new().await;
    let key = create(&server, "keys", new_key("client", "page")).await;
    let path = path_of(&key);
    server.delete(&path).await.expect(204);
    snapshot(&server, &key).await.expect(401);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/rotate")),
    ] {
        server.request(method, &path).await.expect(404);
    }
}

#[tokio::test]
async fn a_key_expires_at_its_time() {
    let server = Server::new().await;
    let body = json!({"kind": "server", "name": "trial", "expiresAt": "2026-01-02T00:00:00Z"});
    let key = create(&server, "keys", &body).await;
    assert_eq!(key["expiresAt"], "2026-01-02T00:00:00.000Z");
    snapshot(&server, &key).await.expect(200);
    server.wait(DAY);
    snapshot(&server, &key).await.expect(401);
    // It is shown for a month, and deleted with the next change.
    let path = path_of(&key);
    server.get(&path).await.expect(200);
    server.wait(30 * DAY + 1);
    create(&server, "keys", new_key("server", "other")).await;
    server.get(&path).await.expect(404);
}

#[tokio::test]
async fn all_errors_of_a_key_are_reported_at_once() {
    let server = Server::new().await;
    let wrong = json!({"kind": "admin", "name": "", "expiresAt": "2025-01-01T00:00:00Z", "allProjects": true});
    server.post("keys", &wrong).await.expect_errors([
        "/kind",
        "/name",
        "/expiresAt",
        "/allProjects",
    ]);
    server
        .post(TOKENS, json!({"name": "a\u{7}", "allProjects": 1}))
        .await
        .expect_errors(["/role", "/name", "/allProjects"]);
    server.post(TOKENS, json!([])).await.expect_errors([""]);
    let reason = "keys?reason=%00";
    let body = json!({"kind": "server", "name": "a"});
    server.post(reason, &body).await.expect_errors(["?reason"]);
}

#[tokio::test]
async fn of_twenty_simultaneous_rotations_one_creates_a_key() {
    let server = Server::new().await;
    let key = create(&server, "keys", new_key("server", "checkout")).await;
    for (key, grace, refusal) in [
        (&key, "?graceSeconds=60", 409),
        (
            &create(&server, "keys", new_key("client", "page")).await,
            "?graceSeconds=0",
            404,
        ),
    ] {
        let path = format!("{}/rotate{grace}", path_of(key));
        let rotations = (0..20).map(|_| server.post(&path, ()).send());
        let answers = futures_util::future::join_all(rotations).await;
        let created = answers.iter().filter(|answer| answer.status == 201);
        assert_eq!(created.count(), 1, "{grace}");
        let refused = answers.iter().filter(|answer| answer.status == refusal);
        assert_eq!(refused.count(), 19, "{grace}");
        let list = format!("keys?search={}&limit=200", text(key, "name"));
        let list = server.get(&list).await;
        let keys = list.items().iter();
        let lasting = keys.filter(|key| key["expiresAt"].is_null());
        assert_eq!(lasting.count(), 1, "{}", list.text);
    }
}

#[tokio::test]
async fn a_created_token_is_returned_even_if_the_keys_cannot_be_reloaded() {
    let server = Server::new().await;
    let key = create(&server, "keys", new_key("server", "old")).await;
    // A row that cannot be read, like one of a later release.
    let odd = "INSERT INTO credential (hash, kind, project_id, environment_id, name, hint, created_at) \
               VALUES ('x', 'oracle', 1, NULL, 'odd', '', 0)";
    server.sql(odd).await;
    let rotate = format!("{}/rotate", path_of(&key));
    let body = json!({"role": "admin", "name": "ann"});
    let mut tokens = Vec::new();
    for (path, body) in [(TOKENS, &body), (&rotate, &Value::Null)] {
        let answer = server.post(path, body).await.expect(201);
        tokens.push(text(&answer.json(), "token").to_owned());
    }
    server.sql("DELETE FROM credential WHERE hash = 'x'").await;
    server.state.refresh_keys().await.unwrap();
    for (token, path) in tokens.iter().zip([TOKENS, SNAPSHOT]) {
        server.get(path).token(token).await.expect(200);
    }
}

#[tokio::test]
async fn changes_of_access_are_audited_without_the_token() {
    let server = Server::new().await;
    let path = "keys?reason=for%20checkout";
    let key = create(&server, path, new_key("server", "checkout")).await;
    let rotate = format!("{}/rotate", path_of(&key));
    let new = create(&server, &rotate, ()).await;
    let revoke = path_of(&new);
    server.delete(&revoke).await;
    let audit = server.get("/api/v1/projects/default/audit").await;
    for key in [&key, &new] {
        assert!(!audit.text.contains(token_of(key)));
    }
    let items = audit.items().clone();
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
    assert_eq!(first["kind"], "key");
    assert_eq!(first["environment"], "production");
    assert_eq!(first["reason"], "for checkout");
    assert_eq!(first["actor"], "admin");
    assert_eq!(first["changes"][0]["after"]["name"], "checkout");
    let end =
        json!([{"pointer": "/expiresAt", "before": null, "after": "2026-01-02T00:00:00.000Z"}]);
    assert_eq!(items[1]["changes"], end);
}
