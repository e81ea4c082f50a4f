//! The stream over a real socket, read by a real parser and core's replica

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::Method;
use eventsource_stream::Eventsource as _;
use flagstaff_core::{Commit, Context, Snapshot, Timestamp, Value as Json};
use flagstaff_server::auth::KeyKind;
use flagstaff_server::{AppState, Clock, Limits, StreamLimits, serve_on};
use futures_util::{Stream, StreamExt as _};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::follower::{Event, Follower, events};
use crate::support::{DOCUMENT, Database, FLAGS, NOW, Server, http, state};

/// Nothing here takes so long; a test that waits in vain ends
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const STREAM: &str = "/api/v1/sdk/stream";

/// A server on a free port
pub(crate) struct Live {
    state: AppState,
    address: String,
    task: JoinHandle<std::io::Result<()>>,
}

impl Live {
    pub(crate) async fn start(database: &Database) -> Self {
        Self::serve(state(database, Limits::default(), Clock::System).await).await
    }

    pub(crate) async fn serve(state: AppState) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        Self {
            state: state.clone(),
            address,
            task: tokio::spawn(serve_on(listener, state)),
        }
    }

    /// Where it listens
    pub(crate) fn host(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// The same as an address
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) async fn stop(self) {
        self.state.stopping().cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }

    async fn write(&self, method: Method, key: &str, body: &Value) {
        let request = http()
            .request(method, format!("{}{FLAGS}/{key}", self.address))
            .bearer_auth("admin")
            .body(body.to_string());
        let response = request.send().await.unwrap();
        assert!(
            response.status().is_success(),
            "{}",
            response.text().await.unwrap()
        );
    }

    pub(crate) async fn put(&self, key: &str, body: &Value) {
        self.write(Method::PUT, key, body).await;
    }

    pub(crate) async fn document(&self, key: KeyKind) -> Value {
        let request = http()
            .get(format!("{}/api/v1/sdk/snapshot", self.address))
            .bearer_auth(key.name());
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }

    pub(crate) async fn connect(&self, key: KeyKind, cursor: Option<&str>) -> Connection {
        Connection::open(&self.address, key.name(), cursor).await
    }
}

/// A stream that is read event by event
pub(crate) struct Connection(Pin<Box<dyn Stream<Item = Event> + Send>>);

impl Connection {
    pub(crate) async fn open(address: &str, token: &str, cursor: Option<&str>) -> Self {
        Self::open_at(address, "", token, cursor).await
    }

    /// The same with a query, from its question mark on
    pub(crate) async fn open_at(
        address: &str,
        query: &str,
        token: &str,
        cursor: Option<&str>,
    ) -> Self {
        let url = format!("{address}{STREAM}{query}");
        let mut request = http().get(url).bearer_auth(token);
        if let Some(cursor) = cursor {
            request = request.header("last-event-id", cursor);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(
            response.headers()["cache-control"],
            "no-store, no-transform"
        );
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let events = response.bytes_stream().eventsource().map(|event| {
            let event = event.unwrap();
            Event {
                name: event.event,
                data: event.data,
                id: Some(event.id).filter(|id| !id.is_empty()),
            }
        });
        Self(Box::pin(events))
    }

    async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap()
    }

    /// Reads on until the follower is at a revision
    pub(crate) async fn follow(&mut self, follower: &mut Follower, revision: u64) {
        while follower.replica.snapshot().revision() != revision {
            let event = self.next().await.expect("the stream ended");
            follower.take(&event).unwrap();
        }
    }

    /// Reads on until the follower has a flag
    pub(crate) async fn follow_to(&mut self, follower: &mut Follower, flag: &str) {
        while !follower.flags().iter().any(|key| key == flag) {
            let event = self.next().await.expect("the stream ended");
            follower.take(&event).unwrap();
        }
    }

    /// Reads on to the next commit; answers its cursor
    pub(crate) async fn committed(&mut self) -> String {
        loop {
            let event = self.next().await.expect("the stream ended");
            if event.name == "payload-transferred" {
                return event.id.unwrap();
            }
        }
    }

