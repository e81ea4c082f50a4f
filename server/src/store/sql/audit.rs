//! The audit: what a transaction adds to it, and reading it page by page

use flagstaff_core::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::row::signed;
use super::{timestamp, unsigned};
use crate::store::{AuditEntry, AuditQuery, AuditRow, StoreError};

/// What all entries of one transaction have in common
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) project: i64,
    pub(super) environment: Option<i64>,
    pub(super) revision: Option<i64>,
    pub(super) at: Timestamp,
    pub(super) actor: &'a str,
    pub(super) reason: Option<&'a str>,
}

/// Adds entries, and holds the project until the end of the transaction, so that numbers come in the order of commits
pub(super) async fn add(
    connection: &mut AnyConnection,
    occasion: Occasion<'_>,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let last =
        sqlx::query("UPDATE project SET audited = audited + $1 WHERE id = $2 RETURNING audited")
            .bind(count)
            .bind(occasion.project)
            .fetch_one(&mut *connection)
            .await?;
    let first = last
        .try_get::<i64, _>(0)?
        .saturating_sub(count)
        .saturating_add(1);
    for (sequence, entry) in (first..).zip(entries) {
        sqlx::query(
            "INSERT INTO audit_entry (project_id, sequence, made_at, actor, action, environment_id, revision, kind, name, \
             before_value, after_value, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(occasion.project)
        .bind(sequence)
        .bind(occasion.at.as_millis())
        .bind(occasion.actor)
        .bind(entry.action.name())
        .bind(occasion.environment)
        .bind(occasion.revision)
        .bind(entry.kind)
        .bind(&*entry.name)
        .bind(entry.before.as_deref())
        .bind(entry.after.as_deref())
        .bind(occasion.reason)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

// Every filter is always bound: one statement for all combinations, and the planner sees constants.
const SELECT: &str = "SELECT sequence, made_at, actor, action, environment.name, audit_entry.revision, kind, audit_entry.name, \
     before_value, after_value, reason \
     FROM audit_entry LEFT JOIN environment ON environment.id = audit_entry.environment_id \
     WHERE audit_entry.project_id = $1 \
       AND ($2 = '' OR environment.name = $2) \
       AND ($3 = '' OR (kind = 'flag' AND audit_entry.name = $3)) \
       AND sequence < $4 \
       AND ($5 < 0 OR audit_entry.revision <= $5) \
     ORDER BY sequence DESC LIMIT $6";

pub(super) async fn audit(
    connection: &mut AnyConnection,
    query: AuditQuery,
) -> Result<Vec<AuditRow>, StoreError> {
    // Nothing that is stored has a NUL, and PostgreSQL does not even take it as a question.
    let filters = [&query.environment, &query.flag];
    if filters
        .into_iter()
        .flatten()
        .any(|text| text.contains('\0'))
    {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(SELECT)
        .bind(query.project_id)
        .bind(query.environment.unwrap_or_default())
        .bind(query.flag.unwrap_or_default())
        .bind(query.before.map_or(Ok(i64::MAX), signed)?)
        .bind(query.revision.map_or(Ok(-1), signed)?)
        .bind(i64::from(query.limit))
        .fetch_all(connection)
        .await?;
    rows.iter().map(audit_row).collect()
}

fn audit_row(row: &AnyRow) -> Result<AuditRow, StoreError> {
    let revision: Option<i64> = row.try_get(5)?;
    Ok(AuditRow {
        sequence: unsigned(row.try_get(0)?)?,
        at: timestamp(row.try_get(1)?),
        actor: row.try_get(2)?,
        action: row.try_get(3)?,
        environment: row.try_get(4)?,
        revision: revision.map(unsigned).transpose()?,
        kind: row.try_get(6)?,
        name: row.try_get(7)?,
        before: row.try_get(8)?,
        after: row.try_get(9)?,
        reason: row.try_get(10)?,
    })
}
