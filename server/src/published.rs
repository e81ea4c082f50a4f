//! One environment at one revision, as everybody reads it: immutable, and everything derived from it made at most once

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use flagstaff_core::{Snapshot, SnapshotError, object};
use imbl::OrdMap;

use crate::coding::{self, Coding, Shared};
use crate::history::History;
use crate::object::{Objects, wire_object};
use crate::store::{EnvironmentRow, FlagRow};
use crate::succession::succeed;
use crate::transfer::{self, Commit, Intent};
use crate::view::{Scope, State};

mod render;

/// Changes of no more bytes are kept whatever there is: of a thousand states to begin from they come to as many KiB
const SMALL_DELTA: usize = 4 << 10;
/// Bytes of longer ones that are kept also of a small environment
const MIN_KEPT_BYTES: usize = 1 << 20;

/// What an environment is at one revision
#[derive(Debug)]
pub struct Published {
    identity: Arc<Identity>,
    state: Arc<State>,
    flags: OrdMap<Arc<str>, FlagRow>,
    history: History,
    snapshot: Arc<Snapshot>,
    all: Rendered,
    client_side: Rendered,
    notice: OnceLock<Shared>,
    // Who renders what takes long; an `Arc`, since the turn goes along to the thread that does it.
    rendering: Arc<tokio::sync::Mutex<()>>,
}

/// Which state a client has: the revision alone does not say it, since a restored backup gives revisions out again
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) revision: u64,
    content: u64,
}

/// What stays the same over all revisions of an environment
#[derive(Debug)]
pub struct Identity {
    /// The random id of the data's lineage
    pub epoch: Arc<str>,
    /// The environment
    pub row: EnvironmentRow,
}

/// The bytes of one scope, made when first asked for
#[derive(Debug, Default)]
struct Rendered {
    document: OnceLock<Bytes>,
    document_gzip: OnceLock<Bytes>,
    full: OnceLock<Shared>,
    // By the revision that they start from; `None` where everything is sent instead.
    deltas: Mutex<BTreeMap<u64, Option<Shared>>>,
}

impl Rendered {
    fn deltas(&self) -> MutexGuard<'_, BTreeMap<u64, Option<Shared>>> {
        self.deltas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was made for this revision, if anything was
    fn delta(&self, revision: u64) -> Option<Option<Shared>> {
        self.deltas().get(&revision).cloned()
    }
}

/// What a connection gets to be at the current revision
#[derive(Debug)]
pub struct Transfer {
    /// What it is
    pub intent: Intent,
    /// The events after `server-intent`, `payload-transferred` included; `None` where there is nothing to say
    pub events: Option<Shared>,
}

impl Identity {
    /// Names the environment among all others, also of other databases and of this one after a restored backup
    pub(crate) fn lineage(&self) -> Arc<str> {
        format!("{}/{}", self.epoch, self.row.id).into()
    }
}

impl Published {
    /// Compiles a state; flags that do not compile are among the snapshot's issues
    pub(crate) fn new(
        identity: Arc<Identity>,
        state: Arc<State>,
        flags: OrdMap<Arc<str>, FlagRow>,
        history: History,
    ) -> Result<Self, SnapshotError> {
        let nothing = (&Snapshot::empty(), &Objects::default());
        let snapshot = succeed(nothing, &identity.row, &state)?;
        Ok(Self::of(identity, state, flags, (history, snapshot)))
    }

    /// Compiles a later state of the same environment: what did not change is shared with this one
    pub(crate) fn succeed(
        &self,
        state: Arc<State>,
        flags: OrdMap<Arc<str>, FlagRow>,
        history: History,
    ) -> Result<Self, SnapshotError> {
        let before = (&*self.snapshot, self.state.objects(Scope::All));
        let snapshot = succeed(before, &self.identity.row, &state)?;
        let identity = Arc::clone(&self.identity);
        Ok(Self::of(identity, state, flags, (history, snapshot)))
    }

