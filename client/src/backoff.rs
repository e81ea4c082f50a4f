//! How long to wait before the next attempt
//!
//! Pure: time and randomness are arguments. `random` is uniform in `[0, 1)`.

use std::time::{Duration, SystemTime};

use crate::timing::{REFUSED_JITTER, Timing};

/// Exponential delays with full jitter
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    min_base: Duration,
    base: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(timing: &Timing) -> Self {
        Self {
            min_base: timing.reconnect_base,
            base: timing.reconnect_base,
            max: timing.reconnect_max,
            failures: 0,
        }
    }

    /// The delay after another failure: a random part of a ceiling that doubles with each
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let ceiling = self
            .base
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(self.max);
        self.failures = self.failures.saturating_add(1);
        scaled(ceiling, random.clamp(0.0, 1.0))
    }

    /// The delay after an end that is not a failure
    pub(crate) fn first(&self, random: f64) -> Duration {
        scaled(self.base.min(self.max), random.clamp(0.0, 1.0))
    }

    /// Makes the delays short again: the connection was healthy for long enough
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Takes the base from a server's `retry:`, which can make the delays longer but not shorter
    pub(crate) fn set_base(&mut self, base: Duration) {
        self.base = base.clamp(self.min_base, self.max.max(self.min_base));
    }
}

/// A delay that the server asks for (`Retry-After`, `retryAfterMs`), and a random part of the base on top, so that clients which were given
/// the same delay do not come back together; at most [`Timing::refused_retry`] is respected
pub(crate) fn requested_delay(timing: &Timing, requested: Duration, random: f64) -> Duration {
    requested
        .min(timing.refused_retry)
        .saturating_add(scaled(timing.reconnect_base, random.clamp(0.0, 1.0)))
}

/// The delay after a refusal
pub(crate) fn refused_delay(timing: &Timing, random: f64) -> Duration {
    scaled(
        timing.refused_retry,
        1.0 + REFUSED_JITTER * random.clamp(0.0, 1.0),
    )
}

/// `interval`, up to the share `jitter` shorter or longer, so that clients do not send in step
pub(crate) fn jittered(interval: Duration, jitter: f64, random: f64) -> Duration {
    scaled(
        interval,
        1.0 - jitter + 2.0 * jitter * random.clamp(0.0, 1.0),
    )
}

/// A multiple of a duration; one that is too long to be represented is [`Duration::MAX`], which never ends
pub(crate) fn scaled(duration: Duration, factor: f64) -> Duration {
    // Factors are neither negative nor NaN, so an error is an overflow.
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// Parses `Retry-After`: seconds, or an HTTP date to compare with `now`
pub(crate) fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text.trim()).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(&Timing::default())
    }

    const MAX: f64 = 1.0;

    #[test]
    fn the_ceiling_doubles_from_one_second_to_a_minute() {
        let mut backoff = backoff();
        let ceilings: Vec<u64> = (0..8).map(|_| backoff.next(MAX).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn jitter_is_full() {
        assert_eq!(backoff().next(0.0), Duration::ZERO);
        assert_eq!(backoff().next(0.25), Duration::from_millis(250));
    }

    #[test]
    fn a_delay_that_never_ends_stays_one_whatever_it_is_scaled_by() {
        for random in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let timing = Timing {
                reconnect_base: Duration::MAX,
                reconnect_max: Duration::MAX,
                refused_retry: Duration::MAX,
                ..Timing::default()
            };
            let mut backoff = Backoff::new(&timing);
            let longest = scaled(Duration::MAX, random);
            assert_eq!(backoff.next(random), longest);
            assert_eq!(
                requested_delay(&timing, Duration::MAX, random),
                Duration::MAX
            );
            assert_eq!(refused_delay(&timing, random), Duration::MAX);
            assert!(jittered(Duration::MAX, 0.5, random) >= Duration::MAX / 2);
        }
        assert_eq!(scaled(Duration::MAX, 1.0), Duration::MAX);
        assert_eq!(scaled(Duration::MAX, 1.5), Duration::MAX);
        assert_eq!(
            scaled(Duration::from_secs(2), 0.25),
            Duration::from_millis(500)
        );
    }

    #[test]
    fn a_reset_begins_again() {
        let mut backoff = backoff();
        assert!((0..10).all(|_| backoff.next(MAX) > Duration::ZERO));
        backoff.reset();
        assert_eq!(backoff.next(MAX), Duration::from_secs(1));
    }

    #[test]
    fn ten_thousand_attempts_do_not_overflow() {
        let mut backoff = backoff();
        assert!((0..10_000).all(|_| backoff.next(MAX) <= Duration::from_mins(1)));
    }

    #[test]
    fn an_end_that_is_not_a_failure_has_the_delay_of_the_first_one() {
        let mut backoff = backoff();
        backoff.next(MAX);
        backoff.next(MAX);
        assert_eq!(backoff.first(MAX), Duration::from_secs(1));
        assert_eq!(backoff.next(MAX), Duration::from_secs(4));
    }

    #[test]
    fn a_requested_delay_is_a_minimum_with_jitter_on_top_and_at_most_five_minutes() {
        let timing = Timing::default();
        for (requested, random, expected) in [
            (Duration::from_secs(7), 0.0, Duration::from_secs(7)),
            (Duration::from_secs(7), 0.5, Duration::from_millis(7_500)),
            (Duration::MAX, 0.0, Duration::from_mins(5)),
        ] {
            assert_eq!(requested_delay(&timing, requested, random), expected);
        }
    }

    #[test]
    fn a_refusal_is_retried_after_five_minutes_and_up_to_a_tenth_more() {
        let timing = Timing::default();
        assert_eq!(refused_delay(&timing, 0.0), Duration::from_mins(5));
        assert_eq!(refused_delay(&timing, MAX), Duration::from_secs(330));
    }

    #[test]
    fn retry_makes_the_delays_longer_up_to_the_maximum_but_never_shorter() {
        for (retry, expected) in [(0, 1_000), (3_000, 3_000), (u64::MAX, 60_000)] {
            let mut backoff = backoff();
            backoff.set_base(Duration::from_millis(retry));
            assert_eq!(backoff.next(MAX), Duration::from_millis(expected));
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(
            parse_retry_after(" 12 ", now),
            Some(Duration::from_secs(12))
        );
        assert_eq!(
            parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            parse_retry_after("Tue, 06 Nov 1984 08:49:37 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(parse_retry_after("soon", now), None);
    }

    #[test]
    fn an_interval_is_spread_to_both_sides() {
        let interval = Duration::from_secs(40);
        for (random, expected) in [(0.0, 30), (0.5, 40), (MAX, 50)] {
            assert_eq!(
                jittered(interval, 0.25, random),
                Duration::from_secs(expected)
            );
        }
    }
}
