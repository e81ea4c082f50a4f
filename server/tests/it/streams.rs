//! Streams over a real socket, read by a real parser and the replica of the core

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flagstaff_core::{Context, Snapshot, Timestamp, Value as Json};
use flagstaff_server::{Clock, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{
    Database, Follower, Live, NOW, Requests as _, Server, on, simultaneously, state, text,
};

mod followers;
mod people;
mod refetch;
mod slow;

fn client_side(enabled: bool) -> Value {
    json!({"type": "boolean", "enabled": enabled, "serve": "on", "clientSide": true})
}

#[tokio::test]
async fn a_stream_begins_with_everything_and_goes_on_with_changes() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put_flag("a", on()).await;
    let mut follower = Follower::default();
    let mut stream = live.connect("server", None).await;
    stream.follow(&mut follower, 1).await;
    live.put_flag("b", on()).await;
    stream.follow(&mut follower, 2).await;
    live.delete("flags/a").await.expect_success();
    stream.follow(&mut follower, 3).await;
    assert_eq!(
        follower.intents,
        ["xfer-full"],
        "changes need no intent of their own"
    );
    assert_eq!(follower.flags(), ["b"]);
    assert_eq!(follower.document(), live.snapshot("server").await);
    live.stop().await;
}

#[tokio::test]
async fn a_stream_resumes_from_its_cursor() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put_flag("a", on()).await;
    let mut follower = Follower::default();
    live.connect("server", None)
        .await
        .follow(&mut follower, 1)
        .await;

    let mut current = live.connect("server", follower.cursor().as_deref()).await;
    assert_eq!(current.intent().await, "none");
    live.put_flag("b", on()).await;
    live.put_flag("c", on()).await;
    follower.connected();
    live.connect("server", follower.cursor().as_deref())
        .await
        .follow(&mut follower, 3)
        .await;
    assert_eq!(follower.intents, ["xfer-full", "xfer-changes"]);
    assert_eq!(follower.document(), live.snapshot("server").await);
    live.stop().await;
}

#[tokio::test]
async fn an_invalid_cursor_gets_everything() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put_flag("a", &client_side(true)).await;
    let mut follower = Follower::default();
    live.connect("server", None)
        .await
        .follow(&mut follower, 1)
        .await;
    let cursor = follower.cursor().unwrap();
    let parts: Vec<&str> = cursor.split('.').collect();
    let (epoch, hash) = (parts[0], parts[2]);
    for wrong in [
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        format!("0000000000000000.1.{hash}"),
        format!("{epoch}.1.0000000000000000"),
        format!("{epoch}.2.{hash}"),
        format!("{epoch}.99999999999999999999.{hash}"),
        format!("{epoch}.1.{hash}.1"),
    ] {
        let mut fresh = Follower::default();
        let mut stream = live.connect("server", Some(&wrong)).await;
        stream.follow(&mut fresh, 1).await;
        assert_eq!(fresh.intents, ["xfer-full"], "{wrong}");
    }
    live.stop().await;
}

#[tokio::test]
async fn a_stream_of_a_client_local_key_adds_and_removes_flags_as_they_become_visible() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put_flag("secret", on()).await;
    let mut follower = Follower::default();
    let mut stream = live.connect("client-local", None).await;
    stream.follow(&mut follower, 1).await;
    assert_eq!(follower.flags(), [""; 0]);
    live.patch(
        "flags/secret",
        json!({"clientSide": true, "overrides": {"user": {"u": "exclude"}}}),
    )
    .await
    .expect_success();
    stream.follow(&mut follower, 2).await;
    assert_eq!(follower.document(), live.snapshot("client-local").await);
    assert_eq!(follower.flags(), ["secret"]);
    live.patch("flags/secret", json!({"clientSide": null}))
        .await
        .expect_success();
    stream.follow(&mut follower, 3).await;
    assert_eq!(follower.flags(), [""; 0]);
    live.put_flag("hidden", on()).await;
    stream.follow(&mut follower, 4).await;
    assert_eq!(follower.document(), live.snapshot("client-local").await);
    live.stop().await;
}

/// What a page must not get: context keys of lists, and descriptions
const SECRETS: [&str; 5] = ["ada@example.com", "acme-corp", "mallory", "grace", "NOTE"];

