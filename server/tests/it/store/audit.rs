//! The audit in the store: filters, and earlier states of a flag

use flagstaff_server::store::{AuditRow, EntryChange};
use serde_json::json;

use super::*;

mod chain;

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

async fn the_audit_is_read_newest_first_and_filtered(store: &dyn Store) {
    let entry = |kind: ObjectKind, key: &str| {
        AuditEntry::new(
            Action::Create,
            kind.as_str(),
            key,
            (None, Some(Value::Object(JsonObject::new().into()))),
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

suites! {
    [
        the_audit_is_filtered_by_context,
        the_audit_is_filtered_by_actor_action_kind_and_time,
        a_flag_is_read_as_it_was_at_a_revision,
        the_audit_is_read_newest_first_and_filtered,
        names_with_nul_are_not_found,
    ],
    []
}
