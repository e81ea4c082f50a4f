//! Projects and their environments

use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::dialect::Dialect;
use crate::store::{
    Action, AuditEntry, EnvironmentRow, NewEnvironments, ProjectChoice, StoreError,
};

/// All environments of all projects, by id
pub(super) async fn environments(
    connection: &mut AnyConnection,
) -> Result<Vec<EnvironmentRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT environment.id, project.id, project.name, environment.name \
         FROM environment JOIN project ON project.id = environment.project_id ORDER BY environment.id",
    )
    .fetch_all(connection)
    .await?;
    let environment = |row: &AnyRow| {
        Ok(EnvironmentRow {
            id: row.try_get(0)?,
            project_id: row.try_get(1)?,
            project: row.try_get::<String, _>(2)?.into(),
            name: row.try_get::<String, _>(3)?.into(),
        })
    };
    rows.iter().map(environment).collect()
}

/// What an environment is called
pub(super) async fn name(
    connection: &mut AnyConnection,
    environment: i64,
) -> Result<String, StoreError> {
    let row = sqlx::query("SELECT name FROM environment WHERE id = $1")
        .bind(environment)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

pub(super) async fn create(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    new: NewEnvironments,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    // Held until the end, so that numbers are given out one by one.
    connection
        .execute("UPDATE meta SET value = value WHERE name = 'epoch'")
        .await?;
    let mut audit = Vec::new();
    let project = match &new.project {
        ProjectChoice::Existing(id) => *id,
        ProjectChoice::New(name) => {
            audit.push(made("project", name));
            create_project(connection, name).await?
        }
    };
    for name in &new.names {
        audit.push(made("environment", name));
        create_environment(connection, project, name).await?;
    }
    let occasion = Occasion {
        project,
        environment: None,
        revision: None,
        author: &new.author,
    };
    audit::add(connection, occasion, &audit).await?;
    if let Some(announce) = dialect.announce() {
        connection.execute(announce).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn create_project(connection: &mut AnyConnection, name: &str) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO project (id, name) SELECT COALESCE(MAX(id), 0) + 1, $1 FROM project WHERE TRUE \
         ON CONFLICT (name) DO NOTHING RETURNING id",
    )
    .bind(name)
    .fetch_optional(connection)
    .await?;
    match row {
        Some(row) => Ok(row.try_get(0)?),
        None => Err(StoreError::NameTaken {
            what: "project",
            name: name.to_owned(),
        }),
    }
}

async fn create_environment(
    connection: &mut AnyConnection,
    project: i64,
    name: &str,
) -> Result<(), StoreError> {
    let made = sqlx::query(
        "INSERT INTO environment (id, project_id, name, revision) SELECT COALESCE(MAX(id), 0) + 1, $1, $2, 0 FROM environment \
         WHERE TRUE ON CONFLICT (project_id, name) DO NOTHING",
    )
    .bind(project)
    .bind(name)
    .execute(connection)
    .await?;
    if made.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::NameTaken {
            what: "environment",
            name: name.to_owned(),
        })
    }
}

fn made(kind: &'static str, name: &str) -> AuditEntry {
    AuditEntry::new(Action::Create, kind, name, (None, None))
}
