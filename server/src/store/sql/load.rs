//! Reading an environment whole, in one transaction

use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::row::{object_id, shared, signed};
use super::{KEPT_REVISIONS, timestamp, unsigned};
use crate::object::ObjectId;
use crate::store::{Change, ChangeRow, EnvironmentContent, FlagRow, StoreError, Stored};

pub(super) async fn load(
    mut transaction: Transaction<'_, Any>,
    environment: i64,
) -> Result<EnvironmentContent, StoreError> {
    let connection = &mut *transaction;
    let revision = revision(connection, environment).await?;
    let objects =
        sqlx::query("SELECT kind, name, version, value FROM object WHERE environment_id = $1")
            .bind(environment)
            .fetch_all(&mut *connection)
            .await?;
    let entries =
        sqlx::query("SELECT kind, name, entry, value FROM entry WHERE environment_id = $1")
            .bind(environment)
            .fetch_all(&mut *connection)
            .await?;
    let flags = sqlx::query("SELECT name, value_type, version, created_at, updated_at FROM flag WHERE environment_id = $1")
        .bind(environment)
        .fetch_all(&mut *connection)
        .await?;
    let kept = revision.saturating_sub(KEPT_REVISIONS);
    let changes = changes(connection, environment, kept).await?;
    Ok(EnvironmentContent {
        revision,
        objects: objects.iter().map(object).collect::<Result<_, _>>()?,
        entries: entries.iter().map(entry).collect::<Result<_, _>>()?,
        flags: flags.iter().map(flag).collect::<Result<_, _>>()?,
        changes,
    })
}

/// The revision that an environment is at
pub(super) async fn revision(
    connection: &mut AnyConnection,
    environment: i64,
) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT revision FROM environment WHERE id = $1")
        .bind(environment)
        .fetch_one(connection)
        .await?;
    unsigned(row.try_get(0)?)
}

/// What the revisions after one changed, the newest first
pub(super) async fn changes(
    connection: &mut AnyConnection,
    environment: i64,
    after: u64,
) -> Result<Vec<ChangeRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT revision, kind, name, entry, before_version, before_value FROM change \
         WHERE environment_id = $1 AND revision > $2 ORDER BY revision DESC, ordinal DESC",
    )
    .bind(environment)
    .bind(signed(after)?)
    .fetch_all(connection)
    .await?;
    rows.iter().map(change).collect()
}

pub(super) fn object(row: &AnyRow) -> Result<(ObjectId, Stored), StoreError> {
    let id = object_id(row.try_get(0)?, row.try_get(1)?)?;
    Ok((
        id,
        Stored {
            version: unsigned(row.try_get(2)?)?,
            value: shared(row.try_get(3)?),
        },
    ))
}

pub(super) fn entry(row: &AnyRow) -> Result<(ObjectId, Arc<str>, Arc<str>), StoreError> {
    let id = object_id(row.try_get(0)?, row.try_get(1)?)?;
    Ok((
        id,
        row.try_get::<String, _>(2)?.into(),
        row.try_get::<String, _>(3)?.into(),
    ))
}

pub(super) fn flag(row: &AnyRow) -> Result<FlagRow, StoreError> {
    Ok(FlagRow {
        key: row.try_get::<String, _>(0)?.into(),
        value_type: row.try_get::<String, _>(1)?.into(),
        version: unsigned(row.try_get(2)?)?,
        created_at: timestamp(row.try_get(3)?),
        updated_at: timestamp(row.try_get(4)?),
    })
}

fn change(row: &AnyRow) -> Result<ChangeRow, StoreError> {
    Ok(ChangeRow {
        revision: unsigned(row.try_get(0)?)?,
        change: Change {
            id: object_id(row.try_get(1)?, row.try_get(2)?)?,
            entry: shared(row.try_get(3)?),
            after: None,
            before_version: row
                .try_get::<Option<i64>, _>(4)?
                .map(unsigned)
                .transpose()?,
            before: shared(row.try_get(5)?),
        },
    })
}
