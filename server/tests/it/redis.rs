//! Redis beside the database: what it adds, and outages of it

use std::sync::Arc;
use std::time::Duration;

use ::redis::Commands as _;
use flagstaff_server::store::Store;
use flagstaff_server::{AppState, Clock, Rates, Redis, RuntimeConfig, keep};
use serde_json::json;

use crate::metrics::scrape;
use crate::nodes::{SNAPSHOT, expect_unavailable, until_store_is};
use crate::support::{
    ADMIN, Cluster, Database, Deaf, Follower, Live, Process, Requests as _, Server, Service,
    in_time, on, state, until,
};

mod forged;

const SERVER: &str = "server";
const ENCRYPTION: &str = "the-encryption-key-of-these-tests";

/// A Redis of a test's own
pub(crate) struct Cache {
    service: Service,
    address: String,
}

impl Cache {
    pub(crate) fn start() -> Self {
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

    /// The name of the copy, if there is one
    fn copy(&self) -> Option<String> {
        let keys: Vec<String> = self.connect().keys("flagstaff:*:encrypted-copy").unwrap();
        keys.into_iter().next()
    }

    /// Waits until the copy of production is at a revision
    async fn until_copied(&self, revision: u64) {
        let is_copied = || {
            let version = "version:environment:1";
            let version: Option<String> = self.connect().hget(self.copy()?, version).unwrap();
            version?.contains(&format!(".{revision}.")).then_some(())
        };
        let what = format!("the copy is at revision {revision}");
        until(&what, async || is_copied().is_some()).await;
    }
}

/// The Redis of a node
fn redis(cache: &Cache) -> Redis {
    Redis::new(&cache.address, "test", ENCRYPTION.parse().unwrap()).unwrap()
}

fn node(database: &str, cache: &Cache) -> Process {
    let keys = ["--admin-token", ADMIN, "--server-key", SERVER];
    let redis = ["--redis", &cache.address, "--encryption-keys", ENCRYPTION];
    let arguments = [&keys[..], &redis].concat();
    Process::start_on(database, &std::env::temp_dir(), &arguments)
}

/// A PostgreSQL with two nodes, of which the second one hears of the other's commits only from Redis
pub(crate) async fn writer_and_reader(cache: &Cache) -> (Arc<dyn Store>, Live, Live) {
    let database = Database::postgres(Cluster::shared()).await;
    let kept = |state: &AppState| {
        let redis = redis(cache);
        tokio::spawn(keep(Arc::new(redis), state.clone()));
    };
    let writing = state(&database, RuntimeConfig::default(), Clock::System).await;
    kept(&writing);
    let never = RuntimeConfig {
        poll: Duration::from_hours(1),
        ..RuntimeConfig::default()
    };
    let store: Arc<dyn Store> = Arc::new(Deaf::new(database.open().await));
    let reading = AppState::load(store, never, Clock::System).await.unwrap();
    kept(&reading);
    let shared = Arc::clone(writing.store());
    (
        shared,
        Live::serve(writing).await,
        Live::serve(reading).await,
    )
}

#[tokio::test]
async fn notifications_of_redis_alone_keep_a_node_up_to_date() {
    let cache = Cache::start();
    let (_, writer, reader) = writer_and_reader(&cache).await;
    let mut follower = Follower::default();
    let mut changes = reader.connect("server", None).await;
    // Commits before the subscription are found by the poll with which it begins.
    for revision in 1..=3 {
        writer.put_flag(&format!("flag{revision}"), on()).await;
        changes.follow(&mut follower, revision).await;
    }
    reader.stop().await;
    writer.stop().await;
}

#[tokio::test]
async fn a_node_starts_with_the_cached_copy_while_the_database_is_down() {
    let (cluster, cache) = (Cluster::start(), Cache::start());
    let database = cluster.database().await;
    let first = node(&database, &cache);
    first.put_flag("a", on()).await;
    let overrides = json!({"user": {"u1": "exclude", "u2": "include"}});
    let flag = json!({"type": "boolean", "enabled": true, "serve": "on", "overrides": overrides});
    first.put_flag("b", flag).await;
    let before = first.snapshot("server").await;
    cache.until_copied(2).await;
    cluster.crash();
    first.kill();

    let second = node(&database, &cache);
    assert_eq!(second.snapshot("server").await, before);
    until_store_is(&second, "down").await;
    expect_unavailable(second.put("flags/c", on()).await);
    second.get(SNAPSHOT).token("wrong").await.expect(401);
    let mut follower = Follower::default();
    let mut changes = second.connect("server", None).await;
    changes.follow(&mut follower, 2).await;

    cluster.restart();
    until_store_is(&second, "up").await;
    second.put_flag("c", on()).await;
    changes.follow(&mut follower, 3).await;
    assert_eq!(
        follower.intents,
        ["xfer-full"],
        "the copy was of the same lineage"
    );
    assert_eq!(follower.document(), second.snapshot("server").await);
    let (_, stderr) = second.stop();
    assert!(
        stderr.contains("starting with the copy in redis"),
        "{stderr}"
    );
    assert!(stderr.contains("the database is back"), "{stderr}");
}

#[tokio::test]
async fn requests_at_one_node_count_at_the_others() {
    let cache = Cache::start();
    let node = async || {
        let rates = Rates {
            key: 1,
            ..Rates::default()
        };
        let server = Server::with_rates(rates).await;
        tokio::spawn(keep(Arc::new(redis(&cache)), server.state.clone()));
        server
    };
    let (one, other) = (node().await, node().await);
    let counted = || {
        let accounts: Vec<String> = cache.connect().keys("flagstaff:*:rate:*").unwrap();
        !accounts.is_empty()
    };
    let ask = async |server: &Server| {
        let answer = server.post("/ofrep/v1/evaluate/flags", "{}");
        answer.token("client").await.status
    };
    // Its clock runs fast, so that the rate that it shares does not decay during the test.
    let fast = async {
        while !counted() {
            one.wait(10_000);
            while ask(&one).await == 200 {}
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    in_time(fast).await;
    for _ in 0..20 {
        one.wait(10_000);
        while ask(&one).await == 200 {}
    }
    let mut answered = 0;
    let slow = async {
        while ask(&other).await == 200 {
            answered += 1;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    in_time(slow).await;
    assert!(
        answered < 10,
        "a node of its own serves ten, this one {answered}"
    );
}

#[tokio::test]
async fn nothing_depends_on_redis_and_its_outage_is_logged_once() {
    let cache = Cache::start();
    let database = Cluster::shared().database().await;
    let nodes = [node(&database, &cache), node(&database, &cache)];
    let mut follower = Follower::default();
    let mut changes = nodes[1].connect("server", None).await;
    nodes[0].put_flag("a", on()).await;
    changes.follow(&mut follower, 1).await;
    cache.until_copied(1).await;
    let until_redis_is = async |expected: f64| {
        let what = format!("the metric of Redis is {expected}");
        until(&what, async || {
            let up = scrape(&nodes[0]).await.get("flagstaff_redis_up").copied();
            up.is_some_and(|up| (up - expected).abs() < 0.5)
        })
        .await;
    };
    until_redis_is(1.0).await;

    cache.service.tell("crash");
    for revision in 2..=4 {
        nodes[0].put_flag(&format!("flag{revision}"), on()).await;
        changes.follow(&mut follower, revision).await;
    }
    until_redis_is(0.0).await;
    // A node that starts now starts without Redis.
    let third = node(&database, &cache);
    assert_eq!(third.snapshot("server").await["revision"], 4);

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

/// Two servers with the default name of the database file share a Redis, and nothing in it
#[tokio::test]
async fn databases_in_files_of_one_name_share_nothing_in_redis() {
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
    until("both have a copy", async || copies().len() == 2).await;
    // After a restart each finds its own copy.
    drop(nodes);
    let _again = folders.each_ref().map(start);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(copies().len(), 2);
}
