//! Several nodes on one PostgreSQL, and outages of a node or the database

use std::sync::Arc;
use std::time::Duration;

use flagstaff_server::store::Store;
use flagstaff_server::{AppState, Clock, RuntimeConfig};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    ADMIN, Answer, Cluster, Database, Deaf, Follower, Live, Process, Requests as _, execute,
    in_time, on, text, until,
};

pub(crate) const SNAPSHOT: &str = "/api/v1/sdk/snapshot";

/// Two nodes on one database
struct Nodes {
    one: Process,
    other: Process,
    _folder: TempDir,
}

impl Nodes {
    async fn start(cluster: &Cluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = cluster.database().await;
        let start = || {
            let keys = ["--admin-token", ADMIN, "--server-key", "server"];
            Process::start_on(&database, folder.path(), &keys)
        };
        Self {
            one: start(),
            other: start(),
            _folder: folder,
        }
    }
}

/// Waits until `/readyz` says that the store is `up` or `down`
pub(crate) async fn until_store_is(node: &Process, expected: &str) {
    let is_so = async || {
        let ready = node.get("/readyz").anonymous().await.expect(200);
        ready["store"] == expected
    };
    until(&format!("the store is {expected}"), is_so).await;
}

pub(crate) fn expect_unavailable(answer: Answer) {
    let answer = answer.expect_problem(503, "unavailable");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=5).contains(&seconds));
}

/// Expects one line for the beginning of an outage, in however many ways the database then fails, and one for its end
fn assert_one_outage(stderr: &str) {
    for text in ["the database is out of reach", "the database is back"] {
        assert_eq!(stderr.matches(text).count(), 1, "{stderr}");
    }
}

#[tokio::test]
async fn a_change_at_one_node_reaches_the_streams_of_the_other() {
    let nodes = Nodes::start(Cluster::shared()).await;
    let mut follower = Follower::default();
    let mut changes = nodes.other.connect("server", None).await;
    for round in 1..=4 {
        let writer = [&nodes.other, &nodes.one][usize::from(round % 2 == 1)];
        writer.put_flag(&format!("flag{round}"), on()).await;
        changes.follow(&mut follower, round).await;
    }
    assert_eq!(follower.intents, ["xfer-full"], "only changes follow");
    assert_eq!(follower.document(), nodes.other.snapshot("server").await);

    // Both nodes write to one environment at the same time.
    let write = async |round: usize| {
        let writer = [&nodes.one, &nodes.other][round % 2];
        writer.put_flag(&format!("both{round}"), on()).await;
    };
    futures_util::future::join_all((0..30).map(write)).await;
    changes.follow(&mut follower, 34).await;
    assert_eq!(follower.flags().len(), 34);
    assert_eq!(follower.document(), nodes.other.snapshot("server").await);
    nodes.one.stop();
    nodes.other.stop();
}

#[tokio::test]
async fn during_a_crash_of_postgresql_reads_go_on_and_nothing_is_lost() {
    let cluster = Cluster::start();
    let nodes = Nodes::start(&cluster).await;
    let mut follower = Follower::default();
    let mut changes = nodes.other.connect("server", None).await;
    nodes.one.put_flag("before", on()).await;
    changes.follow(&mut follower, 1).await;
    let before = nodes.other.snapshot("server").await;

    cluster.crash();
    for node in [&nodes.one, &nodes.other] {
        until_store_is(node, "down").await;
        assert_eq!(node.snapshot("server").await, before);
        node.connect("server", None)
            .await
            .follow(&mut Follower::default(), 1)
            .await;
        expect_unavailable(node.put("flags/during", on()).await);
        let ready = node.get("/readyz?maxStaleMs=0").anonymous();
        ready.await.expect(503);
        let audit = node.get("/api/v1/projects/default/audit");
        audit.await.expect(503);
    }

    // Connections are cut instead of refused: another error of the same outage.
    cluster.cut_connections(10).await;

    cluster.restart();
    for node in [&nodes.one, &nodes.other] {
        until_store_is(node, "up").await;
        assert_eq!(node.snapshot("server").await, before);
    }
    nodes.one.put_flag("after", on()).await;
    // The stream from before the crash.
    changes.follow(&mut follower, 2).await;
    assert_eq!(follower.flags(), ["after", "before"]);
    assert_eq!(follower.intents, ["xfer-full"]);
    let (_, stderr) = nodes.other.stop();
    assert_one_outage(&stderr);
}

