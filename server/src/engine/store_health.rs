//! What a node knows about its store: whether it is reachable, and since when the node's data may be out of date

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The last time at which the node had everything that the store has
#[derive(Debug)]
pub struct StoreHealth(Mutex<State>);

#[derive(Debug)]
struct State {
    current_at: Instant,
    is_lost: bool,
}

impl StoreHealth {
    /// The store has just been read, and the node is up to date
    pub fn new() -> Self {
        Self(Mutex::new(State {
            current_at: Instant::now(),
            is_lost: false,
        }))
    }

    /// The store is unreachable, and the node's data is this old
    pub fn lost_for(age: Duration) -> Self {
        let now = Instant::now();
        Self(Mutex::new(State {
            current_at: now.checked_sub(age).unwrap_or(now),
            is_lost: true,
        }))
    }

    /// Whether the store was unreachable when it was last asked
    pub fn is_lost(&self) -> bool {
        self.state().is_lost
    }

    /// How long ago the node was last known to be up to date
    pub fn stale_for(&self) -> Duration {
        self.state().current_at.elapsed()
    }

    /// Records that the store answered, and since when the node is up to date, if it is; returns whether the store had been unreachable
    pub(crate) fn mark_available(&self, current_at: Option<Instant>) -> bool {
        let mut state = self.state();
        state.current_at = current_at.unwrap_or(state.current_at);
        std::mem::replace(&mut state.is_lost, false)
    }

    /// Records that the store is unreachable; returns whether it had been reachable
    pub(crate) fn mark_unavailable(&self) -> bool {
        !std::mem::replace(&mut self.state().is_lost, true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for StoreHealth {
    fn default() -> Self {
        Self::new()
    }
}
