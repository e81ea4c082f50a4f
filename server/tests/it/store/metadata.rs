//! Metadata of flags

use flagstaff_server::store::FlagKind;

use super::*;

fn saying(note: ProjectFlagRow) -> NoteChange {
    let audit = AuditEntry::new(Action::Update, "flag", Arc::clone(&note.key), (None, None));
    NoteChange {
        project_id: 1,
        note,
        author: author(7),
        audit,
    }
}

fn note(key: &str, version: u64) -> ProjectFlagRow {
    ProjectFlagRow {
        version,
        name: "Checkout".to_owned(),
        description: "what it is for".to_owned(),
        tags: vec!["a \"b\"".to_owned(), "c".to_owned()],
        owner: "ann".to_owned(),
        kind: FlagKind::KillSwitch,
        lifecycle: Lifecycle::Stale,
        archived_in: vec!["production".to_owned()],
        ..ProjectFlagRow::new(key.into())
    }
}

async fn metadata_of_a_flag_changes_only_at_its_current_version(store: &dyn Store) {
    assert_eq!(store.flag_notes(1).await.unwrap(), []);
    for key in ["b", "B", "a"] {
        store.change_flag_note(saying(note(key, 0))).await.unwrap();
    }
    let moved = store.change_flag_note(saying(note("a", 0))).await;
    assert!(matches!(moved, Err(StoreError::NoteMoved)), "{moved:?}");
    store.change_flag_note(saying(note("a", 1))).await.unwrap();
    let expected = [("B", 1), ("a", 2), ("b", 1)].map(|(key, version)| ProjectFlagRow {
        changed_at: Timestamp::from_millis(7),
        ..note(key, version)
    });
    assert_eq!(store.flag_notes(1).await.unwrap(), expected);
    assert_eq!(store.audit_head(1).await.unwrap().sequence, 4);
}

async fn an_archived_flag_is_not_created_again(store: &dyn Store) {
    let archived = ProjectFlagRow {
        lifecycle: Lifecycle::Archived,
        ..note("a", 0)
    };
    store.change_flag_note(saying(archived)).await.unwrap();
    let making = |key: &str| Commit {
        flags: vec![row(key, "boolean")],
        ..commit(2, 0, vec![put(key, "{}", None)])
    };
    let refused = store.commit(making("a")).await;
    assert!(
        matches!(&refused, Err(StoreError::Archived { flag }) if &**flag == "a"),
        "{refused:?}"
    );
    store.commit(making("b")).await.unwrap();
}

suites! {
    [
        metadata_of_a_flag_changes_only_at_its_current_version,
        an_archived_flag_is_not_created_again,
    ],
    []
}
