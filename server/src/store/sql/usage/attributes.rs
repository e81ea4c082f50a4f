//! Attributes of evaluated contexts

use std::cmp::Ordering;
use std::collections::BTreeSet;

use flagstaff_core::limits;
use sqlx::{AnyConnection, Row as _};

use super::super::batch::Batch;
use super::super::dialect::Dialect;
use super::super::{settings, timestamp};
use super::add::{Row, Statement, is_text};
use crate::store::usage::{
    ATTRIBUTE_VALUE_LENGTH, KEPT_ATTRIBUTES, KEPT_VALUES, KnownAttribute, SeenAttribute,
};
use crate::store::{AttributeSettings, StoreError};

impl Row for SeenAttribute {
    const TABLE: &'static str = "attribute_seen";
    const INSERT: Batch = Batch {
        before: "INSERT INTO attribute_seen (environment_id, attribute, value_type, value, first_seen_at, last_seen_at) VALUES",
        columns: 6,
        after: "ON CONFLICT (environment_id, attribute, value_type, value) DO UPDATE SET last_seen_at = excluded.last_seen_at \
                WHERE excluded.last_seen_at > attribute_seen.last_seen_at",
    };

    fn is_storable(&self) -> bool {
        let is_value = |value: &str| is_text(value, ATTRIBUTE_VALUE_LENGTH);
        is_text(&self.attribute, limits::MAX_NAME_LENGTH)
            && self.value.as_deref().is_none_or(is_value)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let own = (
            self.environment,
            &self.attribute,
            self.value_type,
            &self.value,
        );
        own.cmp(&(
            other.environment,
            &other.attribute,
            other.value_type,
            &other.value,
        ))
    }

    fn bind(&self, statement: Statement) -> Statement {
        statement
            .bind(self.environment)
            .bind(self.attribute.to_string())
            .bind(self.value_type)
            .bind(self.value.as_deref().unwrap_or_default().to_owned())
            .bind(self.seen_at.as_millis())
            .bind(self.seen_at.as_millis())
    }

    /// Also keeps rows of a node that does not know yet that the settings have changed from staying after [`forget`]
    fn lock(dialect: Dialect) -> Option<&'static str> {
        dialect.lock_attributes()
    }

    async fn trim(connection: &mut AnyConnection, rows: &[Self]) -> Result<(), StoreError> {
        let environments: BTreeSet<i64> = rows.iter().map(|row| row.environment).collect();
        for environment in environments {
            forget_by_settings(connection, environment).await?;
            trim(connection, environment).await?;
        }
        Ok(())
    }
}

/// Deletes what the settings of an environment do not allow to be stored
pub(in super::super) async fn forget(
    connection: &mut AnyConnection,
    dialect: Dialect,
    environment: i64,
) -> Result<(), StoreError> {
    if let Some(lock) = dialect.lock_attributes() {
        sqlx::query(lock).execute(&mut *connection).await?;
    }
    forget_by_settings(connection, environment).await
}

async fn forget_by_settings(
    connection: &mut AnyConnection,
    environment: i64,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "SELECT record_attributes, private_attributes FROM environment WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(environment)
    .fetch_optional(&mut *connection)
    .await?;
    let settings = match row {
        Some(row) => AttributeSettings {
            is_recorded: row.try_get::<i64, _>(0)? == 1,
            private: settings::private(row.try_get(1)?)?,
        },
        None => AttributeSettings::default(),
    };
    if !settings.is_recorded {
        sqlx::query("DELETE FROM attribute_seen WHERE environment_id = $1")
            .bind(environment)
            .execute(connection)
            .await?;
        return Ok(());
    }
    let attributes = sqlx::query(
        "SELECT DISTINCT attribute FROM attribute_seen WHERE environment_id = $1 AND value <> ''",
    )
    .bind(environment)
    .fetch_all(&mut *connection)
    .await?;
    for row in &attributes {
        let attribute: &str = row.try_get(0)?;
        if settings.is_private(attribute) {
            sqlx::query(
                "DELETE FROM attribute_seen WHERE environment_id = $1 AND attribute = $2 AND value <> ''",
            )
            .bind(environment)
            .bind(attribute.to_owned())
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

/// Keeps the attributes and values that came first, so that a flood of others replaces none
async fn trim(connection: &mut AnyConnection, environment: i64) -> Result<(), StoreError> {
    for (statement, kept) in [
        (
            "DELETE FROM attribute_seen WHERE environment_id = $1 AND attribute NOT IN (SELECT attribute FROM attribute_seen \
             WHERE environment_id = $1 GROUP BY attribute ORDER BY MIN(first_seen_at), attribute LIMIT $2)",
            KEPT_ATTRIBUTES,
        ),
        (
            "DELETE FROM attribute_seen WHERE environment_id = $1 AND (attribute, value_type, value) IN ( \
             SELECT attribute, value_type, value FROM ( \
             SELECT attribute, value_type, value, ROW_NUMBER() OVER (PARTITION BY attribute ORDER BY first_seen_at, value_type, value) AS place \
             FROM attribute_seen WHERE environment_id = $1 AND value <> '') AS sample WHERE place > $2)",
            KEPT_VALUES,
        ),
    ] {
        sqlx::query(statement)
            .bind(environment)
            .bind(i64::try_from(kept).unwrap_or(i64::MAX))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn all(
    connection: &mut AnyConnection,
    environment: i64,
) -> Result<Vec<KnownAttribute>, StoreError> {
    let rows = sqlx::query(
        "SELECT attribute, value_type, value, first_seen_at, last_seen_at FROM attribute_seen WHERE environment_id = $1",
    )
    .bind(environment)
    .fetch_all(connection)
    .await?;
    let mut known: Vec<KnownAttribute> = Vec::new();
    // Sorted here, since the two databases order text differently.
    let mut cells = Vec::with_capacity(rows.len());
    for row in &rows {
        let name: (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let seen = (timestamp(row.try_get(3)?), timestamp(row.try_get(4)?));
        cells.push((name, seen));
    }
    cells.sort_unstable();
    for ((attribute, value_type, value), (first, last)) in cells {
        if known.last().is_none_or(|it| it.attribute != attribute) {
            known.push(KnownAttribute {
                attribute,
                types: Vec::new(),
                values: Vec::new(),
                first_seen_at: first,
                last_seen_at: last,
            });
        }
        let Some(it) = known.last_mut() else { continue };
        it.first_seen_at = it.first_seen_at.min(first);
        it.last_seen_at = it.last_seen_at.max(last);
        if value.is_empty() {
            it.types.push(value_type);
        } else if !it.values.contains(&value) {
            it.values.push(value);
        }
    }
    Ok(known)
}