fn with_lists() -> Value {
    let note = "NOTE for colleagues";
    json!({
        "schemaVersion": 1,
        "segments": {
            "beta": {"description": note, "include": {"user": ["ada@example.com"], "organization": ["acme-corp"]},
                     "exclude": {"user": ["mallory"]}},
            "unseen": {"include": {"user": ["nobody"]}},
        },
        "flags": {
            "f": {
                "type": "string", "enabled": true, "clientSide": true, "description": note, "salt": "f",
                "variants": {"a": "kept", "b": "B", "c": "C"}, "offVariant": "a", "serve": "a",
                "rules": [{"id": "beta", "description": note, "when": {"segment": "beta"}, "serve": "b"}],
                "overrides": {"user": {"ada@example.com": {"variant": "c"}}, "organization": {"acme-corp": "exclude"}},
            },
        },
    })
}

#[tokio::test]
async fn a_client_local_key_gets_no_context_keys_or_descriptions_and_evaluates_the_same() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let stored = live
        .put("document", with_lists())
        .header("content-type", "application/json");
    stored.await.expect(200);
    let mut follower = Follower::default();
    let mut stream = live.connect("client-local", None).await;
    stream.follow(&mut follower, 1).await;
    // One more entry in a list that the client has.
    let change = json!({"overrides": {"user": {"ada@example.com": {"variant": "c"}, "grace": {"variant": "b"}}}});
    live.patch("flags/f", &change).await.expect_success();
    stream.follow(&mut follower, 2).await;

    let seen = live.snapshot("client-local").await;
    assert_eq!(follower.document(), seen);
    let text = seen.to_string();
    assert_eq!(
        SECRETS.map(|secret| text.contains(secret)),
        [false; 5],
        "{text}"
    );
    assert!(text.contains("kept"), "{text}");
    let all = live.snapshot("server").await;
    let [seen, all] = [&seen, &all].map(|one| Snapshot::from_json(&one.to_string()).unwrap());
    assert_eq!(seen.issues(), []);
    for user in ["ada@example.com", "mallory", "grace", "nobody", ""] {
        for organization in ["acme-corp", "other"] {
            let owner = flagstaff_core::Value::object([("key", organization.into())]);
            let context = Context::new(user).with("organization", owner);
            let now = Timestamp::from_millis(0);
            let [one, other] = [&seen, &all].map(|one| one.evaluate("f", None, &context, now));
            assert_eq!(
                one.to_value(&Json::Null),
                other.to_value(&Json::Null),
                "{user} {organization}"
            );
        }
    }
    live.stop().await;
}

#[tokio::test]
async fn hashes_of_one_context_key_differ_between_flags() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let mut flag = client_side(true);
    flag["overrides"] = json!({"user": {"u1": "include"}});
    live.put_flag("a", &flag).await;
    live.put_flag("b", &flag).await;
    let seen = live.snapshot("client-local").await;
    let lists = ["a", "b"].map(|key| seen["flags"][key]["overrides"].to_string());
    assert_ne!(lists[0], lists[1]);
    let hash = |list: &str| list.rsplit('"').nth(3).unwrap().to_owned();
    assert_eq!(hash(&lists[0]).len(), 24, "{}", lists[0]);
    assert_ne!(hash(&lists[0]), hash(&lists[1]));
    live.stop().await;
}

#[tokio::test]
async fn writes_of_hashed_lists_are_refused() {
    let server = Server::new().await;
    let mut flag = client_side(true);
    flag["overrides"] = json!({"/5eed/user": {}});
    let refused = server.put("flags/a", flag).await;
    refused.expect_errors(["/overrides/~15eed~1user"]);
    let document = json!({"schemaVersion": 1, "flags": {}, "segments": {"s": {"include": {"/5eed/user": []}}}});
    let refused = server.put("document", document).await;
    refused.expect_errors(["/segments/s/include/~15eed~1user"]);
}

