//! An earlier state of a flag, reconstructed from the audit

use std::collections::BTreeMap;

use flagstaff_analysis::wire::{WireObject, join_owner};
use serde_json::{Map, Value as Json};
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use super::super::row::signed;
use super::read::item;
use crate::object::{ObjectId, ObjectKind};
use crate::store::{EntryChange, StoreError};

/// The lists of a flag, with their entries
type Lists = BTreeMap<ObjectId, Map<String, Json>>;

/// The flag after its last change up to a revision of its environment. Its state is in the audit row of that change; its lists are
/// today's, with later changes undone entry by entry, so that no row needs a copy of them
pub(in super::super) async fn flag_at_revision(
    mut transaction: Transaction<'_, Any>,
    environment: i64,
    flag: &str,
    revision: u64,
) -> Result<Option<Json>, StoreError> {
    let connection = &mut *transaction;
    let row = sqlx::query(
        "SELECT project_id, sequence, state FROM audit_entry \
         WHERE project_id = (SELECT project_id FROM environment WHERE id = $1) AND kind = 'flag' AND name = $2 \
           AND environment_id = $1 AND revision <= $3 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(environment)
    .bind(flag)
    .bind(signed(revision)?)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let Some(state) = row.try_get::<Option<&str>, _>(2)? else {
        // It was deleted.
        return Ok(None);
    };
    let owner = ObjectId::new(ObjectKind::Flag, flag);
    let mut lists = lists(connection, environment, &owner).await?;
    let changed = changed_since(
        connection,
        row.try_get(0)?,
        row.try_get(1)?,
        (environment, flag),
    );
    for change in changed.await? {
        undo(&mut lists, &owner, &change)?;
    }
    let lists = lists.into_iter().map(|(id, entries)| WireObject {
        kind: id.kind,
        key: id.key.to_string(),
        value: Json::Object(entries),
    });
    Ok(Some(join_owner(parse(state)?, lists)))
}

/// The current lists of a flag
async fn lists(
    connection: &mut AnyConnection,
    environment: i64,
    owner: &ObjectId,
) -> Result<Lists, StoreError> {
    let names = sqlx::query(
        "SELECT name FROM object WHERE environment_id = $1 AND kind = $2 AND SUBSTR(name, 1, LENGTH($3)) = $3",
    )
    .bind(environment)
    .bind(ObjectKind::Overrides.as_str())
    .bind(format!("{}/", owner.key))
    .fetch_all(&mut *connection)
    .await?;
    let mut lists = Lists::new();
    for name in &names {
        let name: String = name.try_get(0)?;
        let rows = sqlx::query(
            "SELECT entry, value FROM entry WHERE environment_id = $1 AND kind = $2 AND name = $3",
        )
        .bind(environment)
        .bind(ObjectKind::Overrides.as_str())
        .bind(&*name)
        .fetch_all(&mut *connection)
        .await?;
        let mut entries = Map::new();
        for row in &rows {
            entries.insert(row.try_get(0)?, parse(row.try_get(1)?)?);
        }
        lists.insert(ObjectId::new(ObjectKind::Overrides, name), entries);
    }
    Ok(lists)
}

/// The changes of the lists since a row, newest first
async fn changed_since(
    connection: &mut AnyConnection,
    project: i64,
    sequence: i64,
    (environment, flag): (i64, &str),
) -> Result<Vec<EntryChange>, StoreError> {
    let rows = sqlx::query(
        "SELECT item.list, item.level, item.entry, item.before_value, item.after_value FROM audit_entry \
         JOIN audit_item item ON item.project_id = audit_entry.project_id AND item.sequence = audit_entry.sequence \
         WHERE audit_entry.project_id = $1 AND audit_entry.kind = 'flag' AND audit_entry.name = $2 \
           AND audit_entry.environment_id = $3 AND audit_entry.sequence > $4 \
         ORDER BY item.sequence DESC, item.ordinal DESC",
    )
    .bind(project)
    .bind(flag)
    .bind(environment)
    .bind(sequence)
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
