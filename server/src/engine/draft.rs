//! The next revision of an environment while a write is decided: its objects, and the rows that the store has to write

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flagstaff_core::Timestamp;
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde_json::Value as Json;

use crate::engine::field_error::FieldError;
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects, Whole, canonical, json_schema};
use crate::store::{Action, AuditEntry, Change, EntryMetadata, FlagRow};

mod entries;

pub(crate) use entries::Entries;

mod audit;
mod parts;
mod salts;

pub(crate) use parts::Parts;
pub(crate) use salts::OtherSalt;

/// The objects of the next revision
#[derive(Debug)]
pub struct Draft {
    version: u64,
    before: Objects,
    objects: Objects,
    notes: EntryMetadata,
    is_limited: bool,
}

impl Draft {
    /// A draft without changes; changed objects get the version `revision + 1`
    pub(crate) fn new(revision: u64, objects: &Objects) -> Self {
        Self {
            version: revision.saturating_add(1),
            before: objects.clone(),
            objects: objects.clone(),
            notes: EntryMetadata::default(),
            is_limited: true,
        }
    }

    /// Sets a flag, including its overrides
    pub fn put_flag(&mut self, key: &str, flag: &Json) {
        self.put_owner(&ObjectId::new(ObjectKind::Flag, key), flag);
    }

    /// Sets a flag and keeps its stored overrides
    pub(crate) fn put_flag_body(&mut self, key: &str, flag: &Json) {
        self.put_body(&ObjectId::new(ObjectKind::Flag, key), flag);
    }

    /// Sets a flag or segment that is given without its lists, which stay
    pub(crate) fn put_body(&mut self, id: &ObjectId, value: &Json) {
        let text = canonical(value).into();
        self.put(id, &Body::Whole(Arc::new(Whole::new(id.kind, text))));
    }

    /// Sets a flag, segment, group or holdout, including its lists
    pub fn put_owner(&mut self, id: &ObjectId, value: &Json) {
        self.merge(&Parts::of(id, value.clone()));
    }

    /// Removes a flag, segment, group or holdout, and its lists
    pub fn remove_owner(&mut self, id: &ObjectId) {
        let lists: Vec<ObjectId> = self
            .objects
            .lists_of(id)
            .map(|(list, _)| list.clone())
            .collect();
        for gone in lists.iter().chain([id]) {
            self.objects.remove(gone);
        }
    }

    /// The values of these objects that would not satisfy the JSON Schema of their flag; pointers are into a document
    pub(crate) fn schema_violations(&self, owners: &BTreeSet<ObjectId>) -> Vec<FieldError> {
        let violations = json_schema::violations(&self.before, &self.objects, owners);
        let violations = violations.into_iter();
        violations
            .map(|(pointer, message)| FieldError::new(pointer, message))
            .collect()
    }

    /// The objects of the next revision
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The rows that the store has to write
    pub(crate) fn changes(&self, flags: &OrdMap<Arc<str>, FlagRow>, at: Timestamp) -> WriteSet {
        let mut changes = WriteSet {
            entries: self.notes.clone(),
            ..WriteSet::default()
        };
        for item in self.before.map().diff(self.objects.map()) {
            match item {
                DiffItem::Add(id, new) => changes.add_change(id, None, Some(new)),
                DiffItem::Update {
                    old: (_, old),
                    new: (id, new),
                } => changes.add_change(id, Some(old), Some(new)),
                DiffItem::Remove(id, old) => changes.add_change(id, Some(old), None),
            }
        }
        let mut owners: BTreeMap<ObjectId, Vec<usize>> = BTreeMap::new();
        for (index, change) in changes.objects.iter().enumerate() {
            owners.entry(change.id.owner()).or_default().push(index);
        }
        for (owner, indices) in owners {
            let state = self.objects.get(&owner).and_then(text);
            if owner.kind == ObjectKind::Flag {
                let mut own = indices
                    .iter()
                    .filter_map(|index| changes.objects.get(*index));
                let is_overridden = own.any(|change| change.id.kind == ObjectKind::Overrides);
                match state {
                    Some(state) => {
                        if self.is_limited && is_overridden {
                            changes.overridden.push(Arc::clone(&owner.key));
                        }
                        changes.flags.push(self.flag_row(&owner, state, flags, at));
                    }
                    None => changes.dropped_flags.push(Arc::clone(&owner.key)),
                }
            }
            let action = Action::of(self.before.get(&owner).is_some(), state.is_some());
            let own = indices
                .iter()
                .filter_map(|index| changes.objects.get(*index));
            let entry = audit::entry(&owner, action, state.cloned(), own);
            changes.audit.push(entry);
        }
        changes
    }

