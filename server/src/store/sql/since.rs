//! Reading what has changed in an environment since a revision

use sqlx::{Any, Transaction};

use super::row::signed;
use super::{KEPT_REVISIONS, load};
use crate::store::{EnvironmentContent, Since, StoreError};

pub(super) async fn load_since(
    mut transaction: Transaction<'_, Any>,
    environment: i64,
    revision: u64,
) -> Result<Since, StoreError> {
    let connection = &mut *transaction;
    let current = load::revision(connection, environment).await?;
    match current.checked_sub(revision) {
        None => return Ok(Since::Lost),
        Some(0) => return Ok(Since::Nothing),
        Some(1..=KEPT_REVISIONS) => {}
        Some(_) => return Ok(Since::Forgotten),
    }
    if load::remembered(connection, environment, revision).await? > revision {
        return Ok(Since::Forgotten);
    }
    let objects = sqlx::query(
        "SELECT kind, name, version, value FROM object WHERE environment_id = $1 AND version > $2",
    )
    .bind(environment)
    .bind(signed(revision)?);
    let objects = load::rows(objects, connection, load::object).await?;
    // Entries have no version of their own; the list of changes names those that changed.
    let entries = sqlx::query(
        "SELECT DISTINCT entry.kind, entry.name, entry.entry, entry.value FROM change JOIN entry \
         ON entry.environment_id = change.environment_id AND entry.kind = change.kind \
         AND entry.name = change.name AND entry.entry = change.entry \
         WHERE change.environment_id = $1 AND change.revision > $2",
    )
    .bind(environment)
    .bind(signed(revision)?);
    let entries = load::rows(entries, connection, load::entry).await?;
    let flags = sqlx::query(
        "SELECT name, value_type, version, created_at, updated_at FROM flag WHERE environment_id = $1 AND version > $2",
    )
    .bind(environment)
    .bind(signed(revision)?);
    let flags = load::rows(flags, connection, load::flag).await?;
    let changes = load::changes(connection, environment, revision).await?;
    Ok(Since::Changes(EnvironmentContent {
        revision: current,
        objects,
        entries,
        flags,
        changes,
    }))
}
