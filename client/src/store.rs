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

use crate::usage::{Counter, Own, Usage};

type Current = Arc<ArcSwap<Snapshot>>;

thread_local! {
    // What this thread read last. As long as it is the one in use, a read writes to no memory that threads share: taking part in the
    // count of readers would cost as much as an evaluation (docs/adr/0016).
    // In a box, since it is taken out and put back for each answer.
    static LAST: Cell<Option<Box<Last>>> = const { Cell::new(None) };
}

/// What a thread read last, and where it counts what it is answered
struct Last {
    snapshot: Cache<Current, Arc<Snapshot>>,
    own: Option<Own>,
    // Whether it has not been put back yet: the thread may not read of this client again.
    is_first: bool,
}

/// The snapshot in use
#[derive(Debug)]
pub(crate) struct Store {
    current: Current,
    is_filled: AtomicBool,
    // `None`: nobody wants to know.
    usage: Option<Usage>,
}

impl Store {
    /// `None`: nothing is known yet
    pub(crate) fn new(snapshot: Option<Snapshot>, usage: Option<Usage>) -> Self {
        let is_filled = AtomicBool::new(snapshot.is_some());
        Self {
            current: Arc::new(ArcSwap::from_pointee(snapshot.unwrap_or_default())),
            is_filled,
            usage,
        }
    }

    /// What is counted of the answers, if anything is
    pub(crate) fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// Whether anything is known
    pub(crate) fn is_filled(&self) -> bool {
        self.is_filled.load(Ordering::Acquire)
    }

    /// Begins to read the snapshot in use; cheaper than [`Store::snapshot`]
    #[inline]
    pub(crate) fn reader(&self) -> Reader {
        // Taken out, so that one who reads while reading, be it by the attributes that are asked for, finds none and is served nonetheless.
        let last = LAST.try_with(Cell::take).ok().flatten();
        match last {
            Some(last) if ptr::eq(last.snapshot.arc_swap(), &raw const *self.current) => {
                Reader(last)
            }
            _ => self.first_reader(),
        }
    }

    #[cold]
    fn first_reader(&self) -> Reader {
        Reader(Box::new(Last {
            snapshot: Cache::new(Arc::clone(&self.current)),
            own: None,
            is_first: true,
        }))
    }

    /// Reads the snapshot in use
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> T {
        let mut reader = self.reader();
        let (snapshot, _) = reader.open(None);
        let answer = read(snapshot);
        reader.finish();
        answer
    }

    /// The snapshot, to keep
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Forgets what was counted, in the child of a fork
    pub(crate) fn forget_counts(&self) {
        if let Some(usage) = &self.usage {
            usage.forget();
            // The same flags under another address: the thread that forked counts by the address of the snapshot, and takes a new tally.
            let snapshot = Snapshot::clone(&self.current.load());
            self.current.store(Arc::new(snapshot));
        }
    }

    pub(crate) fn swap(&self, snapshot: Arc<Snapshot>) {
        self.current.store(snapshot);
        self.is_filled.store(true, Ordering::Release);
        if let Some(usage) = &self.usage {
            usage.replaced.notify_one();
        }
    }
}

/// Somebody who reads the snapshot in use
pub(crate) struct Reader(Box<Last>);

impl Reader {
    /// The snapshot, and where to count what it answers
    #[inline]
    pub(crate) fn open<'r>(&'r mut self, usage: Option<&'r Usage>) -> (&'r Snapshot, Counter<'r>) {
        let last = &mut *self.0;
        let snapshot = last.snapshot.load();
        let counter = Counter {
            usage,
            snapshot,
            own: &mut last.own,
            is_first: last.is_first,
        };
        (snapshot, counter)
    }

    /// Leaves the snapshot with the thread, until it reads another, of whichever client, or ends
    #[inline]
    pub(crate) fn finish(mut self) {
        self.0.is_first = false;
        // A thread that is ending has nowhere to keep it.
        let _ = LAST.try_with(|last| {
            if let Some(other) = last.replace(Some(self.0)) {
                let_go(other);
            }
        });
    }
}

/// Of two snapshots that a thread has read at once, one inside the reading of the other, it keeps the outer
#[cold]
fn let_go(inner: Box<Last>) {
    drop(inner);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(revision: u64) -> Snapshot {
        let document = format!(r#"{{"schemaVersion": 1, "revision": {revision}, "flags": {{}}}}"#);
        Snapshot::from_json(&document).unwrap()
    }

    fn read(store: &Store) -> u64 {
        store.read(Snapshot::revision)
    }

    #[test]
    fn the_read_after_a_swap_has_the_new_snapshot_and_lets_go_of_the_old() {
        let store = Store::new(Some(snapshot(1)), None);
        assert_eq!(read(&store), 1);
        let old = Arc::downgrade(&store.snapshot());
        store.swap(Arc::new(snapshot(2)));
        assert!(old.upgrade().is_some(), "the thread keeps what it has read");
        assert_eq!(read(&store), 2);
        assert!(old.upgrade().is_none());
    }

    #[test]
    fn stores_that_are_read_in_turns_or_inside_one_another_do_not_mix() {
        let (one, other) = (
            Store::new(Some(snapshot(1)), None),
            Store::new(Some(snapshot(2)), None),
        );
        for _ in 0..2 {
            assert_eq!((read(&one), read(&other)), (1, 2));
        }
        let inside = one.read(|outer| {
            one.swap(Arc::new(snapshot(3)));
            (outer.revision(), read(&other), read(&one), outer.revision())
        });
        assert_eq!(
            inside,
            (1, 2, 3, 1),
            "a reader keeps one snapshot for the whole read"
        );
        assert_eq!(read(&one), 3);
    }
}
