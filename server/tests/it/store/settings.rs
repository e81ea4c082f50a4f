//! Settings of environments

use flagstaff_core::Timestamp;
use flagstaff_server::store::{
    Action, AuditEntry, AuditQuery, Author, Origin, SettingsChange, Store, StoreError,
};

pub(super) async fn settings_are_a_part_of_access(store: &dyn Store) {
    let before = store.access().await.unwrap();
    assert!(before.public.is_empty());
    let change = |is_public: bool| SettingsChange {
        project_id: 1,
        environment_id: 2,
        was_public: !is_public,
        is_public,
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
    // Which is how other nodes learn that there is something to learn.
    assert!(access.version > before.version);
    assert_eq!(store.heads().await.unwrap().access, access.version);
    let query = AuditQuery {
        project_id: 1,
        limit: 10,
        ..AuditQuery::default()
    };
    let rows = store.audit(query).await.unwrap();
    let seen = (&*rows[0].kind, &*rows[0].name, rows[0].reason.as_deref());
    assert_eq!(seen, ("environment", "staging", Some("why")));
    // Made from what is not so any more, nothing of it is stored.
    let late = store.change_settings(change(true)).await;
    assert!(matches!(late, Err(StoreError::Changed)), "{late:?}");
    let after = store.access().await.unwrap();
    assert_eq!((after.version, after.public), (access.version, [2].into()));
    store.change_settings(change(false)).await.unwrap();
    assert!(store.access().await.unwrap().public.is_empty());
}
