//! Times a closure

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The duration of `count` calls; the compiler cannot see that their results are dropped
pub fn time<T>(count: u64, call: impl Fn() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        black_box(call());
    }
    start.elapsed()
}

/// The number of calls that take about `target`; finding it warms up caches and branch predictors
pub fn calibrate<T>(target: Duration, call: impl Fn() -> T) -> u64 {
    let mut count = 1;
    loop {
        let took = time(count, &call);
        if took >= target / 2 {
            let per_call = took.as_secs_f64() / count as f64;
            return to_count(target.as_secs_f64() / per_call);
        }
        count *= 2;
    }
}

/// Nanoseconds a call
pub fn per_call(took: Duration, count: u64) -> f64 {
    took.as_secs_f64() * 1e9 / count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of calls, far below 2^53"
)]
fn to_count(calls: f64) -> u64 {
    calls.max(1.0) as u64
}
