//! What people's pages are told of the changes of a project

use serde_json::{Map, Value, json};

use crate::support::{
    ADMIN, Cluster, Connection, Database, Event, Live, Process, Requests as _, Server, on, text,
};

const EVENTS: &str = "/api/v1/projects/default/events";

/// Opens the stream and reads how it begins
async fn open(live: &Live, token: &str, cursor: Option<&str>) -> (Connection, Event) {
    let mut stream = Connection::of_project(live.address(), token, cursor).await;
    let first = stream.next().await.unwrap();
    (stream, first)
}

/// The next change, without its time
async fn change(stream: &mut Connection) -> Value {
    let event = stream.next().await.expect("the stream ended");
    assert_eq!(event.name, "change", "{event:?}");
    let mut change = event.json();
    assert_eq!(event.id, Some(change["sequence"].to_string()));
    change.as_object_mut().unwrap().remove("at").unwrap();
    change
}

#[tokio::test]
async fn everybody_with_a_role_is_told_who_changed_what() {
    for database in Database::both().await {
        let live = Live::start(&database).await;
        live.put_flag("before", on()).await;
        let (mut stream, first) = open(&live, "viewer", None).await;
        assert_eq!(first.name, "ready");
        let before = first.json()["sequence"].as_u64().unwrap();
        live.put("flags/checkout", on())
            .token("editor")
            .await
            .expect(201);
        live.put("segments/beta", json!({})).await.expect(201);
        let note = json!({"tags": ["shop"]});
        live.patch("/api/v1/projects/default/flags/checkout", note)
            .await
            .expect(200);
        for (number, actor, action, environment, revision, kind, key) in [
            (
                1,
                "editor",
                "create",
                json!("production"),
                json!(2),
                "flag",
                "checkout",
            ),
            (
                2,
                "admin",
                "create",
                json!("production"),
                json!(3),
                "segment",
                "beta",
            ),
            (
                3,
                "admin",
                "update",
                Value::Null,
                Value::Null,
                "flag",
                "checkout",
            ),
        ] {
            let expected = json!({
                "sequence": before + number, "actor": actor, "action": action, "environment": environment,
                "revision": revision, "kind": kind, "key": key,
            });
            assert_eq!(change(&mut stream).await, expected);
        }
        for token in ["server", "client", "nobody"] {
            let status = if token == "nobody" { 401 } else { 403 };
            live.get(EVENTS).token(token).await.expect(status);
        }
        live.stop().await;
    }
}

/// Whatever is told is there: the page that reads it again at once must not get the state before
#[tokio::test]
async fn a_change_is_served_when_it_is_told() {
    let database = Database::postgres(Cluster::shared()).await;
    let live = Live::start(&database).await;
    let (mut stream, _) = open(&live, "viewer", None).await;
    let write = async {
        for percentage in 1..=20 {
            live.put_flag("a", json!({"rolloutPercentage": percentage}))
                .await;
        }
    };
    let read = async {
        for _ in 1..=20 {
            let told = change(&mut stream).await["revision"].as_u64().unwrap();
            let version = live.get("flags/a").await["version"].as_u64().unwrap();
            assert!(version >= told, "{version} {told}");
        }
    };
    futures_util::future::join(write, read).await;
    live.stop().await;
}

#[tokio::test]
async fn a_stream_goes_on_after_the_last_change_that_was_seen_or_asks_to_reload() {
    for database in Database::both().await {
        let live = Live::start(&database).await;
        let (_, first) = open(&live, "viewer", None).await;
        let seen = first.id.unwrap();
        live.put_flag("a", on()).await;
        live.put_flag("b", on()).await;
        let (mut stream, first) = open(&live, "viewer", Some(&seen)).await;
        assert_eq!(
            (first.name.as_str(), first.id.as_deref()),
            ("ready", Some(&*seen))
        );
        let a = change(&mut stream).await;
        assert_eq!(a["key"], "a");
        assert_eq!(change(&mut stream).await["key"], "b");
        let (mut stream, _) = open(&live, "viewer", Some(&a["sequence"].to_string())).await;
        assert_eq!(change(&mut stream).await["key"], "b");

        // More changes than are kept, in one write: open streams reload, and so do those that come back.
        let flag = json!({"type": "boolean", "enabled": true, "serve": "on"});
        let flags: Map<String, Value> = (0..129)
            .map(|it| (format!("many{it}"), flag.clone()))
            .collect();
        live.put("document", json!({"schemaVersion": 1, "flags": flags}))
            .await
            .expect(200);
        let reload = stream.next().await.unwrap();
        assert_eq!(reload.name, "reload");
        let (mut late, first) = open(&live, "viewer", Some(&seen)).await;
        assert_eq!(first.name, "ready");
        let event = late.next().await.unwrap();
        assert_eq!((&*event.name, &event.id), ("reload", &reload.id));
        live.put_flag("c", on()).await;
        for stream in [&mut stream, &mut late] {
            assert_eq!(change(stream).await["key"], "c");
        }
        // Of another database, or no number at all.
        for unknown in ["1000000", "-1", "x"] {
            let (_, first) = open(&live, "viewer", Some(unknown)).await;
            assert_eq!(first.name, "reload", "{unknown}");
        }
        live.stop().await;
    }
}

