//! Earlier states of flags, segments, groups and holdouts, reconstructed from the audit

use std::collections::BTreeMap;

use flagstaff_analysis::wire::{WireObject, join_owner};
use serde_json::{Map, Value as Json};
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::super::row::{object_kind, signed, unsigned};
use super::read::item;
use crate::object::{ObjectId, ObjectKind};
use crate::store::{Action, EntryChange, StoreError};

/// The lists of an owner, with their entries
type Lists = BTreeMap<ObjectId, Map<String, Json>>;

/// What the audit says of an owner at a revision
enum Earlier {
    /// It has no row that is old enough
    Unknown,
    Absent,
    Value(Json),
}

/// The flag after its last change up to a revision of its environment
pub(in super::super) async fn flag_at_revision(
    mut transaction: Transaction<'_, Any>,
    environment: i64,
    flag: &str,
    revision: u64,
) -> Result<Option<Json>, StoreError> {
    let owner = ObjectId::new(ObjectKind::Flag, flag);
    Ok(
        match at_revision(&mut transaction, environment, &owner, revision).await? {
            Earlier::Value(flag) => Some(flag),
            Earlier::Unknown | Earlier::Absent => None,
        },
    )
}

/// Every owner that was changed after a revision, as it was at that revision; `None` if the audit no longer has all changes since
pub(in super::super) async fn changed_after_revision(
    mut transaction: Transaction<'_, Any>,
    environment: i64,
    revision: u64,
) -> Result<Option<Vec<(ObjectId, Option<Json>)>>, StoreError> {
    let connection = &mut *transaction;
    if !has_rows_since(connection, environment, revision).await? {
        return Ok(None);
    }
    let rows = sqlx::query(
        "SELECT kind, name, action FROM ( \
         SELECT kind, name, action, ROW_NUMBER() OVER (PARTITION BY kind, name ORDER BY sequence) AS place \
         FROM audit_entry WHERE environment_id = $1 AND revision > $2) AS changed WHERE place = 1 ORDER BY kind, name",
    )
    .bind(environment)
    .bind(signed(revision)?)
    .fetch_all(&mut *connection)
    .await?;
    let mut owners = Vec::with_capacity(rows.len());
    for row in &rows {
        let owner = ObjectId::new(object_kind(row.try_get(0)?)?, row.try_get::<&str, _>(1)?);
        let action: &str = row.try_get(2)?;
        let earlier = if action == Action::Create.name() {
            None
        } else {
            match at_revision(connection, environment, &owner, revision).await? {
                Earlier::Unknown => return Ok(None),
                Earlier::Absent => None,
                Earlier::Value(value) => Some(value),
            }
        };
        owners.push((owner, earlier));
    }
    Ok(Some(owners))
}

/// Whether the next revision is still in the audit, of which old rows may have been deleted, or there is no next revision
async fn has_rows_since(
    connection: &mut AnyConnection,
    environment: i64,
    revision: u64,
) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT revision, (SELECT MIN(revision) FROM audit_entry WHERE environment_id = $1 AND revision > $2) \
         FROM environment WHERE id = $1",
    )
    .bind(environment)
    .bind(signed(revision)?)
    .fetch_one(connection)
    .await?;
    let current = unsigned(row.try_get(0)?)?;
    let next: Option<i64> = row.try_get(1)?;
    let next = next.map(unsigned).transpose()?;
    Ok(revision >= current || next == revision.checked_add(1))
}

