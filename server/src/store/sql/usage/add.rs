//! Adding usage by upserts, so that the counts of several nodes add up

use std::cmp::Ordering;
use std::collections::BTreeSet;

use flagstaff_core::limits;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Connection as _, Transaction};

use super::super::batch::Batch;
use super::super::dialect::{Dialect, is_refusal_of_values};
use crate::runtime::logging::error_chain;
use crate::store::StoreError;
use crate::store::usage::{KEPT_UNKNOWN, MAX_EVALUATIONS, SeenFlag, UnknownFlag, UsageRow};

/// The maximum number of rows that are searched for one by one where the database refuses some; after that the remaining rows of a refused
/// batch are left out, so that the work is bounded
const MAX_REFUSED: usize = 100;

pub(super) type Statement = Query<'static, Any, AnyArguments>;

/// A row of one of the usage tables
pub(super) trait Row: Clone + Send + Sync + 'static {
    /// The statement that adds it
    const INSERT: Batch;
    /// The table, for the log
    const TABLE: &'static str;

    /// Whether both databases can store it
    fn is_storable(&self) -> bool;

    /// The order of keys
    fn compare(&self, other: &Self) -> Ordering;

    /// Binds the parameters of [`Self::INSERT`]
    fn bind(&self, statement: Statement) -> Statement;

    /// A statement to run before rows are added
    fn lock(_: Dialect) -> Option<&'static str> {
        None
    }

    /// Runs after rows were added
    fn trim(
        _: &mut AnyConnection,
        _: &[Self],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        std::future::ready(Ok(()))
    }
}

/// Adds rows in one transaction, except those that the database refuses
pub(super) async fn add<R: Row>(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    mut rows: Vec<R>,
) -> Result<(), StoreError> {
    rows.retain(Row::is_storable);
    // Two nodes that lock the same rows in different orders would deadlock.
    rows.sort_by(Row::compare);
    let connection = &mut *transaction;
    if let Some(lock) = R::lock(dialect) {
        sqlx::query(lock).execute(&mut *connection).await?;
    }
    let refused = add_halves(connection, &rows).await?;
    if let Some((rows, error)) = refused {
        let (table, error) = (R::TABLE, error_chain(&error));
        tracing::error!(
            table,
            rows,
            error,
            "counts were left out: the database does not take them"
        );
    }
    R::trim(connection, &rows).await?;
    transaction.commit().await?;
    Ok(())
}

