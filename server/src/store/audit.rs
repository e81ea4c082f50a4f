//! What the audit keeps

use std::sync::Arc;

use flagstaff_core::{Timestamp, Value};
use serde::Serialize;

use super::Claim;
use crate::object::{ObjectKind, canonical};

/// Entries of lists that a row of the audit shows; the others are counted, and kept beside it
pub const SHOWN_ENTRIES: usize = 100;

/// Kinds of rows that say who has access: only an admin reads them, as only an admin lists keys, tokens and members
pub const ACCESS_KINDS: [&str; 3] = ["key", "token", "member"];

/// Who makes a change, when, why and from where
#[derive(Debug, Clone)]
pub struct Author {
    /// What the audit calls them
    pub actor: Arc<str>,
    /// When
    pub at: Timestamp,
    /// Why, if they said so
    pub reason: Option<String>,
    /// Which request it was
    pub origin: Origin,
}

/// Where a request came from; nothing is known of what the server does by itself
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client
    pub address: Option<Arc<str>>,
    /// The id of the request, as it is in the log
    pub request_id: Option<Arc<str>>,
    /// The attempt that it is, if it came with an `Idempotency-Key`
    pub claim: Option<Claim>,
}

/// What the audit says of one thing that changed
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// What was done
    pub action: Action,
    /// To what kind of thing
    pub kind: &'static str,
    /// To which one
    pub name: Arc<str>,
    /// What differs, as canonical JSON: an array of [`PathChange`], of the entries of lists the first ones
    pub changes: Arc<str>,
    /// How it is now, as canonical JSON without its lists, if it is something that can be made so again
    pub state: Option<Arc<str>>,
    /// Every list and entry of a list that changed
    pub entries: Vec<EntryChange>,
}

impl AuditEntry {
    /// What is said of a thing that has no lists
    pub fn new(
        action: Action,
        kind: &'static str,
        name: impl Into<Arc<str>>,
        (before, after): (Option<Value>, Option<Value>),
    ) -> Self {
        Self {
            action,
            kind,
            name: name.into(),
            changes: canonical_changes(&path_changes(before, after)),
            state: None,
            entries: Vec::new(),
        }
    }

    /// How many entries of lists changed; `None` if no list did
    pub fn counts(&self) -> Option<EntryCounts> {
        let mut counts = EntryCounts::default();
        for change in self.entries.iter().filter(|change| change.entry.is_some()) {
            let counter = match (&change.before, &change.after) {
                (None, _) => &mut counts.added,
                (Some(_), Some(_)) => &mut counts.changed,
                (Some(_), None) => &mut counts.removed,
            };
            *counter = counter.saturating_add(1);
        }
        (counts != EntryCounts::default()).then_some(counts)
    }
}

/// Changes as the audit has them: as text, which takes a fraction of the memory
pub(crate) fn canonical_changes(changes: &[PathChange]) -> Arc<str> {
    canonical(&serde_json::to_value(changes).unwrap_or_default()).into()
}

/// What differs between a thing before and after; one that is made or gone is one change at its root
pub(crate) fn path_changes(before: Option<Value>, after: Option<Value>) -> Vec<PathChange> {
    match (before, after) {
        (None, None) => Vec::new(),
        (Some(before), Some(after)) => flagstaff_core::impact::differences(&before, &after)
            .into_iter()
            .map(|change| PathChange {
                path: change.pointer,
                before: change.old,
                after: change.new,
            })
            .collect(),
        (before, after) => vec![PathChange {
            path: String::new(),
            before,
            after,
        }],
    }
}

/// What differs at one place
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathChange {
    /// A JSON pointer into the thing
    pub path: String,
    /// What was there, if anything
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there, if anything
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// How many entries of lists a row is about
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EntryCounts {
    /// New ones
    pub added: usize,
    /// Those with another value
    pub changed: usize,
    /// Those that are gone
    pub removed: usize,
}

/// A list, or an entry of one, that changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryChange {
    /// The kind of the list
    pub list: ObjectKind,
    /// The level or kind of context that its entries are of
    pub level: Arc<str>,
    /// The entry; `None` for the list itself
    pub entry: Option<Arc<str>>,
    /// Its canonical JSON before, if it was there
    pub before: Option<Arc<str>>,
    /// Its canonical JSON after, if it is there
    pub after: Option<Arc<str>>,
}

/// What was done to something
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was made
    Create,
    /// It was changed
    Update,
    /// It was deleted
    Delete,
    /// It was taken out of every environment
    Archive,
    /// It was brought back
    Restore,
}

impl Action {
    /// Every action
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Archive,
        Self::Restore,
    ];

    /// The word for it in the store and on the wire
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Archive => "archive",
            Self::Restore => "restore",
        }
    }

    /// What was done to a thing that was there before, after, or both
    pub(crate) const fn of(was: bool, is: bool) -> Self {
        match (was, is) {
            (false, _) => Self::Create,
            (true, true) => Self::Update,
            (true, false) => Self::Delete,
        }
    }
}

/// Which audit rows are asked for
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Of this project
    pub project_id: i64,
    /// Of this environment only
    pub environment: Option<String>,
    /// Of this flag only
    pub flag: Option<String>,
    /// By them only
    pub actor: Option<String>,
    /// Of this action only
    pub action: Option<String>,
    /// About things of this kind only
    pub kind: Option<String>,
    /// Without the rows of [`ACCESS_KINDS`]
    pub is_without_access: bool,
    /// At this time or later
    pub from: Option<Timestamp>,
    /// Before this time
    pub to: Option<Timestamp>,
    /// With a change of an override or of a segment's list for this context: its kind and its key
    pub context: Option<(String, String)>,
    /// Those before the one of this number
    pub before: Option<u64>,
    /// Those after the one of this number
    pub after: Option<u64>,
    /// The oldest first, not the newest
    pub is_oldest_first: bool,
    /// How many at most
    pub limit: u32,
}

/// A row of the audit
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number among all of the project, from 1, without a gap
    pub sequence: u64,
    /// When
    pub at: Timestamp,
    /// Who
    pub actor: String,
    /// A word of [`Action`]
    pub action: String,
    /// In which environment, by the name that it had; `None` if it concerns the whole project
    pub environment: Option<String>,
    /// By which revision; `None` if it made none
    pub revision: Option<u64>,
    /// The kind of what was changed
    pub kind: String,
    /// Its name
    pub name: String,
    /// What differs, as canonical JSON: an array of [`PathChange`]
    pub changes: String,
    /// [`EntryCounts`] as canonical JSON, if entries of lists changed
    pub entries: Option<String>,
    /// Why, if they said so
    pub reason: Option<String>,
    /// From which address, if it was a request
    pub address: Option<String>,
    /// By which request
    pub request_id: Option<String>,
    /// The hash of what is kept beside the row ([`AuditDetails`]), if there is something
    pub digest: Option<String>,
    /// The hash of the row before
    pub previous_hash: Option<String>,
    /// The row's own hash; `None` if an earlier release wrote it and it has not been chained yet
    pub hash: Option<String>,
}

/// What is kept beside a row of the audit
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditDetails {
    /// How the thing was afterwards, as canonical JSON without its lists
    pub state: Option<Arc<str>>,
    /// Every list and entry of a list that changed, in order
    pub entries: Vec<EntryChange>,
}

/// Where the audit of a project ends
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of its last row; 0 if there is none
    pub sequence: u64,
    /// The hash of its last row; of no row, 64 zeros
    pub hash: String,
}
