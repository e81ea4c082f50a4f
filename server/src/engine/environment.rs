//! An environment that is being served: readers get the current [`PublishedRevision`], writers take turns
//!
//! A write is decided on the published state, compiled before it is stored, and published before the request is answered. If another node
//! has changed the store meanwhile, the environment first catches up and the write is decided again.

use std::sync::Arc;

use flagstaff_core::{Issue, SnapshotError};
use tokio::sync::{Mutex, watch};

use crate::engine::catch_up;
use crate::engine::field_error::FieldError;
use crate::engine::published::{EnvironmentIdentity, PublishedRevision};
use crate::engine::store_handle::StoreHandle;
use crate::runtime::offload::{Ended, discard, offload};
pub use crate::store::Author;
use crate::store::{EnvironmentContent, EnvironmentRow, Since, StoreError};

mod load;
mod write;

use load::publish;
pub(crate) use write::{Edit, write_all};

/// One environment that this node serves
#[derive(Debug)]
pub struct Environment {
    row: EnvironmentRow,
    store_handle: Arc<StoreHandle>,
    current: watch::Sender<Arc<PublishedRevision>>,
    writing: Mutex<()>,
}

/// The result of a write; if nothing changed, `before` and `after` are the same state
#[derive(Debug, Clone)]
pub struct WriteResult {
    /// The state on which the write was decided
    pub before: Arc<PublishedRevision>,
    /// The published state after the write
    pub after: Arc<PublishedRevision>,
}

/// What a write does with flags that do not compile
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidFlagPolicy {
    /// Refuse the whole write if it breaks a flag that was not broken before
    Refuse,
    /// Store them; they evaluate to `PARSE_ERROR` until a server or SDK supports what they need
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
    /// Values would not satisfy the JSON Schemas of their flags
    #[error("the change would not satisfy the JSON Schema of a flag")]
    Violations(Vec<FieldError>),
    /// The store failed
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The environment as a whole does not compile
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The store was unreachable a moment ago, so it was not asked
    #[error("the store is out of reach")]
    OutOfReach,
    /// The process is stopping and aborted the write
    #[error("the write was cut short")]
    Cut,
}

/// The result of a refresh
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshResult {
    /// The environment was up to date
    Current,
    /// The environment was behind and is up to date now
    Moved,
    /// The environment is being written and was left alone
    Busy,
}

/// Why an environment could not be loaded
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The store failed
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content of the store does not compile
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The process is stopping and aborted the load
    #[error("the loading was cut short")]
    Cut,
}

impl From<Ended> for LoadError {
    fn from(_: Ended) -> Self {
        Self::Cut
    }
}

impl<E> From<LoadError> for WriteError<E> {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => Self::Store(error),
            LoadError::Snapshot(error) => Self::Snapshot(error),
            LoadError::Cut => Self::Cut,
        }
    }
}

impl Environment {
    /// Loads an environment from the store and serves it
    pub async fn open(
        identity: EnvironmentIdentity,
        store_handle: Arc<StoreHandle>,
    ) -> Result<Self, LoadError> {
        let content = store_handle.store.load(identity.row.id).await?;
        Ok(offload(move || Self::restore(identity, &content, store_handle)).await??)
    }

    /// Serves an environment with this content
    pub fn restore(
        identity: EnvironmentIdentity,
        content: &EnvironmentContent,
        store_handle: Arc<StoreHandle>,
    ) -> Result<Self, SnapshotError> {
        let row = identity.row.clone();
        let published = publish(identity, content)?;
        Ok(Self {
            row,
            store_handle,
            current: watch::Sender::new(Arc::new(published)),
            writing: Mutex::new(()),
        })
    }

    /// The environment's row in the store, which is the same at every revision
    pub fn row(&self) -> &EnvironmentRow {
        &self.row
    }

    /// The current revision
    pub fn current(&self) -> Arc<PublishedRevision> {
        Arc::clone(&self.current.borrow())
    }

    /// Subscribes to new revisions: the receiver always has the newest one and never a queue
    pub fn subscribe(&self) -> watch::Receiver<Arc<PublishedRevision>> {
        self.current.subscribe()
    }

    /// Catches up with the store, unless the environment is at `revision` of `epoch`
    pub async fn refresh(
        &self,
        epoch: &Arc<str>,
        revision: u64,
    ) -> Result<RefreshResult, LoadError> {
        let is_at_head = |current: &PublishedRevision| {
            current.revision() == revision && current.identity().epoch == *epoch
        };
        let before = self.current();
        if is_at_head(&before) {
            return Ok(RefreshResult::Current);
        }
        // A running write catches up by itself, and it may take long: do not wait for it.
        let Ok(_turn) = self.writing.try_lock() else {
            return Ok(RefreshResult::Busy);
        };
        if before.identity().epoch == *epoch {
            self.catch_up().await?;
        } else {
            self.reload().await?;
        }
        Ok(if Arc::ptr_eq(&before, &self.current()) {
            RefreshResult::Current
        } else {
            RefreshResult::Moved
        })
    }

    /// Catches up with the store; the caller must hold the write lock
    async fn catch_up(&self) -> Result<(), LoadError> {
        let current = self.current();
        let rows = match self
            .store_handle
            .store
            .load_since(self.row.id, current.revision())
            .await?
        {
            Since::Nothing => return Ok(()),
            Since::Changes(rows) => rows,
            Since::Forgotten => return self.reload().await,
            Since::Lost => {
                tracing::error!(
                    environment = %self.row.name, revision = current.revision(),
                    "the database is at an earlier revision than it was: a backup was restored, or a standby took over that lagged"
                );
                // The revisions that were lost will be used again for other content, so the epoch must change.
                let store = &self.store_handle.store;
                store.renew_epoch(&current.identity().epoch).await?;
                return self.reload().await;
            }
        };
        match offload(move || catch_up::catch_up(&current, &rows)).await?? {
            Some(published) => {
                discard(self.current.send_replace(Arc::new(published)));
                Ok(())
            }
            None => self.reload().await,
        }
    }

    async fn reload(&self) -> Result<(), LoadError> {
        tracing::info!(environment = %self.row.name, "loading anew");
        let epoch = self.store_handle.store.heads().await?.epoch;
        let row = self.row.clone();
        let content = self.store_handle.store.load(row.id).await?;
        let published =
            offload(move || publish(EnvironmentIdentity { epoch, row }, &content)).await??;
        discard(self.current.send_replace(Arc::new(published)));
        Ok(())
    }
}
