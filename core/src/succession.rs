//! From one snapshot to the next by what has changed, for who holds the objects of an environment and not their document
//!
//! Costs what changed: the objects that did not are shared with the snapshot before.

use crate::compile::Workshop;
use crate::environment::Environment;
use crate::json::{DEPTH, Lexer};
use crate::limits;
use crate::object::ObjectKind;
use crate::snapshot::Snapshot;
use crate::{JsonError, SnapshotError};

/// What has become of an object, or of one entry of a list
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectChange<'c> {
    /// An object that is no list has this JSON now
    Put(&'c str),
    /// There is a list; it is empty if there was none
    List,
    /// An entry of a list has this JSON now
    PutEntry(&'c str, &'c str),
    /// An entry of a list is gone
    DeleteEntry(&'c str),
    /// The object is gone; the lists of a flag or segment are objects of their own
    Delete,
}

impl Snapshot {
    /// The snapshot of the same objects after these changes, each of an object by kind and key
    ///
    /// It answers as the document of the objects would. A text that is no JSON is refused.
    pub fn succeed<'c>(
        &self,
        environment: &str,
        revision: u64,
        changes: impl IntoIterator<Item = (ObjectKind, &'c str, ObjectChange<'c>)>,
    ) -> Result<Self, SnapshotError> {
        let (mut next, mut workshop) = (self.source().clone(), Workshop::default());
        next.describe(environment, revision);
        for (kind, key, change) in changes {
            next.apply(kind, key, change, &mut workshop)?;
        }
        Ok(next.link())
    }
}

impl Environment {
    fn apply(
        &mut self,
        kind: ObjectKind,
        key: &str,
        change: ObjectChange<'_>,
        workshop: &mut Workshop,
    ) -> Result<(), JsonError> {
        match change {
            ObjectChange::Put(text) => {
                self.forget_inline(kind, key);
                let source = workshop.read(&mut Lexer::new(text))?;
                self.put_owner(kind, key.into(), source, workshop);
            }
            ObjectChange::List => self.ensure_list(kind, key),
            ObjectChange::PutEntry(entry, text) => {
                let source = workshop.read(&mut Lexer::new(text))?;
                let value = workshop.json(source).value(DEPTH);
                self.change_entry(kind, key, entry, Some(&value));
            }
            ObjectChange::DeleteEntry(entry) => self.change_entry(kind, key, entry, None),
            ObjectChange::Delete => {
                self.forget_inline(kind, key);
                self.remove(kind, key);
            }
        }
        Ok(())
    }

    /// Forgets the lists that an object held inline, as only those do whose key cannot be part of another one
    fn forget_inline(&mut self, kind: ObjectKind, key: &str) {
        if !limits::is_key(key) {
            self.remove_owner(kind, key);
        }
    }
}
