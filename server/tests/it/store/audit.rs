//! The audit through the store's port: the chain, what is kept beside a row, and how a flag was

use flagstaff_server::chain::{self, Fault, Verifier};
use flagstaff_server::store::{AuditRow, EntryChange, EntryCounts};
use serde_json::json;

use super::*;
use crate::support::sql;

/// A commit of flag `a` whose override of `user` changes as told, with what the audit says of it
fn overriding(base: u64, entries: &[(&str, Option<&str>, Option<&str>)]) -> Commit {
    let changes: Vec<Change> = entries
        .iter()
        .map(|(name, before, after)| {
            let version = (base > 0).then_some(base);
            entry("a/user", name, *after, version, *before)
        })
        .collect();
    let told = |change: &Change| EntryChange {
        list: ObjectKind::Overrides,
        level: "user".into(),
        entry: change.entry.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
    };
    let audit = AuditEntry {
        state: Some(format!(r#"{{"salt":"{base}"}}"#).into()),
        entries: changes.iter().map(told).collect(),
        ..AuditEntry::new(Action::Update, "flag", "a", (None, None))
    };
    Commit {
        audit: vec![audit],
        ..commit(1, base, changes)
    }
}

async fn all(store: &dyn Store) -> Vec<AuditRow> {
    let query = AuditQuery {
        project_id: 1,
        is_oldest_first: true,
        limit: 1_000,
        ..AuditQuery::default()
    };
    store.audit(query).await.unwrap()
}

pub(super) async fn rows_are_chained_in_the_order_of_their_numbers(store: &dyn Store) {
    store
        .commit(overriding(0, &[("u1", None, Some("true"))]))
        .await
        .unwrap();
    let made = new(ProjectChoice::Existing(1), &["qa", "dev"]);
    store.create_environments(made).await.unwrap();
    store
        .change_access(access(Some(key(KeyKind::Editor, "e")), None))
        .await
        .unwrap();
    let rows = all(store).await;
    let mut previous = chain::GENESIS.to_owned();
    for (row, sequence) in rows.iter().zip(1..) {
        assert_eq!(
            (row.sequence, row.previous_hash.as_ref()),
            (sequence, Some(&previous))
        );
        assert_eq!(row.hash, Some(chain::hash(row)));
        previous = row.hash.clone().unwrap();
    }
    assert_eq!(rows.len(), 4);
    let head = store.audit_head(1).await.unwrap();
    assert_eq!((head.sequence, head.hash), (4, previous));
}

pub(super) async fn what_is_kept_beside_a_row_has_its_digest(store: &dyn Store) {
    let entries = [("u1", None, Some("true")), ("u2", None, Some("true"))];
    store.commit(overriding(0, &entries)).await.unwrap();
    let row = all(store).await.remove(0);
    let counts: serde_json::Value = serde_json::from_str(row.entries.as_deref().unwrap()).unwrap();
    assert_eq!(counts, json!({"added": 2, "changed": 0, "removed": 0}));
    let details = store.audit_details(1, row.sequence).await.unwrap();
    assert_eq!(details.state.as_deref(), Some(r#"{"salt":"0"}"#));
    let names: Vec<_> = details
        .entries
        .iter()
        .map(|it| it.entry.as_deref())
        .collect();
    assert_eq!(names, [Some("u1"), Some("u2")]);
    assert_eq!(chain::digest(&details), row.digest);
    let none = store.audit_details(1, 99).await.unwrap();
    assert_eq!(chain::digest(&none), None);
    let nothing = AuditEntry::new(Action::Create, "flag", "a", (None, None));
    assert_eq!(nothing.counts(), None::<EntryCounts>);
}

pub(super) async fn the_audit_is_asked_for_one_customer(store: &dyn Store) {
    store
        .commit(overriding(0, &[("u1", None, Some("true"))]))
        .await
        .unwrap();
    store
        .commit(overriding(1, &[("u2", None, Some("true"))]))
        .await
        .unwrap();
    store
        .commit(overriding(2, &[("u1", Some("true"), None)]))
        .await
        .unwrap();
    let ask = async |kind: &str, key: &str, limit| {
        let query = AuditQuery {
            project_id: 1,
            context: Some((kind.to_owned(), key.to_owned())),
            limit,
            ..AuditQuery::default()
        };
        let rows = store.audit(query).await.unwrap();
        rows.iter().map(|row| row.sequence).collect::<Vec<_>>()
    };
    assert_eq!(ask("user", "u1", 10).await, [3, 1]);
    assert_eq!(ask("user", "u1", 1).await, [3]);
    assert_eq!(ask("user", "u2", 10).await, [2]);
    assert_eq!(ask("organization", "u1", 10).await, [0; 0]);
    assert_eq!(ask("user\0", "u1", 10).await, [0; 0]);
}

pub(super) async fn the_audit_is_filtered_by_actor_action_kind_and_time(store: &dyn Store) {
    for (base, at) in [(0, 10), (1, 20), (2, 30)] {
        let mut made = overriding(base, &[("u1", None, Some("true"))]);
        made.author = Author {
            actor: format!("at{at}").into(),
            ..author(at)
        };
        store.commit(made).await.unwrap();
    }
    let made = new(ProjectChoice::Existing(1), &["qa"]);
    store.create_environments(made).await.unwrap();
    let ask = async |query: AuditQuery| {
        let query = AuditQuery {
            project_id: 1,
            limit: 10,
            ..query
        };
        let rows = store.audit(query).await.unwrap();
        rows.iter().map(|row| row.sequence).collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    let (twenty, thirty) = (Timestamp::from_millis(20), Timestamp::from_millis(30));
    let all = AuditQuery::default;
    assert_eq!(
        ask(AuditQuery {
            actor: text("at20"),
            ..all()
        })
        .await,
        [2]
    );
    assert_eq!(
        ask(AuditQuery {
            action: text("create"),
            ..all()
        })
        .await,
        [4]
    );
    assert_eq!(
        ask(AuditQuery {
            kind: text("flag"),
            ..all()
        })
        .await,
        [3, 2, 1]
    );
    assert_eq!(
        ask(AuditQuery {
            from: Some(twenty),
            ..all()
        })
        .await,
        [3, 2]
    );
    assert_eq!(
        ask(AuditQuery {
            from: Some(twenty),
            to: Some(thirty),
            ..all()
        })
        .await,
        [2]
    );
    let oldest = AuditQuery {
        after: Some(1),
        before: Some(4),
        is_oldest_first: true,
        ..all()
    };
    assert_eq!(ask(oldest).await, [2, 3]);
}

pub(super) async fn a_flag_is_told_as_it_was_with_its_lists(store: &dyn Store) {
    let list = || Change {
        id: ObjectId::new(ObjectKind::Overrides, "a/user"),
        entry: None,
        after: Some("{}".into()),
        before_version: None,
        before: None,
    };
    let mut first = overriding(0, &[("u1", None, Some("\"include\""))]);
    first.changes.insert(0, list());
    first.lists.clear();
    store.commit(first).await.unwrap();
    let second = overriding(
        1,
        &[
            ("u1", Some("\"include\""), Some("\"exclude\"")),
            ("u2", None, Some("\"include\"")),
        ],
    );
    store.commit(second).await.unwrap();
    let third = overriding(2, &[("u1", Some("\"exclude\""), None)]);
    store.commit(third).await.unwrap();
    let then = async |revision| store.flag_then(1, "a", revision).await.unwrap();
    assert_eq!(then(0).await, None);
    let user = |entries| Some(entries);
    let expected = [
        (
            1,
            json!({"salt": "0", "overrides": {"user": {"u1": "include"}}}),
        ),
        (
            2,
            json!({"salt": "1", "overrides": {"user": {"u1": "exclude", "u2": "include"}}}),
        ),
        (
            3,
            json!({"salt": "2", "overrides": {"user": {"u2": "include"}}}),
        ),
        (
            99,
            json!({"salt": "2", "overrides": {"user": {"u2": "include"}}}),
        ),
    ];
    for (revision, flag) in expected {
        assert_eq!(then(revision).await, user(flag), "{revision}");
    }
    assert_eq!(store.flag_then(1, "b", 3).await.unwrap(), None);
    assert_eq!(store.flag_then(2, "a", 3).await.unwrap(), None);
}

/// Whoever can write to the database can write anything; the chain tells where
#[tokio::test]
async fn a_row_that_was_tampered_with_is_found() {
    let tampered = [
        (
            "UPDATE audit_entry SET actor = 'somebody' WHERE sequence = 2",
            (2, Fault::Altered),
        ),
        (
            "UPDATE audit_entry SET changes = '[]' WHERE sequence = 1",
            (1, Fault::Altered),
        ),
        (
            "DELETE FROM audit_entry WHERE sequence = 2",
            (2, Fault::Missing),
        ),
        (
            "UPDATE audit_entry SET hash = NULL WHERE sequence = 3",
            (3, Fault::Unchained),
        ),
        (
            "UPDATE audit_entry SET sequence = 9 WHERE sequence = 2; UPDATE audit_entry SET sequence = 2 WHERE sequence = 3; \
             UPDATE audit_entry SET sequence = 3 WHERE sequence = 9",
            (2, Fault::Altered),
        ),
    ];
    let (sqlite, postgres) = (Database::new(), Database::postgres(Cluster::shared()).await);
    for database in [sqlite, postgres] {
        let store = database.open().await;
        for (base, user) in [(0, "u1"), (1, "u2"), (2, "u3")] {
            let mut made = overriding(base, &[(user, None, Some("true"))]);
            made.audit[0].changes =
                AuditEntry::new(Action::Create, "", "", (None, Some(true.into()))).changes;
            store.commit(made).await.unwrap();
        }
        assert_eq!(verify(&store).await, Ok(()));
        store.close().await;
        sql(
            database.address(),
            "CREATE TABLE kept AS SELECT * FROM audit_entry",
        )
        .await;
        for (tampering, (sequence, fault)) in tampered {
            sql(database.address(), tampering).await;
            let broken = verify(&database.open().await).await.unwrap_err();
            assert_eq!(
                (broken.sequence, broken.fault),
                (sequence, fault),
                "{tampering}"
            );
            sql(
                database.address(),
                "DELETE FROM audit_entry; INSERT INTO audit_entry SELECT * FROM kept",
            )
            .await;
        }
    }
}

async fn verify(store: &dyn Store) -> Result<(), chain::Broken> {
    let mut verifier = Verifier::default();
    for row in all(store).await {
        verifier.read(chain::record(&row))?;
    }
    verifier.finish().map(drop)
}
