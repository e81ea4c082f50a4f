//! Commits, and what a commit is refused for

use super::*;

async fn revisions_are_gap_free_and_a_stale_commit_writes_nothing(store: &dyn Store) {
    assert_eq!(write(store, 1, 0, [put("a", "{}", None)]).await, 1);
    let stale = store.commit(commit(1, 0, vec![put("b", "{}", None)])).await;
    assert!(
        matches!(stale, Err(StoreError::Stale { base: 0 })),
        "{stale:?}"
    );
    assert_eq!(
        write(store, 1, 1, [put("a", "{\"x\":1}", Some((1, "{}")))]).await,
        2
    );
    assert_eq!(
        write(store, 2, 0, [put("a", "{}", None)]).await,
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

async fn of_simultaneous_commits_one_succeeds(store: Arc<dyn Store>) {
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(&store);
        let commit = commit(3, 0, vec![put(&format!("f{writer}"), "{}", None)]);
        async move { store.commit(commit).await.is_ok() }
    });
    let results = simultaneously(writers).await;
    assert_eq!(results.iter().filter(|is_ok| **is_ok).count(), 1);
    assert_eq!(store.load(3).await.unwrap().revision, 1);
}

async fn a_list_is_written_entry_by_entry(store: &dyn Store) {
    let first = vec![
        entry("a/user", "u1", Some("\"include\""), None, None),
        entry("a/user", "u2", Some("\"exclude\""), None, None),
    ];
    write(store, 1, 0, first).await;
    write(
        store,
        1,
        1,
        [entry("a/user", "u1", None, Some(1), Some("\"include\""))],
    )
    .await;
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

    // An empty list exists until it is deleted itself.
    write(
        store,
        1,
        2,
        [entry("a/user", "u2", None, Some(2), Some("\"exclude\""))],
    )
    .await;
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
    write(store, 1, 3, [gone]).await;
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
    // In one environment only, the type may change.
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

async fn of_two_types_of_a_flag_in_two_environments_one_is_refused(store: Arc<dyn Store>) {
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

async fn a_commit_may_have_thousands_of_rows(store: &dyn Store) {
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

    // A third is deleted, a third changes, and a third stays.
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

async fn a_name_that_not_every_database_can_store_is_refused(store: &dyn Store) {
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

suites! {
    [
        revisions_are_gap_free_and_a_stale_commit_writes_nothing,
        a_list_is_written_entry_by_entry,
        a_flag_has_one_type_in_a_project,
        a_commit_may_have_thousands_of_rows,
        a_name_that_not_every_database_can_store_is_refused,
    ],
    [
        of_simultaneous_commits_one_succeeds,
        of_two_types_of_a_flag_in_two_environments_one_is_refused,
    ]
}
