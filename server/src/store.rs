//! The store: everything that the server persists, behind one trait
//!
//! One method is one transaction. The server decides on the state that it serves, and commits on condition that the environment is still
//! at that revision ([`StoreError::Stale`] otherwise), so no rule of the domain is implemented in an adapter. Every adapter passes the
//! same suite: `tests/it/store.rs`.

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
pub mod chain;
mod credential_kind;
mod idempotency;
mod instances;
mod members;
mod overrides;
mod pools;
mod sessions;
mod settings;
mod sql;
mod usage;
mod writes;

pub use access::{
    Access, AccessChange, BrowserPolicy, CredentialRow, End, EndedKey, Owner, RulesChange,
    SigningSecret,
};
pub use audit::{
    ACCESS_KINDS, Action, AuditDetails, AuditEntry, AuditEvent, AuditHead, AuditQuery, AuditRow,
    Author, Difference, EntryChange, EntryCounts, Origin, RevisionRow, SHOWN_ENTRIES,
    SHOWN_OBJECTS,
};
pub(crate) use audit::{audited_differences, canonical_changes};
pub use catalogue::{CatalogueStore, FlagKind, Lifecycle, NoteChange, ProjectFlagRow};
pub use credential_kind::{CredentialKind, UnknownCredentialKind};
pub use idempotency::{Claim, ClaimResult, IdempotencyStore, NewClaim};
pub use instances::{InstanceStore, NodeInstances};
pub use members::{KnownBy, MemberChange, MemberRow};
pub use overrides::{ChangeLimit, EntryId, EntryMetadata, EntryQuery, EntryRow};
pub use pools::{PoolDurations, PoolLabels, PoolUse};
pub use sessions::{
    EndedSession, LinkRow, MAX_SESSIONS, NewLinkSession, SessionHolder, SessionRow, SessionStore,
    SessionsEnd, UsedLogoutToken,
};
pub use settings::{AttributeSettings, EnvironmentSettings, SettingsChange};
pub use sql::SqlStore;
pub(crate) use sql::{BackupError, backup, redacted, restore};
pub use usage::{
    ATTRIBUTE_VALUE_LENGTH, FlagUsagePoint, FlagsUsageQuery, KEPT_ATTRIBUTES, KEPT_UNKNOWN,
    KEPT_VALUES, KnownAttribute, MAX_EVALUATIONS, SeenAttribute, SeenFlag, UnknownFlag,
    UsageCounts, UsagePoint, UsageQuery, UsageRow, UsageStore,
};
pub use writes::{WriteFailure, Writes};

/// The maximum size of a key or entry: more than the language allows, and two of them fit into a row of PostgreSQL's indexes
pub(crate) const NAME_BYTES: usize = 1_280;

/// The maximum size of the past states in a node's memory, and so of the past changes that are read at start
pub(crate) const HISTORY_BYTES: usize = 64 << 20;

/// The time limit of a write of flags, including the time that it waits for earlier writes
pub const WRITE_LIMIT: Duration = Duration::from_mins(1);

