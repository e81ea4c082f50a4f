//! Metadata of flags

use async_trait::async_trait;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use super::audit::{self, Occasion};
use super::commit;
use super::row::{timestamp, unsigned};
use super::{SqlStore, WORK};
use crate::store::{
    CatalogueStore, Commit, FlagKind, Lifecycle, NoteChange, ProjectFlagRow, StoreError,
};

#[async_trait]
impl CatalogueStore for SqlStore {
    async fn flag_notes(&self, project: i64) -> Result<Vec<ProjectFlagRow>, StoreError> {
        self.on(&self.readers, WORK, |connection| {
            Box::pin(notes(connection, project))
        })
        .await
    }

    async fn change_flag_note(&self, change: NoteChange) -> Result<(), StoreError> {
        self.write(WORK, move |transaction, dialect| {
            Box::pin(commit::commit_all(
                transaction,
                dialect,
                Vec::new(),
                Some(change),
            ))
        })
        .await
    }
}

async fn notes(
    connection: &mut AnyConnection,
    project: i64,
) -> Result<Vec<ProjectFlagRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT name, version, description, tags, owner, kind, lifecycle, archived_in, changed_at, \
         display_name FROM flag_note WHERE project_id = $1",
    )
    .bind(project)
    .fetch_all(connection)
    .await?;
    let mut notes = rows.iter().map(note).collect::<Result<Vec<_>, _>>()?;
    // Sorted here: a database may sort by the rules of a language.
    notes.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(notes)
}

fn note(row: &AnyRow) -> Result<ProjectFlagRow, StoreError> {
    let corrupt = || StoreError::Corrupt {
        what: "a note on a flag",
    };
    let list = |text: &str| serde_json::from_str(text).map_err(|_| corrupt());
    Ok(ProjectFlagRow {
        key: row.try_get::<String, _>(0)?.into(),
        version: unsigned(row.try_get(1)?)?,
        description: row.try_get(2)?,
        tags: list(row.try_get(3)?)?,
        owner: row.try_get(4)?,
        kind: FlagKind::named(row.try_get(5)?).ok_or_else(corrupt)?,
        lifecycle: Lifecycle::named(row.try_get(6)?).ok_or_else(corrupt)?,
        archived_in: list(row.try_get(7)?)?,
        changed_at: timestamp(row.try_get(8)?),
        name: row.try_get(9)?,
    })
}

/// Writes a flag's metadata; the caller has locked the project, so that no commit creates a flag that is being archived
pub(super) async fn put(
    connection: &mut AnyConnection,
    change: &NoteChange,
) -> Result<(), StoreError> {
    let note = &change.note;
    let held = sqlx::query("SELECT version FROM flag_note WHERE project_id = $1 AND name = $2")
        .bind(change.project_id)
        .bind(&*note.key)
        .fetch_optional(&mut *connection)
        .await?;
    let held = held.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    if unsigned(held)? != note.version {
        return Err(StoreError::NoteMoved);
    }
    let list = |words: &[String]| serde_json::Value::from(words).to_string();
    sqlx::query(
        "INSERT INTO flag_note (project_id, name, version, description, tags, owner, kind, lifecycle, archived_in, changed_at, display_name) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (project_id, name) DO UPDATE SET version = excluded.version, \
         display_name = excluded.display_name, \
         description = excluded.description, tags = excluded.tags, owner = excluded.owner, kind = excluded.kind, \
         lifecycle = excluded.lifecycle, archived_in = excluded.archived_in, changed_at = excluded.changed_at",
    )
    .bind(change.project_id)
    .bind(&*note.key)
    .bind(held.saturating_add(1))
    .bind(&*note.description)
    .bind(list(&note.tags))
    .bind(&*note.owner)
    .bind(note.kind.name())
    .bind(note.lifecycle.name())
    .bind(list(&note.archived_in))
    .bind(change.author.at.as_millis())
    .bind(&*note.name)
    .execute(&mut *connection)
    .await?;
    let occasion = Occasion {
        project: change.project_id,
        environment: None,
        revision: None,
        author: &change.author,
    };
    audit::add(connection, occasion, std::slice::from_ref(&change.audit)).await
}

/// Refuses a commit that would create an archived flag; the caller has locked the project
pub(super) async fn refuse_archived(
    connection: &mut AnyConnection,
    project: i64,
    commit: &Commit,
) -> Result<(), StoreError> {
    if commit.flags.is_empty() {
        return Ok(());
    }
    let archived =
        sqlx::query("SELECT name FROM flag_note WHERE project_id = $1 AND lifecycle = $2")
            .bind(project)
            .bind(Lifecycle::Archived.name())
            .fetch_all(connection)
            .await?;
    for row in &archived {
        let name: &str = row.try_get(0)?;
        if let Some(flag) = commit.flags.iter().find(|flag| *flag.key == *name) {
            let flag = flag.key.clone();
            return Err(StoreError::Archived { flag });
        }
    }
    Ok(())
}
