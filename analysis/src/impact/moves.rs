//! The share of units that each pair of answers has, by arithmetic over slots
//!
//! Every hash spreads units evenly over its slots. A hash that both sides look at is cut where either side changes its mind, so
//! that each piece is followed through both; different hashes are independent, and their shares are multiplied.

use std::collections::BTreeMap;

use serde::Serialize;

use flagstaff_core::AttributePath;
use flagstaff_core::SLOT_COUNT;
use flagstaff_core::Timestamp;
use flagstaff_core::inspect::Links;
use flagstaff_core::inspect::{Arms, Serve, ServeTarget, SlotRange};

/// Units that are answered otherwise
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    /// The variant before; `None` where the serve declined, or was not there, and what comes after it decides
    pub before: Option<Box<str>>,
    /// The variant after; `None` where the serve declines, or is not there any more
    pub after: Option<Box<str>>,
    /// The share of the units that reach the serve, from 0 to 1
    pub share: f64,
}

/// A hash: of which unit, with which seed
type Hash<'s> = (&'s AttributePath, u32);

/// What one side does with a unit that it gets, at one instant
#[derive(Debug)]
pub(super) struct Plan<'s> {
    // A unit whose slot lies in none of the ranges of a gate is stopped there.
    gates: Vec<(Hash<'s>, Vec<SlotRange>)>,
    end: End<'s>,
    // What it gets where it is stopped.
    stopped: Option<&'s str>,
}

#[derive(Debug)]
enum End<'s> {
    Stop,
    Variant(&'s str),
    Arms(Hash<'s>, &'s Arms),
}

impl<'s> Plan<'s> {
    /// The same answer for everybody
    pub(super) fn always(answer: Option<&'s str>) -> Self {
        Self {
            gates: Vec::new(),
            end: End::Stop,
            stopped: answer,
        }
    }

    /// A serve at `now`, for units that are there; `stopped` is what is answered where it declines
    pub(super) fn of(
        serve: &'s Serve,
        links: &'s Links,
        now: Timestamp,
        stopped: Option<&'s str>,
    ) -> Self {
        let experiment = serve.experiment.as_deref();
        let holdout = experiment.and_then(|experiment| links.holdouts.get(experiment.holdout?));
        let slice = experiment.and_then(|experiment| experiment.slice.as_ref());
        let group = slice.and_then(|slice| links.groups.get(slice.group));
        let share = serve.rollout.share(now);
        // Nobody, and so no hash is looked at.
        if share == 0 || holdout.is_some_and(|holdout| holdout.end == SLOT_COUNT) {
            return Self::always(stopped);
        }
        let mut gates = Vec::new();
        if let Some(holdout) = holdout.filter(|holdout| holdout.end > 0) {
            let spared = SlotRange {
                from: holdout.end,
                until: SLOT_COUNT,
            };
            gates.push(((&holdout.unit, holdout.seed), vec![spared]));
        }
        if let (Some(slice), Some(group)) = (slice.filter(|slice| !slice.is_whole()), group) {
            gates.push(((&group.unit, group.seed), slice.ranges.to_vec()));
        }
        if share < SLOT_COUNT {
            gates.push((
                (&serve.unit, serve.rollout_seed),
                vec![SlotRange {
                    from: 0,
                    until: share,
                }],
            ));
        }
        let end = match &serve.choice {
            ServeTarget::Variant(variant) => End::Variant(&variant.name),
            ServeTarget::Arms { seed, arms } => End::Arms((&serve.unit, *seed), arms),
            // Not followed: `splits` leaves such serves out.
            ServeTarget::Vendor(_) => End::Stop,
        };
        Self {
            gates,
            end,
            stopped,
        }
    }

