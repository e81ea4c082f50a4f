//! Bringing the tables up to date

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, SqlSafeStr as _};

use crate::store::StoreError;

/// Forward only: a migration that has been released is never edited, and leaves the release before it able to work
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "initial",
        include_str!("../../../migrations/0001_initial.sql"),
    ),
    (
        2,
        "changes by version",
        include_str!("../../../migrations/0002_changes_by_version.sql"),
    ),
    (
        3,
        "audit in sequence",
        include_str!("../../../migrations/0003_audit_in_sequence.sql"),
    ),
    (
        4,
        "access",
        include_str!("../../../migrations/0004_access.sql"),
    ),
    (
        5,
        "audit chain",
        include_str!("../../../migrations/0005_audit_chain.sql"),
    ),
    (
        6,
        "overrides",
        include_str!("../../../migrations/0006_overrides.sql"),
    ),
    (
        7,
        "members",
        include_str!("../../../migrations/0007_members.sql"),
    ),
    (
        8,
        "catalogue",
        include_str!("../../../migrations/0008_catalogue.sql"),
    ),
    (
        9,
        "usage",
        include_str!("../../../migrations/0009_usage.sql"),
    ),
    (
        10,
        "idempotency",
        include_str!("../../../migrations/0010_idempotency.sql"),
    ),
    (
        12,
        "public values",
        include_str!("../../../migrations/0012_public_values.sql"),
    ),
    (
        14,
        "instances",
        include_str!("../../../migrations/0014_instances.sql"),
    ),
];

/// Applies what has not been applied; in PostgreSQL under an advisory lock, so that nodes may start together
pub(super) async fn migrate(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let migration = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    let mut migrator = Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect());
    // While nodes are updated one by one, an old one may start on the tables of a new one.
    migrator.set_ignore_missing(true);
    // Not `run`, which asks for more of a connection than one that is borrowed can promise; sqlx has this for that.
    migrator.run_direct(None, connection, false).await?;
    Ok(())
}
