//! Environments and their settings

use flagstaff_server::store::{AttributeSettings, EnvironmentSettings, NameChange, SettingsChange};

use super::*;

async fn a_change_of_settings_is_a_change_of_access(store: &dyn Store) {
    let before = store.access().await.unwrap();
    assert!(before.public.is_empty());
    let settings = |is_public| EnvironmentSettings {
        is_public,
        requires_reason: false,
        attributes: AttributeSettings::default(),
    };
    let change = |is_public: bool| SettingsChange {
        project_id: 1,
        environment_id: 2,
        before: settings(!is_public),
        after: settings(is_public),
        author: Author {
            actor: "ann".into(),
            at: Timestamp::from_millis(5),
            reason: Some("why".to_owned()),
            origin: Origin::default(),
        },
        audit: vec![AuditEntry::new(
            Action::Update,
            "environment",
            "staging",
            (None, None),
        )],
    };
    store.change_settings(change(true)).await.unwrap();
    let access = store.access().await.unwrap();
    assert_eq!(access.public, [2].into());
    // Other nodes learn of the change by this version.
    assert!(access.version > before.version);
    assert_eq!(store.heads().await.unwrap().access, access.version);
    let query = audit_query();
    let rows = store.audit(query).await.unwrap();
    let seen = (&*rows[0].kind, &*rows[0].name, rows[0].reason.as_deref());
    assert_eq!(seen, ("environment", "staging", Some("why")));
    // Nothing of a stale change is stored.
    let late = store.change_settings(change(true)).await;
    assert!(matches!(late, Err(StoreError::Changed)), "{late:?}");
    let after = store.access().await.unwrap();
    assert_eq!((after.version, after.public), (access.version, [2].into()));
    store.change_settings(change(false)).await.unwrap();
    assert!(store.access().await.unwrap().public.is_empty());
}

async fn names_of_environments_and_projects_are_unique(store: &dyn Store) {
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

async fn what_is_deleted_is_gone_and_its_id_and_audit_stay(store: &dyn Store) {
    let change = |environment_id, name: &str, new_name: Option<&str>| NameChange {
        project_id: 1,
        environment_id,
        name: name.into(),
        new_name: new_name.map(str::to_owned),
        author: author(5),
    };
    let written = [put("a", "{}", None), entry("a", "u", Some("1"), None, None)];
    write(store, 3, 0, written).await;
    let key = CredentialRow {
        environment_id: Some(3),
        ..key(CredentialKind::Server, "k")
    };
    store.ensure_key(key).await.unwrap();
    let before = store.heads().await.unwrap().access;
    let renamed = store
        .change_name(change(Some(3), "development", Some("dev")))
        .await;
    assert_eq!(renamed.unwrap(), "dev");
    let taken = store
        .change_name(change(Some(3), "dev", Some("staging")))
        .await;
    assert!(
        matches!(taken, Err(StoreError::NameTaken { .. })),
        "{taken:?}"
    );
    assert_eq!(store.load(3).await.unwrap().objects.len(), 2);

    assert_eq!(
        store
            .change_name(change(Some(3), "dev", None))
            .await
            .unwrap(),
        "dev~3"
    );
    let heads = store.heads().await.unwrap();
    assert_eq!(heads.revisions.into_keys().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(
        heads.access,
        before.saturating_add(2),
        "both are changes of access"
    );
    assert!(
        store
            .access()
            .await
            .unwrap()
            .rows
            .iter()
            .all(|row| row.environment_id != Some(3))
    );
    let late = store.commit(commit(3, 1, vec![put("b", "{}", None)])).await;
    assert!(matches!(late, Err(StoreError::Gone)), "{late:?}");
    let again = store.change_name(change(Some(3), "dev", None)).await;
    assert!(matches!(again, Err(StoreError::Gone)), "{again:?}");
    let query = AuditQuery {
        environment: Some("dev~3".to_owned()),
        ..audit_query()
    };
    assert_eq!(store.audit(query).await.unwrap().len(), 2);

    store
        .create_environments(new(ProjectChoice::Existing(1), &["dev"]))
        .await
        .unwrap();
    assert!(store.load(4).await.unwrap().objects.is_empty());
    store
        .change_name(change(Some(4), "dev", None))
        .await
        .unwrap();
    store
        .change_name(change(Some(2), "staging", None))
        .await
        .unwrap();
    for (id, name) in [(Some(1), "production"), (None, "default")] {
        let last = store.change_name(change(id, name, None)).await;
        assert!(matches!(last, Err(StoreError::Last { .. })), "{last:?}");
    }
    store
        .create_environments(new(ProjectChoice::New("shop".to_owned()), &["live"]))
        .await
        .unwrap();
    assert_eq!(
        store
            .change_name(change(None, "default", None))
            .await
            .unwrap(),
        "default~1"
    );
    assert_eq!(store.project_id("default~1").await.unwrap(), Some(1));
    assert_eq!(store.project_id("default").await.unwrap(), None);
    let rows = store.environments().await.unwrap();
    assert_eq!(
        rows.iter().map(|row| &*row.name).collect::<Vec<_>>(),
        ["live"]
    );
}

async fn simultaneously_created_environments_get_different_ids(store: Arc<dyn Store>) {
    let makers = (0..6).map(|maker| {
        let store = Arc::clone(&store);
        let name = format!("env{maker}");
        let made = new(ProjectChoice::Existing(1), &[&name]);
        async move { store.create_environments(made).await.unwrap() }
    });
    simultaneously(makers).await;
    let rows = store.environments().await.unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, (1..=9).collect::<Vec<_>>());
}

suites! {
    [
        a_change_of_settings_is_a_change_of_access,
        names_of_environments_and_projects_are_unique,
        what_is_deleted_is_gone_and_its_id_and_audit_stay,
    ],
    [
        simultaneously_created_environments_get_different_ids,
    ]
}
