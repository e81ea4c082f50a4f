//! The hash chain of a project's audit: what the hash of a row covers, and how to find where a chain is broken
//!
//! ```text
//! hash = SHA-256 of the canonical JSON of the row, with `previousHash` and without `hash`
//! ```
//!
//! Pure, and the same for a database and an export. A chain reveals rows that were altered, removed, inserted or moved. If its end was cut
//! off, or all of it was written anew, that is noticed only by comparing with a hash that was noted earlier ([`Checkpoint`]).
//!
//! If old rows were deleted (`--audit-days`), the chain begins with a later row, and a row in it has the number and the hash of the last
//! one that was deleted.

use std::str::FromStr;

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use flagstaff_core::Timestamp;

use crate::object::canonical;
use crate::store::{AuditDetails, AuditRow};

/// The previous hash of the first row
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A row as in the API, without `hash`: the hash is computed over this
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record<'r> {
    sequence: u64,
    at: Timestamp,
    actor: &'r str,
    action: &'r str,
    environment: Option<&'r str>,
    revision: Option<u64>,
    kind: &'r str,
    key: &'r str,
    changes: Option<&'r RawValue>,
    entries: Option<&'r RawValue>,
    reason: Option<&'r str>,
    address: Option<&'r str>,
    request_id: Option<&'r str>,
    digest: Option<&'r str>,
    previous_hash: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'r str>,
}

impl<'r> Record<'r> {
    /// The row as in the API
    pub(crate) fn of(row: &'r AuditRow) -> Self {
        // INVARIANT: what the store has as JSON is JSON.
        let raw = |text: &'r str| serde_json::from_str::<&RawValue>(text).ok();
        Self {
            sequence: row.sequence,
            at: row.at,
            actor: &row.actor,
            action: &row.action,
            environment: row.environment.as_deref(),
            revision: row.revision,
            kind: &row.kind,
            key: &row.name,
            changes: raw(&row.changes),
            entries: row.entries.as_deref().and_then(raw),
            reason: row.reason.as_deref(),
            address: row.address.as_deref(),
            request_id: row.request_id.as_deref(),
            digest: row.digest.as_deref(),
            previous_hash: row.previous_hash.as_deref(),
            hash: row.hash.as_deref(),
        }
    }
}

/// Computes the hash of a row; the stored one is not read
pub fn hash(row: &AuditRow) -> String {
    let mut record = record(row);
    if let Some(members) = record.as_object_mut() {
        members.remove("hash");
    }
    hash_of(&record)
}

/// A row as in an export
pub fn record(row: &AuditRow) -> Json {
    serde_json::to_value(Record::of(row)).unwrap_or_default()
}

fn hash_of(content: &Json) -> String {
    hex::encode(Sha256::digest(canonical(content).as_bytes()))
}

/// The hash of a row's details; `None` if there are none
pub fn digest(details: &AuditDetails) -> Option<String> {
    if *details == AuditDetails::default() {
        return None;
    }
    let mut hasher = Sha256::new();
    let mut line = |text: &str| {
        hasher.update(text);
        hasher.update("\n");
    };
    line(details.state.as_deref().unwrap_or("null"));
    for change in &details.entries {
        let value = serde_json::json!([
            change.list.as_str(),
            change.level,
            change.entry,
            change.before,
            change.after,
        ]);
        line(&canonical(&value));
    }
    Some(hex::encode(hasher.finalize()))
}

/// The number and hash of a row, noted earlier: `SEQUENCE:HASH`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The row's number
    pub sequence: u64,
    /// The row's hash
    pub hash: String,
}

impl std::fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.sequence, self.hash)
    }
}

/// A text that is not a checkpoint
#[derive(Debug, thiserror::Error)]
#[error("expected the number of a row, a colon and its hash of 64 hexadecimal digits")]
pub struct InvalidCheckpoint;

impl FromStr for Checkpoint {
    type Err = InvalidCheckpoint;

    fn from_str(text: &str) -> Result<Self, InvalidCheckpoint> {
        let (sequence, hash) = text.split_once(':').ok_or(InvalidCheckpoint)?;
        let is_hash = hash.len() == GENESIS.len() && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let sequence = sequence.parse().map_err(|_| InvalidCheckpoint)?;
        is_hash.then_some(()).ok_or(InvalidCheckpoint)?;
        Ok(Self {
            sequence,
            hash: hash.to_ascii_lowercase(),
        })
    }
}

/// The first fault of a chain
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {sequence}: {fault}")]
pub struct ChainError {
    /// The number of the first row with a fault
    pub sequence: u64,
    /// The fault
    pub fault: Fault,
}

