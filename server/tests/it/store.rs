//! The store through its port, on both databases

use std::slice;
use std::sync::Arc;

use flagstaff_core::{JsonObject, Timestamp, Value};
use flagstaff_server::auth::CredentialKind;
use flagstaff_server::object::{ObjectId, ObjectKind};
use flagstaff_server::store::{
    AccessChange, Action, AuditEntry, AuditQuery, Author, BrowserPolicy, Change, ChangeRow, Commit,
    CredentialRow, End, EndedKey, EntryMetadata, FlagRow, Lifecycle, NewEnvironments, NoteChange,
    Origin, ProjectChoice, ProjectFlagRow, RulesChange, Since, SqlStore, Store, StoreError, Stored,
    WRITE_LIMIT,
};

use crate::support::{Cluster, Database, execute, key, simultaneously};

/// Runs tests of the store, each on an empty database of both kinds: those in the first list on one thread, those in the second on
/// several
macro_rules! suites {
    ([$($test:ident),* $(,)?], [$($race:ident),* $(,)?]) => {
        suite!(sqlite, crate::support::Database::new(), [$($test),*], [$($race),*]);
        suite!(postgres, crate::store::postgres().await, [$($test),*], [$($race),*]);
    };
}

macro_rules! suite {
    ($name:ident, $database:expr, [$($test:ident),*], [$($race:ident),*]) => {
        mod $name {
            $(#[tokio::test]
            async fn $test() {
                let database = $database;
                super::$test(&database.open().await).await;
            })*

            $(#[tokio::test(flavor = "multi_thread")]
            async fn $race() {
                let database = $database;
                super::$race(std::sync::Arc::new(database.open().await)).await;
            })*
        }
    };
}

mod access;
mod audit;
mod bounds;
mod commits;
mod environments;
mod loads;
mod members;
mod metadata;
mod overrides;

async fn postgres() -> Database {
    Database::postgres(Cluster::shared()).await
}

fn author(at: i64) -> Author {
    Author {
        actor: "tester".into(),
        at: Timestamp::from_millis(at),
        reason: Some("because".to_owned()),
        origin: Origin::default(),
    }
}

pub(crate) fn commit(environment: i64, base: u64, changes: Vec<Change>) -> Commit {
    let lists = changes
        .iter()
        .filter(|change| change.entry.is_some())
        .map(|change| change.id.clone())
        .collect();
    Commit {
        environment,
        base,
        author: author(5),
        changes,
        lists,
        flags: Vec::new(),
        dropped_flags: Vec::new(),
        entries: EntryMetadata::default(),
        audit: Vec::new(),
    }
}

/// Commits changes without anything beside them, and returns the revision
async fn write(
    store: &dyn Store,
    environment: i64,
    base: u64,
    changes: impl Into<Vec<Change>>,
) -> u64 {
    let commit = commit(environment, base, changes.into());
    store.commit(commit).await.unwrap()
}

/// A query for the rows of the project `default`, at most ten
fn audit_query() -> AuditQuery {
    AuditQuery {
        project_id: 1,
        limit: 10,
        ..AuditQuery::default()
    }
}

pub(crate) fn put(key: &str, after: &str, before: Option<(u64, &str)>) -> Change {
    Change {
        id: ObjectId::new(ObjectKind::Flag, key),
        entry: None,
        after: Some(after.into()),
        before_version: before.map(|(version, _)| version),
        before: before.map(|(_, text)| text.into()),
    }
}

fn entry(
    list: &str,
    entry: &str,
    after: Option<&str>,
    before_version: Option<u64>,
    before: Option<&str>,
) -> Change {
    let id = ObjectId::new(ObjectKind::Overrides, list);
    Change {
        id,
        entry: Some(entry.into()),
        after: after.map(Arc::from),
        before_version,
        before: before.map(Arc::from),
    }
}

fn row(key: &str, value_type: &str) -> FlagRow {
    let (created_at, updated_at) = (Timestamp::from_millis(5), Timestamp::from_millis(6));
    FlagRow {
        key: key.into(),
        value_type: value_type.into(),
        version: 1,
        created_at,
        updated_at,
    }
}

fn access(made: Option<CredentialRow>, ended: Option<(CredentialRow, End)>) -> AccessChange {
    AccessChange {
        project_id: 1,
        environment_id: None,
        author: author(5),
        made,
        ended: ended.map(|(key, end)| EndedKey { key, end }),
        rules: None,
        member: None,
        audit: vec![AuditEntry::new(Action::Create, "token", "n", (None, None))],
    }
}

fn new(project: ProjectChoice, names: &[&str]) -> NewEnvironments {
    NewEnvironments {
        project,
        names: names.iter().map(ToString::to_string).collect(),
        author: author(5),
    }
}

#[tokio::test]
async fn commits_are_there_after_reopening() {
    let database = Database::new();
    let store = database.open().await;
    let epoch = store.heads().await.unwrap().epoch;
    write(&store, 1, 0, [put("a", "{}", None)]).await;
    store.close().await;
    let store = database.open().await;
    assert_eq!(store.heads().await.unwrap().epoch, epoch);
    assert_eq!(store.load(1).await.unwrap().revision, 1);
    let other = Database::new();
    let other_epoch = other.open().await.heads().await.unwrap().epoch;
    assert_ne!(other_epoch, epoch);
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_may_start_together_on_an_empty_database() {
    let database = postgres().await;
    let address: Arc<str> = database.address().into();
    let nodes = (0..6).map(|_| {
        let address = Arc::clone(&address);
        async move {
            let store = SqlStore::open(&address).await.unwrap();
            store.heads().await.unwrap().epoch
        }
    });
    let mut epochs = simultaneously(nodes).await;
    epochs.dedup();
    assert_eq!(epochs.len(), 1);
}

#[tokio::test]
async fn a_database_that_a_newer_release_has_migrated_is_served() {
    let database = postgres().await;
    database.open().await.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (1000, 'of a newer release', TRUE, '', 0)";
    execute(database.address(), newer).await;
    assert_eq!(database.open().await.environments().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_database_of_a_version_before_the_first_release_is_refused_with_what_to_do() {
    for database in Database::both().await {
        database.open().await.close().await;
        database
            .sql("UPDATE _sqlx_migrations SET checksum = ''")
            .await;
        let error = SqlStore::open(database.address()).await.unwrap_err();
        assert!(error.to_string().contains("`flagstaff export`"), "{error}");
    }
}
