//! Projects and their environments
//!
//! A deleted project or environment keeps its row under the name `NAME~ID`, which nothing else can have: the audit refers to the row, and
//! its id is never used again.

use std::sync::Arc;

use flagstaff_core::{Timestamp, Value};
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::dialect::Dialect;
use super::{access, settings};
use crate::store::{
    Action, AuditEntry, EnvironmentRow, NameChange, NewEnvironments, ProjectChoice, StoreError,
};

/// All environments of all projects, by id
pub(super) async fn environments(
    connection: &mut AnyConnection,
) -> Result<Vec<EnvironmentRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT environment.id, project.id, project.name, environment.name \
         FROM environment JOIN project ON project.id = environment.project_id \
         WHERE environment.deleted_at IS NULL ORDER BY environment.id",
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

/// The name of an environment; [`StoreError::Gone`] if it was deleted
pub(super) async fn name(
    connection: &mut AnyConnection,
    environment: i64,
) -> Result<String, StoreError> {
    let row = sqlx::query("SELECT name FROM environment WHERE id = $1 AND deleted_at IS NULL")
        .bind(environment)
        .fetch_optional(connection)
        .await?;
    Ok(row.ok_or(StoreError::Gone)?.try_get(0)?)
}

/// The id of a project, also of a deleted one
pub(super) async fn project_id(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query("SELECT id FROM project WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Ids and names of the environments of a project, by id
async fn of_project(
    connection: &mut AnyConnection,
    project: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, name FROM environment WHERE project_id = $1 AND deleted_at IS NULL ORDER BY id",
    )
    .bind(project)
    .fetch_all(connection)
    .await?;
    let row = |row: &AnyRow| Ok((row.try_get(0)?, row.try_get(1)?));
    rows.iter().map(row).collect()
}

/// Locks the names of all projects and environments until the end of the transaction
async fn hold_names(connection: &mut AnyConnection) -> Result<(), StoreError> {
    connection
        .execute("UPDATE meta SET value = value WHERE name = 'epoch'")
        .await?;
    Ok(())
}

pub(super) async fn create(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    new: NewEnvironments,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    // So that numbers are assigned one after the other.
    hold_names(connection).await?;
    let mut audit = Vec::new();
    let project = match &new.project {
        ProjectChoice::Existing(id) if of_project(connection, *id).await?.is_empty() => {
            return Err(StoreError::Gone);
        }
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

/// Renames or deletes a project or an environment; returns the name that it has now
pub(super) async fn change(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    change: NameChange,
) -> Result<String, StoreError> {
    let connection = &mut *transaction;
    // Names, access, environments, project: everybody takes these locks in this order.
    hold_names(connection).await?;
    access::hold(connection).await?;
    let environments = of_project(connection, change.project_id).await?;
    let (what, id) = match change.environment_id {
        Some(id) => ("environment", id),
        None => ("project", change.project_id),
    };
    let (affected, others): (Vec<_>, Vec<_>) = environments
        .into_iter()
        .partition(|(id, _)| change.environment_id.is_none_or(|own| own == *id));
    if affected.is_empty() {
        return Err(StoreError::Gone);
    }
    // Here too, since the rows of a project name no environment.
    for (id, _) in &affected {
        settings::require_reason(connection, &change.author, *id).await?;
    }
    let name = match &change.new_name {
        Some(name) => name.clone(),
        None => format!("{}~{id}", change.name),
    };
    let mut audit = Vec::new();
    if change.new_name.is_some() {
        let named = |name: &str| Some(Value::object([("name", name.into())]));
        let states = (named(&change.name), named(&name));
        audit.push(AuditEntry::new(Action::Update, what, &*name, states));
    } else {
        let is_last = match change.environment_id {
            Some(_) => others.is_empty(),
            None => has_one_project(connection).await?,
        };
        if is_last {
            return Err(StoreError::Last { what });
        }
        for (id, name) in &affected {
            empty(connection, *id, change.author.at).await?;
            audit.push(AuditEntry::new(
                Action::Delete,
                "environment",
                &**name,
                (None, None),
            ));
        }
    }
    match change.environment_id {
        Some(id) => rename_environment(connection, &change, (id, &name)).await?,
        None => rename_project(connection, &change, &name, &mut audit).await?,
    }
    let own = change.environment_id.map(|id| (id, &*name));
    let occasion = Occasion {
        project: change.project_id,
        environment: own,
        revision: None,
        author: &change.author,
    };
    audit::add(connection, occasion, &audit).await?;
    access::commit(transaction, dialect).await?;
    Ok(name)
}

/// Deletes what is in an environment, its keys and its counts, and then the environment
async fn empty(
    connection: &mut AnyConnection,
    environment: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    // First, which locks the environment: no commit goes on.
    sqlx::query(
        "UPDATE environment SET name = name || '~' || CAST(id AS TEXT), deleted_at = $2, public_values = 0 WHERE id = $1",
    )
    .bind(environment)
    .bind(now.as_millis())
    .execute(&mut *connection)
    .await?;
    for table in [
        "object",
        "entry",
        "flag",
        "change",
        "override_change",
        "credential",
        "usage_hour",
        "flag_seen",
        "unknown_flag",
        "attribute_seen",
        "node_instances",
    ] {
        delete(connection, table, ("environment_id", environment)).await?;
    }
    Ok(())
}

async fn delete(
    connection: &mut AnyConnection,
    table: &str,
    (column, id): (&str, i64),
) -> Result<(), StoreError> {
    let statement = format!("DELETE FROM {table} WHERE {column} = $1");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Names an environment, also where archived flags name it
async fn rename_environment(
    connection: &mut AnyConnection,
    change: &NameChange,
    (id, name): (i64, &str),
) -> Result<(), StoreError> {
    let taken =
        sqlx::query("SELECT id FROM environment WHERE project_id = $1 AND name = $2 AND id <> $3")
            .bind(change.project_id)
            .bind(name)
            .bind(id)
            .fetch_optional(&mut *connection)
            .await?;
    refuse_taken(taken.is_some(), "environment", name)?;
    sqlx::query("UPDATE environment SET name = $1 WHERE id = $2")
        .bind(name)
        .bind(id)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE project SET name = name WHERE id = $1")
        .bind(change.project_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "UPDATE flag_note SET archived_in = REPLACE(archived_in, $1, $2), version = version + 1 \
         WHERE project_id = $3 AND REPLACE(archived_in, $1, $2) <> archived_in",
    )
    .bind(format!("\"{}\"", change.name))
    .bind(format!("\"{name}\""))
    .bind(change.project_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Names a project; a deleted one loses its tokens, its members and what is said of its flags
async fn rename_project(
    connection: &mut AnyConnection,
    change: &NameChange,
    name: &str,
    audit: &mut Vec<AuditEntry>,
) -> Result<(), StoreError> {
    let taken = project_id(connection, name).await?;
    refuse_taken(
        taken.is_some_and(|id| id != change.project_id),
        "project",
        name,
    )?;
    sqlx::query("UPDATE project SET name = $1 WHERE id = $2")
        .bind(name)
        .bind(change.project_id)
        .execute(&mut *connection)
        .await?;
    if change.new_name.is_none() {
        for table in ["credential", "member", "flag_note"] {
            delete(connection, table, ("project_id", change.project_id)).await?;
        }
        let own = Arc::clone(&change.name);
        audit.push(AuditEntry::new(
            Action::Delete,
            "project",
            own,
            (None, None),
        ));
    }
    Ok(())
}

fn refuse_taken(is_taken: bool, what: &'static str, name: &str) -> Result<(), StoreError> {
    if is_taken {
        return Err(StoreError::NameTaken {
            what,
            name: name.to_owned(),
        });
    }
    Ok(())
}

async fn has_one_project(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let row = connection
        .fetch_one("SELECT COUNT(DISTINCT project_id) FROM environment WHERE deleted_at IS NULL")
        .await?;
    Ok(row.try_get::<i64, _>(0)? <= 1)
}
