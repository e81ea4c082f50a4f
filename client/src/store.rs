//! Holds the snapshot in use
//!
//! Swapping is one atomic pointer store and reading takes no lock, so neither a slow reader nor a fork at a bad moment can stop anybody.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use arc_swap::cache::Cache;
use flagstaff_core::Snapshot;

type Current = Arc<ArcSwap<Snapshot>>;

thread_local! {
    // What this thread read last. As long as it is the one in use, a read writes to no memory that threads share: taking part in the
    // count of readers would cost as much as an evaluation (docs/adr/0010).
    static LAST: Cell<Option<Cache<Current, Arc<Snapshot>>>> = const { Cell::new(None) };
}

/// The snapshot in use
#[derive(Debug)]
pub(crate) struct Store {
    current: Current,
    is_filled: AtomicBool,
}

impl Store {
    /// `None`: nothing is known yet
    pub(crate) fn new(snapshot: Option<Snapshot>) -> Self {
        let is_filled = AtomicBool::new(snapshot.is_some());
        Self {
            current: Arc::new(ArcSwap::from_pointee(snapshot.unwrap_or_default())),
            is_filled,
        }
    }

    /// Whether anything is known
    pub(crate) fn is_filled(&self) -> bool {
        self.is_filled.load(Ordering::Acquire)
    }

    /// Reads the snapshot for one evaluation; cheaper than [`Store::snapshot`]
    ///
    /// The thread keeps the snapshot until it reads another, of whichever client, or ends.
    #[expect(
        clippy::inline_always,
        reason = "a getter is one function, in which the type that it asks for is a constant"
    )]
    #[inline(always)]
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> T {
        // Taken out, so that a reader who reads again, be it by the attributes that it is handed, finds none and is served nonetheless.
        let last = LAST.try_with(Cell::take).ok().flatten();
        let mut last = last
            .filter(|last| ptr::eq(last.arc_swap(), &raw const *self.current))
            .unwrap_or_else(|| self.fresh());
        let answer = read(last.load());
        // A thread that is ending has nowhere to keep it.
        let _ = LAST.try_with(|kept| kept.set(Some(last)));
        answer
    }

    #[cold]
    fn fresh(&self) -> Cache<Current, Arc<Snapshot>> {
        Cache::new(Arc::clone(&self.current))
    }

    /// The snapshot, to keep
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    pub(crate) fn swap(&self, snapshot: Arc<Snapshot>) {
        self.current.store(snapshot);
        self.is_filled.store(true, Ordering::Release);
    }
}
