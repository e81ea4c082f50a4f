//! Counts evaluations by flag and variant, so that the server knows which flags are in use
//!
//! A thread counts in its own memory, by plain loads and stores, so that threads do not slow one another down (docs/adr/0025). Nothing here
//! blocks or takes a lock, which a fork could leave locked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use flagstaff_core::{ErrorCode, EvaluatedValue, Outcome, Snapshot};

pub(crate) mod collector;

/// Threads that count in their own memory; further ones share
const MAX_THREADS: usize = 256;
/// Unknown flags that are counted between two reports
const MAX_UNKNOWN_FLAGS: usize = 100;
/// Unused counters before and after those of a snapshot, so that no two threads write to one cache line
const MARGIN: usize = 16;
/// The longest flag key, in characters
const MAX_KEY_LENGTH: usize = 100;

/// The counts of a client
#[derive(Debug, Default)]
pub(crate) struct Usage {
    counters: ArcSwap<Vec<Arc<SnapshotCounters>>>,
    unknown_flags: ArcSwap<Vec<Arc<UnknownFlag>>>,
    dropped: AtomicU64,
}

/// How often each flag of a snapshot was evaluated to each variant, since this was made
#[derive(Debug)]
struct SnapshotCounters {
    snapshot: Arc<Snapshot>,
    // With a margin on both sides.
    counters: Box<[AtomicU64]>,
    is_shared: bool,
    // Whether a thread has leased them. INVARIANT: counters that are not shared are written only by the thread that has leased them.
    is_leased: AtomicBool,
}

#[derive(Debug)]
struct UnknownFlag {
    flag: Box<str>,
    count: AtomicU64,
}

/// Counters that only this thread writes, until this is dropped
#[derive(Debug)]
pub(crate) struct CounterLease(Arc<SnapshotCounters>);

impl Drop for CounterLease {
    fn drop(&mut self) {
        self.0.is_leased.store(false, Ordering::Release);
    }
}

impl CounterLease {
    #[inline]
    fn is_of(&self, snapshot: &Arc<Snapshot>) -> bool {
        self.0.is_of(snapshot)
    }

    #[inline]
    fn count(&self, index: usize) {
        if let Some(counter) = self.0.counter(index) {
            // Not `fetch_add`, which costs as much as an evaluation: no other thread writes.
            let count = counter.load(Ordering::Relaxed).wrapping_add(1);
            counter.store(count, Ordering::Relaxed);
        }
    }
}

impl SnapshotCounters {
    fn new(snapshot: &Arc<Snapshot>, is_shared: bool) -> Arc<Self> {
        let counters = 0..snapshot.counter_count().saturating_add(2 * MARGIN);
        Arc::new(Self {
            snapshot: Arc::clone(snapshot),
            counters: counters.map(|_| AtomicU64::new(0)).collect(),
            is_shared,
            is_leased: AtomicBool::new(!is_shared),
        })
    }

    #[inline]
    fn counter(&self, index: usize) -> Option<&AtomicU64> {
        self.counters.get(index.wrapping_add(MARGIN))
    }

    /// The counters without the margins
    fn iter(&self) -> impl Iterator<Item = &AtomicU64> {
        let count = self.snapshot.counter_count();
        self.counters.iter().skip(MARGIN).take(count)
    }

    #[inline]
    fn is_of(&self, snapshot: &Arc<Snapshot>) -> bool {
        Arc::ptr_eq(&self.snapshot, snapshot)
    }

    fn try_lease(&self) -> bool {
        let (acquire, relaxed) = (Ordering::Acquire, Ordering::Relaxed);
        let lease = || {
            self.is_leased
                .compare_exchange(false, true, acquire, relaxed)
        };
        !self.is_shared && lease().is_ok()
    }
}

/// Counts the evaluations of one call
pub(crate) struct UsageRecorder<'g> {
    /// `None` if evaluations are not counted
    pub(crate) usage: Option<&'g Usage>,
    pub(crate) snapshot: &'g Arc<Snapshot>,
    /// The counters that the thread has leased, if any
    pub(crate) lease: &'g mut Option<CounterLease>,
    /// Whether the thread may not use this client again
    pub(crate) is_first: bool,
}

