//! The receiving half of the protocol, driven by events as a server sends them

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers fail the test"
)]

use flagstaff_core::object::state_hash;
use flagstaff_core::{
    Context, Replica, ReplicaError, Snapshot, Timestamp, TransferProgress, Value,
};
use serde_json::{Value as Json, json};

fn boolean(serve: &str) -> Json {
    json!({"type": "boolean", "enabled": true, "serve": serve})
}

fn put(replica: &mut Replica, kind: &str, key: &str, version: u64, object: &Json) {
    let data = json!({"kind": kind, "key": key, "version": version, "object": object});
    assert_eq!(
        replica
            .apply_event("put-object", &data.to_string(), None)
            .unwrap(),
        TransferProgress::Pending
    );
}

fn put_entry(replica: &mut Replica, key: &str, version: u64, entry: &str, value: &Json) {
    let data = json!({"kind": "overrides", "key": key, "version": version, "entry": entry, "value": value});
    assert_eq!(
        replica
            .apply_event("put-entry", &data.to_string(), None)
            .unwrap(),
        TransferProgress::Pending
    );
}

fn transferred(
    replica: &mut Replica,
    revision: u64,
    objects: &[(&str, &str, u64)],
) -> Result<TransferProgress, ReplicaError> {
    let sum = objects.iter().fold(0_u64, |sum, (kind, key, version)| {
        sum.wrapping_add(state_hash(kind, key, *version))
    });
    let hash = format!("{sum:016x}");
    let data = json!({"schemaVersion": 1, "environment": "production", "revision": revision, "hash": hash});
    replica.apply_event(
        "payload-transferred",
        &data.to_string(),
        Some(&format!("e.{revision}.{hash}")),
    )
}

fn changed(step: &TransferProgress) -> Vec<String> {
    match step {
        TransferProgress::Committed(commit) => {
            commit.changed.iter().map(ToString::to_string).collect()
        }
        other => panic!("no commit: {other:?}"),
    }
}

fn intent(replica: &mut Replica, intent: &str) -> TransferProgress {
    replica
        .apply_event(
            "server-intent",
            &json!({"intent": intent}).to_string(),
            None,
        )
        .unwrap()
}

fn value(snapshot: &Snapshot, flag: &str, user: &str) -> Value {
    snapshot
        .evaluate(flag, None, &Context::new(user), Timestamp::from_millis(0))
        .value_or(&Value::Null)
        .clone()
}

/// A replica that holds `a` (off) and `b` (on), both of revision 1
fn replica() -> Replica {
    let mut replica = Replica::new();
    intent(&mut replica, "xfer-full");
    put(&mut replica, "flag", "a", 1, &boolean("off"));
    put(&mut replica, "flag", "b", 1, &boolean("on"));
    let step = transferred(&mut replica, 1, &[("flag", "a", 1), ("flag", "b", 1)]).unwrap();
    assert_eq!(changed(&step), ["a", "b"]);
    replica
}

#[test]
fn nothing_is_served_before_the_transfer_is_complete() {
    let mut replica = Replica::new();
    intent(&mut replica, "xfer-full");
    put(&mut replica, "flag", "a", 1, &boolean("on"));
    assert_eq!(replica.snapshot().flags().len(), 0);
    assert_eq!(replica.cursor(), None);
    transferred(&mut replica, 1, &[("flag", "a", 1)]).unwrap();
    assert_eq!(value(&replica.snapshot(), "a", "u"), Value::Boolean(true));
    assert!(replica.cursor().unwrap().starts_with("e.1."));
    assert_eq!(
        (
            replica.snapshot().environment(),
            replica.snapshot().revision()
        ),
        ("production", 1)
    );
}

