//! When keys, tokens and sessions were last used: recorded in memory, and stored about once a minute

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use flagstaff_core::Timestamp;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::access::state::AccessState;
use crate::runtime::logging::error_chain;
use crate::store::StoreError;

/// How often uses are stored
const STORED: Duration = Duration::from_mins(1);
/// Uses within so many milliseconds after the last are not recorded
const STEP: i64 = 1_000;
const NEVER: i64 = i64::MIN;

/// When a key was last used, at this node or, as far as the store knows, at another
#[derive(Debug)]
pub(crate) struct LastUse {
    at: AtomicI64,
    stored: AtomicI64,
}

impl Default for LastUse {
    fn default() -> Self {
        Self {
            at: AtomicI64::new(NEVER),
            stored: AtomicI64::new(NEVER),
        }
    }
}

impl LastUse {
    /// Records a request
    pub(crate) fn record(&self, now: Timestamp) {
        let now = now.as_millis();
        // Only a read for most requests, since many threads use one key.
        if now.saturating_sub(self.at.load(Ordering::Relaxed)) >= STEP {
            self.at.fetch_max(now, Ordering::Relaxed);
        }
    }

    /// When it was last used
    pub(crate) fn at(&self) -> Option<Timestamp> {
        let at = self.at.load(Ordering::Relaxed);
        (at != NEVER).then(|| Timestamp::from_millis(at))
    }

    /// Takes over what is stored
    pub(crate) fn learn(&self, stored: Timestamp) {
        self.at.fetch_max(stored.as_millis(), Ordering::Relaxed);
        self.stored.fetch_max(stored.as_millis(), Ordering::Relaxed);
    }

    fn unstored(&self) -> Option<Timestamp> {
        let stored = self.stored.load(Ordering::Relaxed);
        self.at().filter(|at| at.as_millis() > stored)
    }
}

/// Loads what the other nodes have stored; if the store fails, only this node's uses are known
pub(crate) async fn refresh(state: &AccessState) {
    match state.engine.store().credential_uses().await {
        Ok(uses) => {
            let access_index = state.access_index();
            for (hash, at) in uses {
                if let Some(key) = access_index.get(&hash) {
                    key.last_use().learn(at);
                }
            }
        }
        Err(error) => tracing::debug!(
            error = error_chain(&error),
            "the last uses at other nodes are not known"
        ),
    }
}

/// The same for sessions
pub(crate) async fn refresh_sessions(state: &AccessState) {
    match state.engine.store().session_uses().await {
        Ok(uses) => {
            let access_index = state.access_index();
            for (hash, at) in uses {
                if let Some(session) = access_index.session(&hash) {
                    session.last_use().learn(at);
                }
            }
        }
        Err(error) => tracing::debug!(
            error = error_chain(&error),
            "the last uses of sessions at other nodes are not known"
        ),
    }
}

/// Stores uses periodically and when the server stops
pub(crate) async fn run(state: Arc<AccessState>, stopping: CancellationToken) {
    let mut tick = tokio::time::interval(STORED);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_last = tokio::select! {
            _ = tick.tick() => false,
            () = stopping.cancelled() => true,
        };
        if !state.engine.store_health().is_lost()
            && let Err(error) = store(&state).await
        {
            tracing::debug!(
                error = error_chain(&error),
                "the last uses of keys could not be stored"
            );
        }
        if is_last {
            return;
        }
    }
}

async fn store(state: &AccessState) -> Result<(), StoreError> {
    store_sessions(state).await?;
    let access_index = state.access_index();
    let unstored: Vec<_> = access_index
        .iter()
        .filter_map(|key| Some((Arc::clone(key), key.last_use().unstored()?)))
        .collect();
    if unstored.is_empty() {
        return Ok(());
    }
    let uses = unstored
        .iter()
        .map(|(key, at)| (key.row().hash.clone(), *at));
    let stored = state
        .engine
        .store()
        .put_credential_uses(uses.collect())
        .await;
    if stored.is_ok() {
        for (key, at) in &unstored {
            key.last_use().learn(*at);
        }
    }
    stored
}

async fn store_sessions(state: &AccessState) -> Result<(), StoreError> {
    let access_index = state.access_index();
    let unstored: Vec<_> = access_index
        .sessions()
        .filter_map(|session| Some((Arc::clone(session), session.last_use().unstored()?)))
        .collect();
    if unstored.is_empty() {
        return Ok(());
    }
    let uses = unstored
        .iter()
        .map(|(session, at)| (session.row().hash.clone(), *at));
    let stored = state.engine.store().put_session_uses(uses.collect()).await;
    if stored.is_ok() {
        for (session, at) in &unstored {
            session.last_use().learn(*at);
        }
    }
    stored
}
