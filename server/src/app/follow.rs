//! Keeps every environment up to date with the store: with commits of other nodes, and with changes made while the store was unreachable
//!
//! A poll compares the revisions in the store with those that are served. It runs when the store notifies of a commit, and also at the
//! interval [`RuntimeConfig::poll`](crate::RuntimeConfig), since a notification can get lost, on a dead connection or in a pooler.

use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use crate::app::AppState;
use crate::engine::environment::{LoadError, RefreshResult};
use crate::runtime::logging::error_chain;
use crate::store::StoreError;

/// Reconnect after this many changes in a row without a notification
const MAX_MISSED: u32 = 3;
/// The delay within which an expired key is noticed
const EXPIRE: Duration = Duration::from_millis(500);
/// How often writing is tried after a write failed, so that the node can report that it works again
const TRY_WRITE: Duration = Duration::from_secs(1);
/// The delay before listening again after a failure
const RETRY: Duration = Duration::from_secs(5);

/// Follows the store until the server stops
pub(crate) async fn sync_with_store(state: AppState) {
    let missed_notifications = Notify::new();
    let stopping = state.stopping().clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = async { tokio::join!(
            poll_loop(&state, &missed_notifications), listen(&state, &missed_notifications), expire(&state), try_writes(&state),
        ); } => {}
    }
}

/// Polls after every notification, and periodically
async fn poll_loop(state: &AppState, missed_notifications: &Notify) {
    let mut poll = tokio::time::interval(state.config().poll);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut missed = 0_u32;
    let mut log = Log::default();
    loop {
        let was_announced = tokio::select! {
            () = state.engine.store_handle().remote_commit.notified() => true,
            _ = poll.tick() => false,
        };
        let result = poll_store(state).await;
        if was_announced {
            missed = 0;
        } else if result.has_moved {
            missed = missed.saturating_add(1);
            if missed == MAX_MISSED {
                missed_notifications.notify_one();
                missed = 0;
            }
        }
        log.record(state, result);
    }
}

/// Closes the streams of keys and sessions that have expired, whether the store is reachable or not
async fn expire(state: &AppState) {
    let mut tick = tokio::time::interval(EXPIRE);
    loop {
        tick.tick().await;
        state.access_index().end_expired(state.now());
    }
}

/// Tries to write after a write failed, until one succeeds
async fn try_writes(state: &AppState) {
    let mut tick = tokio::time::interval(TRY_WRITE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if state.store().writes().are_failing() && !state.store_health().is_lost() {
            // The store records the result.
            let _ = state.store().try_write().await;
        }
    }
}

/// The result of a poll
#[derive(Default)]
struct PollResult {
    has_moved: bool,
    // Since when the node is up to date, if it is.
    current_at: Option<Instant>,
    is_out_of_reach: bool,
    error: Option<LoadError>,
}

async fn poll_store(state: &AppState) -> PollResult {
    let asked_at = Instant::now();
    let heads = match state.store().heads().await {
        Ok(heads) => heads,
        Err(error) => {
            // High load is not an outage, in which all writes would be refused; nor does it end an outage.
            let is_out_of_reach = !error.is_of_load() || state.store_health().is_lost();
            return PollResult {
                is_out_of_reach,
                error: Some(error.into()),
                ..PollResult::default()
            };
        }
    };
    let mut result = PollResult {
        current_at: Some(asked_at),
        ..PollResult::default()
    };
    // Before the flags: a revoked key must not read anything newer than its end.
    let has_access_changed = heads.access != state.access_index().version();
    if has_access_changed {
        result.has_moved = true;
        if let Err(error) = state.refresh_keys().await {
            result.current_at = None;
            result.error = Some(error.into());
        }
    }
    let is_new = |id: &i64| state.environment(*id).is_none();
    // Renaming and deleting an environment count as changes of access.
    if has_access_changed || heads.revisions.keys().any(is_new) {
        result.has_moved = true;
        if let Err(error) = state.refresh_environments().await {
            result.current_at = None;
            result.error = Some(error);
        }
    }
    for (id, revision) in &heads.revisions {
        let Some(environment) = state.environment(*id) else {
            continue;
        };
        match environment.refresh(&heads.epoch, *revision).await {
            Ok(RefreshResult::Current) => {}
            Ok(RefreshResult::Moved) => result.has_moved = true,
            Ok(RefreshResult::Busy) => result.current_at = None,
            Err(error) => {
                result.current_at = None;
                result.error = Some(error);
            }
        }
    }
    // Last, so that clients that are notified of a change can already read it here.
    state.engine.set_followed(heads);
    result
}

/// Logs changes of the store's state once
#[derive(Default)]
struct Log {
    error: Option<String>,
}

impl Log {
    fn record(&mut self, state: &AppState, result: PollResult) {
        let store_health = state.store_health();
        let stale_for = store_health.stale_for();
        let is_new_outage = result.is_out_of_reach && store_health.mark_unavailable();
        if !result.is_out_of_reach && store_health.mark_available(result.current_at) {
            tracing::info!(stale_for = ?stale_for, "the database is back");
        }
        let error = result.error.map(|error| error_chain(&error));
        match &error {
            Some(error) if is_new_outage => {
                tracing::warn!(%error, "the database is out of reach: the last state is served, and writes are refused");
            }
            None => {}
            same if *same == self.error => {}
            // One outage fails in several ways: a connection is cut, refused, or not opened in time.
            Some(error) if result.is_out_of_reach => {
                tracing::info!(%error, "the database is still out of reach");
            }
            Some(error) => {
                tracing::error!(%error, "an environment could not be brought up to date: its last state is served");
            }
        }
        self.error = error;
    }
}

/// Starts a poll at every notification; reconnects for ever
async fn listen(state: &AppState, missed_notifications: &Notify) {
    let mut has_warned = false;
    loop {
        let heard = tokio::select! {
            heard = receive_notifications(state) => heard,
            // The next connection may work.
            () = missed_notifications.notified() => continue,
        };
        // Without an error: this store does not announce commits.
        let Err(error) = heard else { return };
        if !std::mem::replace(&mut has_warned, true) {
            let (error, poll) = (error_chain(&error), state.config().poll);
            tracing::warn!(%error, "listening for changes does not work: looking every {poll:?}, and trying again");
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn receive_notifications(state: &AppState) -> Result<(), StoreError> {
    let Some(mut announcements) = state.store().listen().await? else {
        return Ok(());
    };
    loop {
        // Polls once without a notification: something may have been committed before this node listened.
        state.engine.store_handle().remote_commit.notify_one();
        announcements.next().await?;
    }
}
