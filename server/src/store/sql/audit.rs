//! Writing the audit rows of a transaction

use sqlx::{AnyConnection, Row as _};

use super::batch::Batch;
use super::row::{signed, unsigned};
use super::{idempotency, settings};
use crate::object::canonical;
use crate::store::{AuditDetails, AuditEntry, AuditRow, Author, EntryChange, StoreError, chain};

mod earlier;
mod forget;
mod read;
mod revisions;

pub(super) use earlier::{changed_after_revision, flag_at_revision};
pub(super) use forget::forget;
pub(super) use read::{audit, details, events, head};
pub(super) use revisions::revisions;

/// The maximum number of rows in memory
const ROWS_AT_ONCE: usize = 500;
/// Rows that are hashed before other tasks get a turn
const ROWS_OF_A_TURN: usize = 16;

/// What all rows of one transaction have in common
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) project: i64,
    pub(super) environment: Option<(i64, &'a str)>,
    pub(super) revision: Option<i64>,
    pub(super) author: &'a Author,
}

/// Adds rows, and locks the project until the end of the transaction, so that numbers follow the order of commits
///
/// Every write is audited, so what holds for every write is done here: the check that a protected environment is given a reason, and
/// the claim of an `Idempotency-Key`.
pub(super) async fn add(
    connection: &mut AnyConnection,
    occasion: Occasion<'_>,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    if let Some((environment, _)) = occasion.environment {
        settings::require_reason(connection, occasion.author, environment).await?;
    }
    if let Some(claim) = &occasion.author.origin.claim {
        idempotency::apply(connection, claim).await?;
    }
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let project = sqlx::query(
        "UPDATE project SET audited = audited + $1 WHERE id = $2 RETURNING audited, chain_head",
    )
    .bind(count)
    .bind(occasion.project)
    .fetch_one(&mut *connection)
    .await?;
    let last: i64 = project.try_get(0)?;
    let mut head: String = project.try_get(1)?;
    let before = last.saturating_sub(count);
    let mut sequences = unsigned(before.saturating_add(1))?..;
    for entries in entries.chunks(ROWS_AT_ONCE) {
        let mut rows = Vec::with_capacity(entries.len());
        for (entry, sequence) in entries.iter().zip(&mut sequences) {
            let row = occasion.row(sequence, entry, head)?;
            head = row.hash.clone().unwrap_or_default();
            rows.push((row, entry));
            // A document can have many rows, and hashing all of them takes long.
            if rows.len().is_multiple_of(ROWS_OF_A_TURN) {
                tokio::task::yield_now().await;
            }
        }
        occasion.insert(connection, &rows).await?;
        occasion.insert_items(connection, &rows).await?;
    }
    sqlx::query("UPDATE project SET chain_head = $1 WHERE id = $2")
        .bind(head)
        .bind(occasion.project)
        .execute(connection)
        .await?;
    Ok(())
}

impl Occasion<'_> {
    /// The row of an entry, chained to the previous row
    fn row(
        &self,
        sequence: u64,
        entry: &AuditEntry,
        previous: String,
    ) -> Result<AuditRow, StoreError> {
        let json = |value: serde_json::Result<serde_json::Value>| {
            value
                .map(|value| canonical(&value))
                .map_err(|_| StoreError::Corrupt { what: "a change" })
        };
        let counts = entry.counts();
        let details = AuditDetails {
            state: entry.state.clone(),
            entries: entry.entries.clone(),
        };
        let Author {
            actor,
            at,
            reason,
            origin,
        } = self.author;
        let mut row = AuditRow {
            sequence,
            at: *at,
            actor: actor.to_string(),
            action: entry.action.name().to_owned(),
            environment: self.environment.map(|(_, name)| name.to_owned()),
            revision: self.revision.map(unsigned).transpose()?,
            kind: entry.kind.to_owned(),
            name: entry.name.to_string(),
            changes: entry.changes.to_string(),
            entries: counts
                .map(|counts| json(serde_json::to_value(counts)))
                .transpose()?,
            reason: reason.clone(),
            address: origin.address.as_deref().map(str::to_owned),
            request_id: origin.request_id.as_deref().map(str::to_owned),
            digest: chain::digest(&details),
            previous_hash: Some(previous),
            hash: None,
        };
        row.hash = Some(chain::hash(&row));
        Ok(row)
    }

    async fn insert(
        &self,
        connection: &mut AnyConnection,
        rows: &[(AuditRow, &AuditEntry)],
    ) -> Result<(), StoreError> {
        let insert = Batch {
            before: "INSERT INTO audit_entry (project_id, sequence, made_at, actor, action, environment_id, environment_name, \
                     revision, kind, name, changes, entries, state, reason, address, request_id, digest, previous_hash, hash) VALUES",
            columns: 19,
            after: "",
        };
        insert
            .run(connection, rows, |query, (row, entry)| {
                Ok(query
                    .bind(self.project)
                    .bind(signed(row.sequence)?)
                    .bind(row.at.as_millis())
                    .bind(row.actor.clone())
                    .bind(row.action.clone())
                    .bind(self.environment.map(|(id, _)| id))
                    .bind(row.environment.clone())
                    .bind(self.revision)
                    .bind(row.kind.clone())
                    .bind(row.name.clone())
                    .bind(row.changes.clone())
                    .bind(row.entries.clone())
                    .bind(entry.state.as_deref().map(str::to_owned))
                    .bind(row.reason.clone())
                    .bind(row.address.clone())
                    .bind(row.request_id.clone())
                    .bind(row.digest.clone())
                    .bind(row.previous_hash.clone())
                    .bind(row.hash.clone()))
            })
            .await
    }

    async fn insert_items(
        &self,
        connection: &mut AnyConnection,
        rows: &[(AuditRow, &AuditEntry)],
    ) -> Result<(), StoreError> {
        let mut items: Vec<(i64, i64, &EntryChange)> = Vec::new();
        for (row, entry) in rows {
            let sequence = signed(row.sequence)?;
            items.extend(
                (0..)
                    .zip(&entry.entries)
                    .map(|(ordinal, item)| (sequence, ordinal, item)),
            );
        }
        let insert = Batch {
            before: "INSERT INTO audit_item (project_id, sequence, ordinal, list, level, entry, before_value, after_value) VALUES",
            columns: 8,
            after: "",
        };
        let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
        insert
            .run(connection, &items, |query, (sequence, ordinal, item)| {
                Ok(query
                    .bind(self.project)
                    .bind(*sequence)
                    .bind(*ordinal)
                    .bind(item.list.as_str())
                    .bind(item.level.to_string())
                    .bind(text(&item.entry))
                    .bind(text(&item.before))
                    .bind(text(&item.after)))
            })
            .await
    }
}
