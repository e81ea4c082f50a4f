//! What is read and written at once, by counts and bytes

use std::cell::Cell;
use std::sync::Once;
use std::time::Instant;

use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::*;

/// What a node can keep of the past: `server/src/history.rs`
const HISTORY_BYTES: usize = 64 << 20;

/// A revision may replace everything, so the number of revisions bounds nothing
pub(super) async fn no_more_of_the_past_is_read_than_can_be_kept(store: &dyn Store) {
    let big = "x".repeat(20 << 20);
    store
        .commit(commit(1, 0, vec![put("a", "{}", None)]))
        .await
        .unwrap();
    for base in 1..=5 {
        let replaced = vec![
            put("b", "{}", Some((base, "{}"))),
            put("a", "{}", Some((base, &big))),
        ];
        store.commit(commit(1, base, replaced)).await.unwrap();
    }
    let content = store.load(1).await.unwrap();
    let bytes = |row: &ChangeRow| row.change.before.as_ref().map_or(0, |before| before.len());
    let read: usize = content.changes.iter().map(bytes).sum();
    assert!(read <= HISTORY_BYTES, "{read}");
    let revisions: Vec<u64> = content.changes.iter().map(|row| row.revision).collect();
    assert_eq!(revisions, [6, 6, 5, 5, 4, 4], "whole revisions, the newest");

    let since = async |revision| store.load_since(1, revision).await.unwrap();
    let Since::Changes(told) = since(3).await else {
        panic!("what can be kept is told")
    };
    assert_eq!(told.changes.len(), 6);
    assert!(
        matches!(since(2).await, Since::Forgotten),
        "a node loads anew instead"
    );
}

thread_local! {
    static STATEMENTS: Cell<usize> = const { Cell::new(0) };
}

/// Counts the statements of each thread
struct Statements;

impl Statements {
    /// Begins to count, for the whole process: a subscriber of one thread is not asked about what others found nobody to be interested in
    fn count() {
        static BEGUN: Once = Once::new();
        BEGUN.call_once(|| {
            let subscriber = tracing_subscriber::registry().with(Self);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
    }

    /// Those of this thread since it was last asked
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

/// PostgreSQL waits for the network at each
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

/// What is said of a flag and what becomes of it in its environments is there whole or not at all
pub(super) async fn several_environments_and_a_note_are_one_transaction(store: &dyn Store) {
    let note = NoteChange {
        project_id: 1,
        note: FlagNote {
            lifecycle: Lifecycle::Archived,
            ..FlagNote::unsaid("a".into())
        },
        author: author(7),
        audit: AuditEntry::new(Action::Archive, "flag", "a", (None, None)),
    };
    let audited = |environment, base| Commit {
        audit: vec![AuditEntry::new(Action::Delete, "flag", "a", (None, None))],
        ..commit(environment, base, vec![put("a", "{}", None)])
    };
    // In any order; environments are held in the order of their ids.
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
    assert_eq!((revisions[&1], revisions[&2], revisions[&3]), (1, 1, 0));
    let query = AuditQuery {
        project_id: 1,
        limit: 10,
        is_oldest_first: true,
        ..AuditQuery::default()
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
    // The note was made from what it is not any more: nothing of the environments either.
    let moved = store
        .commit_all(vec![audited(3, 0)], Some(note), Instant::now())
        .await;
    assert!(matches!(moved, Err(StoreError::NoteMoved)), "{moved:?}");
    assert_eq!(store.heads().await.unwrap().revisions[&3], 0);
}

/// A write that has waited for those before it for as long as a write may take does not begin to take as long again
pub(super) async fn a_write_whose_time_is_over_is_not_begun(store: &dyn Store) {
    let write = || vec![commit(1, 0, vec![put("a", "{}", None)])];
    let asked_at = Instant::now().checked_sub(WRITE_LIMIT).unwrap();
    let late = store.commit_all(write(), None, asked_at).await;
    assert!(matches!(late, Err(StoreError::Busy)), "{late:?}");
    assert_eq!(store.heads().await.unwrap().revisions[&1], 0);
    let in_time = store.commit_all(write(), None, Instant::now()).await;
    assert!(in_time.is_ok(), "{in_time:?}");
}
