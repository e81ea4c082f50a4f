//! The objects of an environment (protocol.md, §1) as the server stores them in memory: canonical text in persistent maps, so that past
//! states share unchanged objects with the current one
//!
//! An object is never changed: a newer version replaces it. Two objects of one environment are therefore equal if their versions are.

use std::sync::Arc;

use flagstaff_analysis::wire::WireObject;
use flagstaff_core::Value;
use flagstaff_core::object::{state_hash, text_hash};
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde_json::Value as Json;

mod document;
pub(crate) mod json_schema;
pub(crate) mod patch;
mod references;

pub(crate) use document::{owner_value, write_document, write_owners};

pub use flagstaff_core::object::ObjectKind;

/// The member of a flag that has its name for people; without meaning for evaluation
pub(crate) const NAME: &str = "name";
/// The maximum length of that name in characters
pub(crate) const NAME_LENGTH: usize = 100;

/// Whether a value can be the name of a flag for people
pub(crate) fn is_display_name(value: &Json) -> bool {
    value.as_str().is_some_and(|name| {
        name.chars().count() <= NAME_LENGTH && !name.chars().any(char::is_control)
    })
}

/// The kind and key of an object
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// Its kind
    pub kind: ObjectKind,
    /// Its key, unique within the kind
    pub key: Arc<str>,
}

impl ObjectId {
    /// The id of the object of this kind and key
    pub fn new(kind: ObjectKind, key: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            key: key.into(),
        }
    }

    /// The object that this one belongs to: of a list its flag or segment, otherwise the object itself
    pub(crate) fn owner(&self) -> Self {
        let owner = match self.kind {
            ObjectKind::Overrides => ObjectKind::Flag,
            ObjectKind::SegmentInclude | ObjectKind::SegmentExclude => ObjectKind::Segment,
            own => return Self::new(own, Arc::clone(&self.key)),
        };
        let key = self
            .key
            .split_once('/')
            .map_or(&*self.key, |(owner, _)| owner);
        Self::new(owner, key)
    }

    /// The pointer of the owner in a document
    pub(crate) fn pointer(&self) -> String {
        let owner = self.owner();
        format!("/{}/{}", owner.kind.section(), escaped(&owner.key))
    }

    /// What the keys of a list's entries are: a level of overrides, or a kind of context
    pub(crate) fn level(&self) -> &str {
        self.key.split_once('/').map_or("", |(_, level)| level)
    }

    /// The part of the state hash of this object at this version
    pub(crate) fn hash(&self, version: u64) -> u64 {
        state_hash(self.kind.as_str(), &self.key, version)
    }

    /// The part of the content hash of a value, or of an entry of a list and its value
    fn content(&self, version_or_entry: &str, value: &str) -> u64 {
        // No name contains a NUL.
        let (kind, key) = (self.kind.as_str(), &self.key);
        text_hash(&format!("{kind}\0{key}\0{version_or_entry}\0{value}"))
    }
}

/// A name, escaped for a JSON pointer
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// An object at one version
#[derive(Debug, Clone)]
pub struct Object {
    /// The revision that last changed it
    pub version: u64,
    /// Its value
    pub body: Body,
}

impl Object {
    /// Whether it is a flag that pages may see
    pub(crate) fn is_client_side(&self) -> bool {
        matches!(&self.body, Body::Whole(whole) if whole.is_client_side())
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
    }
}

/// The value of an object
#[derive(Debug, Clone)]
pub enum Body {
    /// Sent as a whole
    Whole(Arc<Whole>),
    /// Sent entry by entry to a client that has an earlier version
    List(OrdMap<Arc<str>, Arc<str>>),
}

impl Body {
    /// Whether the content is the same
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.text() == other.text(),
            (Self::List(one), Self::List(other)) => one == other,
            _ => false,
        }
    }
}

/// The value of an object that is always sent as a whole
#[derive(Debug)]
pub struct Whole {
    text: Arc<str>,
    refers_to: Box<[ObjectId]>,
    is_client_side: bool,
    salt: Option<Arc<str>>,
    seeds: [u32; 2],
}

