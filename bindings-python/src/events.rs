//! Events for Python: changes of clients and log records
//!
//! Rust's background threads never attach to the interpreter: if one did while the interpreter ends, the process would crash or hang. They
//! put events into this queue, and a Python thread fetches them. Changes of one client are merged until they are fetched, so none is lost
//! and the queue has at most one entry for each flag. If there are too many log records, the oldest are dropped.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use flagstaff::{ClientChange, Status};
use log::{LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;

const MAX_RECORDS: usize = 1_000;

// Replaced as a whole after a fork: a thread of the parent may have held its lock.
static QUEUE: LazyLock<ArcSwap<Queue>> = LazyLock::new(ArcSwap::default);

#[derive(Default)]
struct Queue {
    events: Mutex<Events>,
    arrived: Condvar,
}

#[derive(Default)]
struct Events {
    flags: BTreeMap<u64, BTreeSet<Arc<str>>>,
    statuses: BTreeMap<u64, Status>,
    records: VecDeque<(u32, String, String)>,
    is_closed: bool,
}

impl Events {
    fn is_empty(&self) -> bool {
        self.flags.is_empty() && self.statuses.is_empty() && self.records.is_empty()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Events> {
        // Nothing panics while it holds the lock, and incomplete events would be valid.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, put: impl FnOnce(&mut Events)) {
        put(&mut self.lock());
        self.arrived.notify_one();
    }
}

/// Puts a change of a client into the queue
pub(crate) fn put_change(client: u64, change: &ClientChange) {
    QUEUE.load().put(|events| match change {
        ClientChange::Flags(flags) => events
            .flags
            .entry(client)
            .or_default()
            .extend(flags.iter().cloned()),
        ClientChange::Status(status) => drop(events.statuses.insert(client, *status)),
        // Callbacks never lag.
        ClientChange::Lagged(_) => {}
    });
}

type FetchedEvents = (
    Vec<(u64, Vec<String>)>,
    Vec<(u64, &'static str)>,
    Vec<(u32, String, String)>,
);

/// Waits for events, at most for `timeout` seconds; `None` once the queue is closed and empty
///
/// Returns changed flags by client, statuses by client, and log records as level, logger and message.
#[pyfunction]
pub(crate) fn next_events(py: Python<'_>, timeout: f64) -> Option<FetchedEvents> {
    let timeout = Duration::try_from_secs_f64(timeout).unwrap_or_default();
    let events = py.detach(|| {
        let queue = QUEUE.load_full();
        let waited = queue
            .arrived
            .wait_timeout_while(queue.lock(), timeout, |events| {
                events.is_empty() && !events.is_closed
            });
        let (mut events, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_closed = events.is_closed;
        mem::replace(
            &mut *events,
            Events {
                is_closed,
                ..Events::default()
            },
        )
    });
    if events.is_closed && events.is_empty() {
        return None;
    }
    let owned = |flags: BTreeSet<Arc<str>>| flags.iter().map(ToString::to_string).collect();
    Some((
        events
            .flags
            .into_iter()
            .map(|(client, flags)| (client, owned(flags)))
            .collect(),
        events
            .statuses
            .into_iter()
            .map(|(client, status)| (client, status.as_str()))
            .collect(),
        events.records.into(),
    ))
}

/// Whether there are events to fetch
pub(crate) fn has_events() -> bool {
    !QUEUE.load().lock().is_empty()
}

/// Ends the waiting, before the interpreter ends
#[pyfunction]
pub(crate) fn close_events() {
    QUEUE.load().put(|events| events.is_closed = true);
}

/// Makes a new queue, in the child process of a fork
#[pyfunction]
pub(crate) fn reset_events() {
    mem::forget(QUEUE.swap(Arc::default()));
}

/// Forwards the SDK's log records into the queue
pub(crate) fn forward_log() {
    // Now, and not later by a thread that a fork may interrupt.
    LazyLock::force(&QUEUE);
    // An error means that records are forwarded already: the module was imported twice.
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

struct Logger;

impl Log for Logger {
    /// Whether a record is the SDK's own: those of the HTTP stack would be noise, and could contain secrets
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("flagstaff")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let entry = (
            python_level(record.level()),
            record.target().replace("::", "."),
            record.args().to_string(),
        );
        QUEUE.load().put(|events| {
            if events.records.len() >= MAX_RECORDS {
                events.records.pop_front();
            }
            events.records.push_back(entry);
        });
    }

    fn flush(&self) {}
}

/// The level in Python's `logging`
fn python_level(level: log::Level) -> u32 {
    match level {
        log::Level::Error => 40,
        log::Level::Warn => 30,
        log::Level::Info => 20,
        log::Level::Debug | log::Level::Trace => 10,
    }
}
