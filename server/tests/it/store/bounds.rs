//! Limits of what is read and written at once

use std::cell::Cell;
use std::sync::Once;
use std::time::Instant;

use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::*;

use crate::support::{Cluster, Database};

/// The maximum size of earlier states at a node: `server/src/engine/recent_states.rs`
const HISTORY_BYTES: usize = 64 << 20;

/// A revision may replace everything, so that a number of revisions is no limit of their size
async fn no_more_changes_are_loaded_than_a_node_stores(store: &dyn Store) {
    let big = "x".repeat(20 << 20);
    write(store, 1, 0, [put("a", "{}", None)]).await;
    for base in 1..=5 {
        let replaced = vec![
            put("b", "{}", Some((base, "{}"))),
            put("a", "{}", Some((base, &big))),
        ];
        write(store, 1, base, replaced).await;
    }
    let content = store.load(1).await.unwrap();
    let bytes = |row: &ChangeRow| row.change.before.as_ref().map_or(0, |before| before.len());
    let read: usize = content.changes.iter().map(bytes).sum();
    assert!(read <= HISTORY_BYTES, "{read}");
    let revisions: Vec<u64> = content.changes.iter().map(|row| row.revision).collect();
    assert_eq!(revisions, [6, 6, 5, 5, 4, 4], "whole revisions, the newest");

    let since = async |revision| store.load_since(1, revision).await.unwrap();
    let Since::Changes(content_since) = since(3).await else {
        panic!("there is no delta")
    };
    assert_eq!(content_since.changes.len(), 6);
    assert!(
        matches!(since(2).await, Since::Forgotten),
        "a node loads everything instead"
    );
}

thread_local! {
    static STATEMENTS: Cell<usize> = const { Cell::new(0) };
}

/// Counts the statements of each thread
struct Statements;

impl Statements {
    /// Begins to count, in all threads: tracing caches which events nobody is interested in, so that a later subscriber misses them
    fn count() {
        static BEGUN: Once = Once::new();
        BEGUN.call_once(|| {
            let subscriber = tracing_subscriber::registry().with(Self);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
    }

    /// The statements of this thread since the last call
    fn take() -> usize {
        STATEMENTS.take()
    }
}

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            STATEMENTS.set(STATEMENTS.get().saturating_add(1));
        }
    }
}

/// Each statement to PostgreSQL is a round trip
#[tokio::test]
async fn a_commit_of_thousands_of_flags_is_a_few_statements() {
    let database = Database::postgres(Cluster::shared()).await;
    let store = database.open().await;
    Statements::count();
    Statements::take();
    let names: Vec<String> = (0..2_000).map(|number| format!("flag-{number}")).collect();
    let write = |base: u64, before: Option<(u64, &str)>| Commit {
        flags: names.iter().map(|name| row(name, "boolean")).collect(),
        audit: names
            .iter()
            .map(|name| AuditEntry::new(Action::Create, "flag", name.as_str(), (None, None)))
            .collect(),
        ..commit(
            1,
            base,
            names.iter().map(|name| put(name, "{}", before)).collect(),
        )
    };
    store.commit(write(0, None)).await.unwrap();
    let made = Statements::take();
    store.commit(write(1, Some((1, "{}")))).await.unwrap();
    let changed = Statements::take();
    let gone = Commit {
        flags: Vec::new(),
        dropped_flags: names.iter().map(|name| name.as_str().into()).collect(),
        ..write(2, Some((2, "{}")))
    };
    store.commit(gone).await.unwrap();
    let dropped = Statements::take();
    for statements in [made, changed, dropped] {
        assert!((10..40).contains(&statements), "{made} {changed} {dropped}");
    }
}

/// Metadata of a flag and its states in environments are written together or not at all
async fn commits_of_several_environments_and_metadata_are_one_transaction(store: &dyn Store) {
    let note = NoteChange {
        project_id: 1,
        note: ProjectFlagRow {
            lifecycle: Lifecycle::Archived,
            ..ProjectFlagRow::new("a".into())
        },
        author: author(7),
        audit: AuditEntry::new(Action::Archive, "flag", "a", (None, None)),
    };
    let audited = |environment, base| Commit {
        audit: vec![AuditEntry::new(Action::Delete, "flag", "a", (None, None))],
        ..commit(environment, base, vec![put("a", "{}", None)])
    };
    // The order does not matter: environments are locked in the order of their ids.
    let commits = vec![audited(2, 0), audited(1, 0)];
    let stale = vec![audited(1, 0), audited(2, 7)];
    let refused = store
        .commit_all(stale, Some(note.clone()), Instant::now())
        .await;
    assert!(
        matches!(refused, Err(StoreError::Stale { .. })),
        "{refused:?}"
    );
    assert_eq!(store.heads().await.unwrap().revisions[&1], 0);
    assert_eq!(store.flag_notes(1).await.unwrap(), []);
    assert_eq!(store.audit_head(1).await.unwrap().sequence, 0);

    store
        .commit_all(commits, Some(note.clone()), Instant::now())
        .await
        .unwrap();
    let revisions = store.heads().await.unwrap().revisions;
    assert_eq!(revisions[&1], 1);
    assert_eq!(revisions[&2], 1);
    assert_eq!(revisions[&3], 0);
    let query = AuditQuery {
        limit: 10,
        is_oldest_first: true,
        ..audit_query()
    };
    let rows = store.audit(query).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| (&*row.action, row.environment.as_deref(), row.revision))
        .collect();
    assert_eq!(
        rows,
        [
            ("archive", None, None),
            ("delete", Some("production"), Some(1)),
            ("delete", Some("staging"), Some(1))
        ]
    );
    // The metadata is stale, so that nothing of the environments is written either.
    let moved = store
        .commit_all(vec![audited(3, 0)], Some(note), Instant::now())
        .await;
    assert!(matches!(moved, Err(StoreError::NoteMoved)), "{moved:?}");
    assert_eq!(store.heads().await.unwrap().revisions[&3], 0);
}

/// A write that has waited as long as a write may take is not begun
async fn a_write_that_has_waited_too_long_is_not_begun(store: &dyn Store) {
    let write = || vec![commit(1, 0, vec![put("a", "{}", None)])];
    let asked_at = Instant::now().checked_sub(WRITE_LIMIT).unwrap();
    let late = store.commit_all(write(), None, asked_at).await;
    assert!(matches!(late, Err(StoreError::Busy)), "{late:?}");
    assert_eq!(store.heads().await.unwrap().revisions[&1], 0);
    let in_time = store.commit_all(write(), None, Instant::now()).await;
    assert!(in_time.is_ok(), "{in_time:?}");
}

suites! {
    [
        no_more_changes_are_loaded_than_a_node_stores,
        commits_of_several_environments_and_metadata_are_one_transaction,
        a_write_that_has_waited_too_long_is_not_begun,
    ],
    []
}
