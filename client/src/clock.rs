//! The one place that looks at the wall clock

use std::time::SystemTime;

use flagstaff_core::Timestamp;

/// Now, by the machine's clock; a clock before 1970 or after the year 292 million reads as the nearest of these
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
