//! The store through its port; every database runs the same functions

use std::slice;
use std::sync::Arc;

use flagstaff_core::{Object, Timestamp, Value};
use flagstaff_server::auth::KeyKind;
use flagstaff_server::object::{ObjectId, ObjectKind};
use flagstaff_server::store::{
    AccessChange, Action, AuditEntry, AuditQuery, Author, Change, ChangeRow, Commit, End, EndedKey,
    EntryNotes, FlagNote, FlagRow, KeyRow, KeyRules, Lifecycle, NewEnvironments, NoteChange,
    Origin, ProjectChoice, RulesChange, Since, SqlStore, Store, StoreError, Stored, WRITE_LIMIT,
};

use crate::postgres::{Cluster, execute};
use crate::support::{Database, key};

mod bounds;
mod overrides;
mod settings;

use bounds::{
    a_write_whose_time_is_over_is_not_begun, no_more_of_the_past_is_read_than_can_be_kept,
    several_environments_and_a_note_are_one_transaction,
};

use overrides::{
    a_commit_counts_for_each_of_its_flags_or_for_none,
    changes_beyond_the_limit_are_refused_until_one_no_longer_counts,
    entries_are_read_in_the_order_of_their_changes, who_changed_an_entry_is_kept_with_it,
    writers_at_once_do_not_pass_the_limit,
};
use settings::settings_are_a_part_of_access;
mod members;

use members::{members_are_added_changed_and_removed, the_rules_of_a_key_are_changed};

mod audit;
mod catalogue;

use audit::{
    a_flag_is_told_as_it_was_with_its_lists, rows_are_chained_in_the_order_of_their_numbers,
    the_audit_is_asked_for_one_customer, the_audit_is_filtered_by_actor_action_kind_and_time,
    what_is_kept_beside_a_row_has_its_digest,
};

