//! Migrating the tables

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, SqlSafeStr as _};

use crate::store::StoreError;

/// Forward only: a released migration is never edited, and the previous release keeps working on its result
///
/// Not `sqlx::migrate!`, whose macro needs both database drivers compiled a second time.
const MIGRATIONS: [(i64, &str, &str); 7] = [
    (
        1,
        "initial",
        include_str!("../../../migrations/0001_initial.sql"),
    ),
    (
        2,
        "override creation",
        include_str!("../../../migrations/0002_override_creation.sql"),
    ),
    (
        3,
        "credential use",
        include_str!("../../../migrations/0003_credential_use.sql"),
    ),
    (
        4,
        "people and names",
        include_str!("../../../migrations/0004_people_and_names.sql"),
    ),
    (
        5,
        "sessions",
        include_str!("../../../migrations/0005_sessions.sql"),
    ),
    (
        6,
        "protected environments",
        include_str!("../../../migrations/0006_protected_environments.sql"),
    ),
    (
        8,
        "ended sessions",
        include_str!("../../../migrations/0008_ended_sessions.sql"),
    ),
];

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
    migrator.run_direct(None, connection, false).await?;
    Ok(())
}
