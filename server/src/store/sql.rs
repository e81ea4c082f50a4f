//! The SQL adapter, through sqlx's `Any` driver: the same statements for SQLite and PostgreSQL
//!
//! All differences between the two databases are in [`dialect`] and [`listen`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use futures_util::future::BoxFuture;
use serde_json::Value as Json;
use sqlx::{Any, AnyConnection, Connection as _, Executor as _, Transaction};
use tokio::sync::OnceCell;

use super::{
    Access, AccessChange, AuditDetails, AuditEvent, AuditHead, AuditQuery, AuditRow, Author,
    Commit, CommitNotifications, CredentialRow, EntryId, EntryQuery, EntryRow, EnvironmentContent,
    EnvironmentRow, NameChange, NewEnvironments, NoteChange, PoolDurations, PoolUse, RevisionRow,
    SettingsChange, Since, Store, StoreError, StoreRevisions, WRITE_LIMIT, Writes, pools,
};
use crate::object::ObjectId;

mod access;
mod audit;
mod backup;
mod batch;
mod catalogue;
mod commit;
mod dialect;
mod environments;
mod file;
mod heads;
mod idempotency;
mod instances;
mod listen;
mod load;
mod members;
mod migrate;
mod overrides;
mod pool;
mod row;
mod sessions;
mod settings;
mod since;
mod usage;

pub(crate) use backup::{BackupError, backup, restore};
use dialect::Dialect;
pub(crate) use dialect::redacted;
use file::DatabaseFile;
use listen::PostgresAnnouncements;
use pool::{CONNECT, Pool};
use row::{timestamp, unsigned};

/// The number of past revisions whose changes are stored
pub(crate) const KEPT_REVISIONS: u64 = 1_000;

/// The time limit of the query by which every node polls
const GLANCE: Duration = Duration::from_secs(3);
/// The time limit of everything else; longer than PostgreSQL's own limits, whose errors are more precise
const WORK: Duration = Duration::from_mins(1);
const CONNECTIONS: u32 = 4;
/// Connections with which a node follows the store
const FOLLOWERS: u32 = 2;

/// A store in an SQL database
#[derive(Debug, Clone)]
pub struct SqlStore {
    address: Address,
    dialect: Dialect,
    file: Option<Arc<DatabaseFile>>,
    is_prepared: Arc<OnceCell<()>>,
    writer: Pool,
    // Requests of people can take long. What a node needs for serving has connections of its own, and so has the poll of the heads, by
    // which an outage is noticed.
    readers: Pool,
    followers: Pool,
    glance: Pool,
    durations: PoolDurations,
    writes: Arc<Writes>,
}

/// A database URL that may contain a password
#[derive(Clone)]
struct Address(Arc<str>);

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&redacted(&self.0))
    }
}

