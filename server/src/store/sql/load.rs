//! Reading an environment whole, in one transaction

use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::{Any, Row as _, Transaction};

use super::row::{object_id, signed};
use super::{KEPT_REVISIONS, timestamp, unsigned};
use crate::store::{Change, ChangeRow, EnvironmentContent, FlagRow, StoreError, Stored};

pub(super) async fn load(
    mut transaction: Transaction<'_, Any>,
    environment: i64,
) -> Result<EnvironmentContent, StoreError> {
    let connection = &mut *transaction;
    let revision = sqlx::query("SELECT revision FROM environment WHERE id = $1")
        .bind(environment)
        .fetch_one(&mut *connection)
        .await?;
    let revision = unsigned(revision.try_get(0)?)?;
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
    let changes = sqlx::query(
        "SELECT revision, kind, name, entry, before_version, before_value FROM change \
         WHERE environment_id = $1 AND revision > $2 ORDER BY revision DESC, ordinal DESC",
    )
    .bind(environment)
    .bind(signed(revision.saturating_sub(KEPT_REVISIONS))?)
    .fetch_all(&mut *connection)
    .await?;
    Ok(EnvironmentContent {
        revision,
        objects: objects.iter().map(object).collect::<Result<_, _>>()?,
        entries: entries.iter().map(entry).collect::<Result<_, _>>()?,
        flags: flags.iter().map(flag).collect::<Result<_, _>>()?,
        changes: changes.iter().map(change).collect::<Result<_, _>>()?,
    })
}

fn shared(text: Option<String>) -> Option<Arc<str>> {
    text.map(Arc::from)
}

fn object(row: &AnyRow) -> Result<(crate::object::ObjectId, Stored), StoreError> {
    let id = object_id(row.try_get(0)?, row.try_get(1)?)?;
    Ok((
        id,
        Stored {
            version: unsigned(row.try_get(2)?)?,
            value: shared(row.try_get(3)?),
        },
    ))
}

fn entry(row: &AnyRow) -> Result<(crate::object::ObjectId, Arc<str>, Arc<str>), StoreError> {
    let id = object_id(row.try_get(0)?, row.try_get(1)?)?;
    Ok((
        id,
        row.try_get::<String, _>(2)?.into(),
        row.try_get::<String, _>(3)?.into(),
    ))
}

fn flag(row: &AnyRow) -> Result<FlagRow, StoreError> {
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