    fn flag_row(
        &self,
        flag: &ObjectId,
        state: &str,
        known: &OrdMap<Arc<str>, FlagRow>,
        at: Timestamp,
    ) -> FlagRow {
        let value: Json = serde_json::from_str(state).unwrap_or_default();
        let value_type = value.get("type").and_then(Json::as_str);
        FlagRow {
            key: Arc::clone(&flag.key),
            value_type: value_type.unwrap_or_default().into(),
            version: self.version,
            created_at: known.get(&flag.key).map_or(at, |row| row.created_at),
            updated_at: at,
        }
    }
}

/// The rows of one revision, in the form that the store takes
#[derive(Debug, Default)]
pub(crate) struct WriteSet {
    pub(crate) objects: Vec<Change>,
    pub(crate) lists: Vec<ObjectId>,
    pub(crate) flags: Vec<FlagRow>,
    pub(crate) dropped_flags: Vec<Arc<str>>,
    pub(crate) entries: EntryMetadata,
    /// Existing flags whose overrides change; the number of such changes is limited
    pub(crate) overridden: Vec<Arc<str>>,
    pub(crate) audit: Vec<AuditEntry>,
}

impl WriteSet {
    fn add_change(&mut self, id: &ObjectId, old: Option<&Object>, new: Option<&Object>) {
        let before_version = old.map(|object| object.version);
        let mut add =
            |entry: Option<&Arc<str>>, before: Option<&Arc<str>>, after: Option<&Arc<str>>| {
                let (entry, before, after) = (entry.cloned(), before.cloned(), after.cloned());
                self.objects.push(Change {
                    id: id.clone(),
                    entry,
                    after,
                    before_version,
                    before,
                });
            };
        if !id.kind.is_list() {
            add(None, old.and_then(text), new.and_then(text));
            return;
        }
        let nothing = OrdMap::new();
        let (was, is) = (old.map_or(&nothing, entries), new.map_or(&nothing, entries));
        // Creating or deleting a list is a change by itself, since a list may be empty.
        let empty: Arc<str> = "{}".into();
        match (old, new) {
            (None, Some(_)) => add(None, None, Some(&empty)),
            (Some(_), None) => add(None, Some(&empty), None),
            _ => self.lists.push(id.clone()),
        }
        for item in was.diff(is) {
            match item {
                DiffItem::Add(entry, value) => add(Some(entry), None, Some(value)),
                DiffItem::Update {
                    old: (_, old),
                    new: (entry, new),
                } => add(Some(entry), Some(old), Some(new)),
                DiffItem::Remove(entry, value) => add(Some(entry), Some(value), None),
            }
        }
    }
}

/// A flag as it is stored: without its overrides, which are rows of their own
pub(crate) fn flag_body(objects: &Objects, key: &str) -> Option<Json> {
    let flag = objects.get(&ObjectId::new(ObjectKind::Flag, key))?;
    serde_json::from_str(text(flag)?).ok()
}

fn text(object: &Object) -> Option<&Arc<str>> {
    match &object.body {
        Body::Whole(whole) => Some(whole.text()),
        Body::List(_) => None,
    }
}

fn entries(object: &Object) -> &OrdMap<Arc<str>, Arc<str>> {
    static NONE: std::sync::LazyLock<OrdMap<Arc<str>, Arc<str>>> =
        std::sync::LazyLock::new(OrdMap::new);
    match &object.body {
        Body::Whole(_) => &NONE,
        Body::List(entries) => entries,
    }
}