    fn of(
        identity: Arc<Identity>,
        state: Arc<State>,
        flags: OrdMap<Arc<str>, FlagRow>,
        (history, snapshot): (History, Snapshot),
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
            rendering: Arc::default(),
        }
    }

    /// The environment's identity
    pub fn identity(&self) -> &Arc<Identity> {
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

    /// What is known of each flag beside its objects, by key
    pub fn flags(&self) -> &OrdMap<Arc<str>, FlagRow> {
        &self.flags
    }

    /// The compiled flags
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// The cursor that names this state in this scope (PR-5)
    pub fn cursor(&self, scope: Scope) -> String {
        cursor(&self.identity.epoch, &self.state, scope)
    }

    /// What a client has that was sent this state
    pub(crate) fn held(&self, scope: Scope) -> Held {
        Held {
            revision: self.revision(),
            content: self.state.objects(scope).content_hash(),
        }
    }

    /// The environment as one document, with lists in their owners
    pub fn document(&self, scope: Scope) -> Bytes {
        self.rendered(scope)
            .document
            .get_or_init(|| document(&self.identity, &self.state, scope).into())
            .clone()
    }

    /// The same document as it is sent in a coding
    pub fn document_in(&self, scope: Scope, coding: Coding) -> Bytes {
        let document = self.document(scope);
        match coding {
            Coding::Identity => document,
            Coding::Gzip => self
                .rendered(scope)
                .document_gzip
                .get_or_init(|| coding::gzip(&document))
                .clone(),
        }
    }

    /// What a client that holds `cursor` needs; a cursor that says nothing to this server gets everything (PR-9)
    pub fn transfer(&self, scope: Scope, cursor_held: Option<&str>) -> Transfer {
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

    /// The changes since a revision that this server has published; `None` if it is no longer known, or everything is the better answer
    pub fn since(&self, scope: Scope, revision: u64) -> Option<Shared> {
        if let Some(made) = self.rendered(scope).delta(revision) {
            return made;
        }
        let past = self.history.get(revision)?;
        let (from, to) = (past.objects(scope), self.state.objects(scope));
        let delta = self.with_commit(scope, |commit| transfer::delta(from, to, commit));
        let length = delta.len();
        let is_small = length <= SMALL_DELTA;
        // Everything is rendered only where it may be the shorter one.
        let is_shorter =
            is_small || length <= to.bytes() || length <= self.full(scope).plain().len();
        // All who follow are at the revision before.
        let is_latest = revision.checked_add(1) == Some(self.revision());
        // Not while it is made: who looks whether it is there would wait for it.
        let mut deltas = self.rendered(scope).deltas();
        let kept = deltas.values().flatten().map(|delta| delta.plain().len());
        let kept = kept.fold(length, usize::saturating_add);
        let has_room = is_small || is_latest || kept <= self.kept_bytes(scope);
        let is_sent = is_shorter && has_room;
        let delta = is_sent.then(|| Shared::new(delta));
        deltas.entry(revision).or_insert(delta).clone()
    }

    /// How many bytes of longer changes are kept at a time: there are as many states to begin from as the history has, and everything
    /// is there once for all
    fn kept_bytes(&self, scope: Scope) -> usize {
        self.state.objects(scope).bytes().max(MIN_KEPT_BYTES)
    }

    /// The changes since a state that a client has; `None` if there is no way from there
    pub(crate) fn since_held(&self, scope: Scope, held: Held) -> Option<Shared> {
        let past = self.history.get(held.revision)?;
        let is_same = past.objects(scope).content_hash() == held.content;
        is_same.then(|| self.since(scope, held.revision)).flatten()
    }

    /// Everything
    pub fn full(&self, scope: Scope) -> Shared {
        let make = || {
            Shared::new(self.with_commit(scope, |commit| {
                transfer::full(self.state.objects(scope), commit)
            }))
        };
        self.rendered(scope).full.get_or_init(make).clone()
    }

    /// What tells an OFREP client to evaluate again
    pub(crate) fn notice(&self) -> Shared {
        let make = || Shared::new(transfer::notice(&self.cursor(Scope::All)));
        self.notice.get_or_init(make).clone()
    }

    /// Whether a cursor names a revision of this environment that is not served yet
    pub(crate) fn is_behind(&self, cursor: &str) -> bool {
        let mut parts = cursor.split('.');
        let is_ours = parts.next() == Some(&*self.identity.epoch);
        let revision: Option<u64> = parts.next().and_then(|revision| revision.parse().ok());
        is_ours && revision.is_some_and(|revision| revision > self.revision())
    }

    /// The revision that a cursor names, if it names one of ours
    fn resume(&self, scope: Scope, held: Option<&str>) -> Result<u64, &'static str> {
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

    fn rendered(&self, scope: Scope) -> &Rendered {
        match scope {
            Scope::All => &self.all,
            Scope::ClientSide => &self.client_side,
        }
    }

    fn with_commit<T>(&self, scope: Scope, write: impl FnOnce(Commit<'_>) -> T) -> T {
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

fn cursor(epoch: &str, state: &State, scope: Scope) -> String {
    format!(
        "{epoch}.{}.{:016x}",
        state.revision(),
        state.objects(scope).content_hash()
    )
}

fn document(identity: &Identity, state: &State, scope: Scope) -> String {
    let objects = state
        .objects(scope)
        .iter()
        .map(|(id, object)| wire_object(id, object));
    object::join(&identity.row.name, state.revision(), objects).to_string()
}
