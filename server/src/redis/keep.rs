//! What a node does with its Redis while it runs

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::share::share;
use super::{CacheError, Redis};
use crate::api_error::chain;
use crate::state::AppState;

/// How often the copy is brought up to date
const SAVE: Duration = Duration::from_secs(1);
/// From a failure to listen to the next try
const RETRY: Duration = Duration::from_secs(1);
/// A node that has been behind for longer vouches for nothing
const FRESH: Duration = Duration::from_secs(5);

/// Announces, listens, keeps the copy and shares rate limits, until the server stops; tells of Redis's coming and going once each
pub async fn keep(redis: Arc<Redis>, state: AppState) {
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
        () = state.stopping().cancelled() => {}
        _ = work => {}
    }
}

async fn announce(redis: &Redis, state: &AppState) {
    loop {
        state.backing().committed.notified().await;
        // Who does not hear of it finds it by looking, and `hear` says that something is wrong.
        if let Err(error) = redis.announce().await {
            tracing::debug!(error = chain(&error), "a commit was not announced in redis");
        }
    }
}

async fn hear(redis: &Redis, state: &AppState) {
    loop {
        if let Err(error) = redis.hear(&state.backing().announced).await {
            tracing::debug!(error = chain(&error), "nothing is heard from redis");
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// The one of the four that talks to Redis all the time, and so the one that says how it is
async fn save(redis: &Redis, state: &AppState) {
    let mut tick = tokio::time::interval(SAVE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_down = false;
    loop {
        tick.tick().await;
        let contact = state.contact();
        if contact.is_lost() || contact.stale_for() > FRESH {
            continue;
        }
        match redis.save(state).await {
            Ok(()) if is_down => tracing::info!("redis is back"),
            Err(error) if !is_down => warn(&error),
            _ => continue,
        }
        is_down = !is_down;
    }
}

fn warn(error: &CacheError) {
    tracing::warn!(
        error = chain(error),
        "redis is out of reach: commits are heard of from the database, the copy is not kept up, and rate limits are each node's own"
    );
}
