//! One environment at one revision, immutable; everything derived from it is computed at most once

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use flagstaff_core::{Snapshot, SnapshotError};
use imbl::OrdMap;

use crate::engine::coding::{self, ContentCoding, SharedBytes};
use crate::engine::compile_changes::succeed;
use crate::engine::recent_states::RecentStates;
use crate::engine::transfer::{self, Commit, Intent};
use crate::engine::visibility::{State, Visibility};
use crate::object::{Object, ObjectId, ObjectKind, Objects, write_document};
use crate::store::{EnvironmentRow, FlagRow};

mod render;

/// Deltas up to this size are always kept: for a thousand possible start revisions they add up to as many KiB
const SMALL_DELTA: usize = 4 << 10;
/// Bytes of larger deltas that are kept even if the environment is small
const MIN_KEPT_BYTES: usize = 1 << 20;

/// An environment at one revision
#[derive(Debug)]
pub struct PublishedRevision {
    identity: Arc<EnvironmentIdentity>,
    state: Arc<State>,
    flags: OrdMap<Arc<str>, FlagRow>,
    history: RecentStates,
    snapshot: Arc<Snapshot>,
    all: Rendered,
    client_side: Rendered,
    notice: OnceLock<SharedBytes>,
    client_side_flags: OnceLock<Vec<(usize, Arc<str>)>>,
    // Held while a body is rendered. An `Arc`, because the guard moves to the thread that renders.
    rendering: Arc<tokio::sync::Mutex<()>>,
}

/// The state that a client has. The revision alone does not identify it, since a restored backup uses revisions again
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) revision: u64,
    content: u64,
}

/// What stays the same in all revisions of an environment
#[derive(Debug)]
pub struct EnvironmentIdentity {
    /// A random id of the database, renewed when a backup is restored
    pub epoch: Arc<str>,
    /// The environment's row in the store
    pub row: EnvironmentRow,
}

/// The bodies of one scope, rendered on first use
#[derive(Debug, Default)]
struct Rendered {
    document: OnceLock<Bytes>,
    document_gzip: OnceLock<Bytes>,
    full: OnceLock<SharedBytes>,
    // By start revision; `None` if a full transfer is sent instead.
    deltas: Mutex<BTreeMap<u64, Option<SharedBytes>>>,
}

impl Rendered {
    fn deltas(&self) -> MutexGuard<'_, BTreeMap<u64, Option<SharedBytes>>> {
        self.deltas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The delta of this revision, if it has been rendered
    #[expect(
        clippy::option_option,
        reason = "nothing was made, everything is sent, or these changes are"
    )]
    fn delta(&self, revision: u64) -> Option<Option<SharedBytes>> {
        self.deltas().get(&revision).cloned()
    }
}

/// What a connection is sent to bring it to the current revision
#[derive(Debug)]
pub struct Transfer {
    /// The kind of transfer
    pub intent: Intent,
    /// The events after `server-intent`, including `payload-transferred`; `None` if there is nothing to send
    pub events: Option<SharedBytes>,
}

impl EnvironmentIdentity {
    /// Identifies the environment among those of all databases, and before and after a restored backup
    pub(crate) fn lineage(&self) -> Arc<str> {
        format!("{}/{}", self.epoch, self.row.id).into()
    }
}

impl PublishedRevision {
    /// Compiles a state; flags that do not compile are listed in the snapshot's issues
    pub(crate) fn new(
        identity: Arc<EnvironmentIdentity>,
        state: Arc<State>,
        flags: OrdMap<Arc<str>, FlagRow>,
        history: RecentStates,
    ) -> Result<Self, SnapshotError> {
        let nothing = (&Snapshot::empty(), &Objects::default());
        let snapshot = succeed(nothing, &identity.row, &state)?;
        Ok(Self::of(identity, state, flags, (history, snapshot)))
    }

    /// Compiles a later state of the same environment, sharing what did not change
    pub(crate) fn succeed(
        &self,
        state: Arc<State>,
        flags: OrdMap<Arc<str>, FlagRow>,
        history: RecentStates,
    ) -> Result<Self, SnapshotError> {
        let before = (&*self.snapshot, self.state.objects(Visibility::All));
        let snapshot = succeed(before, &self.identity.row, &state)?;
        let identity = Arc::clone(&self.identity);
        Ok(Self::of(identity, state, flags, (history, snapshot)))
    }

