//! Settings of environments. They are part of access: changing them counts, and is announced, as a change of access

use std::collections::{BTreeMap, BTreeSet};

use flagstaff_core::Value;
use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::dialect::Dialect;
use super::{access, environments, usage};
use crate::store::{AttributeSettings, Author, SettingsChange, StoreError};

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

/// Which attributes of contexts are recorded, in environments where that is not the default
pub(super) async fn attributes(
    connection: &mut AnyConnection,
) -> Result<BTreeMap<i64, AttributeSettings>, StoreError> {
    let rows = connection
        .fetch_all(
            "SELECT id, record_attributes, private_attributes FROM environment \
             WHERE record_attributes = 1 OR private_attributes <> '[]'",
        )
        .await?;
    let settings = rows.iter().map(|row| {
        let is_recorded: i64 = row.try_get(1)?;
        let settings = AttributeSettings {
            is_recorded: is_recorded == 1,
            private: private(row.try_get(2)?)?,
        };
        Ok((row.try_get(0)?, settings))
    });
    settings.collect()
}

/// The private attributes of a row
pub(super) fn private(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt {
        what: "a list of private attributes",
    })
}

/// The private attributes for a row
fn private_text(settings: &AttributeSettings) -> String {
    let names = settings.private.iter().map(|name| Value::from(&**name));
    Value::Array(names.collect()).to_canonical()
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
        "UPDATE environment SET public_values = $1, require_reason = $2, record_attributes = $6, private_attributes = $7 \
         WHERE id = $3 AND public_values = $4 AND require_reason = $5 AND record_attributes = $8 AND private_attributes = $9",
    )
    .bind(i64::from(change.after.is_public))
    .bind(i64::from(change.after.requires_reason))
    .bind(change.environment_id)
    .bind(i64::from(change.before.is_public))
    .bind(i64::from(change.before.requires_reason))
    .bind(i64::from(change.after.attributes.is_recorded))
    .bind(private_text(&change.after.attributes))
    .bind(i64::from(change.before.attributes.is_recorded))
    .bind(private_text(&change.before.attributes))
    .execute(&mut *connection)
    .await?;
    if changed.rows_affected() != 1 {
        return Err(StoreError::Changed);
    }
    if change.before.attributes != change.after.attributes {
        usage::forget_attributes(connection, dialect, change.environment_id).await?;
    }
    access::commit(transaction, dialect).await
}
