//! Keys and tokens

use super::*;

async fn a_key_is_stored_once_and_for_one_purpose(store: &dyn Store) {
    let server = key(CredentialKind::Server, "t");
    store.ensure_key(server.clone()).await.unwrap();
    store.ensure_key(server.clone()).await.unwrap();
    let access = store.access().await.unwrap();
    assert_eq!(access.rows, slice::from_ref(&server));
    assert_eq!(access.version, store.heads().await.unwrap().access);
    let elsewhere = CredentialRow {
        environment_id: Some(2),
        ..server.clone()
    };
    let everywhere = CredentialRow {
        project_id: None,
        ..server
    };
    for other in [key(CredentialKind::Client, "t"), elsewhere, everywhere] {
        let refused = store.ensure_key(other).await;
        assert!(matches!(refused, Err(StoreError::KeyTaken)), "{refused:?}");
    }
    assert_eq!(store.access().await.unwrap(), access);
}

async fn a_key_is_created_and_another_ended_in_one_transaction(store: &dyn Store) {
    let (old, new) = (
        key(CredentialKind::Server, "old"),
        key(CredentialKind::Server, "new"),
    );
    store
        .change_access(access(Some(old.clone()), None))
        .await
        .unwrap();
    let counted = async || store.heads().await.unwrap().access;
    assert_eq!(counted().await, 1);
    let end = Timestamp::from_millis(9);
    let rotated = access(Some(new.clone()), Some((old.clone(), End::At(end))));
    store.change_access(rotated).await.unwrap();
    let ending = CredentialRow {
        expires_at: Some(end),
        ..old.clone()
    };
    let mut rows = store.access().await.unwrap().rows;
    rows.sort_by_key(|row| row.expires_at);
    assert_eq!(rows, [new.clone(), ending]);
    assert_eq!(counted().await, 2);

    let again = store.change_access(access(Some(new.clone()), None)).await;
    assert!(matches!(again, Err(StoreError::KeyTaken)), "{again:?}");
    // The key to be ended is gone, so no key is created either.
    let gone = key(CredentialKind::Server, "no");
    let late = access(
        Some(key(CredentialKind::Server, "late")),
        Some((gone, End::Now)),
    );
    let late = store.change_access(late).await;
    assert!(matches!(late, Err(StoreError::NoKey)), "{late:?}");
    assert_eq!(store.access().await.unwrap().rows.len(), 2);
    store
        .change_access(access(None, Some((old, End::Now))))
        .await
        .unwrap();
    assert_eq!(store.access().await.unwrap().rows, [new]);
    let query = audit_query();
    let audit = store.audit(query).await.unwrap();
    let seen: Vec<_> = audit
        .iter()
        .map(|row| (row.sequence, row.environment.as_deref(), row.revision))
        .collect();
    assert_eq!(seen, [(3, None, None), (2, None, None), (1, None, None)]);
}

async fn the_last_admin_stays(store: &dyn Store) {
    let [one, two] = ["one", "two"].map(|token| key(CredentialKind::Admin, token));
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

async fn the_last_admin_of_all_projects_is_not_revoked(store: &dyn Store) {
    let own = key(CredentialKind::Admin, "own");
    let all = CredentialRow {
        project_id: None,
        ..key(CredentialKind::Admin, "all")
    };
    for row in [&own, &all] {
        store.ensure_key(row.clone()).await.unwrap();
    }
    let ended = store
        .change_access(access(None, Some((all.clone(), End::Now))))
        .await;
    assert!(matches!(ended, Err(StoreError::LastAdmin)), "{ended:?}");
    // The admin of all projects remains for the project.
    store
        .change_access(access(None, Some((own, End::Now))))
        .await
        .unwrap();
    assert_eq!(store.access().await.unwrap().rows, [all]);
}

async fn of_simultaneous_rotations_one_creates_a_key(store: Arc<dyn Store>) {
    let old = key(CredentialKind::Server, "old");
    store.ensure_key(old.clone()).await.unwrap();
    let rotations = (0..20).map(|number| {
        let successor = key(CredentialKind::Server, &format!("heir{number}"));
        let end = End::At(Timestamp::from_millis(9));
        let change = access(Some(successor), Some((old.clone(), end)));
        let store = Arc::clone(&store);
        async move { store.change_access(change).await }
    });
    let results = simultaneously(rotations).await;
    let ended = |result: &&_| matches!(result, Err(StoreError::EndsAlready));
    assert_eq!(results.iter().filter(ended).count(), 19, "{results:?}");
    assert_eq!(store.access().await.unwrap().rows.len(), 2);
}

async fn a_rotation_of_a_key_that_has_changed_is_refused(store: &dyn Store) {
    let old = key(CredentialKind::Client, "old");
    store.ensure_key(old.clone()).await.unwrap();
    let rules = BrowserPolicy {
        origins: Some(vec!["https://app.example".to_owned()]),
        ..BrowserPolicy::default()
    };
    let mut narrowed = access(None, None);
    narrowed.rules = Some(RulesChange {
        hash: old.hash.clone(),
        before: BrowserPolicy::default(),
        after: rules,
    });
    store.change_access(narrowed).await.unwrap();
    // The key was read before it was limited to one origin, and its successor would have no limit.
    for end in [End::Now, End::At(Timestamp::from_millis(9))] {
        let successor = access(
            Some(key(CredentialKind::Client, "heir")),
            Some((old.clone(), end)),
        );
        let rotated = store.change_access(successor).await;
        assert!(matches!(rotated, Err(StoreError::Changed)), "{rotated:?}");
    }
}

async fn startup_keys_that_were_deleted_are_created_again(store: &dyn Store) {
    let first = || {
        vec![
            key(CredentialKind::Admin, "a"),
            key(CredentialKind::Server, "s"),
        ]
    };
    let made = store.insert_credentials_if_none(first()).await.unwrap();
    assert_eq!(made.len(), 2);
    assert!(
        store
            .insert_credentials_if_none(first())
            .await
            .unwrap()
            .is_empty()
    );
    store.drop_keys(made).await.unwrap();
    assert_eq!(
        store
            .insert_credentials_if_none(first())
            .await
            .unwrap()
            .len(),
        2
    );
}

async fn of_simultaneous_first_starts_one_creates_a_key(store: Arc<dyn Store>) {
    let found = (0..6).map(|node| {
        let store = Arc::clone(&store);
        let key = key(CredentialKind::Admin, &format!("node{node}"));
        async move { store.insert_credentials_if_none(vec![key]).await.unwrap() }
    });
    let found = simultaneously(found).await.concat();
    let keys = store.access().await.unwrap().rows;
    assert_eq!((found.len(), keys.len()), (1, 1));
}

suites! {
    [
        a_key_is_stored_once_and_for_one_purpose,
        a_key_is_created_and_another_ended_in_one_transaction,
        the_last_admin_stays,
        the_last_admin_of_all_projects_is_not_revoked,
        a_rotation_of_a_key_that_has_changed_is_refused,
        startup_keys_that_were_deleted_are_created_again,
    ],
    [
        of_simultaneous_rotations_one_creates_a_key,
        of_simultaneous_first_starts_one_creates_a_key,
    ]
}