#[test]
fn a_delta_needs_no_intent_and_names_what_changed() {
    let mut replica = replica();
    let before = replica.snapshot();
    put(&mut replica, "flag", "a", 2, &boolean("on"));
    let step = transferred(&mut replica, 2, &[("flag", "a", 2), ("flag", "b", 1)]).unwrap();
    assert_eq!(changed(&step), ["a"]);
    assert_eq!(value(&replica.snapshot(), "a", "u"), Value::Boolean(true));
    assert_eq!(
        value(&before, "a", "u"),
        Value::Boolean(false),
        "a reader keeps the snapshot that it has"
    );
}

#[test]
fn a_deletion_is_a_change_and_a_later_put_revives() {
    let mut replica = replica();
    replica
        .apply_event(
            "delete-object",
            r#"{"kind": "flag", "key": "a", "version": 2}"#,
            None,
        )
        .unwrap();
    assert_eq!(
        changed(&transferred(&mut replica, 2, &[("flag", "b", 1)]).unwrap()),
        ["a"]
    );
    put(&mut replica, "flag", "a", 3, &boolean("on"));
    assert_eq!(
        changed(&transferred(&mut replica, 3, &[("flag", "a", 3), ("flag", "b", 1)]).unwrap()),
        ["a"]
    );
}

#[test]
fn an_older_version_never_overwrites_a_newer_one() {
    let mut replica = replica();
    put(&mut replica, "flag", "a", 5, &boolean("on"));
    put(&mut replica, "flag", "a", 4, &boolean("off"));
    replica
        .apply_event(
            "delete-object",
            r#"{"kind": "flag", "key": "a", "version": 3}"#,
            None,
        )
        .unwrap();
    transferred(&mut replica, 5, &[("flag", "a", 5), ("flag", "b", 1)]).unwrap();
    assert_eq!(value(&replica.snapshot(), "a", "u"), Value::Boolean(true));
}

#[test]
fn a_full_transfer_starts_from_nothing() {
    let mut replica = replica();
    intent(&mut replica, "xfer-full");
    put(&mut replica, "flag", "a", 1, &boolean("on"));
    assert_eq!(
        changed(&transferred(&mut replica, 1, &[("flag", "a", 1)]).unwrap()),
        ["a", "b"]
    );
}

#[test]
fn an_empty_environment_is_a_state() {
    let mut replica = replica();
    intent(&mut replica, "xfer-full");
    assert_eq!(
        changed(&transferred(&mut replica, 0, &[]).unwrap()),
        ["a", "b"]
    );
    assert_eq!(replica.snapshot().flags().len(), 0);
}

#[test]
fn a_wrong_hash_applies_nothing_and_forgets_the_cursor() {
    let mut replica = replica();
    put(&mut replica, "flag", "a", 2, &boolean("on"));
    let error = transferred(&mut replica, 2, &[("flag", "a", 3), ("flag", "b", 1)]).unwrap_err();
    assert!(matches!(error, ReplicaError::Hash { .. }), "{error}");
    assert_eq!(replica.cursor(), None);
    assert_eq!(value(&replica.snapshot(), "a", "u"), Value::Boolean(false));
}

