//! The objects of one environment, compiled, and what links them into a snapshot
//!
//! A change touches what it changes: the other objects are shared with the snapshots that came before.

mod document;

use std::sync::Arc;

use crate::compile::{self, Compiled, Workshop};
use crate::error::{Issue, Problem};
use crate::forms;
use crate::hashing::hash_text;
use crate::json::{JsonError, Lexer, Source};
use crate::link;
use crate::list::{Ids, Override, Overrides};
use crate::map::Map;
use crate::model::{Flag, Group, Holdout, Segment};
use crate::object::{ObjectKind, state_hash};
use crate::path::escape;
use crate::snapshot::Snapshot;
use crate::value::Value;

/// The compiled objects of an environment, and the version of each
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    pub(crate) name: Arc<str>,
    pub(crate) revision: u64,
    pub(crate) flags: Map<Arc<str>, Compiled<Flag>>,
    pub(crate) segments: Map<Arc<str>, Compiled<Segment>>,
    pub(crate) groups: Map<Arc<str>, Compiled<Group>>,
    pub(crate) holdouts: Map<Arc<str>, Compiled<Holdout>>,
    // The long lists, by owner and level or kind.
    pub(crate) overrides: Lists<Overrides>,
    pub(crate) includes: Lists<Ids>,
    pub(crate) excludes: Lists<Ids>,
    // Of every object of the wire, also of kinds that this reader does not know: they count into the state hash.
    versions: Map<(Box<str>, Box<str>), u64>,
    hash: u64,
}

/// Lists by owner and level or kind
pub(crate) type Lists<T> = Map<Arc<str>, Map<Arc<str>, Arc<T>>>;

impl Environment {
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

    /// Puts an object, whose JSON is the one that the workshop holds at `source`
    pub(crate) fn put(
        &mut self,
        kind: &str,
        key: &str,
        version: u64,
        (source, workshop): (Source<'_>, &mut Workshop),
    ) -> Result<(), JsonError> {
        if !self.advance(kind, key, version) {
            return Ok(());
        }
        let Ok(kind) = kind.parse::<ObjectKind>() else {
            return Ok(());
        };
        let Some((owner, name)) = list_of(kind, key) else {
            self.put_owner(kind, key.into(), source, workshop);
            return Ok(());
        };
        let form = if kind == ObjectKind::Overrides {
            &forms::OVERRIDES
        } else {
            &forms::IDS
        };
        let json = workshop.checked(source, form)?;
        if kind == ObjectKind::Overrides {
            let list = Arc::new(compile::overrides(json));
            self.put_overrides(owner.into(), name.into(), list);
        } else {
            let mut ids = Ids::default();
            for (id, _) in json.members() {
                ids.put(&id.text().unwrap_or_default());
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
        if let Ok(kind) = kind.parse() {
            self.change_entry(kind, key, entry, value);
        }
    }

    /// Changes one entry of a list, whatever its version, or deletes it where there is no value
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

    /// Makes a list, without entries where there was none
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

    /// Compiles an object that is no list, with the lists that it holds inline
    ///
    /// The fingerprint stands for the text: an object that arrives again as it was is no change.
    pub(crate) fn put_owner(
        &mut self,
        kind: ObjectKind,
        key: Arc<str>,
        source: Source<'_>,
        workshop: &mut Workshop,
    ) {
        let fingerprint = hash_text(workshop.json(source).container_text());
        match kind {
            ObjectKind::Flag => {
                let parts = compile::flag(&key, fingerprint, source, workshop);
                for (level, list) in parts.overrides {
                    self.put_overrides(Arc::clone(&key), level, Arc::new(list));
                }
                self.flags.insert(key, parts.compiled);
            }
            ObjectKind::Segment => {
                let parts = compile::segment(&key, fingerprint, source, workshop);
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
                let compiled = compile::group(&key, fingerprint, source, workshop);
                self.groups.insert(key, compiled);
            }
            ObjectKind::Holdout => {
                let compiled = compile::holdout(&key, fingerprint, source, workshop);
                self.holdouts.insert(key, compiled);
            }
            ObjectKind::Overrides | ObjectKind::SegmentInclude | ObjectKind::SegmentExclude => {}
        }
    }

    /// Compiles a flag with the overrides that it holds inline; of a text that is no JSON nothing
    pub(crate) fn put_flag(&mut self, key: &Arc<str>, text: &str, workshop: &mut Workshop) {
        if let Ok(source) = workshop.read(&mut Lexer::new(text)) {
            self.put_owner(ObjectKind::Flag, Arc::clone(key), source, workshop);
        }
    }

    /// Forgets a flag and its overrides
    pub(crate) fn remove_flag(&mut self, key: &str) {
        self.flags.remove(key);
        self.overrides.remove(key);
    }

    /// Forgets an object of a document, with the lists that it holds inline
    pub(crate) fn remove_owner(&mut self, kind: ObjectKind, key: &str) {
        match kind {
            ObjectKind::Flag => self.remove_flag(key),
            ObjectKind::Segment if self.segments.remove(key).is_some() => {
                self.includes.remove(key);
                self.excludes.remove(key);
            }
            _ => {}
        }
    }

    /// Its hashed lists, which nobody writes
    pub(crate) fn hashed_lists(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        for (key, lists) in &self.overrides {
            let names = lists.keys().filter(|name| name.starts_with('/'));
            issues.extend(names.map(|name| {
                let pointer = format!("/overrides/{}", escape(name));
                compile::issue(ObjectKind::Flag, key, &pointer, Problem::HashedList)
            }));
        }
        for (member, owners) in [("include", &self.includes), ("exclude", &self.excludes)] {
            for (key, lists) in owners {
                let names = lists.keys().filter(|name| name.starts_with('/'));
                issues.extend(names.map(|name| {
                    let pointer = format!("/{member}/{}", escape(name));
                    compile::issue(ObjectKind::Segment, key, &pointer, Problem::HashedList)
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

    /// The snapshot of the objects as they are now
    pub(crate) fn link(self) -> Snapshot {
        let linked = link::link(&self);
        Snapshot::new(self, linked)
    }
}

fn put_list<T>(lists: &mut Lists<T>, owner: Arc<str>, name: Arc<str>, list: Arc<T>) {
    lists.update(owner, |of_owner| {
        of_owner.insert(name, list);
    });
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
    let held = lists.get_mut(owner).and_then(|lists| lists.get_mut(name));
    if let Some(list) = held {
        return change(Arc::make_mut(list));
    }
    lists.update(owner.into(), |of_owner| {
        of_owner.update(name.into(), |list| change(Arc::make_mut(list)));
    });
}

fn remove_list<T>(lists: &mut Lists<T>, owner: &str, name: &str) {
    if let Some(of_owner) = lists.get_mut(owner) {
        of_owner.remove(name);
        if of_owner.is_empty() {
            lists.remove(owner);
        }
    }
}
