//! The share of units for each pair of results before and after, computed over slots
//!
//! Every hash spreads units evenly over its slots. A hash that both sides use is cut into pieces at the slots where the result of either
//! side changes, so that each piece has one result on each side. Different hashes are independent, and their shares are multiplied.

use std::collections::BTreeMap;
use std::iter;

use serde::Serialize;

use flagstaff_core::AttributePath;
use flagstaff_core::SLOT_COUNT;
use flagstaff_core::Timestamp;
use flagstaff_core::dialect::Chosen as VendorChoice;
use flagstaff_core::dialect::spread::{Part, Spread, Spreads};
use flagstaff_core::inspect::{Arm, Links, Serve, ServeTarget, VendorSplit};

/// Units that get another result
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    /// The variant before; `None` if the serve declined or did not exist, so that a later rule or serve decided
    pub before: Option<Box<str>>,
    /// The variant after; `None` if the serve declines or does not exist any more
    pub after: Option<Box<str>>,
    /// The share of the units that reach the serve, from 0 to 1
    pub share: f64,
}

/// A hash: of which unit, with which seed; or another vendor's, by what is hashed and how
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hash<'s> {
    Own(&'s AttributePath, u32),
    Vendor(String),
}

/// Slots of a hash, from one up to another
type Range = (u64, u64);

/// A test of a hash: the slot of the unit is in one of these ranges
#[derive(Debug)]
struct Stage<'s> {
    hash: Hash<'s>,
    slots: u64,
    ranges: Vec<Range>,
}

impl Stage<'_> {
    fn has(&self, slot: u64) -> bool {
        let mut ranges = self.ranges.iter();
        ranges.any(|(from, until)| *from <= slot && slot < *until)
    }
}

/// What one side does with a unit at one instant: if the unit passes the gates, it gets the result of the first branch all of whose stages
/// it passes
#[derive(Debug)]
pub(super) struct Plan<'s> {
    gates: Vec<Stage<'s>>,
    branches: Vec<(Vec<Stage<'s>>, Option<&'s str>)>,
    // The result if it does not pass the gates.
    stopped: Option<&'s str>,
}

impl<'s> Plan<'s> {
    /// The same result for every unit
    pub(super) fn always(answer: Option<&'s str>) -> Self {
        Self {
            gates: Vec::new(),
            branches: Vec::new(),
            stopped: answer,
        }
    }

    /// A serve at `now`, for contexts that have the unit; `stopped` is the result if it declines. `None` if another vendor's split depends
    /// on more than hashes
    pub(super) fn of(
        serve: &'s Serve,
        links: &'s Links,
        now: Timestamp,
        stopped: Option<&'s str>,
    ) -> Option<Self> {
        if let ServeTarget::Vendor(split) = &serve.choice {
            return match split.spreads() {
                Spreads::Whole(spread) => Some(Self::of_vendor(split, spread, stopped)),
                Spreads::Places(_) => None,
            };
        }
        let experiment = serve.experiment.as_deref();
        let holdout = experiment.and_then(|experiment| links.holdouts.get(experiment.holdout?));
        let slice = experiment.and_then(|experiment| experiment.slice.as_ref());
        let group = slice.and_then(|slice| links.groups.get(slice.group));
        let share = serve.rollout.share(now);
        // It serves no unit, so no hash is needed.
        if share == 0 || holdout.is_some_and(|holdout| holdout.end == SLOT_COUNT) {
            return Some(Self::always(stopped));
        }
        let stage = |unit, seed, ranges: Vec<(u32, u32)>| Stage {
            hash: Hash::Own(unit, seed),
            slots: SLOT_COUNT.into(),
            ranges: (ranges.into_iter())
                .map(|(from, until)| (from.into(), until.into()))
                .collect(),
        };
        let mut gates = Vec::new();
        if let Some(holdout) = holdout.filter(|holdout| holdout.end > 0) {
            let spared = vec![(holdout.end, SLOT_COUNT)];
            gates.push(stage(&holdout.unit, holdout.seed, spared));
        }
        if let (Some(slice), Some(group)) = (slice.filter(|slice| !slice.is_whole()), group) {
            let ranges = slice.ranges.iter().map(|range| (range.from, range.until));
            gates.push(stage(&group.unit, group.seed, ranges.collect()));
        }
        if share < SLOT_COUNT {
            gates.push(stage(&serve.unit, serve.rollout_seed, vec![(0, share)]));
        }
        let branches = match &serve.choice {
            ServeTarget::Variant(variant) => vec![(Vec::new(), Some(&*variant.name))],
            ServeTarget::Arms { seed, arms } => {
                let starts = iter::once(0).chain(arms.arms.iter().map(|arm| arm.end));
                let branch = |(start, arm): (u32, &'s Arm)| {
                    let stages = vec![stage(&serve.unit, *seed, vec![(start, arm.end)])];
                    (stages, Some(&*arm.variant.name))
                };
                starts.zip(&arms.arms).map(branch).collect()
            }
            ServeTarget::Vendor(_) => Vec::new(),
        };
        Some(Self {
            gates,
            branches,
            stopped,
        })
    }

