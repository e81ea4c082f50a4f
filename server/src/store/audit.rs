//! The rows of the audit

use std::sync::Arc;

use flagstaff_core::{Timestamp, Value};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Claim, StoreError};
use crate::object::{ObjectKind, canonical};

/// The number of changed list entries that a row of the audit shows; all are counted, and stored beside it
pub const SHOWN_ENTRIES: usize = 100;

/// The kinds of audit rows about access, which only admins may read, as only they may list keys, tokens, members and sessions
pub const ACCESS_KINDS: [&str; 4] = ["key", "token", "member", "session"];

/// The author of a change, its time, reason and origin
#[derive(Debug, Clone)]
pub struct Author {
    /// The author's name in the audit
    pub actor: Arc<str>,
    /// The time
    pub at: Timestamp,
    /// The reason, if one was given
    pub reason: Option<String>,
    /// The request
    pub origin: Origin,
}

/// The origin of a request; empty for what the server does by itself
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the client
    pub address: Option<Arc<str>>,
    /// The id of the request, as in the log
    pub request_id: Option<Arc<str>>,
    /// The attempt, if the request has an `Idempotency-Key`
    pub claim: Option<Claim>,
}

/// The audit entry about one changed thing
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// What was done
    pub action: Action,
    /// The kind of the thing
    pub kind: &'static str,
    /// The name of the thing
    pub name: Arc<str>,
    /// The differences as canonical JSON: an array of [`Difference`]; of list entries only the first ones
    pub changes: Arc<str>,
    /// The state afterwards as canonical JSON without lists, if the thing can be restored from it
    pub state: Option<Arc<str>>,
    /// All lists and list entries that changed
    pub entries: Vec<EntryChange>,
}

impl AuditEntry {
    /// An entry about a thing that has no lists
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
            changes: canonical_changes(&audited_differences(before, after)),
            state: None,
            entries: Vec::new(),
        }
    }

    /// The number of changed list entries; `None` if no list changed
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

/// Changes as canonical JSON text, which takes a fraction of the memory
pub(crate) fn canonical_changes(changes: &[Difference]) -> Arc<str> {
    canonical(&serde_json::to_value(changes).unwrap_or_default()).into()
}

/// The differences between before and after; creation and deletion are one change at the root
pub(crate) fn audited_differences(before: Option<Value>, after: Option<Value>) -> Vec<Difference> {
    match (before, after) {
        (None, None) => Vec::new(),
        (Some(before), Some(after)) => flagstaff_analysis::impact::differences(&before, &after)
            .into_iter()
            .map(|change| Difference {
                pointer: change.pointer,
                before: change.before,
                after: change.after,
            })
            .collect(),
        (before, after) => vec![Difference {
            pointer: String::new(),
            before,
            after,
        }],
    }
}

/// A difference at one place
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// A JSON pointer into the thing
    // COMPAT(audit): rows of 0.1 have `path`; they stay as they were hashed.
    #[serde(alias = "path")]
    pub pointer: String,
    /// The value before, if there was one
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub before: Option<Value>,
    /// The value after, if there is one
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub after: Option<Value>,
}

impl Difference {
    fn concerns(&self, pointer: &str) -> bool {
        let places = [Some(&*self.pointer), self.place_in_value()];
        places.into_iter().flatten().any(|place| {
            let is_below = place.strip_prefix(pointer).is_some_and(is_part);
            let inside = pointer.strip_prefix(place).filter(|rest| is_part(rest));
            is_below || inside.is_some_and(|inside| self.differs_at(inside))
        })
    }

    /// The place in the value of an object flag, where a variant, the environment's patch or a patch of an override differs
    fn place_in_value(&self) -> Option<&str> {
        let mut rest = self.pointer.strip_prefix('/')?;
        let (member, inside) = rest.split_once('/').unwrap_or((rest, ""));
        let names = match member {
            "environmentPatch" => 1,
            "variants" => 2,
            "overrides" => 4,
            _ => return None,
        };
        if names == 4 && inside.split('/').nth(2) != Some("patch") {
            return None;
        }
        for _ in 1..names {
            rest = rest.split_once('/')?.1;
        }
        let (_, place) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Some(place)
    }

    fn differs_at(&self, inside: &str) -> bool {
        let json = |value: &Option<Value>| {
            let json = serde_json::to_value(value).unwrap_or_default();
            json.pointer(inside).cloned()
        };
        json(&self.before) != json(&self.after)
    }
}

