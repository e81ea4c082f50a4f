//! The store through its port; a second adapter runs the same functions

use std::sync::Arc;

use flagstaff_core::Timestamp;
use flagstaff_server::auth::KeyKind;
use flagstaff_server::object::{ObjectId, ObjectKind};
use flagstaff_server::store::{
    Action, AuditEntry, AuditQuery, Change, Commit, FlagRow, KeyRow, Store, StoreError, Stored,
};

use crate::support::Database;

fn commit(environment: i64, base: u64, changes: Vec<Change>) -> Commit {
    let lists = changes
        .iter()
        .filter(|change| change.entry.is_some())
        .map(|change| change.id.clone())
        .collect();
    Commit {
        environment,
        base,
        at: Timestamp::from_millis(5),
        actor: "tester".into(),
        reason: Some("because".to_owned()),
        changes,
        lists,
        flags: Vec::new(),
        dropped_flags: Vec::new(),
        audit: Vec::new(),
    }
}

fn put(key: &str, after: &str, before: Option<(u64, &str)>) -> Change {
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

async fn a_new_database_has_three_empty_environments_and_an_epoch(store: &dyn Store) {
    let names: Vec<_> = store
        .environments()
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.id, row.project, row.name))
        .collect();
    let expected = [(1, "production"), (2, "staging"), (3, "development")]
        .map(|(id, name)| (id, "default".into(), name.into()));
    assert_eq!(names, expected);
    let epoch = store.epoch().await.unwrap();
    assert!(
        epoch.len() == 16
            && epoch
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()),
        "{epoch}"
    );
    let content = store.load(1).await.unwrap();
    assert!(content.revision == 0 && content.objects.is_empty() && content.changes.is_empty());
}

async fn revisions_are_gap_free_and_a_stale_commit_writes_nothing(store: &dyn Store) {
    assert_eq!(
        store
            .commit(commit(1, 0, vec![put("a", "{}", None)]))
            .await
            .unwrap(),
        1
    );
    let stale = store.commit(commit(1, 0, vec![put("b", "{}", None)])).await;
    assert!(
        matches!(stale, Err(StoreError::Stale { base: 0 })),
        "{stale:?}"
    );
    assert_eq!(
        store
            .commit(commit(1, 1, vec![put("a", "{\"x\":1}", Some((1, "{}")))]))
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        store
            .commit(commit(2, 0, vec![put("a", "{}", None)]))
            .await
            .unwrap(),
        1,
        "each environment counts for itself"
    );

    let content = store.load(1).await.unwrap();
    assert_eq!(content.revision, 2);
    assert_eq!(
        content.objects,
        [(
            ObjectId::new(ObjectKind::Flag, "a"),
            Stored {
                version: 2,
                value: Some("{\"x\":1}".into())
            }
        )]
    );
    let changes: Vec<_> = content
        .changes
        .iter()
        .map(|row| {
            (
                row.revision,
                row.change.before_version,
                row.change.before.as_deref(),
            )
        })
        .collect();
    assert_eq!(changes, [(2, Some(1), Some("{}")), (1, None, None)]);
}

async fn of_two_writers_one_wins(store: Arc<dyn Store>) {
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            store
                .commit(commit(3, 0, vec![put(&format!("f{writer}"), "{}", None)]))
                .await
                .is_ok()
        })
    });
    let mut winners = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        winners.extend(writer.await.unwrap().then_some(()));
    }
    assert_eq!(
        (winners.len(), store.load(3).await.unwrap().revision),
        (1, 1)
    );
}

async fn a_list_is_written_entry_by_entry(store: &dyn Store) {
    let first = vec![
        entry("a/user", "u1", Some("\"include\""), None, None),
        entry("a/user", "u2", Some("\"exclude\""), None, None),
    ];
    store.commit(commit(1, 0, first)).await.unwrap();
    store
        .commit(commit(
            1,
            1,
            vec![entry("a/user", "u1", None, Some(1), Some("\"include\""))],
        ))
        .await
        .unwrap();
    let content = store.load(1).await.unwrap();
    let list = ObjectId::new(ObjectKind::Overrides, "a/user");
    assert_eq!(
        content.objects,
        [(
            list.clone(),
            Stored {
                version: 2,
                value: None
            }
        )]
    );
    assert_eq!(
        content.entries,
        [(list.clone(), "u2".into(), "\"exclude\"".into())]
    );

    // An empty list is a list, until it is deleted itself.
    store
        .commit(commit(
            1,
            2,
            vec![entry("a/user", "u2", None, Some(2), Some("\"exclude\""))],
        ))
        .await
        .unwrap();
    let content = store.load(1).await.unwrap();
    assert!(content.entries.is_empty());
    assert_eq!(
        content.objects,
        [(
            list.clone(),
            Stored {
                version: 3,
                value: None
            }
        )]
    );
    let gone = Change {
        id: list,
        entry: None,
        after: None,
        before_version: Some(3),
        before: Some("{}".into()),
    };
    store.commit(commit(1, 3, vec![gone])).await.unwrap();
    assert!(store.load(1).await.unwrap().objects.is_empty());
}

