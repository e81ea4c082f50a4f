//! Whether a condition can hold at all, and whether it can fail
//!
//! A condition is a formula over groups of tests: those of one attribute, of one hash, of one flag. The possible results of each group are
//! listed. Groups are assumed to be independent, and all combinations are tried, up to a maximum. If no combination makes a condition
//! hold, it never holds; otherwise it may hold, but need not.

use std::sync::Arc;

use super::attribute::{self, Row};
use super::sets::bit;
use super::variants;
use flagstaff_core::AttributePath;
use flagstaff_core::inspect::{AttributeTest, Matcher};
use flagstaff_core::inspect::{Bucket, Condition, DialectTest, SlotRange};
use flagstaff_core::inspect::{LinkedFlag, LinkedSegment, Links};

/// Maximum number of tests, trees and constants of one formula
const MAX_SIZE: usize = 400;
/// Maximum number of combinations that are tried
const MAX_COMBINATIONS: u32 = 20_000;

/// Whether a condition can hold, and whether it can fail
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Verdict {
    pub(super) may_hold: bool,
    pub(super) may_fail: bool,
    /// It may hold without any attribute being an array
    pub(super) may_hold_without_arrays: bool,
}

impl Verdict {
    const UNKNOWN: Self = Self {
        may_hold: true,
        may_fail: true,
        may_hold_without_arrays: true,
    };

    pub(super) fn is_constant(self) -> bool {
        !self.may_hold || !self.may_fail
    }

    pub(super) fn needs_arrays(self) -> bool {
        self.may_hold && !self.may_hold_without_arrays
    }
}

/// A condition in terms of a [`Space`]
#[derive(Debug)]
pub(super) enum Formula {
    Constant(bool),
    All(Vec<Formula>),
    Any(Vec<Formula>),
    Not(Box<Formula>),
    Test { group: usize, bit: u32 },
}

impl Formula {
    pub(super) fn not(formula: Self) -> Self {
        Self::Not(Box::new(formula))
    }

    /// Its value if these results of groups are known; `None` if it depends on others
    fn value(&self, said: &[Option<u32>]) -> Option<bool> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::Not(inner) => inner.value(said).map(|value| !value),
            Self::All(members) => decided(members, said, false),
            Self::Any(members) => decided(members, said, true),
            Self::Test { group, bit } => said
                .get(*group)
                .copied()
                .flatten()
                .map(|bits| bits & bit != 0),
        }
    }
}

/// A member with the deciding value decides; otherwise all members must be known
fn decided(members: &[Formula], said: &[Option<u32>], deciding: bool) -> Option<bool> {
    let mut value = Some(!deciding);
    for member in members {
        match member.value(said) {
            Some(found) if found == deciding => return Some(deciding),
            Some(_) => {}
            None => value = None,
        }
    }
    value
}

/// Tests whose results depend on each other
#[derive(Debug)]
enum Group<'s> {
    Attribute {
        path: &'s AttributePath,
        tests: Vec<&'s AttributeTest>,
    },
    Hash {
        unit: &'s AttributePath,
        seed: u32,
        slots: Vec<SlotRange>,
    },
    Flag {
        target: &'s LinkedFlag,
        wanted: Vec<&'s [Arc<str>]>,
    },
    Members {
        of: &'s LinkedSegment,
        side: Side,
    },
    // A condition of another vendor: its relation to other tests is not known.
    Dialect {
        test: &'s DialectTest,
    },
}

/// One of the lists of a segment
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Exclude,
    Include,
}

/// The groups of the formulas that are analysed together
#[derive(Debug, Default)]
pub(super) struct Space<'s> {
    groups: Vec<Group<'s>>,
    size: usize,
}

impl<'s> Space<'s> {
    /// A condition as a formula of this space
    pub(super) fn formula(&mut self, condition: &'s Condition, links: &'s Links) -> Formula {
        self.size = self.size.saturating_add(1);
        if self.size > MAX_SIZE {
            return Formula::Constant(false);
        }
        match condition {
            Condition::All(members) => Formula::All(
                members
                    .iter()
                    .map(|member| self.formula(member, links))
                    .collect(),
            ),
            Condition::Any(members) => Formula::Any(
                members
                    .iter()
                    .map(|member| self.formula(member, links))
                    .collect(),
            ),
            Condition::Not(inner) => Formula::not(self.formula(inner, links)),
            Condition::Attribute { path, test } => {
                let formula = self.test(path, test);
                if test.is_negated {
                    Formula::not(formula)
                } else {
                    formula
                }
            }
            Condition::Segment(position) => match links.segments.get(*position) {
                Some(segment) => self.segment(segment),
                None => Formula::Constant(false),
            },
            Condition::Flag(position) => match links.flags.get(*position) {
                Some(Some(reference)) => self.flag(&reference.target, &reference.variants),
                _ => Formula::Constant(false),
            },
            Condition::Bucket(bucket) => self.bucket(bucket),
            Condition::Dialect(test) => self.dialect(test),
        }
    }

