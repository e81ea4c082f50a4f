//! An environment in service: who reads it gets the current [`Published`], who writes it waits for their turn
//!
//! A write is decided on the state that is served, compiled before it is stored, and published before it is answered. If the
//! store has moved on meanwhile (another node), the environment is loaded anew and the write decided again.

use std::sync::Arc;

use flagstaff_core::{Issue, SnapshotError, Timestamp};
use imbl::OrdMap;
use tokio::sync::{Mutex, watch};

use crate::draft::{Changes, Draft};
use crate::history::{History, replaced_bytes};
use crate::object::{Body, Object, ObjectId, Objects, Whole};
use crate::published::{Identity, Published};
use crate::store::{Commit, EnvironmentContent, FlagRow, Store, StoreError};
use crate::view::{Scope, State};

/// How often a write is decided anew before the writer is told to try again
const ATTEMPTS: usize = 5;

/// One environment in service
#[derive(Debug)]
pub struct Environment {
    identity: Arc<Identity>,
    store: Arc<dyn Store>,
    current: watch::Sender<Arc<Published>>,
    writing: Mutex<()>,
}

/// Who makes a change, when and why
#[derive(Debug, Clone)]
pub struct Author {
    /// What the audit calls them
    pub actor: Arc<str>,
    /// When
    pub at: Timestamp,
    /// Why, if they said so
    pub reason: Option<String>,
}

/// What a write did: the same state twice where there was nothing to change
#[derive(Debug, Clone)]
pub struct Written {
    /// The state that it was decided on
    pub before: Arc<Published>,
    /// The state that it made, which is published
    pub after: Arc<Published>,
}

/// What a write does with flags that do not compile
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Refuses the whole write if it breaks a flag that was not broken before
    Refuse,
    /// Stores them; they answer `PARSE_ERROR` until a server or SDK knows what they need
    Keep,
}

/// Why nothing was written
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError<E> {
    /// The edit refused
    #[error("the edit was refused")]
    Refused(E),
    /// Flags would not compile
    #[error("the change would break a flag")]
    Invalid(Vec<Issue>),
    /// The store did not take it
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The environment as a whole could not be compiled
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The write was ended from outside, at the end of the process
    #[error("the write was cut short")]
    Cut,
}

impl Environment {
    /// Loads an environment and puts it into service
    pub async fn open(identity: Identity, store: Arc<dyn Store>) -> Result<Self, WriteError<()>> {
        let identity = Arc::new(identity);
        let published = load(Arc::clone(&identity), &*store).await?;
        Ok(Self {
            identity,
            store,
            current: watch::Sender::new(Arc::new(published)),
            writing: Mutex::new(()),
        })
    }

    /// Its identity
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What it is now
    pub fn current(&self) -> Arc<Published> {
        Arc::clone(&self.current.borrow())
    }

    /// Follows it: the receiver always has the newest state, and never a queue
    pub fn subscribe(&self) -> watch::Receiver<Arc<Published>> {
        self.current.subscribe()
    }

    /// Changes it by `edit`, which may run more than once; answers when the change is published
    ///
    /// An edit that changes nothing makes no revision. The write is finished even if the caller goes away.
    pub async fn write<E: Send + 'static>(
        self: &Arc<Self>,
        author: Author,
        invalid: Invalid,
        edit: impl Fn(&Published, &mut Draft) -> Result<(), E> + Send + Sync + 'static,
    ) -> Result<Written, WriteError<E>> {
        let environment = Arc::clone(self);
        // A task of its own: a caller that hangs up between commit and publication must not leave this node behind its store.
        tokio::spawn(async move { environment.write_to_end(author, invalid, edit).await })
            .await
            .unwrap_or(Err(WriteError::Cut))
    }

    async fn write_to_end<E>(
        &self,
        author: Author,
        invalid: Invalid,
        edit: impl Fn(&Published, &mut Draft) -> Result<(), E>,
    ) -> Result<Written, WriteError<E>> {
        let _turn = self.writing.lock().await;
        for _ in 0..ATTEMPTS {
            let current = self.current();
            let mut draft = Draft::new(current.revision(), current.state().objects(Scope::All));
            edit(&current, &mut draft).map_err(WriteError::Refused)?;
            let changes = draft.changes(current.flags(), author.at);
            if changes.objects.is_empty() {
                return Ok(Written {
                    before: Arc::clone(&current),
                    after: current,
                });
            }
            let next = Arc::new(succeed(&current, &draft, &changes)?);
            let broken = if invalid == Invalid::Refuse {
                newly_broken(&current, &next)
            } else {
                Vec::new()
            };
            if !broken.is_empty() {
                return Err(WriteError::Invalid(broken));
            }
            match self
                .store
                .commit(self.commit(&current, author.clone(), changes))
                .await
            {
                Ok(_) => {
                    self.current.send_replace(Arc::clone(&next));
                    return Ok(Written {
                        before: current,
                        after: next,
                    });
                }
                Err(StoreError::Stale { .. }) => self.reload().await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Stale {
            base: self.current().revision(),
        }
        .into())
    }

    fn commit(&self, current: &Published, author: Author, changes: Changes) -> Commit {
        let Changes {
            objects: changes,
            lists,
            flags,
            dropped_flags,
            audit,
        } = changes;
        let (environment, base) = (self.identity.row.id, current.revision());
        let Author { actor, at, reason } = author;
        Commit {
            environment,
            base,
            at,
            actor,
            reason,
            changes,
            lists,
            flags,
            dropped_flags,
            audit,
        }
    }

    async fn reload<E>(&self) -> Result<(), WriteError<E>> {
        tracing::info!(environment = %self.identity.row.name, "the store has moved on, loading anew");
        let published = load(Arc::clone(&self.identity), &*self.store).await?;
        self.current.send_replace(Arc::new(published));
        Ok(())
    }
}

/// The state after `current`, compiled
fn succeed(
    current: &Published,
    draft: &Draft,
    changes: &Changes,
) -> Result<Published, SnapshotError> {
    let state = current.state().with(
        current.revision().saturating_add(1),
        draft.objects().clone(),
    );
    let mut flags = current.flags().clone();
    for row in &changes.flags {
        flags.insert(Arc::clone(&row.key), row.clone());
    }
    for key in &changes.dropped_flags {
        flags.remove(key);
    }
    let mut history = current.history().clone();
    history.push(
        Arc::clone(current.state()),
        replaced_bytes(&changes.objects),
    );
    Published::new(
        Arc::clone(current.identity()),
        Arc::new(state),
        flags,
        history,
    )
}

/// What is wrong after a change and was not before
fn newly_broken(before: &Published, after: &Published) -> Vec<Issue> {
    let known: Vec<&Issue> = before.snapshot().issues().iter().collect();
    after
        .snapshot()
        .issues()
        .iter()
        .filter(|issue| !known.contains(issue))
        .cloned()
        .collect()
}

async fn load<E>(identity: Arc<Identity>, store: &dyn Store) -> Result<Published, WriteError<E>> {
    let content = store.load(identity.row.id).await?;
    let EnvironmentContent {
        revision,
        flags,
        changes,
        ..
    } = &content;
    let state = Arc::new(State::new(*revision, assemble(&content)));
    let history = History::restore(&state, changes);
    let flags: OrdMap<Arc<str>, FlagRow> = flags
        .iter()
        .map(|row| (Arc::clone(&row.key), row.clone()))
        .collect();
    Ok(Published::new(identity, state, flags, history)?)
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
