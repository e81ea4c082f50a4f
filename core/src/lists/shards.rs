//! Long lists by context key: overrides of a flag, ids of a segment
//!
//! The entries are in shards by hash, each behind an `Arc`, so that a delta of one entry copies one shard and shares the rest with the
//! snapshots that are in use.

use std::sync::Arc;

use hashbrown::HashTable;

use crate::table::table_hash::{hash_text, is_same};

/// Average number of entries of a shard at which the number of shards is doubled
const SHARD_LOAD: usize = 64;

#[derive(Debug, Clone)]
struct Entry<T> {
    key: Box<str>,
    value: T,
}

/// A map from context keys to `T`
#[derive(Debug, Clone)]
pub(crate) struct Shards<T> {
    // INVARIANT: a power of two of them; an entry lies in the shard that the upper half of its hash names.
    shards: Box<[Arc<HashTable<Entry<T>>>]>,
    length: usize,
}

impl<T> Default for Shards<T> {
    fn default() -> Self {
        Self {
            shards: Box::new([Arc::new(HashTable::new())]),
            length: 0,
        }
    }
}

impl<T: Clone> Shards<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    #[inline]
    pub(crate) fn get(&self, key: &str) -> Option<&T> {
        let hash = hash_text(key);
        let shard = self.shards.get(shard_of(hash, self.shards.len()))?;
        shard
            .find(hash, |entry| is_same(&entry.key, key))
            .map(|entry| &entry.value)
    }

    /// Puts an entry and returns the one it replaces
    pub(crate) fn put(&mut self, key: &str, value: T) -> Option<T> {
        let replaced = self.delete(key);
        if self.length >= self.shards.len().saturating_mul(SHARD_LOAD) {
            self.spread();
        }
        self.length = self.length.saturating_add(1);
        self.insert(Entry {
            key: key.into(),
            value,
        });
        replaced
    }

    pub(crate) fn delete(&mut self, key: &str) -> Option<T> {
        // Looked up first, since a shard is copied only if something in it changes.
        self.get(key)?;
        let hash = hash_text(key);
        let position = shard_of(hash, self.shards.len());
        let shard = Arc::make_mut(self.shards.get_mut(position)?);
        let (entry, _) = shard
            .find_entry(hash, |entry| *entry.key == *key)
            .ok()?
            .remove();
        self.length = self.length.saturating_sub(1);
        Some(entry.value)
    }

    /// The entries, in no order
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.shards
            .iter()
            .flat_map(|shard| shard.iter())
            .map(|entry| (&*entry.key, &entry.value))
    }

    fn insert(&mut self, entry: Entry<T>) {
        let hash = hash_text(&entry.key);
        if let Some(shard) = self.shards.get_mut(shard_of(hash, self.shards.len())) {
            Arc::make_mut(shard).insert_unique(hash, entry, |entry| hash_text(&entry.key));
        }
    }

    fn spread(&mut self) {
        let wider = std::iter::repeat_with(Arc::default)
            .take(self.shards.len().saturating_mul(2))
            .collect();
        for shard in std::mem::replace(&mut self.shards, wider) {
            for entry in Arc::unwrap_or_clone(shard) {
                self.insert(entry);
            }
        }
    }
}

/// The table inside a shard uses the hash's lower bits and its topmost seven; these lie between
fn shard_of(hash: u64, shards: usize) -> usize {
    usize::try_from((hash >> 32) & 0xff_ffff).unwrap_or_default() & shards.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map_and_its_copies_are_independent(steps: Vec<(u8, Option<u8>)>) {
            let (mut shards, mut model) = (Shards::default(), BTreeMap::new());
            let before = shards.clone();
            for (key, value) in steps {
                let key = key.to_string();
                if let Some(value) = value { prop_assert_eq!(shards.put(&key, value), model.insert(key, value)); } else { prop_assert_eq!(shards.delete(&key), model.remove(&key)); }
            }
            let found: BTreeMap<String, u8> = shards.iter().map(|(key, value)| (key.to_owned(), *value)).collect();
            prop_assert_eq!(&found, &model);
            prop_assert!(model.iter().all(|(key, value)| shards.get(key) == Some(value)));
            prop_assert_eq!(shards.is_empty(), model.is_empty());
            prop_assert!(before.is_empty());
        }
    }

    #[test]
    fn a_change_of_one_entry_copies_one_shard() {
        let mut shards = Shards::default();
        for id in 0..100_000 {
            shards.put(&format!("user-{id}"), ());
        }
        let before = shards.clone();
        shards.put("another", ());
        let copied = before
            .shards
            .iter()
            .zip(&shards.shards)
            .filter(|(a, b)| !Arc::ptr_eq(a, b))
            .count();
        assert_eq!(copied, 1);
        assert!(
            shards
                .shards
                .iter()
                .all(|shard| shard.len() < 4 * SHARD_LOAD),
            "the entries are spread evenly"
        );
    }
}
