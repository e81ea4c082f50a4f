//! Collects what was counted since the last report

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use flagstaff_core::Snapshot;

use super::{SnapshotCounters, Usage};

/// Flags and variants that are stored while the server is unreachable
const MAX_COUNTS: usize = 50_000;

/// A flag, and the variant if one was served
pub(crate) type CounterKey = (Arc<str>, Option<Arc<str>>);

/// Collects the counts of a client
#[derive(Debug, Default)]
pub(crate) struct UsageCollector {
    read: Vec<ReadCounters>,
    counts: BTreeMap<CounterKey, u64>,
    dropped: u64,
}

/// Counters and the counts that were read last: counters only grow, so that only one thread writes each
#[derive(Debug)]
struct ReadCounters {
    counters: Arc<SnapshotCounters>,
    counts: Box<[u64]>,
    is_retired: bool,
}

impl UsageCollector {
    /// Collects the new counts, and frees counters that no thread uses any more; `current` is the snapshot in use
    pub(crate) fn collect(&mut self, usage: &Usage, current: &Arc<Snapshot>) {
        for counters in &**usage.counters.load() {
            let is_known = |read: &ReadCounters| Arc::ptr_eq(&read.counters, counters);
            if !self.read.iter().any(is_known) {
                self.read.push(ReadCounters {
                    counters: Arc::clone(counters),
                    counts: vec![0; counters.snapshot.counter_count()].into(),
                    is_retired: false,
                });
            }
        }
        // Retired counters are read once more at the next collection, since a thread may have been about to count.
        let mut read = std::mem::take(&mut self.read);
        read.retain_mut(|read| {
            let is_unused = read.is_retired && Arc::strong_count(&read.counters) == 1;
            self.add_new_counts(read);
            !is_unused
        });
        for read in &mut read {
            let counters = &read.counters;
            read.is_retired |=
                !counters.is_of(current) && !counters.is_leased.load(Ordering::Acquire);
        }
        let retired: Vec<_> = read.iter().filter(|read| read.is_retired).collect();
        let stays = |counters: &&Arc<SnapshotCounters>| {
            let is_same = |read: &&ReadCounters| Arc::ptr_eq(&read.counters, counters);
            !retired.iter().any(is_same)
        };
        if !retired.is_empty() {
            usage
                .counters
                .rcu(|all| all.iter().filter(stays).cloned().collect::<Vec<_>>());
        }
        drop(retired);
        self.read = read;
        for unknown in &*usage.unknown_flags.swap(Arc::default()) {
            let count = unknown.count.load(Ordering::Relaxed);
            self.add((unknown.flag.as_ref().into(), None), count);
        }
        self.add_dropped(usage.dropped.swap(0, Ordering::Relaxed));
    }

    fn add_new_counts(&mut self, read: &mut ReadCounters) {
        let counters = read.counters.iter().zip(&mut read.counts);
        for ((counter, before), (flag, variant)) in counters.zip(read.counters.snapshot.counters())
        {
            let count = counter.load(Ordering::Relaxed);
            let new = count.wrapping_sub(*before);
            *before = count;
            if new > 0 {
                self.add((Arc::clone(flag), variant.map(Arc::clone)), new);
            }
        }
    }

    fn add(&mut self, key: CounterKey, count: u64) {
        if self.counts.len() >= MAX_COUNTS && !self.counts.contains_key(&key) {
            self.add_dropped(count);
            return;
        }
        let stored = self.counts.entry(key).or_default();
        *stored = stored.saturating_add(count);
    }

    /// Counts evaluations that will not be reported by flag
    pub(crate) fn add_dropped(&mut self, count: u64) {
        self.dropped = self.dropped.saturating_add(count);
    }

    /// Takes at most `limit` counts, and the number of dropped evaluations; `None` if there is nothing to report
    pub(crate) fn take(&mut self, limit: usize) -> Option<(Vec<(CounterKey, u64)>, u64)> {
        let mut counts = Vec::new();
        while counts.len() < limit
            && let Some(first) = self.counts.pop_first()
        {
            counts.push(first);
        }
        let dropped = std::mem::take(&mut self.dropped);
        (!counts.is_empty() || dropped > 0).then_some((counts, dropped))
    }
}

#[cfg(test)]
mod tests;
