//! What Python must hear of, from threads that never attach to the interpreter
//!
//! A thread of Rust's that attached while the interpreter ends would crash or hang the process. So changes and log records are put here,
//! and a thread of Python's own comes to fetch them. Changes that nobody has fetched yet are merged, so none is ever lost and the queue
//! holds at most one entry for each flag; of log records the oldest go when there are too many.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use flagstaff::{Change, Status};
use log::{LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;

const MOST_RECORDS: usize = 1_000;

// Replaced whole after a fork: a thread of the parent may have held its lock.
static QUEUE: LazyLock<ArcSwap<Queue>> = LazyLock::new(ArcSwap::default);

#[derive(Default)]
struct Queue {
    news: Mutex<News>,
    arrived: Condvar,
}

#[derive(Default)]
struct News {
    flags: BTreeMap<u64, BTreeSet<Arc<str>>>,
    statuses: BTreeMap<u64, Status>,
    records: VecDeque<(u32, String, String)>,
    is_closed: bool,
}

impl News {
    fn is_empty(&self) -> bool {
        self.flags.is_empty() && self.statuses.is_empty() && self.records.is_empty()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, News> {
        // Nothing below panics with the lock held, and half-done news are still news.
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, put: impl FnOnce(&mut News)) {
        put(&mut self.lock());
        self.arrived.notify_one();
    }
}

/// Puts a change of a client into the queue
pub(crate) fn tell(client: u64, change: &Change) {
    QUEUE.load().put(|news| match change {
        Change::Flags(flags) => news
            .flags
            .entry(client)
            .or_default()
            .extend(flags.iter().cloned()),
        Change::Status(status) => drop(news.statuses.insert(client, *status)),
        // Observers miss nothing.
        Change::Missed(_) => {}
    });
}

type Fetched = (
    Vec<(u64, Vec<String>)>,
    Vec<(u64, &'static str)>,
    Vec<(u32, String, String)>,
);

/// Waits for news, at most for `timeout` seconds; `None` once the queue is closed and empty
///
/// Answers changed flags by client, statuses by client, and log records as level, logger and message.
#[pyfunction]
pub(crate) fn next_news(py: Python<'_>, timeout: f64) -> Option<Fetched> {
    let timeout = Duration::try_from_secs_f64(timeout).unwrap_or_default();
    let news = py.detach(|| {
        let queue = QUEUE.load_full();
        let waited = queue
            .arrived
            .wait_timeout_while(queue.lock(), timeout, |news| {
                news.is_empty() && !news.is_closed
            });
        let (mut news, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let is_closed = news.is_closed;
        mem::replace(
            &mut *news,
            News {
                is_closed,
                ..News::default()
            },
        )
    });
    if news.is_closed && news.is_empty() {
        return None;
    }
    let owned = |flags: BTreeSet<Arc<str>>| flags.iter().map(ToString::to_string).collect();
    Some((
        news.flags
            .into_iter()
            .map(|(client, flags)| (client, owned(flags)))
            .collect(),
        news.statuses
            .into_iter()
            .map(|(client, status)| (client, status.as_str()))
            .collect(),
        news.records.into(),
    ))
}

/// Ends the waiting: the interpreter is about to end
#[pyfunction]
pub(crate) fn close_news() {
    QUEUE.load().put(|news| news.is_closed = true);
}

/// Makes a new queue, for the child of a fork
#[pyfunction]
pub(crate) fn reset_news() {
    mem::forget(QUEUE.swap(Arc::default()));
}

/// Forwards the SDK's log records into the queue
pub(crate) fn listen_to_log() {
    // Now, and not by a thread that a fork may interrupt.
    LazyLock::force(&QUEUE);
    // An error means that it listens already: the module was imported twice.
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

struct Logger;

impl Log for Logger {
    /// Only our own: the HTTP stack's would be noise, and could tell what is none of a log's business
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
        QUEUE.load().put(|news| {
            if news.records.len() >= MOST_RECORDS {
                news.records.pop_front();
            }
            news.records.push_back(entry);
        });
    }

    fn flush(&self) {}
}

/// The numbers of Python's `logging`
fn python_level(level: log::Level) -> u32 {
    match level {
        log::Level::Error => 40,
        log::Level::Warn => 30,
        log::Level::Info => 20,
        log::Level::Debug | log::Level::Trace => 10,
    }
}
