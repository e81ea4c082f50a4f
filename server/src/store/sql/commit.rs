//! Writing one revision

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::batch::Batch;
use super::catalogue;
use super::dialect::Dialect;
use super::row::signed;
use super::{KEPT_REVISIONS, overrides, unsigned};
use crate::object::ObjectId;
use crate::store::{Change, Commit, FlagRow, StoreError};

pub(super) async fn commit(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    commit: Commit,
) -> Result<u64, StoreError> {
    let connection = &mut *transaction;
    let (revision, environment) = next_revision(connection, &commit).await?;
    if let Some(meter) = &commit.entries.meter {
        let place = (commit.environment, revision);
        overrides::count(connection, place, commit.author.at, meter).await?;
    }
    let project = hold_project(connection, commit.environment).await?;
    catalogue::refuse_archived(connection, project, &commit).await?;
    let writer = Writer {
        environment: commit.environment,
        revision,
    };
    writer.remember(connection, &commit.changes).await?;
    writer.apply(connection, &commit).await?;
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
        environment: Some((commit.environment, &environment)),
        revision: Some(revision),
        author: &commit.author,
    };
    audit::add(connection, occasion, &commit.audit).await?;
    writer.forget_old(connection).await?;
    if let Some(announce) = dialect.announce() {
        connection.execute(announce).await?;
    }
    transaction.commit().await?;
    unsigned(revision)
}

/// Takes the next revision, which holds the environment's row until the end of the transaction; answers its name too
async fn next_revision(
    connection: &mut AnyConnection,
    commit: &Commit,
) -> Result<(i64, String), StoreError> {
    let row = sqlx::query(
        "UPDATE environment SET revision = revision + 1 WHERE id = $1 AND revision = $2 RETURNING revision, name",
    )
    .bind(commit.environment)
    .bind(signed(commit.base)?)
    .fetch_optional(connection)
    .await?;
    let row = row.ok_or(StoreError::Stale { base: commit.base })?;
    Ok((row.try_get(0)?, row.try_get(1)?))
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
        changes: &[Change],
    ) -> Result<(), StoreError> {
        let rows: Vec<(i64, &Change)> = (0_i64..).zip(changes).collect();
        let insert = Batch {
            before: "INSERT INTO change (environment_id, revision, ordinal, kind, name, entry, op, before_version, before_value) VALUES",
            columns: 9,
            after: "",
        };
        insert
            .run(connection, &rows, |query, (ordinal, change)| {
                let op = if change.after.is_some() {
                    "put"
                } else {
                    "delete"
                };
                Ok(query
                    .bind(self.environment)
                    .bind(self.revision)
                    .bind(*ordinal)
                    .bind(change.id.kind.as_str())
                    .bind(change.id.key.to_string())
                    .bind(change.entry.as_deref().map(str::to_owned))
                    .bind(op)
                    .bind(change.before_version.map(signed).transpose()?)
                    .bind(change.before.as_deref().map(str::to_owned)))
            })
            .await
    }

    /// Changes the tables; nothing is changed twice in one commit, so the order is of no account
    async fn apply(
        &self,
        connection: &mut AnyConnection,
        commit: &Commit,
    ) -> Result<(), StoreError> {
        // A list has its value in its entries. A map, since one statement must not name a row twice.
        let lists = commit.lists.iter().map(|list| (list, None));
        let mut objects: BTreeMap<&ObjectId, Option<&str>> = lists.collect();
        let (mut gone, mut entries, mut gone_entries) = (Vec::new(), Vec::new(), Vec::new());
        for Change {
            id, entry, after, ..
        } in &commit.changes
        {
            match (entry.as_ref(), after.as_deref()) {
                (None, Some(value)) => {
                    objects.insert(id, Some(value).filter(|_| !id.kind.is_list()));
                }
                (None, None) => gone.push(id),
                (Some(entry), Some(value)) => entries.push((id, entry, value)),
                (Some(entry), None) => gone_entries.push((id, entry)),
            }
        }
        let objects: Vec<_> = objects.into_iter().collect();
        self.put_objects(connection, &objects).await?;
        self.delete_objects(connection, &gone).await?;
        self.put_entries(connection, commit, &entries).await?;
        self.delete_entries(connection, &gone_entries).await
    }

    async fn put_objects(
        &self,
        connection: &mut AnyConnection,
        rows: &[(&ObjectId, Option<&str>)],
    ) -> Result<(), StoreError> {
        let put = Batch {
            before: "INSERT INTO object (environment_id, kind, name, version, value) VALUES",
            columns: 5,
            after: "ON CONFLICT (environment_id, kind, name) DO UPDATE SET version = excluded.version, value = excluded.value",
        };
        put.run(connection, rows, |query, (id, value)| {
            Ok(query
                .bind(self.environment)
                .bind(id.kind.as_str())
                .bind(id.key.to_string())
                .bind(self.revision)
                .bind(value.map(str::to_owned)))
        })
        .await
    }

    async fn delete_objects(
        &self,
        connection: &mut AnyConnection,
        rows: &[&ObjectId],
    ) -> Result<(), StoreError> {
        let delete = Batch {
            before: "DELETE FROM object WHERE (environment_id, kind, name) IN (VALUES",
            columns: 3,
            after: ")",
        };
        delete
            .run(connection, rows, |query, id| {
                Ok(query
                    .bind(self.environment)
                    .bind(id.kind.as_str())
                    .bind(id.key.to_string()))
            })
            .await
    }

    async fn put_entries(
        &self,
        connection: &mut AnyConnection,
        commit: &Commit,
        rows: &[(&ObjectId, &Arc<str>, &str)],
    ) -> Result<(), StoreError> {
        let put = Batch {
            before: "INSERT INTO entry (environment_id, kind, name, entry, value, changed_at, changed_by, reason) VALUES",
            columns: 8,
            after: "ON CONFLICT (environment_id, kind, name, entry) DO UPDATE SET value = excluded.value, \
                 changed_at = excluded.changed_at, changed_by = excluded.changed_by, reason = excluded.reason",
        };
        let reasons = &commit.entries.reasons;
        put.run(connection, rows, |query, (id, entry, value)| {
            let own = if reasons.is_empty() {
                None
            } else {
                reasons.get(&((*id).clone(), Arc::clone(entry)))
            };
            let reason = own.map(|own| &**own).or(commit.author.reason.as_deref());
            Ok(query
                .bind(self.environment)
                .bind(id.kind.as_str())
                .bind(id.key.to_string())
                .bind(entry.to_string())
                .bind((*value).to_owned())
                .bind(commit.author.at.as_millis())
                .bind(commit.author.actor.to_string())
                .bind(reason.map(str::to_owned)))
        })
        .await
    }

    async fn delete_entries(
        &self,
        connection: &mut AnyConnection,
        rows: &[(&ObjectId, &Arc<str>)],
    ) -> Result<(), StoreError> {
        let delete = Batch {
            before: "DELETE FROM entry WHERE (environment_id, kind, name, entry) IN (VALUES",
            columns: 4,
            after: ")",
        };
        delete
            .run(connection, rows, |query, (id, entry)| {
                Ok(query
                    .bind(self.environment)
                    .bind(id.kind.as_str())
                    .bind(id.key.to_string())
                    .bind(entry.to_string()))
            })
            .await
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
