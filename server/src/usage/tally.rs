//! Counts the evaluations of one snapshot without a lock: each thread adds to the counters of its shard

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use flagstaff_core::Snapshot;

/// The number of threads that count without sharing a shard
const SHARDS: usize = 8;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS);
}

/// The counters of a snapshot (`core/src/snapshot/counters.rs`)
#[derive(Debug)]
pub(super) struct SnapshotCounters {
    snapshot: Arc<Snapshot>,
    // Allocated when a thread first counts.
    shards: [OnceLock<Box<[AtomicU64]>>; SHARDS],
}

impl SnapshotCounters {
    pub(super) fn new(snapshot: &Arc<Snapshot>) -> Self {
        Self {
            snapshot: Arc::clone(snapshot),
            shards: [const { OnceLock::new() }; SHARDS],
        }
    }

    pub(super) fn is_of(&self, snapshot: &Arc<Snapshot>) -> bool {
        Arc::ptr_eq(&self.snapshot, snapshot)
    }

    /// Counts one evaluation at each of these indexes of counters
    pub(super) fn add(&self, slots: impl Iterator<Item = usize>) {
        let shard = SHARD.with(Cell::get);
        let Some(shard) = self.shards.get(shard) else {
            return;
        };
        let counters = shard.get_or_init(|| {
            let slots = 0..self.snapshot.counter_count();
            slots.map(|_| AtomicU64::new(0)).collect()
        });
        for slot in slots {
            if let Some(counter) = counters.get(slot) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Passes the counts since the last call to `tell`
    pub(super) fn drain(&self, mut tell: impl FnMut(&Arc<str>, Option<&Arc<str>>, u64)) {
        let shards: Vec<_> = self.shards.iter().filter_map(OnceLock::get).collect();
        if shards.is_empty() {
            return;
        }
        for (slot, (flag, variant)) in self.snapshot.counters().enumerate() {
            let counters = shards.iter().filter_map(|shard| shard.get(slot));
            let count = counters.fold(0_u64, |sum, counter| {
                sum.saturating_add(counter.swap(0, Ordering::Relaxed))
            });
            if count > 0 {
                tell(flag, variant, count);
            }
        }
    }
}
