//! Writing one revision

use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::dialect::Dialect;
use super::row::signed;
use super::{KEPT_REVISIONS, unsigned};
use crate::object::ObjectId;
use crate::store::{Change, Commit, FlagRow, StoreError};

pub(super) async fn commit(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    commit: Commit,
) -> Result<u64, StoreError> {
    let connection = &mut *transaction;
    let revision = next_revision(connection, &commit).await?;
    let project = hold_project(connection, commit.environment).await?;
    let writer = Writer {
        environment: commit.environment,
        revision,
    };
    for (ordinal, change) in (0_i64..).zip(&commit.changes) {
        writer.remember(connection, ordinal, change).await?;
        writer.apply(connection, change).await?;
    }
    for list in &commit.lists {
        writer.put_object(connection, list, None).await?;
    }
    for flag in &commit.flags {
        writer.put_flag(connection, flag).await?;
    }
    for key in &commit.dropped_flags {
        sqlx::query("DELETE FROM flag WHERE environment_id = $1 AND name = $2")
            .bind(commit.environment)
            .bind(&**key)
            .execute(&mut *connection)
            .await?;
    }
    let occasion = Occasion {
        project,
        environment: Some(commit.environment),
        revision: Some(revision),
        at: commit.at,
        actor: &commit.actor,
        reason: commit.reason.as_deref(),
    };
    audit::add(connection, occasion, &commit.audit).await?;
    writer.forget_old(connection).await?;
    if let Some(announce) = dialect.announce() {
        connection.execute(announce).await?;
    }
    transaction.commit().await?;
    unsigned(revision)
}

/// Takes the next revision, which holds the environment's row until the end of the transaction
async fn next_revision(connection: &mut AnyConnection, commit: &Commit) -> Result<i64, StoreError> {
    sqlx::query("UPDATE environment SET revision = revision + 1 WHERE id = $1 AND revision = $2 RETURNING revision")
        .bind(commit.environment)
        .bind(signed(commit.base)?)
        .fetch_optional(connection)
        .await?
        .map_or(Err(StoreError::Stale { base: commit.base }), |row| Ok(row.try_get(0)?))
}

/// Holds the project until the end of the transaction, after the environment: what concerns all its environments, as the type of a
/// flag does, is decided by one commit at a time
async fn hold_project(connection: &mut AnyConnection, environment: i64) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "UPDATE project SET name = name WHERE id = (SELECT project_id FROM environment WHERE id = $1) RETURNING id",
    )
    .bind(environment)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get(0)?)
}

/// The place that everything of one commit belongs to
struct Writer {
    environment: i64,
    revision: i64,
}

impl Writer {
    async fn remember(
        &self,
        connection: &mut AnyConnection,
        ordinal: i64,
        change: &Change,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO change (environment_id, revision, ordinal, kind, name, entry, op, before_version, before_value) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(self.environment)
        .bind(self.revision)
        .bind(ordinal)
        .bind(change.id.kind.as_str())
        .bind(&*change.id.key)
        .bind(change.entry.as_deref())
        .bind(if change.after.is_some() { "put" } else { "delete" })
        .bind(change.before_version.map(signed).transpose()?)
        .bind(change.before.as_deref())
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn apply(
        &self,
        connection: &mut AnyConnection,
        change: &Change,
    ) -> Result<(), StoreError> {
        match (&change.entry, &change.after) {
            (None, Some(value)) => {
                let value = Some(&**value).filter(|_| !change.id.kind.is_list());
                self.put_object(connection, &change.id, value).await
            }
            (None, None) => self.delete_object(connection, &change.id).await,
            (Some(entry), Some(value)) => {
                self.put_entry(connection, &change.id, entry, value).await
            }
            (Some(entry), None) => self.delete_entry(connection, &change.id, entry).await,
        }
    }

    async fn put_object(
        &self,
        connection: &mut AnyConnection,
        id: &ObjectId,
        value: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO object (environment_id, kind, name, version, value) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (environment_id, kind, name) DO UPDATE SET version = excluded.version, value = excluded.value",
        )
        .bind(self.environment)
        .bind(id.kind.as_str())
        .bind(&*id.key)
        .bind(self.revision)
        .bind(value)
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn delete_object(
        &self,
        connection: &mut AnyConnection,
        id: &ObjectId,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM object WHERE environment_id = $1 AND kind = $2 AND name = $3")
            .bind(self.environment)
            .bind(id.kind.as_str())
            .bind(&*id.key)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn put_entry(
        &self,
        connection: &mut AnyConnection,
        id: &ObjectId,
        entry: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO entry (environment_id, kind, name, entry, value) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (environment_id, kind, name, entry) DO UPDATE SET value = excluded.value",
        )
        .bind(self.environment)
        .bind(id.kind.as_str())
        .bind(&*id.key)
        .bind(entry)
        .bind(value)
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn delete_entry(
        &self,
        connection: &mut AnyConnection,
        id: &ObjectId,
        entry: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM entry WHERE environment_id = $1 AND kind = $2 AND name = $3 AND entry = $4")
            .bind(self.environment)
            .bind(id.kind.as_str())
            .bind(&*id.key)
            .bind(entry)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn put_flag(
        &self,
        connection: &mut AnyConnection,
        flag: &FlagRow,
    ) -> Result<(), StoreError> {
        self.agree_on_type(connection, flag).await?;
        sqlx::query(
            "INSERT INTO flag (environment_id, name, value_type, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (environment_id, name) \
             DO UPDATE SET value_type = excluded.value_type, version = excluded.version, updated_at = excluded.updated_at",
        )
        .bind(self.environment)
        .bind(&*flag.key)
        .bind(&*flag.value_type)
        .bind(self.revision)
        .bind(flag.created_at.as_millis())
        .bind(flag.updated_at.as_millis())
        .execute(connection)
        .await?;
        Ok(())
    }

    /// A flag is one thing in all environments of a project, so its type is too
    async fn agree_on_type(
        &self,
        connection: &mut AnyConnection,
        flag: &FlagRow,
    ) -> Result<(), StoreError> {
        let other = sqlx::query(
            "SELECT other.name, flag.value_type FROM flag JOIN environment other ON other.id = flag.environment_id \
             JOIN environment mine ON mine.project_id = other.project_id \
             WHERE mine.id = $1 AND other.id <> $1 AND flag.name = $2 AND flag.value_type <> $3 ORDER BY other.id LIMIT 1",
        )
        .bind(self.environment)
        .bind(&*flag.key)
        .bind(&*flag.value_type)
        .fetch_optional(connection)
        .await?;
        other.map_or(Ok(()), |row| {
            Err(StoreError::TypeConflict {
                flag: flag.key.clone(),
                environment: row.try_get(0)?,
                existing: row.try_get(1)?,
            })
        })
    }

    async fn forget_old(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let kept = signed(KEPT_REVISIONS)?;
        sqlx::query("DELETE FROM change WHERE environment_id = $1 AND revision <= $2")
            .bind(self.environment)
            .bind(self.revision.saturating_sub(kept))
            .execute(connection)
            .await?;
        Ok(())
    }
}
