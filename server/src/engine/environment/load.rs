//! Publishes what was loaded from the store

use std::sync::Arc;

use flagstaff_core::SnapshotError;
use imbl::OrdMap;

use crate::engine::published::{EnvironmentIdentity, PublishedRevision};
use crate::engine::recent_states::RecentStates;
use crate::engine::visibility::State;
use crate::object::{Body, Object, ObjectId, Objects, Whole};
use crate::store::{EnvironmentContent, FlagRow};

/// Compiles the whole state that was loaded from the store
pub(super) fn publish(
    identity: EnvironmentIdentity,
    content: &EnvironmentContent,
) -> Result<PublishedRevision, SnapshotError> {
    let EnvironmentContent {
        revision,
        flags,
        changes,
        ..
    } = content;
    let state = State::new(identity.lineage(), *revision, assemble(content));
    let state = Arc::new(state);
    let history = RecentStates::restore(&state, changes);
    let flags: OrdMap<Arc<str>, FlagRow> = flags
        .iter()
        .map(|row| (Arc::clone(&row.key), row.clone()))
        .collect();
    PublishedRevision::new(Arc::new(identity), state, flags, history)
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
