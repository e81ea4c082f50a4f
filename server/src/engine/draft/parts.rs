//! The objects of a document in the form in which they are stored; parsed once and put into any number of drafts

use std::collections::BTreeSet;
use std::sync::Arc;

use flagstaff_analysis::wire::{WireObject, split_owner};
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde_json::Value as Json;

use super::{Draft, Entries, entries};
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects, Whole, canonical};

/// Flags, segments, groups and holdouts, each followed by its lists
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts(Vec<(ObjectId, Body)>);

impl Parts {
    /// One object and its lists, from a document
    pub(crate) fn of(id: &ObjectId, value: Json) -> Self {
        let mut parts = Self::default();
        parts.add(id.kind, &id.key, value);
        parts
    }

    /// All objects of an environment
    pub(crate) fn all(objects: &Objects) -> Self {
        let objects = objects.iter();
        Self(
            objects
                .map(|(id, object)| (id.clone(), object.body.clone()))
                .collect(),
        )
    }

    /// Adds an object and its lists, from a document
    pub(crate) fn add(&mut self, kind: ObjectKind, key: &str, value: Json) {
        self.0
            .extend(split_owner(kind, key, value).into_iter().map(part));
    }
}

fn part(part: WireObject) -> (ObjectId, Body) {
    let WireObject { kind, key, value } = part;
    let body = if kind.is_list() {
        let Json::Object(entries) = value else {
            return (ObjectId::new(kind, key), Body::List(OrdMap::new()));
        };
        let entries = entries.into_iter();
        Body::List(
            entries
                .map(|(entry, value)| (Arc::<str>::from(entry), Arc::from(canonical(&value))))
                .collect(),
        )
    } else {
        Body::Whole(Arc::new(Whole::new(kind, canonical(&value).into())))
    };
    (ObjectId::new(kind, key), body)
}

impl Draft {
    /// Sets these objects and their lists; other objects stay
    pub(crate) fn merge(&mut self, parts: &Parts) {
        let kept: BTreeSet<&ObjectId> = parts.0.iter().map(|(id, _)| id).collect();
        for (id, body) in &parts.0 {
            self.put(id, body);
        }
        for (owner, _) in parts.0.iter().filter(|(id, _)| !id.kind.is_list()) {
            let lists = self.objects.lists_of(owner).map(|(list, _)| list);
            let gone: Vec<ObjectId> = lists.filter(|list| !kept.contains(list)).cloned().collect();
            for list in &gone {
                self.objects.remove(list);
            }
        }
    }

    /// Sets these objects and their lists; other objects are removed
    pub(crate) fn replace(&mut self, parts: &Parts) {
        let kept: BTreeSet<&ObjectId> = parts.0.iter().map(|(id, _)| id).collect();
        let held = self.objects.iter().map(|(id, _)| id);
        let gone: Vec<ObjectId> = held.filter(|id| !kept.contains(id)).cloned().collect();
        for id in &gone {
            self.objects.remove(id);
        }
        for (id, body) in &parts.0 {
            self.put(id, body);
        }
    }

    /// Sets an object, unless it has this value already
    pub(super) fn put(&mut self, id: &ObjectId, wanted: &Body) {
        let held = self.objects.get(id);
        let body = match (wanted, held.map(|held| &held.body)) {
            (Body::Whole(new), Some(Body::Whole(old))) if old.text() == new.text() => None,
            (Body::List(new), Some(Body::List(_))) => changed(held.map(entries), new),
            _ => Some(wanted.clone()),
        };
        if let Some(body) = body {
            let version = self.version;
            self.objects.insert(id, Object { version, body });
        }
    }
}

/// The list with these entries, sharing with `held` what they have in common; `None` if they are equal
fn changed(held: Option<&Entries>, wanted: &Entries) -> Option<Body> {
    let held = held?;
    let mut list = held.clone();
    let mut is_changed = false;
    for item in held.diff(wanted) {
        is_changed = true;
        match item {
            DiffItem::Add(entry, value)
            | DiffItem::Update {
                new: (entry, value),
                ..
            } => drop(list.insert(Arc::clone(entry), Arc::clone(value))),
            DiffItem::Remove(entry, _) => drop(list.remove(entry)),
        }
    }
    is_changed.then_some(Body::List(list))
}
