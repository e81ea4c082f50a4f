//! The objects of one environment, compiled, and what links them into a snapshot
//!
//! A change touches what it changes: the other objects are shared with the snapshots that came before.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserializer;
use serde_json::value::RawValue;

use crate::compile::{self, Compiled};
use crate::error::SnapshotError;
use crate::hashing::hash_text;
use crate::link;
use crate::list::{Ids, Override, Overrides};
use crate::model::{Flag, Group, Holdout, Segment};
use crate::object::{ObjectKind, state_hash};
use crate::snapshot::Snapshot;
use crate::value::Value;
use crate::wire::{DocumentWire, IdEntriesWire, OverridesWire, Whole};

/// The compiled objects of an environment, and the version of each
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    pub(crate) name: Arc<str>,
    pub(crate) revision: u64,
    pub(crate) flags: BTreeMap<Arc<str>, Compiled<Flag>>,
    pub(crate) segments: BTreeMap<Arc<str>, Compiled<Segment>>,
    pub(crate) groups: BTreeMap<Arc<str>, Compiled<Group>>,
    pub(crate) holdouts: BTreeMap<Arc<str>, Compiled<Holdout>>,
    // The long lists, by owner and level or kind.
    pub(crate) overrides: Lists<Overrides>,
    pub(crate) includes: Lists<Ids>,
    pub(crate) excludes: Lists<Ids>,
    // Of every object of the wire, also of kinds that this reader does not know: they count into the state hash.
    versions: BTreeMap<(Box<str>, Box<str>), u64>,
    hash: u64,
}

/// Lists by owner and level or kind
pub(crate) type Lists<T> = BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<T>>>;

