//! Members, and browser policies of keys

use flagstaff_core::Timestamp;
use flagstaff_server::auth::{CredentialKind, hash};
use flagstaff_server::store::{
    AccessChange, BrowserPolicy, CredentialRow, KnownBy, MemberChange, MemberRow, RulesChange,
    SigningSecret, Store, StoreError,
};

use super::access;

use crate::support::key;

fn member(known_by: KnownBy, name: &str, role: CredentialKind) -> MemberRow {
    MemberRow {
        project_id: 1,
        known_by,
        name: name.to_owned(),
        role,
        created_at: Timestamp::from_millis(5),
    }
}

async fn change(store: &dyn Store, change: MemberChange) -> Result<(), StoreError> {
    let change = AccessChange {
        member: Some(change),
        ..access(None, None)
    };
    store.change_access(change).await
}

async fn members_are_added_changed_and_removed(store: &dyn Store) {
    let email = member(KnownBy::Email, "ann@example.com", CredentialKind::Editor);
    let subject = member(KnownBy::Subject, "ann@example.com", CredentialKind::Viewer);
    for row in [&email, &subject] {
        change(store, MemberChange::Add(row.clone())).await.unwrap();
    }
    let stored = store.access().await.unwrap();
    assert_eq!(stored.members, [email.clone(), subject.clone()]);
    assert_eq!(stored.version, store.heads().await.unwrap().access);
    let twice = change(store, MemberChange::Add(subject.clone())).await;
    assert!(
        matches!(&twice, Err(StoreError::NameTaken { what: "member", name }) if name == "ann@example.com"),
        "{twice:?}"
    );
    let admin = member(KnownBy::Subject, "ann@example.com", CredentialKind::Admin);
    change(store, MemberChange::Set(admin.clone()))
        .await
        .unwrap();
    change(store, MemberChange::Remove(email.clone()))
        .await
        .unwrap();
    assert_eq!(store.access().await.unwrap().members, [admin]);
    for gone in [
        MemberChange::Set(email.clone()),
        MemberChange::Remove(email),
    ] {
        let refused = change(store, gone).await;
        assert!(matches!(refused, Err(StoreError::NoKey)), "{refused:?}");
    }
}

async fn the_browser_policy_of_a_key_is_changed(store: &dyn Store) {
    let ours = BrowserPolicy {
        origins: Some(vec!["https://app.example".to_owned()]),
        signed_contexts: true,
        secrets: vec![SigningSecret::new("a".to_owned(), "secret".to_owned(), 5)],
    };
    let made = CredentialRow {
        rules: ours.clone(),
        ..key(CredentialKind::Client, "c")
    };
    let change = access(Some(made.clone()), None);
    store.change_access(change).await.unwrap();
    let stored = async || store.access().await.unwrap().rows;
    assert_eq!(stored().await, [made]);
    let set = async |token: &str, before: &BrowserPolicy, after: &BrowserPolicy| {
        let change = AccessChange {
            rules: Some(RulesChange {
                hash: hash(token),
                before: before.clone(),
                after: after.clone(),
            }),
            ..access(None, None)
        };
        store.change_access(change).await
    };
    let none = BrowserPolicy::default();
    set("c", &ours, &none).await.unwrap();
    assert_eq!(stored().await, [key(CredentialKind::Client, "c")]);
    let late = set("c", &ours, &ours).await;
    assert!(matches!(late, Err(StoreError::Changed)), "{late:?}");
    let gone = set("none", &none, &ours).await;
    assert!(matches!(gone, Err(StoreError::NoKey)), "{gone:?}");
    assert_eq!(stored().await, [key(CredentialKind::Client, "c")]);
}

suites! {
    [
        members_are_added_changed_and_removed,
        the_browser_policy_of_a_key_is_changed,
    ],
    []
}
