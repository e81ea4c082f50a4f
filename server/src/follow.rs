//! Keeps every environment where the store is: what other nodes commit, and what this one could not know of when it lost the store
//!
//! A look compares the revisions that the store has with those that are served. It is taken when the store announces a commit, and
//! every [`Limits::poll`](crate::Limits) besides: an announcement may get lost, on a connection that only seems to be one, in a
//! pooler between here and the database.

use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use crate::api_error::chain;
use crate::environment::{LoadError, Refreshed};
use crate::state::AppState;
use crate::store::StoreError;

/// Changes in a row that were found by looking and had not been announced: then nobody is listening
const UNHEARD: u32 = 3;
/// How soon after its end a key is noticed to have expired
const EXPIRE: Duration = Duration::from_millis(500);
/// How often writes are tried that have failed, so that a node says again that it takes them
const TRY_WRITE: Duration = Duration::from_secs(1);
/// From a failure to listen to the next try
const RETRY: Duration = Duration::from_secs(5);

/// Follows the store until the server stops
pub(crate) async fn follow(state: AppState) {
    let is_deaf = Notify::new();
    let stopping = state.stopping().clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = async { tokio::join!(
            look_again(&state, &is_deaf), listen(&state, &is_deaf), expire(&state), try_writes(&state),
        ); } => {}
    }
}

/// Looks whenever something was announced, and now and then
async fn look_again(state: &AppState, is_deaf: &Notify) {
    let mut poll = tokio::time::interval(state.limits().poll);
    poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unheard = 0_u32;
    let mut log = Log::default();
    loop {
        let was_announced = tokio::select! {
            () = state.backing().announced.notified() => true,
            _ = poll.tick() => false,
        };
        let looked = look(state).await;
        if was_announced {
            unheard = 0;
        } else if looked.has_moved {
            unheard = unheard.saturating_add(1);
            if unheard == UNHEARD {
                is_deaf.notify_one();
                unheard = 0;
            }
        }
        log.note(state, looked);
    }
}

/// Ends what keys opened that have expired, whether the store is there or not
async fn expire(state: &AppState) {
    let mut tick = tokio::time::interval(EXPIRE);
    loop {
        tick.tick().await;
        state.keyring().end_expired(state.now());
    }
}

/// Tries to write after a write has failed, until one succeeds
async fn try_writes(state: &AppState) {
    let mut tick = tokio::time::interval(TRY_WRITE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if state.store().writes().are_failing() && !state.contact().is_lost() {
            // The store takes note of what came of it.
            let _ = state.store().try_write().await;
        }
    }
}

/// What a look found
#[derive(Default)]
struct Looked {
    has_moved: bool,
    // Since when the node has everything, if it has.
    current_at: Option<Instant>,
    is_out_of_reach: bool,
    error: Option<LoadError>,
}

async fn look(state: &AppState) -> Looked {
    let asked_at = Instant::now();
    let heads = match state.store().heads().await {
        Ok(heads) => heads,
        Err(error) => {
            // Load is no outage, for which all writes would be refused; nor does it say that one is over.
            let is_out_of_reach = !error.is_of_load() || state.contact().is_lost();
            return Looked {
                is_out_of_reach,
                error: Some(error.into()),
                ..Looked::default()
            };
        }
    };
    let mut looked = Looked {
        current_at: Some(asked_at),
        ..Looked::default()
    };
    // Before the flags: what a revoked key reads is not to be newer than its end.
    if heads.access != state.keyring().version() {
        looked.has_moved = true;
        if let Err(error) = state.refresh_keys().await {
            looked.current_at = None;
            looked.error = Some(error.into());
        }
    }
    let is_new = |id: &i64| state.environment(*id).is_none();
    if heads.revisions.keys().any(is_new) {
        looked.has_moved = true;
        if let Err(error) = state.refresh_environments().await {
            looked.current_at = None;
            looked.error = Some(error);
        }
    }
    for (id, revision) in &heads.revisions {
        let Some(environment) = state.environment(*id) else {
            continue;
        };
        match environment.refresh(&heads.epoch, *revision).await {
            Ok(Refreshed::Current) => {}
            Ok(Refreshed::Moved) => looked.has_moved = true,
            Ok(Refreshed::Busy) => looked.current_at = None,
            Err(error) => {
                looked.current_at = None;
                looked.error = Some(error);
            }
        }
    }
    looked
}

/// Says what is new of the store, once
#[derive(Default)]
struct Log {
    error: Option<String>,
}

impl Log {
    fn note(&mut self, state: &AppState, looked: Looked) {
        let contact = state.contact();
        let stale_for = contact.stale_for();
        let is_new_outage = looked.is_out_of_reach && contact.lost();
        if !looked.is_out_of_reach && contact.regained(looked.current_at) {
            tracing::info!(stale_for = ?stale_for, "the database is back");
        }
        let error = looked.error.map(|error| chain(&error));
        match &error {
            Some(error) if is_new_outage => {
                tracing::warn!(%error, "the database is out of reach: the last state is served, and writes are refused");
            }
            None => {}
            same if *same == self.error => {}
            // One outage fails in several ways: a connection that is cut, one that is refused, one that is not got in time.
            Some(error) if looked.is_out_of_reach => {
                tracing::info!(%error, "the database is still out of reach");
            }
            Some(error) => {
                tracing::error!(%error, "an environment could not be brought up to date: its last state is served");
            }
        }
        self.error = error;
    }
}

/// Wakes who looks, for every announcement; tries for ever
async fn listen(state: &AppState, is_deaf: &Notify) {
    let mut has_warned = false;
    loop {
        let heard = tokio::select! {
            heard = hear(state) => heard,
            // The next connection may hear.
            () = is_deaf.notified() => continue,
        };
        // Without an error, the store is one that announces nothing.
        let Err(error) = heard else { return };
        if !std::mem::replace(&mut has_warned, true) {
            let (error, poll) = (chain(&error), state.limits().poll);
            tracing::warn!(%error, "listening for changes does not work: looking every {poll:?}, and trying again");
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn hear(state: &AppState) -> Result<(), StoreError> {
    let Some(mut announcements) = state.store().listen().await? else {
        return Ok(());
    };
    loop {
        // Once more than there are announcements: for what was committed before anybody listened.
        state.backing().announced.notify_one();
        announcements.next().await?;
    }
}
