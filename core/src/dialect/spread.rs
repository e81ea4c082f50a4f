//! How a vendor's hash spreads units, for tools that compute shares instead of counting
//!
//! Nothing here is on the path of an evaluation. Lists of single units that get an arm whatever their hash, assignments that a context
//! brings with it and units without a value to hash are left out, as such tools leave out our own overrides and `onMissing`.

use super::Chosen;

/// Where a split hashes
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spreads {
    /// The split as a whole
    Whole(Spread),
    /// These places in it, and which of them a unit gets to depends on its context; none where it does not hash. Each has a JSON pointer
    /// into the parameters or the expression, and `None` where the weights depend on the context too
    Places(Vec<(String, Option<Spread>)>),
}

/// What units get by their hashes: that of the first branch that they are in. A unit in no branch is declined
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread(pub Vec<Branch>);

/// What the units get that are in all of these parts
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// All of which must have a unit
    pub parts: Vec<Part>,
    /// What it gets then
    pub chosen: Chosen,
}

/// A part of the slots of one hash
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What is hashed and how: parts of the same text look at the same slot of a unit
    pub hash: String,
    /// How many slots the hash has, over which it spreads units evenly
    pub slots: u64,
    /// From the first slot up to the second, which is not part of it
    pub ranges: Vec<(u64, u64)>,
}

#[cfg(feature = "dialects")]
impl Part {
    pub(super) fn new(hash: String, slots: u64, ranges: Vec<(u64, u64)>) -> Self {
        Self {
            hash,
            slots,
            ranges,
        }
    }
}

#[cfg(feature = "dialects")]
impl Spread {
    /// Everybody gets the same
    pub(super) fn everybody(chosen: Chosen) -> Self {
        Self(vec![Branch {
            parts: Vec::new(),
            chosen,
        }])
    }

    /// A condition: `Arm(0)` for the units for which it holds
    pub(super) fn condition(part: Part) -> Self {
        Self(vec![Branch {
            parts: vec![part],
            chosen: Chosen::Arm(0),
        }])
    }
}

/// How many slots come before the first one for which `is_before` is false; it is true for those before it and for no other
#[cfg(feature = "dialects")]
pub(super) fn boundary(slots: u64, is_before: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, slots);
    while low < high {
        let middle = u64::midpoint(low, high);
        if is_before(middle) {
            low = middle.saturating_add(1);
        } else {
            high = middle;
        }
    }
    low
}
