//! Redis beside the database: what it adds, and that nothing depends on it

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::redis::Commands as _;
use axum::http::{Method, StatusCode};
use flagstaff_server::auth::KeyKind;
use flagstaff_server::store::Store;
use flagstaff_server::{AppState, Clock, Limits, Rates, Redis, keep};
use serde_json::json;

use crate::follower::Follower;
use crate::live::{Live, PATIENCE};
use crate::nodes::{
    Deaf, SNAPSHOT, assert_refused_for_now, document, on, put, stream, until_store_is,
};
use crate::postgres::Cluster;
use crate::process::{ADMIN, Process};
use crate::service::Service;
use crate::support::{Database, Server, state};

mod forged;

const SERVER: &str = "server";
const ENCRYPTION: &str = "the-encryption-key-of-these-tests";

/// A Redis of a test's own
struct Cache {
    service: Service,
    address: String,
}

impl Cache {
    fn start() -> Self {
        let (service, port) = Service::start("redis");
        Self {
            service,
            address: format!("redis://127.0.0.1:{port}"),
        }
    }

    fn connect(&self) -> ::redis::Connection {
        let client = ::redis::Client::open(&*self.address).unwrap();
        client.get_connection().unwrap()
    }

    /// The name of the copy that there is, if there is one
    fn copy(&self) -> Option<String> {
        let keys: Vec<String> = self.connect().keys("flagstaff:*:encrypted-copy").unwrap();
        keys.into_iter().next()
    }