    /// Reads to the end; answers the last event
    pub(crate) async fn last(&mut self) -> Event {
        let mut last = None;
        while let Some(event) = self.next().await {
            last = Some(event);
        }
        last.unwrap()
    }

    /// Reads the intent that a connection begins with
    pub(crate) async fn intent(&mut self) -> Value {
        let first = self.next().await.unwrap();
        assert_eq!(first.name, "server-intent");
        first.json()["intent"].clone()
    }
}

fn on() -> Value {
    json!({"enabled": true})
}

fn client_side(enabled: bool) -> Value {
    json!({"type": "boolean", "enabled": enabled, "serve": "on", "clientSide": true})
}

#[tokio::test]
async fn a_stream_begins_with_everything_and_goes_on_with_changes() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put("a", &on()).await;
    let mut follower = Follower::default();
    let mut stream = live.connect(KeyKind::Server, None).await;
    stream.follow(&mut follower, 1).await;
    live.put("b", &on()).await;
    stream.follow(&mut follower, 2).await;
    live.write(Method::DELETE, "a", &Value::Null).await;
    stream.follow(&mut follower, 3).await;
    assert_eq!(
        follower.intents,
        ["xfer-full"],
        "changes need no intent of their own"
    );
    assert_eq!(follower.flags(), ["b"]);
    assert_eq!(follower.document(), live.document(KeyKind::Server).await);
    live.stop().await;
}

#[tokio::test]
async fn a_stream_resumes_from_its_cursor() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put("a", &on()).await;
    let mut follower = Follower::default();
    live.connect(KeyKind::Server, None)
        .await
        .follow(&mut follower, 1)
        .await;

    let mut current = live
        .connect(KeyKind::Server, follower.cursor().as_deref())
        .await;
    assert_eq!(current.intent().await, "none");
    live.put("b", &on()).await;
    live.put("c", &on()).await;
    follower.connected();
    live.connect(KeyKind::Server, follower.cursor().as_deref())
        .await
        .follow(&mut follower, 3)
        .await;
    assert_eq!(follower.intents, ["xfer-full", "xfer-changes"]);
    assert_eq!(follower.document(), live.document(KeyKind::Server).await);
    live.stop().await;
}

#[tokio::test]
async fn a_cursor_that_says_nothing_gets_everything() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put("a", &client_side(true)).await;
    let mut follower = Follower::default();
    live.connect(KeyKind::Server, None)
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
        let mut stream = live.connect(KeyKind::Server, Some(&wrong)).await;
        stream.follow(&mut fresh, 1).await;
        assert_eq!(fresh.intents, ["xfer-full"], "{wrong}");
    }
    live.stop().await;
}

#[tokio::test]
async fn a_client_local_key_sees_flags_come_into_its_view_and_leave_it() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put("secret", &on()).await;
    let mut follower = Follower::default();
    let mut stream = live.connect(KeyKind::ClientLocal, None).await;
    stream.follow(&mut follower, 1).await;
    assert_eq!(follower.flags(), [""; 0]);
    live.write(
        Method::PATCH,
        "secret",
        &json!({"clientSide": true, "overrides": {"user": {"u": "exclude"}}}),
    )
    .await;
    stream.follow(&mut follower, 2).await;
    assert_eq!(
        follower.document(),
        live.document(KeyKind::ClientLocal).await
    );
    assert_eq!(follower.flags(), ["secret"]);
    live.write(Method::PATCH, "secret", &json!({"clientSide": null}))
        .await;
    stream.follow(&mut follower, 3).await;
    assert_eq!(follower.flags(), [""; 0]);
    live.put("hidden", &on()).await;
    stream.follow(&mut follower, 4).await;
    assert_eq!(
        follower.document(),
        live.document(KeyKind::ClientLocal).await
    );
    live.stop().await;
}

