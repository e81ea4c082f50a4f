//! How is a unit put into a slot?
//!
//! By [`slot`], with a [`seed`] for each stage; `evaluate/serve.rs` compares the slot with the ranges of a serve. Integers only: the same unit must land in the same slot on every platform and in every language, for ever.
//! `conformance/vectors/bucketing.json` pins it.

pub(crate) mod murmur3;
pub(crate) mod rollout;

use self::murmur3::murmur3_x86_32;

/// The number of slots: a percentage has three decimals
pub const SLOT_COUNT: u32 = 100_000;

/// What a hash decides; each stage has a seed of its own, so that raising a rollout never changes anybody's arm
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServeStage {
    /// Whether the unit takes part at all
    Rollout,
    /// Which arm the unit gets
    Arms,
    /// Whether the unit lies in an experiment's slice of its group
    Slice,
    /// Whether the unit is held out
    Holdout,
}

/// The seed of one stage of a serve with this salt: `murmur3_x86_32(salt + "/" + stage, 0)`
pub(crate) fn stage_seed(salt: &str, stage: ServeStage) -> u32 {
    let stage = match stage {
        ServeStage::Rollout => "/rollout",
        ServeStage::Arms => "/arms",
        ServeStage::Slice => "/slice",
        ServeStage::Holdout => "/holdout",
    };
    seed(&[salt, stage].concat())
}

/// The seed of a salt: `murmur3_x86_32(salt, 0)`
pub fn seed(salt: &str) -> u32 {
    murmur3_x86_32(salt.as_bytes(), 0)
}

/// The slot of a unit, from 0 to `total` − 1: `(murmur3_x86_32(unit, seed) × total) >> 32`
#[inline]
pub fn slot(unit: &str, seed: u32, total: u32) -> u32 {
    // Multiply-shift, not `%`: no zero divisor, no bias worth speaking of, and order-preserving in the hash.
    let product = u64::from(murmur3_x86_32(unit.as_bytes(), seed)).wrapping_mul(u64::from(total));
    (product >> 32) as u32
}

/// A percentage of 0 to 100 as thousandths of a percent, or `None` where it is out of range or has a fourth decimal
pub(crate) fn thousandths(percent: f64) -> Option<u32> {
    if !(0.0..=100.0).contains(&percent) {
        return None;
    }
    let scaled = (percent * 1000.0).round();
    // Dividing gives the double nearest to the decimal, which is what the text was parsed to.
    #[expect(
        clippy::float_cmp,
        reason = "the comparison asks whether both are the same double"
    )]
    let is_exact = scaled / 1000.0 == percent;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 100,000 here"
    )]
    is_exact.then_some(scaled as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_at_most_three_decimals() {
        assert_eq!(thousandths(33.333), Some(33_333));
        assert_eq!(thousandths(0.001), Some(1));
        assert_eq!(thousandths(100.0), Some(100_000));
        assert_eq!(thousandths(0.0), Some(0));
        for bad in [0.0001, 33.3333, -0.001, 100.001, f64::NAN, f64::INFINITY] {
            assert_eq!(thousandths(bad), None, "{bad}");
        }
        for thousandth in 0..=100_000_u32 {
            assert_eq!(
                thousandths(f64::from(thousandth) / 1000.0),
                Some(thousandth)
            );
        }
    }

    #[test]
    fn rollout_and_arms_are_independent() {
        // design §5: a 20 × 20 table over 400,000 ids; the chi-square statistic as a normal deviate stays small.
        let (rollout, arms) = (
            stage_seed("new-checkout", ServeStage::Rollout),
            stage_seed("new-checkout", ServeStage::Arms),
        );
        let mut table = [[0_u32; 20]; 20];
        for id in 0..400_000 {
            let unit = format!("user-{id}");
            table[slot(&unit, rollout, 20) as usize][slot(&unit, arms, 20) as usize] += 1;
        }
        let chi: f64 = table
            .iter()
            .flatten()
            .map(|n| (f64::from(*n) - 1000.0).powi(2) / 1000.0)
            .sum();
        let z = (chi - 399.0) / (2.0 * 399.0_f64).sqrt();
        assert!(z.abs() < 2.5, "z = {z}");
    }
}
