//! Authors, times and reasons of entries, and the limit of their changes

use std::sync::Arc;
use std::time::Duration;

use flagstaff_server::object::{ObjectId, ObjectKind};
use flagstaff_server::store::{
    Author, ChangeLimit, Commit, EntryQuery, EntryRow, Store, StoreError,
};

use super::{author, commit, entry};
use crate::support::simultaneously;

fn list(key: &str) -> ObjectId {
    ObjectId::new(ObjectKind::Overrides, key)
}

/// A commit of `actor BASE` at a time
fn at(base: u64, millis: i64, changes: Vec<flagstaff_server::store::Change>) -> Commit {
    Commit {
        author: Author {
            actor: format!("actor {base}").into(),
            reason: None,
            ..author(millis)
        },
        ..commit(1, base, changes)
    }
}

fn seen(rows: &[EntryRow]) -> Vec<(&str, &str)> {
    rows.iter()
        .map(|row| (&*row.list.key, &*row.entry))
        .collect()
}

async fn an_entry_has_the_author_the_time_and_the_reason_of_its_change(store: &dyn Store) {
    let put = |key| entry("a/user", key, Some("\"include\""), None, None);
    let mut first = at(0, 10, vec![put("u1"), put("u2")]);
    first.author.reason = Some("all of them".to_owned());
    let own = (list("a/user"), Arc::from("u2"));
    first.entries.reasons.insert(own, "this one".into());
    store.commit(first).await.unwrap();
    let change = entry(
        "a/user",
        "u1",
        Some("\"exclude\""),
        Some(1),
        Some("\"include\""),
    );
    store.commit(at(1, 20, vec![change])).await.unwrap();

    let asked = ["u1", "u2", "u3"].map(|key| (list("a/user"), Arc::from(key)));
    let mut notes = store.entry_notes(1, asked.to_vec()).await.unwrap();
    notes.sort_by(|a, b| a.entry.cmp(&b.entry));
    let notes: Vec<_> = notes
        .iter()
        .map(|row| {
            let at = row.changed_at.as_millis();
            (&*row.entry, at, &*row.changed_by, row.reason.as_deref())
        })
        .collect();
    let expected = [
        ("u1", 20, "actor 1", None),
        ("u2", 10, "actor 0", Some("this one")),
    ];
    assert_eq!(notes, expected);
    assert_eq!(store.entry_notes(1, Vec::new()).await.unwrap(), []);
    let elsewhere = vec![(list("a/user"), Arc::from("u1"))];
    assert_eq!(store.entry_notes(2, elsewhere).await.unwrap(), []);
}

async fn entries_are_read_in_the_order_of_their_changes(store: &dyn Store) {
    let put =
        |key: &str, entries: [&str; 2]| entries.map(|it| entry(key, it, Some("1"), None, None));
    let first = [put("a/user", ["u1", "u2"]), put("a/team", ["t1", "t2"])];
    store.commit(at(0, 10, first.concat())).await.unwrap();
    let more = entry("a/user", "u0", Some("1"), Some(1), None);
    store.commit(at(1, 30, vec![more])).await.unwrap();
    let other = entry("b/user", "u9", Some("1"), None, None);
    store.commit(at(2, 20, vec![other])).await.unwrap();

    let query = |is_latest_first, after, limit| EntryQuery {
        environment: 1,
        lists: vec![list("a/team"), list("a/user")],
        is_latest_first,
        after,
        limit,
    };
    for is_latest_first in [false, true] {
        let mut expected = vec![
            ("a/team", "t1"),
            ("a/team", "t2"),
            ("a/user", "u1"),
            ("a/user", "u2"),
            ("a/user", "u0"),
        ];
        if is_latest_first {
            expected.reverse();
        }
        let all = store
            .entries_by_time(query(is_latest_first, None, 10))
            .await
            .unwrap();
        assert_eq!(seen(&all), expected);
        // The pages together are the same.
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = store
                .entries_by_time(query(is_latest_first, after, 2))
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            let id = (last.list.clone(), Arc::clone(&last.entry));
            after = Some((last.changed_at, id));
            paged.extend(page);
        }
        assert_eq!(paged, all);
    }
    let nothing = EntryQuery {
        lists: Vec::new(),
        ..query(true, None, 10)
    };
    assert_eq!(store.entries_by_time(nothing).await.unwrap(), []);
}

