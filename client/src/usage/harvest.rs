//! What was counted since the last time, collected from everywhere that it is counted

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use flagstaff_core::Snapshot;

use super::{Tally, Usage};

/// Flags and variants that are held while the server is away
const HELD: usize = 50_000;

/// A flag, and the variant if one was served
pub(crate) type Key = (Arc<str>, Option<Arc<str>>);

/// Collects what a client counts
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    known: Vec<Known>,
    counts: BTreeMap<Key, u64>,
    lost: u64,
}

/// A tally and how far it has been read: its counters only grow, so nobody has to write what another one does
#[derive(Debug)]
struct Known {
    tally: Arc<Tally>,
    read: Box<[u64]>,
    is_leaving: bool,
}

impl Harvest {
    /// Collects what has been counted, and lets go of what nobody counts in any more, `current` being the snapshot in use
    pub(crate) fn collect(&mut self, usage: &Usage, current: &Arc<Snapshot>) {
        for tally in &**usage.tallies.load() {
            let is_known = |known: &Known| Arc::ptr_eq(&known.tally, tally);
            if !self.known.iter().any(is_known) {
                self.known.push(Known {
                    tally: Arc::clone(tally),
                    read: vec![0; tally.snapshot.slot_count()].into(),
                    is_leaving: false,
                });
            }
        }
        // One that leaves is looked at once more the next time, for what a thread was about to count.
        let mut known = std::mem::take(&mut self.known);
        known.retain_mut(|known| {
            let is_over = known.is_leaving && Arc::strong_count(&known.tally) == 1;
            self.read(known);
            !is_over
        });
        let leave =
            |tally: &Tally| !tally.is_of(current) && !tally.is_taken.load(Ordering::Acquire);
        for known in &mut known {
            known.is_leaving |= leave(&known.tally);
        }
        let leaving: Vec<_> = known.iter().filter(|known| known.is_leaving).collect();
        let stays = |tally: &&Arc<Tally>| {
            let is_leaving = |known: &&&Known| Arc::ptr_eq(&known.tally, tally);
            !leaving.iter().any(|known| is_leaving(&known))
        };
        if !leaving.is_empty() {
            usage
                .tallies
                .rcu(|tallies| tallies.iter().filter(stays).cloned().collect::<Vec<_>>());
        }
        drop(leaving);
        self.known = known;
        for stranger in &*usage.strangers.swap(Arc::default()) {
            let count = stranger.count.load(Ordering::Relaxed);
            self.add((stranger.flag.as_ref().into(), None), count);
        }
        let lost = usage.lost.swap(0, Ordering::Relaxed);
        self.lost = self.lost.saturating_add(lost);
    }

    fn read(&mut self, known: &mut Known) {
        let counters = known.tally.slots().zip(&mut known.read);
        for ((counter, read), (flag, variant)) in counters.zip(known.tally.snapshot.slots()) {
            let count = counter.load(Ordering::Relaxed);
            let new = count.wrapping_sub(*read);
            *read = count;
            if new > 0 {
                self.add((Arc::clone(flag), variant.map(Arc::clone)), new);
            }
        }
    }

    fn add(&mut self, key: Key, count: u64) {
        if self.counts.len() >= HELD && !self.counts.contains_key(&key) {
            self.lose(count);
            return;
        }
        let held = self.counts.entry(key).or_default();
        *held = held.saturating_add(count);
    }

    /// Notes evaluations that will not be reported
    pub(crate) fn lose(&mut self, count: u64) {
        self.lost = self.lost.saturating_add(count);
    }

    /// Takes at most so many counts, and how many evaluations were lost; `None` where there is nothing to report
    pub(crate) fn take(&mut self, most: usize) -> Option<(Vec<(Key, u64)>, u64)> {
        let mut counts = Vec::new();
        while counts.len() < most
            && let Some(first) = self.counts.pop_first()
        {
            counts.push(first);
        }
        let lost = std::mem::take(&mut self.lost);
        (!counts.is_empty() || lost > 0).then_some((counts, lost))
    }
}

#[cfg(test)]
mod tests;
