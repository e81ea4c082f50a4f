//! Streams that are read only when a test asks for it

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use flagstaff_core::SnapshotUpdate;
use flagstaff_server::{AppState, Clock, RuntimeConfig, StreamLimits};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::support::{Database, Follower, Requests as _, Server, events, in_time, on, state};

/// A stream without a socket, whose body is read only when a test asks for it
struct Unread(Body);

impl Unread {
    async fn open(state: &AppState) -> Result<Self, Response> {
        let response = state.get("/api/v1/sdk/stream").token("server");
        let response = response.response().await;
        if response.status().is_success() {
            Ok(Self(response.into_body()))
        } else {
            Err(response)
        }
    }

    async fn read(&mut self) -> bytes::Bytes {
        let frame = in_time(self.0.frame()).await.unwrap().unwrap();
        frame.into_data().unwrap()
    }

    async fn follow(&mut self, follower: &mut Follower, revision: u64) -> Vec<SnapshotUpdate> {
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
async fn a_slow_client_gets_the_revisions_that_it_missed_as_one_transfer() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    let (mut follower, mut stream) = (
        Follower::default(),
        Unread::open(&server.state).await.unwrap(),
    );
    stream.follow(&mut follower, 1).await;
    for percentage in 1..=20 {
        server
            .put_flag("a", json!({"rolloutPercentage": percentage}))
            .await;
    }
    assert_eq!(stream.follow(&mut follower, 21).await.len(), 1, "coalesced");
    assert_eq!(follower.intents, ["xfer-full"]);
    assert_eq!(follower.document()["flags"]["a"]["serve"]["rollout"], 20);
}

#[tokio::test]
async fn a_client_that_is_too_many_revisions_behind_gets_everything() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    let (mut follower, mut stream) = (
        Follower::default(),
        Unread::open(&server.state).await.unwrap(),
    );
    stream.follow(&mut follower, 1).await;
    for round in 0..1_001_u32 {
        server
            .put_flag("a", json!({"rolloutPercentage": round % 100}))
            .await;
    }
    stream.follow(&mut follower, 1_002).await;
    assert_eq!(follower.intents, ["xfer-full", "xfer-full"]);
    server.put_flag("b", on()).await;
    stream.follow(&mut follower, 1_003).await;
    assert_eq!(follower.flags(), ["a", "b"]);
}

#[tokio::test]
async fn streams_beyond_the_limit_are_refused_and_open_ones_stay() {
    let database = Database::new();
    let limits = RuntimeConfig {
        streams: StreamLimits::of(1),
        ..RuntimeConfig::default()
    };
    let state = state(&database, limits, Clock::System).await;
    let mut first = Unread::open(&state).await.unwrap();
    let Err(refused) = Unread::open(&state).await else {
        panic!("one too many")
    };
    assert_eq!(refused.status(), 503);
    let retry_after = refused.headers()["retry-after"].to_str().unwrap();
    assert!((5..=15).contains(&retry_after.parse::<u64>().unwrap()));
    assert!(first.read().await.starts_with(b"retry: "));
    drop(first);
    assert!(Unread::open(&state).await.is_ok());
}

#[tokio::test]
async fn an_idle_stream_has_heartbeats() {
    let database = Database::new();
    let limits = RuntimeConfig {
        heartbeat: Duration::from_millis(5),
        ..RuntimeConfig::default()
    };
    let state = state(&database, limits, Clock::System).await;
    let mut stream = Unread::open(&state).await.unwrap();
    while stream.read().await != ": heartbeat\n\n" {}
}
