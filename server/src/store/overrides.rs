//! Metadata of list entries, and the limit on changes of overrides

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::Timestamp;

use crate::object::ObjectId;

/// A list and the key of an entry in it
pub type EntryId = (ObjectId, Arc<str>);

/// Metadata of entries in a commit
#[derive(Debug, Clone, Default)]
pub struct EntryMetadata {
    /// The reasons of single entries, where they differ from the commit's
    pub reasons: HashMap<EntryId, Arc<str>>,
    /// The limit that the commit counts against, if any
    pub meter: Option<ChangeLimit>,
}

/// A limit on how often the overrides of each of these flags may change
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLimit {
    /// The flags
    pub flags: Vec<Arc<str>>,
    /// The maximum number of changes of one flag
    pub limit: u32,
    /// The period, which ends at the current change
    pub window: Duration,
}

/// The metadata of an entry
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Its list
    pub list: ObjectId,
    /// The entry
    pub entry: Arc<str>,
    /// When it was created
    pub created_at: Timestamp,
    /// Who created it
    pub created_by: String,
    /// When it was last changed
    pub changed_at: Timestamp,
    /// Who last changed it
    pub changed_by: String,
    /// The reason, if one was given
    pub reason: Option<String>,
}

/// A query for entries, ordered by their last change
#[derive(Debug, Clone)]
pub struct EntryQuery {
    /// In this environment
    pub environment: i64,
    /// In these lists, which are of one kind
    pub lists: Vec<ObjectId>,
    /// Latest change first instead of earliest first
    pub is_latest_first: bool,
    /// Only entries after the one with this time and id
    pub after: Option<(Timestamp, EntryId)>,
    /// The maximum number of entries
    pub limit: u32,
}
