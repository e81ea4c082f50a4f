//! What the audit keeps

use std::sync::Arc;

use flagstaff_core::Timestamp;

/// What the audit says of one thing that changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// What was done
    pub action: Action,
    /// To what kind of thing
    pub kind: &'static str,
    /// To which one
    pub name: Arc<str>,
    /// Its canonical JSON before, lists included
    pub before: Option<String>,
    /// Its canonical JSON after, lists included
    pub after: Option<String>,
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
}

impl Action {
    /// The word for it in the store and on the wire
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
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
    /// Those of this revision of their environment or an earlier one
    pub revision: Option<u64>,
    /// Those before the one of this number
    pub before: Option<u64>,
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
    /// `create`, `update` or `delete`
    pub action: String,
    /// In which environment; `None` if it concerns the whole project
    pub environment: Option<String>,
    /// By which revision; `None` if it made none
    pub revision: Option<u64>,
    /// The kind of what was changed
    pub kind: String,
    /// Its name
    pub name: String,
    /// Its canonical JSON before
    pub before: Option<String>,
    /// Its canonical JSON after
    pub after: Option<String>,
    /// Why, if they said so
    pub reason: Option<String>,
}
