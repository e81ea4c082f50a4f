//! Brings an environment from the state that this node serves to the state in the store, using the changes in between
//!
//! Pure functions: the rows read from the store go in, the new state comes out, or `None` if the rows do not lead to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flagstaff_core::SnapshotError;
use imbl::OrdMap;

use crate::engine::published::PublishedRevision;
use crate::engine::recent_states::{replaced_bytes, state_before};
use crate::engine::visibility::{State, Visibility};
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects, Whole};
use crate::store::{ChangeRow, EnvironmentContent, FlagRow, Stored};

/// The state after `current` according to the rows of the store, with all states in between in its history; `None` if the rows do not begin
/// at `current`
pub(crate) fn catch_up(
    current: &PublishedRevision,
    rows: &EnvironmentContent,
) -> Result<Option<PublishedRevision>, SnapshotError> {
    let objects = apply(current.state().objects(Visibility::All), rows);
    let state = Arc::new(current.state().with(rows.revision, objects));
    let Some(passed) = passed(current.state(), &state, &rows.changes) else {
        return Ok(None);
    };
    let mut history = current.history().clone();
    for (state, replaced) in passed {
        history.push(state, replaced);
    }
    let flags = flags(current.flags(), rows);
    current.succeed(state, flags, history).map(Some)
}

/// The current objects: the stored objects replace those before, and of lists only the stored entries change
fn apply(before: &Objects, rows: &EnvironmentContent) -> Objects {
    let stored: BTreeMap<_, _> = rows.objects.iter().map(|(id, it)| (id, it)).collect();
    let entry = |(id, entry, value)| ((id, entry), value);
    let entries = rows.entries.iter().map(|(a, b, c)| entry((a, b, c)));
    let entries: BTreeMap<(&ObjectId, &Arc<str>), &Arc<str>> = entries.collect();
    let mut changed: BTreeMap<&ObjectId, BTreeSet<&Arc<str>>> = BTreeMap::new();
    for ChangeRow { change, .. } in &rows.changes {
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

/// The states from `from` up to and excluding `to`, oldest first, each with the number of bytes that the next state replaced
///
/// Returns `None` unless undoing `changes` (newest first) leads from `to` back to the content of `from`. The version numbers alone do not
/// show it: a restored backup uses them again for other content.
fn passed(
    from: &Arc<State>,
    to: &Arc<State>,
    changes: &[ChangeRow],
) -> Option<Vec<(Arc<State>, usize)>> {
    let mut states = Vec::new();
    let mut state = Arc::clone(to);
    for revision in changes.chunk_by(|a, b| a.revision == b.revision) {
        state = state_before(&state, revision)?;
        let replaced = replaced_bytes(revision.iter().map(|row| &row.change));
        states.push((Arc::clone(&state), replaced));
    }
    let is_from = state.revision() == from.revision()
        && state.objects(Visibility::All).content_hash()
            == from.objects(Visibility::All).content_hash();
    states.reverse();
    is_from.then_some(states)
}

fn flags(
    before: &OrdMap<Arc<str>, FlagRow>,
    rows: &EnvironmentContent,
) -> OrdMap<Arc<str>, FlagRow> {
    let mut flags = before.clone();
    // Each changed flag has its own row below, unless the flag was deleted.
    for ChangeRow { change, .. } in &rows.changes {
        if change.id.kind == ObjectKind::Flag {
            flags.remove(&change.id.key);
        }
    }
    for row in &rows.flags {
        flags.insert(Arc::clone(&row.key), row.clone());
    }
    flags
}
