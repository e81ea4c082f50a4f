//! What decides on an arm, and whom the filters admit to it

use super::attribute::HashAttribute;
use super::bucket::{Range, hash, is_in_range, slots};
use super::condition::Condition;
use crate::context::Context;
use crate::dialect::spread::{Part, boundary};

/// How a value becomes a number between 0 and 1
#[derive(Debug)]
pub(super) struct Hash {
    pub(super) seed: Box<str>,
    // `None`: a version that the SDK does not know, and of which no value is in any range.
    pub(super) version: Option<u32>,
}

impl Hash {
    pub(super) fn number(&self, text: &str) -> Option<f64> {
        hash(&self.seed, text, self.version?)
    }

    /// The numbers of these ranges; `None` of an unknown version, of which no value is in any range
    pub(super) fn part(&self, hashed: &str, ranges: &[Range]) -> Option<Part> {
        self.slots(hashed, ranges, |number, end| number < end)
    }

    /// The numbers up to the coverage, which is one of them
    pub(super) fn part_to(&self, hashed: &str, coverage: f64) -> Option<Part> {
        self.slots(hashed, &[(f64::NEG_INFINITY, coverage)], |number, end| {
            number <= end
        })
    }

    fn slots(
        &self,
        hashed: &str,
        ranges: &[Range],
        is_before: impl Fn(f64, f64) -> bool,
    ) -> Option<Part> {
        let version = self.version?;
        let count = slots(version)?;
        let number = |slot: u64| f64::from(u32::try_from(slot).unwrap_or(count)) / f64::from(count);
        let end = |end: f64| boundary(count.into(), |slot| is_before(number(slot), end));
        let ranges = ranges.iter().map(|(from, until)| (end(*from), end(*until)));
        let hash = format!("growthbook {version} {:?} {hashed}", self.seed);
        Some(Part::new(hash, count.into(), ranges.collect()))
    }
}

/// A part of everybody, by a hash of its own
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) attribute: HashAttribute,
    pub(super) hash: Hash,
    pub(super) ranges: Box<[Range]>,
}

impl Filter {
    pub(super) fn covers(&self, context: &Context) -> bool {
        let number = self.attribute.text(context);
        let number = number.and_then(|text| self.hash.number(&text));
        number.is_some_and(|number| self.ranges.iter().any(|range| is_in_range(number, *range)))
    }

    pub(super) fn part(&self) -> Option<Part> {
        let hashed = format!("{:?}", self.attribute.name());
        self.hash.part(&hashed, &self.ranges)
    }
}

/// Conditions, each with the range of each arm
pub(super) type Contexts = Box<[(Condition, Box<[Range]>)]>;

/// What decides
#[derive(Debug)]
pub(super) enum Decision {
    /// Everybody gets this arm
    Forced(usize),
    /// Nobody gets any
    Nobody,
    /// One arm for everybody whom the filters admit
    Everybody,
    /// One arm for the values up to a coverage, which itself belongs to it
    Coverage(f64),
    /// One arm for the values in a range
    Range(Range),
    /// An arm for each range; the first context whose condition holds has ranges of its own
    Arms {
        contexts: Contexts,
        ranges: Box<[Range]>,
    },
}
