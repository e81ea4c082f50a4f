//! Settings of environments. They are part of access: changing them counts, and is announced, as a change of access

use std::collections::BTreeSet;

use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::dialect::Dialect;
use super::{access, environments};
use crate::store::{Author, SettingsChange, StoreError};

/// The environments whose evaluated values are public
pub(super) async fn public(connection: &mut AnyConnection) -> Result<BTreeSet<i64>, StoreError> {
    ids(
        connection,
        "SELECT id FROM environment WHERE public_values = 1",
    )
    .await
}

/// The environments of which every change must state a reason
pub(super) async fn protected(connection: &mut AnyConnection) -> Result<BTreeSet<i64>, StoreError> {
    ids(
        connection,
        "SELECT id FROM environment WHERE require_reason = 1",
    )
    .await
}

async fn ids(
    connection: &mut AnyConnection,
    query: &'static str,
) -> Result<BTreeSet<i64>, StoreError> {
    let rows = connection.fetch_all(query).await?;
    let ids = rows.iter().map(|row| Ok(row.try_get(0)?));
    ids.collect()
}

/// Refuses a change without a reason if the environment is protected
pub(super) async fn require_reason(
    connection: &mut AnyConnection,
    author: &Author,
    environment: i64,
) -> Result<(), StoreError> {
    if author
        .reason
        .as_deref()
        .is_some_and(|it| !it.trim().is_empty())
    {
        return Ok(());
    }
    let protected =
        sqlx::query("SELECT name FROM environment WHERE id = $1 AND require_reason = 1")
            .bind(environment)
            .fetch_optional(connection)
            .await?;
    match protected {
        Some(row) => Err(StoreError::ReasonRequired {
            environment: row.try_get(0)?,
        }),
        None => Ok(()),
    }
}

pub(super) async fn change(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    change: SettingsChange,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    access::hold(connection).await?;
    let name = environments::name(connection, change.environment_id).await?;
    let occasion = Occasion {
        project: change.project_id,
        environment: Some((change.environment_id, name.as_str())),
        revision: None,
        author: &change.author,
    };
    // Before the settings change: ending the protection needs a reason, and beginning it does not.
    audit::add(connection, occasion, &change.audit).await?;
    let changed = sqlx::query(
        "UPDATE environment SET public_values = $1, require_reason = $2 \
         WHERE id = $3 AND public_values = $4 AND require_reason = $5",
    )
    .bind(i64::from(change.after.is_public))
    .bind(i64::from(change.after.requires_reason))
    .bind(change.environment_id)
    .bind(i64::from(change.before.is_public))
    .bind(i64::from(change.before.requires_reason))
    .execute(&mut *connection)
    .await?;
    if changed.rows_affected() != 1 {
        return Err(StoreError::Changed);
    }
    access::commit(transaction, dialect).await
}
