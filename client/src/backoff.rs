//! How long to wait before the next attempt
//!
//! Pure: time and randomness are arguments.

use std::time::{Duration, SystemTime};

use crate::config::Timing;

/// The least base that a server's `retry:` can set, so that `retry: 0` does not become a busy loop
const LEAST_BASE: Duration = Duration::from_millis(100);

/// Exponential delays with full jitter
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    base: Duration,
    max: Duration,
    longest_hint: Duration,
    attempt: u32,
}

impl Backoff {
    pub(crate) fn new(timing: &Timing) -> Self {
        Self {
            base: timing.reconnect_base,
            max: timing.reconnect_max,
            longest_hint: timing.refused_retry,
            attempt: 0,
        }
    }

    /// The next delay; `random` is uniform in `[0, 1)`
    ///
    /// Without a hint: a random part of `base × 2^attempt`, at most the maximum. A hint (`Retry-After`, `retryAfterMs`) is a floor; a
    /// random part of the base comes on top, so that clients which were told the same do not come back together.
    pub(crate) fn next(&mut self, hint: Option<Duration>, random: f64) -> Duration {
        let random = random.clamp(0.0, 1.0);
        if let Some(hint) = hint {
            return hint
                .min(self.longest_hint)
                .saturating_add(scaled(self.base, random));
        }
        let ceiling = self
            .base
            .saturating_mul(2_u32.saturating_pow(self.attempt))
            .min(self.max);
        self.attempt = self.attempt.saturating_add(1);
        scaled(ceiling, random)
    }

    /// Begin again with short delays: the connection was healthy for long enough
    pub(crate) fn reset(&mut self) {
        self.attempt = 0;
    }

    /// Takes the base from a server's `retry:`
    pub(crate) fn set_base(&mut self, base: Duration) {
        self.base = base.clamp(LEAST_BASE.min(self.base), self.max.max(LEAST_BASE));
    }
}

/// `interval`, half of it to one and a half times, so that clients do not poll in step
pub(crate) fn jittered(interval: Duration, random: f64) -> Duration {
    scaled(interval, random.clamp(0.0, 1.0) + 0.5)
}

/// Part of a duration, or some times as much; what is too long to be represented is [`Duration::MAX`], which never ends
pub(crate) fn scaled(duration: Duration, factor: f64) -> Duration {
    // A negative factor does not occur, and one that is no number neither.
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

/// Reads `Retry-After`: seconds, or an HTTP date to compare with `now`
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

    const MOST: f64 = 1.0;

    #[test]
    fn the_ceiling_doubles_from_one_second_to_thirty() {
        let mut backoff = backoff();
        let ceilings: Vec<u64> = (0..8).map(|_| backoff.next(None, MOST).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 30, 30, 30]);
    }

    #[test]
    fn jitter_is_full() {
        assert_eq!(backoff().next(None, 0.0), Duration::ZERO);
        assert_eq!(backoff().next(None, 0.25), Duration::from_millis(250));
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
            let most = scaled(Duration::MAX, random);
            assert_eq!(backoff.next(None, random), most);
            assert_eq!(backoff.next(Some(Duration::MAX), random), Duration::MAX);
            assert!(jittered(Duration::MAX, random) >= Duration::MAX / 2);
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
        assert!((0..10).all(|_| backoff.next(None, MOST) > Duration::ZERO));
        backoff.reset();
        assert_eq!(backoff.next(None, MOST), Duration::from_secs(1));
    }

    #[test]
    fn ten_thousand_attempts_do_not_overflow() {
        let mut backoff = backoff();
        assert!((0..10_000).all(|_| backoff.next(None, MOST) <= Duration::from_secs(30)));
    }

    #[test]
    fn a_hint_is_a_floor_with_jitter_on_top_and_does_not_count_as_an_attempt() {
        let mut backoff = backoff();
        assert_eq!(
            backoff.next(Some(Duration::from_secs(7)), 0.0),
            Duration::from_secs(7)
        );
        assert_eq!(
            backoff.next(Some(Duration::from_secs(7)), 0.5),
            Duration::from_millis(7_500)
        );
        assert_eq!(backoff.next(None, MOST), Duration::from_secs(1));
    }

    #[test]
    fn a_huge_hint_is_cut_to_five_minutes() {
        assert_eq!(
            backoff().next(Some(Duration::MAX), 0.0),
            Duration::from_mins(5)
        );
    }

    #[test]
    fn retry_sets_the_base_but_neither_to_nothing_nor_beyond_the_maximum() {
        for (retry, expected) in [(0, 100), (3_000, 3_000), (u64::MAX, 30_000)] {
            let mut backoff = backoff();
            backoff.set_base(Duration::from_millis(retry));
            assert_eq!(backoff.next(None, MOST), Duration::from_millis(expected));
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
    fn polls_are_spread_around_their_interval() {
        assert_eq!(
            jittered(Duration::from_secs(30), 0.0),
            Duration::from_secs(15)
        );
        assert_eq!(
            jittered(Duration::from_secs(30), MOST),
            Duration::from_secs(45)
        );
    }
}
