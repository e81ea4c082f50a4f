//! Reading a whole environment in one transaction

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::row::{object_id, shared, signed};
use super::{KEPT_REVISIONS, timestamp, unsigned};
use crate::object::ObjectId;
use crate::store::{
    Change, ChangeRow, EnvironmentContent, FlagRow, HISTORY_BYTES, StoreError, Stored,
};

/// The maximum number of changes that are read
const MAX_CHANGES: i64 = 250_000;

pub(super) async fn load(
    mut transaction: Transaction<'_, Any>,
    environment: i64,
) -> Result<EnvironmentContent, StoreError> {
    let connection = &mut *transaction;
    let revision = revision(connection, environment).await?;
    let objects =
        sqlx::query("SELECT kind, name, version, value FROM object WHERE environment_id = $1")
            .bind(environment);
    let objects = rows(objects, connection, object).await?;
    let entries =
        sqlx::query("SELECT kind, name, entry, value FROM entry WHERE environment_id = $1")
            .bind(environment);
    let entries = rows(entries, connection, entry).await?;
    let flags = sqlx::query("SELECT name, value_type, version, created_at, updated_at FROM flag WHERE environment_id = $1")
        .bind(environment);
    let flags = rows(flags, connection, flag).await?;
    let kept = revision.saturating_sub(KEPT_REVISIONS);
    let kept = remembered(connection, environment, kept).await?;
    let changes = changes(connection, environment, kept).await?;
    Ok(EnvironmentContent {
        revision,
        objects,
        entries,
        flags,
        changes,
    })
}

/// The revision of an environment
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

/// The oldest revision, at least `kept`, after which there are few enough changes to read
///
/// One revision can change everything, so a thousand of them can be more than a node can hold, and no caller uses more than
/// [`HISTORY_BYTES`] of them.
pub(super) async fn remembered(
    connection: &mut AnyConnection,
    environment: i64,
    kept: u64,
) -> Result<u64, StoreError> {
    let rows = sqlx::query(
        "SELECT revision, COUNT(*), CAST(SUM(COALESCE(OCTET_LENGTH(before_value), 0)) AS BIGINT) FROM \
         (SELECT revision, before_value FROM change WHERE environment_id = $1 AND revision > $2 \
          ORDER BY revision DESC, ordinal DESC LIMIT $3) newest GROUP BY revision ORDER BY revision DESC",
    )
    .bind(environment)
    .bind(signed(kept)?)
    // One more row shows whether the oldest revision is complete.
    .bind(MAX_CHANGES.saturating_add(1))
    .fetch_all(connection)
    .await?;
    let (mut count, mut bytes) = (0_i64, 0_i64);
    for row in &rows {
        count = count.saturating_add(row.try_get(1)?);
        bytes = bytes.saturating_add(row.try_get(2)?);
        if count > MAX_CHANGES || unsigned(bytes)? > HISTORY_BYTES as u64 {
            return unsigned(row.try_get(0)?);
        }
    }
    Ok(kept)
}

/// The changes of the revisions after one, newest first
pub(super) async fn changes(
    connection: &mut AnyConnection,
    environment: i64,
    after: u64,
) -> Result<Vec<ChangeRow>, StoreError> {
    let changes = sqlx::query(
        "SELECT revision, kind, name, entry, before_version, before_value FROM change \
         WHERE environment_id = $1 AND revision > $2 ORDER BY revision DESC, ordinal DESC",
    )
    .bind(environment)
    .bind(signed(after)?);
    rows(changes, connection, change).await
}

/// The rows of a query, read one by one with pauses for other tasks: there may be as many rows as the environment has entries
pub(super) async fn rows<T>(
    query: Query<'_, Any, AnyArguments>,
    connection: &mut AnyConnection,
    read: impl Fn(&AnyRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut rows = query.fetch(connection);
    let mut all = Vec::new();
    while let Some(row) = rows.try_next().await? {
        all.push(read(&row)?);
        tokio::task::coop::consume_budget().await;
    }
    Ok(all)
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
