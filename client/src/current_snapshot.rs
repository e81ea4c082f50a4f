//! The current snapshot
//!
//! Swapping is one atomic pointer store and reading takes no lock, so neither a slow caller nor a fork at a bad moment can block anybody.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use arc_swap::cache::Cache;
use flagstaff_core::Snapshot;

use crate::usage::{CounterLease, Usage, UsageRecorder};

type Shared = Arc<ArcSwap<Snapshot>>;

thread_local! {
    // The snapshot that this thread read last. As long as it is current, a read writes to no memory that threads share: arc-swap's guard
    // would cost as much as an evaluation (docs/adr/0016). In a box, since it is taken out and put back at each evaluation; not dropped
    // with the thread, since a thread-local with a destructor is checked at each access: `CLEANUP` drops it.
    static CACHE: Cell<Option<ManuallyDrop<Box<ThreadCache>>>> = const { Cell::new(None) };
    static CLEANUP: Cleanup = const { Cleanup };
}

/// Drops the cache when the thread ends
struct Cleanup;

impl Drop for Cleanup {
    fn drop(&mut self) {
        drop(CACHE.take().map(ManuallyDrop::into_inner));
    }
}

/// The snapshot that a thread read last, and the counters that it uses
struct ThreadCache {
    snapshot: Cache<Shared, Arc<Snapshot>>,
    lease: Option<CounterLease>,
    // Whether this is the first read: the thread may not use this client again.
    is_first: bool,
}

/// The snapshot that a client evaluates
#[derive(Debug)]
pub(crate) struct CurrentSnapshot {
    shared: Shared,
    is_known: AtomicBool,
    // `None` if evaluations are not counted.
    usage: Option<Usage>,
}

impl CurrentSnapshot {
    /// Without a snapshot the empty one is evaluated
    pub(crate) fn new(snapshot: Option<Snapshot>, usage: Option<Usage>) -> Self {
        let is_known = AtomicBool::new(snapshot.is_some());
        Self {
            shared: Arc::new(ArcSwap::from_pointee(snapshot.unwrap_or_default())),
            is_known,
            usage,
        }
    }

    /// The counts of evaluations, if they are counted
    pub(crate) fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// Whether there has been a snapshot
    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    /// Begins a read; cheaper than [`CurrentSnapshot::load`]
    #[inline]
    pub(crate) fn guard(&self) -> SnapshotGuard {
        // Taken out, so that a nested read, such as one by the attributes of a context, finds none and makes its own.
        match CACHE.take().map(ManuallyDrop::into_inner) {
            Some(cache) if ptr::eq(cache.snapshot.arc_swap(), &raw const *self.shared) => {
                SnapshotGuard(cache)
            }
            _ => self.first_guard(),
        }
    }

    #[cold]
    fn first_guard(&self) -> SnapshotGuard {
        SnapshotGuard(Box::new(ThreadCache {
            snapshot: Cache::new(Arc::clone(&self.shared)),
            lease: None,
            is_first: true,
        }))
    }

    /// Reads the snapshot in place
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> T {
        let mut guard = self.guard();
        let (snapshot, _) = guard.open(None);
        let result = read(snapshot);
        guard.release();
        result
    }

    /// A reference to the snapshot
    pub(crate) fn load(&self) -> Arc<Snapshot> {
        self.shared.load_full()
    }

    /// Drops all counts, in the child process of a fork
    pub(crate) fn reset_counts(&self) {
        if let Some(usage) = &self.usage {
            usage.reset();
            // The same flags at another address: the thread that forked holds counters of the old address, and now takes new ones.
            let snapshot = Snapshot::clone(&self.shared.load());
            self.shared.store(Arc::new(snapshot));
        }
    }

    /// Replaces the snapshot
    pub(crate) fn swap(&self, snapshot: Arc<Snapshot>) {
        self.shared.store(snapshot);
        self.is_known.store(true, Ordering::Release);
    }
}

/// Access to the current snapshot during one call
pub(crate) struct SnapshotGuard(Box<ThreadCache>);

impl SnapshotGuard {
    /// The snapshot, and where to count its evaluations
    #[inline]
    pub(crate) fn open<'g>(
        &'g mut self,
        usage: Option<&'g Usage>,
    ) -> (&'g Snapshot, UsageRecorder<'g>) {
        let cache = &mut *self.0;
        let snapshot = cache.snapshot.load();
        let recorder = UsageRecorder {
            usage,
            snapshot,
            lease: &mut cache.lease,
            is_first: cache.is_first,
        };
        (snapshot, recorder)
    }

    /// Counts evaluations of a snapshot that may have been replaced meanwhile
    pub(crate) fn count_in(
        &mut self,
        usage: Option<&Usage>,
        snapshot: &Arc<Snapshot>,
        count: impl FnOnce(&mut UsageRecorder<'_>),
    ) {
        let cache = &mut *self.0;
        let is_current = Arc::ptr_eq(cache.snapshot.load(), snapshot);
        // The thread keeps the counters of the current snapshot.
        let mut no_lease = None;
        count(&mut UsageRecorder {
            usage,
            snapshot,
            lease: if is_current {
                &mut cache.lease
            } else {
                &mut no_lease
            },
            is_first: cache.is_first || !is_current,
        });
    }

    /// Stores the snapshot in the thread, until it reads that of another client, or ends
    #[inline]
    pub(crate) fn release(self) {
        if self.0.is_first {
            return self.release_first();
        }
        if let Some(nested) = CACHE.replace(Some(ManuallyDrop::new(self.0))) {
            drop_nested(nested);
        }
    }

    #[cold]
    fn release_first(mut self) {
        self.0.is_first = false;
        // An error means that the thread is ending: the cache would not be dropped any more.
        if CLEANUP.try_with(|_| ()).is_ok() {
            self.release();
        }
    }
}

/// Nested reads: the thread keeps the outer snapshot
#[cold]
fn drop_nested(nested: ManuallyDrop<Box<ThreadCache>>) {
    drop(ManuallyDrop::into_inner(nested));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(revision: u64) -> Snapshot {
        let document = format!(r#"{{"schemaVersion": 1, "revision": {revision}, "flags": {{}}}}"#);
        Snapshot::from_json(&document).unwrap()
    }

    fn read(current: &CurrentSnapshot) -> u64 {
        current.read(Snapshot::revision)
    }

    #[test]
    fn the_read_after_a_swap_has_the_new_snapshot_and_drops_the_old() {
        let current = CurrentSnapshot::new(Some(snapshot(1)), None);
        assert_eq!(read(&current), 1);
        let old = Arc::downgrade(&current.load());
        current.swap(Arc::new(snapshot(2)));
        assert!(old.upgrade().is_some(), "the thread keeps the snapshot");
        assert_eq!(read(&current), 2);
        assert!(old.upgrade().is_none());
    }

    #[test]
    fn snapshots_of_clients_that_are_read_in_turns_or_nested_do_not_mix() {
        let (one, other) = (
            CurrentSnapshot::new(Some(snapshot(1)), None),
            CurrentSnapshot::new(Some(snapshot(2)), None),
        );
        for _ in 0..2 {
            assert_eq!((read(&one), read(&other)), (1, 2));
        }
        let inside = one.read(|outer| {
            one.swap(Arc::new(snapshot(3)));
            (outer.revision(), read(&other), read(&one), outer.revision())
        });
        assert_eq!(inside, (1, 2, 3, 1), "one read has one snapshot");
        assert_eq!(read(&one), 3);
    }
}