#[test]
fn an_unreadable_event_discards_the_transfer() {
    for (name, data) in [
        ("put-object", "{}"),
        ("put-object", "not json"),
        ("delete-entry", "[]"),
        ("server-intent", r#"{"intent":"xfer-odd"}"#),
        ("payload-transferred", "{}"),
    ] {
        let mut replica = replica();
        put(&mut replica, "flag", "a", 2, &boolean("on"));
        assert!(
            matches!(
                replica.apply_event(name, data, None),
                Err(ReplicaError::Data { .. })
            ),
            "{name} {data}"
        );
        assert_eq!(replica.cursor(), None);
        assert_eq!(value(&replica.snapshot(), "a", "u"), Value::Boolean(false));
    }
}

#[test]
fn what_cannot_be_read_in_an_object_breaks_the_object_alone() {
    let mut replica = replica();
    let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
    for (key, version, object) in [
        ("b", 2, r#"{"type": "boolean", "owner": 1e400}"#),
        ("c", 3, r#"{"type": "boolean", "\ud800": 1}"#),
        ("d", 4, &format!(r#"{{"owner": {deep}}}"#)),
    ] {
        let data = format!(
            r#"{{"kind": "flag", "key": "{key}", "version": {version}, "object": {object}}}"#
        );
        replica.apply_event("put-object", &data, None).unwrap();
    }
    let objects = [
        ("flag", "a", 1),
        ("flag", "b", 2),
        ("flag", "c", 3),
        ("flag", "d", 4),
    ];
    transferred(&mut replica, 4, &objects).unwrap();
    let snapshot = replica.snapshot();
    assert_eq!(value(&snapshot, "a", "u"), Value::Boolean(false));
    let pointers: Vec<&str> = snapshot
        .issues()
        .iter()
        .map(|issue| &*issue.pointer)
        .collect();
    let deepest = format!("/flags/d/owner{}", "/0".repeat(126));
    assert_eq!(pointers, ["/flags/b/owner", "/flags/c", &deepest]);
}

#[test]
fn an_object_is_the_same_wherever_it_stands() {
    let object = boolean("on");
    let mut replica = Replica::new();
    let document = format!(r#"{{"schemaVersion": 1, "flags": {{"a": {object} , "b": {object}}}}}"#);
    replica.load_document(&document).unwrap();
    for data in [
        format!(r#"{{"kind": "flag", "key": "a", "version": 1, "object": {object} }}"#),
        format!(r#"{{"object" : {object}, "kind": "flag", "key": "b", "version": 1}}"#),
    ] {
        replica.apply_event("put-object", &data, None).unwrap();
    }
    let objects = [("flag", "a", 1), ("flag", "b", 1)];
    assert!(changed(&transferred(&mut replica, 1, &objects).unwrap()).is_empty());
}

#[test]
fn a_cut_drops_the_half_received_transfer_and_keeps_the_cursor() {
    let mut replica = replica();
    let cursor = replica.cursor().map(ToOwned::to_owned);
    put(&mut replica, "flag", "a", 2, &boolean("on"));
    replica.begin_connection();
    assert_eq!(replica.cursor().map(ToOwned::to_owned), cursor);
    intent(&mut replica, "xfer-changes");
    put(&mut replica, "flag", "b", 3, &boolean("off"));
    assert_eq!(
        changed(&transferred(&mut replica, 3, &[("flag", "a", 1), ("flag", "b", 3)]).unwrap()),
        ["b"]
    );
}

#[test]
fn an_error_keeps_what_is_served() {
    let mut replica = replica();
    intent(&mut replica, "xfer-full");
    let step = replica
        .apply_event("error", r#"{"reason": "busy"}"#, None)
        .unwrap();
    assert_eq!(
        step,
        TransferProgress::Discarded {
            reason: "busy".into()
        }
    );
    assert_eq!(replica.snapshot().flags().len(), 2);
    assert!(replica.cursor().is_some());
}

#[test]
fn what_is_unknown_is_ignored_but_counted() {
    let mut replica = replica();
    assert_eq!(
        replica.apply_event("fireworks", "whatever", None).unwrap(),
        TransferProgress::Ignored
    );
    put(&mut replica, "hologram", "h", 2, &json!([1]));
    transferred(
        &mut replica,
        2,
        &[("flag", "a", 1), ("flag", "b", 1), ("hologram", "h", 2)],
    )
    .unwrap();
    assert_eq!(
        replica
            .apply_event(
                "goodbye",
                r#"{"reason": "drain", "retryAfterMs": 250}"#,
                None
            )
            .unwrap(),
        TransferProgress::Goodbye {
            reason: "drain".into(),
            retry_after_ms: Some(250)
        }
    );
    assert_eq!(intent(&mut replica, "none"), TransferProgress::Current);
}

#[test]
fn one_entry_of_a_long_list_changes_without_the_list() {
    let mut replica = replica();
    let list: serde_json::Map<String, Json> = (0..10_000)
        .map(|id| (format!("u{id}"), json!("include")))
        .collect();
    put(&mut replica, "overrides", "a/user", 2, &Json::Object(list));
    let list_at = |version| {
        [
            ("flag", "a", 1),
            ("flag", "b", 1),
            ("overrides", "a/user", version),
        ]
    };
    assert_eq!(
        changed(&transferred(&mut replica, 2, &list_at(2)).unwrap()),
        ["a"]
    );
    let before = replica.snapshot();
    put_entry(&mut replica, "a/user", 3, "u7", &json!("exclude"));
    put_entry(&mut replica, "a/user", 3, "new", &json!("include"));
    replica
        .apply_event(
            "delete-entry",
            r#"{"kind": "overrides", "key": "a/user", "version": 3, "entry": "u8"}"#,
            None,
        )
        .unwrap();
    assert_eq!(
        changed(&transferred(&mut replica, 3, &list_at(3)).unwrap()),
        ["a"]
    );
    let after = replica.snapshot();
    let values = |snapshot: &Snapshot| {
        ["u7", "u8", "u9", "new"].map(|user| value(snapshot, "a", user) == Value::Boolean(true))
    };
    assert_eq!(values(&before), [true, true, true, false]);
    assert_eq!(values(&after), [false, false, true, true]);
}

#[test]
fn a_bad_entry_breaks_its_flag_until_it_is_mended() {
    let mut replica = replica();
    put_entry(
        &mut replica,
        "a/user",
        2,
        "u1",
        &json!({"variant": "purple"}),
    );
    transferred(
        &mut replica,
        2,
        &[
            ("flag", "a", 1),
            ("flag", "b", 1),
            ("overrides", "a/user", 2),
        ],
    )
    .unwrap();
    let issues: Vec<String> = replica
        .snapshot()
        .issues()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        issues,
        ["/flags/a/overrides/user/u1: unknown variant `purple`"]
    );
    assert_eq!(value(&replica.snapshot(), "b", "u"), Value::Boolean(true));
    put_entry(&mut replica, "a/user", 3, "u1", &json!({"variant": "on"}));
    transferred(
        &mut replica,
        3,
        &[
            ("flag", "a", 1),
            ("flag", "b", 1),
            ("overrides", "a/user", 3),
        ],
    )
    .unwrap();
    assert_eq!(replica.snapshot().issues(), []);
    assert_eq!(value(&replica.snapshot(), "a", "u1"), Value::Boolean(true));
}

#[test]
fn a_document_replaces_everything_and_a_refused_one_nothing() {
    let mut replica = replica();
    assert!(
        replica
            .load_document(r#"{"schemaVersion": 2, "flags": "of the future"}"#)
            .is_err()
    );
    assert!(replica.load_document("{").is_err());
    assert!(replica.cursor().is_some());
    let commit = replica.load_document(r#"{"schemaVersion": 1, "flags": {"b": {"type": "boolean", "enabled": true, "serve": "on"}}}"#).unwrap();
    assert_eq!(
        commit.changed.len(),
        2,
        "`a` is gone and `b` was compiled anew"
    );
    assert_eq!(replica.cursor(), None);
}

#[test]
fn a_full_transfer_of_what_is_held_changes_nothing() {
    let list = json!({"u1": "include", "u2": {"variant": "off"}});
    let mut replica = replica();
    put(&mut replica, "overrides", "a/user", 2, &list);
    let objects = [
        ("flag", "a", 1),
        ("flag", "b", 1),
        ("overrides", "a/user", 2),
    ];
    transferred(&mut replica, 2, &objects).unwrap();
    intent(&mut replica, "xfer-full");
    put(&mut replica, "flag", "a", 1, &boolean("off"));
    put(&mut replica, "flag", "b", 1, &boolean("on"));
    put(&mut replica, "overrides", "a/user", 2, &list);
    assert_eq!(
        changed(&transferred(&mut replica, 2, &objects).unwrap()),
        [""; 0]
    );
}