/// Whether what follows a pointer continues it, or is nothing
fn is_part(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// A member that is `null` is there, other than one that is missing
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl AuditRow {
    /// What differs, in the words of this release: an earlier one called the pointer `path`
    pub(crate) fn differences(&self) -> Result<Vec<Difference>, StoreError> {
        let what = "the changes of an audit row";
        serde_json::from_str(&self.changes).map_err(|_| StoreError::Corrupt { what })
    }

    /// Whether something changed at or below a pointer: in what was changed, or in the value of a variant or patch of it
    pub(crate) fn concerns(&self, pointer: &str) -> Result<bool, StoreError> {
        let differences = self.differences()?;
        Ok(differences
            .iter()
            .any(|difference| difference.concerns(pointer)))
    }
}

/// The number of list entries that a row is about
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EntryCounts {
    /// New entries
    pub added: usize,
    /// Entries with another value
    pub changed: usize,
    /// Deleted entries
    pub removed: usize,
}

/// A list, or a list entry, that changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryChange {
    /// The kind of the list
    pub list: ObjectKind,
    /// The level or kind of context of its entries
    pub level: Arc<str>,
    /// The entry; `None` for the list itself
    pub entry: Option<Arc<str>>,
    /// Its canonical JSON before, if it existed
    pub before: Option<Arc<str>>,
    /// Its canonical JSON after, if it exists
    pub after: Option<Arc<str>>,
}

/// What was done to a thing
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was made
    Create,
    /// It was changed
    Update,
    /// It was deleted
    Delete,
    /// A flag was removed from all environments
    Archive,
    /// A flag was restored
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

    /// Its name in the store and in the API
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Archive => "archive",
            Self::Restore => "restore",
        }
    }

    /// The action on a thing that existed before, after, or both
    pub(crate) const fn of(was: bool, is: bool) -> Self {
        match (was, is) {
            (false, _) => Self::Create,
            (true, true) => Self::Update,
            (true, false) => Self::Delete,
        }
    }
}

/// A query for audit rows
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// In this project
    pub project_id: i64,
    /// Only in this environment
    pub environment: Option<String>,
    /// Only of this flag
    pub flag: Option<String>,
    /// Only by this author
    pub actor: Option<String>,
    /// Only this action
    pub action: Option<String>,
    /// Only about things of this kind
    pub kind: Option<String>,
    /// Without the rows of [`ACCESS_KINDS`]
    pub is_without_access: bool,
    /// At this time or later
    pub from: Option<Timestamp>,
    /// Before this time
    pub until: Option<Timestamp>,
    /// Only rows with a change at or below this JSON pointer, or of a value that it leads into
    pub pointer: Option<String>,
    /// Only rows that change an override, or an entry of a segment's list, for this context: its kind and its key
    pub context: Option<(String, String)>,
    /// Only rows before this number
    pub before: Option<u64>,
    /// Only rows after this number
    pub after: Option<u64>,
    /// Oldest first instead of newest first
    pub is_oldest_first: bool,
    /// The maximum number of rows
    pub limit: u32,
}

/// A row of the audit
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number in the project, from 1, without gaps
    pub sequence: u64,
    /// The time
    pub at: Timestamp,
    /// The author
    pub actor: String,
    /// The name of an [`Action`]
    pub action: String,
    /// The name that the environment had; `None` if the change concerns the whole project
    pub environment: Option<String>,
    /// The revision; `None` if there was none
    pub revision: Option<u64>,
    /// The kind of the changed thing
    pub kind: String,
    /// The name of the changed thing
    pub name: String,
    /// The differences as canonical JSON: an array of [`Difference`]
    pub changes: String,
    /// [`EntryCounts`] as canonical JSON, if list entries changed
    pub entries: Option<String>,
    /// The reason, if one was given
    pub reason: Option<String>,
    /// The client's address, if it was a request
    pub address: Option<String>,
    /// The id of the request
    pub request_id: Option<String>,
    /// The hash of the details ([`AuditDetails`]), if there are any
    pub digest: Option<String>,
    /// The hash of the previous row
    pub previous_hash: Option<String>,
    /// The row's own hash; `None` if it has not been chained yet
    pub hash: Option<String>,
}

/// A row of the audit without its content
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its number in the project
    pub sequence: u64,
    /// The time
    pub at: Timestamp,
    /// The author
    pub actor: String,
    /// The name of an [`Action`]
    pub action: String,
    /// The environment; `None` if the change concerns the whole project
    pub environment_id: Option<i64>,
    /// The name that the environment had
    pub environment: Option<String>,
    /// The revision; `None` if there was none
    pub revision: Option<u64>,
    /// The kind of the changed thing
    pub kind: String,
    /// The name of the changed thing
    pub name: String,
}

/// Details that are stored beside a row of the audit
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditDetails {
    /// The state afterwards, as canonical JSON without lists
    pub state: Option<Arc<str>>,
    /// All lists and list entries that changed, in order
    pub entries: Vec<EntryChange>,
}

/// The last row of a project's audit
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditHead {
    /// Its number; 0 if there are no rows
    pub sequence: u64,
    /// Its hash; 64 zeros if there are no rows
    pub hash: String,
}