impl Whole {
    /// The object with this canonical text
    pub fn new(kind: ObjectKind, text: Arc<str>) -> Self {
        // INVARIANT: the text was written from a JSON value, by this process or an earlier one.
        let value: Json = serde_json::from_str(&text).unwrap_or_default();
        let is_client_side =
            kind == ObjectKind::Flag && value.get("clientSide") == Some(&Json::Bool(true));
        let salt: Option<Arc<str>> = value.get("salt").and_then(Json::as_str).map(Arc::from);
        let seeds = salt.as_deref().map_or([0; 2], seeds);
        Self {
            refers_to: references::of(&value),
            is_client_side,
            salt,
            seeds,
            text,
        }
    }

    /// The same object without its name and the descriptions of its parts, which are only for editors
    pub(crate) fn without_descriptions(self: &Arc<Self>, kind: ObjectKind) -> Arc<Self> {
        if !self.text.contains("\"description\"") && !self.text.contains("\"name\"") {
            return Arc::clone(self);
        }
        let mut value: Json = serde_json::from_str(&self.text).unwrap_or_default();
        if let Some(members) = value.as_object_mut() {
            members.remove("description");
            if kind == ObjectKind::Flag {
                members.remove(NAME);
            }
        }
        let rules = value.get_mut("rules").and_then(Json::as_array_mut);
        for rule in rules.into_iter().flatten().filter_map(Json::as_object_mut) {
            rule.remove("description");
        }
        Arc::new(Self::new(kind, canonical(&value).into()))
    }

    /// Its canonical JSON
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The objects that it needs for its evaluation
    pub(crate) fn refers_to(&self) -> &[ObjectId] {
        &self.refers_to
    }

    /// Whether it is a flag that browsers may evaluate
    pub(crate) fn is_client_side(&self) -> bool {
        self.is_client_side
    }

    /// Its salt, if it has one
    pub(crate) fn salt(&self) -> Option<&str> {
        self.salt.as_deref()
    }

    /// The seeds of its salt
    pub(crate) fn seeds(&self) -> [u32; 2] {
        self.seeds
    }

    /// Whether both make the same objects visible to browsers
    pub(crate) fn reaches_as(&self, other: &Self) -> bool {
        self.is_client_side == other.is_client_side && self.refers_to == other.refers_to
    }
}

/// The seeds of a salt, one for each stage of a serve that hashes with it
pub(crate) fn seeds(salt: &str) -> [u32; 2] {
    ["rollout", "arms"].map(|step| flagstaff_core::seed(&format!("{salt}/{step}")))
}

/// Canonical JSON text
pub fn canonical(json: &Json) -> String {
    value(json).to_canonical()
}

/// JSON as a value of the core
pub(crate) fn value(json: &Json) -> Value {
    // Every JSON number fits a core value, so the conversion cannot fail.
    serde_json::from_value(json.clone()).unwrap_or_default()
}

/// The objects of an environment, or a part of them, and sums over them
#[derive(Debug, Clone, Default)]
pub struct Objects {
    map: OrdMap<ObjectId, Object>,
    sums: Sums,
}

/// Sums that are updated when an object is added or removed, so that a change costs only what it changes
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    // Over versions (PR-4); clients can compute it too.
    state: u64,
    // Over versions and values (PR-5).
    content: u64,
    // The length of all values and entries as text.
    bytes: usize,
}

impl Sums {
    fn add(&mut self, id: &ObjectId, object: &Object) {
        self.change_version(id, object, u64::wrapping_add);
        match &object.body {
            Body::Whole(whole) => self.add_value(id, &object.version.to_string(), whole.text()),
            Body::List(entries) => {
                for (entry, value) in entries {
                    self.add_value(id, entry, value);
                }
            }
        }
    }

    fn remove(&mut self, id: &ObjectId, object: &Object) {
        self.change_version(id, object, u64::wrapping_sub);
        match &object.body {
            Body::Whole(whole) => self.remove_value(id, &object.version.to_string(), whole.text()),
            Body::List(entries) => {
                for (entry, value) in entries {
                    self.remove_value(id, entry, value);
                }
            }
        }
    }

