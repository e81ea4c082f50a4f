//! Counts what is answered, by flag and variant, for the server to know which flags are in use
//!
//! A thread counts into memory of its own, by plain loads and stores, so that threads do not slow one another down (docs/adr/0025). Nothing
//! here blocks, and no lock is taken that a fork could leave locked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use flagstaff_core::{Answer, ErrorCode, Outcome, Snapshot};
use tokio::sync::Notify;

pub(crate) mod harvest;
pub(crate) mod report;

/// Threads that count into memory of their own; more share
const THREADS: usize = 256;
/// Flags that do not exist and are counted between two reports
const STRANGERS: usize = 100;
/// Counters that nobody uses before and after those of a tally: else two threads could write to one line of the cache
const MARGIN: usize = 16;
/// Characters of a key that the server takes; no flag has a longer one
const KEY_LENGTH: usize = 100;

/// What a client counts
#[derive(Debug, Default)]
pub(crate) struct Usage {
    tallies: ArcSwap<Vec<Arc<Tally>>>,
    strangers: ArcSwap<Vec<Arc<Stranger>>>,
    lost: AtomicU64,
    /// Wakes who harvests: tallies of a snapshot that has been replaced are there to be let go
    pub(crate) replaced: Notify,
}

/// How often each slot of a snapshot was answered, since the tally was made
#[derive(Debug)]
struct Tally {
    snapshot: Arc<Snapshot>,
    // With a margin on both sides.
    counters: Box<[AtomicU64]>,
    is_shared: bool,
    // Whether a thread counts here. INVARIANT: of a tally that is not shared, nobody but the thread that has taken it writes.
    is_taken: AtomicBool,
}

#[derive(Debug)]
struct Stranger {
    flag: Box<str>,
    count: AtomicU64,
}

/// A tally that this thread has taken, until this is dropped
#[derive(Debug)]
pub(crate) struct Own(Arc<Tally>);

impl Drop for Own {
    fn drop(&mut self) {
        self.0.is_taken.store(false, Ordering::Release);
    }
}

impl Own {
    #[inline]
    fn is_of(&self, snapshot: &Arc<Snapshot>) -> bool {
        Arc::ptr_eq(&self.0.snapshot, snapshot)
    }

    #[inline]
    fn count(&self, slot: usize) {
        if let Some(counter) = self.0.counter(slot) {
            // Not `fetch_add`, which costs as much as an evaluation: this thread is the only one that writes.
            let count = counter.load(Ordering::Relaxed).wrapping_add(1);
            counter.store(count, Ordering::Relaxed);
        }
    }
}

impl Tally {
    fn new(snapshot: &Arc<Snapshot>, is_shared: bool) -> Arc<Self> {
        let slots = 0..snapshot.slot_count().saturating_add(2 * MARGIN);
        Arc::new(Self {
            snapshot: Arc::clone(snapshot),
            counters: slots.map(|_| AtomicU64::new(0)).collect(),
            is_shared,
            is_taken: AtomicBool::new(!is_shared),
        })
    }

    #[inline]
    fn counter(&self, slot: usize) -> Option<&AtomicU64> {
        self.counters.get(slot.wrapping_add(MARGIN))
    }

    /// The counters of the slots, in their order
    fn slots(&self) -> impl Iterator<Item = &AtomicU64> {
        let slots = self.snapshot.slot_count();
        self.counters.iter().skip(MARGIN).take(slots)
    }

    fn is_of(&self, snapshot: &Arc<Snapshot>) -> bool {
        Arc::ptr_eq(&self.snapshot, snapshot)
    }

    fn take(&self) -> bool {
        let (acquire, relaxed) = (Ordering::Acquire, Ordering::Relaxed);
        let take = || {
            self.is_taken
                .compare_exchange(false, true, acquire, relaxed)
        };
        !self.is_shared && take().is_ok()
    }
}

/// Where a thread counts what a snapshot answers
pub(crate) struct Counter<'r> {
    /// `None`: nobody wants to know
    pub(crate) usage: Option<&'r Usage>,
    pub(crate) snapshot: &'r Arc<Snapshot>,
    /// What the thread has taken, if anything
    pub(crate) own: &'r mut Option<Own>,
    /// Whether the thread may not read of this client again
    pub(crate) is_first: bool,
}