use catalogue::{an_archived_flag_is_not_made_anew, what_is_said_of_a_flag_is_said_once_at_a_time};

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
        entries: EntryNotes::default(),
        audit: Vec::new(),
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
    let epoch = store.heads().await.unwrap().epoch;
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
            project_id: 1,
            flag: flag.map(str::to_owned),
            environment: environment.map(str::to_owned),
            before,
            limit,
            ..AuditQuery::default()
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
    assert_eq!(
        (&*all[0].actor, all[0].reason.as_deref(), &*all[0].changes),
        ("tester", Some("because"), r#"[{"after":{},"path":""}]"#)
    );
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

async fn a_key_is_stored_once_and_for_one_purpose(store: &dyn Store) {
    let server = key(KeyKind::Server, "t");
    store.ensure_key(server.clone()).await.unwrap();
    store.ensure_key(server.clone()).await.unwrap();
    let access = store.access().await.unwrap();
    assert_eq!(access.rows, slice::from_ref(&server));
    assert_eq!(access.version, store.heads().await.unwrap().access);
    let elsewhere = KeyRow {
        environment_id: Some(2),
        ..server.clone()
    };
    let everywhere = KeyRow {
        project_id: None,
        ..server
    };
    for other in [key(KeyKind::Client, "t"), elsewhere, everywhere] {
        let refused = store.ensure_key(other).await;
        assert!(matches!(refused, Err(StoreError::KeyTaken)), "{refused:?}");
    }
    assert_eq!(store.access().await.unwrap(), access);
}

fn access(made: Option<KeyRow>, ended: Option<(KeyRow, End)>) -> AccessChange {
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

async fn environments_and_projects_are_made_once(store: &dyn Store) {
    let (own, shop) = (
        ProjectChoice::Existing(1),
        ProjectChoice::New("shop".to_owned()),
    );
    let made = store.create_environments(new(own.clone(), &["qa"])).await;
    made.unwrap();
    let made = store
        .create_environments(new(shop.clone(), &["live", "production"]))
        .await;
    made.unwrap();
    for (choice, names) in [(own, ["more", "qa"]), (shop, ["more", "less"])] {
        let taken = store.create_environments(new(choice, &names)).await;
        assert!(
            matches!(taken, Err(StoreError::NameTaken { .. })),
            "{taken:?}"
        );
    }
    let rows = store.environments().await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .skip(3)
        .map(|row| (row.id, row.project_id, &*row.project, &*row.name))
        .collect();
    let expected = [
        (4, 1, "default", "qa"),
        (5, 2, "shop", "live"),
        (6, 2, "shop", "production"),
    ];
    assert_eq!(rows, expected, "nothing of what was refused");
    assert_eq!(store.heads().await.unwrap().revisions.len(), 6);
    assert_eq!(store.load(5).await.unwrap().revision, 0);
}

async fn environments_that_are_made_together_get_numbers_of_their_own(store: Arc<dyn Store>) {
    let makers = (0..6).map(|maker| {
        let store = Arc::clone(&store);
        let name = format!("env{maker}");
        let made = new(ProjectChoice::Existing(1), &[&name]);
        tokio::spawn(async move { store.create_environments(made).await.unwrap() })
    });
    for maker in makers.collect::<Vec<_>>() {
        maker.await.unwrap();
    }
    let rows = store.environments().await.unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, (1..=9).collect::<Vec<_>>());
}

async fn keys_are_made_and_ended_at_once(store: &dyn Store) {
    let (old, new) = (key(KeyKind::Server, "old"), key(KeyKind::Server, "new"));
    store
        .change_access(access(Some(old.clone()), None))
        .await
        .unwrap();
    let counted = async || store.heads().await.unwrap().access;
    assert_eq!(counted().await, 1);
    let end = Timestamp::from_millis(9);
    let rotated = access(Some(new.clone()), Some((old.clone(), End::At(end))));
    store.change_access(rotated).await.unwrap();
    let ending = KeyRow {
        expires_at: Some(end),
        ..old.clone()
    };
    let mut rows = store.access().await.unwrap().rows;
    rows.sort_by_key(|row| row.expires_at);
    assert_eq!(rows, [new.clone(), ending]);
    assert_eq!(counted().await, 2);

    let again = store.change_access(access(Some(new.clone()), None)).await;
    assert!(matches!(again, Err(StoreError::KeyTaken)), "{again:?}");
    // What ends is gone already, so nothing is made either.
    let gone = key(KeyKind::Server, "no");
    let late = access(Some(key(KeyKind::Server, "late")), Some((gone, End::Now)));
    let late = store.change_access(late).await;
    assert!(matches!(late, Err(StoreError::NoKey)), "{late:?}");
    assert_eq!(store.access().await.unwrap().rows.len(), 2);
    store
        .change_access(access(None, Some((old, End::Now))))
        .await
        .unwrap();
    assert_eq!(store.access().await.unwrap().rows, [new]);
    let query = AuditQuery {
        project_id: 1,
        limit: 10,
        ..AuditQuery::default()
    };
    let audit = store.audit(query).await.unwrap();
    let seen: Vec<_> = audit
        .iter()
        .map(|row| (row.sequence, row.environment.as_deref(), row.revision))
        .collect();
    assert_eq!(seen, [(3, None, None), (2, None, None), (1, None, None)]);
}

async fn the_last_admin_stays(store: &dyn Store) {
    let [one, two] = ["one", "two"].map(|token| key(KeyKind::Admin, token));
    store.ensure_key(one.clone()).await.unwrap();
    for end in [End::Now, End::At(Timestamp::from_millis(9))] {
        let ended = store
            .change_access(access(None, Some((one.clone(), end))))
            .await;
        assert!(matches!(ended, Err(StoreError::LastAdmin)), "{ended:?}");
    }
    store
        .change_access(access(Some(two), Some((one, End::Now))))
        .await
        .unwrap();
    assert_eq!(store.access().await.unwrap().rows.len(), 1);
}

async fn a_project_of_its_own_does_not_end_the_last_admin_of_all(store: &dyn Store) {
    let own = key(KeyKind::Admin, "own");
    let all = KeyRow {
        project_id: None,
        ..key(KeyKind::Admin, "all")
    };
    for row in [&own, &all] {
        store.ensure_key(row.clone()).await.unwrap();
    }
    let ended = store
        .change_access(access(None, Some((all.clone(), End::Now))))
        .await;
    assert!(matches!(ended, Err(StoreError::LastAdmin)), "{ended:?}");
    // The project is left with the admin of all.
    store
        .change_access(access(None, Some((own, End::Now))))
        .await
        .unwrap();
    assert_eq!(store.access().await.unwrap().rows, [all]);
}

async fn of_many_rotations_at_once_one_makes_an_heir(store: Arc<dyn Store>) {
    let old = key(KeyKind::Server, "old");
    store.ensure_key(old.clone()).await.unwrap();
    let rotations = (0..20).map(|number| {
        let heir = key(KeyKind::Server, &format!("heir{number}"));
        let end = End::At(Timestamp::from_millis(9));
        let change = access(Some(heir), Some((old.clone(), end)));
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.change_access(change).await })
    });
    let mut heirs = Vec::new();
    for rotation in rotations.collect::<Vec<_>>() {
        match rotation.await.unwrap() {
            Ok(()) => heirs.push(()),
            Err(StoreError::EndsAlready) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(
        (heirs.len(), store.access().await.unwrap().rows.len()),
        (1, 2)
    );
}

async fn an_heir_is_not_made_of_what_the_key_was_before(store: &dyn Store) {
    let old = key(KeyKind::Client, "old");
    store.ensure_key(old.clone()).await.unwrap();
    let rules = KeyRules {
        origins: Some(vec!["https://app.example".to_owned()]),
        ..KeyRules::default()
    };
    let mut narrowed = access(None, None);
    narrowed.rules = Some(RulesChange {
        hash: old.hash.clone(),
        before: KeyRules::default(),
        after: rules,
    });
    store.change_access(narrowed).await.unwrap();
    // It was read before it was for one page only, and its heir would be for all.
    for end in [End::Now, End::At(Timestamp::from_millis(9))] {
        let heir = access(Some(key(KeyKind::Client, "heir")), Some((old.clone(), end)));
        let rotated = store.change_access(heir).await;
        assert!(matches!(rotated, Err(StoreError::Changed)), "{rotated:?}");
    }
}

async fn first_keys_that_were_not_told_are_made_again(store: &dyn Store) {
    let first = || vec![key(KeyKind::Admin, "a"), key(KeyKind::Server, "s")];
    let made = store.found_keys(first()).await.unwrap();
    assert_eq!(made.len(), 2);
    assert!(store.found_keys(first()).await.unwrap().is_empty());
    store.drop_keys(made).await.unwrap();
    assert_eq!(store.found_keys(first()).await.unwrap().len(), 2);
}

async fn of_many_first_keys_one_is_found(store: Arc<dyn Store>) {
    let found = (0..6).map(|node| {
        let store = Arc::clone(&store);
        let key = key(KeyKind::Admin, &format!("node{node}"));
        tokio::spawn(async move { store.found_keys(vec![key]).await.unwrap() })
    });
    let mut finders = Vec::new();
    for found in found.collect::<Vec<_>>() {
        finders.extend(found.await.unwrap());
    }
    let keys = store.access().await.unwrap().rows;
    assert_eq!((finders.len(), keys.len()), (1, 1));
}

async fn many_rows_are_one_commit(store: &dyn Store) {
    let count = 2_501;
    let user = |number: u32| format!("user{number:05}");
    let list = ObjectId::new(ObjectKind::Overrides, "a/user");
    let mut changes = vec![Change {
        id: list.clone(),
        entry: None,
        after: Some("{}".into()),
        before_version: None,
        before: None,
    }];
    changes.extend((0..count).map(|number| entry("a/user", &user(number), Some("1"), None, None)));
    changes.extend((0..count).map(|number| put(&format!("flag{number:05}"), "{}", None)));
    let first = Commit {
        lists: Vec::new(),
        ..commit(1, 0, changes)
    };
    store.commit(first).await.unwrap();
    let content = store.load(1).await.unwrap();
    assert_eq!(
        (content.objects.len(), content.entries.len()),
        (2_502, 2_501)
    );

    // A third is gone, a third is changed, a third stays.
    let change = |number: u32| {
        let after = [None, Some("2")][usize::from(number % 3 == 1)];
        let key = format!("flag{number:05}");
        let flag = Change {
            after: after.map(Arc::from),
            ..put(&key, "", Some((1, "{}")))
        };
        [
            entry("a/user", &user(number), after, Some(1), Some("1")),
            flag,
        ]
    };
    let changes: Vec<_> = (0..count)
        .filter(|number| number % 3 < 2)
        .flat_map(change)
        .collect();
    let second = Commit {
        lists: vec![list],
        ..commit(1, 1, changes)
    };
    store.commit(second).await.unwrap();
    let mut content = store.load(1).await.unwrap();
    content.entries.sort();
    let expected = (0..count).filter(|number| number % 3 > 0).map(|number| {
        let value = if number % 3 == 1 { "2" } else { "1" };
        (user(number), value.to_owned())
    });
    let entries = content.entries.iter();
    let entries = entries.map(|(_, entry, value)| (entry.to_string(), value.to_string()));
    assert!(entries.eq(expected));
    assert_eq!(content.objects.len(), 1 + 2_501 - 834);
    assert_eq!(content.changes.len(), 5_003 + 2 * (834 + 834));
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
    let told = async |revision| store.load_since(1, revision).await.unwrap();
    assert!(matches!(told(9).await, Since::Forgotten));
    assert!(matches!(told(10).await, Since::Changes(_)));
}

async fn of_two_environments_that_make_a_flag_of_two_types_one_fails(store: Arc<dyn Store>) {
    for round in 0..20_u64 {
        let make = |environment, value_type: &'static str| {
            let store = Arc::clone(&store);
            let key = format!("flag{round}");
            tokio::spawn(async move {
                let base = store.heads().await.unwrap().revisions[&environment];
                let flags = vec![row(&key, value_type)];
                let made = commit(environment, base, vec![put(&key, "{}", None)]);
                store.commit(Commit { flags, ..made }).await
            })
        };
        let [one, other] = [make(1, "boolean"), make(2, "string")];
        let answers = [one.await.unwrap(), other.await.unwrap()];
        let conflicts = answers
            .iter()
            .filter(|answer| matches!(answer, Err(StoreError::TypeConflict { .. })));
        assert_eq!(conflicts.count(), 1, "{answers:?}");
    }
}