#[tokio::test]
async fn while_postgresql_hangs_reads_go_on_and_writes_fail_soon() {
    let cluster = Cluster::start();
    let nodes = Nodes::start(&cluster).await;
    nodes.one.put_flag("before", on()).await;
    cluster.freeze();
    // Before the node knows of the outage, and after.
    expect_unavailable(nodes.one.put("flags/during", on()).await);
    assert_eq!(nodes.one.snapshot("server").await["revision"], 1);
    until_store_is(&nodes.one, "down").await;
    expect_unavailable(nodes.one.put("flags/during", on()).await);

    cluster.thaw();
    until_store_is(&nodes.one, "up").await;
    nodes.one.put_flag("after", on()).await;
    let mut follower = Follower::default();
    let mut changes = nodes.other.connect("server", None).await;
    changes.follow_to(&mut follower, "after").await;
    let (_, stderr) = nodes.one.stop();
    assert_one_outage(&stderr);
}

#[tokio::test]
async fn a_write_that_was_answered_survives_the_crash_of_its_node() {
    let nodes = Nodes::start(Cluster::shared()).await;
    let mut follower = Follower::default();
    let mut changes = nodes.other.connect("server", None).await;
    let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let address = nodes.one.address.clone();
            let answered = answered.clone();
            tokio::spawn(async move {
                for round in 0.. {
                    let key = format!("flag-{writer}-{round}");
                    let put = address.put(&format!("flags/{key}"), on()).token(ADMIN);
                    match put.try_send().await {
                        Ok(answer) if answer.status().is_success() => answered.send(key).unwrap(),
                        _ => break,
                    }
                }
            })
        })
        .collect();
    drop(answered);
    let mut promised = Vec::new();
    while promised.len() < 20 {
        promised.push(answers.recv().await.unwrap());
    }
    nodes.one.kill();
    for writer in writers {
        writer.await.unwrap();
    }
    while let Some(key) = answers.recv().await {
        promised.push(key);
    }
    // One more write, since the dead node may have committed without a response.
    nodes.other.put_flag("last", on()).await;
    promised.push("last".to_owned());
    let revision = nodes.other.snapshot("server").await["revision"]
        .as_u64()
        .unwrap();
    changes.follow(&mut follower, revision).await;
    let held = follower.flags();
    let lost: Vec<_> = promised.iter().filter(|key| !held.contains(key)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(revision, held.len() as u64, "a revision for each flag");
}

#[tokio::test]
async fn nodes_reconnect_to_postgresql() {
    let cluster = Cluster::start();
    let nodes = Nodes::start(&cluster).await;
    let mut follower = Follower::default();
    let mut changes = nodes.other.connect("server", None).await;
    for revision in 1..=3 {
        nodes.one.put_flag(&format!("flag{revision}"), on()).await;
        changes.follow(&mut follower, revision).await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flagstaff'";
        cluster.execute("postgres", cut).await;
        for node in [&nodes.one, &nodes.other] {
            until_store_is(node, "up").await;
        }
    }
}

#[tokio::test]
async fn notifications_alone_keep_a_node_up_to_date() {
    let database = Database::postgres(Cluster::shared()).await;
    let never = RuntimeConfig {
        poll: Duration::from_hours(1),
        ..RuntimeConfig::default()
    };
    let writer = Live::start(&database).await;
    let reader = Live::with(&database, never).await;
    let mut follower = Follower::default();
    let mut changes = reader.connect("server", None).await;
    for revision in 1..=3 {
        writer.put_flag(&format!("flag{revision}"), on()).await;
        changes.follow(&mut follower, revision).await;
    }
    reader.stop().await;
    writer.stop().await;
}

