//! The objects of one environment, compiled, and what links them into a snapshot
//!
//! A change touches what it changes: the other objects are shared with the snapshots that came before.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserializer;
use serde_json::value::RawValue;

use crate::compile::{self, Compiled};
use crate::error::{Problem, SnapshotError};
use crate::hashing::hash_text;
use crate::list::{Override, Overrides};
use crate::object::{ObjectKind, state_hash};
use crate::path::escape;
use crate::snapshot::{LinkedFlag, Snapshot};
use crate::value::Value;
use crate::wire::{DocumentWire, OverridesWire};

/// The compiled objects of an environment, and the version of each
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    name: Arc<str>,
    revision: u64,
    flags: BTreeMap<Arc<str>, Compiled>,
    // By flag and level.
    overrides: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Arc<Overrides>>>,
    // Of every object of the wire, also of kinds that this reader does not know: they count into the state hash.
    versions: BTreeMap<(Box<str>, Box<str>), u64>,
    hash: u64,
}

impl Environment {
    /// Compiles a whole document, which names no versions
    pub(crate) fn from_json(document: &str) -> Result<Self, SnapshotError> {
        let version: SchemaVersion = serde_json::from_str(document)?;
        if version.schema_version != crate::SCHEMA_VERSION {
            return Err(SnapshotError::SchemaVersion {
                found: version.schema_version,
            });
        }
        let wire: DocumentWire<'_> = serde_json::from_str(document)?;
        let mut environment = Self {
            name: wire.environment,
            revision: wire.revision,
            ..Self::default()
        };
        for (key, flag) in wire.flags {
            environment.put_flag(key, hash_text(flag.get()), flag);
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
        match kind.parse() {
            Ok(ObjectKind::Flag) => self.put_flag(key.into(), hash_text(object.get()), object),
            Ok(ObjectKind::Overrides) => {
                let list: OverridesWire = serde_json::from_str(object.get())?;
                if let Some((flag, level)) = key.split_once('/') {
                    self.put_overrides(&flag.into(), level.into(), list);
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, kind: &str, key: &str, version: u64) {
        if !self.forget(kind, key, version) {
            return;
        }
        match kind.parse() {
            Ok(ObjectKind::Flag) => {
                self.flags.remove(key);
            }
            Ok(ObjectKind::Overrides) => {
                let Some((flag, level)) = key.split_once('/') else {
                    return;
                };
                if let Some(lists) = self.overrides.get_mut(flag) {
                    lists.remove(level);
                    if lists.is_empty() {
                        self.overrides.remove(flag);
                    }
                }
            }
            _ => {}
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
        if kind.parse() != Ok(ObjectKind::Overrides) {
            return;
        }
        let Some((flag, level)) = key.split_once('/') else {
            return;
        };
        let lists = self.overrides.entry(flag.into()).or_default();
        let list = Arc::make_mut(
            lists
                .entry(level.into())
                .or_insert_with(|| Arc::new(Overrides::new([]))),
        );
        match value {
            Some(value) => list.put(entry, Override::read(entry, value)),
            None => list.delete(entry),
        }
    }

    /// Compiles a flag with the overrides that it holds inline
    ///
    /// The fingerprint stands for the text: a flag that arrives again as it was is no change.
    pub(crate) fn put_flag<'de, D>(&mut self, key: Arc<str>, fingerprint: u64, flag: D)
    where
        D: Deserializer<'de>,
        D::Error: fmt::Display,
    {
        let parts = compile::flag(&key, fingerprint, flag);
        for (level, list) in parts.overrides {
            self.put_overrides(&key, level, list);
        }
        self.flags.insert(key, parts.compiled);
    }

    fn put_overrides(&mut self, flag: &Arc<str>, level: Arc<str>, list: OverridesWire) {
        let entries = list.into_iter().map(|(key, value)| {
            let read = Override::read(&key, &value);
            (key, read)
        });
        let list = Arc::new(Overrides::new(entries));
        self.overrides
            .entry(Arc::clone(flag))
            .or_default()
            .insert(level, list);
    }

    /// The snapshot of the objects as they are now
    pub(crate) fn link(&self) -> Snapshot {
        let mut issues = Vec::new();
        let flags = self
            .flags
            .iter()
            .map(|(key, compiled)| (Arc::clone(key), self.link_flag(key, compiled, &mut issues)));
        let flags = flags.collect();
        Snapshot::new(Arc::clone(&self.name), self.revision, flags, issues)
    }

    fn link_flag(
        &self,
        key: &Arc<str>,
        compiled: &Compiled,
        issues: &mut Vec<crate::Issue>,
    ) -> Option<LinkedFlag> {
        let flag = match compiled {
            Ok(flag) => flag,
            Err(own) => {
                issues.extend(own.iter().cloned());
                return None;
            }
        };
        let lists = self.overrides.get(key);
        let before = issues.len();
        for (level, list) in lists.into_iter().flatten() {
            let pointer = format!("/overrides/{}", escape(level));
            if !flag.levels.iter().any(|known| known.name == *level) {
                issues.push(compile::issue(
                    key,
                    &pointer,
                    Problem::UnknownLevel(Arc::clone(level)),
                ));
            }
            check_list(list, flag, |entry, problem| {
                issues.push(compile::issue(
                    key,
                    &format!("{pointer}/{}", escape(entry)),
                    problem,
                ));
            });
        }
        let overrides: Box<[_]> = flag
            .levels
            .iter()
            .map(|level| {
                lists
                    .and_then(|lists| lists.get(&level.name))
                    .filter(|list| !list.is_empty())
                    .cloned()
            })
            .collect();
        (issues.len() == before).then(|| LinkedFlag::new(Arc::clone(flag), overrides))
    }
}

/// Names the entries that the flag cannot serve; walks the list only where its counts say that there are some
fn check_list(list: &Overrides, flag: &crate::model::Flag, mut report: impl FnMut(&str, Problem)) {
    if list.has_invalid() {
        for (key, value) in list.find(|value| matches!(value, Override::Invalid(_))) {
            if let Override::Invalid(problem) = value {
                report(key, problem.clone());
            }
        }
    }
    if list.has_includes() && flag.on.is_none() {
        for (key, _) in list.find(|value| *value == Override::Include) {
            report(key, Problem::IncludeWithoutOn);
        }
    }
    for name in list.variants().filter(|name| flag.variant(name).is_none()) {
        for (key, _) in
            list.find(|value| matches!(value, Override::Variant(other) if other == name))
        {
            report(key, Problem::UnknownVariant(Arc::clone(name)));
        }
    }
}

/// Read before the rest, which a newer document may spell otherwise
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a document, an object")]
struct SchemaVersion {
    schema_version: u64,
}
