//! The store port: what the server keeps, behind one trait
//!
//! One method is one transaction. The server decides on the basis of the state that it serves and commits on condition that the
//! environment is still at that revision ([`StoreError::Stale`] otherwise), so no rule of the domain lives in an adapter.
//! A second adapter runs the same suite: `tests/it/store.rs`.

use std::sync::Arc;

use async_trait::async_trait;
use flagstaff_core::Timestamp;

use crate::auth::KeyKind;
use crate::object::ObjectId;

mod sql;

pub use sql::SqlStore;

/// What keeps everything that must survive a restart
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// The random id of this data's lineage: 16 lower-case hexadecimal digits, made with the database
    async fn epoch(&self) -> Result<Arc<str>, StoreError>;

    /// All environments of all projects, by id
    async fn environments(&self) -> Result<Vec<EnvironmentRow>, StoreError>;

    /// One environment whole, with what its newest revisions changed, the newest first
    async fn load(&self, environment: i64) -> Result<EnvironmentContent, StoreError>;

    /// Writes one change and answers its revision, which is `commit.base + 1`; all of it or nothing
    async fn commit(&self, commit: Commit) -> Result<u64, StoreError>;

    /// Audit rows that match, the newest first
    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError>;

    /// All keys
    async fn keys(&self) -> Result<Vec<KeyRow>, StoreError>;

    /// Stores a key; the same key once more changes nothing, the same token for another purpose is [`StoreError::KeyTaken`]
    async fn ensure_key(&self, key: KeyRow) -> Result<(), StoreError>;

    /// Answers if the store can be asked at all
    async fn ping(&self) -> Result<(), StoreError>;
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
    /// The token is a key of another kind or place
    #[error("the same token is already a key of another kind or environment")]
    KeyTaken,
    /// The data is not what this version of the server writes
    #[error("the database holds {what} that cannot be read")]
    Corrupt {
        /// What cannot be read
        what: &'static str,
    },
    /// The address of the database is of no kind that this server knows
    #[error("expected a database address that begins with `sqlite:`")]
    Address,
    /// The database itself
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The tables could not be brought up to date
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
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
    /// When
    pub at: Timestamp,
    /// Who
    pub actor: Arc<str>,
    /// Why, if they said so
    pub reason: Option<String>,
    /// What changed
    pub changes: Vec<Change>,
    /// Lists that were there before, are there after, and have other entries
    pub lists: Vec<ObjectId>,
    /// Flags that now are as in these rows
    pub flags: Vec<FlagRow>,
    /// Flags that are gone
    pub dropped_flags: Vec<Arc<str>>,
    /// What the audit says of it
    pub audit: Vec<AuditEntry>,
}

/// What the audit says of one thing that changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// What was done: `create`, `update` or `delete`
    pub action: Action,
    /// To what: the kind and key of an object that owns itself
    pub subject: ObjectId,
    /// Its canonical JSON before, lists included
    pub before: Option<String>,
    /// Its canonical JSON after, lists included
    pub after: Option<String>,
}

/// What was done to something
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was made
    Create,
    /// It was changed
    Update,
    /// It was deleted
    Delete,
}

impl Action {
    /// The word for it in the store and on the wire
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Which audit rows are asked for
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Of this project
    pub project_id: i64,
    /// Of this environment only
    pub environment: Option<String>,
    /// Of this flag only
    pub flag: Option<String>,
    /// Those before this one
    pub before: Option<AuditPosition>,
    /// How many at most
    pub limit: u32,
}

/// Where a row stands among all rows
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPosition {
    /// When it was made
    pub at: Timestamp,
    /// In which environment
    pub environment: i64,
    /// By which revision
    pub revision: u64,
    /// As which of that revision's
    pub ordinal: i64,
}

/// A row of the audit
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Where it stands
    pub position: AuditPosition,
    /// The environment's name
    pub environment: String,
    /// Who
    pub actor: String,
    /// `create`, `update` or `delete`
    pub action: String,
    /// The kind of what was changed
    pub kind: String,
    /// Its key
    pub key: String,
    /// Its canonical JSON before
    pub before: Option<String>,
    /// Its canonical JSON after
    pub after: Option<String>,
    /// Why, if they said so
    pub reason: Option<String>,
}

/// A key, without its token
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// SHA-256 of the token, in lower-case hexadecimal digits
    pub hash: String,
    /// What it may do
    pub kind: KeyKind,
    /// Its project
    pub project_id: i64,
    /// Its environment; `None` for the whole project
    pub environment_id: Option<i64>,
    /// What the audit calls it
    pub name: String,
    /// When it was made
    pub created_at: Timestamp,
}
