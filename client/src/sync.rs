//! Keeps a snapshot fresh: follows the stream, polls while there is none, and tells when time alone changes a flag
//!
//! One task, never ended by a failure. Sources, time and randomness come from outside.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use flagstaff_core::{Commit, Replica, Snapshot, Step, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::acknowledge::acknowledge;
use crate::backoff::{Backoff, jittered};
use crate::config::Timing;
use crate::session::Session;
use crate::source::{Events, Failure, Polled, Source};
use crate::store::Store;

/// The wall clock is looked at again so often while waiting for an instant, since it can be set
const CLOCK_CHECK: Duration = Duration::from_mins(1);

/// What a sync task is made of
pub(crate) struct SyncTask<'a, S> {
    source: S,
    store: &'a Store,
    session: &'a Session,
    timing: &'a Timing,
    now: fn() -> Timestamp,
    random: fn() -> f64,
    replica: RefCell<Replica>,
    link: watch::Sender<Link>,
    commits: watch::Sender<u64>,
    // The cursor of what the stream has brought to be in use.
    in_use: watch::Sender<Option<String>>,
    is_polling: Cell<bool>,
}

/// How the stream fares
#[derive(Debug, Clone, Copy, Default)]
struct Link {
    is_up: bool,
    failures: u32,
}

impl<'a, S: Source> SyncTask<'a, S> {
    pub(crate) fn new(
        source: S,
        store: &'a Store,
        session: &'a Session,
        timing: &'a Timing,
    ) -> Self {
        Self {
            source,
            store,
            session,
            timing,
            now: crate::clock::now,
            random: fastrand::f64,
            replica: RefCell::new(Replica::new()),
            link: watch::Sender::new(Link::default()),
            commits: watch::Sender::new(0),
            in_use: watch::Sender::new(None),
            is_polling: Cell::new(false),
        }
    }

    /// Runs until it is dropped
    pub(crate) async fn run(&self) {
        let in_use = self.in_use.subscribe();
        let acknowledge = acknowledge(&self.source, in_use, self.timing, self.random);
        tokio::join!(
            self.follow(),
            self.stand_in(),
            self.watch_time(),
            acknowledge
        );
    }

    /// Follows the stream, connection after connection
    async fn follow(&self) {
        let mut backoff = Backoff::new(self.timing);
        loop {
            let began = Instant::now();
            let Err(failure) = self.connection(&mut backoff).await;
            let was_up = self.link_is_down();
            if was_up && began.elapsed() >= self.timing.healthy_after {
                backoff.reset();
            }
            self.stream_failed(&failure, was_up);
            sleep(backoff.next(failure.hint(self.timing.refused_retry), (self.random)())).await;
        }
    }

    /// One connection, to its inevitable end
    async fn connection(&self, backoff: &mut Backoff) -> Result<std::convert::Infallible, Failure> {
        let cursor = self.replica.borrow().cursor().map(str::to_owned);
        let mut stream = self.source.connect(cursor.as_deref()).await?;
        self.replica.borrow_mut().connected();
        loop {
            let event = stream.next().await?;
            if let Some(base) = event.retry {
                backoff.set_base(base);
            }
            let step =
                self.replica
                    .borrow_mut()
                    .event(&event.name, &event.data, event.id.as_deref())?;
            match step {
                Step::Pending | Step::Ignored => {}
                Step::Current => self.link_is_up(),
                Step::Committed(commit) => {
                    self.publish(commit);
                    self.link_is_up();
                }
                Step::Discarded { reason } => {
                    log::warn!("the server could not complete a transfer: {reason}");
                }
                Step::Goodbye {
                    reason,
                    retry_after_ms,
                } => {
                    return Err(Failure::Goodbye {
                        reason,
                        retry_after: retry_after_ms.map(Duration::from_millis),
                    });
                }
            }
        }
    }

