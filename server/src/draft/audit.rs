//! What the audit says of one flag, segment, group or holdout that a revision changes

use std::collections::BTreeSet;
use std::sync::Arc;

use flagstaff_core::Value;

use crate::object::{ObjectId, ObjectKind, escaped};
use crate::store::{
    Action, AuditEntry, Change, EntryChange, PathChange, SHOWN_ENTRIES, canonical_changes,
    path_changes,
};

/// What is said of `owner`, of whose object and lists these are the changes; `state` is its object as it will be
///
/// Its size is that of what changed, not that of the lists it was changed in.
pub(super) fn entry<'c>(
    owner: &ObjectId,
    action: Action,
    state: Option<Arc<str>>,
    own: impl Iterator<Item = &'c Change>,
) -> AuditEntry {
    let mut changes = Vec::new();
    let mut lists = Vec::new();
    for change in own {
        if change.id.kind.is_list() {
            lists.push(change);
        } else {
            changes = path_changes(read(change.before.as_ref()), read(change.after.as_ref()));
        }
    }
    // A list that comes or goes with entries is told by these.
    let entries = lists.iter().filter(|change| change.entry.is_some());
    let told: BTreeSet<&ObjectId> = entries.map(|change| &change.id).collect();
    let shown = lists
        .iter()
        .filter(|change| change.entry.is_some() || !told.contains(&change.id));
    changes.extend(shown.take(SHOWN_ENTRIES).map(|change| path_change(change)));
    AuditEntry {
        action,
        kind: owner.kind.as_str(),
        name: Arc::clone(&owner.key),
        changes: canonical_changes(&changes),
        state,
        entries: lists.into_iter().map(entry_change).collect(),
    }
}

fn read(text: Option<&Arc<str>>) -> Option<Value> {
    text.map(|text| serde_json::from_str(text).unwrap_or_default())
}

fn path_change(change: &Change) -> PathChange {
    let kind = change.id.kind;
    let (member, level) = (
        kind.member().unwrap_or_default(),
        escaped(change.id.level()),
    );
    let Some(entry) = &change.entry else {
        // As it is in a document: ids are an array.
        let empty = if kind == ObjectKind::Overrides {
            "{}"
        } else {
            "[]"
        };
        let empty = |text: &Option<Arc<str>>| read(text.is_some().then(|| empty.into()).as_ref());
        return PathChange {
            path: format!("/{member}/{level}"),
            before: empty(&change.before),
            after: empty(&change.after),
        };
    };
    PathChange {
        path: format!("/{member}/{level}/{}", escaped(entry)),
        before: read(change.before.as_ref()),
        after: read(change.after.as_ref()),
    }
}

fn entry_change(change: &Change) -> EntryChange {
    EntryChange {
        list: change.id.kind,
        level: change.id.level().into(),
        entry: change.entry.clone(),
        before: change.before.clone(),
        after: change.after.clone(),
    }
}
