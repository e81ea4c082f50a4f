//! Several nodes on one PostgreSQL, as processes where one of them or the database is to come to harm

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::http::StatusCode;
use flagstaff_core::Timestamp;
use flagstaff_server::auth::KeyKind;
use flagstaff_server::store::{
    Access, AccessChange, Announcements, AuditDetails, AuditHead, AuditQuery, AuditRow,
    CatalogueStore, Claim, Claimed, Commit, EntryId, EntryQuery, EntryRow, EnvironmentContent,
    EnvironmentRow, FlagNote, Heads, IdempotencyStore, InstanceStore, KeyRow, NewClaim,
    NewEnvironments, NodeInstances, NoteChange, SeenFlag, SettingsChange, Since, SqlStore, Store,
    StoreError, UnknownFlag, UsageQuery, UsageRow, UsageStep, UsageStore, Writes,
};
use flagstaff_server::{AppState, Clock, Limits};
use reqwest::Response;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::follower::Follower;
use crate::live::{Connection, Live, PATIENCE};
use crate::postgres::{Cluster, execute};
use crate::process::{ADMIN, Process};
use crate::support::{Database, FLAGS, http, state};

pub(crate) const SNAPSHOT: &str = "/api/v1/sdk/snapshot";

/// Two nodes; their logs and streams are two things each
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

pub(crate) async fn put(
    node: &Process,
    key: &str,
    body: &Value,
) -> Result<Response, reqwest::Error> {
    let url = format!("{}{FLAGS}/{key}", node.address);
    let request = http().put(url).bearer_auth(ADMIN).timeout(PATIENCE);
    request.body(body.to_string()).send().await
}

pub(crate) async fn on(node: &Process, key: &str) {
    let answer = put(node, key, &json!({"enabled": true})).await.unwrap();
    let status = answer.status();
    assert!(status.is_success(), "{}", answer.text().await.unwrap());
}

pub(crate) async fn stream(node: &Process) -> Connection {
    Connection::open(&node.address, "server", None).await
}

pub(crate) async fn document(node: &Process) -> Value {
    let (status, document) = node.get(SNAPSHOT, "server").await;
    assert_eq!(status, StatusCode::OK);
    document
}

