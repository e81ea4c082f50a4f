//! Creates the next snapshot from changed objects, for callers that store the objects of an environment and not their document
//!
//! The cost depends on what changed: the other objects are shared with the snapshot before.

use crate::document::compile::CompileSession;
use crate::document::environment::CompiledObjects;
use crate::document::object::ObjectKind;
use crate::limits;
use crate::snapshot::Snapshot;
use crate::{JsonError, SnapshotError};

/// A change of an object, or of one entry of a list
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectUpdate<'c> {
    /// The object, which is not a list, now has this JSON
    Put(&'c str),
    /// The list exists; it is empty if there was none
    List,
    /// An entry of a list now has this JSON
    PutEntry(&'c str, &'c str),
    /// An entry of a list was deleted
    DeleteEntry(&'c str),
    /// The object was deleted; the lists of a flag or segment are objects of their own
    Delete,
}

impl Snapshot {
    /// The snapshot of the same objects after these changes, each of an object by kind and key
    ///
    /// It is the snapshot of the document that the objects make. A text that is not valid JSON is refused.
    pub fn with_updates<'c>(
        &self,
        environment: &str,
        revision: u64,
        changes: impl IntoIterator<Item = (ObjectKind, &'c str, ObjectUpdate<'c>)>,
    ) -> Result<Self, SnapshotError> {
        let (mut next, mut session) = (self.source().clone(), CompileSession::default());
        next.describe(environment, revision);
        for (kind, key, change) in changes {
            next.apply(kind, key, change, &mut session)?;
        }
        Ok(Self::link(next))
    }
}

impl CompiledObjects {
    fn apply(
        &mut self,
        kind: ObjectKind,
        key: &str,
        change: ObjectUpdate<'_>,
        session: &mut CompileSession,
    ) -> Result<(), JsonError> {
        match change {
            ObjectUpdate::Put(text) => {
                self.forget_inline(kind, key);
                let source = session.read_object(text)?;
                self.put_object(kind, key.into(), source, session);
            }
            ObjectUpdate::List => self.ensure_list(kind, key),
            ObjectUpdate::PutEntry(entry, text) => {
                let source = session.read_object(text)?;
                let value = session.json(source).value();
                self.change_entry(kind, key, entry, Some(&value));
            }
            ObjectUpdate::DeleteEntry(entry) => self.change_entry(kind, key, entry, None),
            ObjectUpdate::Delete => {
                self.forget_inline(kind, key);
                self.remove(kind, key);
            }
        }
        Ok(())
    }

    /// Deletes the inline lists of an object; only an object whose key cannot be part of the key of a list has them
    fn forget_inline(&mut self, kind: ObjectKind, key: &str) {
        if !limits::is_key(key) {
            self.remove_object(kind, key);
        }
    }
}
