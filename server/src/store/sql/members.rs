//! People with a role in a project

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::timestamp;
use crate::store::{KnownBy, MemberChange, MemberRow, StoreError};

pub(super) async fn all(connection: &mut AnyConnection) -> Result<Vec<MemberRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT project_id, known_by, name, role, created_at FROM member ORDER BY project_id, created_at, known_by, name",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(member).collect()
}

pub(super) async fn change(
    connection: &mut AnyConnection,
    change: &MemberChange,
) -> Result<(), StoreError> {
    let (MemberChange::Add(row) | MemberChange::Set(row) | MemberChange::Remove(row)) = change;
    if let MemberChange::Remove(_) = change {
        // With the membership ends what came of it: the personal tokens.
        let column = match row.known_by {
            KnownBy::Subject => "owner",
            KnownBy::Email => "owner_email",
        };
        let statement = format!("DELETE FROM credential WHERE project_id = $1 AND {column} = $2");
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(row.project_id)
            .bind(&*row.name)
            .execute(&mut *connection)
            .await?;
    }
    let query = match change {
        MemberChange::Add(_) => sqlx::query(
            "INSERT INTO member (project_id, known_by, name, role, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        ),
        MemberChange::Set(_) => sqlx::query(
            "UPDATE member SET role = $4 WHERE project_id = $1 AND known_by = $2 AND name = $3",
        ),
        MemberChange::Remove(_) => {
            sqlx::query("DELETE FROM member WHERE project_id = $1 AND known_by = $2 AND name = $3")
        }
    };
    let query = query
        .bind(row.project_id)
        .bind(row.known_by.as_str())
        .bind(&*row.name);
    let query = match change {
        MemberChange::Add(_) => query.bind(row.role.name()).bind(row.created_at.as_millis()),
        MemberChange::Set(_) => query.bind(row.role.name()),
        MemberChange::Remove(_) => query,
    };
    match (query.execute(connection).await?.rows_affected(), change) {
        (0, MemberChange::Add(_)) => Err(StoreError::NameTaken {
            what: "member",
            name: row.name.clone(),
        }),
        (0, _) => Err(StoreError::NoKey),
        _ => Ok(()),
    }
}

fn member(row: &AnyRow) -> Result<MemberRow, StoreError> {
    let (known_by, role): (&str, &str) = (row.try_get(1)?, row.try_get(3)?);
    let corrupt = || StoreError::Corrupt {
        what: "a member of unknown kind",
    };
    Ok(MemberRow {
        project_id: row.try_get(0)?,
        known_by: KnownBy::ALL
            .into_iter()
            .find(|by| by.as_str() == known_by)
            .ok_or_else(corrupt)?,
        name: row.try_get(2)?,
        role: role.parse().map_err(|_| corrupt())?,
        created_at: timestamp(row.try_get(4)?),
    })
}
