//! The only place that reads the wall clock

use std::time::SystemTime;

use flagstaff_core::Timestamp;

/// The current time; a clock before 1970 or after the year 292 million reads as the nearest of the two
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
