//! The chain that the audit of a project is: what the hash of a row is over, and finding where a chain is broken
//!
//! ```text
//! hash = SHA-256 of the canonical JSON of the row, with `previousHash` in it and without `hash`
//! ```
//!
//! Pure, and the same for a database and for an export. A chain shows rows that were altered, taken out, put in or moved. That its
//! end was cut off, or that all of it was written anew, shows only to who knows a hash that was in it before ([`Anchor`]).

use std::str::FromStr;

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use flagstaff_core::Timestamp;

use crate::auth::hex;
use crate::object::canonical;
use crate::store::{AuditDetails, AuditRow};

/// What stands for the hash of the row before the first one
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A row as the API tells it and as its hash is over it, `hash` aside
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
    /// The row as it is told
    pub(crate) fn of(row: &'r AuditRow) -> Self {
        // INVARIANT: what the store keeps as JSON is JSON.
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

/// The hash of a row, whose own is not looked at
pub fn hash(row: &AuditRow) -> String {
    let mut record = record(row);
    if let Some(members) = record.as_object_mut() {
        members.remove("hash");
    }
    hash_of(&record)
}

/// A row as an export has it
pub fn record(row: &AuditRow) -> Json {
    serde_json::to_value(Record::of(row)).unwrap_or_default()
}

fn hash_of(content: &Json) -> String {
    hex(&Sha256::digest(canonical(content).as_bytes()))
}

/// The hash of what is kept beside a row; `None` if nothing is
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
    Some(hex(&hasher.finalize()))
}

/// A hash that is known to have been in a chain, as `SEQUENCE:HASH`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The number of the row
    pub sequence: u64,
    /// Its hash
    pub hash: String,
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.sequence, self.hash)
    }
}

/// A text that is no anchor
#[derive(Debug, thiserror::Error)]
#[error("expected the number of a row, a colon and its hash of 64 hexadecimal digits")]
pub struct NoAnchor;

impl FromStr for Anchor {
    type Err = NoAnchor;

    fn from_str(text: &str) -> Result<Self, NoAnchor> {
        let (sequence, hash) = text.split_once(':').ok_or(NoAnchor)?;
        let is_hash = hash.len() == GENESIS.len() && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let sequence = sequence.parse().map_err(|_| NoAnchor)?;
        is_hash.then_some(()).ok_or(NoAnchor)?;
        Ok(Self {
            sequence,
            hash: hash.to_ascii_lowercase(),
        })
    }
}

/// What is wrong with a chain, and where it begins to be
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {sequence}: {fault}")]
pub struct Broken {
    /// The number of the first row that is not as it was written
    pub sequence: u64,
    /// What is wrong with it
    pub fault: Fault,
}

/// What can be wrong with a row
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Its hash is not that of its content
    #[error("altered: its content does not have its hash")]
    Altered,
    /// It is not there, and a later one is
    #[error("missing: a later row is there, and this one is not")]
    Missing,
    /// It is there twice, or after a later one
    #[error("reordered: it comes after a row of the same or a higher number")]
    Reordered,
    /// The row before it is another one than when it was written
    #[error("relinked: it was written after another row than the one that is before it now")]
    Relinked,
    /// What is kept beside it is not what was written
    #[error("altered: the state or the entries that are kept beside it do not have its digest")]
    Details,
    /// The chain ends before it
    #[error("truncated: the audit was longer")]
    Truncated,
    /// It has another hash than the one that is known
    #[error("rewritten: it does not have the expected hash")]
    Rewritten,
    /// It has no hash, or is not a row at all
    #[error("it has no sequence number or no hash")]
    Unchained,
}

/// Reads a chain row by row, the oldest first
#[derive(Debug, Default)]
pub struct Verifier {
    last: Option<Anchor>,
    expected: Vec<Anchor>,
    rows: u64,
    // Rows of an export may be chosen by a filter: then what is between them is not missing.
    is_partial: bool,
}

impl Verifier {
    /// Reads a chain that must have these rows; `is_partial` if rows may have been left out on purpose
    pub fn new(expected: Vec<Anchor>, is_partial: bool) -> Self {
        Self {
            expected,
            is_partial,
            ..Self::default()
        }
    }

    /// The next row, as the API tells it
    pub fn read(&mut self, mut row: Json) -> Result<(), Broken> {
        let sequence = row.get("sequence").and_then(Json::as_u64);
        let next = self
            .last
            .as_ref()
            .map_or(1, |last| last.sequence.saturating_add(1));
        let broken = |sequence, fault| Err(Broken { sequence, fault });
        let Some(sequence) = sequence else {
            return broken(next, Fault::Unchained);
        };
        let hash = row.as_object_mut().and_then(|row| row.remove("hash"));
        let (Some(Json::String(hash)), Some(previous)) =
            (hash, row.get("previousHash").and_then(Json::as_str))
        else {
            return broken(sequence, Fault::Unchained);
        };
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
        self.rows = self.rows.saturating_add(1);
        self.last = Some(Anchor { sequence, hash });
        Ok(())
    }

    /// The end of the chain: how many rows there were, and the last one
    pub fn finish(self) -> Result<(u64, Option<Anchor>), Broken> {
        let last = self.last.as_ref().map_or(0, |last| last.sequence);
        let cut = self.expected.iter().map(|known| known.sequence);
        match cut.filter(|sequence| *sequence > last).min() {
            Some(_) => Err(Broken {
                sequence: last.saturating_add(1),
                fault: Fault::Truncated,
            }),
            None => Ok((self.rows, self.last)),
        }
    }
}

#[cfg(test)]
mod tests;
