//! One state of an environment as each scope of keys sees it

use std::collections::BTreeSet;
use std::sync::Arc;

use flagstaff_core::{hash_context_key, hashed_name};
use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use crate::object::{Body, Object, ObjectId, ObjectKind, Objects};
use crate::store::CredentialKind;

/// Which objects a key sees
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    /// All objects
    All,
    /// The flags marked `clientSide` and what they refer to, without descriptions and with hashed lists (protocol PR-14)
    ClientSide,
}

impl Visibility {
    /// The scope of a kind of key
    pub fn of(kind: CredentialKind) -> Self {
        if kind == CredentialKind::ClientLocal {
            Self::ClientSide
        } else {
            Self::All
        }
    }
}

/// The objects of an environment at one revision
#[derive(Debug, Clone, Default)]
pub struct State {
    // Identifies the environment among all others; part of the salts of hashed lists.
    lineage: Arc<str>,
    revision: u64,
    all: Objects,
    client_side: Objects,
}

/// The entries of a list, by key
type Entries = OrdMap<Arc<str>, Arc<str>>;

impl State {
    /// The state with these objects, of the environment that `lineage` identifies
    pub fn new(lineage: Arc<str>, revision: u64, all: Objects) -> Self {
        let nothing = Self {
            lineage,
            ..Self::default()
        };
        nothing.with(revision, all)
    }

    /// The same environment at another revision, earlier or later; shares what did not change
    #[must_use]
    pub fn with(&self, revision: u64, all: Objects) -> Self {
        let client_side = if self.reaches_as(&all) {
            self.follow(&all)
        } else {
            self.recompute(&all)
        };
        Self {
            lineage: Arc::clone(&self.lineage),
            revision,
            all,
            client_side,
        }
    }

    /// The revision
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The objects that `scope` sees
    pub fn objects(&self, scope: Visibility) -> &Objects {
        match scope {
            Visibility::All => &self.all,
            Visibility::ClientSide => &self.client_side,
        }
    }

    /// Whether `scope` sees a flag
    pub(crate) fn has_flag(&self, scope: Visibility, flag: &Arc<str>) -> bool {
        let id = ObjectId::new(ObjectKind::Flag, Arc::clone(flag));
        self.objects(scope).get(&id).is_some()
    }

    /// Whether browsers see the same set of objects as before; lists aside
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

    /// Updates the browsers' view where the set of objects is the same: costs as much as the change
    fn follow(&self, all: &Objects) -> Objects {
        let mut view = self.client_side.clone();
        for item in self.all.map().diff(all.map()) {
            match item {
                DiffItem::Add(id, object)
                | DiffItem::Update {
                    new: (id, object), ..
                } if view.get(&id.owner()).is_some() => self.show(&mut view, id, object),
                DiffItem::Remove(id, _) => view.remove(&self.shown_id(id)),
                _ => {}
            }
        }
        view
    }

    /// Rebuilds the browsers' view where the set of objects may have changed: costs as much as the view
    fn recompute(&self, all: &Objects) -> Objects {
        let reached = reach(all);
        let shown: BTreeSet<ObjectId> = reached.iter().map(|id| self.shown_id(id)).collect();
        let mut view = self.client_side.clone();
        let hidden = self
            .client_side
            .iter()
            .filter(|(id, _)| !shown.contains(id));
        for (id, _) in hidden {
            view.remove(id);
        }
        for id in reached {
            let (held, object) = (view.get(&self.shown_id(&id)), all.get(&id));
            if let Some(object) = object.filter(|object| held != Some(object)) {
                self.show(&mut view, &id, object);
            }
        }
        view
    }

    /// Puts an object into the browsers' view, without descriptions; costs as much as the change
    fn show(&self, view: &mut Objects, id: &ObjectId, object: &Object) {
        let shown_id = self.shown_id(id);
        let body = match &object.body {
            Body::Whole(whole) => Body::Whole(whole.without_descriptions(id.kind)),
            Body::List(entries) => {
                let before = entries_of(&self.all, id).zip(entries_of(view, &shown_id));
                let before = before.map(|(plain, hashed)| (plain, hashed.clone()));
                Body::List(hashed(&self.salt(id), entries, before))
            }
        };
        let version = object.version;
        view.insert(&shown_id, Object { version, body });
    }

    /// The id of an object in the browsers' view
    fn shown_id(&self, id: &ObjectId) -> ObjectId {
        match id.key.split_once('/').filter(|_| id.kind.is_list()) {
            Some((owner, level)) => {
                let name = hashed_name(&self.salt(id), level);
                ObjectId::new(id.kind, format!("{owner}/{name}"))
            }
            None => id.clone(),
        }
    }

    /// The salt of a list. Every list has a different salt, so that nobody can see that two lists contain the same key
    fn salt(&self, id: &ObjectId) -> String {
        hash_context_key(&self.lineage, &format!("{}/{}", id.kind, id.key))
    }
}

fn entries_of<'o>(objects: &'o Objects, id: &ObjectId) -> Option<&'o Entries> {
    match &objects.get(id)?.body {
        Body::List(entries) => Some(entries),
        Body::Whole(_) => None,
    }
}

/// The entries of a list by hashed key, updated from the previous entries and their hashes
fn hashed(salt: &str, entries: &Entries, before: Option<(&Entries, Entries)>) -> Entries {
    let nothing = Entries::new();
    let (plain, mut hashed) = before.unwrap_or((&nothing, Entries::new()));
    for item in plain.diff(entries) {
        match item {
            DiffItem::Add(key, value)
            | DiffItem::Update {
                new: (key, value), ..
            } => {
                hashed.insert(hash_context_key(salt, key).into(), Arc::clone(value));
            }
            DiffItem::Remove(key, _) => {
                hashed.remove(&*hash_context_key(salt, key));
            }
        }
    }
    hashed
}

/// The flags marked `clientSide`, everything they refer to, directly or through others, and the lists of all these
fn reach(all: &Objects) -> BTreeSet<ObjectId> {
    let mut pending: Vec<ObjectId> = all
        .iter()
        .take_while(|(id, _)| id.kind == ObjectKind::Flag)
        .filter(|(_, object)| object.is_client_side())
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