    fn hashes(&self) -> impl Iterator<Item = Hash<'s>> {
        let arms = match &self.end {
            End::Arms(hash, _) => Some(*hash),
            _ => None,
        };
        self.gates.iter().map(|(hash, _)| *hash).chain(arms)
    }

    /// Where what it does with the slots of a hash may change
    fn cuts(&self, hash: Hash<'s>, cuts: &mut Vec<u32>) {
        for (_, ranges) in self.gates.iter().filter(|(other, _)| *other == hash) {
            cuts.extend(ranges.iter().flat_map(|range| [range.from, range.until]));
        }
        if let End::Arms(other, arms) = &self.end
            && *other == hash
        {
            cuts.extend(arms.arms.iter().map(|arm| arm.end));
        }
    }

    /// What a slot of a hash comes to: which gates it passes, and its arm
    fn reading(&self, hash: Hash<'s>, slot: u32) -> (Vec<bool>, Option<&'s str>) {
        let gates = self.gates.iter().filter(|(other, _)| *other == hash);
        let passed = gates.map(|(_, ranges)| ranges.iter().any(|range| range.contains(slot)));
        let arm = match &self.end {
            End::Arms(other, arms) if *other == hash => Some(&*arms.pick(slot).name),
            _ => None,
        };
        (passed.collect(), arm)
    }

    fn answer(&self, slot: &impl Fn(Hash<'s>) -> u32) -> Option<&'s str> {
        let is_passed = |(hash, ranges): &(Hash<'s>, Vec<SlotRange>)| {
            ranges.iter().any(|range| range.contains(slot(*hash)))
        };
        if !self.gates.iter().all(is_passed) {
            return self.stopped;
        }
        match &self.end {
            End::Stop => self.stopped,
            End::Variant(variant) => Some(variant),
            End::Arms(hash, arms) => Some(&arms.pick(slot(*hash)).name),
        }
    }
}

/// Shares by answer before and after
pub(super) type Shares<'s> = BTreeMap<(Option<&'s str>, Option<&'s str>), f64>;

/// The slots of a hash that come to the same on both sides: one of them, and how many they are
type Pieces = Vec<(u32, u32)>;

/// The share of units of each pair of answers, and of how many hashes it is made
pub(super) fn shares<'s>(old: &Plan<'s>, new: &Plan<'s>) -> (Shares<'s>, usize) {
    let mut hashes: Vec<Hash<'s>> = Vec::new();
    for hash in old.hashes().chain(new.hashes()) {
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
    }
    let pieces: Vec<(Hash<'s>, Pieces)> = hashes
        .iter()
        .map(|hash| (*hash, pieces(old, new, *hash)))
        .collect();
    let mut shares = Shares::new();
    let mut chosen = Vec::new();
    combine(&pieces, 1.0, &mut chosen, &mut |chosen, share| {
        let slot = |hash| {
            chosen
                .iter()
                .find(|(other, _)| *other == hash)
                .map_or(0, |(_, slot)| *slot)
        };
        *shares
            .entry((old.answer(&slot), new.answer(&slot)))
            .or_default() += share;
    });
    (shares, hashes.len())
}

fn pieces<'s>(old: &Plan<'s>, new: &Plan<'s>, hash: Hash<'s>) -> Pieces {
    let mut cuts = vec![0, SLOT_COUNT];
    old.cuts(hash, &mut cuts);
    new.cuts(hash, &mut cuts);
    cuts.sort_unstable();
    cuts.dedup();
    let mut alike = BTreeMap::new();
    for (from, until) in cuts.iter().zip(cuts.iter().skip(1)) {
        let length = until.saturating_sub(*from);
        let piece = alike
            .entry((old.reading(hash, *from), new.reading(hash, *from)))
            .or_insert((*from, 0_u32));
        piece.1 = piece.1.saturating_add(length);
    }
    alike.into_values().collect()
}

/// Tells of every combination of one piece of each hash, with its share
fn combine<'s>(
    rest: &[(Hash<'s>, Pieces)],
    share: f64,
    chosen: &mut Vec<(Hash<'s>, u32)>,
    tell: &mut impl FnMut(&[(Hash<'s>, u32)], f64),
) {
    let Some(((hash, pieces), rest)) = rest.split_first() else {
        tell(chosen, share);
        return;
    };
    for (slot, length) in pieces {
        chosen.push((*hash, *slot));
        combine(
            rest,
            share * f64::from(*length) / f64::from(SLOT_COUNT),
            chosen,
            tell,
        );
        chosen.pop();
    }
}

/// The answers that differ, largest share first
pub(super) fn moves(shares: &Shares<'_>) -> Vec<Move> {
    let differing = shares
        .iter()
        .filter(|((before, after), share)| before != after && **share > 0.0);
    let mut moves: Vec<Move> = differing
        .map(|((before, after), share)| Move {
            before: before.map(Into::into),
            after: after.map(Into::into),
            share: rounded(*share),
        })
        .collect();
    moves.sort_by(|a, b| b.share.total_cmp(&a.share));
    moves
}

/// Without what adding doubles leaves behind
pub(super) fn rounded(share: f64) -> f64 {
    (share * 1e12).round() / 1e12
}
