//! The store port: what the server keeps, behind one trait
//!
//! One method is one transaction. The server decides on the basis of the state that it serves and commits on condition that the
//! environment is still at that revision ([`StoreError::Stale`] otherwise), so no rule of the domain lives in an adapter.
//! A second adapter runs the same suite: `tests/it/store.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use serde_json::Value as Json;

use crate::object::ObjectId;

mod access;
mod audit;
mod catalogue;
mod idempotency;
mod instances;
mod members;
mod overrides;
mod settings;
mod sql;
mod usage;
mod writes;

pub use access::{
    Access, AccessChange, End, EndedKey, KeyRow, KeyRules, RulesChange, SigningSecret,
};
pub use audit::{
    ACCESS_KINDS, Action, AuditDetails, AuditEntry, AuditHead, AuditQuery, AuditRow, Author,
    EntryChange, EntryCounts, Origin, PathChange, SHOWN_ENTRIES,
};
pub(crate) use audit::{canonical_changes, path_changes};
pub use catalogue::{CatalogueStore, FlagKind, FlagNote, Lifecycle, NoteChange};
pub use idempotency::{Claim, Claimed, IdempotencyStore, NewClaim};
pub use instances::{InstanceStore, NodeInstances};
pub use members::{KnownBy, MemberChange, MemberRow};
pub use overrides::{EntryId, EntryNotes, EntryQuery, EntryRow, Meter};
pub use settings::SettingsChange;
pub use sql::SqlStore;
pub(crate) use sql::{BackupError, backup, redacted, restore};
pub use usage::{
    KEPT_UNKNOWN, MAX_EVALUATIONS, SeenFlag, UnknownFlag, UsageCounts, UsageQuery, UsageRow,
    UsageStep, UsageStore,
};
pub use writes::{WriteFailure, Writes};

/// Bytes of a key or an entry: more than the language allows, and two of them less than a row of PostgreSQL's indexes holds
pub(crate) const NAME_BYTES: usize = 1_280;

/// For how long a write of flags may take, with the time that it waits for those before it
pub const WRITE_LIMIT: Duration = Duration::from_mins(1);

/// What keeps everything that must survive a restart
#[async_trait]
pub trait Store:
    CatalogueStore + IdempotencyStore + InstanceStore + UsageStore + Send + Sync + std::fmt::Debug
{
    /// Where everything stands, in one cheap question
    async fn heads(&self) -> Result<Heads, StoreError>;

    /// Whether writes succeed
    fn writes(&self) -> &Writes;

    /// Writes something that changes nothing, to find out whether it can
    async fn try_write(&self) -> Result<(), StoreError>;

    /// Gives the data a new lineage, unless it is no longer of `epoch`: what readers hold of that one is not to be trusted any more
    async fn renew_epoch(&self, epoch: &str) -> Result<(), StoreError>;

    /// All environments of all projects, by id
    async fn environments(&self) -> Result<Vec<EnvironmentRow>, StoreError>;

    /// Makes environments, and their project if it is a new one; a name that is taken is [`StoreError::NameTaken`]
    async fn create_environments(&self, new: NewEnvironments) -> Result<(), StoreError>;

    /// One environment whole, with what its newest revisions changed, the newest first
    async fn load(&self, environment: i64) -> Result<EnvironmentContent, StoreError>;

    /// What has changed in one environment since a revision of it
    async fn load_since(&self, environment: i64, revision: u64) -> Result<Since, StoreError>;

    /// Writes one change and answers its revision, which is `commit.base + 1`; all of it or nothing
    async fn commit(&self, commit: Commit) -> Result<u64, StoreError> {
        let revision = commit.base.saturating_add(1);
        self.commit_all(vec![commit], None, Instant::now()).await?;
        Ok(revision)
    }

    /// Writes changes of several environments of one project, in the order of their ids, and what is said of a flag; all of it or
    /// nothing, and within [`WRITE_LIMIT`] since it was asked for
    async fn commit_all(
        &self,
        commits: Vec<Commit>,
        note: Option<NoteChange>,
        asked_at: Instant,
    ) -> Result<(), StoreError>;

    /// What is known of these entries of lists beside their values, in no order; those that are gone are left out
    async fn entry_notes(
        &self,
        environment: i64,
        entries: Vec<EntryId>,
    ) -> Result<Vec<EntryRow>, StoreError>;

    /// The entries of lists in the order of their last change
    async fn entries_by_time(&self, query: EntryQuery) -> Result<Vec<EntryRow>, StoreError>;

    /// Audit rows that match, the newest first unless told otherwise
    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError>;

    /// What is kept beside a row of the audit
    async fn audit_details(&self, project: i64, sequence: u64) -> Result<AuditDetails, StoreError>;

    /// Where the audit of a project ends
    async fn audit_head(&self, project: i64) -> Result<AuditHead, StoreError>;

    /// A flag, its lists included, as it was at a revision of its environment; `None` if it was not there
    async fn flag_then(
        &self,
        environment: i64,
        flag: &str,
        revision: u64,
    ) -> Result<Option<Json>, StoreError>;

    /// All keys, tokens and members
    async fn access(&self) -> Result<Access, StoreError>;

    /// Stores a key; the same key once more changes nothing, the same token for another purpose is [`StoreError::KeyTaken`]
    async fn ensure_key(&self, key: KeyRow) -> Result<(), StoreError>;

    /// Stores those of the keys of whose kind there is none that lasts, all of them or none; returns their hashes
    async fn found_keys(&self, keys: Vec<KeyRow>) -> Result<Vec<String>, StoreError>;

    /// Deletes keys that nobody has been told of, by their hashes
    async fn drop_keys(&self, hashes: Vec<String>) -> Result<(), StoreError>;

    /// Makes, changes and ends keys, and says who is a member
    async fn change_access(&self, change: AccessChange) -> Result<(), StoreError>;

    /// Changes the settings of an environment; [`StoreError::Changed`] if they are not what the change was made from
    async fn change_settings(&self, change: SettingsChange) -> Result<(), StoreError>;

    /// Begins to hear of commits, whoever makes them; `None` if this store tells nobody
    async fn listen(&self) -> Result<Option<Box<dyn Announcements>>, StoreError>;
}