/// The owner after its last change up to a revision. Its state is in the audit row of that change; its lists are today's, with later
/// changes undone entry by entry, so that no row needs a copy of them
async fn at_revision(
    connection: &mut AnyConnection,
    environment: i64,
    owner: &ObjectId,
    revision: u64,
) -> Result<Earlier, StoreError> {
    let row = sqlx::query(
        "SELECT project_id, sequence, state FROM audit_entry \
         WHERE project_id = (SELECT project_id FROM environment WHERE id = $1) AND kind = $4 AND name = $2 \
           AND environment_id = $1 AND revision <= $3 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(environment)
    .bind(owner.key.to_string())
    .bind(signed(revision)?)
    .bind(owner.kind.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        return Ok(Earlier::Unknown);
    };
    let Some(state) = row.try_get::<Option<&str>, _>(2)? else {
        // It was deleted.
        return Ok(Earlier::Absent);
    };
    let mut lists = lists(connection, environment, owner).await?;
    let since = (row.try_get(0)?, row.try_get(1)?);
    for change in changed_since(connection, since, (environment, owner)).await? {
        undo(&mut lists, owner, &change)?;
    }
    let lists = lists.into_iter().map(|(id, entries)| WireObject {
        kind: id.kind,
        key: id.key.to_string(),
        value: Json::Object(entries),
    });
    Ok(Earlier::Value(join_owner(parse(state)?, lists)))
}

/// The current lists of an owner
async fn lists(
    connection: &mut AnyConnection,
    environment: i64,
    owner: &ObjectId,
) -> Result<Lists, StoreError> {
    let mut lists = Lists::new();
    let kinds = ObjectKind::ALL.into_iter();
    for kind in kinds.filter(|kind| kind.is_list() && kind.section() == owner.kind.section()) {
        let names = sqlx::query(
            "SELECT name FROM object WHERE environment_id = $1 AND kind = $2 AND SUBSTR(name, 1, LENGTH($3)) = $3",
        )
        .bind(environment)
        .bind(kind.as_str())
        .bind(format!("{}/", owner.key))
        .fetch_all(&mut *connection)
        .await?;
        for name in &names {
            let name: String = name.try_get(0)?;
            let rows = sqlx::query(
                "SELECT entry, value FROM entry WHERE environment_id = $1 AND kind = $2 AND name = $3",
            )
            .bind(environment)
            .bind(kind.as_str())
            .bind(&*name)
            .fetch_all(&mut *connection)
            .await?;
            let mut entries = Map::new();
            for row in &rows {
                entries.insert(row.try_get(0)?, parse(row.try_get(1)?)?);
            }
            lists.insert(ObjectId::new(kind, name), entries);
        }
    }
    Ok(lists)
}

/// The changes of the lists since a row of a project, newest first
async fn changed_since(
    connection: &mut AnyConnection,
    (project, sequence): (i64, i64),
    (environment, owner): (i64, &ObjectId),
) -> Result<Vec<EntryChange>, StoreError> {
    let rows = sqlx::query(
        "SELECT item.list, item.level, item.entry, item.before_value, item.after_value FROM audit_entry \
         JOIN audit_item item ON item.project_id = audit_entry.project_id AND item.sequence = audit_entry.sequence \
         WHERE audit_entry.project_id = $1 AND audit_entry.kind = $5 AND audit_entry.name = $2 \
           AND audit_entry.environment_id = $3 AND audit_entry.sequence > $4 \
         ORDER BY item.sequence DESC, item.ordinal DESC",
    )
    .bind(project)
    .bind(owner.key.to_string())
    .bind(environment)
    .bind(sequence)
    .bind(owner.kind.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(item).collect()
}

fn undo(lists: &mut Lists, owner: &ObjectId, change: &EntryChange) -> Result<(), StoreError> {
    let id = ObjectId::new(change.list, format!("{}/{}", owner.key, change.level));
    match (&change.entry, &change.before) {
        (None, None) => drop(lists.remove(&id)),
        (None, Some(_)) => drop(lists.entry(id).or_default()),
        (Some(entry), None) => {
            if let Some(entries) = lists.get_mut(&id) {
                entries.remove(&**entry);
            }
        }
        (Some(entry), Some(before)) => {
            let entries = lists.entry(id).or_default();
            entries.insert(entry.to_string(), parse(before)?);
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<Json, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { what: "a value" })
}
