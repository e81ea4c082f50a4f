//! Reading the audit page by page, and the details of a row

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _, Transaction};

use super::super::row::{object_kind, shared, signed, timestamp, unsigned};
use crate::store::{
    ACCESS_KINDS, AuditDetails, AuditEvent, AuditHead, AuditQuery, AuditRow, EntryChange,
    StoreError,
};

const COLUMNS: &str = "sequence, made_at, actor, action, environment_name, revision, kind, name, changes, entries, reason, \
     address, request_id, digest, previous_hash, hash";

// Every filter is always bound: few statements for all combinations, and the planner sees constants.
const FILTERS: &str = "project_id = $1 \
       AND ($2 = '' OR environment_id IN (SELECT id FROM environment WHERE project_id = $1 AND name = $2)) \
       AND ($3 = '' OR (kind = 'flag' AND name = $3)) \
       AND ($4 = '' OR actor = $4) \
       AND ($5 = '' OR action = $5) \
       AND ($6 = '' OR kind = $6) \
       AND made_at >= $7 AND made_at < $8 \
       AND sequence < $9 AND sequence > $10";
// A statement of its own: an index leads from a customer to the few rows about it.
const OF_CONTEXT: &str = "AND sequence IN (SELECT sequence FROM audit_item WHERE project_id = $1 AND level = $12 AND entry = $13)";

/// Rows that are read at once to find those of a pointer
const SEARCHED: u32 = 200;

pub(in super::super) async fn audit(
    connection: &mut AnyConnection,
    query: AuditQuery,
) -> Result<Vec<AuditRow>, StoreError> {
    let Some(pointer) = query.pointer.clone() else {
        return page(connection, query).await;
    };
    let wanted = query.limit as usize;
    let limit = query.limit.max(SEARCHED);
    let mut query = AuditQuery { limit, ..query };
    let mut found = Vec::new();
    loop {
        let rows = page(&mut *connection, query.clone()).await?;
        let Some(last) = rows.last().map(|row| row.sequence) else {
            return Ok(found);
        };
        if query.is_oldest_first {
            query.after = Some(last);
        } else {
            query.before = Some(last);
        }
        for row in rows {
            if row.concerns(&pointer)? {
                found.push(row);
            }
            if found.len() == wanted {
                return Ok(found);
            }
        }
    }
}

/// The rows after a number, oldest first, without their content
pub(in super::super) async fn events(
    connection: &mut AnyConnection,
    project: i64,
    (after, limit): (u64, u32),
) -> Result<Vec<AuditEvent>, StoreError> {
    let rows = sqlx::query(
        "SELECT sequence, made_at, actor, action, environment_id, environment_name, revision, kind, name FROM audit_entry \
         WHERE project_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
    )
    .bind(project)
    .bind(signed(after)?)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let event = |row: &AnyRow| {
        let revision: Option<i64> = row.try_get(6)?;
        Ok(AuditEvent {
            sequence: unsigned(row.try_get(0)?)?,
            at: timestamp(row.try_get(1)?),
            actor: row.try_get(2)?,
            action: row.try_get(3)?,
            environment_id: row.try_get(4)?,
            environment: row.try_get(5)?,
            revision: revision.map(unsigned).transpose()?,
            kind: row.try_get(7)?,
            name: row.try_get(8)?,
        })
    };
    rows.iter().map(event).collect()
}

/// What every row of a pointer has in its text, and others may have too: the pointer's last name
fn pattern(pointer: &str) -> String {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    // Escaped in a pointer, and not as the name of a member.
    let name = if name.contains('~') { "" } else { name };
    let quoted = flagstaff_core::Value::from(name).to_canonical();
    let plain: String = quoted
        .trim_matches('"')
        .chars()
        .flat_map(|letter| {
            let is_special = matches!(letter, '%' | '_' | '!');
            is_special.then_some('!').into_iter().chain([letter])
        })
        .collect();
    format!("%{plain}%")
}

