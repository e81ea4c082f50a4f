//! Compiles a state incrementally: only the objects that differ from the previous snapshot are compiled

use flagstaff_core::{ObjectUpdate, Snapshot, SnapshotError};
use imbl::ordmap::DiffItem;

use crate::engine::visibility::{State, Visibility};
use crate::object::{Body, Object, ObjectId, Objects};
use crate::store::EnvironmentRow;

/// The snapshot of `after`, which shares with the snapshot of `before` everything that did not change
pub(crate) fn succeed(
    (snapshot, before): (&Snapshot, &Objects),
    environment: &EnvironmentRow,
    after: &State,
) -> Result<Snapshot, SnapshotError> {
    let mut changes = Changes(Vec::new());
    for item in before.map().diff(after.objects(Visibility::All).map()) {
        match item {
            DiffItem::Add(id, object) => changes.put(id, None, object),
            DiffItem::Update {
                old: (_, old),
                new: (id, new),
            } => changes.put(id, Some(old), new),
            DiffItem::Remove(id, _) => changes.update(id, ObjectUpdate::Delete),
        }
    }
    let changes = changes.0.into_iter();
    let changes = changes.map(|(id, change)| (id.kind, &*id.key, change));
    snapshot.with_updates(&environment.name, after.revision(), changes)
}

struct Changes<'o>(Vec<(&'o ObjectId, ObjectUpdate<'o>)>);

impl<'o> Changes<'o> {
    fn update(&mut self, id: &'o ObjectId, change: ObjectUpdate<'o>) {
        self.0.push((id, change));
    }

    fn put(&mut self, id: &'o ObjectId, old: Option<&'o Object>, new: &'o Object) {
        let entries = match &new.body {
            Body::Whole(whole) => return self.update(id, ObjectUpdate::Put(whole.text())),
            Body::List(entries) => entries,
        };
        let Some(Object {
            body: Body::List(old),
            ..
        }) = old
        else {
            self.update(id, ObjectUpdate::List);
            for (entry, value) in entries {
                self.update(id, ObjectUpdate::PutEntry(entry, value));
            }
            return;
        };
        for item in old.diff(entries) {
            self.update(
                id,
                match item {
                    DiffItem::Add(entry, value)
                    | DiffItem::Update {
                        new: (entry, value),
                        ..
                    } => ObjectUpdate::PutEntry(entry, value),
                    DiffItem::Remove(entry, _) => ObjectUpdate::DeleteEntry(entry),
                },
            );
        }
    }
}
