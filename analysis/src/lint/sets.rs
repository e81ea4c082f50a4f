//! Sets of tests as bits: bit `i` stands for test `i`

use flagstaff_core::Attribute;
use flagstaff_core::inspect::AttributeTest;

/// The bit of the test at this position
pub(super) fn bit(position: usize) -> u32 {
    u32::try_from(position).map_or(0, |position| 1_u32.checked_shl(position).unwrap_or(0))
}

/// The bits of the tests that `is_of` is true of
pub(super) fn mask(tests: &[&AttributeTest], is_of: impl Fn(&AttributeTest) -> bool) -> u32 {
    tests
        .iter()
        .enumerate()
        .filter(|(_, test)| is_of(test))
        .fold(0, |mask, (position, _)| mask | bit(position))
}

/// Every subset of a set of bits
pub(super) fn subsets(of: u32) -> impl Iterator<Item = u32> {
    let mut next = Some(0_u32);
    std::iter::from_fn(move || {
        let subset = next?;
        next = (subset != of).then(|| subset.wrapping_sub(of) & of);
        Some(subset)
    })
}

/// Which tests match one value, as bits
pub(super) fn evaluated(tests: &[&AttributeTest], attribute: &Attribute<'_>) -> u32 {
    tests
        .iter()
        .enumerate()
        .filter(|(_, test)| test.matches_one(attribute))
        .fold(0, |bits, (position, _)| bits | bit(position))
}
