//! The audit in the store: the chain, details of rows, and earlier states of a flag

use flagstaff_server::chain::{self, ChainVerifier, Fault};
use flagstaff_server::store::{AuditDetails, AuditRow, EntryChange, EntryCounts};
use serde_json::json;

use super::*;

use crate::support::{Cluster, Database, key, sql};

/// A commit that changes overrides of flag `a` for users, with its audit row
fn overriding(base: u64, entries: &[(&str, Option<&str>, Option<&str>)]) -> Commit {
    let changes: Vec<Change> = entries
        .iter()
        .map(|(name, before, after)| {
            let version = (base > 0).then_some(base);
            entry("a/user", name, *after, version, *before)
        })
        .collect();
    let entry_change = |change: &Change| EntryChange {
        list: ObjectKind::Overrides,
        level: "user".into(),
        entry: change.entry.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
    };
    let audit = AuditEntry {
        state: Some(format!(r#"{{"salt":"{base}"}}"#).into()),
        entries: changes.iter().map(entry_change).collect(),
        ..AuditEntry::new(Action::Update, "flag", "a", (None, None))
    };
    Commit {
        audit: vec![audit],
        ..commit(1, base, changes)
    }
}

async fn all(store: &dyn Store) -> Vec<AuditRow> {
    let query = AuditQuery {
        is_oldest_first: true,
        limit: 1_000,
        ..audit_query()
    };
    store.audit(query).await.unwrap()
}

async fn rows_are_chained_in_the_order_of_their_numbers(store: &dyn Store) {
    let first = overriding(0, &[("u1", None, Some("true"))]);
    store.commit(first).await.unwrap();
    let made = new(ProjectChoice::Existing(1), &["qa", "dev"]);
    store.create_environments(made).await.unwrap();
    store
        .change_access(access(Some(key(CredentialKind::Editor, "e")), None))
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

async fn a_row_has_the_digest_of_its_details(store: &dyn Store) {
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

async fn the_audit_is_filtered_by_context(store: &dyn Store) {
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
            context: Some((kind.to_owned(), key.to_owned())),
            limit,
            ..audit_query()
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

async fn the_audit_is_filtered_by_actor_action_kind_and_time(store: &dyn Store) {
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
        let rows = store.audit(query).await.unwrap();
        rows.iter().map(|row| row.sequence).collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    let (twenty, thirty) = (Timestamp::from_millis(20), Timestamp::from_millis(30));
    let all = audit_query;
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
            until: Some(thirty),
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

async fn a_flag_is_read_as_it_was_at_a_revision(store: &dyn Store) {
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
    let then = async |revision| store.flag_at_revision(1, "a", revision).await.unwrap();
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
    assert_eq!(store.flag_at_revision(1, "b", 3).await.unwrap(), None);
    assert_eq!(store.flag_at_revision(2, "a", 3).await.unwrap(), None);
}

/// An intruder in the database can change anything, and the chain shows where
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

async fn verify(store: &dyn Store) -> Result<(), chain::ChainError> {
    let mut verifier = ChainVerifier::default();
    for row in all(store).await {
        verifier.read(chain::record(&row))?;
    }
    verifier.finish().map(drop)
}

async fn the_audit_is_read_newest_first_and_filtered(store: &dyn Store) {
    let entry = |kind: ObjectKind, key: &str| {
        AuditEntry::new(
            Action::Create,
            kind.as_str(),
            key,
            (None, Some(Value::Object(Object::new().into()))),
        )
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
            author: author(9),
            ..commit(2, 0, Vec::new())
        })
        .await
        .unwrap();
    let ask = async |flag: Option<&str>, environment: Option<&str>, before, limit| {
        let query = AuditQuery {
            flag: flag.map(str::to_owned),
            environment: environment.map(str::to_owned),
            before,
            limit,
            ..audit_query()
        };
        store.audit(query).await.unwrap()
    };
    let all = ask(None, None, None, 10).await;
    let seen: Vec<_> = all
        .iter()
        .map(|row| {
            let environment = row.environment.as_deref().unwrap();
            (environment, &*row.kind, &*row.name)
        })
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
    assert_eq!(&*all[0].actor, "tester");
    assert_eq!(all[0].reason.as_deref(), Some("because"));
    assert_eq!(&*all[0].changes, r#"[{"after":{},"pointer":""}]"#);
    assert_eq!(ask(Some("a"), None, None, 10).await.len(), 2);
    assert_eq!(ask(Some("a"), Some("staging"), None, 10).await.len(), 1);
    assert_eq!(ask(None, None, Some(all[1].sequence), 10).await, all[2..]);
    assert_eq!(ask(None, None, None, 1).await, all[..1]);
    let sequence: Vec<_> = all.iter().map(|row| row.sequence).collect();
    assert_eq!(
        sequence,
        [4, 3, 2, 1],
        "without a gap over all environments"
    );
}

async fn names_with_nul_are_not_found(store: &dyn Store) {
    let query = AuditQuery {
        flag: Some("\0".to_owned()),
        environment: Some("\0".to_owned()),
        limit: 1,
        ..audit_query()
    };
    assert_eq!(store.audit(query).await.unwrap(), []);
}

async fn old_rows_are_deleted_and_the_chain_goes_on(store: &dyn Store) {
    const DAY: i64 = 86_400_000;
    for (base, at) in [(0, 5), (1, DAY), (2, 9 * DAY), (3, 10 * DAY)] {
        let before = (base > 0).then_some("true");
        let commit = Commit {
            author: author(at),
            ..overriding(base, &[("u1", before, Some("true"))])
        };
        store.commit(commit).await.unwrap();
    }
    let days = |days: u64| std::time::Duration::from_hours(days.saturating_mul(24));
    let forget =
        async |kept: u64, at: i64| store.forget_audit(days(kept), author(at)).await.unwrap();
    forget(30, 10 * DAY).await;
    // Nothing is more than a day older than it should be.
    forget(10, 10 * DAY).await;
    assert_eq!(all(store).await.len(), 4);
    forget(3, 10 * DAY).await;
    let rows = all(store).await;
    let sequences: Vec<u64> = rows.iter().map(|row| row.sequence).collect();
    assert_eq!(sequences, [3, 4, 5]);
    let last = rows.last().unwrap();
    assert_eq!(
        (&*last.kind, &*last.action, &*last.name),
        ("audit", "delete", "1-2")
    );
    let mut verifier = ChainVerifier::default();
    for row in &rows {
        verifier.read(chain::record(row)).unwrap();
        let details = store.audit_details(1, row.sequence).await.unwrap();
        assert_eq!(chain::digest(&details), row.digest);
    }
    assert_eq!(verifier.finish().unwrap().0, 3);
    assert_eq!(
        store.audit_details(1, 1).await.unwrap(),
        AuditDetails::default()
    );
    forget(3, 10 * DAY).await;
    assert_eq!(all(store).await.len(), 3);
    // All of it, and once more: each time a row says what came before it.
    forget(1, 30 * DAY).await;
    forget(1, 60 * DAY).await;
    let rows = all(store).await;
    assert_eq!(rows.len(), 1);
    let mut verifier = ChainVerifier::default();
    verifier.read(chain::record(&rows[0])).unwrap();
    assert_eq!(verifier.finish().unwrap().0, 1);
}

suites! {
    [
        rows_are_chained_in_the_order_of_their_numbers,
        old_rows_are_deleted_and_the_chain_goes_on,
        a_row_has_the_digest_of_its_details,
        the_audit_is_filtered_by_context,
        the_audit_is_filtered_by_actor_action_kind_and_time,
        a_flag_is_read_as_it_was_at_a_revision,
        the_audit_is_read_newest_first_and_filtered,
        names_with_nul_are_not_found,
    ],
    []
}
