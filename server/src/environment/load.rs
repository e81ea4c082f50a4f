//! From what the store tells to what is served

use std::sync::Arc;

use flagstaff_core::SnapshotError;
use imbl::OrdMap;

use crate::history::History;
use crate::object::{Body, Object, ObjectId, Objects, Whole};
use crate::published::{Identity, Published};
use crate::store::{EnvironmentContent, FlagRow};
use crate::view::State;

/// The state that the store told of whole, compiled
pub(super) fn publish(
    identity: Identity,
    content: &EnvironmentContent,
) -> Result<Published, SnapshotError> {
    let EnvironmentContent {
        revision,
        flags,
        changes,
        ..
    } = content;
    let state = State::new(identity.lineage(), *revision, assemble(content));
    let state = Arc::new(state);
    let history = History::restore(&state, changes);
    let flags: OrdMap<Arc<str>, FlagRow> = flags
        .iter()
        .map(|row| (Arc::clone(&row.key), row.clone()))
        .collect();
    Published::new(Arc::new(identity), state, flags, history)
}

fn assemble(content: &EnvironmentContent) -> Objects {
    let mut lists: OrdMap<ObjectId, OrdMap<Arc<str>, Arc<str>>> = OrdMap::new();
    for (id, entry, value) in &content.entries {
        lists
            .entry(id.clone())
            .or_default()
            .insert(Arc::clone(entry), Arc::clone(value));
    }
    let mut objects = Objects::default();
    for (id, stored) in &content.objects {
        let body = match &stored.value {
            Some(text) => Body::Whole(Arc::new(Whole::new(id.kind, Arc::clone(text)))),
            None => Body::List(lists.remove(id).unwrap_or_default()),
        };
        objects.insert(
            id,
            Object {
                version: stored.version,
                body,
            },
        );
    }
    objects
}