    /// Membership in a segment: the excluded ids, then the included ids, then the condition
    fn segment(&mut self, linked: &'s LinkedSegment) -> Formula {
        let exclude = self.members(linked, Side::Exclude, linked.has_excluded());
        let include = self.members(linked, Side::Include, linked.has_included());
        let when = match &linked.segment.when {
            Some(when) => self.formula(when, linked.links()),
            None => Formula::Constant(false),
        };
        Formula::All(vec![
            Formula::not(exclude),
            Formula::Any(vec![include, when]),
        ])
    }

    fn members(&mut self, of: &'s LinkedSegment, side: Side, has_any: bool) -> Formula {
        if !has_any {
            return Formula::Constant(false);
        }
        let is_it = |group: &Group<'_>| matches!(group, Group::Members { of: other, side: of_side } if other.key == of.key && *of_side == side);
        let group = self.position(is_it, || Group::Members { of, side });
        Formula::Test { group, bit: bit(0) }
    }

    fn test(&mut self, path: &'s AttributePath, test: &'s AttributeTest) -> Formula {
        let is_it = |group: &Group<'_>| matches!(group, Group::Attribute { path: other, .. } if *other == path);
        let group = self.position(is_it, || Group::Attribute {
            path,
            tests: Vec::new(),
        });
        let position = match self.groups.get_mut(group) {
            Some(Group::Attribute { tests, .. }) => index_of(tests, test, is_same),
            _ => 0,
        };
        Formula::Test {
            group,
            bit: bit(position),
        }
    }

    fn flag(&mut self, target: &'s LinkedFlag, wanted: &'s [Arc<str>]) -> Formula {
        let is_it = |group: &Group<'_>| matches!(group, Group::Flag { target: other, .. } if other.key == target.key);
        let group = self.position(is_it, || Group::Flag {
            target,
            wanted: Vec::new(),
        });
        let position = match self.groups.get_mut(group) {
            Some(Group::Flag { wanted: all, .. }) => index_of(all, wanted, |a, b| a == b),
            _ => 0,
        };
        Formula::Test {
            group,
            bit: bit(position),
        }
    }

    fn bucket(&mut self, bucket: &'s Bucket) -> Formula {
        let is_it = |group: &Group<'_>| matches!(group, Group::Hash { unit, seed, .. } if **unit == bucket.unit && *seed == bucket.seed);
        let group = self.position(is_it, || Group::Hash {
            unit: &bucket.unit,
            seed: bucket.seed,
            slots: Vec::new(),
        });
        let position = match self.groups.get_mut(group) {
            Some(Group::Hash { slots, .. }) => index_of(slots, bucket.slots, |a, b| a == b),
            _ => 0,
        };
        Formula::Test {
            group,
            bit: bit(position),
        }
    }

    fn dialect(&mut self, test: &'s DialectTest) -> Formula {
        let is_it = |group: &Group<'_>| matches!(group, Group::Dialect { test: other } if std::ptr::eq(*other, test));
        let group = self.position(is_it, || Group::Dialect { test });
        Formula::Test { group, bit: bit(0) }
    }

