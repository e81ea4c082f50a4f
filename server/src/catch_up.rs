//! From a state that this node serves to the one that the store is at, by what has changed in between
//!
//! Pure: what the store told goes in, the state comes out, or nothing if what was told does not lead there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flagstaff_core::SnapshotError;
use imbl::OrdMap;

use crate::history::{before, replaced_bytes};
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects, Whole};
use crate::published::Published;
use crate::store::{ChangeRow, EnvironmentContent, FlagRow, Stored};
use crate::view::{Scope, State};

/// The state after `current` that the store told of, with all states in between in its history; `None` if `told` does not begin
/// where `current` ends
pub(crate) fn catch_up(
    current: &Published,
    told: &EnvironmentContent,
) -> Result<Option<Published>, SnapshotError> {
    let objects = apply(current.state().objects(Scope::All), told);
    let state = Arc::new(current.state().with(told.revision, objects));
    let Some(passed) = passed(current.state(), &state, &told.changes) else {
        return Ok(None);
    };
    let mut history = current.history().clone();
    for (state, replaced) in passed {
        history.push(state, replaced);
    }
    let flags = flags(current.flags(), told);
    current.succeed(state, flags, history).map(Some)
}

/// The objects as they are now: those told of, and of lists only the entries told of
fn apply(before: &Objects, told: &EnvironmentContent) -> Objects {
    let stored: BTreeMap<_, _> = told.objects.iter().map(|(id, it)| (id, it)).collect();
    let entry = |(id, entry, value)| ((id, entry), value);
    let entries = told.entries.iter().map(|(a, b, c)| entry((a, b, c)));
    let entries: BTreeMap<(&ObjectId, &Arc<str>), &Arc<str>> = entries.collect();
    let mut changed: BTreeMap<&ObjectId, BTreeSet<&Arc<str>>> = BTreeMap::new();
    for ChangeRow { change, .. } in &told.changes {
        changed.entry(&change.id).or_default().extend(&change.entry);
    }
    let mut objects = before.clone();
    for (id, changed_entries) in changed {
        let Some(Stored { version, value }) = stored.get(id) else {
            objects.remove(id);
            continue;
        };
        let body = value.as_ref().map_or_else(
            || {
                let mut list = held_entries(before, id);
                for entry in changed_entries {
                    match entries.get(&(id, entry)) {
                        Some(value) => drop(list.insert(Arc::clone(entry), Arc::clone(value))),
                        None => drop(list.remove(entry)),
                    }
                }
                Body::List(list)
            },
            |text| Body::Whole(Arc::new(Whole::new(id.kind, Arc::clone(text)))),
        );
        let version = *version;
        objects.insert(id, Object { version, body });
    }
    objects
}

fn held_entries(objects: &Objects, id: &ObjectId) -> OrdMap<Arc<str>, Arc<str>> {
    match objects.get(id) {
        Some(Object {
            body: Body::List(entries),
            ..
        }) => entries.clone(),
        _ => OrdMap::new(),
    }
}

/// The states from `from` to before `to`, each with the bytes that its successor replaced, the oldest first; `None` unless undoing
/// `changes`, the newest first, leads from `to` back to `from`, by content: in a restored backup `from`'s versions are those of others
fn passed(
    from: &Arc<State>,
    to: &Arc<State>,
    changes: &[ChangeRow],
) -> Option<Vec<(Arc<State>, usize)>> {
    let mut states = Vec::new();
    let mut state = Arc::clone(to);
    for revision in changes.chunk_by(|a, b| a.revision == b.revision) {
        state = before(&state, revision)?;
        let replaced = replaced_bytes(revision.iter().map(|row| &row.change));
        states.push((Arc::clone(&state), replaced));
    }
    let is_from = state.revision() == from.revision()
        && state.objects(Scope::All).content_hash() == from.objects(Scope::All).content_hash();
    states.reverse();
    is_from.then_some(states)
}

fn flags(
    before: &OrdMap<Arc<str>, FlagRow>,
    told: &EnvironmentContent,
) -> OrdMap<Arc<str>, FlagRow> {
    let mut flags = before.clone();
    // Each flag that changed is told of below, unless it is gone.
    for ChangeRow { change, .. } in &told.changes {
        if change.id.kind == ObjectKind::Flag {
            flags.remove(&change.id.key);
        }
    }
    for row in &told.flags {
        flags.insert(Arc::clone(&row.key), row.clone());
    }
    flags
}
