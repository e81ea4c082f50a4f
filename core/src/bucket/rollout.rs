//! The share of units that a serve reaches: fixed, or a function of time
//!
//! Integers only, in thousandths of a percent, which are slots.

use crate::bucket::SLOT_COUNT;
use crate::value::timestamp::Timestamp;

const MINUTE: i64 = 60_000;

/// A share of units over time
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollout {
    /// The same at every instant
    Fixed(u32),
    /// Each share applies from its instant on; before the first instant the share is 0
    // INVARIANT: ascending by instant, at least one.
    Steps(Box<[(Timestamp, u32)]>),
    /// A share that changes linearly
    Ramp(Ramp),
}

/// A linear change from `start` at `from` to `end` at `until`
// INVARIANT: `from` is before `until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ramp {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Rollout {
    /// All units, at every instant
    pub const FULL: Self = Self::Fixed(SLOT_COUNT);

    /// The share at `now`: it includes the slots below this one
    #[inline]
    pub fn share(&self, now: Timestamp) -> u32 {
        match self {
            Self::Fixed(share) => *share,
            Self::Steps(steps) => steps
                .iter()
                .take_while(|(at, _)| *at <= now)
                .last()
                .map_or(0, |(_, share)| *share),
            Self::Ramp(ramp) => ramp.share(now),
        }
    }

    /// The next instant after `now` at which the share may change
    pub(crate) fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Fixed(_) => None,
            Self::Steps(steps) => steps.iter().map(|(at, _)| *at).find(|at| *at > now),
            Self::Ramp(ramp) => ramp.next_boundary(now),
        }
    }

    /// The last instant not after `now` at which the share may have changed
    pub(crate) fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Fixed(_) => None,
            Self::Steps(steps) => steps
                .iter()
                .map(|(at, _)| *at)
                .take_while(|at| *at <= now)
                .last(),
            Self::Ramp(ramp) => ramp.last_boundary(now),
        }
    }
}

impl Ramp {
    fn share(&self, now: Timestamp) -> u32 {
        let now = floor_to_minute(now).max(self.from).min(self.until);
        let elapsed = i128::from(now.as_millis()).saturating_sub(self.from.as_millis().into());
        let duration =
            i128::from(self.until.as_millis()).saturating_sub(self.from.as_millis().into());
        let rise = i128::from(self.end).saturating_sub(self.start.into());
        let risen = rise.saturating_mul(elapsed).div_euclid(duration);
        u32::try_from(risen.saturating_add(self.start.into())).unwrap_or(self.end)
    }

    /// `now` counts by the minute, so the share changes on full minutes after `from` and no later than the first one not before `until`
    fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let next = floor_to_minute(now).as_millis().saturating_add(MINUTE);
        let boundary = Timestamp::from_millis(next.max(ceil_to_minute(self.from).as_millis()));
        (boundary <= ceil_to_minute(self.until)).then_some(boundary)
    }

    fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let last = floor_to_minute(now).min(ceil_to_minute(self.until));
        (last >= ceil_to_minute(self.from)).then_some(last)
    }
}

fn floor_to_minute(instant: Timestamp) -> Timestamp {
    Timestamp::from_millis(
        instant
            .as_millis()
            .div_euclid(MINUTE)
            .saturating_mul(MINUTE),
    )
}

fn ceil_to_minute(instant: Timestamp) -> Timestamp {
    let floor = floor_to_minute(instant);
    if floor == instant {
        floor
    } else {
        Timestamp::from_millis(floor.as_millis().saturating_add(MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    proptest! {
        #[test]
        fn a_ramp_changes_at_its_boundaries_only(from in -500_000_i64..500_000, length in 1_i64..1_000_000, start in 0..=SLOT_COUNT, end in 0..=SLOT_COUNT, now in -900_000_i64..1_900_000) {
            let rollout = Rollout::Ramp(Ramp { from: at(from), until: at(from.saturating_add(length)), start, end });
            let next = rollout.next_boundary(at(now)).map_or(2_500_000, Timestamp::as_millis);
            prop_assert!(next > now);
            prop_assert_eq!(rollout.share(at(next.saturating_sub(1))), rollout.share(at(now)));
            let last = rollout.last_boundary(at(now)).map_or(-1_500_000, Timestamp::as_millis);
            prop_assert!(last <= now);
            prop_assert_eq!(rollout.share(at(last)), rollout.share(at(now)));
            prop_assert!((start.min(end)..=start.max(end)).contains(&rollout.share(at(now))));
        }
    }

    #[test]
    fn a_line_is_floored_in_both_directions() {
        let ramp = |start, end| {
            Rollout::Ramp(Ramp {
                from: at(0),
                until: at(180_000),
                start,
                end,
            })
        };
        assert_eq!(ramp(0, 100).share(at(119_999)), 33);
        assert_eq!(ramp(100, 0).share(at(60_000)), 66);
        assert_eq!(
            (
                ramp(5, 9).share(at(-1)),
                ramp(5, 9).share(at(0)),
                ramp(5, 9).share(at(180_000))
            ),
            (5, 5, 9)
        );
    }

    #[test]
    fn before_its_first_step_nobody_is_in() {
        let steps = Rollout::Steps(Box::new([(at(10), 5), (at(20), 100)]));
        assert_eq!(
            [9, 10, 19, 20].map(|now| steps.share(at(now))),
            [0, 5, 5, 100]
        );
        assert_eq!(
            (steps.next_boundary(at(10)), steps.last_boundary(at(9))),
            (Some(at(20)), None)
        );
    }
}
