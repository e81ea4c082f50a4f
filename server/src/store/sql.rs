//! The SQL adapter, through sqlx's `Any` driver: one set of statements in a dialect that SQLite and PostgreSQL both take
//!
//! What differs between the two is how a connection is set up and how a writing transaction begins; nothing else may.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, Executor as _, Row as _, SqlSafeStr as _, Transaction};

use super::{
    AuditQuery, AuditRow, Commit, EnvironmentContent, EnvironmentRow, KeyRow, Store, StoreError,
};

mod audit;
mod commit;
mod keys;
mod load;
mod row;

use row::{timestamp, unsigned};

/// Revisions of an environment whose changes are kept
pub(crate) const KEPT_REVISIONS: u64 = 1_000;

// `RETURNING` and a writer that takes its lock at once: a transaction that begins by reading would fail to upgrade in SQLite.
const BEGIN_WRITING: &str = "BEGIN IMMEDIATE";

/// A store in an SQL database
#[derive(Debug, Clone)]
pub struct SqlStore {
    // One connection: SQLite has one writer, and waiting here is fairer than waiting in `busy_timeout`.
    writer: AnyPool,
    readers: AnyPool,
}

impl SqlStore {
    /// Opens the database at an address such as `sqlite://flagstaff.db`, makes it if there is none, and brings its tables up to date
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let address = sqlite_address(address)?;
        let writer = pool(1).connect(&address).await?;
        migrations().run(&writer).await?;
        let readers = pool(4).connect(&address).await?;
        let store = Self { writer, readers };
        store.ensure_epoch().await?;
        Ok(store)
    }

    /// Closes the connections; what was committed is in the file
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        self.writer.begin_with(BEGIN_WRITING).await
    }

    async fn ensure_epoch(&self) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING",
        )
        .bind(format!("{:016x}", rand::random::<u64>()))
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

fn sqlite_address(address: &str) -> Result<Cow<'_, str>, StoreError> {
    if !address.starts_with("sqlite:") {
        return Err(StoreError::Address);
    }
    // A first start makes the file; sqlx would refuse without being told.
    Ok(if address.contains('?') {
        address.into()
    } else {
        format!("{address}?mode=rwc").into()
    })
}

fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections).after_connect(|connection, _| {
        Box::pin(async move {
            // `FULL`: a revision that clients have seen must not be lost, or made anew with other content, by a power cut.
            connection
                .execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON")
                .await?;
            Ok(())
        })
    })
}

/// Forward only: a migration that has been released is never edited
fn migrations() -> Migrator {
    let initial = include_str!("../../migrations/0001_initial.sql").into_sql_str();
    Migrator::with_migrations(vec![Migration::new(
        1,
        "initial".into(),
        MigrationType::Simple,
        initial,
        false,
    )])
}

#[async_trait]
impl Store for SqlStore {
    async fn epoch(&self) -> Result<Arc<str>, StoreError> {
        let row = sqlx::query("SELECT value FROM meta WHERE name = 'epoch'")
            .fetch_one(&self.readers)
            .await?;
        Ok(row.try_get::<String, _>(0)?.into())
    }

    async fn environments(&self) -> Result<Vec<EnvironmentRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT environment.id, project.id, project.name, environment.name \
             FROM environment JOIN project ON project.id = environment.project_id ORDER BY environment.id",
        )
        .fetch_all(&self.readers)
        .await?;
        let environment = |row: &sqlx::any::AnyRow| {
            Ok(EnvironmentRow {
                id: row.try_get(0)?,
                project_id: row.try_get(1)?,
                project: row.try_get::<String, _>(2)?.into(),
                name: row.try_get::<String, _>(3)?.into(),
            })
        };
        rows.iter().map(environment).collect()
    }

    async fn load(&self, environment: i64) -> Result<EnvironmentContent, StoreError> {
        load::load(self.readers.begin().await?, environment).await
    }

    async fn commit(&self, commit: Commit) -> Result<u64, StoreError> {
        commit::commit(self.begin().await?, commit).await
    }

    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        audit::audit(&self.readers, query).await
    }

    async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        keys::keys(&self.readers).await
    }

    async fn ensure_key(&self, key: KeyRow) -> Result<(), StoreError> {
        keys::ensure(self.begin().await?, key).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }
}
