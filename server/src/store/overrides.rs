//! What the store keeps of the entries of lists beside their values, and the limit of their changes

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::Timestamp;

use crate::object::ObjectId;

/// An entry of a list, by its list
pub type EntryId = (ObjectId, Arc<str>);

/// What a commit says of entries beside their values
#[derive(Debug, Clone, Default)]
pub struct EntryNotes {
    /// Why single entries are changed, where they have a reason of their own
    pub reasons: HashMap<EntryId, Arc<str>>,
    /// What the commit counts against, if it does
    pub meter: Option<Meter>,
}

/// A bound on how often the overrides of each of some flags are changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// The flags
    pub flags: Vec<Arc<str>>,
    /// Changes of one of them at most
    pub limit: u32,
    /// In so long a time, up to each of them
    pub window: Duration,
}

/// What is known of an entry beside its value
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Its list
    pub list: ObjectId,
    /// The entry
    pub entry: Arc<str>,
    /// When it was last changed; `None` where a release wrote it that did not note it, as the next one
    pub changed_at: Option<Timestamp>,
    /// Who changed it
    pub changed_by: Option<String>,
    /// Why, if they said so
    pub reason: Option<String>,
}

/// Which entries are asked for, in the order of their last change
#[derive(Debug, Clone)]
pub struct EntryQuery {
    /// Of this environment
    pub environment: i64,
    /// Of these lists, which are of one kind
    pub lists: Vec<ObjectId>,
    /// The latest change first, instead of the earliest
    pub is_latest_first: bool,
    /// Those after the one that was changed then
    pub after: Option<(Timestamp, EntryId)>,
    /// How many at most
    pub limit: u32,
}
