//! A map in order of its keys: entries in chunks, each a sorted list
//!
//! It takes the place of the standard library's tree, of which each type of entry costs a browser 4 kB, mostly for balancing. What is put
//! in order, as documents and streams have it, fills chunk after chunk without a gap; anywhere else at most one chunk is moved.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::{fmt, slice, vec};

/// Entries of a chunk that is full
const FULL: usize = 64;

type Chunk<K, V> = Vec<(K, V)>;

/// A map in order of its keys
#[derive(Clone)]
pub struct Map<K, V> {
    // INVARIANT: no chunk is empty or has more than `FULL` entries, and keys ascend within and across chunks.
    chunks: Vec<Chunk<K, V>>,
    length: usize,
}

/// Where an entry lies, or belongs
#[derive(Debug, Clone, Copy)]
struct Place {
    chunk: usize,
    entry: usize,
    is_taken: bool,
}

impl<K, V> Map<K, V> {
    /// A map of nothing
    pub const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            length: 0,
        }
    }

    /// The number of entries
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are no entries
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The entries, in order of their keys
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter {
            chunks: self.chunks.iter(),
            entries: [].iter(),
        }
    }

    /// The keys, in their order
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values, in order of their keys
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Ord, V> Map<K, V> {
    /// The value of `key`
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key);
        let (_, value) = self.chunks.get(place.chunk)?.get(place.entry)?;
        place.is_taken.then_some(value)
    }

    /// The value of `key`, to be changed
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key);
        self.at(place).filter(|_| place.is_taken)
    }

    /// Whether there is a value of `key`
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_taken
    }

    /// Puts an entry and returns the value that it replaces
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let place = self.find(&key);
        if let Some(held) = self.at(place).filter(|_| place.is_taken) {
            return Some(std::mem::replace(held, value));
        }
        self.make(place, key, value);
        None
    }

    /// Changes the value of `key`, which is a default value if there was none
    pub(crate) fn update(&mut self, key: K, change: impl FnOnce(&mut V))
    where
        V: Default,
    {
        let place = self.find(&key);
        if let Some(held) = self.at(place).filter(|_| place.is_taken) {
            change(held);
        } else {
            let mut value = V::default();
            change(&mut value);
            self.make(place, key, value);
        }
    }

    /// Takes the value of `key` out
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key);
        let chunk = self.chunks.get_mut(place.chunk)?;
        if !place.is_taken {
            return None;
        }
        let (_, value) = chunk.remove(place.entry);
        if chunk.is_empty() {
            self.chunks.remove(place.chunk);
        }
        self.length = self.length.saturating_sub(1);
        Some(value)
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Place
    where
        K: Borrow<Q>,
    {
        let compare = |(held, _): &(K, V)| held.borrow().cmp(key);
        let is_before = |chunk: &Chunk<K, V>| chunk.last().map(compare) == Some(Ordering::Less);
        let chunk = self.chunks.partition_point(is_before);
        let entries = self.chunks.get(chunk).map_or(&[][..], |chunk| chunk);
        let entry = entries.binary_search_by(compare);
        Place {
            chunk,
            entry: entry.unwrap_or_else(|entry| entry),
            is_taken: entry.is_ok(),
        }
    }

    fn at(&mut self, place: Place) -> Option<&mut V> {
        let (_, value) = self.chunks.get_mut(place.chunk)?.get_mut(place.entry)?;
        Some(value)
    }

    /// Puts an entry where there is none
    fn make(&mut self, mut place: Place, key: K, value: V) {
        self.length = self.length.saturating_add(1);
        let count = self.chunks.len();
        if place.chunk == count {
            // After all others.
            place.chunk = count.saturating_sub(1);
            place.entry = self.chunks.last().map_or(FULL, Vec::len);
        }
        match self.chunks.get_mut(place.chunk) {
            Some(chunk) if chunk.len() < FULL => chunk.insert(place.entry, (key, value)),
            // Chunks are left full where entries come in order.
            Some(chunk) if place.entry < FULL => {
                let mut upper = chunk.split_off(FULL / 2);
                let next = place.chunk.saturating_add(1);
                if let Some(entry) = place.entry.checked_sub(chunk.len()).filter(|at| *at > 0) {
                    upper.insert(entry, (key, value));
                } else {
                    chunk.insert(place.entry, (key, value));
                }
                self.chunks.insert(next, upper);
            }
            _ => self.chunks.push(vec![(key, value)]),
        }
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Map<K, V> {
    /// Of the same entries; how they are spread over chunks depends on the order in which they came
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.iter().eq(other)
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self).finish()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter {
            chunks: self.chunks.into_iter(),
            entries: Vec::new().into_iter(),
        }
    }
}