    /// Another vendor's split, or a place in it
    pub(super) fn of_vendor(
        split: &'s VendorSplit,
        spread: Spread,
        stopped: Option<&'s str>,
    ) -> Self {
        let name = |chosen| match split.variant(chosen) {
            Some(variant) => Some(&*variant.name),
            None => stopped,
        };
        Self::of_spread(spread, name, stopped)
    }

    /// The result for each choice of a spread, as `name` returns it
    pub(super) fn of_spread(
        spread: Spread,
        name: impl Fn(VendorChoice) -> Option<&'s str>,
        stopped: Option<&'s str>,
    ) -> Self {
        let stage = |part: Part| Stage {
            hash: Hash::Vendor(part.hash),
            slots: part.slots,
            ranges: part.ranges,
        };
        // A hash that all units pass, or none, is not needed.
        let is_whole = |part: &Part| part.ranges.contains(&(0, part.slots));
        let is_empty = |part: &Part| part.ranges.iter().all(|(from, until)| from >= until);
        let branches = spread.0.into_iter().filter_map(|branch| {
            let stages = branch.parts.into_iter().filter(|part| !is_whole(part));
            let stages: Vec<Part> = stages.collect();
            let is_possible = !stages.iter().any(is_empty);
            let stages = stages.into_iter().map(stage).collect();
            is_possible.then(|| (stages, name(branch.chosen)))
        });
        Self {
            gates: Vec::new(),
            branches: branches.collect(),
            stopped,
        }
    }

    fn stages(&self) -> impl Iterator<Item = &Stage<'s>> {
        let branches = self.branches.iter().flat_map(|(stages, _)| stages);
        self.gates.iter().chain(branches)
    }

    /// Which of the stages that use this hash a unit with this slot passes
    fn reading(&self, hash: &Hash<'s>, slot: u64) -> Vec<bool> {
        let stages = self.stages().filter(|stage| stage.hash == *hash);
        stages.map(|stage| stage.has(slot)).collect()
    }

    fn answer(&self, slots: &[Chosen<'_, 's>]) -> Option<&'s str> {
        let passes = |stage: &Stage<'s>| {
            let mut slots = slots.iter();
            let found = slots.find(|(hash, _)| **hash == stage.hash);
            found.is_some_and(|(_, slot)| stage.has(*slot))
        };
        if !self.gates.iter().all(passes) {
            return self.stopped;
        }
        let mut branches = self.branches.iter();
        let found = branches.find(|(stages, _)| stages.iter().all(passes));
        found.map_or(self.stopped, |(_, answer)| *answer)
    }

    /// The results for these slots, with the slots of the other hashes unknown; each result with its share
    fn answers(
        &self,
        chosen: &[Chosen<'_, 's>],
        others: &[&Pieces<'_, 's>],
    ) -> BTreeMap<Option<&'s str>, f64> {
        let mut answers = BTreeMap::new();
        combine(others, 1.0, &mut chosen.to_vec(), &mut |chosen, share| {
            *answers.entry(self.answer(chosen)).or_default() += share;
        });
        answers
    }
}

/// Shares by the result before and after
pub(super) type Shares<'s> = BTreeMap<(Option<&'s str>, Option<&'s str>), f64>;

/// A hash with one of its slots
type Chosen<'p, 's> = (&'p Hash<'s>, u64);

/// The slots of a hash
#[derive(Debug)]
struct Pieces<'p, 's> {
    hash: &'p Hash<'s>,
    slots: u64,
    // Slots with the same result on both sides: one of them, and their number.
    lengths: Vec<(u64, u64)>,
    is_old: bool,
    is_new: bool,
}

/// The maximum number of ranges, and of combinations of slots. Documents that people write have some dozens; more would take too long
const MAX_RANGES: usize = 4_000;
const MAX_COMBINATIONS: usize = 100_000;