    fn of(
        identity: Arc<EnvironmentIdentity>,
        state: Arc<State>,
        flags: OrdMap<Arc<str>, FlagRow>,
        (history, snapshot): (RecentStates, Snapshot),
    ) -> Self {
        Self {
            identity,
            state,
            flags,
            history,
            snapshot: Arc::new(snapshot),
            all: Rendered::default(),
            client_side: Rendered::default(),
            notice: OnceLock::new(),
            client_side_flags: OnceLock::new(),
            rendering: Arc::default(),
        }
    }

    /// The environment's identity
    pub fn identity(&self) -> &Arc<EnvironmentIdentity> {
        &self.identity
    }

    /// The revision
    pub fn revision(&self) -> u64 {
        self.state.revision()
    }

    /// The objects
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// The stored metadata of each flag, by key
    pub fn flags(&self) -> &OrdMap<Arc<str>, FlagRow> {
        &self.flags
    }

    /// The compiled flags
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The flags marked `clientSide`, also broken ones, each with its position in the snapshot
    pub(crate) fn client_side_flags(&self) -> &[(usize, Arc<str>)] {
        self.client_side_flags.get_or_init(|| {
            let flags = self.snapshot.flags().enumerate();
            flags
                .filter(|(_, flag)| self.is_client_side(flag.key))
                .map(|(position, flag)| (position, flag.key.into()))
                .collect()
        })
    }

    /// Whether a flag is marked `clientSide`
    pub(crate) fn is_client_side(&self, flag: &str) -> bool {
        let id = ObjectId::new(ObjectKind::Flag, flag);
        let object = self.state.objects(Visibility::All).get(&id);
        object.is_some_and(Object::is_client_side)
    }

    pub(crate) fn history(&self) -> &RecentStates {
        &self.history
    }

    /// The cursor of this state in this scope (PR-5)
    pub fn cursor(&self, scope: Visibility) -> String {
        cursor(&self.identity.epoch, &self.state, scope)
    }

    /// The state that a client has after it was sent this one
    pub(crate) fn held(&self, scope: Visibility) -> Held {
        Held {
            revision: self.revision(),
            content: self.state.objects(scope).content_hash(),
        }
    }

    /// The environment as one document, with each list inside its owner
    pub fn document(&self, scope: Visibility) -> Bytes {
        self.rendered(scope)
            .document
            .get_or_init(|| document(&self.identity, &self.state, scope).into())
            .clone()
    }

    /// The same document in a content coding
    pub fn document_in(&self, scope: Visibility, coding: ContentCoding) -> Bytes {
        let document = self.document(scope);
        match coding {
            ContentCoding::Identity => document,
            ContentCoding::Gzip => self
                .rendered(scope)
                .document_gzip
                .get_or_init(|| coding::gzip(&document))
                .clone(),
        }
    }

    /// The transfer for a client that holds `cursor`; a cursor that this server does not know gets a full transfer (PR-9)
    pub fn transfer(&self, scope: Visibility, cursor_held: Option<&str>) -> Transfer {
        let held = match self.resume(scope, cursor_held) {
            Ok(revision) if revision == self.revision() => {
                return Transfer {
                    intent: Intent::Nothing,
                    events: None,
                };
            }
            Ok(revision) => revision,
            Err(reason) => {
                return Transfer {
                    intent: Intent::Full(reason),
                    events: Some(self.full(scope)),
                };
            }
        };
        match self.since(scope, held) {
            Some(events) => Transfer {
                intent: Intent::Changes,
                events: Some(events),
            },
            None => Transfer {
                intent: Intent::Full("the cursor is too old, or the changes are too long"),
                events: Some(self.full(scope)),
            },
        }
    }

