//! What each of any number of accounts has used, in memory of a fixed size
//!
//! An account has three cells of a table, and what it has used is the least of what they say. Others share its cells, so it may be
//! taken to have used more than it has, where three of them that have used much meet it in all three; never less. Which cells are
//! whose is another matter in every process, so nobody can choose to meet somebody.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Account;

/// Half a megabyte
const CELLS: usize = 1 << 16;
/// As much of a hash as tells a cell
const INDEX: u64 = 0xffff;

/// Cells that hold the instant, in microseconds, until which what there was is used up
#[derive(Debug)]
pub(super) struct Sketch {
    cells: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self {
            cells: std::iter::repeat_with(AtomicU64::default)
                .take(CELLS)
                .collect(),
            hasher: RandomState::new(),
        }
    }

    /// What an account has used and not got back by now
    pub(super) fn used(&self, account: &Account, now: u64) -> u64 {
        let until = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        let least = self.cells(account).map(until).min().unwrap_or_default();
        least.saturating_sub(now)
    }

    /// Lets an account use so much
    pub(super) fn add(&self, account: &Account, now: u64, used: u64) {
        for cell in self.cells(account) {
            let later = |until: u64| Some(until.max(now).saturating_add(used));
            // It never refuses.
            let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        }
    }

    /// The same; of what was used before no more than `most` counts
    pub(super) fn add_up_to(&self, account: &Account, (now, used): (u64, u64), most: u64) {
        for cell in self.cells(account) {
            let later = |until: u64| {
                let until = until.clamp(now, now.saturating_add(most));
                Some(until.saturating_add(used))
            };
            // It never refuses.
            let _ = cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later);
        }
    }

    /// Lets an account have used no less than so much
    pub(super) fn raise(&self, account: &Account, now: u64, used: u64) {
        for cell in self.cells(account) {
            cell.fetch_max(now.saturating_add(used), Ordering::Relaxed);
        }
    }

    fn cells(&self, account: &Account) -> impl Iterator<Item = &AtomicU64> {
        let hash = self.hasher.hash_one(account);
        [0, 16, 32].into_iter().filter_map(move |shift| {
            let index = hash.rotate_right(shift) & INDEX;
            self.cells.get(usize::try_from(index).ok()?)
        })
    }
}