async fn what_is_loaded_is_of_one_revision(store: Arc<dyn Store>) {
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for base in 0..50 {
            // Both are of the same version, whenever one looks.
            let both = ["a", "b"].map(|key| put(key, "{}", None));
            writer.commit(commit(1, base, both.into())).await.unwrap();
        }
    });
    let mut last = 0;
    while last < 50 {
        let content = store.load(1).await.unwrap();
        last = content.revision;
        let versions = content.objects.iter().map(|(_, stored)| stored.version);
        assert!(versions.into_iter().all(|version| version == last));
        assert_eq!(
            content.changes.first().map(|row| row.revision),
            Some(last).filter(|last| *last > 0)
        );
    }
    writing.await.unwrap();
}

async fn a_name_that_not_every_database_holds_is_refused(store: &dyn Store) {
    let long = "k".repeat(1_281);
    for change in [
        put("nul\0", "{}", None),
        put(&long, "{}", None),
        entry("a/user", "nul\0", Some("true"), None, None),
        entry("a/user", &long, Some("true"), None, None),
    ] {
        let refused = store.commit(commit(1, 0, vec![change])).await;
        assert!(
            matches!(refused, Err(StoreError::Name { .. })),
            "{refused:?}"
        );
    }
    let longest = "k".repeat(1_280);
    let changes = vec![
        put(&longest, "{}", None),
        entry(&longest, &longest, Some("true"), None, None),
    ];
    let audit = vec![AuditEntry::new(
        Action::Create,
        "flag",
        longest.as_str(),
        (None, None),
    )];
    let flags = vec![row(&longest, "boolean")];
    let longest = Commit {
        flags,
        audit,
        ..commit(1, 0, changes)
    };
    store.commit(longest).await.unwrap();
}

