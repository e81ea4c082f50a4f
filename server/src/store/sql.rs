//! The SQL adapter, through sqlx's `Any` driver: one set of statements in a dialect that SQLite and PostgreSQL both take
//!
//! What differs between the two is in [`dialect`] and [`listen`]; nothing else may.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use serde_json::Value as Json;
use sqlx::{AnyConnection, Connection as _, Executor as _};
use tokio::sync::OnceCell;

use super::{
    Access, AccessChange, Announcements, AuditDetails, AuditHead, AuditQuery, AuditRow, Commit,
    EntryId, EntryQuery, EntryRow, EnvironmentContent, EnvironmentRow, Heads, KeyRow,
    NewEnvironments, NoteChange, SettingsChange, Since, Store, StoreError, WRITE_LIMIT, Writes,
};

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

/// Revisions of an environment whose changes are kept
pub(crate) const KEPT_REVISIONS: u64 = 1_000;

/// A question that every node asks all the time
const GLANCE: Duration = Duration::from_secs(3);
/// Anything else; above the limits that PostgreSQL is given, which say better what was wrong
const WORK: Duration = Duration::from_mins(1);
const CONNECTIONS: u32 = 4;
/// For what a node loads to be where the store is
const FOLLOWERS: u32 = 2;

/// A store in an SQL database
#[derive(Debug, Clone)]
pub struct SqlStore {
    address: Address,
    dialect: Dialect,
    file: Option<Arc<DatabaseFile>>,
    is_prepared: Arc<OnceCell<()>>,
    writer: Pool,
    // What people ask for can take long, so what a node needs to serve has connections of its own, and the look at the heads, by which
    // an outage is known, another.
    readers: Pool,
    followers: Pool,
    glance: Pool,
    writes: Arc<Writes>,
}

/// An address with a password in it
#[derive(Clone)]
struct Address(Arc<str>);

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&redacted(&self.0))
    }
}