async fn a_flag_has_one_type_in_a_project(store: &dyn Store) {
    let with = |environment, base, flags| Commit {
        flags,
        ..commit(environment, base, vec![put("a", "{}", None)])
    };
    store
        .commit(with(1, 0, vec![row("a", "boolean")]))
        .await
        .unwrap();
    let conflict = store.commit(with(2, 0, vec![row("a", "string")])).await;
    assert!(
        matches!(conflict, Err(StoreError::TypeConflict { ref existing, .. }) if existing == "boolean"),
        "{conflict:?}"
    );
    assert_eq!(
        store.load(2).await.unwrap().revision,
        0,
        "nothing of a refused commit is stored"
    );
    store
        .commit(with(2, 0, vec![row("a", "boolean")]))
        .await
        .unwrap();
    // Where it exists alone, it may change.
    let alone = Commit {
        dropped_flags: vec!["a".into()],
        ..commit(2, 1, Vec::new())
    };
    store.commit(alone).await.unwrap();
    store
        .commit(with(1, 1, vec![row("a", "number")]))
        .await
        .unwrap();
    let flags = store.load(1).await.unwrap().flags;
    assert_eq!(
        flags,
        [FlagRow {
            version: 2,
            ..row("a", "number")
        }]
    );
}

async fn the_audit_is_read_newest_first_and_filtered(store: &dyn Store) {
    let entry = |kind, key: &str| AuditEntry {
        action: Action::Create,
        subject: ObjectId::new(kind, key),
        before: None,
        after: Some("{}".to_owned()),
    };
    let entries = vec![
        entry(ObjectKind::Flag, "a"),
        entry(ObjectKind::Segment, "a"),
        entry(ObjectKind::Flag, "b"),
    ];
    store
        .commit(Commit {
            audit: entries,
            ..commit(1, 0, Vec::new())
        })
        .await
        .unwrap();
    store
        .commit(Commit {
            audit: vec![entry(ObjectKind::Flag, "a")],
            at: Timestamp::from_millis(9),
            ..commit(2, 0, Vec::new())
        })
        .await
        .unwrap();
    let ask = async |flag: Option<&str>, environment: Option<&str>, before, limit| {
        let query = AuditQuery {
            project_id: 1,
            flag: flag.map(str::to_owned),
            environment: environment.map(str::to_owned),
            before,
            limit,
        };
        store.audit(query).await.unwrap()
    };
    let all = ask(None, None, None, 10).await;
    let seen: Vec<_> = all
        .iter()
        .map(|row| (&*row.environment, &*row.kind, &*row.key))
        .collect();
    assert_eq!(
        seen,
        [
            ("staging", "flag", "a"),
            ("production", "flag", "b"),
            ("production", "segment", "a"),
            ("production", "flag", "a")
        ]
    );
    assert_eq!(
        (
            &*all[0].actor,
            all[0].reason.as_deref(),
            all[0].after.as_deref()
        ),
        ("tester", Some("because"), Some("{}"))
    );
    assert_eq!(ask(Some("a"), None, None, 10).await.len(), 2);
    assert_eq!(ask(Some("a"), Some("staging"), None, 10).await.len(), 1);
    assert_eq!(ask(None, None, Some(all[1].position), 10).await, all[2..]);
    assert_eq!(ask(None, None, None, 1).await, all[..1]);
}

async fn a_key_is_stored_once_and_for_one_purpose(store: &dyn Store) {
    let key = |kind, environment_id| KeyRow {
        hash: "h".to_owned(),
        kind,
        project_id: 1,
        environment_id,
        name: "n".to_owned(),
        created_at: Timestamp::from_millis(1),
    };
    store
        .ensure_key(key(KeyKind::Server, Some(1)))
        .await
        .unwrap();
    store
        .ensure_key(key(KeyKind::Server, Some(1)))
        .await
        .unwrap();
    assert_eq!(store.keys().await.unwrap(), [key(KeyKind::Server, Some(1))]);
    for other in [
        key(KeyKind::Client, Some(1)),
        key(KeyKind::Server, Some(2)),
        key(KeyKind::Admin, None),
    ] {
        assert!(matches!(
            store.ensure_key(other).await,
            Err(StoreError::KeyTaken)
        ));
    }
}

async fn old_changes_are_forgotten(store: &dyn Store) {
    for base in 0..1_010 {
        store
            .commit(commit(1, base, vec![put("a", "{}", None)]))
            .await
            .unwrap();
    }
    let content = store.load(1).await.unwrap();
    assert_eq!((content.revision, content.changes.len()), (1_010, 1_000));
    assert_eq!(content.changes.last().map(|row| row.revision), Some(11));
}

/// The suite for one adapter; `$open` makes a store over an empty database, which lives as long as `$keep`
macro_rules! suite {
    ($adapter:ident, $open:expr, [$($test:ident),* $(,)?]) => {
        mod $adapter {
            use super::*;

            $(#[tokio::test]
            async fn $test() {
                let (store, _keep) = $open.await;
                super::$test(&store).await;
            })*

            #[tokio::test]
            async fn of_two_writers_one_wins() {
                let (store, _keep) = $open.await;
                super::of_two_writers_one_wins(Arc::new(store)).await;
            }
        }
    };
}

suite!(
    sqlite,
    async {
        let database = Database::new();
        (database.open().await, database)
    },
    [
        a_new_database_has_three_empty_environments_and_an_epoch,
        revisions_are_gap_free_and_a_stale_commit_writes_nothing,
        a_list_is_written_entry_by_entry,
        a_flag_has_one_type_in_a_project,
        the_audit_is_read_newest_first_and_filtered,
        a_key_is_stored_once_and_for_one_purpose,
        old_changes_are_forgotten,
    ]
);

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let database = Database::new();
    let store = database.open().await;
    let epoch = store.epoch().await.unwrap();
    store
        .commit(commit(1, 0, vec![put("a", "{}", None)]))
        .await
        .unwrap();
    store.close().await;
    let store = database.open().await;
    assert_eq!(
        (
            store.epoch().await.unwrap(),
            store.load(1).await.unwrap().revision
        ),
        (epoch, 1)
    );
    assert_ne!(
        Database::new().open().await.epoch().await.unwrap(),
        store.epoch().await.unwrap()
    );
}