async fn what_cannot_be_stored_is_not_found(store: &dyn Store) {
    let query = AuditQuery {
        project_id: 1,
        flag: Some("\0".to_owned()),
        environment: Some("\0".to_owned()),
        limit: 1,
        ..AuditQuery::default()
    };
    assert_eq!(store.audit(query).await.unwrap(), []);
}

async fn what_changed_since_a_revision_is_told(store: &dyn Store) {
    let since = async |revision| store.load_since(1, revision).await.unwrap();
    store
        .commit(commit(
            1,
            0,
            vec![put("a", "{}", None), put("b", "{}", None)],
        ))
        .await
        .unwrap();
    let list = vec![
        entry("b/user", "u1", Some("true"), None, None),
        entry("b/user", "u2", Some("true"), None, None),
    ];
    store.commit(commit(1, 1, list)).await.unwrap();
    let gone = Change {
        after: None,
        ..put("a", "", Some((1, "{}")))
    };
    let removed = entry("b/user", "u1", None, Some(2), Some("true"));
    store
        .commit(commit(1, 2, vec![gone, removed]))
        .await
        .unwrap();

    assert!(matches!(since(3).await, Since::Nothing));
    assert!(matches!(since(4).await, Since::Lost));
    let Since::Changes(content) = since(1).await else {
        panic!("nothing is told")
    };
    let list = ObjectId::new(ObjectKind::Overrides, "b/user");
    let stored = Stored {
        version: 3,
        value: None,
    };
    assert_eq!(
        (content.revision, content.objects),
        (3, vec![(list.clone(), stored)])
    );
    assert_eq!(content.entries, [(list, "u2".into(), "true".into())]);
    let revisions: Vec<_> = content.changes.iter().map(|row| row.revision).collect();
    assert_eq!(revisions, [3, 3, 2, 2]);
}