/// What a store says when something was committed
#[async_trait]
pub trait Announcements: Send + std::fmt::Debug {
    /// Waits until something may have been committed; after an error nothing more is heard
    async fn next(&mut self) -> Result<(), StoreError>;
}

/// Why the store did not do it
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else changed the environment since the state that the commit was made from
    #[error("the environment is no longer at revision {base}")]
    Stale {
        /// The revision that the commit was made from
        base: u64,
    },
    /// The flag has another type in another environment of the project
    #[error("flag `{flag}` is of type {existing} in environment `{environment}`")]
    TypeConflict {
        /// The flag
        flag: Arc<str>,
        /// Where it exists
        environment: String,
        /// Its type there
        existing: String,
    },
    /// The flag's overrides have been changed as often as they may be for now
    #[error("the overrides of flag `{flag}` have been changed {limit} times")]
    TooManyChanges {
        /// The flag
        flag: Arc<str>,
        /// How often they may be
        limit: u32,
        /// When they may be again
        retry_after: Duration,
    },
    /// The token is a key of another kind or place
    #[error("the same token is already a key of another kind or environment")]
    KeyTaken,
    /// There is one already
    #[error("there is a {what} `{name}` already")]
    NameTaken {
        /// What kind of thing
        what: &'static str,
        /// Its name
        name: String,
    },
    /// Somebody else has said something of the flag since
    #[error("what is said of the flag has changed")]
    NoteMoved,
    /// The flag is archived in its project
    #[error("flag `{flag}` is archived")]
    Archived {
        /// The flag
        flag: Arc<str>,
    },
    /// There is no such key any more
    #[error("the key does not exist any more")]
    NoKey,
    /// The write was applied by another attempt with the same `Idempotency-Key`, or another one has taken its place
    #[error("another attempt with the same idempotency key has been first")]
    Superseded,
    /// It is not what the change was made from any more
    #[error("it has been changed by another request")]
    Changed,
    /// The key has an end, so it has an heir or was made to end
    #[error("the key expires already")]
    EndsAlready,
    /// Without the token nobody could give anybody access
    #[error("it is the last token with the role `admin` that does not expire")]
    LastAdmin,
    /// Something in the commit has a name that not every database can hold
    #[error(
        "the name {:?} is longer than {NAME_BYTES} bytes or has a NUL character in it",
        flagstaff_core::excerpt(name)
    )]
    Name {
        /// The object that it names or is in
        object: ObjectId,
        /// The name
        name: Arc<str>,
    },
    /// The data is not what this version of the server writes
    #[error("the database holds {what} that cannot be read")]
    Corrupt {
        /// What cannot be read
        what: &'static str,
    },
    /// The address of the database is of no kind that this server knows
    #[error("expected a database address that begins with `sqlite:` or `postgres:`")]
    Address,
    /// The database keeps text in an encoding that cannot hold all text
    #[error("the database has the encoding {0}, and Flagstaff needs one with the encoding UTF8")]
    Encoding(String),
    /// The database did not answer, or said that it cannot do anything now; a commit may have been made or not
    #[error("the database cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Other work took all the time that there was for this; nothing was done
    #[error("the database is busy with other work")]
    Busy,
    /// The database did not finish in time; a commit may have been made or not
    #[error("the database did not finish in time")]
    TooSlow,
    /// There is no room for what was to be written; nothing was
    #[error("the disk of the database is full")]
    Full(#[source] sqlx::Error),
    /// Another program kept the database from doing it; nothing was done
    #[error("another program holds the lock of the database")]
    Locked(#[source] sqlx::Error),
    /// What is written to the file that is open would be lost
    #[error("the database file `{path}` was deleted or replaced while it was open")]
    Moved {
        /// Where it was
        path: String,
        /// What is there
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database undid the transaction for the sake of another one
    #[error("the database is too busy")]
    Contended(#[source] sqlx::Error),
    /// The database itself
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The tables could not be brought up to date
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// Whether nobody knows if what was to be written was
    pub(crate) fn leaves_open(&self) -> bool {
        matches!(self, Self::TooSlow | Self::Unreachable(_))
    }

    /// Whether it is told by a database that is there, or by one that was not asked at all
    pub(crate) fn is_of_load(&self) -> bool {
        matches!(self, Self::Busy | Self::Locked(_) | Self::TooSlow)
    }

    /// Whether the database failed, and not what was asked of it
    pub(crate) fn is_of_database(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Contended(_)
                | Self::Database(_)
                | Self::Full(_)
                | Self::Locked(_)
                | Self::Migrate(_)
                | Self::Moved { .. }
                | Self::TooSlow
                | Self::Unreachable(_)
        )
    }
}

/// Where all environments of a store stand
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    /// The random id of the data's lineage: 16 lower-case hexadecimal digits, made with the database
    pub epoch: Arc<str>,
    /// The revision of each environment
    pub revisions: BTreeMap<i64, u64>,
    /// How often access has been changed
    pub access: u64,
}

/// Environments that are to be made
#[derive(Debug)]
pub struct NewEnvironments {
    /// Their project
    pub project: ProjectChoice,
    /// Their names
    pub names: Vec<String>,
    /// Who makes them
    pub author: Author,
}

/// Which project
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectChoice {
    /// The one of this id
    Existing(i64),
    /// A new one of this name
    New(String),
}

/// An environment, without its content
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentRow {
    /// Its id
    pub id: i64,
    /// Its project's id
    pub project_id: i64,
    /// Its project's name
    pub project: Arc<str>,
    /// Its name, unique in its project
    pub name: Arc<str>,
}

/// The content of an environment
#[derive(Debug, Default)]
pub struct EnvironmentContent {
    /// The revision that the rest belongs to
    pub revision: u64,
    /// All objects; a list comes without its entries
    pub objects: Vec<(ObjectId, Stored)>,
    /// The entries of all lists
    pub entries: Vec<(ObjectId, Arc<str>, Arc<str>)>,
    /// What is known of each flag
    pub flags: Vec<FlagRow>,
    /// Recent changes, the newest first; those of one revision are there all or not at all
    pub changes: Vec<ChangeRow>,
}

/// What has changed since a revision
#[derive(Debug)]
pub enum Since {
    /// Nothing
    Nothing,
    /// This: objects, entries and flags that changed and are there now, and all changes since
    Changes(EnvironmentContent),
    /// Nobody knows: the store no longer remembers
    Forgotten,
    /// The environment is at an earlier revision: the store has lost what came after it
    Lost,
}

/// An object as stored
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The revision that last changed it
    pub version: u64,
    /// Its canonical JSON; `None` for a list
    pub value: Option<Arc<str>>,
}