/// The share of units for each pair of results, and the number of hashes; `None` if there are too many combinations, or if a hash has
/// different numbers of slots on both sides
pub(super) fn shares<'s>(old: &Plan<'s>, new: &Plan<'s>) -> Option<(Shares<'s>, usize)> {
    let all = hashes(old, new)?;
    let of = |is_old: bool, is_new: bool| -> Vec<&Pieces<'_, 's>> {
        let wanted = |pieces: &&Pieces<'_, '_>| (pieces.is_old, pieces.is_new) == (is_old, is_new);
        all.iter().filter(wanted).collect()
    };
    // A hash that only one side uses is independent of the other side.
    let (both, only_old, only_new) = (of(true, true), of(true, false), of(false, true));
    let count = |all: &[&Pieces<'_, '_>]| {
        let lengths = all.iter().map(|pieces| pieces.lengths.len());
        lengths.fold(1, usize::saturating_mul)
    };
    let combinations =
        count(&both).saturating_mul(count(&only_old).saturating_add(count(&only_new)));
    if combinations > MAX_COMBINATIONS {
        return None;
    }
    let mut shares = Shares::new();
    combine(&both, 1.0, &mut Vec::new(), &mut |chosen, share| {
        let after = new.answers(chosen, &only_new);
        for (before, of_before) in old.answers(chosen, &only_old) {
            for (after, of_after) in &after {
                *shares.entry((before, *after)).or_default() += share * of_before * of_after;
            }
        }
    });
    Some((shares, all.len()))
}

/// The hashes that either side uses
fn hashes<'p, 's>(old: &'p Plan<'s>, new: &'p Plan<'s>) -> Option<Vec<Pieces<'p, 's>>> {
    let ranges = old.stages().chain(new.stages());
    if ranges.map(|stage| stage.ranges.len()).sum::<usize>() > MAX_RANGES {
        return None;
    }
    let mut hashes: Vec<Pieces<'p, 's>> = Vec::new();
    for (is_old, plan) in [(true, old), (false, new)] {
        for stage in plan.stages() {
            let mut known = hashes.iter_mut();
            match known.find(|pieces| *pieces.hash == stage.hash) {
                Some(known) if known.slots != stage.slots => return None,
                Some(known) => known.is_new |= !is_old,
                None => hashes.push(Pieces {
                    hash: &stage.hash,
                    slots: stage.slots,
                    lengths: pieces(old, new, (&stage.hash, stage.slots)),
                    is_old,
                    is_new: !is_old,
                }),
            }
        }
    }
    Some(hashes)
}

fn pieces<'s>(old: &Plan<'s>, new: &Plan<'s>, (hash, slots): (&Hash<'s>, u64)) -> Vec<(u64, u64)> {
    let stages = old.stages().chain(new.stages());
    let ranges = stages
        .filter(|stage| stage.hash == *hash)
        .flat_map(|stage| &stage.ranges);
    let mut cuts = vec![0, slots];
    cuts.extend(ranges.flat_map(|(from, until)| [*from, *until]));
    cuts.retain(|cut| *cut <= slots);
    cuts.sort_unstable();
    cuts.dedup();
    let mut alike = BTreeMap::new();
    for (from, until) in cuts.iter().zip(cuts.iter().skip(1)) {
        let length = until.saturating_sub(*from);
        let piece = alike
            .entry((old.reading(hash, *from), new.reading(hash, *from)))
            .or_insert((*from, 0_u64));
        piece.1 = piece.1.saturating_add(length);
    }
    alike.into_values().collect()
}

/// Calls back with every combination of one piece of each hash, and its share
fn combine<'p, 's>(
    rest: &[&Pieces<'p, 's>],
    share: f64,
    chosen: &mut Vec<Chosen<'p, 's>>,
    tell: &mut impl FnMut(&[Chosen<'p, 's>], f64),
) {
    let Some((first, rest)) = rest.split_first() else {
        tell(chosen, share);
        return;
    };
    for (slot, length) in &first.lengths {
        chosen.push((first.hash, *slot));
        let share = share * quotient(*length, first.slots);
        combine(rest, share, chosen, tell);
        chosen.pop();
    }
}

fn quotient(length: u64, slots: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share is told to twelve decimals"
    )]
    let (length, slots) = (length as f64, slots as f64);
    length / slots
}

/// The pairs of results if another, independent hash had the same shares as this plan. `None` as for [`shares`]
pub(super) fn rehashed<'s>(plan: &Plan<'s>) -> Option<(Shares<'s>, usize)> {
    let (before, hashes) = shares(plan, &Plan::always(None))?;
    let mut shares = Shares::new();
    for ((one, _), share) in &before {
        for ((other, _), of_other) in &before {
            *shares.entry((*one, *other)).or_default() += share * of_other;
        }
    }
    Some((shares, hashes))
}

/// The pairs of results that differ, the largest share first
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

/// Removes the rounding errors of a sum of doubles
pub(super) fn rounded(share: f64) -> f64 {
    (share * 1e12).round() / 1e12
}
