//! Metadata of list entries, and the count of changes of overrides

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::batch::Batch;
use super::dialect;
use super::row::{object_id, timestamp};
use crate::store::{ChangeLimit, EntryId, EntryQuery, EntryRow, StoreError};

const COLUMNS: &str = "kind, name, entry, changed_at, changed_by, reason, created_at, created_by";

/// The metadata of these entries, in any order; deleted entries are left out
pub(super) async fn notes(
    connection: &mut AnyConnection,
    environment: i64,
    entries: &[EntryId],
) -> Result<Vec<EntryRow>, StoreError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let mut text = format!(
        "SELECT {COLUMNS} FROM entry WHERE environment_id = $1 AND (kind, name, entry) IN (VALUES "
    );
    let mut parameters = 2_usize..;
    for position in 0..entries.len() {
        text.push_str(if position == 0 { "(" } else { ", (" });
        list(&mut text, &mut parameters, 3);
        text.push(')');
    }
    text.push(')');
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(environment);
    for (list, entry) in entries {
        query = query
            .bind(list.kind.as_str())
            .bind(list.key.to_string())
            .bind(entry.to_string());
    }
    let rows = query.persistent(false).fetch_all(connection).await?;
    rows.iter().map(row).collect()
}

/// The entries of lists, ordered by the time of their last change, then by name
pub(super) async fn by_time(
    connection: &mut AnyConnection,
    query: EntryQuery,
) -> Result<Vec<EntryRow>, StoreError> {
    let Some(first) = query.lists.first() else {
        return Ok(Vec::new());
    };
    let (order, beyond, start) = if query.is_latest_first {
        ("DESC", "<", i64::MAX)
    } else {
        ("ASC", ">", -1)
    };
    let mut text = format!(
        "SELECT {COLUMNS} FROM entry \
         WHERE environment_id = $1 AND kind = $2 AND (changed_at, name, entry) {beyond} ($3, $4, $5) AND name IN ("
    );
    list(&mut text, &mut (7_usize..), query.lists.len());
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        ") ORDER BY changed_at {order}, name {order}, entry {order} LIMIT $6"
    );
    let (at, name, entry) = match &query.after {
        Some((at, (list, entry))) => (at.as_millis(), &*list.key, &**entry),
        None => (start, "", ""),
    };
    let mut statement = sqlx::query(AssertSqlSafe(text))
        .bind(query.environment)
        .bind(first.kind.as_str())
        .bind(at)
        .bind(name.to_owned())
        .bind(entry.to_owned())
        .bind(i64::from(query.limit));
    for list in &query.lists {
        statement = statement.bind(list.key.to_string());
    }
    let rows = statement.persistent(false).fetch_all(connection).await?;
    rows.iter().map(row).collect()
}

/// `$7, $8, …`
fn list(text: &mut String, parameters: &mut impl Iterator<Item = usize>, count: usize) {
    for (position, parameter) in (0..count).zip(parameters) {
        let comma = if position == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}${parameter}");
    }
}

fn row(row: &AnyRow) -> Result<EntryRow, StoreError> {
    Ok(EntryRow {
        list: object_id(row.try_get(0)?, row.try_get(1)?)?,
        entry: row.try_get::<String, _>(2)?.into(),
        changed_at: timestamp(row.try_get(3)?),
        changed_by: row.try_get(4)?,
        reason: row.try_get(5)?,
        created_at: timestamp(row.try_get(6)?),
        created_by: row.try_get(7)?,
    })
}

/// Counts the changes of `revision` against the limit, or refuses them; the caller has locked the environment, so that nodes count one
/// after the other
pub(super) async fn count(
    connection: &mut AnyConnection,
    (environment, revision): (i64, i64),
    at: Timestamp,
    meter: &ChangeLimit,
) -> Result<(), StoreError> {
    let window = i64::try_from(meter.window.as_millis()).unwrap_or(i64::MAX);
    let now = at.as_millis();
    let over = now.saturating_sub(window);
    sqlx::query("DELETE FROM override_change WHERE environment_id = $1 AND made_at <= $2")
        .bind(environment)
        .bind(over)
        .execute(&mut *connection)
        .await?;
    let most = dialect::rows_of_a_statement(connection);
    for flags in meter.flags.chunks(most) {
        let Some(flag) = full(connection, environment, (flags, meter.limit)).await? else {
            continue;
        };
        let oldest = oldest_counted(connection, environment, (&flag, meter.limit)).await?;
        let wait = oldest.unwrap_or(now).saturating_sub(over).max(1);
        return Err(StoreError::TooManyChanges {
            flag: flag.into(),
            limit: meter.limit,
            retry_after: Duration::from_millis(wait.unsigned_abs()),
        });
    }
    let insert = Batch {
        before: "INSERT INTO override_change (environment_id, flag, revision, made_at) VALUES",
        columns: 4,
        after: "",
    };
    insert
        .run(connection, &meter.flags, |query, flag| {
            Ok(query
                .bind(environment)
                .bind(flag.to_string())
                .bind(revision)
                .bind(now))
        })
        .await
}

/// A flag that has reached the limit
async fn full(
    connection: &mut AnyConnection,
    environment: i64,
    (flags, limit): (&[Arc<str>], u32),
) -> Result<Option<String>, StoreError> {
    let mut text =
        "SELECT flag FROM override_change WHERE environment_id = $1 AND flag IN (".to_owned();
    list(&mut text, &mut (3_usize..), flags.len());
    text.push_str(") GROUP BY flag HAVING COUNT(*) >= $2 ORDER BY flag LIMIT 1");
    let mut query = sqlx::query(AssertSqlSafe(text))
        .bind(environment)
        .bind(i64::from(limit));
    for flag in flags {
        query = query.bind(flag.to_string());
    }
    let is_common = flags.len() == 1;
    let row = query
        .persistent(is_common)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// The oldest of the newest changes that fill the limit: when it leaves the period, another change is allowed
async fn oldest_counted(
    connection: &mut AnyConnection,
    environment: i64,
    (flag, limit): (&str, u32),
) -> Result<Option<i64>, StoreError> {
    let filling = sqlx::query(
        "SELECT made_at FROM override_change WHERE environment_id = $1 AND flag = $2 ORDER BY made_at DESC LIMIT $3",
    )
    .bind(environment)
    .bind(flag)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let oldest = filling.last().map(|row| row.try_get(0));
    Ok(oldest.transpose()?)
}
