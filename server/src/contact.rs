//! What a node knows of its store: whether it could be asked, and since when the node may be behind it

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The last time that a node had everything that its store has
#[derive(Debug)]
pub struct Contact(Mutex<State>);

#[derive(Debug)]
struct State {
    current_at: Instant,
    is_lost: bool,
}

impl Contact {
    /// The store has just been asked, and everything is as it said
    pub fn new() -> Self {
        Self(Mutex::new(State {
            current_at: Instant::now(),
            is_lost: false,
        }))
    }

    /// The store is out of reach, and what is known of it is so old
    pub fn lost_for(age: Duration) -> Self {
        let now = Instant::now();
        Self(Mutex::new(State {
            current_at: now.checked_sub(age).unwrap_or(now),
            is_lost: true,
        }))
    }

    /// Whether the store was out of reach when it was last asked
    pub fn is_lost(&self) -> bool {
        self.state().is_lost
    }

    /// How long ago the node is known to have had everything
    pub fn stale_for(&self) -> Duration {
        self.state().current_at.elapsed()
    }

    /// Notes that the store answered, and since when the node has everything, if it has; whether the store had been out of reach
    pub(crate) fn regained(&self, current_at: Option<Instant>) -> bool {
        let mut state = self.state();
        state.current_at = current_at.unwrap_or(state.current_at);
        std::mem::replace(&mut state.is_lost, false)
    }

    /// Notes that the store is out of reach; whether it had been in reach
    pub(crate) fn lost(&self) -> bool {
        !std::mem::replace(&mut self.state().is_lost, true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Contact {
    fn default() -> Self {
        Self::new()
    }
}