/// What a page must not be told: who is named in lists, and what is said for people
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
async fn a_page_is_told_no_context_key_and_no_description_and_answers_the_same() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let document = http()
        .put(format!("{}{DOCUMENT}", live.address))
        .bearer_auth("admin")
        .header("content-type", "application/json")
        .body(with_lists().to_string());
    let stored = document.send().await.unwrap();
    assert!(
        stored.status().is_success(),
        "{}",
        stored.text().await.unwrap()
    );
    let mut follower = Follower::default();
    let mut stream = live.connect(KeyKind::ClientLocal, None).await;
    stream.follow(&mut follower, 1).await;
    // One entry more in a list that the page has.
    let change = json!({"overrides": {"user": {"ada@example.com": {"variant": "c"}, "grace": {"variant": "b"}}}});
    live.write(Method::PATCH, "f", &change).await;
    stream.follow(&mut follower, 2).await;

    let seen = live.document(KeyKind::ClientLocal).await;
    assert_eq!(follower.document(), seen);
    let text = seen.to_string();
    assert_eq!(
        SECRETS.map(|secret| text.contains(secret)),
        [false; 5],
        "{text}"
    );
    assert!(text.contains("kept"), "{text}");
    let all = live.document(KeyKind::Server).await;
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
async fn lists_of_two_flags_do_not_show_that_they_have_the_same_key() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let mut flag = client_side(true);
    flag["overrides"] = json!({"user": {"u1": "include"}});
    live.put("a", &flag).await;
    live.put("b", &flag).await;
    let seen = live.document(KeyKind::ClientLocal).await;
    let lists = ["a", "b"].map(|key| seen["flags"][key]["overrides"].to_string());
    assert_ne!(lists[0], lists[1]);
    let hash = |list: &str| list.rsplit('"').nth(3).unwrap().to_owned();
    assert_eq!(hash(&lists[0]).len(), 24, "{}", lists[0]);
    assert_ne!(hash(&lists[0]), hash(&lists[1]));
    live.stop().await;
}

#[tokio::test]
async fn nobody_writes_a_hashed_list() {
    let server = Server::new().await;
    let mut flag = client_side(true);
    flag["overrides"] = json!({"/5eed/user": {}});
    let refused = server.put("a", &flag).await;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.text);
    assert_eq!(refused.pointers(), ["/overrides/~15eed~1user"]);
    let document = json!({"schemaVersion": 1, "flags": {}, "segments": {"s": {"include": {"/5eed/user": []}}}});
    let refused = server.admin(Method::PUT, DOCUMENT, &document).await;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.text);
    assert_eq!(refused.pointers(), ["/segments/s/include/~15eed~1user"]);
}

#[tokio::test]
async fn a_stream_resumes_after_the_server_has_been_restarted() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.put("a", &client_side(true)).await;
    let mut followers = [
        (KeyKind::Server, Follower::default()),
        (KeyKind::ClientLocal, Follower::default()),
    ];
    for (key, follower) in &mut followers {
        live.connect(*key, None).await.follow(follower, 1).await;
    }
    live.put("b", &on()).await;
    live.write(
        Method::PATCH,
        "a",
        &json!({"overrides": {"user": {"u1": "exclude", "u2": "include"}}}),
    )
    .await;
    live.stop().await;

    let live = Live::start(&database).await;
    live.put("c", &client_side(false)).await;
    for (key, follower) in &mut followers {
        follower.connected();
        live.connect(*key, follower.cursor().as_deref())
            .await
            .follow(follower, 4)
            .await;
        assert_eq!(follower.intents, ["xfer-full", "xfer-changes"], "{key:?}");
        assert_eq!(follower.document(), live.document(*key).await);
    }
    live.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_and_ends() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let mut stream = live.connect(KeyKind::Server, None).await;
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
    let live = Live::serve(state(&database, Limits::default(), manual).await).await;
    let url = format!("{}{}", live.address, FLAGS.replace("flags", "keys"));
    let body = json!({"kind": "server", "name": "k", "expiresAt": "2026-01-02T00:00:00Z"});
    let request = http().post(url).bearer_auth("admin").body(body.to_string());
    let made = request.send().await.unwrap().text().await.unwrap();
    let made: Value = serde_json::from_str(&made).unwrap();
    let token = made["token"].as_str().unwrap();
    let mut stream = Connection::open(&live.address, token, None).await;
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

/// A stream without a socket, whose body is read only when asked to
struct Unread(axum::body::Body);

