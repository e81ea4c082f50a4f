//! Changing single entries of a list: what such a change costs does not depend on how long the list is

use std::sync::Arc;

use imbl::OrdMap;

use super::{Draft, entries};
use crate::object::{Body, Object, ObjectId};

/// The entries of a list, by key, each with its canonical JSON
pub(crate) type Entries = OrdMap<Arc<str>, Arc<str>>;

impl Draft {
    /// Sets one entry of a list to this canonical JSON; makes the list if there is none
    pub fn put_entry(&mut self, list: &ObjectId, entry: &str, value: &str) {
        self.edit_list(list, |entries| {
            let is_new = entries.get(entry).is_none_or(|held| **held != *value);
            if is_new {
                entries.insert(entry.into(), value.into());
            }
            is_new
        });
    }

    /// Removes one entry of a list, and the list with its last one
    pub fn remove_entry(&mut self, list: &ObjectId, entry: &str) {
        self.edit_list(list, |entries| entries.remove(entry).is_some());
    }

    /// Changes the entries of a list by `edit`, which says whether it did; a list without entries goes
    pub(crate) fn edit_list(&mut self, list: &ObjectId, edit: impl FnOnce(&mut Entries) -> bool) {
        let mut changed = self
            .objects
            .get(list)
            .map(entries)
            .cloned()
            .unwrap_or_default();
        if !edit(&mut changed) {
            return;
        }
        if changed.is_empty() {
            self.objects.remove(list);
        } else {
            let (version, body) = (self.version, Body::List(changed));
            self.objects.insert(list, Object { version, body });
        }
    }

    /// Says why an entry is changed, where that is another reason than that of the rest
    pub(crate) fn because(&mut self, list: &ObjectId, entry: &Arc<str>, reason: Arc<str>) {
        let entry = (list.clone(), Arc::clone(entry));
        self.notes.reasons.insert(entry, reason);
    }

    /// Changes overrides without counting that against the limit of a flag
    pub(crate) fn lift_override_limit(&mut self) {
        self.is_limited = false;
    }
}
