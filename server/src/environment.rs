//! An environment in service: who reads it gets the current [`Published`], who writes it waits for their turn
//!
//! A write is decided on the state that is served, compiled before it is stored, and published before it is answered. If the
//! store has moved on meanwhile (another node), the environment catches up and the write is decided again.

use std::sync::Arc;

use flagstaff_core::{Issue, SnapshotError};
use tokio::sync::{Mutex, watch};

use crate::backing::Backing;
use crate::catch_up;
use crate::offload::{Ended, discard, offload};
use crate::published::{Identity, Published};
pub use crate::store::Author;
use crate::store::{EnvironmentContent, EnvironmentRow, Since, StoreError};

mod load;
mod write;

use load::publish;
pub(crate) use write::{Edit, write_all};

/// One environment in service
#[derive(Debug)]
pub struct Environment {
    row: EnvironmentRow,
    backing: Arc<Backing>,
    current: watch::Sender<Arc<Published>>,
    writing: Mutex<()>,
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
    /// The store was out of reach a moment ago, so it was not asked
    #[error("the store is out of reach")]
    OutOfReach,
    /// The write was ended from outside, at the end of the process
    #[error("the write was cut short")]
    Cut,
}

/// What bringing an environment up to date came to
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// It was up to date
    Current,
    /// It is now, and was not
    Moved,
    /// It is being written, and was left alone
    Busy,
}

/// Why an environment could not be loaded
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The store did not tell
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it told could not be compiled
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The loading was ended from outside, at the end of the process
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
    /// Loads an environment and puts it into service
    pub async fn open(identity: Identity, backing: Arc<Backing>) -> Result<Self, LoadError> {
        let content = backing.store.load(identity.row.id).await?;
        Ok(offload(move || Self::restore(identity, &content, backing)).await??)
    }

    /// Puts an environment with this content into service
    pub fn restore(
        identity: Identity,
        content: &EnvironmentContent,
        backing: Arc<Backing>,
    ) -> Result<Self, SnapshotError> {
        let row = identity.row.clone();
        let published = publish(identity, content)?;
        Ok(Self {
            row,
            backing,
            current: watch::Sender::new(Arc::new(published)),
            writing: Mutex::new(()),
        })
    }

    /// What it is, at every revision
    pub fn row(&self) -> &EnvironmentRow {
        &self.row
    }

    /// What it is now
    pub fn current(&self) -> Arc<Published> {
        Arc::clone(&self.current.borrow())
    }

    /// Follows it: the receiver always has the newest state, and never a queue
    pub fn subscribe(&self) -> watch::Receiver<Arc<Published>> {
        self.current.subscribe()
    }

    /// Brings it to where the store is, if it is not at `revision` of `epoch`
    pub async fn refresh(&self, epoch: &Arc<str>, revision: u64) -> Result<Refreshed, LoadError> {
        let is_at_head = |current: &Published| {
            current.revision() == revision && current.identity().epoch == *epoch
        };
        let before = self.current();
        if is_at_head(&before) {
            return Ok(Refreshed::Current);
        }
        // A write brings it up to date itself, or is why it is not at that revision; it may take long, and others wait.
        let Ok(_turn) = self.writing.try_lock() else {
            return Ok(Refreshed::Busy);
        };
        if before.identity().epoch == *epoch {
            self.catch_up().await?;
        } else {
            self.reload().await?;
        }
        Ok(if Arc::ptr_eq(&before, &self.current()) {
            Refreshed::Current
        } else {
            Refreshed::Moved
        })
    }

    /// Brings it to where the store is now; for who has the turn to write
    async fn catch_up(&self) -> Result<(), LoadError> {
        let current = self.current();
        let told = match self
            .backing
            .store
            .load_since(self.row.id, current.revision())
            .await?
        {
            Since::Nothing => return Ok(()),
            Since::Changes(told) => told,
            Since::Forgotten => return self.reload().await,
            Since::Lost => {
                tracing::error!(
                    environment = %self.row.name, revision = current.revision(),
                    "the database is at an earlier revision than it was: a backup was restored, or a standby took over that lagged"
                );
                // Others will come to be at the revisions that were lost, and readers must not take them for the same.
                let store = &self.backing.store;
                store.renew_epoch(&current.identity().epoch).await?;
                return self.reload().await;
            }
        };
        match offload(move || catch_up::catch_up(&current, &told)).await?? {
            Some(published) => {
                discard(self.current.send_replace(Arc::new(published)));
                Ok(())
            }
            None => self.reload().await,
        }
    }

    async fn reload(&self) -> Result<(), LoadError> {
        tracing::info!(environment = %self.row.name, "loading anew");
        let epoch = self.backing.store.heads().await?.epoch;
        let row = self.row.clone();
        let content = self.backing.store.load(row.id).await?;
        let published = offload(move || publish(Identity { epoch, row }, &content)).await??;
        discard(self.current.send_replace(Arc::new(published)));
        Ok(())
    }
}