/// Persistence of everything that survives a restart
#[async_trait]
pub trait Store:
    CatalogueStore
    + IdempotencyStore
    + InstanceStore
    + SessionStore
    + UsageStore
    + Send
    + Sync
    + std::fmt::Debug
{
    /// The revisions of all environments, the epoch, the version of access and the ends of the audits, by one cheap query
    async fn heads(&self) -> Result<StoreRevisions, StoreError>;

    /// Whether writes succeed
    fn writes(&self) -> &Writes;

    /// The connections in use
    fn pools(&self) -> Vec<PoolUse>;

    /// How long work took
    fn durations(&self) -> &PoolDurations;

    /// Writes something that changes nothing, to find out whether writing works
    async fn try_write(&self) -> Result<(), StoreError>;

    /// Renews the epoch, unless it is no longer `epoch`: the cursors of clients then are not valid any more
    async fn renew_epoch(&self, epoch: &str) -> Result<(), StoreError>;

    /// All environments of all projects, by id
    async fn environments(&self) -> Result<Vec<EnvironmentRow>, StoreError>;

    /// Creates environments, and their project if it is new; [`StoreError::NameTaken`] if a name is taken
    async fn create_environments(&self, new: NewEnvironments) -> Result<(), StoreError>;

    /// Renames or deletes a project or an environment; returns the name that it has now
    async fn change_name(&self, change: NameChange) -> Result<String, StoreError>;

    /// The id of a project; a deleted one is found by the name that its deletion gave it
    async fn project_id(&self, name: &str) -> Result<Option<i64>, StoreError>;

    /// A whole environment, with the changes of its recent revisions, newest first
    async fn load(&self, environment: i64) -> Result<EnvironmentContent, StoreError>;

    /// What has changed in an environment since a revision
    async fn load_since(&self, environment: i64, revision: u64) -> Result<Since, StoreError>;

    /// Writes one change, all or nothing; returns its revision, which is `commit.base + 1`
    async fn commit(&self, commit: Commit) -> Result<u64, StoreError> {
        let revision = commit.base.saturating_add(1);
        self.commit_all(vec![commit], None, Instant::now()).await?;
        Ok(revision)
    }

    /// Writes changes of several environments of one project, in the order of their ids, and a flag's metadata; all or nothing, within
    /// [`WRITE_LIMIT`] from the request
    async fn commit_all(
        &self,
        commits: Vec<Commit>,
        note: Option<NoteChange>,
        asked_at: Instant,
    ) -> Result<(), StoreError>;

    /// The metadata of these list entries, in any order; deleted entries are left out
    async fn entry_notes(
        &self,
        environment: i64,
        entries: Vec<EntryId>,
    ) -> Result<Vec<EntryRow>, StoreError>;

    /// The entries of lists, ordered by their last change
    async fn entries_by_time(&self, query: EntryQuery) -> Result<Vec<EntryRow>, StoreError>;

    /// The audit rows that match, newest first by default
    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError>;

    /// The audit rows after a number, oldest first, without their content
    async fn audit_events(
        &self,
        project: i64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError>;

    /// The details of an audit row
    async fn audit_details(&self, project: i64, sequence: u64) -> Result<AuditDetails, StoreError>;

    /// The last row of a project's audit
    async fn audit_head(&self, project: i64) -> Result<AuditHead, StoreError>;

    /// Deletes the rows of all audits that are older than `kept`; a row about it has the number and hash after which each chain goes on
    async fn forget_audit(&self, kept: Duration, author: Author) -> Result<(), StoreError>;

    /// A flag, including its lists, at a revision of its environment; `None` if it did not exist
    async fn flag_at_revision(
        &self,
        environment: i64,
        flag: &str,
        revision: u64,
    ) -> Result<Option<Json>, StoreError>;

    /// Every flag, segment, group and holdout that was changed after a revision of its environment, as it was at that revision: including
    /// its lists, and `None` if it did not exist; `None` for all if the audit no longer has what that needs
    async fn changed_after_revision(
        &self,
        environment: i64,
        revision: u64,
    ) -> Result<Option<Vec<(ObjectId, Option<Json>)>>, StoreError>;

    /// The revisions of an environment that the audit has, before one, newest first
    async fn revisions(
        &self,
        environment: i64,
        before: u64,
        limit: u32,
    ) -> Result<Vec<RevisionRow>, StoreError>;

    /// All keys, tokens, members and sessions
    async fn access(&self) -> Result<Access, StoreError>;

    /// Stores a key; storing the same key again changes nothing; the same token for another purpose is [`StoreError::KeyTaken`]
    async fn ensure_key(&self, key: CredentialRow) -> Result<(), StoreError>;

    /// Stores those keys of whose kind there is none without expiry, all or nothing; returns their hashes
    async fn insert_credentials_if_none(
        &self,
        keys: Vec<CredentialRow>,
    ) -> Result<Vec<String>, StoreError>;

    /// Deletes keys that nobody has received, by their hashes
    async fn drop_keys(&self, hashes: Vec<String>) -> Result<(), StoreError>;

    /// Creates, changes and ends keys, and changes members
    async fn change_access(&self, change: AccessChange) -> Result<(), StoreError>;

    /// When keys and tokens were last used, by their hashes
    async fn credential_uses(&self) -> Result<Vec<(String, Timestamp)>, StoreError>;

    /// Stores when keys and tokens were used, and forgets those that are gone
    async fn put_credential_uses(&self, uses: Vec<(String, Timestamp)>) -> Result<(), StoreError>;

    /// Changes the settings of an environment; [`StoreError::Changed`] if they changed meanwhile
    async fn change_settings(&self, change: SettingsChange) -> Result<(), StoreError>;

    /// Starts listening for commits of all nodes; `None` if this store cannot notify
    async fn listen(&self) -> Result<Option<Box<dyn CommitNotifications>>, StoreError>;
}

/// Notifications about commits
#[async_trait]
pub trait CommitNotifications: Send + std::fmt::Debug {
    /// Waits until something may have been committed; after an error there are no more notifications
    async fn next(&mut self) -> Result<(), StoreError>;
}

/// Why an operation on the store failed
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The environment was changed since the revision on which the commit was decided
    #[error("the environment is no longer at revision {base}")]
    Stale {
        /// The revision on which the commit was decided
        base: u64,
    },
    /// The flag has another type in another environment of the project
    #[error("flag `{flag}` is of type {existing} in environment `{environment}`")]
    TypeConflict {
        /// The flag
        flag: Arc<str>,
        /// The environment where it exists
        environment: String,
        /// Its type there
        existing: String,
    },
    /// The flag's overrides have been changed too often recently
    #[error("the overrides of flag `{flag}` have been changed {limit} times")]
    TooManyChanges {
        /// The flag
        flag: Arc<str>,
        /// The maximum number of changes
        limit: u32,
        /// When the next change is allowed
        retry_after: Duration,
    },
    /// The token is already a key of another kind or environment
    #[error("the same token is already a key of another kind or environment")]
    KeyTaken,
    /// The name is taken
    #[error("there is a {what} `{name}` already")]
    NameTaken {
        /// The kind of thing
        what: &'static str,
        /// Its name
        name: String,
    },
    /// The environment was deleted
    #[error("the environment was deleted")]
    Gone,
    /// The last one cannot be deleted
    #[error("{what} cannot be deleted: it is the last one")]
    Last {
        /// The kind of thing
        what: &'static str,
    },
    /// Somebody else changed the flag's metadata meanwhile
    #[error("what is said of the flag has changed")]
    NoteMoved,
    /// The flag is archived in its project
    #[error("flag `{flag}` is archived")]
    Archived {
        /// The flag
        flag: Arc<str>,
    },
    /// There is no such key
    #[error("the key does not exist any more")]
    NoKey,
    /// Another attempt with the same `Idempotency-Key` has applied the write or taken its place
    #[error("another attempt with the same idempotency key has been first")]
    Superseded,
    /// What the change was decided on has changed meanwhile
    #[error("it has been changed by another request")]
    Changed,
    /// The key has an end already: it was rotated or revoked
    #[error("the key expires already")]
    EndsAlready,
    /// The environment is protected, and the change states no reason
    #[error("environment `{environment}` is protected: a change of it must state a reason")]
    ReasonRequired {
        /// The environment
        environment: String,
    },
    /// It is the last token that administers the project
    #[error("it is the last token with the role `admin` that does not expire")]
    LastAdmin,
    /// A name in the commit cannot be stored by every database
    #[error(
        "the name {:?} is longer than {NAME_BYTES} bytes or has a NUL character in it",
        flagstaff_core::excerpt(name)
    )]
    Name {
        /// The object with the name
        object: ObjectId,
        /// The name
        name: Arc<str>,
    },
    /// The database contains something that this version of the server does not write
    #[error("the database holds {what} that cannot be read")]
    Corrupt {
        /// What cannot be read
        what: &'static str,
    },
    /// The URL is not one of a supported database
    #[error("expected a database address that begins with `sqlite:` or `postgres:`")]
    Address,
    /// The database's text encoding cannot store all text
    #[error("the database has the encoding {0}, and Flagstaff needs one with the encoding UTF8")]
    Encoding(String),
    /// The database did not answer, or cannot work now; whether a commit was made is not known
    #[error("the database cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Other work took all the available time; nothing was done
    #[error("the database is busy with other work")]
    Busy,
    /// The database did not finish in time; whether a commit was made is not known
    #[error("the database did not finish in time")]
    TooSlow,
    /// There is no room on the disk; nothing was written
    #[error("the disk of the database is full")]
    Full(#[source] sqlx::Error),
    /// Another program holds a lock; nothing was done
    #[error("another program holds the lock of the database")]
    Locked(#[source] sqlx::Error),
    /// The database file was deleted or replaced: what is written to the open file would be lost
    #[error("the database file `{path}` was deleted or replaced while it was open")]
    Moved {
        /// Its path
        path: String,
        /// What is at the path
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database rolled the transaction back in favour of another one
    #[error("the database is too busy")]
    Contended(#[source] sqlx::Error),
    /// Any other database error
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The tables could not be migrated
    #[error("the database could not be migrated")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A version before the first release made the tables
    #[error(
        "the database was made by a version before the first release, whose tables are different; export its documents with that version \
         (`flagstaff export`), and start with a new database"
    )]
    OtherTables(#[source] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// Whether it is unknown if the write was made
    pub(crate) fn leaves_open(&self) -> bool {
        matches!(self, Self::TooSlow | Self::Unreachable(_))
    }

    /// Whether the cause is load: the database is there, or was not even asked
    pub(crate) fn is_of_load(&self) -> bool {
        matches!(self, Self::Busy | Self::Locked(_) | Self::TooSlow)
    }

    /// Whether the database failed, rather than the request
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
                | Self::OtherTables(_)
                | Self::TooSlow
                | Self::Unreachable(_)
        )
    }
}

