//! The revisions of all environments, the ends of all audits, and the epoch of the database

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::{AnyConnection, Row as _};

use super::{access, unsigned};
use crate::store::{StoreError, StoreRevisions};

pub(super) async fn heads(connection: &mut AnyConnection) -> Result<StoreRevisions, StoreError> {
    let rows = sqlx::query(
        "SELECT epoch.value, access.value, environment.id, environment.revision, project.id, project.audited \
         FROM meta epoch JOIN meta access ON access.name = 'access' LEFT JOIN environment ON environment.deleted_at IS NULL \
         LEFT JOIN project ON project.id = environment.project_id WHERE epoch.name = 'epoch'",
    )
    .fetch_all(connection)
    .await?;
    let first = rows
        .first()
        .ok_or(StoreError::Corrupt { what: "an epoch" })?;
    let epoch: Arc<str> = first.try_get::<String, _>(0)?.into();
    let access = access::version(first.try_get(1)?)?;
    let (mut revisions, mut audited) = (BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        if let Some(id) = row.try_get(2)? {
            revisions.insert(id, unsigned(row.try_get(3)?)?);
            audited.insert(row.try_get(4)?, unsigned(row.try_get(5)?)?);
        }
    }
    Ok(StoreRevisions {
        epoch,
        revisions,
        access,
        audited,
    })
}

/// Sets the epoch of a new database
pub(super) async fn ensure_epoch(connection: &mut AnyConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING",
    )
    .bind(random_epoch())
    .execute(connection)
    .await?;
    Ok(())
}

/// Renews the epoch; of several nodes that notice the same loss of data, one does it
pub(super) async fn renew_epoch(
    connection: &mut AnyConnection,
    epoch: &str,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE meta SET value = $1 WHERE name = 'epoch' AND value = $2")
        .bind(random_epoch())
        .bind(epoch)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes a meaningless value; a different one each time, since SQLite does not write an equal value
pub(super) async fn try_write(connection: &mut AnyConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('try-write', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(random_epoch())
    .execute(connection)
    .await?;
    Ok(())
}

/// A new epoch
pub(super) fn random_epoch() -> String {
    format!("{:016x}", rand::random::<u64>())
}
