//! The compiled objects of one environment, from which snapshots are linked
//!
//! A change replaces only the objects that it names; the others are shared with earlier snapshots.

mod document;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::document::compile::{self, CompileSession, Compiled};
use crate::document::object::{ObjectKind, state_hash};
use crate::document::schemas;
use crate::error::{Issue, IssueKind};
use crate::json::{JsonError, Source};
use crate::lists::{Ids, Override, Overrides};
use crate::model::{Flag, Group, Holdout, Segment};
use crate::table::table_hash::hash_text;
use crate::value::Value;
use crate::value::pointer::escape_part;

/// The compiled objects of an environment, and the version of each
#[derive(Debug, Clone, Default)]
pub(crate) struct CompiledObjects {
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
    // Of every object of the protocol, also of kinds that this version does not know: they are part of the state hash.
    versions: BTreeMap<Arc<str>, u64>,
    hash: u64,
}

/// Lists by owner
pub(crate) type Lists<T> = BTreeMap<Arc<str>, Vec<(Arc<str>, Arc<T>)>>;

/// The lists of one owner, in the order of their names: each names a level or a kind
pub(crate) type ListsByName<T> = [(Arc<str>, Arc<T>)];

/// The lists of one owner
pub(crate) fn lists_of<'l, T>(lists: &'l Lists<T>, owner: &str) -> &'l ListsByName<T> {
    lists.get(owner).map_or(&[], Vec::as_slice)
}

impl CompiledObjects {
    /// Sets the name of the environment and its revision
    pub(crate) fn describe(&mut self, name: &str, revision: u64) {
        self.name = name.into();
        self.revision = revision;
    }

    /// The state hash of all objects (protocol PR-4)
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// Stores an object's new version; `false` if the stored one is not older
    fn advance(&mut self, kind: &str, key: &str, version: u64) -> bool {
        let id = object_id(kind, key);
        let held = self.versions.get(&id).copied();
        if held >= Some(version) {
            return false;
        }
        if let Some(held) = held {
            self.hash = self.hash.wrapping_sub(state_hash(kind, key, held));
        }
        self.versions.insert(id, version);
        self.hash = self.hash.wrapping_add(state_hash(kind, key, version));
        true
    }

    fn holds_newer(&self, kind: &str, key: &str, version: u64) -> bool {
        self.versions.get(&object_id(kind, key)) > Some(&version)
    }

    /// Removes an object's version; `false` if the stored one is not older
    fn forget(&mut self, kind: &str, key: &str, version: u64) -> bool {
        let id = object_id(kind, key);
        match self.versions.get(&id) {
            Some(held) if *held < version => {
                self.hash = self.hash.wrapping_sub(state_hash(kind, key, *held));
                self.versions.remove(&id);
                true
            }
            _ => false,
        }
    }

