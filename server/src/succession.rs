//! The compiled flags of one state from those of another: only what differs is compiled

use flagstaff_core::{ObjectChange, Snapshot, SnapshotError};
use imbl::ordmap::DiffItem;

use crate::object::{Body, Object, ObjectId, Objects};
use crate::store::EnvironmentRow;
use crate::view::{Scope, State};

/// The snapshot of `after`, which is that of `before` but for what differs between the two
pub(crate) fn succeed(
    (snapshot, before): (&Snapshot, &Objects),
    environment: &EnvironmentRow,
    after: &State,
) -> Result<Snapshot, SnapshotError> {
    let mut changes = Changes(Vec::new());
    for item in before.map().diff(after.objects(Scope::All).map()) {
        match item {
            DiffItem::Add(id, object) => changes.put(id, None, object),
            DiffItem::Update {
                old: (_, old),
                new: (id, new),
            } => changes.put(id, Some(old), new),
            DiffItem::Remove(id, _) => changes.note(id, ObjectChange::Delete),
        }
    }
    let changes = changes.0.into_iter();
    let changes = changes.map(|(id, change)| (id.kind, &*id.key, change));
    snapshot.succeed(&environment.name, after.revision(), changes)
}

struct Changes<'o>(Vec<(&'o ObjectId, ObjectChange<'o>)>);

impl<'o> Changes<'o> {
    fn note(&mut self, id: &'o ObjectId, change: ObjectChange<'o>) {
        self.0.push((id, change));
    }

    fn put(&mut self, id: &'o ObjectId, old: Option<&'o Object>, new: &'o Object) {
        let entries = match &new.body {
            Body::Whole(whole) => return self.note(id, ObjectChange::Put(whole.text())),
            Body::List(entries) => entries,
        };
        let Some(Object {
            body: Body::List(old),
            ..
        }) = old
        else {
            self.note(id, ObjectChange::List);
            for (entry, value) in entries {
                self.note(id, ObjectChange::PutEntry(entry, value));
            }
            return;
        };
        for item in old.diff(entries) {
            self.note(
                id,
                match item {
                    DiffItem::Add(entry, value)
                    | DiffItem::Update {
                        new: (entry, value),
                        ..
                    } => ObjectChange::PutEntry(entry, value),
                    DiffItem::Remove(entry, _) => ObjectChange::DeleteEntry(entry),
                },
            );
        }
    }
}
