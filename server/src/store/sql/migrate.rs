//! Migrating the tables

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, SqlSafeStr as _};

use crate::store::StoreError;

/// Forward only: a released migration is never edited, and the previous release keeps working on its result
///
/// Not `sqlx::migrate!`, whose macro needs both database drivers compiled a second time.
const MIGRATIONS: [(i64, &str, &str); 1] = [(
    1,
    "initial",
    include_str!("../../../migrations/0001_initial.sql"),
)];

/// Applies the migrations that were not applied yet; in PostgreSQL under an advisory lock, so that nodes may start together
pub(super) async fn migrate(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let migrations = MIGRATIONS.map(|(version, name, sql)| {
        let (kind, sql) = (MigrationType::Simple, sql.into_sql_str());
        Migration::new(version, name.into(), kind, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.into());
    // While nodes are updated one by one, an old release may start on the tables of a new one.
    migrator.set_ignore_missing(true);
    // Not `run`, which requires more of a connection than a borrowed one offers; sqlx has this method for that case.
    let migrated = migrator.run_direct(None, connection, false).await;
    migrated.map_err(|error| match error {
        MigrateError::VersionMismatch(_) => StoreError::OtherTables(error),
        error => StoreError::Migrate(error),
    })
}