#[tokio::test]
async fn polls_alone_keep_a_node_up_to_date_and_it_listens_again() {
    let database = Database::postgres(Cluster::shared()).await;
    let writer = Live::start(&database).await;
    let deaf = Arc::new(Deaf::new(database.open().await));
    let often = RuntimeConfig {
        poll: Duration::from_millis(5),
        ..RuntimeConfig::default()
    };
    let store: Arc<dyn Store> = Arc::<Deaf>::clone(&deaf);
    let reader = AppState::load(store, often, Clock::System).await.unwrap();
    let reader = Live::serve(reader).await;
    let mut follower = Follower::default();
    let mut changes = reader.connect("server", None).await;
    let listens_anew = async {
        // Three changes in a row, after the one with which the node begins to listen. It is not known which one that is.
        let mut revision = 0;
        while deaf.listened() < 2 {
            revision += 1;
            writer.put_flag(&format!("flag{revision}"), on()).await;
            changes.follow(&mut follower, revision).await;
        }
    };
    in_time(listens_anew).await;
    reader.stop().await;
    writer.stop().await;
}

#[tokio::test]
async fn after_a_restored_backup_clients_of_lost_revisions_get_everything() {
    let database = Database::postgres(Cluster::shared()).await;
    let live = Live::start(&database).await;
    let other = Live::start(&database).await;
    let mut follower = Follower::default();
    let mut changes = other.connect("server", None).await;
    for revision in 1..=3 {
        live.put_flag(&format!("flag{revision}"), on()).await;
    }
    changes.follow(&mut follower, 3).await;
    let lost = follower.cursor().unwrap();

    // The state of a backup made after the first revision.
    let restore = "BEGIN; UPDATE environment SET revision = 1 WHERE id = 1; DELETE FROM change WHERE revision > 1; \
                   DELETE FROM object WHERE version > 1; DELETE FROM flag WHERE version > 1; \
                   DELETE FROM audit_entry WHERE revision > 1; COMMIT";
    execute(database.address(), restore).await;
    changes.follow(&mut follower, 1).await;
    assert_eq!(follower.flags(), ["flag1"]);
    for key in ["other2", "other3"] {
        live.put_flag(key, on()).await;
    }
    changes.follow(&mut follower, 3).await;
    assert_eq!(follower.flags(), ["flag1", "other2", "other3"]);
    // A client that was disconnected has the same revision of another epoch.
    let mut fresh = Follower::default();
    let mut resumed = live.connect("server", Some(&lost)).await;
    resumed.follow(&mut fresh, 3).await;
    assert_eq!(fresh.intents, ["xfer-full"]);
    live.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_key_that_is_revoked_at_one_node_ends_its_streams_at_the_other() {
    let nodes = Nodes::start(Cluster::shared()).await;
    let key = json!({"kind": "server", "name": "one"});
    let key = nodes.one.post("keys", key).await.expect(201).json();
    let token = text(&key, "token");
    // The other node learns of the key as it learns of any change.
    let is_known = async || nodes.other.get(SNAPSHOT).token(token).await.is_success();
    until("the other node knows the key", is_known).await;
    let mut revoked = nodes.other.connect(token, None).await;
    let path = format!("keys/{}", text(&key, "id"));
    nodes.one.delete(&path).await.expect(204);
    let goodbye = revoked.last().await;
    assert_eq!(goodbye.name, "goodbye");
    let snapshot = nodes.other.get(SNAPSHOT).token(token);
    snapshot.await.expect(401);
}

#[tokio::test]
async fn an_environment_that_is_created_at_one_node_exists_at_the_other() {
    let nodes = Nodes::start(Cluster::shared()).await;
    let path = "/api/v1/projects/default/environments";
    let made = nodes.one.post(path, json!({"name": "qa"}));
    made.await.expect(201);
    let flags = format!("{path}/qa/flags");
    let is_there = async || nodes.other.get(&flags).await.is_success();
    until("the environment is at the other node", is_there).await;
}
