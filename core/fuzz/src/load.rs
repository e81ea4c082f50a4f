//! Documents

use std::collections::BTreeSet;
use std::sync::Arc;

use flagstaff_analysis::check::check_document;
use flagstaff_analysis::wire::{join, split};
use flagstaff_core::{Context, Snapshot, Timestamp};
use serde_json::Value as Json;

/// Loads bytes as a document, splits the document and joins it again
pub fn load(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    drop(Snapshot::from_json(&text));
    // The following checks are about values, in which only the last of two fields with the same name counts.
    let Ok(document) = serde_json::from_str::<Json>(&text) else {
        return;
    };
    let (checked, loaded) = (
        check_document(&document.to_string()),
        Snapshot::from_json(&document.to_string()),
    );
    assert_eq!(
        checked.is_ok(),
        loaded.is_ok(),
        "the strict side refuses whole what the lenient one does"
    );
    let objects = split(&document);
    let (Ok(issues), Ok(snapshot)) = (checked, loaded) else {
        return;
    };
    for issue in snapshot.issues() {
        assert!(
            issues.contains(issue),
            "only the lenient side complains: {issue:?}"
        );
        assert!(
            issue.pointer.is_empty() || issue.pointer.starts_with('/'),
            "no pointer: {issue:?}"
        );
    }
    let (context, now) = (Context::new("u1").with("plan", "pro"), Timestamp::default());
    let joined = join(snapshot.environment(), snapshot.revision(), objects).to_string();
    let joined = Snapshot::from_json(&joined);
    assert!(joined.is_ok(), "the wire made it unreadable: {joined:?}");
    let Ok(joined) = joined else {
        return;
    };
    // Not `changed_since`, which compares the text of objects and may report more than the real changes.
    let answers = |snapshot: &Snapshot| format!("{:?}", snapshot.evaluate_all(&context, now));
    assert_eq!(
        answers(&joined),
        answers(&snapshot),
        "the wire changed answers"
    );
    assert_eq!(
        broken(&joined),
        broken(&snapshot),
        "the wire changed what is broken"
    );
}

fn broken(snapshot: &Snapshot) -> BTreeSet<Option<Arc<str>>> {
    snapshot
        .issues()
        .iter()
        .map(|issue| issue.flag.clone())
        .collect()
}
