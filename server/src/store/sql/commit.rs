//! Writing revisions: one revision for each environment in a transaction

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::{Any, AnyConnection, Executor as _, Row as _, Transaction};

use super::audit::{self, Occasion};
use super::batch::Batch;
use super::catalogue;
use super::dialect::Dialect;
use super::row::signed;
use super::{KEPT_REVISIONS, environments, overrides};
use crate::object::ObjectId;
use crate::store::{Change, Commit, FlagRow, NoteChange, StoreError};

pub(super) async fn commit_all(
    mut transaction: Transaction<'_, Any>,
    dialect: Dialect,
    mut commits: Vec<Commit>,
    note: Option<NoteChange>,
) -> Result<(), StoreError> {
    let connection = &mut *transaction;
    // First the environments, in this order, then the project: everybody takes these locks in the same order.
    commits.sort_by_key(|commit| commit.environment);
    let mut places = Vec::with_capacity(commits.len());
    for commit in &commits {
        places.push(hold_environment(connection, commit).await?);
    }
    let project = match (&note, commits.first()) {
        (Some(note), _) => note.project_id,
        (None, Some(commit)) => project_of(connection, commit.environment).await?,
        (None, None) => return Ok(()),
    };
    hold_project(connection, project).await?;
    let mut is_claimed = false;
    if let Some(note) = &note {
        catalogue::put(connection, note).await?;
        is_claimed = true;
    }
    for (mut commit, (writer, environment)) in commits.into_iter().zip(places) {
        // The first audit row of the transaction carries the claim of an `Idempotency-Key`.
        if std::mem::replace(&mut is_claimed, true) {
            commit.author.origin.claim = None;
        }
        writer
            .write(connection, (project, &environment), commit)
            .await?;
    }
    if let Some(announce) = dialect.announce() {
        connection.execute(announce).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Takes the next revision, which locks the environment's row until the end of the transaction, and counts the change; returns the
/// environment's name too
async fn hold_environment(
    connection: &mut AnyConnection,
    commit: &Commit,
) -> Result<(Writer, String), StoreError> {
    let (revision, name) = next_revision(connection, commit).await?;
    if let Some(meter) = &commit.entries.meter {
        let place = (commit.environment, revision);
        overrides::count(connection, place, commit.author.at, meter).await?;
    }
    let writer = Writer {
        environment: commit.environment,
        revision,
    };
    Ok((writer, name))
}

/// Takes the next revision, which locks the environment's row until the end of the transaction; returns the name too
async fn next_revision(
    connection: &mut AnyConnection,
    commit: &Commit,
) -> Result<(i64, String), StoreError> {
    let row = sqlx::query(
        "UPDATE environment SET revision = revision + 1 WHERE id = $1 AND revision = $2 AND deleted_at IS NULL RETURNING revision, name",
    )
    .bind(commit.environment)
    .bind(signed(commit.base)?)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        environments::name(connection, commit.environment).await?;
        return Err(StoreError::Stale { base: commit.base });
    };
    Ok((row.try_get(0)?, row.try_get(1)?))
}

async fn project_of(connection: &mut AnyConnection, environment: i64) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT project_id FROM environment WHERE id = $1")
        .bind(environment)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

/// Locks the project until the end of the transaction, after the environments: what concerns all environments, such as the type of a flag,
/// is decided by one commit at a time
async fn hold_project(connection: &mut AnyConnection, project: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE project SET name = name WHERE id = $1")
        .bind(project)
        .execute(connection)
        .await?;
    Ok(())
}

/// The environment and revision to which all rows of a commit belong
struct Writer {
    environment: i64,
    revision: i64,
}

impl Writer {
    async fn write(
        &self,
        connection: &mut AnyConnection,
        (project, environment): (i64, &str),
        commit: Commit,
    ) -> Result<(), StoreError> {
        catalogue::refuse_archived(connection, project, &commit).await?;
        self.remember(connection, &commit.changes).await?;
        self.apply(connection, &commit).await?;
        self.put_flags(connection, &commit.flags).await?;
        if !commit.flags.is_empty() {
            self.agree_on_types(connection, project).await?;
        }
        self.delete_flags(connection, &commit.dropped_flags).await?;
        let occasion = Occasion {
            project,
            environment: Some((self.environment, environment)),
            revision: Some(self.revision),
            author: &commit.author,
        };
        audit::add(connection, occasion, &commit.audit).await?;
        self.forget_old(connection).await
    }

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

    /// Changes the tables; a commit changes nothing twice, so the order does not matter
    async fn apply(
        &self,
        connection: &mut AnyConnection,
        commit: &Commit,
    ) -> Result<(), StoreError> {
        // The value of a list is in its entries. A map, because a statement must not name a row twice.
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
            before: "INSERT INTO entry (environment_id, kind, name, entry, value, changed_at, changed_by, reason, created_at, created_by) VALUES",
            columns: 10,
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
                .bind(reason.map(str::to_owned))
                .bind(commit.author.at.as_millis())
                .bind(commit.author.actor.to_string()))
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

    async fn put_flags(
        &self,
        connection: &mut AnyConnection,
        rows: &[FlagRow],
    ) -> Result<(), StoreError> {
        let put = Batch {
            before: "INSERT INTO flag (environment_id, name, value_type, version, created_at, updated_at) VALUES",
            columns: 6,
            after: "ON CONFLICT (environment_id, name) DO UPDATE SET value_type = excluded.value_type, version = excluded.version, \
                 updated_at = excluded.updated_at",
        };
        put.run(connection, rows, |query, flag| {
            Ok(query
                .bind(self.environment)
                .bind(flag.key.to_string())
                .bind(flag.value_type.to_string())
                .bind(self.revision)
                .bind(flag.created_at.as_millis())
                .bind(flag.updated_at.as_millis()))
        })
        .await
    }

    async fn delete_flags(
        &self,
        connection: &mut AnyConnection,
        keys: &[Arc<str>],
    ) -> Result<(), StoreError> {
        let delete = Batch {
            before: "DELETE FROM flag WHERE (environment_id, name) IN (VALUES",
            columns: 2,
            after: ")",
        };
        delete
            .run(connection, keys, |query, key| {
                Ok(query.bind(self.environment).bind(key.to_string()))
            })
            .await
    }

    /// Requires that a flag has the same type in all environments of a project; for the flags that this revision writes
    async fn agree_on_types(
        &self,
        connection: &mut AnyConnection,
        project: i64,
    ) -> Result<(), StoreError> {
        let other = sqlx::query(
            "SELECT mine.name, environment.name, other.value_type FROM flag mine \
             JOIN flag other ON other.name = mine.name AND other.value_type <> mine.value_type \
             JOIN environment ON environment.id = other.environment_id \
             WHERE mine.environment_id = $1 AND mine.version = $2 AND environment.project_id = $3 \
             ORDER BY mine.name, environment.id LIMIT 1",
        )
        .bind(self.environment)
        .bind(self.revision)
        .bind(project)
        .fetch_optional(connection)
        .await?;
        other.map_or(Ok(()), |row| {
            Err(StoreError::TypeConflict {
                flag: row.try_get::<String, _>(0)?.into(),
                environment: row.try_get(1)?,
                existing: row.try_get(2)?,
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