impl SqlStore {
    /// Opens the database at an address such as `sqlite://flagstaff.db` or `postgres://user@host/name` and brings its tables up to
    /// date; an SQLite database is made if there is none
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let store = Self::new(address)?;
        store.prepare().await?;
        Ok(store)
    }

    /// Opens a database that is there already and brings its tables up to date
    pub async fn open_existing(address: &str) -> Result<Self, StoreError> {
        let mut store = Self::new(address)?;
        if let Some(file) = store.file.as_mut().and_then(Arc::get_mut) {
            file.must_exist();
        }
        store.prepare().await?;
        Ok(store)
    }

    /// The database at an address, which is opened when it is first needed
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
        let pool = |most| Pool::new(dialect, &address, most);
        Ok(Self {
            writer: pool(writers)?.for_writing(),
            readers: pool(CONNECTIONS)?,
            followers: pool(FOLLOWERS)?,
            glance: pool(1)?,
            file: file.map(Arc::new),
            is_prepared: Arc::default(),
            writes: Arc::default(),
            dialect,
            address: Address(address.into()),
        })
    }

    /// Brings the tables up to date, once
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let prepare = async || {
            if let Some(file) = &self.file {
                file.protect()?;
            }
            // Without a pool, which would hide why there is no connection, and without the limits of a request.
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
            audit::adopt_all(&mut connection, self.dialect).await?;
            connection.close().await?;
            Ok(())
        };
        self.is_prepared.get_or_try_init(prepare).await.copied()
    }

    /// What this database is called where several could meet: its address, without what is secret in it
    ///
    /// Files of one name are on many machines, so of a file its lineage belongs to it.
    pub async fn shared_name(&self) -> Result<String, StoreError> {
        let address = redacted(&self.address.0);
        match self.dialect {
            Dialect::Sqlite => Ok(format!("{address} {}", self.heads().await?.epoch)),
            Dialect::Postgres => Ok(address),
        }
    }

    /// Closes the connections; what was committed is in the database
    pub async fn close(&self) {
        for pool in [&self.glance, &self.followers, &self.readers, &self.writer] {
            pool.close().await;
        }
    }

    /// Does something on a connection, for so long at most, with the time that it waits for one
    async fn on<T: Send>(
        &self,
        pool: &Pool,
        limit: Duration,
        work: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let result = self.check_and_run(pool, limit, work).await;
        if pool.is_for_writing() {
            self.writes.note(&result);
        }
        result
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
        // What was written to a file that nobody will find again must not be called stored.
        self.check_file()?;
        Ok(done)
    }

    fn check_file(&self) -> Result<(), StoreError> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn heads(&self) -> Result<Heads, StoreError> {
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
        self.on(&self.writer, WORK, |connection| {
            let dialect = self.dialect;
            Box::pin(async move {
                let transaction = connection.begin_with(dialect.begin_writing()).await?;
                environments::create(transaction, dialect, new).await
            })
        })
        .await
    }

    async fn load(&self, environment: i64) -> Result<EnvironmentContent, StoreError> {
        self.on(&self.followers, WORK, |connection| {
            let begin = self.dialect.begin_reading();
            Box::pin(
                async move { load::load(connection.begin_with(begin).await?, environment).await },
            )
        })
        .await
    }

    async fn load_since(&self, environment: i64, revision: u64) -> Result<Since, StoreError> {
        self.on(&self.followers, WORK, |connection| {
            let begin = self.dialect.begin_reading();
            Box::pin(async move {
                let transaction = connection.begin_with(begin).await?;
                since::load_since(transaction, environment, revision).await
            })
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
        self.on(&self.writer, left, |connection| {
            let dialect = self.dialect;
            Box::pin(async move {
                let transaction = connection.begin_with(dialect.begin_writing()).await?;
                commit::commit_all(transaction, dialect, commits, note).await
            })
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

    async fn audit_details(&self, project: i64, sequence: u64) -> Result<AuditDetails, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            let begin = self.dialect.begin_reading();
            Box::pin(async move {
                audit::details(connection.begin_with(begin).await?, project, sequence).await
            })
        })
        .await
    }

    async fn audit_head(&self, project: i64) -> Result<AuditHead, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(audit::head(connection, project))
        })
        .await
    }

    async fn flag_then(
        &self,
        environment: i64,
        flag: &str,
        revision: u64,
    ) -> Result<Option<Json>, StoreError> {
        let flag = flag.to_owned();
        self.on(&self.readers, WORK, |connection| {
            let begin = self.dialect.begin_reading();
            Box::pin(async move {
                let transaction = connection.begin_with(begin).await?;
                audit::flag_then(transaction, environment, &flag, revision).await
            })
        })
        .await
    }

    async fn access(&self) -> Result<Access, StoreError> {
        self.on(&self.followers, WORK, |connection| {
            let begin = self.dialect.begin_reading();
            Box::pin(async move { access::access(connection.begin_with(begin).await?).await })
        })
        .await
    }

    async fn ensure_key(&self, key: KeyRow) -> Result<(), StoreError> {
        self.on(&self.writer, WORK, |connection| {
            let dialect = self.dialect;
            Box::pin(async move {
                let transaction = connection.begin_with(dialect.begin_writing()).await?;
                access::ensure(transaction, dialect, key).await
            })
        })
        .await
    }

    async fn found_keys(&self, keys: Vec<KeyRow>) -> Result<Vec<String>, StoreError> {
        self.on(&self.writer, WORK, |connection| {
            let dialect = self.dialect;
            Box::pin(async move {
                let transaction = connection.begin_with(dialect.begin_writing()).await?;
                access::found(transaction, dialect, keys).await
            })
        })
        .await
    }

    async fn drop_keys(&self, hashes: Vec<String>) -> Result<(), StoreError> {
        self.on(&self.writer, WORK, |connection| {
            let dialect = self.dialect;
            Box::pin(async move {
                let transaction = connection.begin_with(dialect.begin_writing()).await?;
                access::drop_all(transaction, dialect, &hashes).await
            })
        })
        .await
    }

    async fn change_access(&self, change: AccessChange) -> Result<(), StoreError> {
        self.on(&self.writer, WORK, |connection| {
            let dialect = self.dialect;
            Box::pin(async move {
                let transaction = connection.begin_with(dialect.begin_writing()).await?;
                access::change(transaction, dialect, change).await
            })
        })
        .await
    }

    async fn change_settings(&self, change: SettingsChange) -> Result<(), StoreError> {
        self.on(&self.writer, WORK, |connection| {
            let dialect = self.dialect;
            Box::pin(async move {
                let transaction = connection.begin_with(dialect.begin_writing()).await?;
                settings::change(transaction, dialect, change).await
            })
        })
        .await
    }

    async fn listen(&self) -> Result<Option<Box<dyn Announcements>>, StoreError> {
        self.prepare().await?;
        match self.dialect {
            Dialect::Sqlite => Ok(None),
            Dialect::Postgres => Ok(Some(Box::new(
                PostgresAnnouncements::begin(&self.address.0).await?,
            ))),
        }
    }
}
