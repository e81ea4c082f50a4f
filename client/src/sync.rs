//! Keeps the snapshot up to date: follows the stream, polls while there is none, and notifies when time alone changes a flag
//!
//! One task that no failure ends. Source, time and randomness are arguments.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use flagstaff_core::{Replica, Snapshot, SnapshotUpdate, Timestamp, TransferProgress};
use log::Level;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::acknowledge::acknowledge;
use crate::backoff::{Backoff, jittered, refused_delay, requested_delay, scaled};
use crate::cache::Cache;
use crate::clock;
use crate::config::{Config, UpdateMode};
use crate::current_snapshot::CurrentSnapshot;
use crate::error::chain;
use crate::session::Session;
use crate::source::{EventStream, PollResponse, Source, SourceError};
use crate::timing::{CACHE_SPREAD, POLL_JITTER, Timing};

/// While waiting for an instant the wall clock is read this often, since it can be set
const CLOCK_CHECK: Duration = Duration::from_mins(1);

/// The task and what it works with
pub(crate) struct SyncTask<'a, S> {
    source: &'a S,
    current: &'a CurrentSnapshot,
    session: &'a Session,
    timing: &'a Timing,
    mode: UpdateMode,
    cache: Option<&'a Cache>,
    now: fn() -> Timestamp,
    random: fn() -> f64,
    replica: RefCell<Replica>,
    stream: watch::Sender<StreamHealth>,
    commits: watch::Sender<u64>,
    // The cursor of the state from the stream that is in use.
    in_use: watch::Sender<Option<String>>,
    is_polling: Cell<bool>,
}

/// The state of the stream
#[derive(Debug, Clone, Copy, Default)]
struct StreamHealth {
    up_since: Option<Instant>,
    // In a row.
    failures: u32,
}

impl<'a, S: Source> SyncTask<'a, S> {
    pub(crate) fn new(
        source: &'a S,
        current: &'a CurrentSnapshot,
        session: &'a Session,
        timing: &'a Timing,
    ) -> Self {
        Self {
            source,
            current,
            session,
            timing,
            mode: UpdateMode::Stream,
            cache: None,
            now: clock::now,
            random: fastrand::f64,
            replica: RefCell::new(Replica::new()),
            stream: watch::Sender::new(StreamHealth::default()),
            commits: watch::Sender::new(0),
            in_use: watch::Sender::new(None),
            is_polling: Cell::new(false),
        }
    }

    /// The same task, with the settings of a client
    pub(crate) fn with_config(self, config: &'a Config) -> Self {
        Self {
            mode: config.mode,
            cache: config.cache.as_ref(),
            ..self
        }
    }

    /// Runs until it is dropped
    pub(crate) async fn run(&self) {
        if self.mode == UpdateMode::Poll {
            tokio::join!(self.poll(), self.watch_boundaries());
            return;
        }
        let in_use = self.in_use.subscribe();
        let acknowledge = acknowledge(self.source, in_use, self.timing, self.random);
        tokio::join!(
            self.follow(),
            self.poll_during_outage(),
            self.watch_boundaries(),
            self.update_cache(),
            acknowledge
        );
    }

    /// Fetches the document some seconds after a change, for the cache
    async fn update_cache(&self) {
        let Some(cache) = self.cache else { return };
        let mut commits = self.commits.subscribe();
        let mut entity_tag = None;
        loop {
            // The sender belongs to this task, so waiting cannot fail.
            drop(commits.changed().await);
            // Changes that come meanwhile are fetched with it.
            sleep(scaled(CACHE_SPREAD, (self.random)())).await;
            commits.mark_unchanged();
            match self.source.poll(entity_tag.as_deref()).await {
                Ok(PollResponse::Document {
                    text,
                    entity_tag: newer,
                }) => {
                    cache.write(&text);
                    entity_tag = newer;
                }
                Ok(PollResponse::Unchanged) => {}
                Err(error) => log::debug!("no document for the cache: {}", chain(&error)),
            }
        }
    }

    /// Follows the stream, connection after connection
    async fn follow(&self) {
        let mut backoff = Backoff::new(self.timing);
        loop {
            let Err(error) = self.connection(&mut backoff).await;
            let up_since = self.mark_stream_down();
            if up_since.is_some_and(|since| since.elapsed() >= self.timing.healthy_after) {
                backoff.reset();
            }
            let was_up = up_since.is_some();
            self.stream_ended(&error, was_up);
            sleep(self.reconnect_delay(&error, was_up, &mut backoff)).await;
        }
    }

    /// One connection, until it ends
    async fn connection(
        &self,
        backoff: &mut Backoff,
    ) -> Result<std::convert::Infallible, SourceError> {
        let cursor = self.replica.borrow().cursor().map(str::to_owned);
        let mut stream = self.source.connect(cursor.as_deref()).await?;
        self.replica.borrow_mut().begin_connection();
        loop {
            let event = stream.next().await?;
            if let Some(base) = event.retry {
                backoff.set_base(base);
            }
            let step = self.replica.borrow_mut().apply_event(
                &event.name,
                &event.data,
                event.id.as_deref(),
            )?;
            match step {
                TransferProgress::Pending | TransferProgress::Ignored => {}
                TransferProgress::Current => self.mark_stream_up(),
                TransferProgress::Committed(commit) => {
                    self.publish(commit);
                    self.mark_stream_up();
                }
                TransferProgress::Discarded { reason } => {
                    log::warn!("the server could not complete a transfer: {reason}");
                }
                TransferProgress::Goodbye {
                    reason,
                    retry_after_ms,
                } => {
                    return Err(SourceError::Goodbye {
                        reason,
                        retry_after: retry_after_ms.map(Duration::from_millis),
                    });
                }
            }
        }
    }

