//! Long lists: the overrides of a flag at one level
//!
//! Hash shards, each behind an `Arc`, so that a delta of one entry copies one shard and shares the rest with the snapshot that
//! readers hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::error::Problem;
use crate::hashing::{hash_text, hash_texts};
use crate::limits;
use crate::value::Value;

/// Entries that a shard holds on average before the list is spread over twice as many
const SHARD_LOAD: usize = 64;

/// What an individual context gets
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Override {
    Include,
    Exclude,
    Variant(Arc<str>),
    /// It cannot be read; the flag is broken as long as it is there
    Invalid(Problem),
}

impl Override {
    pub(crate) fn read(key: &str, value: &Value) -> Self {
        if key.is_empty() || key.chars().count() > limits::CONTEXT_KEY_LENGTH {
            return Self::Invalid(Problem::ContextKey);
        }
        match value {
            Value::String(text) if &**text == "include" => Self::Include,
            Value::String(text) if &**text == "exclude" => Self::Exclude,
            Value::Object(members) => match (members.get("variant"), members.len()) {
                (Some(Value::String(variant)), 1) => Self::Variant(Arc::clone(variant)),
                _ => Self::Invalid(Problem::Override),
            },
            _ => Self::Invalid(Problem::Override),
        }
    }

    fn fingerprint(&self, key: &str) -> u64 {
        match self {
            Self::Include => hash_texts([key, "include"]),
            Self::Exclude => hash_texts([key, "exclude"]),
            Self::Variant(name) => hash_texts([key, "variant", name]),
            Self::Invalid(_) => hash_texts([key, "invalid"]),
        }
    }
}

#[derive(Debug, Clone)]
struct Entry {
    key: Box<str>,
    value: Override,
}

/// The overrides of one flag and level
#[derive(Debug, Clone)]
pub(crate) struct Overrides {
    // INVARIANT: a power of two of them; an entry lies in the shard that the upper half of its hash names.
    shards: Box<[Arc<HashTable<Entry>>]>,
    length: usize,
    // The sum over the entries: equal lists have equal ones in whatever order they were made.
    fingerprint: u64,
    includes: usize,
    invalid: usize,
    // Which variants are named, and how often: so that a flag is checked against its list without walking it.
    variants: BTreeMap<Arc<str>, usize>,
}

impl Overrides {
    pub(crate) fn new(entries: impl IntoIterator<Item = (Box<str>, Override)>) -> Self {
        let mut list = Self {
            shards: Box::new([Arc::default()]),
            length: 0,
            fingerprint: 0,
            includes: 0,
            invalid: 0,
            variants: BTreeMap::new(),
        };
        for (key, value) in entries {
            list.put(&key, value);
        }
        list
    }

    /// A hash of what the list holds
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Override> {
        let hash = hash_text(key);
        let entry = self
            .shards
            .get(shard_of(hash, self.shards.len()))?
            .find(hash, |entry| *entry.key == *key)?;
        Some(&entry.value)
    }

    pub(crate) fn put(&mut self, key: &str, value: Override) {
        self.delete(key);
        if self.length >= self.shards.len().saturating_mul(SHARD_LOAD) {
            self.spread();
        }
        self.count(key, &value, true);
        self.insert(Entry {
            key: key.into(),
            value,
        });
    }

    pub(crate) fn delete(&mut self, key: &str) {
        let hash = hash_text(key);
        let position = shard_of(hash, self.shards.len());
        let Some(shard) = self
            .shards
            .get_mut(position)
            .filter(|shard| shard.find(hash, |entry| *entry.key == *key).is_some())
        else {
            return;
        };
        let removed = match Arc::make_mut(shard).find_entry(hash, |entry| *entry.key == *key) {
            Ok(entry) => entry.remove().0,
            Err(_) => return,
        };
        self.count(key, &removed.value, false);
    }

    /// The names of the variants that entries serve
    pub(crate) fn variants(&self) -> impl Iterator<Item = &Arc<str>> {
        self.variants.keys()
    }

    pub(crate) fn has_includes(&self) -> bool {
        self.includes > 0
    }

    /// The entries that satisfy `wanted`, by key; walks the whole list
    pub(crate) fn find(&self, wanted: impl Fn(&Override) -> bool) -> Vec<(&str, &Override)> {
        let mut found: Vec<_> = self
            .shards
            .iter()
            .flat_map(|shard| shard.iter())
            .filter(|entry| wanted(&entry.value))
            .map(|entry| (&*entry.key, &entry.value))
            .collect();
        found.sort_by_key(|(key, _)| *key);
        found
    }

    pub(crate) fn has_invalid(&self) -> bool {
        self.invalid > 0
    }

    fn count(&mut self, key: &str, value: &Override, added: bool) {
        let step = |count: usize| {
            if added {
                count.saturating_add(1)
            } else {
                count.saturating_sub(1)
            }
        };
        self.length = step(self.length);
        let fingerprint = value.fingerprint(key);
        self.fingerprint = if added {
            self.fingerprint.wrapping_add(fingerprint)
        } else {
            self.fingerprint.wrapping_sub(fingerprint)
        };
        match value {
            Override::Include => self.includes = step(self.includes),
            Override::Exclude => {}
            Override::Invalid(_) => self.invalid = step(self.invalid),
            Override::Variant(name) => {
                let count = self.variants.entry(Arc::clone(name)).or_default();
                *count = step(*count);
                if *count == 0 {
                    self.variants.remove(name);
                }
            }
        }
    }

    fn insert(&mut self, entry: Entry) {
        let hash = hash_text(&entry.key);
        if let Some(shard) = self.shards.get_mut(shard_of(hash, self.shards.len())) {
            Arc::make_mut(shard).insert_unique(hash, entry, |entry| hash_text(&entry.key));
        }
    }

    fn spread(&mut self) {
        let wider = vec![Arc::default(); self.shards.len().saturating_mul(2)].into_boxed_slice();
        for shard in std::mem::replace(&mut self.shards, wider) {
            for entry in Arc::unwrap_or_clone(shard) {
                self.insert(entry);
            }
        }
    }
}

/// The table inside a shard uses the hash's lower bits and its topmost seven; these lie between
fn shard_of(hash: u64, shards: usize) -> usize {
    usize::try_from(hash >> 32).unwrap_or_default() & shards.saturating_sub(1)
}