impl Unread {
    async fn open(state: &AppState) -> Result<Self, axum::response::Response> {
        let request = axum::http::Request::get(STREAM).header("authorization", "Bearer server");
        let response = flagstaff_server::app(state.clone())
            .oneshot(request.body(axum::body::Body::empty()).unwrap())
            .await
            .unwrap();
        if response.status().is_success() {
            Ok(Self(response.into_body()))
        } else {
            Err(response)
        }
    }

    async fn read(&mut self) -> bytes::Bytes {
        tokio::time::timeout(PATIENCE, self.0.frame())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap()
    }

    async fn follow(&mut self, follower: &mut Follower, revision: u64) -> Vec<Commit> {
        let mut commits = Vec::new();
        while follower.replica.snapshot().revision() != revision {
            for event in events(&self.read().await) {
                commits.extend(follower.take(&event).unwrap());
            }
        }
        commits
    }
}

#[tokio::test]
async fn a_slow_reader_gets_what_it_missed_as_one_transfer() {
    let server = Server::new().await;
    server.put("a", &on()).await;
    let (mut follower, mut stream) = (
        Follower::default(),
        Unread::open(&server.state).await.unwrap(),
    );
    stream.follow(&mut follower, 1).await;
    for percentage in 1..=20 {
        server
            .put("a", &json!({"rolloutPercentage": percentage}))
            .await;
    }
    assert_eq!(stream.follow(&mut follower, 21).await.len(), 1, "coalesced");
    assert_eq!(follower.intents, ["xfer-full"]);
    assert_eq!(follower.document()["flags"]["a"]["serve"]["rollout"], 20);
}

#[tokio::test]
async fn a_reader_that_was_away_for_too_long_is_sent_everything_anew() {
    let server = Server::new().await;
    server.put("a", &on()).await;
    let (mut follower, mut stream) = (
        Follower::default(),
        Unread::open(&server.state).await.unwrap(),
    );
    stream.follow(&mut follower, 1).await;
    for round in 0..1_001_u32 {
        server
            .put("a", &json!({"rolloutPercentage": round % 100}))
            .await;
    }
    stream.follow(&mut follower, 1_002).await;
    assert_eq!(follower.intents, ["xfer-full", "xfer-full"]);
    server.put("b", &on()).await;
    stream.follow(&mut follower, 1_003).await;
    assert_eq!(follower.flags(), ["a", "b"]);
}

#[tokio::test]
async fn streams_beyond_the_limit_are_sent_away_and_nobody_is_evicted() {
    let database = Database::new();
    let state = state(
        &database,
        Limits {
            streams: StreamLimits::of(1),
            ..Limits::default()
        },
        Clock::System,
    )
    .await;
    let mut first = Unread::open(&state).await.unwrap();
    let Err(refused) = Unread::open(&state).await else {
        panic!("one too many")
    };
    assert_eq!(refused.status(), 503);
    assert!(
        (5..=15).contains(
            &refused.headers()["retry-after"]
                .to_str()
                .unwrap()
                .parse::<u64>()
                .unwrap()
        )
    );
    assert!(first.read().await.starts_with(b"retry: "));
    drop(first);
    assert!(Unread::open(&state).await.is_ok());
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let database = Database::new();
    let limits = Limits {
        heartbeat: Duration::from_millis(5),
        ..Limits::default()
    };
    let state = state(&database, limits, Clock::System).await;
    let mut stream = Unread::open(&state).await.unwrap();
    while stream.read().await != ": heartbeat\n\n" {}
}

#[tokio::test]
async fn a_write_is_answered_when_it_can_be_read() {
    let server = Arc::new(Server::new().await);
    let writers = (0..10_u64).map(|writer| {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let made = server.put(&format!("f{writer}"), &on()).await;
            let version = made.json()["version"].as_u64().unwrap();
            let document = server
                .call(
                    KeyKind::Server,
                    Method::GET,
                    "/api/v1/sdk/snapshot",
                    &Value::Null,
                    &[],
                )
                .await
                .json();
            assert!(document["revision"].as_u64().unwrap() >= version);
            assert_eq!(document["flags"][format!("f{writer}")]["enabled"], true);
            version
        })
    });
    let mut versions = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        versions.push(writer.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(
        versions,
        (1..=10).collect::<Vec<_>>(),
        "one revision each, without a gap"
    );
}