    /// Waits until the copy of production is at a revision
    async fn until_copied(&self, revision: u64) {
        let is_copied = || {
            let version: Option<String> = self
                .connect()
                .hget(self.copy()?, "version:environment:1")
                .unwrap();
            version?.contains(&format!(".{revision}.")).then_some(())
        };
        let wait = async {
            while is_copied().is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }
}

/// As the nodes of a test have it
fn redis(cache: &Cache) -> Redis {
    Redis::new(&cache.address, "test", ENCRYPTION.parse().unwrap()).unwrap()
}

fn node(database: &str, cache: &Cache) -> Process {
    let keys = ["--admin-token", ADMIN, "--server-key", SERVER];
    let redis = ["--redis", &cache.address, "--encryption-keys", ENCRYPTION];
    let arguments = [&keys[..], &redis].concat();
    Process::start_on(database, &std::env::temp_dir(), &arguments)
}

#[tokio::test]
async fn a_commit_is_heard_of_from_redis_alone() {
    let cache = Cache::start();
    let database = Database::postgres(Cluster::shared()).await;
    let kept = |state: &AppState| {
        let redis = redis(&cache);
        tokio::spawn(keep(Arc::new(redis), state.clone()));
    };
    let writing = state(&database, Limits::default(), Clock::System).await;
    kept(&writing);
    let writer = Live::serve(writing).await;
    let never = Limits {
        poll: Duration::from_hours(1),
        ..Limits::default()
    };
    let store: Arc<dyn Store> = Arc::new(Deaf::new(database.open().await));
    let reading = AppState::load(store, never, Clock::System).await.unwrap();
    kept(&reading);
    let reader = Live::serve(reading).await;
    let mut follower = Follower::default();
    let mut changes = reader.connect(KeyKind::Server, None).await;
    // What is committed before anybody has subscribed is found by the look that a subscription begins with.
    for revision in 1..=3 {
        writer
            .put(&format!("flag{revision}"), &json!({"enabled": true}))
            .await;
        changes.follow(&mut follower, revision).await;
    }
    reader.stop().await;
    writer.stop().await;
}

#[tokio::test]
async fn a_node_starts_with_the_copy_while_the_database_is_down() {
    let (cluster, cache) = (Cluster::start(), Cache::start());
    let database = cluster.database().await;
    let first = node(&database, &cache);
    on(&first, "a").await;
    let overrides = json!({"user": {"u1": "exclude", "u2": "include"}});
    let flag = json!({"type": "boolean", "enabled": true, "serve": "on", "overrides": overrides});
    let answer = put(&first, "b", &flag).await.unwrap();
    assert!(answer.status().is_success());
    let before = document(&first).await;
    cache.until_copied(2).await;
    cluster.crash();
    first.kill();

    let second = node(&database, &cache);
    assert_eq!(document(&second).await, before);
    until_store_is(&second, "down").await;
    let refused = put(&second, "c", &json!({"enabled": true})).await.unwrap();
    assert_refused_for_now(refused).await;
    assert_eq!(
        second.get(SNAPSHOT, "wrong").await.0,
        StatusCode::UNAUTHORIZED
    );
    let mut follower = Follower::default();
    let mut changes = stream(&second).await;
    changes.follow(&mut follower, 2).await;

    cluster.restart();
    until_store_is(&second, "up").await;
    on(&second, "c").await;
    changes.follow(&mut follower, 3).await;
    assert_eq!(
        follower.intents,
        ["xfer-full"],
        "the copy was of the same lineage"
    );
    assert_eq!(follower.document(), document(&second).await);
    let (_, stderr) = second.stop();
    assert!(
        stderr.contains("starting with the copy in redis"),
        "{stderr}"
    );
    assert!(stderr.contains("the database is back"), "{stderr}");
}

#[tokio::test]
async fn what_one_node_lets_through_counts_at_the_others() {
    let cache = Cache::start();
    let rates = Rates {
        key: 1,
        ..Rates::default()
    };
    let node = async || {
        let limits = Limits {
            rates: rates.clone(),
            ..Limits::default()
        };
        let server = Server::with(limits).await;
        let redis = redis(&cache);
        tokio::spawn(keep(Arc::new(redis), server.state.clone()));
        server
    };
    let (one, other) = (node().await, node().await);
    let counted = || {
        let accounts: Vec<String> = cache.connect().keys("flagstaff:*:rate:*").unwrap();
        !accounts.is_empty()
    };
    let ask = async |server: &Server| {
        let path = "/ofrep/v1/evaluate/flags";
        let body = json!({});
        let answer = server.call(KeyKind::Client, Method::POST, path, &body, &[]);
        answer.await.status
    };
    // It takes its clock to be fast, so that what it tells does not wear off while the test runs.
    let fast = async {
        while !counted() {
            one.clock.fetch_add(10_000, Ordering::Relaxed);
            while ask(&one).await == StatusCode::OK {}
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, fast).await.unwrap();
    for _ in 0..20 {
        one.clock.fetch_add(10_000, Ordering::Relaxed);
        while ask(&one).await == StatusCode::OK {}
    }
    let mut served = 0;
    let slow = async {
        while ask(&other).await == StatusCode::OK {
            served += 1;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::time::timeout(PATIENCE, slow).await.unwrap();
    assert!(
        served < 10,
        "a node of its own serves ten, this one {served}"
    );
}

#[tokio::test]
async fn nothing_depends_on_redis_and_its_absence_is_said_once() {
    let cache = Cache::start();
    let database = Cluster::shared().database().await;
    let nodes = [node(&database, &cache), node(&database, &cache)];
    let mut follower = Follower::default();
    let mut changes = stream(&nodes[1]).await;
    on(&nodes[0], "a").await;
    changes.follow(&mut follower, 1).await;
    cache.until_copied(1).await;

    cache.service.tell("crash");
    for revision in 2..=4 {
        on(&nodes[0], &format!("flag{revision}")).await;
        changes.follow(&mut follower, revision).await;
    }
    // A node that starts now starts without.
    let third = node(&database, &cache);
    assert_eq!(document(&third).await["revision"], 4);

    cache.service.tell("start");
    cache.until_copied(4).await;
    third.stop();
    for node in nodes {
        let (_, stderr) = node.stop();
        assert!(
            stderr.matches("redis is out of reach").count() <= 1,
            "{stderr}"
        );
    }
}

/// Two servers that were started with the defaults, each with a `flagstaff.db` of its own, share a Redis and nothing in it
#[tokio::test]
async fn files_of_one_name_do_not_share_names_in_redis() {
    let cache = Cache::start();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let start = |folder: &tempfile::TempDir| {
        let token = "a-token-for-tests-of-names";
        let redis = ["--redis", &cache.address, "--encryption-keys", ENCRYPTION];
        let arguments = [&["--admin-token", token][..], &redis].concat();
        Process::start_on("sqlite://flagstaff.db", folder.path(), &arguments)
    };
    let nodes = folders.each_ref().map(start);
    let copies = || -> Vec<String> { cache.connect().keys("flagstaff:*:encrypted-copy").unwrap() };
    let both = async {
        while copies().len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, both).await.unwrap();
    // A restart finds its own again.
    drop(nodes);
    let _again = folders.each_ref().map(start);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(copies().len(), 2);
}
