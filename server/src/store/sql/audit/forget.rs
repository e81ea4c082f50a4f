//! Deleting old rows of the audit
//!
//! A row about the deletion has the number and the hash of the last row that was deleted, after which the chain goes on: whoever verifies
//! the chain finds in it that its beginning was deleted on purpose.

use std::time::Duration;

use flagstaff_core::Value;
use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::super::row::unsigned;
use super::{Occasion, add};
use crate::store::{Action, AuditEntry, Author, StoreError};

/// Rows are deleted when the oldest one is older by this much, in milliseconds: so there is one row about it in a day, not one in an hour
const DELAY: i64 = 86_400_000;
/// The maximum number of rows that are deleted at once
const ROWS: i64 = 50_000;

/// Deletes the rows of all projects that are older than `kept` at the time of the author
pub(in super::super) async fn forget(
    mut transaction: Transaction<'_, Any>,
    kept: Duration,
    author: &Author,
) -> Result<(), StoreError> {
    let kept = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
    let before = author.at.as_millis().saturating_sub(kept);
    let connection = &mut *transaction;
    let projects = connection
        .fetch_all("SELECT id FROM project ORDER BY id")
        .await?;
    for project in &projects {
        forget_of(connection, project.try_get(0)?, before, author).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn forget_of(
    connection: &mut AnyConnection,
    project: i64,
    before: i64,
    author: &Author,
) -> Result<(), StoreError> {
    let oldest = sqlx::query(
        "SELECT sequence, made_at FROM audit_entry WHERE project_id = $1 ORDER BY sequence LIMIT 1",
    )
    .bind(project)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(oldest) = oldest else {
        return Ok(());
    };
    let (first, at): (i64, i64) = (oldest.try_get(0)?, oldest.try_get(1)?);
    if at >= before.saturating_sub(DELAY) {
        return Ok(());
    }
    // So that rows are deleted by one node at a time, and none is added meanwhile.
    sqlx::query("UPDATE project SET name = name WHERE id = $1")
        .bind(project)
        .execute(&mut *connection)
        .await?;
    let last = sqlx::query(
        "SELECT sequence, hash FROM audit_entry WHERE project_id = $1 AND sequence < $2 AND sequence < COALESCE( \
         (SELECT MIN(sequence) FROM audit_entry WHERE project_id = $1 AND made_at >= $3), $2) ORDER BY sequence DESC LIMIT 1",
    )
    .bind(project)
    .bind(first.saturating_add(ROWS))
    .bind(before)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(last) = last else {
        return Ok(());
    };
    let (sequence, hash): (i64, String) = (last.try_get(0)?, last.try_get(1)?);
    for table in ["audit_item", "audit_entry"] {
        let statement = format!("DELETE FROM {table} WHERE project_id = $1 AND sequence <= $2");
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(project)
            .bind(sequence)
            .execute(&mut *connection)
            .await?;
    }
    let head = Value::object([
        ("sequence", unsigned(sequence)?.to_string().into()),
        ("hash", hash.into()),
    ]);
    let name = format!("{first}-{sequence}");
    let entry = AuditEntry::new(Action::Delete, "audit", name, (Some(head), None));
    let occasion = Occasion {
        project,
        environment: None,
        revision: None,
        author,
    };
    add(connection, occasion, std::slice::from_ref(&entry)).await
}