/// Waits until a node says that its store is `up` or `down`; answers how stale it is, in milliseconds
pub(crate) async fn until_store_is(node: &Process, expected: &str) -> u64 {
    let wait = async {
        loop {
            let (status, ready) = node.get("/readyz", "").await;
            assert_eq!(status, StatusCode::OK, "{ready}");
            if ready["store"] == expected {
                return ready["staleMs"].as_u64().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap()
}

pub(crate) async fn assert_refused_for_now(answer: Response) {
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let retry: u64 = answer.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=5).contains(&retry));
    let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(problem["type"], "urn:flagstaff:problem:unavailable");
}

/// Whether a log tells of one outage of the database: once of its begin, in however many ways it then fails, and once of its end
fn assert_one_outage(stderr: &str) {
    let said = |text: &str| stderr.matches(text).count();
    assert_eq!(said("the database is out of reach"), 1, "{stderr}");
    assert_eq!(said("the database is back"), 1, "{stderr}");
}

#[tokio::test]
async fn a_change_at_one_node_reaches_the_streams_of_the_other() {
    let nodes = Nodes::start(Cluster::shared()).await;
    let mut follower = Follower::default();
    let mut changes = stream(&nodes.other).await;
    for round in 1..=4 {
        let writer = if round % 2 == 1 {
            &nodes.one
        } else {
            &nodes.other
        };
        on(writer, &format!("flag{round}")).await;
        changes.follow(&mut follower, round).await;
    }
    assert_eq!(follower.intents, ["xfer-full"], "changes, and nothing anew");
    assert_eq!(follower.document(), document(&nodes.other).await);

    // Both at once, in one environment: each write is decided on what it changes.
    let write = async |round: usize| {
        let writer = [&nodes.one, &nodes.other][round % 2];
        on(writer, &format!("both{round}")).await;
    };
    futures_util::future::join_all((0..30).map(write)).await;
    changes.follow(&mut follower, 34).await;
    assert_eq!(follower.flags().len(), 34);
    assert_eq!(follower.document(), document(&nodes.other).await);
    nodes.one.stop();
    nodes.other.stop();
}

#[tokio::test]
async fn a_crash_of_postgresql_takes_nothing_from_readers_and_loses_nothing() {
    let cluster = Cluster::start();
    let nodes = Nodes::start(&cluster).await;
    let mut follower = Follower::default();
    let mut changes = stream(&nodes.other).await;
    on(&nodes.one, "before").await;
    changes.follow(&mut follower, 1).await;
    let before = document(&nodes.other).await;

    cluster.crash();
    for node in [&nodes.one, &nodes.other] {
        until_store_is(node, "down").await;
        assert_eq!(document(node).await, before);
        stream(node).await.follow(&mut Follower::default(), 1).await;
        let answer = put(node, "during", &json!({"enabled": true})).await;
        assert_refused_for_now(answer.unwrap()).await;
        let (status, problem) = node.get("/readyz?maxStaleMs=0", "").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
        let (status, _) = node.get("/api/v1/projects/default/audit", ADMIN).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }

    // Connections that are cut instead of refused: another error, of the same outage.
    cluster.cut_connections(10).await;

    cluster.restart();
    for node in [&nodes.one, &nodes.other] {
        until_store_is(node, "up").await;
        assert_eq!(document(node).await, before);
    }
    on(&nodes.one, "after").await;
    // The stream from before the crash.
    changes.follow(&mut follower, 2).await;
    assert_eq!(follower.flags(), ["after", "before"]);
    assert_eq!(follower.intents, ["xfer-full"]);
    let (_, stderr) = nodes.other.stop();
    assert_one_outage(&stderr);
}

#[tokio::test]
async fn a_postgresql_that_hangs_holds_up_no_reader_and_writers_not_for_long() {
    let cluster = Cluster::start();
    let nodes = Nodes::start(&cluster).await;
    on(&nodes.one, "before").await;
    cluster.freeze();
    // At once, when the node does not know of it yet, and when it does.
    let answer = put(&nodes.one, "during", &json!({"enabled": true})).await;
    assert_refused_for_now(answer.unwrap()).await;
    assert_eq!(document(&nodes.one).await["revision"], 1);
    until_store_is(&nodes.one, "down").await;
    let answer = put(&nodes.one, "during", &json!({"enabled": true})).await;
    assert_refused_for_now(answer.unwrap()).await;

    cluster.thaw();
    until_store_is(&nodes.one, "up").await;
    on(&nodes.one, "after").await;
    let mut follower = Follower::default();
    let mut changes = stream(&nodes.other).await;
    changes.follow_to(&mut follower, "after").await;
    let (_, stderr) = nodes.one.stop();
    assert_one_outage(&stderr);
}

#[tokio::test]
async fn what_a_node_has_answered_outlives_it() {
    let nodes = Nodes::start(Cluster::shared()).await;
    let mut follower = Follower::default();
    let mut changes = stream(&nodes.other).await;
    let address = nodes.one.address.clone();
    let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (address, answered) = (address.clone(), answered.clone());
            tokio::spawn(async move {
                for round in 0.. {
                    let key = format!("flag-{writer}-{round}");
                    let request = http()
                        .put(format!("{address}{FLAGS}/{key}"))
                        .bearer_auth(ADMIN)
                        .body(json!({"enabled": true}).to_string());
                    match request.send().await {
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
    // One more, for what the dead node may have committed without a word.
    on(&nodes.other, "last").await;
    promised.push("last".to_owned());
    let revision = document(&nodes.other).await["revision"].as_u64().unwrap();
    changes.follow(&mut follower, revision).await;
    let held = follower.flags();
    let lost: Vec<_> = promised.iter().filter(|key| !held.contains(key)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(revision, held.len() as u64, "a revision for each flag");
}

#[tokio::test]
async fn connections_that_were_cut_are_made_anew() {
    let cluster = Cluster::start();
    let nodes = Nodes::start(&cluster).await;
    let mut follower = Follower::default();
    let mut changes = stream(&nodes.other).await;
    for revision in 1..=3 {
        on(&nodes.one, &format!("flag{revision}")).await;
        changes.follow(&mut follower, revision).await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flagstaff'";
        cluster.execute("postgres", cut).await;
        for node in [&nodes.one, &nodes.other] {
            until_store_is(node, "up").await;
        }
    }
}

/// A store of which nobody hears anything, or which says nothing by itself
#[derive(Debug)]
pub(crate) struct Deaf {
    store: SqlStore,
    listened: AtomicU32,
    looked: AtomicU32,
}

impl Deaf {
    pub(crate) fn new(store: SqlStore) -> Self {
        Self {
            store,
            listened: AtomicU32::new(0),
            looked: AtomicU32::new(0),
        }
    }

    /// How often somebody looked where it stands
    pub(crate) fn looked(&self) -> u32 {
        self.looked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Store for Deaf {
    async fn heads(&self) -> Result<Heads, StoreError> {
        self.looked.fetch_add(1, Ordering::Relaxed);
        self.store.heads().await
    }

    fn writes(&self) -> &Writes {
        self.store.writes()
    }

    async fn try_write(&self) -> Result<(), StoreError> {
        self.store.try_write().await
    }

    async fn renew_epoch(&self, epoch: &str) -> Result<(), StoreError> {
        self.store.renew_epoch(epoch).await
    }

    async fn environments(&self) -> Result<Vec<EnvironmentRow>, StoreError> {
        self.store.environments().await
    }

    async fn create_environments(&self, new: NewEnvironments) -> Result<(), StoreError> {
        self.store.create_environments(new).await
    }

    async fn load(&self, environment: i64) -> Result<EnvironmentContent, StoreError> {
        self.store.load(environment).await
    }

    async fn load_since(&self, environment: i64, revision: u64) -> Result<Since, StoreError> {
        self.store.load_since(environment, revision).await
    }

    async fn commit_all(
        &self,
        commits: Vec<Commit>,
        note: Option<NoteChange>,
        asked_at: Instant,
    ) -> Result<(), StoreError> {
        self.store.commit_all(commits, note, asked_at).await
    }

    async fn entry_notes(
        &self,
        environment: i64,
        entries: Vec<EntryId>,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.store.entry_notes(environment, entries).await
    }

    async fn entries_by_time(&self, query: EntryQuery) -> Result<Vec<EntryRow>, StoreError> {
        self.store.entries_by_time(query).await
    }

    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.store.audit(query).await
    }

    async fn audit_details(&self, project: i64, sequence: u64) -> Result<AuditDetails, StoreError> {
        self.store.audit_details(project, sequence).await
    }

    async fn audit_head(&self, project: i64) -> Result<AuditHead, StoreError> {
        self.store.audit_head(project).await
    }

    async fn flag_then(
        &self,
        environment: i64,
        flag: &str,
        revision: u64,
    ) -> Result<Option<Value>, StoreError> {
        self.store.flag_then(environment, flag, revision).await
    }

    async fn access(&self) -> Result<Access, StoreError> {
        self.store.access().await
    }

    async fn ensure_key(&self, key: KeyRow) -> Result<(), StoreError> {
        self.store.ensure_key(key).await
    }

    async fn found_keys(&self, keys: Vec<KeyRow>) -> Result<Vec<String>, StoreError> {
        self.store.found_keys(keys).await
    }

    async fn drop_keys(&self, hashes: Vec<String>) -> Result<(), StoreError> {
        self.store.drop_keys(hashes).await
    }

    async fn change_access(&self, change: AccessChange) -> Result<(), StoreError> {
        self.store.change_access(change).await
    }

    async fn change_settings(&self, change: SettingsChange) -> Result<(), StoreError> {
        self.store.change_settings(change).await
    }

    async fn listen(&self) -> Result<Option<Box<dyn Announcements>>, StoreError> {
        self.listened.fetch_add(1, Ordering::Relaxed);
        Ok(Some(Box::new(Silence)))
    }
}

#[async_trait]
impl InstanceStore for Deaf {
    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    async fn tell_instances(&self, told: Vec<NodeInstances>) -> Result<(), StoreError> {
        self.store.tell_instances(told).await
    }

    async fn told_instances(&self, but: &str) -> Result<Vec<NodeInstances>, StoreError> {
        self.store.told_instances(but).await
    }

    async fn forget_instances(&self, node: &str, beat: u64) -> Result<(), StoreError> {
        self.store.forget_instances(node, beat).await
    }
}

#[async_trait]
impl UsageStore for Deaf {
    async fn add_evaluations(&self, rows: Vec<UsageRow>) -> Result<(), StoreError> {
        self.store.add_evaluations(rows).await
    }

    async fn add_seen(&self, rows: Vec<SeenFlag>) -> Result<(), StoreError> {
        self.store.add_seen(rows).await
    }

    async fn add_unknown(&self, rows: Vec<UnknownFlag>) -> Result<(), StoreError> {
        self.store.add_unknown(rows).await
    }

    async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageStep>, StoreError> {
        self.store.usage(query).await
    }

    async fn seen_flags(&self, since: Timestamp) -> Result<Vec<SeenFlag>, StoreError> {
        self.store.seen_flags(since).await
    }

    async fn unknown_flags(&self, environment: i64) -> Result<Vec<UnknownFlag>, StoreError> {
        self.store.unknown_flags(environment).await
    }

    async fn forget_usage(&self, before: Timestamp) -> Result<(), StoreError> {
        self.store.forget_usage(before).await
    }
}

#[async_trait]
impl IdempotencyStore for Deaf {
    async fn claim(&self, claim: NewClaim) -> Result<Claimed, StoreError> {
        self.store.claim(claim).await
    }

    async fn renew(&self, claim: &Claim, at: Timestamp) -> Result<bool, StoreError> {
        self.store.renew(claim, at).await
    }

    async fn keep_answer(&self, claim: &Claim, answer: String) -> Result<(), StoreError> {
        self.store.keep_answer(claim, answer).await
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        self.store.release(claim).await
    }
}

#[async_trait]
impl CatalogueStore for Deaf {
    async fn flag_notes(&self, project: i64) -> Result<Vec<FlagNote>, StoreError> {
        self.store.flag_notes(project).await
    }

    async fn change_flag_note(&self, change: NoteChange) -> Result<(), StoreError> {
        self.store.change_flag_note(change).await
    }
}

#[derive(Debug)]
struct Silence;

#[async_trait]
impl Announcements for Silence {
    async fn next(&mut self) -> Result<(), StoreError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn announcements_alone_are_enough() {
    let database = Database::postgres(Cluster::shared()).await;
    let never = Limits {
        poll: Duration::from_hours(1),
        ..Limits::default()
    };
    let writer = Live::start(&database).await;
    let reader = Live::serve(state(&database, never, Clock::System).await).await;
    let mut follower = Follower::default();
    let mut changes = reader.connect(KeyKind::Server, None).await;
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
async fn looking_alone_is_enough_and_who_hears_nothing_listens_anew() {
    let database = Database::postgres(Cluster::shared()).await;
    let writer = Live::start(&database).await;
    let deaf = Arc::new(Deaf::new(database.open().await));
    let often = Limits {
        poll: Duration::from_millis(5),
        ..Limits::default()
    };
    let store: Arc<dyn Store> = Arc::<Deaf>::clone(&deaf);
    let reader = AppState::load(store, often, Clock::System).await.unwrap();
    let reader = Live::serve(reader).await;
    let mut follower = Follower::default();
    let mut changes = reader.connect(KeyKind::Server, None).await;
    let listens_anew = async {
        // Three in a row, after the announcement that begins to listen: which of the changes come before it cannot be known.
        let mut revision = 0;
        while deaf.listened.load(Ordering::Relaxed) < 2 {
            revision += 1;
            writer
                .put(&format!("flag{revision}"), &json!({"enabled": true}))
                .await;
            changes.follow(&mut follower, revision).await;
        }
    };
    tokio::time::timeout(PATIENCE, listens_anew).await.unwrap();
    reader.stop().await;
    writer.stop().await;
}

#[tokio::test]
async fn a_restored_backup_is_not_taken_for_what_was_lost() {
    let database = Database::postgres(Cluster::shared()).await;
    let live = Live::start(&database).await;
    let other = Live::start(&database).await;
    let mut follower = Follower::default();
    let mut changes = other.connect(KeyKind::Server, None).await;
    for revision in 1..=3 {
        live.put(&format!("flag{revision}"), &json!({"enabled": true}))
            .await;
    }
    changes.follow(&mut follower, 3).await;
    let lost = follower.cursor().unwrap();

    // As a backup from after the first revision has it.
    let restore = "BEGIN; UPDATE environment SET revision = 1 WHERE id = 1; DELETE FROM change WHERE revision > 1; \
                   DELETE FROM object WHERE version > 1; DELETE FROM flag WHERE version > 1; \
                   DELETE FROM audit_entry WHERE revision > 1; COMMIT";
    execute(database.address(), restore).await;
    changes.follow(&mut follower, 1).await;
    assert_eq!(follower.flags(), ["flag1"]);
    for key in ["other2", "other3"] {
        live.put(key, &json!({"enabled": true})).await;
    }
    changes.follow(&mut follower, 3).await;
    assert_eq!(follower.flags(), ["flag1", "other2", "other3"]);
    // Who was away meanwhile is at the same revision, of another lineage.
    let mut fresh = Follower::default();
    let mut resumed = live.connect(KeyKind::Server, Some(&lost)).await;
    resumed.follow(&mut fresh, 3).await;
    assert_eq!(fresh.intents, ["xfer-full"]);
    live.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_key_that_is_revoked_at_one_node_ends_its_streams_at_the_other() {
    let nodes = Nodes::start(Cluster::shared()).await;
    let keys = "/api/v1/projects/default/environments/production/keys";
    let request = |method, path: String| {
        let url = format!("{}{path}", nodes.one.address);
        http().request(method, url).bearer_auth(ADMIN)
    };
    let made = request(reqwest::Method::POST, keys.to_owned())
        .body(json!({"kind": "server", "name": "one"}).to_string());
    let made: Value =
        serde_json::from_str(&made.send().await.unwrap().text().await.unwrap()).unwrap();
    let (id, token) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    // The other node learns of it as of any change.
    let wait = async {
        while nodes.other.get(SNAPSHOT, token).await.0 != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    let mut revoked = Connection::open(&nodes.other.address, token, None).await;
    let revoke = request(reqwest::Method::DELETE, format!("{keys}/{id}"));
    assert_eq!(
        revoke.send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    let goodbye = revoked.last().await;
    assert_eq!(goodbye.name, "goodbye");
    let (status, _) = nodes.other.get(SNAPSHOT, token).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_environment_that_is_made_at_one_node_is_there_at_the_other() {
    let nodes = Nodes::start(Cluster::shared()).await;
    let path = "/api/v1/projects/default/environments";
    let url = format!("{}{path}", nodes.one.address);
    let request = http().post(url).bearer_auth(ADMIN);
    let made = request.body(json!({"name": "qa"}).to_string()).send().await;
    assert_eq!(made.unwrap().status(), StatusCode::CREATED);
    let wait = async {
        let flags = format!("{path}/qa/flags");
        while nodes.other.get(&flags, ADMIN).await.0 != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}