/// The revisions of all environments of a store
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreRevisions {
    /// The epoch of the database: 16 lower-case hexadecimal digits, random
    pub epoch: Arc<str>,
    /// The revision of each environment
    pub revisions: BTreeMap<i64, u64>,
    /// The number of changes of access
    pub access: u64,
    /// The number of the last audit row of each project
    pub audited: BTreeMap<i64, u64>,
}

/// Environments to be created
#[derive(Debug)]
pub struct NewEnvironments {
    /// Their project
    pub project: ProjectChoice,
    /// Their names
    pub names: Vec<String>,
    /// The author
    pub author: Author,
}

/// A new name of a project or an environment, or its end
#[derive(Debug)]
pub struct NameChange {
    /// The project
    pub project_id: i64,
    /// The environment; `None` for the project itself
    pub environment_id: Option<i64>,
    /// Its name until now
    pub name: Arc<str>,
    /// Its new name; `None` deletes it
    pub new_name: Option<String>,
    /// The author
    pub author: Author,
}

/// Which project
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectChoice {
    /// The project with this id
    Existing(i64),
    /// A new project with this name
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
    /// The revision
    pub revision: u64,
    /// All objects; lists without their entries
    pub objects: Vec<(ObjectId, Stored)>,
    /// The entries of all lists
    pub entries: Vec<(ObjectId, Arc<str>, Arc<str>)>,
    /// The metadata of each flag in this environment
    pub flags: Vec<FlagRow>,
    /// Recent changes, newest first; all changes of a revision or none
    pub changes: Vec<ChangeRow>,
}

