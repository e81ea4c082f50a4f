//! What is loaded of an environment

use super::*;

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

async fn old_changes_are_deleted(store: &dyn Store) {
    for base in 0..1_010 {
        write(store, 1, base, [put("a", "{}", None)]).await;
    }
    let content = store.load(1).await.unwrap();
    assert_eq!((content.revision, content.changes.len()), (1_010, 1_000));
    assert_eq!(content.changes.last().map(|row| row.revision), Some(11));
    let since = async |revision| store.load_since(1, revision).await.unwrap();
    assert!(matches!(since(9).await, Since::Forgotten));
    assert!(matches!(since(10).await, Since::Changes(_)));
}

async fn a_loaded_environment_is_of_one_revision(store: Arc<dyn Store>) {
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for base in 0..50 {
            // Both have the same version at every revision.
            let both = ["a", "b"].map(|key| put(key, "{}", None));
            write(&*writer, 1, base, both).await;
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

async fn changes_since_a_revision_are_loaded(store: &dyn Store) {
    let since = async |revision| store.load_since(1, revision).await.unwrap();
    write(store, 1, 0, [put("a", "{}", None), put("b", "{}", None)]).await;
    let list = vec![
        entry("b/user", "u1", Some("true"), None, None),
        entry("b/user", "u2", Some("true"), None, None),
    ];
    write(store, 1, 1, list).await;
    let gone = Change {
        after: None,
        ..put("a", "", Some((1, "{}")))
    };
    let removed = entry("b/user", "u1", None, Some(2), Some("true"));
    write(store, 1, 2, [gone, removed]).await;

    assert!(matches!(since(3).await, Since::Nothing));
    assert!(matches!(since(4).await, Since::Lost));
    let Since::Changes(content) = since(1).await else {
        panic!("there are no changes")
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

suites! {
    [
        a_new_database_has_three_empty_environments_and_an_epoch,
        old_changes_are_deleted,
        changes_since_a_revision_are_loaded,
        an_epoch_is_renewed_once,
    ],
    [
        a_loaded_environment_is_of_one_revision,
    ]
}
