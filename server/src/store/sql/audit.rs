//! Reading the audit, page by page

use flagstaff_core::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::row::signed;
use super::{timestamp, unsigned};
use crate::store::{AuditPosition, AuditQuery, AuditRow, StoreError};

// Every filter is always bound: one statement for all combinations, and the planner sees constants.
const SELECT: &str = "SELECT audit.made_at, audit.environment_id, audit.revision, audit.ordinal, environment.name, actor, action, kind, \
     audit.name, before_value, after_value, reason \
     FROM audit JOIN environment ON environment.id = audit.environment_id \
     WHERE environment.project_id = $1 \
       AND ($2 = '' OR environment.name = $2) \
       AND ($3 = '' OR (kind = 'flag' AND audit.name = $3)) \
       AND (audit.made_at, audit.environment_id, audit.revision, audit.ordinal) < ($4, $5, $6, $7) \
     ORDER BY audit.made_at DESC, audit.environment_id DESC, audit.revision DESC, audit.ordinal DESC LIMIT $8";

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
    let end = AuditPosition {
        at: Timestamp::from_millis(i64::MAX),
        environment: i64::MAX,
        revision: 0,
        ordinal: 0,
    };
    let before = query.before.unwrap_or(end);
    let rows = sqlx::query(SELECT)
        .bind(query.project_id)
        .bind(query.environment.unwrap_or_default())
        .bind(query.flag.unwrap_or_default())
        .bind(before.at.as_millis())
        .bind(before.environment)
        .bind(signed(before.revision)?)
        .bind(before.ordinal)
        .bind(i64::from(query.limit))
        .fetch_all(connection)
        .await?;
    rows.iter().map(audit_row).collect()
}

fn audit_row(row: &AnyRow) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        position: AuditPosition {
            at: timestamp(row.try_get(0)?),
            environment: row.try_get(1)?,
            revision: unsigned(row.try_get(2)?)?,
            ordinal: row.try_get(3)?,
        },
        environment: row.try_get(4)?,
        actor: row.try_get(5)?,
        action: row.try_get(6)?,
        kind: row.try_get(7)?,
        key: row.try_get(8)?,
        before: row.try_get(9)?,
        after: row.try_get(10)?,
        reason: row.try_get(11)?,
    })
}