impl UsageRecorder<'_> {
    /// Counts the value of a flag
    #[inline]
    pub(crate) fn count(&mut self, flag: &str, evaluated: &EvaluatedValue<'_>) {
        match evaluated.counter() {
            Some(index) => self.add(index),
            None if matches!(evaluated.value, Err(Some(ErrorCode::FlagNotFound))) => {
                self.add_unknown(flag);
            }
            None => {}
        }
    }

    /// Counts the outcome of a flag
    pub(crate) fn count_outcome(&mut self, flag: &str, outcome: &Outcome<'_>) {
        match self.snapshot.counter_of(flag, outcome) {
            _ if outcome.error_code() == Some(ErrorCode::InvalidContext) => {}
            Some(index) => self.add(index),
            None => self.add_unknown(flag),
        }
    }

    /// Counts the outcome of the flag at an index, in the order of keys
    #[inline]
    pub(crate) fn count_at(&mut self, index: usize, outcome: &Outcome<'_>) {
        if outcome.error_code() != Some(ErrorCode::InvalidContext)
            && let Some(counter) = self.snapshot.counter_at(index, outcome)
        {
            self.add(counter);
        }
    }

    #[inline]
    fn add(&mut self, index: usize) {
        // The lease first: who has one counts.
        match (&self.lease, self.usage) {
            (Some(lease), _) if lease.is_of(self.snapshot) => lease.count(index),
            (_, None) => {}
            (_, Some(usage)) => {
                usage.count_without_lease(self.lease, (self.snapshot, self.is_first), index);
            }
        }
    }

    #[cold]
    fn add_unknown(&self, flag: &str) {
        if let Some(usage) = self.usage {
            usage.count_unknown(flag);
        }
    }
}

impl Usage {
    // Not a method of the recorder, which can so stay in registers.
    #[cold]
    fn count_without_lease(
        &self,
        lease: &mut Option<CounterLease>,
        (snapshot, is_first): (&Arc<Snapshot>, bool),
        index: usize,
    ) {
        *lease = None;
        // Not at the first call: a thread that uses several clients in turns would lease counters at each call.
        if !is_first {
            *lease = self.lease(snapshot);
        }
        match lease {
            Some(lease) => lease.count(index),
            None => self.count_shared(snapshot, index),
        }
    }

    /// Counts where all threads may
    fn count_shared(&self, snapshot: &Arc<Snapshot>, index: usize) {
        let all = self.counters.load();
        let mut shared = all.iter().filter(|counters| counters.is_shared);
        let found = shared
            .find(|counters| counters.is_of(snapshot))
            .map(Arc::clone);
        let counters = found.unwrap_or_else(|| self.insert(SnapshotCounters::new(snapshot, true)));
        if let Some(counter) = counters.counter(index) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counters for this thread alone
    fn lease(&self, snapshot: &Arc<Snapshot>) -> Option<CounterLease> {
        let all = self.counters.load();
        let mut free = all.iter().filter(|counters| counters.is_of(snapshot));
        if let Some(counters) = free.find(|counters| counters.try_lease()) {
            return Some(CounterLease(Arc::clone(counters)));
        }
        let has_room = all.len() < MAX_THREADS;
        has_room.then(|| CounterLease(self.insert(SnapshotCounters::new(snapshot, false))))
    }

    fn insert(&self, counters: Arc<SnapshotCounters>) -> Arc<SnapshotCounters> {
        self.counters.rcu(|all| {
            let added = [Arc::clone(&counters)];
            all.iter().cloned().chain(added).collect::<Vec<_>>()
        });
        counters
    }

    /// Counts an evaluation of a flag that does not exist
    #[cold]
    fn count_unknown(&self, flag: &str) {
        if flag.is_empty() || flag.chars().count() > MAX_KEY_LENGTH {
            return;
        }
        let unknown_flags = self.unknown_flags.load();
        if let Some(unknown) = unknown_flags.iter().find(|unknown| *unknown.flag == *flag) {
            unknown.count.fetch_add(1, Ordering::Relaxed);
        } else if unknown_flags.len() < MAX_UNKNOWN_FLAGS {
            let unknown = Arc::new(UnknownFlag {
                flag: flag.into(),
                count: AtomicU64::new(1),
            });
            self.unknown_flags.rcu(|unknown_flags| {
                let added = [Arc::clone(&unknown)];
                unknown_flags
                    .iter()
                    .cloned()
                    .chain(added)
                    .collect::<Vec<_>>()
            });
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Drops all counts, in the child process of a fork, since the parent reports them
    ///
    /// A thread that holds a lease would go on counting in it: see
    /// [`CurrentSnapshot::reset_counts`](crate::current_snapshot::CurrentSnapshot::reset_counts).
    pub(crate) fn reset(&self) {
        // With the counters that other threads of the parent have leased, which do not exist here and cannot return them.
        self.counters.store(Arc::default());
        self.unknown_flags.store(Arc::default());
        self.dropped.store(0, Ordering::Relaxed);
    }
}
