//! The background tasks of a node that uses Redis

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::rate_limits::share;
use super::{CacheError, Redis};
use crate::access::state::AccessState;
use crate::runtime::logging::error_chain;

/// How often the copy is updated
const SAVE: Duration = Duration::from_secs(1);
/// The delay before subscribing again after a failure
const RETRY: Duration = Duration::from_secs(1);
/// A node that has been behind for longer does not sign the copy as current
const FRESH: Duration = Duration::from_secs(5);

/// Announces commits, listens, updates the copy and shares rate limits until the server stops; logs once when Redis goes away and once
/// when it returns
pub(crate) async fn run(redis: Arc<Redis>, state: Arc<AccessState>, stopping: CancellationToken) {
    if redis.keys.is_empty() {
        tracing::warn!(
            "without `--encryption-keys` no copy is kept in redis: no node can start while the database is out of reach"
        );
    }
    let work = async {
        tokio::join!(
            announce(&redis, &state),
            hear(&redis, &state),
            save(&redis, &state),
            share(&redis, &state)
        )
    };
    tokio::select! {
        () = stopping.cancelled() => {}
        _ = work => {}
    }
}

async fn announce(redis: &Redis, state: &AccessState) {
    loop {
        state.engine.store_handle().local_commit.notified().await;
        // The other nodes find the commit by polling, and `hear` logs the failure.
        if let Err(error) = redis.announce().await {
            tracing::debug!(
                error = error_chain(&error),
                "a commit was not announced in redis"
            );
        }
    }
}

async fn hear(redis: &Redis, state: &AccessState) {
    loop {
        if let Err(error) = redis.hear(&state.engine.store_handle().remote_commit).await {
            tracing::debug!(error = error_chain(&error), "nothing is heard from redis");
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Updates the copy. Of the four tasks this one uses Redis all the time, so it logs whether Redis is reachable
async fn save(redis: &Redis, state: &AccessState) {
    let mut tick = tokio::time::interval(SAVE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_down = false;
    loop {
        tick.tick().await;
        let contact = state.engine.store_health();
        if contact.is_lost() || contact.stale_for() > FRESH {
            continue;
        }
        let saved = redis.save(state).await;
        state.http.metrics.record_redis(saved.is_ok());
        match saved {
            Ok(()) if is_down => tracing::info!("redis is back"),
            Err(error) if !is_down => warn(&error),
            _ => continue,
        }
        is_down = !is_down;
    }
}

fn warn(error: &CacheError) {
    tracing::warn!(
        error = error_chain(error),
        "redis is out of reach: commits are heard of from the database, the copy is not kept up, and rate limits are each node's own"
    );
}
