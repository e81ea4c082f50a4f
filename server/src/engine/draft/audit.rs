//! The audit entry of one flag, segment, group or holdout that a revision changes

use std::collections::BTreeSet;
use std::sync::Arc;

use flagstaff_core::Value;
use serde_json::Value as Json;

use crate::object::patch::{leaves, merge, served_value};
use crate::object::{ObjectId, ObjectKind, escaped, value as value_of};
use crate::store::{
    Action, AuditEntry, Change, Difference, EntryChange, SHOWN_ENTRIES, audited_differences,
    canonical_changes,
};

/// The audit entry of `owner`, given the changes of its object and lists; `state` is the object after the change
///
/// The entry is as large as the change, not as the lists that were changed.
pub(super) fn entry<'c>(
    owner: &ObjectId,
    action: Action,
    state: Option<Arc<str>>,
    own: impl Iterator<Item = &'c Change>,
) -> AuditEntry {
    let mut changes = Vec::new();
    let mut lists = Vec::new();
    let mut before = state.as_ref();
    for change in own {
        if change.id.kind.is_list() {
            lists.push(change);
        } else {
            before = change.before.as_ref();
            changes =
                audited_differences(read(change.before.as_ref()), read(change.after.as_ref()));
        }
    }
    // The entries describe a list that was created or deleted with entries.
    let entries = lists.iter().filter(|change| change.entry.is_some());
    let with_entries: BTreeSet<&ObjectId> = entries.map(|change| &change.id).collect();
    let shown = lists
        .iter()
        .filter(|change| change.entry.is_some() || !with_entries.contains(&change.id));
    let served = lists.iter().any(|change| is_patch(change)).then(|| {
        let served = |flag: Option<&Arc<str>>| flag.map(|flag| served_value(&json(flag)));
        [before, state.as_ref()].map(|flag| served(flag).unwrap_or_default())
    });
    let shown = shown.flat_map(|change| match &served {
        Some(served) if is_patch(change) => leaf_differences(change, served),
        _ => vec![difference(change)],
    });
    changes.extend(shown.take(SHOWN_ENTRIES));
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

fn json(text: &str) -> Json {
    // INVARIANT: what the server holds is canonical JSON.
    serde_json::from_str(text).unwrap_or_default()
}

/// Whether an override, before and after a change, is a patch or does not exist
fn is_patch(change: &Change) -> bool {
    let is_patch = |text: &Arc<str>| text.starts_with("{\"patch\":{");
    let texts = [&change.before, &change.after];
    let mut texts = texts.into_iter().flatten().peekable();
    change.entry.is_some() && texts.peek().is_some() && texts.all(is_patch)
}

/// The differences of an override that is a patch, leaf by leaf: the value of its context before and after
///
/// Rules are ignored: the patch is applied to the value of the flag's own serve.
fn leaf_differences(change: &Change, served: &[Json; 2]) -> Vec<Difference> {
    let sides = [&change.before, &change.after].map(|text| {
        let text = text.as_deref().map_or(Json::Null, json);
        text.get("patch").cloned()
    });
    let pointer = difference(change).pointer;
    let mut values = served.clone();
    for (value, patch) in values.iter_mut().zip(&sides) {
        if let Some(patch) = patch {
            merge(value, patch.clone());
        }
    }
    let [before, after] = values;
    let all = sides.iter().flatten().flat_map(leaves);
    let all: BTreeSet<String> = all.collect();
    let is_same = |leaf: &String| {
        let [was, is] = [&sides[0], &sides[1]].map(|patch| patch.as_ref()?.pointer(leaf));
        was == is
    };
    let found = |value: &Json, leaf: &str| value.pointer(leaf).map(value_of);
    let changed = all.into_iter().filter(|leaf| !is_same(leaf));
    changed
        .map(|leaf| Difference {
            before: found(&before, &leaf),
            after: found(&after, &leaf),
            pointer: format!("{pointer}/patch{leaf}"),
        })
        .collect()
}

fn difference(change: &Change) -> Difference {
    let kind = change.id.kind;
    let (member, level) = (
        kind.member().unwrap_or_default(),
        escaped(change.id.level()),
    );
    let Some(entry) = &change.entry else {
        // As in a document, where ids are an array.
        let empty = if kind == ObjectKind::Overrides {
            "{}"
        } else {
            "[]"
        };
        let empty = |text: &Option<Arc<str>>| read(text.is_some().then(|| empty.into()).as_ref());
        return Difference {
            pointer: format!("/{member}/{level}"),
            before: empty(&change.before),
            after: empty(&change.after),
        };
    };
    Difference {
        pointer: format!("/{member}/{level}/{}", escaped(entry)),
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