async fn an_epoch_is_renewed_once(store: &dyn Store) {
    let first = store.heads().await.unwrap().epoch;
    store.renew_epoch(&first).await.unwrap();
    let second = store.heads().await.unwrap().epoch;
    assert_ne!(second, first);
    store.renew_epoch(&first).await.unwrap();
    assert_eq!(store.heads().await.unwrap().epoch, second);
}

/// The suite for one adapter; `$open` makes a store over an empty database, which lives as long as `$keep`
macro_rules! suite {
    ($adapter:ident, $open:expr, [$($test:ident),* $(,)?], [$($race:ident),* $(,)?]) => {
        mod $adapter {
            use super::*;

            $(#[tokio::test]
            async fn $test() {
                let (store, _keep) = $open.await;
                super::$test(&store).await;
            })*

            $(#[tokio::test(flavor = "multi_thread")]
            async fn $race() {
                let (store, _keep) = $open.await;
                super::$race(Arc::new(store)).await;
            })*
        }
    };
}

macro_rules! suites {
    ($($tests:tt)*) => {
        suite!(sqlite, open(Database::new()), $($tests)*);
        suite!(postgres, async { open(Database::postgres(Cluster::shared()).await).await }, $($tests)*);
    };
}

async fn open(database: Database) -> (SqlStore, Database) {
    (database.open().await, database)
}

