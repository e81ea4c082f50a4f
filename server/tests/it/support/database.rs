//! An empty database of a test's own

use flagstaff_server::store::SqlStore;
use sqlx::Connection as _;
use tempfile::TempDir;

use super::postgres::Cluster;

/// A database, and the folder that holds it
pub(crate) struct Database {
    address: String,
    _folder: Option<TempDir>,
}

impl Database {
    /// An SQLite file, which is deleted with this
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            address: format!("sqlite://{}", folder.path().join("flags.db").display()),
            _folder: Some(folder),
        }
    }

    pub(crate) async fn postgres(cluster: &Cluster) -> Self {
        Self {
            address: cluster.database().await,
            _folder: None,
        }
    }

    /// One of each kind
    pub(crate) async fn both() -> [Self; 2] {
        [Self::new(), Self::postgres(Cluster::shared()).await]
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) async fn open(&self) -> SqlStore {
        SqlStore::open(&self.address).await.unwrap()
    }

    /// Runs statements without the server
    pub(crate) async fn sql(&self, statements: &str) {
        sql(&self.address, statements).await;
    }
}

/// Runs statements in the database at an address, without the server; none of them may have a `;` in it
pub(crate) async fn sql(address: &str, statements: &str) {
    for statement in statements.split(';') {
        execute(address, statement).await;
    }
}

/// Runs one statement in the database at an address, without the server
pub(crate) async fn execute(address: &str, statement: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(address).await.unwrap();
    let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()));
    statement.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
