//! Settings of environments. They are part of access: changing them counts, and is announced, as a change of access

use std::collections::BTreeSet;

use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::dialect::Dialect;
use super::{access, environments};
use crate::store::{SettingsChange, StoreError};

/// The environments whose evaluated values are public
pub(super) async fn public(connection: &mut AnyConnection) -> Result<BTreeSet<i64>, StoreError> {
    let rows = connection
        .fetch_all("SELECT id FROM environment WHERE public_values = 1")
        .await?;
    let ids = rows.iter().map(|row| Ok(row.try_get(0)?));
    ids.collect()
}

pub(super) async fn change(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    change: SettingsChange,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    access::hold(connection).await?;
    let changed = sqlx::query(
        "UPDATE environment SET public_values = $1 WHERE id = $2 AND public_values = $3",
    )
    .bind(i64::from(change.is_public))
    .bind(change.environment_id)
    .bind(i64::from(change.was_public))
    .execute(&mut *connection)
    .await?;
    if changed.rows_affected() != 1 {
        return Err(StoreError::Changed);
    }
    let name = environments::name(connection, change.environment_id).await?;
    let occasion = Occasion {
        project: change.project_id,
        environment: Some((change.environment_id, name.as_str())),
        revision: None,
        author: &change.author,
    };
    audit::add(connection, occasion, &change.audit).await?;
    access::commit(transaction, dialect).await
}