#[tokio::test]
async fn a_stream_resumes_after_the_server_has_been_restarted() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put_flag("a", &client_side(true)).await;
    let mut followers = [
        ("server", Follower::default()),
        ("client-local", Follower::default()),
    ];
    for (key, follower) in &mut followers {
        live.connect(key, None).await.follow(follower, 1).await;
    }
    live.put_flag("b", on()).await;
    live.patch(
        "flags/a",
        json!({"overrides": {"user": {"u1": "exclude", "u2": "include"}}}),
    )
    .await
    .expect_success();
    live.stop().await;

    let live = Live::start(&database).await;
    live.put_flag("c", &client_side(false)).await;
    for (key, follower) in &mut followers {
        follower.connected();
        live.connect(key, follower.cursor().as_deref())
            .await
            .follow(follower, 4)
            .await;
        assert_eq!(follower.intents, ["xfer-full", "xfer-changes"], "{key}");
        assert_eq!(follower.document(), live.snapshot(key).await);
    }
    live.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_sends_goodbye_and_closes_the_stream() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let mut stream = live.connect("server", None).await;
    assert_eq!(stream.intent().await, "xfer-full");
    assert_eq!(stream.next().await.unwrap().name, "payload-transferred");
    live.stop().await;
    let goodbye = stream.next().await.unwrap();
    assert_eq!(goodbye.name, "goodbye");
    assert!(goodbye.json()["retryAfterMs"].as_u64().is_some());
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_ends_when_its_key_expires() {
    let database = Database::new();
    let clock = Arc::new(AtomicU64::new(NOW));
    let manual = Clock::Manual(Arc::clone(&clock));
    let live = Live::serve(state(&database, RuntimeConfig::default(), manual).await).await;
    let key = json!({"kind": "server", "name": "k", "expiresAt": "2026-01-02T00:00:00Z"});
    let key = live.post("keys", key).await.expect(201).json();
    let mut stream = live.connect(text(&key, "token"), None).await;
    assert_eq!(stream.intent().await, "xfer-full");
    clock.fetch_add(86_400_000, Ordering::Relaxed);
    let goodbye = stream.last().await;
    assert_eq!(goodbye.name, "goodbye");
    assert_eq!(
        goodbye.json()["reason"],
        "the key was revoked, has expired, or is for other pages now"
    );
    live.stop().await;
}

#[tokio::test]
async fn a_write_that_was_answered_is_visible_to_reads() {
    let server = Arc::new(Server::new().await);
    let writers = (0..10_u64).map(|writer| {
        let server = Arc::clone(&server);
        async move {
            let made = server.put_flag(&format!("f{writer}"), on()).await;
            let version = made["version"].as_u64().unwrap();
            let document = server.snapshot("server").await;
            assert!(document["revision"].as_u64().unwrap() >= version);
            assert_eq!(document["flags"][format!("f{writer}")]["enabled"], true);
            version
        }
    });
    let mut versions = simultaneously(writers).await;
    versions.sort_unstable();
    assert_eq!(
        versions,
        (1..=10).collect::<Vec<_>>(),
        "one revision each, without a gap"
    );
}

#[tokio::test]
async fn the_snapshot_has_an_etag_for_each_visibility() {
    let server = Server::new().await;
    server.put_flag("unmarked", on()).await;
    server.put_flag("shown", json!({"type": "boolean", "enabled": true, "serve": "on", "clientSide": true, "overrides": {"user": {"u": "exclude"}}})).await;
    let path = "/api/v1/sdk/snapshot";
    let all = server.get(path).token("server").await;
    let client = server.get(path).token("client-local").await;
    assert_eq!(all["flags"].as_object().unwrap().len(), 2);
    assert_eq!(
        client["flags"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["shown"]
    );
    let shown = client["flags"]["shown"]["overrides"].to_string();
    assert!(shown.ends_with("\":\"exclude\"}}"), "{shown}");
    assert!(!shown.contains("\"u\""), "the key is hashed: {shown}");
    assert_ne!(all.header("etag"), client.header("etag"));
    for (key, tag) in [
        ("server", all.header("etag")),
        ("client-local", client.header("etag")),
    ] {
        let again = server
            .get(path)
            .token(key)
            .header("if-none-match", tag)
            .await
            .expect(304);
        assert_eq!(again.header("etag"), tag);
        assert!(again.text.is_empty());
    }
    server.put_flag("hidden", on()).await;
    server
        .get(path)
        .token("server")
        .header("if-none-match", all.header("etag"))
        .await
        .expect(200);
}