    /// Stores an object, whose JSON the session has read at `source`
    pub(crate) fn put(
        &mut self,
        kind: &str,
        key: &str,
        version: u64,
        (source, session): (Source<'_>, &mut CompileSession),
    ) -> Result<(), JsonError> {
        if !self.advance(kind, key, version) {
            return Ok(());
        }
        let Ok(kind) = kind.parse::<ObjectKind>() else {
            return Ok(());
        };
        let Some((owner, name)) = list_of(kind, key) else {
            self.put_object(kind, key.into(), source, session);
            return Ok(());
        };
        let schema = if kind == ObjectKind::Overrides {
            &schemas::OVERRIDES
        } else {
            &schemas::IDS
        };
        let json = session.checked(source, schema)?;
        if kind == ObjectKind::Overrides {
            let list = Arc::new(compile::overrides(json));
            self.put_overrides(owner.into(), name.into(), list);
        } else {
            let mut ids = Ids::default();
            for (id, _) in json.members() {
                ids.put(id.text().unwrap_or_default());
            }
            self.put_ids(kind, owner.into(), name.into(), Arc::new(ids));
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, kind: &str, key: &str, version: u64) {
        if self.forget(kind, key, version)
            && let Ok(kind) = kind.parse()
        {
            self.remove(kind, key);
        }
    }

    /// Removes an object, whatever its version
    pub(crate) fn remove(&mut self, kind: ObjectKind, key: &str) {
        let (owner, name) = key.split_once('/').unwrap_or((key, ""));
        match kind {
            ObjectKind::Flag => drop(self.flags.remove(key)),
            ObjectKind::Segment => drop(self.segments.remove(key)),
            ObjectKind::Group => drop(self.groups.remove(key)),
            ObjectKind::Holdout => drop(self.holdouts.remove(key)),
            ObjectKind::Overrides => remove_list(&mut self.overrides, owner, name),
            ObjectKind::SegmentInclude => remove_list(&mut self.includes, owner, name),
            ObjectKind::SegmentExclude => remove_list(&mut self.excludes, owner, name),
        }
    }

    /// Changes one entry of a list, or deletes it if there is no value
    pub(crate) fn put_entry(
        &mut self,
        kind: &str,
        key: &str,
        version: u64,
        (entry, value): (&str, Option<&Value>),
    ) {
        // Several entries of a list may change in one revision, and then have the same version.
        if self.holds_newer(kind, key, version) {
            return;
        }
        self.advance(kind, key, version);
        if let Ok(kind) = kind.parse() {
            self.change_entry(kind, key, entry, value);
        }
    }

    /// Changes one entry of a list, whatever its version, or deletes it if there is no value
    pub(crate) fn change_entry(
        &mut self,
        kind: ObjectKind,
        key: &str,
        entry: &str,
        value: Option<&Value>,
    ) {
        let Some((owner, name)) = list_of(kind, key) else {
            return;
        };
        if kind == ObjectKind::Overrides {
            change_list(&mut self.overrides, owner, name, |list| match value {
                Some(value) => list.put(entry, Override::read(entry, value)),
                None => list.delete(entry),
            });
        } else {
            change_list(self.ids_of(kind), owner, name, |list| match value {
                Some(_) => list.put(entry),
                None => list.delete(entry),
            });
        }
    }

    /// Creates an empty list if there is none
    pub(crate) fn ensure_list(&mut self, kind: ObjectKind, key: &str) {
        let Some((owner, name)) = list_of(kind, key) else {
            return;
        };
        if kind == ObjectKind::Overrides {
            change_list(&mut self.overrides, owner, name, |_| {});
        } else {
            change_list(self.ids_of(kind), owner, name, |_| {});
        }
    }

    /// Compiles an object that is not a list, with its inline lists
    ///
    /// Its fingerprint is the hash of the text, so that an object with the same text counts as unchanged.
    pub(crate) fn put_object(
        &mut self,
        kind: ObjectKind,
        key: Arc<str>,
        source: Source<'_>,
        session: &mut CompileSession,
    ) {
        let fingerprint = hash_text(source.own);
        match kind {
            ObjectKind::Flag => {
                let parts = compile::flag(&key, fingerprint, source, session);
                for (level, list) in parts.overrides {
                    self.put_overrides(Arc::clone(&key), level, Arc::new(list));
                }
                self.flags.insert(key, parts.compiled);
            }
            ObjectKind::Segment => {
                let parts = compile::segment(&key, fingerprint, source, session);
                for (kind, ids) in parts.include {
                    let list = ObjectKind::SegmentInclude;
                    self.put_ids(list, Arc::clone(&key), kind, Arc::new(ids));
                }
                for (kind, ids) in parts.exclude {
                    let list = ObjectKind::SegmentExclude;
                    self.put_ids(list, Arc::clone(&key), kind, Arc::new(ids));
                }
                self.segments.insert(key, parts.compiled);
            }
            ObjectKind::Group => {
                let compiled = compile::group(&key, fingerprint, source, session);
                self.groups.insert(key, compiled);
            }
            ObjectKind::Holdout => {
                let compiled = compile::holdout(&key, fingerprint, source, session);
                self.holdouts.insert(key, compiled);
            }
            ObjectKind::Overrides | ObjectKind::SegmentInclude | ObjectKind::SegmentExclude => {}
        }
    }

    /// Compiles a flag with its inline overrides; does nothing if the text is not valid JSON
    pub(crate) fn put_flag(&mut self, key: &Arc<str>, text: &str, session: &mut CompileSession) {
        if let Ok(source) = session.read_object(text) {
            self.put_object(ObjectKind::Flag, Arc::clone(key), source, session);
        }
    }

    /// Removes a flag and its overrides
    pub(crate) fn remove_flag(&mut self, key: &str) {
        self.flags.remove(key);
        self.overrides.remove(key);
    }

    /// Removes an object of a document, with its inline lists
    pub(crate) fn remove_object(&mut self, kind: ObjectKind, key: &str) {
        match kind {
            ObjectKind::Flag => self.remove_flag(key),
            ObjectKind::Segment if self.segments.remove(key).is_some() => {
                self.includes.remove(key);
                self.excludes.remove(key);
            }
            _ => {}
        }
    }

    /// An issue for each hashed list, which a document that is written must not contain
    pub(crate) fn hashed_lists(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        for (key, lists) in &self.overrides {
            let names = lists.iter().map(|(name, _)| name);
            let names = names.filter(|name| name.starts_with('/'));
            issues.extend(names.map(|name| {
                let pointer = format!("/overrides/{}", escape_part(name));
                compile::issue(ObjectKind::Flag, key, &pointer, IssueKind::HashedList)
            }));
        }
        for (member, owners) in [("include", &self.includes), ("exclude", &self.excludes)] {
            for (key, lists) in owners {
                let names = lists.iter().map(|(name, _)| name);
                let names = names.filter(|name| name.starts_with('/'));
                issues.extend(names.map(|name| {
                    let pointer = format!("/{member}/{}", escape_part(name));
                    compile::issue(ObjectKind::Segment, key, &pointer, IssueKind::HashedList)
                }));
            }
        }
        issues
    }

    fn put_overrides(&mut self, flag: Arc<str>, level: Arc<str>, list: Arc<Overrides>) {
        put_list(&mut self.overrides, flag, level, list);
    }

    fn put_ids(&mut self, list: ObjectKind, segment: Arc<str>, kind: Arc<str>, ids: Arc<Ids>) {
        put_list(self.ids_of(list), segment, kind, ids);
    }

    fn ids_of(&mut self, list: ObjectKind) -> &mut Lists<Ids> {
        if list == ObjectKind::SegmentInclude {
            &mut self.includes
        } else {
            &mut self.excludes
        }
    }
}

/// The key of an object of any kind in `versions`
fn object_id(kind: &str, key: &str) -> Arc<str> {
    format!("{kind}\n{key}").into()
}

/// The position of the list of a name, or the position to insert it at
fn find<T>(lists: &ListsByName<T>, name: &str) -> Result<usize, usize> {
    lists.binary_search_by(|(other, _)| (**other).cmp(name))
}

fn put_list<T>(lists: &mut Lists<T>, owner: Arc<str>, name: Arc<str>, list: Arc<T>) {
    let lists = lists.entry(owner).or_default();
    match find(lists, &name) {
        Ok(position) => {
            if let Some((_, held)) = lists.get_mut(position) {
                *held = list;
            }
        }
        Err(position) => lists.insert(position, (name, list)),
    }
}

/// The owner of a list and the level or kind that the list is for
fn list_of(kind: ObjectKind, key: &str) -> Option<(&str, &str)> {
    key.split_once('/').filter(|_| kind.is_list())
}

/// Changes a list; the snapshots that share it keep theirs
fn change_list<T: Clone + Default>(
    lists: &mut Lists<T>,
    owner: &str,
    name: &str,
    change: impl FnOnce(&mut T),
) {
    let lists = match lists.get_mut(owner) {
        Some(lists) => lists,
        None => lists.entry(owner.into()).or_default(),
    };
    let position = find(lists, name).unwrap_or_else(|position| {
        lists.insert(position, (name.into(), Arc::default()));
        position
    });
    if let Some((_, list)) = lists.get_mut(position) {
        change(Arc::make_mut(list));
    }
}

fn remove_list<T>(lists: &mut Lists<T>, owner: &str, name: &str) {
    if let Some(of_owner) = lists.get_mut(owner) {
        of_owner.retain(|(other, _)| **other != *name);
        if of_owner.is_empty() {
            lists.remove(owner);
        }
    }
}
