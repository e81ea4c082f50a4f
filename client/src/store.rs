//! Holds the snapshot in use
//!
//! Swapping is one atomic pointer store and reading takes no lock, so neither a slow reader nor a fork at a bad moment can stop anybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, Guard};
use flagstaff_core::Snapshot;

/// The snapshot in use
#[derive(Debug)]
pub(crate) struct Store {
    current: ArcSwap<Snapshot>,
    is_filled: AtomicBool,
}

impl Store {
    /// `None`: nothing is known yet
    pub(crate) fn new(snapshot: Option<Snapshot>) -> Self {
        let is_filled = AtomicBool::new(snapshot.is_some());
        Self {
            current: ArcSwap::from_pointee(snapshot.unwrap_or_default()),
            is_filled,
        }
    }

    /// Whether anything is known
    pub(crate) fn is_filled(&self) -> bool {
        self.is_filled.load(Ordering::Acquire)
    }

    /// The snapshot for one evaluation; cheaper than [`Store::snapshot`], not to be kept
    pub(crate) fn read(&self) -> Guard<Arc<Snapshot>> {
        self.current.load()
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
