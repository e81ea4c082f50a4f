//! The clock, which tests can set

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flagstaff_core::Timestamp;

/// A time after another one
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(at.as_millis().saturating_add(millis))
}

/// The source of the current time
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system clock
    #[default]
    System,
    /// Milliseconds since 1970, which change only when they are set
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The current time
    pub fn now(&self) -> Timestamp {
        let millis = match self {
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_millis()),
            Self::Manual(millis) => millis.load(Ordering::Relaxed).into(),
        };
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}
