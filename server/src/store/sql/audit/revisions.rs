//! The revisions of an environment, as the audit has them

use sqlx::{AnyConnection, Row as _};

use super::super::row::{signed, timestamp, unsigned};
use crate::store::{RevisionRow, SHOWN_OBJECTS, StoreError};

/// The revisions before one, newest first
pub(in super::super) async fn revisions(
    connection: &mut AnyConnection,
    environment: i64,
    (before, limit): (u64, u32),
) -> Result<Vec<RevisionRow>, StoreError> {
    let numbers = sqlx::query(
        "SELECT DISTINCT revision FROM audit_entry WHERE environment_id = $1 AND revision < $2 \
         ORDER BY revision DESC LIMIT $3",
    )
    .bind(environment)
    .bind(signed(before)?)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    let Some(first) = numbers.last() else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query(
        "SELECT revision, made_at, actor, reason, objects, kind, name, action FROM ( \
         SELECT revision, sequence, made_at, actor, reason, kind, name, action, \
         COUNT(*) OVER (PARTITION BY revision) AS objects, \
         ROW_NUMBER() OVER (PARTITION BY revision ORDER BY sequence) AS place \
         FROM audit_entry WHERE environment_id = $1 AND revision < $2 AND revision >= $3) AS changed \
         WHERE place <= $4 ORDER BY revision DESC, place",
    )
    .bind(environment)
    .bind(signed(before)?)
    .bind(first.try_get::<i64, _>(0)?)
    .bind(i64::try_from(SHOWN_OBJECTS).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    let mut revisions: Vec<RevisionRow> = Vec::with_capacity(numbers.len());
    for row in &rows {
        let revision = unsigned(row.try_get(0)?)?;
        if revisions
            .last()
            .is_none_or(|last| last.revision != revision)
        {
            revisions.push(RevisionRow {
                revision,
                at: timestamp(row.try_get(1)?),
                actor: row.try_get(2)?,
                reason: row.try_get(3)?,
                object_count: unsigned(row.try_get(4)?)?,
                objects: Vec::new(),
            });
        }
        let object = (row.try_get(5)?, row.try_get(6)?, row.try_get(7)?);
        if let Some(last) = revisions.last_mut() {
            last.objects.push(object);
        }
    }
    Ok(revisions)
}
