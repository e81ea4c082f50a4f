//! When keys and tokens were last used

use serde_json::{Value, json};

use crate::support::{ADMIN, Process, Requests as _, Server};

const TOKENS: &str = "/api/v1/projects/default/tokens";

#[tokio::test]
async fn lists_say_when_a_request_last_came_with_a_key() {
    let server = Server::new().await;
    let last_use = async |path: &str, name: &str| {
        let listed = server.get(path).await;
        let mut items = listed.items().iter();
        let item = items.find(|item| item["name"] == name).unwrap();
        let read = server
            .get(&format!("{path}/{}", item["id"].as_str().unwrap()))
            .await;
        assert_eq!(read["lastUsedAt"], item["lastUsedAt"]);
        item["lastUsedAt"].clone()
    };
    assert_eq!(last_use("keys", "client").await, Value::Null);
    assert_eq!(last_use(TOKENS, "viewer").await, Value::Null);
    assert_eq!(last_use(TOKENS, "admin").await, "2026-01-01T00:00:00.000Z");
    server.get("flags").token("viewer").await.expect(200);
    server.get("flags").token("client").await.expect(403);
    server.wait(90_000);
    server.get("flags").token("viewer").await.expect(200);
    assert_eq!(last_use(TOKENS, "viewer").await, "2026-01-01T00:01:30.000Z");
    assert_eq!(last_use("keys", "client").await, "2026-01-01T00:00:00.000Z");
    // It outlives a change of the keys.
    server
        .post("keys", json!({"kind": "server", "name": "new"}))
        .await
        .expect(201);
    assert_eq!(last_use(TOKENS, "viewer").await, "2026-01-01T00:01:30.000Z");
    server
        .get(&format!("{TOKENS}?sort=-lastUsedAt"))
        .await
        .expect(200);
}

#[tokio::test]
async fn uses_are_stored_when_a_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let first = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let made = json!({"role": "viewer", "name": "ann"});
    let made = first.post(TOKENS, made).await.expect(201);
    let ann = made["token"].as_str().unwrap();
    first.get("flags").token(ann).await.expect(200);
    first.stop();
    let second = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let path = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
    let used = second.get(&path).await;
    assert!(
        used["lastUsedAt"].as_str() >= made["createdAt"].as_str(),
        "{}",
        used.text
    );
    second.stop();
}