/// Adds all rows, or if the database refuses them each half by itself, down to single rows; returns how many were left out, and the error
/// of the last one
async fn add_halves<R: Row>(
    connection: &mut AnyConnection,
    rows: &[R],
) -> Result<Option<(usize, StoreError)>, StoreError> {
    let mut refused: Option<(usize, StoreError)> = None;
    let mut waiting = vec![rows];
    while let Some(rows) = waiting.pop() {
        let mut attempt = connection.begin().await?;
        let added = R::INSERT.run(&mut attempt, rows, |statement, row| Ok(row.bind(statement)));
        match added.await {
            Ok(()) => attempt.commit().await?,
            Err(error) if is_refusal_of_values(&error) => {
                attempt.rollback().await?;
                let count = refused.as_ref().map_or(0, |(count, _)| *count);
                if rows.len() > 1 && count < MAX_REFUSED {
                    let (first, second) = rows.split_at(rows.len() / 2);
                    waiting.extend([second, first]);
                } else {
                    refused = Some((count.saturating_add(rows.len()), error));
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

/// Whether a text has 1 to `max_characters` characters and none that PostgreSQL cannot store
pub(super) fn is_text(text: &str, max_characters: usize) -> bool {
    !text.is_empty() && !text.contains('\0') && text.chars().count() <= max_characters
}

/// A count for SQL
fn evaluations(count: u64) -> i64 {
    i64::try_from(count.min(MAX_EVALUATIONS)).unwrap_or(i64::MAX)
}

impl Row for UsageRow {
    const TABLE: &'static str = "usage_hour";
    const INSERT: Batch = Batch {
        before: "INSERT INTO usage_hour (environment_id, flag, began_at, variant, evaluations) VALUES",
        columns: 5,
        after: "ON CONFLICT (environment_id, flag, began_at, variant) DO UPDATE SET evaluations = \
                CASE WHEN usage_hour.evaluations > 9007199254740992 - excluded.evaluations THEN 9007199254740992 \
                ELSE usage_hour.evaluations + excluded.evaluations END",
    };

    fn is_storable(&self) -> bool {
        let is_variant = |name: &str| is_text(name, limits::MAX_NAME_LENGTH);
        is_text(&self.flag, limits::MAX_KEY_LENGTH)
            && self.variant.as_deref().is_none_or(is_variant)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let before_variant = (self.environment, &self.flag, self.began_at);
        let other_before_variant = (other.environment, &other.flag, other.began_at);
        let order = before_variant.cmp(&other_before_variant);
        order.then_with(|| self.variant.cmp(&other.variant))
    }

    fn bind(&self, statement: Statement) -> Statement {
        statement
            .bind(self.environment)
            .bind(self.flag.to_string())
            .bind(self.began_at.as_millis())
            .bind(self.variant.as_deref().unwrap_or_default().to_owned())
            .bind(evaluations(self.evaluations))
    }
}

impl Row for SeenFlag {
    const TABLE: &'static str = "flag_seen";
    const INSERT: Batch = Batch {
        before: "INSERT INTO flag_seen (environment_id, flag, seen_at) VALUES",
        columns: 3,
        after: "ON CONFLICT (environment_id, flag) DO UPDATE SET seen_at = excluded.seen_at \
                WHERE excluded.seen_at > flag_seen.seen_at",
    };

    fn is_storable(&self) -> bool {
        is_text(&self.flag, limits::MAX_KEY_LENGTH)
    }

    fn compare(&self, other: &Self) -> Ordering {
        (self.environment, &self.flag).cmp(&(other.environment, &other.flag))
    }

    fn bind(&self, statement: Statement) -> Statement {
        statement
            .bind(self.environment)
            .bind(self.flag.to_string())
            .bind(self.seen_at.as_millis())
    }
}

impl Row for UnknownFlag {
    const TABLE: &'static str = "unknown_flag";
    const INSERT: Batch = Batch {
        before: "INSERT INTO unknown_flag (environment_id, flag, evaluations, first_seen_at, last_seen_at, sdk) VALUES",
        columns: 6,
        after: "ON CONFLICT (environment_id, flag) DO UPDATE SET evaluations = \
                CASE WHEN unknown_flag.evaluations > 9007199254740992 - excluded.evaluations THEN 9007199254740992 \
                ELSE unknown_flag.evaluations + excluded.evaluations END, \
                last_seen_at = excluded.last_seen_at, sdk = excluded.sdk",
    };

    fn is_storable(&self) -> bool {
        is_text(&self.flag, limits::MAX_KEY_LENGTH) && is_text(&self.sdk, limits::MAX_NAME_LENGTH)
    }

    fn compare(&self, other: &Self) -> Ordering {
        (self.environment, &self.flag).cmp(&(other.environment, &other.flag))
    }

    fn bind(&self, statement: Statement) -> Statement {
        statement
            .bind(self.environment)
            .bind(self.flag.to_string())
            .bind(evaluations(self.evaluations))
            .bind(self.first_seen_at.as_millis())
            .bind(self.last_seen_at.as_millis())
            .bind(self.sdk.to_string())
    }

    /// Two nodes that trim the same list would delete in different orders and deadlock
    fn lock(dialect: Dialect) -> Option<&'static str> {
        dialect.lock_unknown_flags()
    }

    async fn trim(connection: &mut AnyConnection, rows: &[Self]) -> Result<(), StoreError> {
        let kept = i64::try_from(KEPT_UNKNOWN).unwrap_or(i64::MAX);
        let environments: BTreeSet<i64> = rows.iter().map(|row| row.environment).collect();
        for environment in environments {
            sqlx::query(
                "DELETE FROM unknown_flag WHERE environment_id = $1 AND flag NOT IN (SELECT flag FROM unknown_flag \
                 WHERE environment_id = $1 ORDER BY evaluations DESC, last_seen_at DESC, flag LIMIT $2)",
            )
            .bind(environment)
            .bind(kept)
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_stop_at_the_largest_count() {
        for statement in [UsageRow::INSERT.after, UnknownFlag::INSERT.after] {
            let numbers = statement
                .matches(|c: char| c.is_ascii_digit())
                .collect::<String>();
            assert_eq!(
                numbers,
                MAX_EVALUATIONS.to_string().repeat(2),
                "{statement}"
            );
        }
    }
}