impl SqlStore {
    /// Opens the database at a URL such as `sqlite://flagstaff.db` or `postgres://user@host/name` and migrates its tables; creates an
    /// SQLite database that does not exist
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let store = Self::new(address)?;
        store.prepare().await?;
        Ok(store)
    }

    /// Opens an existing database and migrates its tables
    pub async fn open_existing(address: &str) -> Result<Self, StoreError> {
        let mut store = Self::new(address)?;
        if let Some(file) = store.file.as_mut().and_then(Arc::get_mut) {
            file.must_exist();
        }
        store.prepare().await?;
        Ok(store)
    }

    /// The database at a URL, which is opened when it is first used
    pub fn new(address: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let dialect = Dialect::of(address)?;
        let (file, address) = match dialect {
            Dialect::Sqlite => DatabaseFile::at(address)?,
            Dialect::Postgres => (None, address.to_owned()),
        };
        let writers = match dialect {
            // SQLite has one writer, and waiting here is fairer than waiting in `busy_timeout`.
            Dialect::Sqlite => 1,
            Dialect::Postgres => CONNECTIONS,
        };
        let durations = pools::durations();
        let pool = |name, most| {
            let durations = durations.clone();
            Pool::new((dialect, &address), (name, most), durations)
        };
        Ok(Self {
            writer: pool("write", writers)?.for_writing(),
            readers: pool("read", CONNECTIONS)?,
            followers: pool("follow", FOLLOWERS)?,
            glance: pool("poll", 1)?,
            durations: durations.clone(),
            file: file.map(Arc::new),
            is_prepared: Arc::default(),
            writes: Arc::default(),
            dialect,
            address: Address(address.into()),
        })
    }

    /// Migrates the tables, once
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let prepare = async || {
            if let Some(file) = &self.file {
                file.protect()?;
            }
            // Not through the pool, which would hide why there is no connection, and without the limits of a request.
            let connect = AnyConnection::connect(&self.address.0);
            let mut connection = tokio::time::timeout(CONNECT, connect)
                .await
                .map_err(|elapsed| StoreError::Unreachable(elapsed.into()))??;
            if let Some(file) = &self.file {
                connection.execute(self.dialect.set_up()).await?;
                file.remember()?;
            }
            self.dialect.check(&mut connection).await?;
            migrate::migrate(&mut connection).await?;
            heads::ensure_epoch(&mut connection).await?;
            connection.close().await?;
            Ok(())
        };
        self.is_prepared.get_or_try_init(prepare).await.copied()
    }

    /// A name for this database that differs from that of others, for names in Redis: its URL without secrets
    ///
    /// Files with the same name exist on many machines, so a file's name includes its epoch.
    pub async fn shared_name(&self) -> Result<String, StoreError> {
        let address = redacted(&self.address.0);
        match self.dialect {
            Dialect::Sqlite => Ok(format!("{address} {}", self.heads().await?.epoch)),
            Dialect::Postgres => Ok(address),
        }
    }

    /// Closes the connections; everything committed is in the database
    pub async fn close(&self) {
        for pool in [&self.glance, &self.followers, &self.readers, &self.writer] {
            pool.close().await;
        }
    }

    /// Runs `work` on a connection; the time limit includes the time it waits for one
    async fn on<T: Send>(
        &self,
        pool: &Pool,
        limit: Duration,
        work: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let result = self.check_and_run(pool, limit, work).await;
        if pool.is_for_writing() {
            self.writes.record(&result);
        }
        result
    }

    /// Runs `work` in one transaction that writes
    async fn write<T: Send>(
        &self,
        limit: Duration,
        work: impl for<'c> FnOnce(Transaction<'c, Any>, Dialect) -> BoxFuture<'c, Result<T, StoreError>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let dialect = self.dialect;
        self.on(&self.writer, limit, move |connection| {
            Box::pin(async move {
                work(
                    connection.begin_with(dialect.begin_writing()).await?,
                    dialect,
                )
                .await
            })
        })
        .await
    }

    /// Runs `work` in one transaction that reads a consistent state
    async fn read<T: Send>(
        &self,
        pool: &Pool,
        work: impl for<'c> FnOnce(Transaction<'c, Any>) -> BoxFuture<'c, Result<T, StoreError>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let begin = self.dialect.begin_reading();
        self.on(pool, WORK, move |connection| {
            Box::pin(async move { work(connection.begin_with(begin).await?).await })
        })
        .await
    }

    async fn check_and_run<T: Send>(
        &self,
        pool: &Pool,
        limit: Duration,
        work: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let asked_at = Instant::now();
        tokio::time::timeout(WORK, self.prepare())
            .await
            .unwrap_or_else(|elapsed| Err(StoreError::Unreachable(elapsed.into())))?;
        self.check_file()?;
        let done = pool.run(asked_at, limit, work).await?;
        // A write to a file that was deleted or replaced must not be reported as stored.
        self.check_file()?;
        Ok(done)
    }

    fn check_file(&self) -> Result<(), StoreError> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn heads(&self) -> Result<StoreRevisions, StoreError> {
        self.on(&self.glance, GLANCE, |connection| {
            Box::pin(heads::heads(connection))
        })
        .await
    }

    async fn renew_epoch(&self, epoch: &str) -> Result<(), StoreError> {
        let epoch = epoch.to_owned();
        self.on(&self.writer, WORK, |connection| {
            Box::pin(async move { heads::renew_epoch(connection, &epoch).await })
        })
        .await
    }

    fn writes(&self) -> &Writes {
        &self.writes
    }

    fn pools(&self) -> Vec<PoolUse> {
        let pools = [&self.writer, &self.readers, &self.followers, &self.glance];
        pools.map(Pool::in_use).to_vec()
    }

    fn durations(&self) -> &PoolDurations {
        &self.durations
    }

    async fn try_write(&self) -> Result<(), StoreError> {
        self.on(&self.writer, WORK, |connection| {
            Box::pin(heads::try_write(connection))
        })
        .await
    }

    async fn environments(&self) -> Result<Vec<EnvironmentRow>, StoreError> {
        self.on(&self.followers, WORK, |connection| {
            Box::pin(environments::environments(connection))
        })
        .await
    }

    async fn create_environments(&self, new: NewEnvironments) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(environments::create(transaction, dialect, new))
        })
        .await
    }

    async fn change_name(&self, change: NameChange) -> Result<String, StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(environments::change(transaction, dialect, change))
        })
        .await
    }

    async fn project_id(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let name = name.to_owned();
        self.on(&self.readers, WORK, |connection| {
            Box::pin(async move { environments::project_id(connection, &name).await })
        })
        .await
    }

    async fn load(&self, environment: i64) -> Result<EnvironmentContent, StoreError> {
        self.read(&self.followers, move |transaction| {
            Box::pin(load::load(transaction, environment))
        })
        .await
    }

    async fn load_since(&self, environment: i64, revision: u64) -> Result<Since, StoreError> {
        self.read(&self.followers, move |transaction| {
            Box::pin(since::load_since(transaction, environment, revision))
        })
        .await
    }

    async fn commit_all(
        &self,
        commits: Vec<Commit>,
        note: Option<NoteChange>,
        asked_at: Instant,
    ) -> Result<(), StoreError> {
        commits.iter().try_for_each(Commit::check_names)?;
        let left = WRITE_LIMIT.saturating_sub(asked_at.elapsed());
        if left.is_zero() {
            return Err(StoreError::Busy);
        }
        self.write(left, move |transaction, dialect| {
            Box::pin(commit::commit_all(transaction, dialect, commits, note))
        })
        .await
    }

    async fn entry_notes(
        &self,
        environment: i64,
        entries: Vec<EntryId>,
    ) -> Result<Vec<EntryRow>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(async move { overrides::notes(connection, environment, &entries).await })
        })
        .await
    }

    async fn entries_by_time(&self, query: EntryQuery) -> Result<Vec<EntryRow>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(overrides::by_time(connection, query))
        })
        .await
    }

    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(audit::audit(connection, query))
        })
        .await
    }

    async fn audit_events(
        &self,
        project: i64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        self.on(&self.followers, WORK, move |connection| {
            Box::pin(audit::events(connection, project, (after, limit)))
        })
        .await
    }

    async fn audit_details(&self, project: i64, sequence: u64) -> Result<AuditDetails, StoreError> {
        self.read(&self.readers, move |transaction| {
            Box::pin(audit::details(transaction, project, sequence))
        })
        .await
    }

    async fn audit_head(&self, project: i64) -> Result<AuditHead, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(audit::head(connection, project))
        })
        .await
    }

    async fn forget_audit(&self, kept: Duration, author: Author) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, _| {
            Box::pin(async move { audit::forget(transaction, kept, &author).await })
        })
        .await
    }

    async fn flag_at_revision(
        &self,
        environment: i64,
        flag: &str,
        revision: u64,
    ) -> Result<Option<Json>, StoreError> {
        let flag = flag.to_owned();
        self.read(&self.readers, move |transaction| {
            Box::pin(async move {
                audit::flag_at_revision(transaction, environment, &flag, revision).await
            })
        })
        .await
    }

    async fn changed_after_revision(
        &self,
        environment: i64,
        revision: u64,
    ) -> Result<Option<Vec<(ObjectId, Option<Json>)>>, StoreError> {
        self.read(&self.readers, move |transaction| {
            Box::pin(audit::changed_after_revision(
                transaction,
                environment,
                revision,
            ))
        })
        .await
    }

    async fn revisions(
        &self,
        environment: i64,
        before: u64,
        limit: u32,
    ) -> Result<Vec<RevisionRow>, StoreError> {
        self.on(&self.readers, WORK, move |connection| {
            Box::pin(audit::revisions(connection, environment, (before, limit)))
        })
        .await
    }

    async fn access(&self) -> Result<Access, StoreError> {
        self.read(&self.followers, move |transaction| {
            Box::pin(access::access(transaction))
        })
        .await
    }

    async fn ensure_key(&self, key: CredentialRow) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(access::ensure(transaction, dialect, key))
        })
        .await
    }

    async fn insert_credentials_if_none(
        &self,
        keys: Vec<CredentialRow>,
    ) -> Result<Vec<String>, StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(access::found(transaction, dialect, keys))
        })
        .await
    }

    async fn drop_keys(&self, hashes: Vec<String>) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(async move { access::drop_all(transaction, dialect, &hashes).await })
        })
        .await
    }

    async fn change_access(&self, change: AccessChange) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(access::change(transaction, dialect, change))
        })
        .await
    }

    async fn credential_uses(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(access::uses(connection))
        })
        .await
    }

    async fn put_credential_uses(&self, uses: Vec<(String, Timestamp)>) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, _| {
            Box::pin(access::put_uses(transaction, uses))
        })
        .await
    }

    async fn change_settings(&self, change: SettingsChange) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(settings::change(transaction, dialect, change))
        })
        .await
    }

    async fn listen(&self) -> Result<Option<Box<dyn CommitNotifications>>, StoreError> {
        self.prepare().await?;
        match self.dialect {
            Dialect::Sqlite => Ok(None),
            Dialect::Postgres => Ok(Some(Box::new(
                PostgresAnnouncements::begin(&self.address.0).await?,
            ))),
        }
    }
}
