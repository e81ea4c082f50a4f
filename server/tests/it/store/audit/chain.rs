//! The chain of the audit: hashes, digests of details, rows that were tampered with, and rows that are deleted because of their age

use flagstaff_server::chain::{self, ChainVerifier, Fault};
use flagstaff_server::store::{AuditDetails, EntryCounts};
use serde_json::json;

use super::*;

use crate::support::{Cluster, Database, key, sql};

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
    ],
    []
}