    fn position(
        &mut self,
        is_it: impl Fn(&Group<'_>) -> bool,
        make: impl FnOnce() -> Group<'s>,
    ) -> usize {
        self.groups.iter().position(is_it).unwrap_or_else(|| {
            self.groups.push(make());
            self.groups.len().saturating_sub(1)
        })
    }

    /// Whether a formula of this space can hold, and whether it can fail
    pub(super) fn verdict(&self, formula: &Formula) -> Verdict {
        if self.size > MAX_SIZE {
            return Verdict::UNKNOWN;
        }
        let rows: Vec<Option<Vec<Row>>> = self.groups.iter().map(Group::rows).collect();
        let mut search = Search {
            formula,
            rows: &rows,
            left: MAX_COMBINATIONS,
            verdict: Verdict::default(),
        };
        search.run(0, &mut vec![None; rows.len()], false);
        search.verdict
    }
}

/// The position of an item, which is added if it is new
fn index_of<T: Copy>(items: &mut Vec<T>, item: T, is_same: impl Fn(T, T) -> bool) -> usize {
    items
        .iter()
        .position(|other| is_same(*other, item))
        .unwrap_or_else(|| {
            items.push(item);
            items.len().saturating_sub(1)
        })
}

impl Group<'_> {
    /// The possible results of its tests; `None` if there are too many to list
    fn rows(&self) -> Option<Vec<Row>> {
        let row = |bits| Row {
            bits,
            is_array: false,
        };
        match self {
            Self::Attribute { path, tests } => attribute::rows(path, tests),
            Self::Members { .. } | Self::Dialect { .. } => Some(vec![row(0), row(1)]),
            Self::Hash { slots, .. } => {
                // Without a unit no range holds; with one, the result changes only at the ends of ranges.
                let starts = slots.iter().flat_map(|slots| [slots.from, slots.until]);
                let bits = |slot: u32| {
                    let around = slots
                        .iter()
                        .enumerate()
                        .filter(|(_, slots)| slots.contains(slot));
                    around.fold(0, |bits, (position, _)| bits | bit(position))
                };
                (slots.len() < 32).then(|| starts.map(bits).chain([0]).map(row).collect())
            }
            Self::Flag { target, wanted } => {
                let bits = |served: &&str| {
                    let with = wanted
                        .iter()
                        .enumerate()
                        .filter(|(_, wanted)| wanted.iter().any(|name| &**name == *served));
                    with.fold(0, |bits, (position, _)| bits | bit(position))
                };
                (wanted.len() < 32).then(|| {
                    variants::possible(target)
                        .iter()
                        .map(bits)
                        .map(row)
                        .collect()
                })
            }
        }
    }
}

struct Search<'a> {
    formula: &'a Formula,
    rows: &'a [Option<Vec<Row>>],
    left: u32,
    verdict: Verdict,
}

impl Search<'_> {
    /// Tries the possible results of the groups from `group` on; `said` are the results of the groups before
    fn run(&mut self, group: usize, said: &mut Vec<Option<u32>>, has_array: bool) {
        if self.verdict == Verdict::UNKNOWN {
            return;
        }
        let value = self.formula.value(said);
        if self.left == 0 || (value.is_none() && group >= said.len()) {
            self.verdict = Verdict::UNKNOWN;
            return;
        }
        self.left = self.left.saturating_sub(1);
        match value {
            Some(true) => {
                self.verdict.may_hold = true;
                self.verdict.may_hold_without_arrays |= !has_array;
            }
            Some(false) => self.verdict.may_fail = true,
            None => {
                let rows = self.rows;
                let Some(Some(rows)) = rows.get(group) else {
                    return self.run(group.saturating_add(1), said, has_array);
                };
                for row in rows {
                    set(said, group, Some(row.bits));
                    self.run(group.saturating_add(1), said, has_array || row.is_array);
                }
                set(said, group, None);
            }
        }
    }
}

fn set(said: &mut [Option<u32>], group: usize, bits: Option<u32>) {
    if let Some(place) = said.get_mut(group) {
        *place = bits;
    }
}

/// Whether two tests match the same values, without their negations
fn is_same(a: &AttributeTest, b: &AttributeTest) -> bool {
    let are_alike = a.ignore_case == b.ignore_case
        && a.quantifier == b.quantifier
        && a.is_elementwise() == b.is_elementwise();
    are_alike
        && match (&a.matcher, &b.matcher) {
            (Matcher::Exists, Matcher::Exists) | (Matcher::Null, Matcher::Null) => true,
            (Matcher::In(a), Matcher::In(b)) => {
                a.numbers() == b.numbers()
                    && a.booleans() == b.booleans()
                    && a.texts().len() == b.texts().len()
                    && a.texts().all(|text| b.has_text(text))
            }
            (Matcher::Contains(a), Matcher::Contains(b))
            | (Matcher::StartsWith(a), Matcher::StartsWith(b))
            | (Matcher::EndsWith(a), Matcher::EndsWith(b)) => a == b,
            (Matcher::Matches(a), Matcher::Matches(b)) => {
                a.iter().map(|a| &a.text).eq(b.iter().map(|b| &b.text))
            }
            (Matcher::Number(side, a), Matcher::Number(other, b)) => {
                side == other && a.total_cmp(b).is_eq()
            }
            (Matcher::Instant(side, a), Matcher::Instant(other, b)) => side == other && a == b,
            (Matcher::Semver(side, a), Matcher::Semver(other, b)) => side == other && a == b,
            (Matcher::SemverMatches(a), Matcher::SemverMatches(b)) => a == b,
            (Matcher::Cidr(a), Matcher::Cidr(b)) => a == b,
            (Matcher::Size(side, a), Matcher::Size(other, b)) => side == other && a == b,
            _ => false,
        }
}