/// A fault of a row
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its hash does not match its content
    #[error("altered: its content does not have its hash")]
    Altered,
    /// It is missing, and a later row exists
    #[error("missing: a later row is there, and this one is not")]
    Missing,
    /// It is there twice, or after a later one
    #[error("reordered: it comes after a row of the same or a higher number")]
    Reordered,
    /// The previous row is not the one before which it was written
    #[error("relinked: it was written after another row than the one that is before it now")]
    Relinked,
    /// Its details are not those that were written
    #[error("altered: the state or the entries that are kept beside it do not have its digest")]
    Details,
    /// The chain ends before it
    #[error("truncated: the audit was longer")]
    Truncated,
    /// Its hash differs from the checkpoint's
    #[error("rewritten: it does not have the expected hash")]
    Rewritten,
    /// It has no hash, or is not an audit row
    #[error("it has no sequence number or no hash")]
    Unchained,
}

/// The last row that was deleted because it was old, of the row about it
fn deleted_until(row: &Json) -> Option<Checkpoint> {
    let is_deletion = row.get("kind")? == "audit" && row.get("action")? == "delete";
    let head = row.pointer("/changes/0/before").filter(|_| is_deletion)?;
    Some(Checkpoint {
        sequence: head.get("sequence")?.as_str()?.parse().ok()?,
        hash: head.get("hash")?.as_str()?.to_owned(),
    })
}

/// Verifies a chain row by row, oldest first
#[derive(Debug, Default)]
pub struct ChainVerifier {
    last: Option<Checkpoint>,
    expected: Vec<Checkpoint>,
    rows: u64,
    // Rows of a filtered export have gaps, which are not faults.
    is_partial: bool,
    // The row before the first one, if the chain does not begin with its first row, and whether a row says that it was deleted.
    start: Option<Checkpoint>,
    is_start_recorded: bool,
}

impl ChainVerifier {
    /// Verifies a chain that must contain the checkpoints `expected`; `is_partial` if rows may have been filtered out
    pub fn new(expected: Vec<Checkpoint>, is_partial: bool) -> Self {
        Self {
            expected,
            is_partial,
            ..Self::default()
        }
    }

    /// Reads the next row, as in the API
    pub fn read(&mut self, mut row: Json) -> Result<(), ChainError> {
        let sequence = row.get("sequence").and_then(Json::as_u64);
        let mut next = self
            .last
            .as_ref()
            .map_or(1, |last| last.sequence.saturating_add(1));
        let broken = |sequence, fault| Err(ChainError { sequence, fault });
        let Some(sequence) = sequence else {
            return broken(next, Fault::Unchained);
        };
        let hash = row.as_object_mut().and_then(|row| row.remove("hash"));
        let (Some(Json::String(hash)), Some(previous)) =
            (hash, row.get("previousHash").and_then(Json::as_str))
        else {
            return broken(sequence, Fault::Unchained);
        };
        if self.last.is_none() && sequence > 1 && !self.is_partial {
            let hash = previous.to_owned();
            let sequence = sequence.saturating_sub(1);
            self.start = Some(Checkpoint { sequence, hash });
            self.last = self.start.clone();
            next = sequence.saturating_add(1);
        }
        if sequence < next {
            return broken(sequence, Fault::Reordered);
        }
        if sequence > next && !self.is_partial {
            return broken(next, Fault::Missing);
        }
        if hash_of(&row) != hash {
            return broken(sequence, Fault::Altered);
        }
        let before = self
            .last
            .as_ref()
            .map_or(GENESIS, |last| last.hash.as_str());
        if sequence == next && previous != before {
            return broken(sequence, Fault::Relinked);
        }
        if self
            .expected
            .iter()
            .any(|known| known.sequence == sequence && known.hash != hash)
        {
            return broken(sequence, Fault::Rewritten);
        }
        if self.start.is_some() && deleted_until(&row) == self.start {
            self.is_start_recorded = true;
        }
        self.rows = self.rows.saturating_add(1);
        self.last = Some(Checkpoint { sequence, hash });
        Ok(())
    }

    /// Ends the chain; returns the number of rows and the last one
    pub fn finish(self) -> Result<(u64, Option<Checkpoint>), ChainError> {
        if self.start.is_some() && !self.is_start_recorded {
            let (sequence, fault) = (1, Fault::Missing);
            return Err(ChainError { sequence, fault });
        }
        let last = self.last.as_ref().map_or(0, |last| last.sequence);
        let cut = self.expected.iter().map(|known| known.sequence);
        match cut.filter(|sequence| *sequence > last).min() {
            Some(_) => Err(ChainError {
                sequence: last.saturating_add(1),
                fault: Fault::Truncated,
            }),
            None => Ok((self.rows, self.last)),
        }
    }
}

#[cfg(test)]
mod tests;