impl Environment {
    /// Compiles a whole document, which names no versions
    pub(crate) fn from_json(document: &str) -> Result<Self, SnapshotError> {
        let wire = match serde_json::from_str::<DocumentWire<'_>>(document) {
            Ok(wire) if wire.schema_version.0 == crate::SCHEMA_VERSION => wire,
            Ok(DocumentWire { schema_version, .. }) => return Err(schema_version.into()),
            Err(error) => {
                // A document of another version may spell the rest otherwise, and then it is the version that is wrong.
                let SchemaVersion { schema_version } = serde_json::from_str(document)?;
                if schema_version.0 != crate::SCHEMA_VERSION {
                    return Err(schema_version.into());
                }
                return Err(error.into());
            }
        };
        let mut environment = Self {
            name: wire.environment,
            revision: wire.revision.0,
            ..Self::default()
        };
        let sections = [
            (ObjectKind::Group, wire.groups),
            (ObjectKind::Holdout, wire.holdouts),
            (ObjectKind::Segment, wire.segments),
            (ObjectKind::Flag, wire.flags),
        ];
        for (kind, objects) in sections {
            for (key, object) in objects {
                environment.put_owner(kind, key, object);
            }
        }
        Ok(environment)
    }

    /// Names the state that the objects make up
    pub(crate) fn describe(&mut self, name: &str, revision: u64) {
        self.name = name.into();
        self.revision = revision;
    }

    /// The state hash of all objects (protocol PR-4)
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Takes note of an object's new version; `false` where the one held is as new
    fn advance(&mut self, kind: &str, key: &str, version: u64) -> bool {
        let held = self.versions.get(&(kind.into(), key.into())).copied();
        if held.is_some_and(|held| held >= version) {
            return false;
        }
        if let Some(held) = held {
            self.hash = self.hash.wrapping_sub(state_hash(kind, key, held));
        }
        self.versions.insert((kind.into(), key.into()), version);
        self.hash = self.hash.wrapping_add(state_hash(kind, key, version));
        true
    }

    fn holds_newer(&self, kind: &str, key: &str, version: u64) -> bool {
        self.versions
            .get(&(kind.into(), key.into()))
            .is_some_and(|held| *held > version)
    }

    /// Forgets an object's version; `false` where the one held is newer
    fn forget(&mut self, kind: &str, key: &str, version: u64) -> bool {
        let id = (kind.into(), key.into());
        match self.versions.get(&id) {
            Some(held) if *held < version => {
                self.hash = self.hash.wrapping_sub(state_hash(kind, key, *held));
                self.versions.remove(&id);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn put(
        &mut self,
        kind: &str,
        key: &str,
        version: u64,
        object: &RawValue,
    ) -> Result<(), serde_json::Error> {
        if !self.advance(kind, key, version) {
            return Ok(());
        }
        let Ok(kind) = kind.parse::<ObjectKind>() else {
            return Ok(());
        };
        let Some((owner, name)) = key.split_once('/').filter(|_| kind.is_list()) else {
            self.put_owner(kind, key.into(), object);
            return Ok(());
        };
        if kind == ObjectKind::Overrides {
            let list: OverridesWire = serde_json::from_str(object.get())?;
            self.put_overrides(owner.into(), name.into(), list);
        } else {
            let ids: IdEntriesWire = serde_json::from_str(object.get())?;
            self.put_ids(
                kind,
                owner.into(),
                name.into(),
                Ids::new(ids.keys().map(|id| &**id)),
            );
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, kind: &str, key: &str, version: u64) {
        if !self.forget(kind, key, version) {
            return;
        }
        let (owner, name) = key.split_once('/').unwrap_or((key, ""));
        match kind.parse() {
            Ok(ObjectKind::Flag) => drop(self.flags.remove(key)),
            Ok(ObjectKind::Segment) => drop(self.segments.remove(key)),
            Ok(ObjectKind::Group) => drop(self.groups.remove(key)),
            Ok(ObjectKind::Holdout) => drop(self.holdouts.remove(key)),
            Ok(ObjectKind::Overrides) => remove_list(&mut self.overrides, owner, name),
            Ok(ObjectKind::SegmentInclude) => remove_list(&mut self.includes, owner, name),
            Ok(ObjectKind::SegmentExclude) => remove_list(&mut self.excludes, owner, name),
            Err(_) => {}
        }
    }

    /// Changes one entry of a list, or deletes it where there is no value
    pub(crate) fn put_entry(
        &mut self,
        kind: &str,
        key: &str,
        version: u64,
        (entry, value): (&str, Option<&Value>),
    ) {
        // Several entries of a list may change in one revision, and so have one version between them.
        if self.holds_newer(kind, key, version) {
            return;
        }
        self.advance(kind, key, version);
        let Some((owner, name)) = key.split_once('/') else {
            return;
        };
        match kind.parse() {
            Ok(ObjectKind::Overrides) => {
                let list = list_of(&mut self.overrides, owner, name);
                match value {
                    Some(value) => list.put(entry, Override::read(entry, value)),
                    None => list.delete(entry),
                }
            }
            Ok(kind @ (ObjectKind::SegmentInclude | ObjectKind::SegmentExclude)) => {
                let list = list_of(self.ids_of(kind), owner, name);
                match value {
                    Some(_) => list.put(entry),
                    None => list.delete(entry),
                }
            }
            _ => {}
        }
    }

    /// Compiles an object that is no list, with the lists that it holds inline
    fn put_owner(&mut self, kind: ObjectKind, key: Arc<str>, object: &RawValue) {
        let fingerprint = hash_text(object.get());
        match kind {
            ObjectKind::Flag => self.put_flag(key, fingerprint, object),
            ObjectKind::Segment => self.put_segment(key, fingerprint, object),
            ObjectKind::Group => {
                let compiled = compile::group(&key, fingerprint, object);
                self.groups.insert(key, compiled);
            }
            ObjectKind::Holdout => {
                let compiled = compile::holdout(&key, fingerprint, object);
                self.holdouts.insert(key, compiled);
            }
            ObjectKind::Overrides | ObjectKind::SegmentInclude | ObjectKind::SegmentExclude => {}
        }
    }

    /// Compiles a flag with the overrides that it holds inline
    ///
    /// The fingerprint stands for the text: a flag that arrives again as it was is no change.
    pub(crate) fn put_flag<'de, D>(&mut self, key: Arc<str>, fingerprint: u64, flag: D)
    where
        D: Deserializer<'de> + Copy,
        D::Error: fmt::Display,
    {
        let parts = compile::flag(&key, fingerprint, flag);
        for (level, list) in parts.overrides {
            self.put_overrides(Arc::clone(&key), level, list);
        }
        self.flags.insert(key, parts.compiled);
    }

    /// Forgets a flag and its overrides
    pub(crate) fn remove_flag(&mut self, key: &str) {
        self.flags.remove(key);
        self.overrides.remove(key);
    }

    fn put_segment(&mut self, key: Arc<str>, fingerprint: u64, segment: &RawValue) {
        let parts = compile::segment(&key, fingerprint, segment);
        for (kind, ids) in parts.include {
            self.put_ids(
                ObjectKind::SegmentInclude,
                Arc::clone(&key),
                kind,
                Ids::new(ids.iter().map(|id| &**id)),
            );
        }
        for (kind, ids) in parts.exclude {
            self.put_ids(
                ObjectKind::SegmentExclude,
                Arc::clone(&key),
                kind,
                Ids::new(ids.iter().map(|id| &**id)),
            );
        }
        self.segments.insert(key, parts.compiled);
    }

    fn put_overrides(&mut self, flag: Arc<str>, level: Arc<str>, wire: OverridesWire) {
        let mut list = Overrides::default();
        for (key, value) in wire {
            list.put(&key, Override::read(&key, &value));
        }
        self.overrides
            .entry(flag)
            .or_default()
            .insert(level, Arc::new(list));
    }

    fn put_ids(&mut self, list: ObjectKind, segment: Arc<str>, kind: Arc<str>, ids: Ids) {
        let ids = Arc::new(ids);
        self.ids_of(list)
            .entry(segment)
            .or_default()
            .insert(kind, ids);
    }

    fn ids_of(&mut self, list: ObjectKind) -> &mut Lists<Ids> {
        if list == ObjectKind::SegmentInclude {
            &mut self.includes
        } else {
            &mut self.excludes
        }
    }

    /// The snapshot of the objects as they are now
    pub(crate) fn link(self) -> Snapshot {
        let linked = link::link(&self);
        Snapshot::new(self, linked)
    }
}

/// A list to change; the snapshots that share it keep theirs
fn list_of<'a, T: Clone + Default>(lists: &'a mut Lists<T>, owner: &str, name: &str) -> &'a mut T {
    Arc::make_mut(
        lists
            .entry(owner.into())
            .or_default()
            .entry(name.into())
            .or_default(),
    )
}

fn remove_list<T>(lists: &mut Lists<T>, owner: &str, name: &str) {
    if let Some(of_owner) = lists.get_mut(owner) {
        of_owner.remove(name);
        if of_owner.is_empty() {
            lists.remove(owner);
        }
    }
}

impl From<Whole> for SnapshotError {
    fn from(Whole(found): Whole) -> Self {
        Self::SchemaVersion { found }
    }
}

/// What is read of a document that cannot be read otherwise
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a document, an object")]
struct SchemaVersion {
    schema_version: Whole,
}