/// The entries of a map, in order of their keys
#[derive(Debug, Clone)]
pub struct Iter<'a, K, V> {
    chunks: slice::Iter<'a, Chunk<K, V>>,
    entries: slice::Iter<'a, (K, V)>,
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.entries.next() {
                return Some((key, value));
            }
            self.entries = self.chunks.next()?.iter();
        }
    }
}

/// The entries of a map that is used up, in order of their keys
#[derive(Debug)]
pub struct IntoIter<K, V> {
    chunks: vec::IntoIter<Chunk<K, V>>,
    entries: vec::IntoIter<(K, V)>,
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Some(entry);
            }
            self.entries = self.chunks.next()?.into_iter();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u16, u8),
        Count(u16),
        Remove(u16),
    }

    /// Enough different keys for many chunks, and steps that put more than they remove
    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..400_u16, any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
            1 => (0..400_u16).prop_map(Step::Count),
            2 => (0..400_u16).prop_map(Step::Remove),
        ];
        prop::collection::vec(step, 0..1_000)
    }

    fn assert_sound<K: Ord, V>(map: &Map<K, V>) {
        assert!(
            map.chunks
                .iter()
                .all(|chunk| (1..=FULL).contains(&chunk.len()))
        );
        assert!(map.keys().is_sorted_by(|a, b| a < b));
        assert_eq!(map.iter().count(), map.len());
    }

    proptest! {
        #[test]
        fn it_is_the_map_of_the_standard_library(steps in steps()) {
            let (mut map, mut model) = (Map::new(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Insert(key, value) => prop_assert_eq!(map.insert(key, value), model.insert(key, value)),
                    Step::Remove(key) => prop_assert_eq!(map.remove(&key), model.remove(&key)),
                    Step::Count(key) => {
                        map.update(key, |count| *count = count.wrapping_add(1));
                        let count = model.entry(key).or_default();
                        *count = count.wrapping_add(1);
                    }
                }
            }
            assert_sound(&map);
            for key in 0..400 {
                prop_assert_eq!(map.get(&key), model.get(&key));
                prop_assert_eq!(map.get_mut(&key), model.get_mut(&key));
                prop_assert_eq!(map.contains_key(&key), model.contains_key(&key));
            }
            prop_assert!(map.iter().eq(&model));
            prop_assert!(map.values().eq(model.values()));
            prop_assert_eq!(map.is_empty(), model.is_empty());
            prop_assert!(map.into_iter().eq(model));
        }
    }

    proptest! {
        #[test]
        fn maps_of_the_same_entries_are_equal_in_whatever_order_these_came(keys in prop::collection::btree_set(0..2_000_u16, 0..400), shift: u16, changed: Option<u16>) {
            let ordered: Map<u16, u16> = keys.iter().map(|key| (*key, key % 7)).collect();
            let mut shuffled: Vec<u16> = keys.into_iter().collect();
            shuffled.sort_by_key(|key| key.wrapping_mul(40_503).wrapping_add(shift));
            let mut other: Map<u16, u16> = shuffled.iter().map(|key| (*key, key % 7)).collect();
            prop_assert_eq!(&ordered, &other);
            if let Some(key) = changed {
                other.update(key, |value| *value = value.wrapping_add(1));
                prop_assert_ne!(&ordered, &other);
            }
        }
    }

    #[test]
    fn what_comes_in_order_leaves_no_gaps() {
        let map: Map<usize, ()> = (0..10 * FULL).map(|key| (key, ())).collect();
        assert_sound(&map);
        assert_eq!(map.chunks.len(), 10);
    }

    #[test]
    fn what_comes_backwards_leaves_half_full_chunks() {
        let map: Map<usize, ()> = (0..10 * FULL).rev().map(|key| (key, ())).collect();
        assert_sound(&map);
        assert!(map.chunks.len() <= 21);
    }
}
