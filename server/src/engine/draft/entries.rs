//! Changes single entries of a list; the cost does not depend on the length of the list

use std::sync::Arc;

use imbl::OrdMap;

use super::{Draft, entries};
use crate::object::{Body, Object, ObjectId};

/// The entries of a list, by key, each as canonical JSON
pub(crate) type Entries = OrdMap<Arc<str>, Arc<str>>;

impl Draft {
    /// Sets one entry of a list to this canonical JSON; creates the list if there is none
    pub fn put_entry(&mut self, list: &ObjectId, entry: &str, value: &str) {
        self.edit_list(list, |entries| {
            let is_new = entries.get(entry).is_none_or(|held| **held != *value);
            if is_new {
                entries.insert(entry.into(), value.into());
            }
            is_new
        });
    }

    /// Removes one entry of a list, and the list if it was the last entry
    pub fn remove_entry(&mut self, list: &ObjectId, entry: &str) {
        self.edit_list(list, |entries| entries.remove(entry).is_some());
    }

    /// Changes the entries of a list by `edit`, which returns whether it changed anything; removes the list if no entry is left
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

    /// Sets the reason of one entry's change, where it differs from the reason of the whole write
    pub(crate) fn because(&mut self, list: &ObjectId, entry: &Arc<str>, reason: Arc<str>) {
        let entry = (list.clone(), Arc::clone(entry));
        self.notes.reasons.insert(entry, reason);
    }

    /// Lets this draft change overrides without counting against the flag's limit
    pub(crate) fn lift_override_limit(&mut self) {
        self.is_limited = false;
    }
}