    fn replace(&mut self, id: &ObjectId, old: &Object, new: &Object) {
        let (Body::List(was), Body::List(is)) = (&old.body, &new.body) else {
            self.remove(id, old);
            return self.add(id, new);
        };
        self.change_version(id, old, u64::wrapping_sub);
        self.change_version(id, new, u64::wrapping_add);
        for item in was.diff(is) {
            match item {
                DiffItem::Add(entry, value) => self.add_value(id, entry, value),
                DiffItem::Update {
                    old: (_, old),
                    new: (entry, new),
                } => {
                    self.remove_value(id, entry, old);
                    self.add_value(id, entry, new);
                }
                DiffItem::Remove(entry, value) => self.remove_value(id, entry, value),
            }
        }
    }

    fn change_version(&mut self, id: &ObjectId, object: &Object, change: fn(u64, u64) -> u64) {
        let hash = id.hash(object.version);
        self.state = change(self.state, hash);
        self.content = change(self.content, hash);
    }

    fn add_value(&mut self, id: &ObjectId, version_or_entry: &str, value: &str) {
        let hash = id.content(version_or_entry, value);
        self.content = self.content.wrapping_add(hash);
        let bytes = version_or_entry.len().saturating_add(value.len());
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn remove_value(&mut self, id: &ObjectId, version_or_entry: &str, value: &str) {
        let hash = id.content(version_or_entry, value);
        self.content = self.content.wrapping_sub(hash);
        let bytes = version_or_entry.len().saturating_add(value.len());
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

impl Objects {
    /// The object with this id
    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.map.get(id)
    }

    /// All objects, by kind and key
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectId, &Object)> {
        self.map.iter()
    }

    /// The map itself, for comparing
    pub(crate) fn map(&self) -> &OrdMap<ObjectId, Object> {
        &self.map
    }

    /// The state hash (PR-4), over versions, which clients can check
    pub fn hash(&self) -> u64 {
        self.sums.state
    }

    /// The content hash (PR-5), which differs if any value differs, even at the same version
    ///
    /// After a backup was restored, versions are used again for other values.
    pub fn content_hash(&self) -> u64 {
        self.sums.content
    }

    /// The approximate size of a document with these objects
    pub(crate) fn bytes(&self) -> usize {
        self.sums.bytes
    }

    /// The number of objects
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there are no objects
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Sets an object
    pub fn insert(&mut self, id: &ObjectId, object: Object) {
        match self.map.get(id) {
            Some(old) => self.sums.replace(id, old, &object),
            None => self.sums.add(id, &object),
        }
        self.map.insert(id.clone(), object);
    }

    /// Removes an object
    pub fn remove(&mut self, id: &ObjectId) {
        if let Some(old) = self.map.remove(id) {
            self.sums.remove(id, &old);
        }
    }

    /// The lists of a flag or segment
    pub fn lists_of<'a>(
        &'a self,
        owner: &'a ObjectId,
    ) -> impl Iterator<Item = (&'a ObjectId, &'a Object)> {
        let kinds: &[ObjectKind] = match owner.kind {
            ObjectKind::Flag => &[ObjectKind::Overrides],
            ObjectKind::Segment => &[ObjectKind::SegmentInclude, ObjectKind::SegmentExclude],
            _ => &[],
        };
        kinds.iter().flat_map(move |kind| {
            let prefix: Arc<str> = format!("{}/", owner.key).into();
            let first = ObjectId::new(*kind, Arc::clone(&prefix));
            self.map
                .range(first..)
                .take_while(move |(id, _)| id.kind == *kind && id.key.starts_with(&*prefix))
        })
    }
}

/// An object in the form in which the core splits and joins documents
pub(crate) fn wire_object(id: &ObjectId, object: &Object) -> WireObject {
    let parse = |text: &str| serde_json::from_str(text).unwrap_or_default();
    let value = match &object.body {
        Body::Whole(whole) => parse(&whole.text),
        Body::List(entries) => Json::Object(
            entries
                .iter()
                .map(|(entry, value)| (entry.to_string(), parse(value)))
                .collect(),
        ),
    };
    WireObject {
        kind: id.kind,
        key: id.key.to_string(),
        value,
    }
}