async fn page(
    connection: &mut AnyConnection,
    query: AuditQuery,
) -> Result<Vec<AuditRow>, StoreError> {
    let context = query.context.as_ref();
    let filters = [
        query.environment.as_ref(),
        query.flag.as_ref(),
        query.actor.as_ref(),
        query.action.as_ref(),
        query.kind.as_ref(),
        context.map(|(level, _)| level),
        context.map(|(_, key)| key),
        query.pointer.as_ref(),
    ];
    // No stored text contains NUL, and PostgreSQL does not accept one as a parameter.
    if filters
        .into_iter()
        .flatten()
        .any(|text| text.contains('\0'))
    {
        return Ok(Vec::new());
    }
    let of_context = if context.is_some() { OF_CONTEXT } else { "" };
    let of_pointer = match (&query.pointer, context.is_some()) {
        (None, _) => "",
        (Some(_), false) => "AND changes LIKE $12 ESCAPE '!'",
        (Some(_), true) => "AND changes LIKE $14 ESCAPE '!'",
    };
    let without_access = if query.is_without_access {
        format!("AND kind NOT IN ('{}')", ACCESS_KINDS.join("', '"))
    } else {
        String::new()
    };
    let order = if query.is_oldest_first { "ASC" } else { "DESC" };
    let statement = format!(
        "SELECT {COLUMNS} FROM audit_entry WHERE {FILTERS} {of_context} {of_pointer} {without_access} ORDER BY sequence {order} LIMIT $11"
    );
    let millis =
        |at: Option<flagstaff_core::Timestamp>| at.map(flagstaff_core::Timestamp::as_millis);
    let statement = sqlx::query(AssertSqlSafe(statement))
        .bind(query.project_id)
        .bind(query.environment.unwrap_or_default())
        .bind(query.flag.unwrap_or_default())
        .bind(query.actor.unwrap_or_default())
        .bind(query.action.unwrap_or_default())
        .bind(query.kind.unwrap_or_default())
        .bind(millis(query.from).unwrap_or(i64::MIN))
        .bind(millis(query.until).unwrap_or(i64::MAX))
        .bind(query.before.map_or(Ok(i64::MAX), signed)?)
        .bind(query.after.map_or(Ok(0), signed)?)
        .bind(i64::from(query.limit));
    let statement = match query.context {
        Some((level, key)) => statement.bind(level).bind(key),
        None => statement,
    };
    let statement = match &query.pointer {
        Some(pointer) => statement.bind(pattern(pointer)),
        None => statement,
    };
    let rows = statement.fetch_all(connection).await?;
    rows.iter().map(row).collect()
}

/// Reads a row with the columns [`COLUMNS`]
fn row(row: &AnyRow) -> Result<AuditRow, StoreError> {
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
        changes: row.try_get(8)?,
        entries: row.try_get(9)?,
        reason: row.try_get(10)?,
        address: row.try_get(11)?,
        request_id: row.try_get(12)?,
        digest: row.try_get(13)?,
        previous_hash: row.try_get(14)?,
        hash: row.try_get(15)?,
    })
}

/// The details of a row
pub(in super::super) async fn details(
    mut transaction: Transaction<'_, Any>,
    project: i64,
    sequence: u64,
) -> Result<AuditDetails, StoreError> {
    let connection = &mut *transaction;
    let sequence = signed(sequence)?;
    let state =
        sqlx::query("SELECT state FROM audit_entry WHERE project_id = $1 AND sequence = $2")
            .bind(project)
            .bind(sequence)
            .fetch_optional(&mut *connection)
            .await?;
    let items = sqlx::query(
        "SELECT list, level, entry, before_value, after_value FROM audit_item \
         WHERE project_id = $1 AND sequence = $2 ORDER BY ordinal",
    )
    .bind(project)
    .bind(sequence)
    .fetch_all(connection)
    .await?;
    Ok(AuditDetails {
        state: state
            .map(|row| row.try_get(0))
            .transpose()?
            .and_then(shared),
        entries: items.iter().map(item).collect::<Result<_, _>>()?,
    })
}

pub(super) fn item(row: &AnyRow) -> Result<EntryChange, StoreError> {
    Ok(EntryChange {
        list: object_kind(row.try_get(0)?)?,
        level: row.try_get::<String, _>(1)?.into(),
        entry: shared(row.try_get(2)?),
        before: shared(row.try_get(3)?),
        after: shared(row.try_get(4)?),
    })
}

/// The last row of a project's audit
pub(in super::super) async fn head(
    connection: &mut AnyConnection,
    project: i64,
) -> Result<AuditHead, StoreError> {
    let row = sqlx::query("SELECT audited, chain_head FROM project WHERE id = $1")
        .bind(project)
        .fetch_one(connection)
        .await?;
    Ok(AuditHead {
        sequence: unsigned(row.try_get(0)?)?,
        hash: row.try_get(1)?,
    })
}