    fn link_is_up(&self) {
        let cursor = self.replica.borrow().cursor().map(str::to_owned);
        self.in_use.send_replace(cursor);
        self.link.send_if_modified(|link| {
            !std::mem::replace(
                link,
                Link {
                    is_up: true,
                    failures: 0,
                },
            )
            .is_up
        });
        self.session.is_fresh();
    }

    /// Answers whether it was up
    fn link_is_down(&self) -> bool {
        let mut was_up = false;
        self.link
            .send_modify(|link| was_up = std::mem::replace(&mut link.is_up, false));
        was_up
    }

    fn stream_failed(&self, failure: &Failure, was_up: bool) {
        if failure.is_goodbye() {
            log::debug!("{failure}");
            return;
        }
        self.link
            .send_modify(|link| link.failures = link.failures.saturating_add(1));
        let failures = self.link.borrow().failures;
        // Once, not in a loop: a server that is away for an hour is one line of a log.
        let level = if failures == 1 {
            log::Level::Warn
        } else {
            log::Level::Debug
        };
        log::log!(
            level,
            "the stream failed ({failures} in a row): {}",
            chain(failure)
        );
        // The first reconnection mostly succeeds within a second: that is not worth a change of status.
        if !was_up && !self.is_polling.get() {
            self.session.is_lost(failure.is_refusal());
        }
    }

    /// Polls whenever the stream has failed too often, until it is back
    async fn stand_in(&self) {
        let mut link = self.link.subscribe();
        loop {
            // The sender is this task's own, so waiting cannot fail.
            drop(
                link.wait_for(|link| link.failures >= self.timing.poll_after_failures)
                    .await,
            );
            tokio::select! {
                biased; // An answer that arrives with the stream is older than the stream's.
                _ = link.wait_for(|link| link.is_up) => {}
                () = self.poll() => {}
            }
            self.is_polling.set(false);
        }
    }

    async fn poll(&self) {
        let mut entity_tag = None;
        loop {
            let mut delay = jittered(self.timing.poll_interval, (self.random)());
            match self.poll_once(&mut entity_tag).await {
                Ok(()) => {
                    self.is_polling.set(true);
                    self.session.is_fresh();
                }
                Err(failure) => {
                    self.is_polling.set(false);
                    log::debug!("polling failed: {}", chain(&failure));
                    self.session.is_lost(failure.is_refusal());
                    delay = delay.max(
                        failure
                            .hint(self.timing.refused_retry)
                            .unwrap_or_default()
                            .min(self.timing.refused_retry),
                    );
                }
            }
            sleep(delay).await;
        }
    }

    async fn poll_once(&self, entity_tag: &mut Option<String>) -> Result<(), Failure> {
        if let Polled::Document {
            text,
            entity_tag: newer,
        } = self.source.poll(entity_tag.as_deref()).await?
        {
            let commit = self.replica.borrow_mut().load(&text)?;
            *entity_tag = newer;
            self.publish(commit);
        }
        Ok(())
    }

    fn publish(&self, commit: Commit) {
        log::debug!(
            "revision {} of `{}` is in use",
            commit.snapshot.revision(),
            commit.snapshot.environment()
        );
        self.store.swap(commit.snapshot);
        self.commits
            .send_modify(|count| *count = count.wrapping_add(1));
        self.session.flags_changed(commit.changed.into());
    }

    /// Tells of changes by time alone
    async fn watch_time(&self) {
        let mut commits = self.commits.subscribe();
        let mut since = (self.now)();
        loop {
            let snapshot = self.store.snapshot();
            tokio::select! {
                biased;
                _ = commits.changed() => {}
                () = self.boundary(&snapshot, since) => {}
            }
            // Also where a commit has come first: it does not tell of what time did to the flags that it left alone.
            let until = (self.now)();
            let changed = snapshot.changed_between(since, until);
            self.session.flags_changed(changed.into());
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

/// An error with its causes, on one line
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