/// What has changed since a revision
#[derive(Debug)]
pub enum Since {
    /// Nothing
    Nothing,
    /// The changed objects, entries and flags that still exist, and all changes since
    Changes(EnvironmentContent),
    /// Unknown: the store no longer has the changes
    Forgotten,
    /// The environment is at an earlier revision: the store has lost the later ones
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

/// What the admin API says about a flag in an environment beside its objects
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagRow {
    /// Its key
    pub key: Arc<str>,
    /// Its type, as in the document
    pub value_type: Arc<str>,
    /// The revision that last changed it or one of its lists
    pub version: u64,
    /// When it was created
    pub created_at: Timestamp,
    /// When it was last changed
    pub updated_at: Timestamp,
}

/// One object, or one list entry, that a revision changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changed
    pub id: ObjectId,
    /// The entry, if it is an entry of a list
    pub entry: Option<Arc<str>>,
    /// The canonical JSON after the change; `None` if deleted; `{}` for a list, whose entries are changes of their own
    pub after: Option<Arc<str>>,
    /// The version of the object before the change; `None` if it did not exist
    pub before_version: Option<u64>,
    /// The canonical JSON before the change, if it existed
    pub before: Option<Arc<str>>,
}

/// A stored change
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// The revision that made it
    pub revision: u64,
    /// The change, without `after`
    pub change: Change,
}

/// Everything that one revision writes
#[derive(Debug)]
pub struct Commit {
    /// The environment
    pub environment: i64,
    /// The revision on which it was decided
    pub base: u64,
    /// The author
    pub author: Author,
    /// What changed
    pub changes: Vec<Change>,
    /// Lists that exist before and after and whose entries changed
    pub lists: Vec<ObjectId>,
    /// The new metadata of flags in this environment
    pub flags: Vec<FlagRow>,
    /// Deleted flags
    pub dropped_flags: Vec<Arc<str>>,
    /// Metadata of list entries
    pub entries: EntryMetadata,
    /// The audit entries
    pub audit: Vec<AuditEntry>,
}

impl Commit {
    /// Refuses names that PostgreSQL cannot store or index, in every store, so that data can move from one to the other
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