    fn mark_stream_up(&self) {
        let cursor = self.replica.borrow().cursor().map(str::to_owned);
        self.in_use.send_replace(cursor);
        self.stream.send_if_modified(|stream| {
            let was_up = stream.up_since.is_some();
            stream.up_since.get_or_insert_with(Instant::now);
            stream.failures = 0;
            !was_up
        });
        self.session.mark_fresh();
    }

    /// Returns since when it was up, if it was
    fn mark_stream_down(&self) -> Option<Instant> {
        let mut up_since = None;
        self.stream
            .send_modify(|stream| up_since = stream.up_since.take());
        up_since
    }

    fn stream_ended(&self, error: &SourceError, was_up: bool) {
        if was_up && error.is_goodbye() {
            log::debug!("{error}");
            return;
        }
        self.stream
            .send_modify(|stream| stream.failures = stream.failures.saturating_add(1));
        let failures = self.stream.borrow().failures;
        // Once, not in a loop: an outage of an hour is one line of the log.
        let level = if failures == 1 {
            Level::Warn
        } else {
            Level::Debug
        };
        log::log!(
            level,
            "the stream failed ({failures} in a row): {}",
            chain(error)
        );
        // The first reconnection mostly succeeds within a second, so the status stays.
        if !was_up && !self.is_polling.get() {
            self.session.mark_unreachable(error.is_refusal());
        }
    }

    fn reconnect_delay(
        &self,
        error: &SourceError,
        was_up: bool,
        backoff: &mut Backoff,
    ) -> Duration {
        let random = (self.random)();
        let requested = error
            .retry_after()
            .map(|requested| requested_delay(self.timing, requested, random));
        if was_up && error.is_goodbye() {
            return requested.unwrap_or_else(|| backoff.first(random));
        }
        let mut delay = backoff.next(random);
        if error.is_refusal() {
            delay = refused_delay(self.timing, random);
        }
        delay.max(requested.unwrap_or_default())
    }

    /// Polls whenever the stream has failed too often, until it is up again
    async fn poll_during_outage(&self) {
        let mut stream = self.stream.subscribe();
        loop {
            // The sender belongs to this task, so waiting cannot fail.
            drop(
                stream
                    .wait_for(|stream| stream.failures >= self.timing.poll_after_failures)
                    .await,
            );
            tokio::select! {
                biased; // A response that arrives together with the stream is older than the stream.
                _ = stream.wait_for(|stream| stream.up_since.is_some()) => {}
                () = self.poll() => {}
            }
            self.is_polling.set(false);
        }
    }

    async fn poll(&self) {
        let mut entity_tag = None;
        let mut failures = 0_u32;
        loop {
            let random = (self.random)();
            let mut delay = jittered(self.timing.poll_interval, POLL_JITTER, random);
            match self.poll_once(&mut entity_tag).await {
                Ok(()) => {
                    failures = 0;
                    self.is_polling.set(true);
                    self.session.mark_fresh();
                }
                Err(error) => {
                    self.is_polling.set(false);
                    failures = failures.saturating_add(1);
                    // Without a stream, whose failure is logged, once.
                    let is_news = self.mode == UpdateMode::Poll && failures == 1;
                    let level = if is_news { Level::Warn } else { Level::Debug };
                    log::log!(level, "a poll failed: {}", chain(&error));
                    self.session.mark_unreachable(error.is_refusal());
                    if error.is_refusal() {
                        delay = refused_delay(self.timing, random);
                    } else if let Some(requested) = error.retry_after() {
                        delay = delay.max(requested_delay(self.timing, requested, random));
                    }
                }
            }
            sleep(delay).await;
        }
    }

    async fn poll_once(&self, entity_tag: &mut Option<String>) -> Result<(), SourceError> {
        if let PollResponse::Document {
            text,
            entity_tag: newer,
        } = self.source.poll(entity_tag.as_deref()).await?
        {
            let commit = self.replica.borrow_mut().load_document(&text)?;
            *entity_tag = newer;
            if let Some(cache) = self.cache {
                cache.write(&text);
            }
            self.publish(commit);
        }
        Ok(())
    }

    fn publish(&self, commit: SnapshotUpdate) {
        log::debug!(
            "revision {} of `{}` is in use",
            commit.snapshot.revision(),
            commit.snapshot.environment()
        );
        self.current.swap(commit.snapshot);
        self.session.mark_replaced();
        self.commits
            .send_modify(|count| *count = count.wrapping_add(1));
        self.session.notify_flags(commit.changed.into());
    }

    /// Notifies of changes by time alone
    async fn watch_boundaries(&self) {
        let mut commits = self.commits.subscribe();
        let mut since = (self.now)();
        loop {
            let snapshot = self.current.load();
            tokio::select! {
                biased;
                _ = commits.changed() => {}
                () = self.boundary(&snapshot, since) => {}
            }
            // Also after a commit, which does not include the flags that time alone has changed.
            let until = (self.now)();
            let changed = snapshot.changed_between(since, until);
            self.session.notify_flags(changed.into());
            since = until;
        }
    }

    /// Ends at the first instant after `since` at which time alone may change a flag of this snapshot
    async fn boundary(&self, snapshot: &Snapshot, since: Timestamp) {
        let Some(at) = snapshot.next_boundary(since) else {
            return std::future::pending().await;
        };
        loop {
            let left = at.as_millis().saturating_sub((self.now)().as_millis());
            match u64::try_from(left) {
                Ok(left) if left > 0 => sleep(Duration::from_millis(left).min(CLOCK_CHECK)).await,
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests;
