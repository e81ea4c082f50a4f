//! Whether writes to a store succeed, and how many have failed because of the database

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::StoreError;
use crate::runtime::logging::error_chain;

/// Why the database failed a write
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFailure {
    /// Other writes took all the available time
    Busy,
    /// The disk is full
    Full,
    /// Another program holds the lock
    Locked,
    /// The database file was deleted or replaced
    Moved,
    /// It did not finish in time
    TooSlow,
    /// It is unreachable, or cannot work at the moment
    Unreachable,
    /// Any other error, which may be caused by this one write
    Other,
}

impl WriteFailure {
    /// Every reason
    pub const ALL: [Self; 7] = [
        Self::Busy,
        Self::Full,
        Self::Locked,
        Self::Moved,
        Self::TooSlow,
        Self::Unreachable,
        Self::Other,
    ];

    /// Its name
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Full => "full",
            Self::Locked => "locked",
            Self::Moved => "moved",
            Self::TooSlow => "too_slow",
            Self::Unreachable => "unreachable",
            Self::Other => "other",
        }
    }

    /// The reason, if the database failed; violated rules and lost races are not failures
    fn of(error: &StoreError) -> Option<Self> {
        match error {
            StoreError::Busy => Some(Self::Busy),
            StoreError::Full(_) => Some(Self::Full),
            StoreError::Locked(_) => Some(Self::Locked),
            StoreError::Moved { .. } => Some(Self::Moved),
            StoreError::TooSlow => Some(Self::TooSlow),
            StoreError::Unreachable(_) => Some(Self::Unreachable),
            StoreError::Database(_) | StoreError::Migrate(_) | StoreError::OtherTables(_) => {
                Some(Self::Other)
            }
            _ => None,
        }
    }

    /// Whether the next write would fail too
    const fn concerns_all(self) -> bool {
        match self {
            Self::Full | Self::Locked | Self::Moved | Self::Unreachable => true,
            Self::Busy | Self::TooSlow | Self::Other => false,
        }
    }
}

/// The outcome of writes to a store
#[derive(Debug, Default)]
pub struct Writes {
    // When the last write failed for a reason that affects all writes.
    failed_at: Mutex<Option<Instant>>,
    failures: [AtomicU64; WriteFailure::ALL.len()],
}

impl Writes {
    /// Whether the last write failed for a reason that affects all writes
    pub fn are_failing(&self) -> bool {
        self.failed_at().is_some()
    }

    /// Whether the last write failed so, at or after an instant
    pub fn have_failed_since(&self, instant: Instant) -> bool {
        self.failed_at().is_some_and(|failed| failed >= instant)
    }

    /// The number of failures by reason
    pub fn failures(&self) -> impl Iterator<Item = (WriteFailure, u64)> {
        let counts = self.failures.iter();
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        WriteFailure::ALL.into_iter().zip(counts)
    }

    /// Records the result of a write, and logs when writes begin to fail and when they succeed again
    pub(super) fn record<T>(&self, result: &Result<T, StoreError>) {
        let Err(error) = result else {
            if self.set_failed_at(None) {
                tracing::info!("writes to the database succeed again");
            }
            return;
        };
        let Some(failure) = WriteFailure::of(error) else {
            return;
        };
        let counts = WriteFailure::ALL.iter().zip(&self.failures);
        for (_, count) in counts.filter(|(reason, _)| **reason == failure) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if failure.concerns_all() && !self.set_failed_at(Some(Instant::now())) {
            tracing::error!(error = error_chain(error), "writes to the database fail");
        }
    }

    /// Returns whether writes were failing before
    fn set_failed_at(&self, instant: Option<Instant>) -> bool {
        let mut failed_at = self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *failed_at, instant).is_some()
    }

    fn failed_at(&self) -> Option<Instant> {
        *self
            .failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