#[tokio::test]
async fn only_admins_are_told_of_keys_tokens_and_members() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let (mut viewer, first) = open(&live, "viewer", None).await;
    let (mut admin, _) = open(&live, "admin", None).await;
    let seen = first.id.unwrap();
    live.post("keys", json!({"kind": "server", "name": "jobs"}))
        .await
        .expect(201);
    // Roles may have changed, so both streams end, and are opened again.
    for stream in [&mut viewer, &mut admin] {
        assert_eq!(stream.next().await, None);
    }
    live.put_flag("a", on()).await;
    let (mut viewer, _) = open(&live, "viewer", Some(&seen)).await;
    let (mut admin, _) = open(&live, "admin", Some(&seen)).await;
    assert_eq!(change(&mut admin).await["kind"], "key");
    assert_eq!(change(&mut admin).await["kind"], "flag");
    assert_eq!(change(&mut viewer).await["kind"], "flag");
    live.stop().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token_its_project_or_the_server() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let body = json!({"role": "viewer", "name": "guest"});
    let made = live
        .post("/api/v1/projects/default/tokens", body)
        .await
        .expect(201)
        .json();
    let (mut stream, _) = open(&live, text(&made, "token"), None).await;
    let path = format!("/api/v1/projects/default/tokens/{}", text(&made, "id"));
    live.delete(&path).await.expect(204);
    assert_eq!(stream.next().await, None);
    let (mut stream, _) = open(&live, "viewer", None).await;
    live.stop().await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_person_has_a_maximum_of_streams_and_none_is_left_behind() {
    let server = Server::new().await;
    let mut open = Vec::new();
    for _ in 0..32 {
        let response = server.get(EVENTS).token("viewer").response().await;
        assert_eq!(response.status(), 200);
        open.push(response);
    }
    server.get(EVENTS).token("viewer").await.expect(429);
    // Another person, and the streams of SDKs, have their own.
    assert_eq!(
        server.get(EVENTS).token("editor").response().await.status(),
        200
    );
    let sdk = server
        .get("/api/v1/sdk/stream")
        .token("server")
        .response()
        .await;
    assert_eq!(sdk.status(), 200);
    drop((open, sdk));
    assert_eq!(
        server.get(EVENTS).token("viewer").response().await.status(),
        200
    );
}

#[tokio::test]
async fn a_project_is_followed_only_by_those_who_have_a_role_in_it() {
    let server = Server::new().await;
    let root = server.root().await;
    root.post("/api/v1/projects", json!({"name": "other"}))
        .await
        .expect(201);
    let other = "/api/v1/projects/other/events";
    server.get(other).token("viewer").await.expect(404);
    assert_eq!(root.get(other).response().await.status(), 200);
    server.get("/api/v1/projects/none/events").await.expect(404);
}

#[tokio::test]
async fn a_change_at_one_node_reaches_the_people_at_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let database = Cluster::shared().database().await;
    let start = || Process::start_on(&database, folder.path(), &["--admin-token", ADMIN]);
    let (one, other) = (start(), start());
    let mut stream = Connection::of_project(&other.address, ADMIN, None).await;
    let first = stream.next().await.unwrap();
    assert_eq!(first.name, "ready");
    for round in 0..4 {
        let key = format!("flag{round}");
        one.put_flag(&key, on()).await;
        let told = change(&mut stream).await;
        assert_eq!(
            (&told["key"], &told["revision"]),
            (&json!(key), &json!(round + 1))
        );
        // The number means the same at the other node.
        let mut again = Connection::of_project(&one.address, ADMIN, first.id.as_deref()).await;
        assert_eq!(again.next().await.unwrap().name, "ready");
        assert_eq!(change(&mut again).await["key"], "flag0");
    }
    one.stop();
    other.stop();
}
