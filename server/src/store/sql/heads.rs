//! Where all environments stand, and the lineage that their revisions belong to

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::{AnyConnection, Row as _};

use super::{access, unsigned};
use crate::store::{Heads, StoreError};

pub(super) async fn heads(connection: &mut AnyConnection) -> Result<Heads, StoreError> {
    let rows = sqlx::query(
        "SELECT epoch.value, access.value, environment.id, environment.revision \
         FROM meta epoch JOIN meta access ON access.name = 'access' LEFT JOIN environment ON TRUE WHERE epoch.name = 'epoch'",
    )
    .fetch_all(connection)
    .await?;
    let first = rows
        .first()
        .ok_or(StoreError::Corrupt { what: "an epoch" })?;
    let epoch: Arc<str> = first.try_get::<String, _>(0)?.into();
    let access = access::version(first.try_get(1)?)?;
    let mut revisions = BTreeMap::new();
    for row in &rows {
        if let Some(id) = row.try_get(2)? {
            revisions.insert(id, unsigned(row.try_get(3)?)?);
        }
    }
    Ok(Heads {
        epoch,
        revisions,
        access,
    })
}

/// Gives new data an epoch
pub(super) async fn ensure_epoch(connection: &mut AnyConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING",
    )
    .bind(random_epoch())
    .execute(connection)
    .await?;
    Ok(())
}

/// Of several nodes that find the same data to have lost something, one renews the epoch
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

/// Writes something of no account; another value each time, since SQLite does not write what is there already
pub(super) async fn try_write(connection: &mut AnyConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('try-write', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(random_epoch())
    .execute(connection)
    .await?;
    Ok(())
}

/// The id of a new lineage
pub(super) fn random_epoch() -> String {
    format!("{:016x}", rand::random::<u64>())
}
