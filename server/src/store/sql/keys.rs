//! Keys: hashes and what they open

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::timestamp;
use crate::store::{KeyRow, StoreError};

const COLUMNS: &str = "SELECT hash, kind, project_id, environment_id, name, created_at FROM access_key ORDER BY created_at, hash";

pub(super) async fn keys(connection: &mut AnyConnection) -> Result<Vec<KeyRow>, StoreError> {
    sqlx::query(COLUMNS)
        .fetch_all(connection)
        .await?
        .iter()
        .map(key)
        .collect()
}

pub(super) async fn ensure(
    mut transaction: Transaction<'_, Any>,
    wanted: KeyRow,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    sqlx::query(
        "INSERT INTO access_key (hash, kind, project_id, environment_id, name, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(&*wanted.hash)
    .bind(wanted.kind.name())
    .bind(wanted.project_id)
    .bind(wanted.environment_id)
    .bind(&*wanted.name)
    .bind(wanted.created_at.as_millis())
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query("SELECT hash, kind, project_id, environment_id, name, created_at FROM access_key WHERE hash = $1")
        .bind(&*wanted.hash)
        .fetch_one(&mut *connection)
        .await?;
    let stored = key(&row)?;
    if (stored.kind, stored.project_id, stored.environment_id)
        != (wanted.kind, wanted.project_id, wanted.environment_id)
    {
        return Err(StoreError::KeyTaken);
    }
    transaction.commit().await?;
    Ok(())
}

fn key(row: &AnyRow) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        hash: row.try_get(0)?,
        kind: row
            .try_get::<&str, _>(1)?
            .parse()
            .map_err(|_| StoreError::Corrupt {
                what: "a key of unknown kind",
            })?,
        project_id: row.try_get(2)?,
        environment_id: row.try_get(3)?,
        name: row.try_get(4)?,
        created_at: timestamp(row.try_get(5)?),
    })
}
