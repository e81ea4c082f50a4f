//! The recent states of an environment, from which a stream can resume

use std::sync::Arc;

use imbl::OrdMap;

use crate::engine::visibility::{State, Visibility};
use crate::object::{Body, Object, Objects, Whole};
use crate::store::{Change, ChangeRow, HISTORY_BYTES};

/// The number of past revisions from which a stream can resume
const STATES: usize = 1_000;
/// Past states, limited in number and in the bytes that only they hold
#[derive(Debug, Clone, Default)]
pub(crate) struct RecentStates {
    states: OrdMap<u64, Past>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct Past {
    state: Arc<State>,
    // Bytes that the next revision replaced.
    bytes: usize,
}

impl RecentStates {
    /// The state at `revision`, if it is still known
    pub(crate) fn get(&self, revision: u64) -> Option<&Arc<State>> {
        self.states.get(&revision).map(|past| &past.state)
    }

    /// Adds the state that became past when a change replaced `replaced` bytes; the oldest states make room
    pub(crate) fn push(&mut self, state: Arc<State>, replaced: usize) {
        self.insert(state, replaced);
        while self.is_over() && self.forget_oldest().is_some() {}
    }

    /// Rebuilds past states from the stored changes, newest first
    pub(crate) fn restore(current: &Arc<State>, changes: &[ChangeRow]) -> Self {
        let mut history = Self::default();
        let mut state = Arc::clone(current);
        for revision in changes.chunk_by(|a, b| a.revision == b.revision) {
            // A gap in the stored changes ends the history.
            let Some(earlier) = state_before(&state, revision) else {
                break;
            };
            state = earlier;
            history.insert(
                Arc::clone(&state),
                replaced_bytes(revision.iter().map(|row| &row.change)),
            );
            if history.is_over() {
                history.forget_oldest();
                break;
            }
        }
        history
    }

    fn insert(&mut self, state: Arc<State>, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.states.insert(state.revision(), Past { state, bytes });
    }

    fn is_over(&self) -> bool {
        self.states.len() > STATES || self.bytes > HISTORY_BYTES
    }

    fn forget_oldest(&mut self) -> Option<()> {
        let oldest = self.states.get_min()?.0;
        let past = self.states.remove(&oldest)?;
        self.bytes = self.bytes.saturating_sub(past.bytes);
        Some(())
    }
}

/// The state before a revision, given its changes, newest first; `None` if `state` is not the result of these changes
pub(crate) fn state_before(state: &Arc<State>, revision: &[ChangeRow]) -> Option<Arc<State>> {
    if revision.first()?.revision != state.revision() {
        return None;
    }
    let mut objects = state.objects(Visibility::All).clone();
    for row in revision {
        undo(&mut objects, &row.change);
    }
    Some(Arc::new(
        state.with(state.revision().saturating_sub(1), objects),
    ))
}

/// The bytes that these changes replaced or removed
pub(crate) fn replaced_bytes<'a>(changes: impl IntoIterator<Item = &'a Change>) -> usize {
    changes
        .into_iter()
        .map(|change| change.before.as_ref().map_or(0, |before| before.len()))
        .fold(0, usize::saturating_add)
}

fn undo(objects: &mut Objects, change: &Change) {
    let Some(version) = change.before_version else {
        objects.remove(&change.id);
        return;
    };
    let body = if change.id.kind.is_list() {
        let mut entries = match objects.get(&change.id) {
            Some(Object {
                body: Body::List(entries),
                ..
            }) => entries.clone(),
            _ => OrdMap::new(),
        };
        match (&change.entry, &change.before) {
            (Some(entry), Some(before)) => {
                drop(entries.insert(Arc::clone(entry), Arc::clone(before)));
            }
            (Some(entry), None) => drop(entries.remove(entry)),
            (None, _) => {}
        }
        Body::List(entries)
    } else {
        let Some(before) = &change.before else { return };
        Body::Whole(Arc::new(Whole::new(change.id.kind, Arc::clone(before))))
    };
    objects.insert(&change.id, Object { version, body });
}