impl Counter<'_> {
    /// Counts what was answered to who asked for a flag
    #[inline]
    pub(crate) fn count(&mut self, flag: &str, answer: &Answer<'_>) {
        let Some(usage) = self.usage else { return };
        match answer.slot() {
            Some(slot) => self.add(usage, slot),
            None if matches!(answer.value, Err(ErrorCode::FlagNotFound)) => {
                usage.count_stranger(flag);
            }
            None => {}
        }
    }

    /// The same of an outcome
    pub(crate) fn count_outcome(&mut self, flag: &str, outcome: &Outcome<'_>) {
        let Some(usage) = self.usage else { return };
        match self.snapshot.slot_of(flag, outcome) {
            _ if outcome.error_code == Some(ErrorCode::InvalidContext) => {}
            Some(slot) => self.add(usage, slot),
            None => usage.count_stranger(flag),
        }
    }

    /// Counts the outcome of the flag at a position, in the order of keys
    #[inline]
    pub(crate) fn count_at(&mut self, position: usize, outcome: &Outcome<'_>) {
        if let Some(usage) = self.usage
            && outcome.error_code != Some(ErrorCode::InvalidContext)
            && let Some(slot) = self.snapshot.slot_at(position, outcome)
        {
            self.add(usage, slot);
        }
    }

    #[inline]
    fn add(&mut self, usage: &Usage, slot: usize) {
        match &self.own {
            Some(own) if own.is_of(self.snapshot) => own.count(slot),
            _ => self.add_elsewhere(usage, slot),
        }
    }

    #[cold]
    fn add_elsewhere(&mut self, usage: &Usage, slot: usize) {
        *self.own = None;
        // A thread that asks several clients in turns would take one for each answer.
        if !self.is_first {
            *self.own = usage.take(self.snapshot);
        }
        match &self.own {
            Some(own) => own.count(slot),
            None => usage.count_shared(self.snapshot, slot),
        }
    }
}

impl Usage {
    /// Counts where everybody may
    fn count_shared(&self, snapshot: &Arc<Snapshot>, slot: usize) {
        let tallies = self.tallies.load();
        let mut shared = tallies.iter().filter(|tally| tally.is_shared);
        let found = shared.find(|tally| tally.is_of(snapshot)).map(Arc::clone);
        let tally = found.unwrap_or_else(|| self.add(Tally::new(snapshot, true)));
        if let Some(counter) = tally.counter(slot) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A tally for this thread alone
    fn take(&self, snapshot: &Arc<Snapshot>) -> Option<Own> {
        let tallies = self.tallies.load();
        let mut free = tallies.iter().filter(|tally| tally.is_of(snapshot));
        if let Some(tally) = free.find(|tally| tally.take()) {
            return Some(Own(Arc::clone(tally)));
        }
        let is_room = tallies.len() < THREADS;
        is_room.then(|| Own(self.add(Tally::new(snapshot, false))))
    }

    fn add(&self, tally: Arc<Tally>) -> Arc<Tally> {
        self.tallies.rcu(|tallies| {
            let added = [Arc::clone(&tally)];
            tallies.iter().cloned().chain(added).collect::<Vec<_>>()
        });
        tally
    }

    /// Counts that a flag was asked for that does not exist
    #[cold]
    fn count_stranger(&self, flag: &str) {
        if flag.is_empty() || flag.chars().count() > KEY_LENGTH {
            return;
        }
        let strangers = self.strangers.load();
        if let Some(stranger) = strangers.iter().find(|stranger| *stranger.flag == *flag) {
            stranger.count.fetch_add(1, Ordering::Relaxed);
        } else if strangers.len() < STRANGERS {
            let stranger = Arc::new(Stranger {
                flag: flag.into(),
                count: AtomicU64::new(1),
            });
            self.strangers.rcu(|strangers| {
                let added = [Arc::clone(&stranger)];
                strangers.iter().cloned().chain(added).collect::<Vec<_>>()
            });
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Forgets everything, in the child of a fork: it is the parent's to report
    ///
    /// A thread that has taken a tally would go on counting in it: see [`Store::forget_counts`](crate::store::Store::forget_counts).
    pub(crate) fn forget(&self) {
        // With those that threads of the parent have taken, which are not here to give them back.
        self.tallies.store(Arc::default());
        self.strangers.store(Arc::default());
        self.lost.store(0, Ordering::Relaxed);
    }
}
