//! Finds the entries of a list by their names
//!
//! Open addressing, with a part of the hash in each slot: a look-up reads one slot and one entry, and no more unless two names collide.
//! The hash is the same everywhere, so that names can be made up that collide; a list that has such names is searched in order instead.

/// The slots of a list that has few entries
const FEWEST: usize = 8;

/// Slots that a look-up reads; names that nobody has chosen to collide need fewer
const MAX_PROBES: usize = 128;

/// The positions of the entries of a list, by the hashes of their names; the list stores the names and entries
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    // INVARIANT: none, or a power of two of them of which at least a quarter is free.
    slots: Box<[Slot]>,
    length: usize,
    is_crowded: bool,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    // The upper half of the hash; the lower half is the first slot to look at.
    tag: u32,
    position: u32,
}

impl Slot {
    const FREE: Self = Self {
        tag: 0,
        position: u32::MAX,
    };
}

impl Index {
    /// An index with room for so many entries
    pub(crate) fn with_capacity(length: usize) -> Self {
        let mut index = Self::default();
        index.resize(slots_for(length));
        index
    }

    /// Whether so many names collide that the index is not used: the caller has to search the list itself
    #[inline]
    pub(crate) fn is_crowded(&self) -> bool {
        self.is_crowded
    }

    /// The entry that `entry_at` returns for a position with this hash; it returns `None` if the name at the position is another one
    #[inline]
    pub(crate) fn find<T>(&self, hash: u64, entry_at: impl Fn(usize) -> Option<T>) -> Option<T> {
        let mask = self.slots.len().wrapping_sub(1);
        let (tag, mut at) = halves(hash);
        loop {
            at &= mask;
            let slot = self.slots.get(at)?;
            if slot.position == Slot::FREE.position {
                return None;
            }
            if slot.tag == tag
                && let Some(entry) = entry_at(slot.position as usize)
            {
                return Some(entry);
            }
            at = at.wrapping_add(1);
        }
    }

    /// The position of the first entry whose hash may be this one: nearly always the one that [`Index::find`] finds, for less
    #[cfg(feature = "dialects")]
    #[inline]
    pub(crate) fn first(&self, hash: u64) -> Option<usize> {
        self.find(hash, Some)
    }

    /// Adds a new entry; `hash_at` returns the hash of an existing one
    pub(crate) fn insert(&mut self, hash: u64, position: usize, hash_at: impl Fn(usize) -> u64) {
        self.length = self.length.saturating_add(1);
        if self.is_crowded {
            return;
        }
        let needed = slots_for(self.length);
        if needed > self.slots.len() {
            let previous = self.resize(needed);
            let taken = previous
                .iter()
                .filter(|slot| slot.position != Slot::FREE.position);
            for slot in taken {
                self.put(hash_at(slot.position as usize), slot.position);
            }
        }
        // A document of 4,294,967,295 flags would have been refused for its size long before.
        self.put(hash, u32::try_from(position).unwrap_or(u32::MAX));
    }

    fn put(&mut self, hash: u64, position: u32) {
        let mask = self.slots.len().wrapping_sub(1);
        let (tag, mut at) = halves(hash);
        for _ in 0..MAX_PROBES {
            match self.slots.get_mut(at & mask) {
                Some(slot) if slot.position == Slot::FREE.position => {
                    *slot = Slot { tag, position };
                    return;
                }
                _ => at = at.wrapping_add(1),
            }
        }
        self.is_crowded = true;
        self.slots = Box::default();
    }

    fn resize(&mut self, length: usize) -> Box<[Slot]> {
        std::mem::replace(
            &mut self.slots,
            std::iter::repeat_n(Slot::FREE, length).collect(),
        )
    }
}

/// The number of slots for this number of entries
fn slots_for(entries: usize) -> usize {
    entries
        .saturating_mul(4)
        .div_ceil(3)
        .next_power_of_two()
        .max(FEWEST)
}

#[inline]
fn halves(hash: u64) -> (u32, usize) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each half is a part of the hash"
    )]
    let halves = ((hash >> 32) as u32, hash as u32 as usize);
    halves
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_entry_is_found_however_hashes_collide(names: Vec<u16>, others: Vec<u16>, mask: u64) {
            // Few different hashes, so that slots and tags are fought for.
            let hash = |name: u16| u64::from(name).wrapping_mul(0x9e37_79b9_7f4a_7c15) & mask;
            let (mut index, mut list, mut model) = (Index::default(), Vec::new(), BTreeMap::new());
            for name in names {
                model.entry(name).or_insert_with(|| {
                    let position = list.len();
                    list.push(name);
                    index.insert(hash(name), position, |position| hash(list[position]));
                    position
                });
            }
            for name in list.iter().chain(&others) {
                let found = index.find(hash(*name), |position| (list[position] == *name).then_some(position));
                prop_assert_eq!(found.as_ref(), model.get(name));
                prop_assert!(found.is_none() || index.first(hash(*name)).is_some());
            }
        }
    }

    #[test]
    fn names_that_all_collide_cost_no_more_than_so_many_probes_each() {
        let collide = |count: usize| {
            let mut index = Index::default();
            for position in 0..count {
                index.insert(7, position, |_| 7);
            }
            index
        };
        let full = collide(MAX_PROBES);
        assert!(!full.is_crowded());
        let last = MAX_PROBES - 1;
        assert_eq!(full.find(7, |at| (at == last).then_some(at)), Some(last));
        let crowded = collide(100_000);
        assert!(crowded.is_crowded());
        assert_eq!(crowded.find(7, Some), None);
    }

    #[test]
    fn an_index_of_nothing_finds_nothing() {
        assert_eq!(Index::default().find(0, Some), None);
        assert_eq!(Index::with_capacity(3).find(0, Some), None);
    }
}