suites! {
    [
    a_new_database_has_three_empty_environments_and_an_epoch,
    revisions_are_gap_free_and_a_stale_commit_writes_nothing,
    a_list_is_written_entry_by_entry,
    a_flag_has_one_type_in_a_project,
    the_audit_is_read_newest_first_and_filtered,
    a_key_is_stored_once_and_for_one_purpose,
    old_changes_are_forgotten,
        many_rows_are_one_commit,
    a_name_that_not_every_database_holds_is_refused,
    what_cannot_be_stored_is_not_found,
    what_changed_since_a_revision_is_told,
    an_epoch_is_renewed_once,
        keys_are_made_and_ended_at_once,
        the_last_admin_stays,
        a_project_of_its_own_does_not_end_the_last_admin_of_all,
        an_heir_is_not_made_of_what_the_key_was_before,
        first_keys_that_were_not_told_are_made_again,
        members_are_added_changed_and_removed,
        the_rules_of_a_key_are_changed,
        environments_and_projects_are_made_once,
        who_changed_an_entry_is_kept_with_it,
        entries_are_read_in_the_order_of_their_changes,
        changes_beyond_the_limit_are_refused_until_one_no_longer_counts,
        a_commit_counts_for_each_of_its_flags_or_for_none,
        rows_are_chained_in_the_order_of_their_numbers,
        what_is_kept_beside_a_row_has_its_digest,
        the_audit_is_asked_for_one_customer,
        the_audit_is_filtered_by_actor_action_kind_and_time,
        a_flag_is_told_as_it_was_with_its_lists,
        settings_are_a_part_of_access,
        what_is_said_of_a_flag_is_said_once_at_a_time,
        an_archived_flag_is_not_made_anew,
        no_more_of_the_past_is_read_than_can_be_kept,
        several_environments_and_a_note_are_one_transaction,
        a_write_whose_time_is_over_is_not_begun,
    ],
    [
        of_two_writers_one_wins,
        of_two_environments_that_make_a_flag_of_two_types_one_fails,
        what_is_loaded_is_of_one_revision,
        of_many_first_keys_one_is_found,
        of_many_rotations_at_once_one_makes_an_heir,
        environments_that_are_made_together_get_numbers_of_their_own,
        writers_at_once_do_not_pass_the_limit,
    ]
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let database = Database::new();
    let store = database.open().await;
    let epoch = store.heads().await.unwrap().epoch;
    store
        .commit(commit(1, 0, vec![put("a", "{}", None)]))
        .await
        .unwrap();
    store.close().await;
    let store = database.open().await;
    assert_eq!(
        (
            store.heads().await.unwrap().epoch,
            store.load(1).await.unwrap().revision
        ),
        (epoch, 1)
    );
    assert_ne!(
        Database::new().open().await.heads().await.unwrap().epoch,
        store.heads().await.unwrap().epoch
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_may_start_together_on_an_empty_database() {
    let database = Database::postgres(Cluster::shared()).await;
    let address: Arc<str> = database.address().into();
    let nodes = (0..6).map(|_| {
        let address = Arc::clone(&address);
        tokio::spawn(async move {
            let store = SqlStore::open(&address).await.unwrap();
            store.heads().await.unwrap().epoch
        })
    });
    let mut epochs = Vec::new();
    for node in nodes.collect::<Vec<_>>() {
        epochs.push(node.await.unwrap());
    }
    epochs.dedup();
    assert_eq!(epochs.len(), 1);
}

#[tokio::test]
async fn a_database_that_a_newer_release_has_migrated_is_served() {
    let database = Database::postgres(Cluster::shared()).await;
    database.open().await.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (1000, 'of a newer release', TRUE, '', 0)";
    execute(database.address(), newer).await;
    assert_eq!(database.open().await.environments().await.unwrap().len(), 3);
}

/// Data of the first release is there after the tables have been brought up to date
#[tokio::test]
async fn what_an_earlier_release_wrote_is_kept() {
    let initial = include_str!("../../migrations/0001_initial.sql");
    let written = "INSERT INTO audit VALUES (2, 1, 0, 7, 'ann', 'create', 'flag', 'a', NULL, '{}', 'why'), \
                   (1, 1, 0, 5, 'ann', 'create', 'flag', 'b', NULL, '{}', NULL), \
                   (1, 1, 1, 5, 'ann', 'create', 'flag', 'c', NULL, '{}', NULL); \
                   INSERT INTO access_key VALUES ('h1', 'admin', 1, NULL, 'admin', 1), ('h2', 'server', 1, 2, 'server', 2)";
    let (sqlite, postgres) = (Database::new(), Database::postgres(Cluster::shared()).await);
    for database in [sqlite, postgres] {
        database.prepare(&[initial, written]).await;
        let store = database.open().await;
        let query = AuditQuery {
            project_id: 1,
            limit: 10,
            ..AuditQuery::default()
        };
        let rows = store.audit(query).await.unwrap();
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.sequence, &*row.name, row.environment.as_deref()))
            .collect();
        let (production, staging) = (Some("production"), Some("staging"));
        assert_eq!(
            seen,
            [
                (3, "a", staging),
                (2, "c", production),
                (1, "b", production)
            ]
        );
        assert_eq!(rows[0].reason.as_deref(), Some("why"));
        assert_eq!(rows[0].changes, r#"[{"after":{},"path":""}]"#);
        assert_eq!(rows[0].hash, Some(flagstaff_server::chain::hash(&rows[0])));
        assert_eq!(rows[0].previous_hash, rows[1].hash);
        assert_eq!(Some(store.audit_head(1).await.unwrap().hash), rows[0].hash);
        let keys = store.access().await.unwrap().rows;
        let keys: Vec<_> = keys
            .iter()
            .map(|row| (&*row.hash, row.kind, row.project_id, row.environment_id))
            .collect();
        let admin = ("h1", KeyKind::Admin, None, None);
        assert_eq!(keys, [admin, ("h2", KeyKind::Server, Some(1), Some(2))]);
    }
}