async fn changes_beyond_the_limit_are_refused_until_one_no_longer_counts(store: &dyn Store) {
    let metered = |base, millis, flag: &str| {
        let change = entry(
            &format!("{flag}/user"),
            &format!("u{base}"),
            Some("1"),
            None,
            None,
        );
        let mut commit = at(base, millis, vec![change]);
        commit.entries.meter = Some(ChangeLimit {
            flags: vec![flag.into()],
            limit: 2,
            window: Duration::from_secs(1),
        });
        commit
    };
    store.commit(metered(0, 1_000, "a")).await.unwrap();
    store.commit(metered(1, 1_400, "a")).await.unwrap();
    let refused = store.commit(metered(2, 1_999, "a")).await;
    let Err(StoreError::TooManyChanges {
        flag,
        limit: 2,
        retry_after,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((&*flag, retry_after), ("a", Duration::from_millis(1)));
    // Nothing of the refused commit was written, each flag has its own count, and commits without a limit do not count.
    assert_eq!(store.load(1).await.unwrap().revision, 2);
    store.commit(metered(2, 1_999, "b")).await.unwrap();
    let free = entry("a/user", "free", Some("1"), Some(2), None);
    store.commit(at(3, 1_999, vec![free])).await.unwrap();
    // The first one no longer counts.
    store.commit(metered(4, 2_000, "a")).await.unwrap();
    let refused = store.commit(metered(5, 2_100, "a")).await;
    assert!(
        matches!(refused, Err(StoreError::TooManyChanges { retry_after, .. }) if retry_after == Duration::from_millis(300)),
        "{refused:?}"
    );
}

async fn a_commit_counts_for_each_of_its_flags_or_for_none(store: &dyn Store) {
    let metered = |base, flags: Vec<String>| {
        let changes = flags.iter().map(|flag| {
            let list = format!("{flag}/user");
            entry(&list, &format!("u{base}"), Some("1"), None, None)
        });
        let mut commit = at(base, 1_000, changes.collect());
        commit.entries.meter = Some(ChangeLimit {
            flags: flags.iter().map(|flag| flag.as_str().into()).collect(),
            limit: 2,
            window: Duration::from_secs(1),
        });
        commit
    };
    // More than one statement can have.
    let many = || (0..600).map(|number| format!("f{number:03}")).collect();
    store.commit(metered(0, many())).await.unwrap();
    let last = || vec!["f599".to_owned()];
    store.commit(metered(1, last())).await.unwrap();
    let refused = store.commit(metered(2, many())).await;
    let Err(StoreError::TooManyChanges { flag, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(&*flag, "f599");
    // Refused commits do not count.
    store
        .commit(metered(2, vec!["f000".to_owned()]))
        .await
        .unwrap();
}

/// Writers that start from the same state do not exceed the limit, whoever wins
async fn simultaneous_writers_do_not_exceed_the_limit(store: Arc<dyn Store>) {
    let writer = |number: u32| {
        let store = Arc::clone(&store);
        async move {
            loop {
                let base = store.load(1).await.unwrap().revision;
                let change = entry("a/user", &format!("u{number}"), Some("1"), None, None);
                let mut commit = at(base, 5, vec![change]);
                commit.entries.meter = Some(ChangeLimit {
                    flags: vec!["a".into()],
                    limit: 3,
                    window: Duration::from_hours(1),
                });
                match store.commit(commit).await {
                    Ok(_) => return true,
                    Err(StoreError::TooManyChanges { .. }) => return false,
                    Err(StoreError::Stale { .. } | StoreError::Contended(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        }
    };
    let written = simultaneously((0..8).map(writer)).await;
    assert_eq!(written.iter().filter(|written| **written).count(), 3);
}

suites! {
    [
        an_entry_has_the_author_the_time_and_the_reason_of_its_change,
        entries_are_read_in_the_order_of_their_changes,
        changes_beyond_the_limit_are_refused_until_one_no_longer_counts,
        a_commit_counts_for_each_of_its_flags_or_for_none,
    ],
    [
        simultaneous_writers_do_not_exceed_the_limit,
    ]
}