    /// The delta since a published revision; `None` if that revision is no longer known or a full transfer is shorter
    pub fn since(&self, scope: Visibility, revision: u64) -> Option<SharedBytes> {
        if let Some(made) = self.rendered(scope).delta(revision) {
            return made;
        }
        let past = self.history.get(revision)?;
        let (from, to) = (past.objects(scope), self.state.objects(scope));
        let delta = self.with_commit(scope, |commit| transfer::delta(from, to, commit));
        let length = delta.len();
        let is_small = length <= SMALL_DELTA;
        // The full transfer is rendered only if it may be shorter than the delta.
        let is_shorter =
            is_small || length <= to.bytes() || length <= self.full(scope).plain().len();
        // Most clients are at the previous revision.
        let is_latest = revision.checked_add(1) == Some(self.revision());
        // The lock is not held while the delta is made: readers would wait for it.
        let mut deltas = self.rendered(scope).deltas();
        let kept = deltas.values().flatten().map(|delta| delta.plain().len());
        let kept = kept.fold(length, usize::saturating_add);
        let has_room = is_small || is_latest || kept <= self.kept_bytes(scope);
        let is_sent = is_shorter && has_room;
        let delta = is_sent.then(|| SharedBytes::new(delta));
        deltas.entry(revision).or_insert(delta).clone()
    }

    /// How many bytes of larger deltas are kept: one delta per start revision would otherwise take many times the size of the full
    /// transfer
    fn kept_bytes(&self, scope: Visibility) -> usize {
        self.state.objects(scope).bytes().max(MIN_KEPT_BYTES)
    }

    /// The delta since the state that a client has; `None` if the history does not reach back to it
    pub(crate) fn since_held(&self, scope: Visibility, held: Held) -> Option<SharedBytes> {
        let past = self.history.get(held.revision)?;
        let is_same = past.objects(scope).content_hash() == held.content;
        is_same.then(|| self.since(scope, held.revision)).flatten()
    }

    /// The full transfer
    pub fn full(&self, scope: Visibility) -> SharedBytes {
        let make = || {
            SharedBytes::new(self.with_commit(scope, |commit| {
                transfer::full(self.state.objects(scope), commit)
            }))
        };
        self.rendered(scope).full.get_or_init(make).clone()
    }

    /// The event that makes an OFREP client evaluate again
    pub(crate) fn notice(&self) -> SharedBytes {
        let make = || SharedBytes::new(transfer::notice(&self.cursor(Visibility::All)));
        self.notice.get_or_init(make).clone()
    }

    /// Whether a cursor names a later revision of this environment than the one that is served
    pub(crate) fn is_behind(&self, cursor: &str) -> bool {
        let mut parts = cursor.split('.');
        let is_ours = parts.next() == Some(&*self.identity.epoch);
        let revision: Option<u64> = parts.next().and_then(|revision| revision.parse().ok());
        is_ours && revision.is_some_and(|revision| revision > self.revision())
    }

    /// The revision of a cursor, if it is one of this environment's cursors
    fn resume(&self, scope: Visibility, held: Option<&str>) -> Result<u64, &'static str> {
        let held = held.ok_or("there is no cursor")?;
        let mut parts = held.split('.');
        let revision = parts
            .nth(1)
            .and_then(|revision| revision.parse().ok())
            .ok_or("the cursor cannot be read")?;
        let state = if revision == self.revision() {
            Some(&self.state)
        } else {
            self.history.get(revision)
        };
        let state = state.ok_or("the cursor's revision is not known")?;
        if cursor(&self.identity.epoch, state, scope) == held {
            Ok(revision)
        } else {
            Err("the cursor is of another state")
        }
    }

    fn rendered(&self, scope: Visibility) -> &Rendered {
        match scope {
            Visibility::All => &self.all,
            Visibility::ClientSide => &self.client_side,
        }
    }

    fn with_commit<T>(&self, scope: Visibility, write: impl FnOnce(Commit<'_>) -> T) -> T {
        let cursor = self.cursor(scope);
        let hash = self.state.objects(scope).hash();
        write(Commit {
            cursor: &cursor,
            environment: &self.identity.row.name,
            revision: self.revision(),
            hash,
        })
    }
}

fn cursor(epoch: &str, state: &State, scope: Visibility) -> String {
    format!(
        "{epoch}.{}.{:016x}",
        state.revision(),
        state.objects(scope).content_hash()
    )
}

fn document(identity: &EnvironmentIdentity, state: &State, scope: Visibility) -> String {
    write_document(&identity.row.name, state.revision(), state.objects(scope))
}
