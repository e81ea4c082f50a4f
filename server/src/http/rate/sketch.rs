//! The use of any number of rate-limit keys, in memory of a fixed size (a count-min sketch)
//!
//! Each key has three cells of a table, and its use is the smallest of them. Other keys share these cells, so the estimate may be too high,
//! if busy keys share all three cells with it, but is never too low. The cells are chosen with a random seed per process, so no caller can
//! choose keys that collide with another caller's.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};

use super::RateLimitKey;

/// Half a megabyte
const CELLS: usize = 1 << 16;
/// The bits of a hash that select a cell
const INDEX: u64 = 0xffff;

/// Cells with the instant, in microseconds, until which the budget is used up
#[derive(Debug)]
pub(super) struct CountMinSketch {
    cells: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl CountMinSketch {
    pub(super) fn new() -> Self {
        Self {
            cells: std::iter::repeat_with(AtomicU64::default)
                .take(CELLS)
                .collect(),
            hasher: RandomState::new(),
        }
    }

    /// The use of a key, less what has become free again by now
    pub(super) fn used(&self, key: &RateLimitKey, now: u64) -> u64 {
        let until = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        let least = self.cells(key).map(until).min().unwrap_or_default();
        least.saturating_sub(now)
    }

    /// Adds to the use of a key
    pub(super) fn add(&self, key: &RateLimitKey, now: u64, used: u64) {
        for cell in self.cells(key) {
            let later = |until: u64| Some(until.max(now).saturating_add(used));
            // The update function never returns `None`.
            let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        }
    }

    /// Adds to the use of a key; of its earlier use at most `most` counts
    pub(super) fn add_up_to(&self, key: &RateLimitKey, (now, used): (u64, u64), most: u64) {
        for cell in self.cells(key) {
            let later = |until: u64| {
                let until = until.clamp(now, now.saturating_add(most));
                Some(until.saturating_add(used))
            };
            // The update function never returns `None`.
            let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        }
    }

    /// Raises the use of a key to at least this
    pub(super) fn raise(&self, key: &RateLimitKey, now: u64, used: u64) {
        for cell in self.cells(key) {
            cell.fetch_max(now.saturating_add(used), Ordering::Relaxed);
        }
    }

    fn cells(&self, key: &RateLimitKey) -> impl Iterator<Item = &AtomicU64> {
        let hash = self.hasher.hash_one(key);
        [0, 16, 32].into_iter().filter_map(move |shift| {
            let index = hash.rotate_right(shift) & INDEX;
            self.cells.get(usize::try_from(index).ok()?)
        })
    }
}