/// What the admin API says about a flag beside its objects
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagRow {
    /// Its key
    pub key: Arc<str>,
    /// Its type, as in the document
    pub value_type: Arc<str>,
    /// The revision that last changed it or one of its lists
    pub version: u64,
    /// When it was made
    pub created_at: Timestamp,
    /// When it was last changed
    pub updated_at: Timestamp,
}

/// One object, or one entry of a list, that a revision changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changed
    pub id: ObjectId,
    /// The entry, if it is one of a list
    pub entry: Option<Arc<str>>,
    /// The canonical JSON that is there now; `None` if it is gone; of a list, which tells its entries apart, `{}`
    pub after: Option<Arc<str>>,
    /// The version of the object before; `None` if there was no object
    pub before_version: Option<u64>,
    /// The canonical JSON that was there before, if any
    pub before: Option<Arc<str>>,
}

/// A change as it is told again
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// The revision that made it
    pub revision: u64,
    /// What it was; `after` is not told
    pub change: Change,
}

/// Everything that one revision writes
#[derive(Debug)]
pub struct Commit {
    /// The environment
    pub environment: i64,
    /// The revision that this was made from
    pub base: u64,
    /// Who makes it
    pub author: Author,
    /// What changed
    pub changes: Vec<Change>,
    /// Lists that were there before, are there after, and have other entries
    pub lists: Vec<ObjectId>,
    /// Flags that now are as in these rows
    pub flags: Vec<FlagRow>,
    /// Flags that are gone
    pub dropped_flags: Vec<Arc<str>>,
    /// What is said of entries beside their values
    pub entries: EntryNotes,
    /// What the audit says of it
    pub audit: Vec<AuditEntry>,
}

impl Commit {
    /// Refuses names that PostgreSQL cannot hold or index, in any store: data can move from one to the other
    pub(crate) fn check_names(&self) -> Result<(), StoreError> {
        let is_bad = |name: &Arc<str>| name.len() > NAME_BYTES || name.contains('\0');
        let names = |change: &Change| [Some(Arc::clone(&change.id.key)), change.entry.clone()];
        let bad = self.changes.iter().find_map(|change| {
            let name = names(change).into_iter().flatten().find(is_bad)?;
            Some((change.id.clone(), name))
        });
        bad.map_or(Ok(()), |(object, name)| {
            Err(StoreError::Name { object, name })
        })
    }
}
