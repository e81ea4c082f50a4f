//! Rows that an earlier release has written get their place in the chain

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

use super::super::dialect::Dialect;
use super::super::row::signed;
use super::read::{COLUMNS, TABLES, row};
use crate::chain;
use crate::store::StoreError;

/// Rows of one transaction
const ROWS: i64 = 200;

/// Chains the rows of a project after one and up to another; answers the hash of the last. For who holds the project
pub(in super::super) async fn adopt(
    connection: &mut AnyConnection,
    project: i64,
    (after, last): (i64, i64),
    mut head: String,
) -> Result<String, StoreError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE audit_entry.project_id = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(project)
        .bind(after)
        .bind(last)
        .fetch_all(&mut *connection)
        .await?;
    for found in &rows {
        let mut found = row(found)?;
        found.previous_hash = Some(head);
        head = chain::hash(&found);
        sqlx::query(
            "UPDATE audit_entry SET environment_name = $1, previous_hash = $2, hash = $3 WHERE project_id = $4 AND sequence = $5",
        )
        // As it was called when the row was chained: it is part of what the hash is over.
        .bind(found.environment)
        .bind(found.previous_hash)
        .bind(&*head)
        .bind(project)
        .bind(signed(found.sequence)?)
        .execute(&mut *connection)
        .await?;
    }
    Ok(head)
}

/// Chains what has not been chained in any project, a part at a time
pub(in super::super) async fn adopt_all(
    connection: &mut AnyConnection,
    dialect: Dialect,
) -> Result<(), StoreError> {
    while adopt_some(connection, dialect).await? {}
    Ok(())
}

/// Chains some rows; whether there were any
async fn adopt_some(connection: &mut AnyConnection, dialect: Dialect) -> Result<bool, StoreError> {
    // Nodes that start together take turns at this row.
    let mut transaction = connection.begin_with(dialect.begin_writing()).await?;
    let project = sqlx::query(
        "UPDATE project SET name = name WHERE id = (SELECT MIN(id) FROM project WHERE chained < audited) \
         RETURNING id, chained, audited, chain_head",
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(project) = project else {
        return Ok(false);
    };
    let (id, chained, audited): (i64, i64, i64) = (
        project.try_get(0)?,
        project.try_get(1)?,
        project.try_get(2)?,
    );
    let last = chained.saturating_add(ROWS).min(audited);
    if chained < last {
        let head = adopt(&mut transaction, id, (chained, last), project.try_get(3)?).await?;
        sqlx::query("UPDATE project SET chained = $1, chain_head = $2 WHERE id = $3")
            .bind(last)
            .bind(head)
            .bind(id)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(true)
}
