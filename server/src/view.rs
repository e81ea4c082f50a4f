//! One state of an environment, as each scope of keys sees it

use std::collections::BTreeSet;

use imbl::ordmap::DiffItem;

use crate::auth::KeyKind;
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects};

/// Which objects a key sees
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// All
    All,
    /// The flags marked `clientSide` and what they refer to (protocol PR-14)
    ClientSide,
}

impl Scope {
    /// What a key of this kind sees
    pub fn of(kind: KeyKind) -> Self {
        if kind == KeyKind::ClientLocal {
            Self::ClientSide
        } else {
            Self::All
        }
    }
}

/// The objects of an environment at one revision
#[derive(Debug, Clone, Default)]
pub struct State {
    revision: u64,
    all: Objects,
    client_side: Objects,
}

impl State {
    /// The state of these objects
    pub fn new(revision: u64, all: Objects) -> Self {
        Self::default().with(revision, all)
    }

    /// The same environment at another revision, earlier or later; what did not change is shared
    #[must_use]
    pub fn with(&self, revision: u64, all: Objects) -> Self {
        let client_side = if self.reaches_as(&all) {
            self.follow(&all)
        } else {
            self.recompute(&all)
        };
        Self {
            revision,
            all,
            client_side,
        }
    }

    /// Its revision
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What `scope` sees of it
    pub fn objects(&self, scope: Scope) -> &Objects {
        match scope {
            Scope::All => &self.all,
            Scope::ClientSide => &self.client_side,
        }
    }

    /// Whether a browser may see the same objects as before, apart from lists
    fn reaches_as(&self, all: &Objects) -> bool {
        self.all.map().diff(all.map()).all(|item| match item {
            DiffItem::Update {
                old:
                    (
                        _,
                        Object {
                            body: Body::Whole(old),
                            ..
                        },
                    ),
                new:
                    (
                        _,
                        Object {
                            body: Body::Whole(new),
                            ..
                        },
                    ),
            } => old.reaches_as(new),
            DiffItem::Add(id, _)
            | DiffItem::Remove(id, _)
            | DiffItem::Update { new: (id, _), .. } => id.kind.is_list(),
        })
    }

    /// The client's view where membership is as it was: costs what changed
    fn follow(&self, all: &Objects) -> Objects {
        let mut view = self.client_side.clone();
        for item in self.all.map().diff(all.map()) {
            match item {
                DiffItem::Add(id, object)
                | DiffItem::Update {
                    new: (id, object), ..
                } if view.get(&id.owner()).is_some() => {
                    view.insert(id, object.clone());
                }
                DiffItem::Remove(id, _) => view.remove(id),
                _ => {}
            }
        }
        view
    }

    /// The client's view where membership may have changed: costs what the client sees
    fn recompute(&self, all: &Objects) -> Objects {
        let reached = reach(all);
        let mut view = self.client_side.clone();
        for (id, _) in self
            .client_side
            .iter()
            .filter(|(id, _)| !reached.contains(id))
        {
            view.remove(id);
        }
        for id in reached {
            let (held, object) = (view.get(&id), all.get(&id));
            if let Some(object) = object.filter(|object| held != Some(object)) {
                view.insert(&id, object.clone());
            }
        }
        view
    }
}

/// Flags marked `clientSide`, what they refer to, over any number of steps, and the lists of all these
fn reach(all: &Objects) -> BTreeSet<ObjectId> {
    let is_client_side =
        |object: &Object| matches!(&object.body, Body::Whole(whole) if whole.is_client_side());
    let mut pending: Vec<ObjectId> = all
        .iter()
        .take_while(|(id, _)| id.kind == ObjectKind::Flag)
        .filter(|(_, object)| is_client_side(object))
        .map(|(id, _)| id.clone())
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = pending.pop() {
        let Some(Object {
            body: Body::Whole(whole),
            ..
        }) = all.get(&id)
        else {
            continue;
        };
        if reached.insert(id.clone()) {
            pending.extend_from_slice(whole.refers_to());
            reached.extend(all.lists_of(&id).map(|(list, _)| list.clone()));
        }
    }
    reached
}
