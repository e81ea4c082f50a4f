//! Outcomes as numbers, for a host to which a call with strings costs more than an evaluation
//!
//! What a flag answers, patches apart, is one of few: a step of the evaluation, its position, the variant, and whether a hash and an
//! experiment decided. These make the number up.

use std::sync::Arc;

use super::{Decision, Evaluation};
use crate::context::Attributes;
use crate::evaluate::outcome::{DecidingStep, ErrorCode, ExpectedType, Reason};
use crate::evaluate::trace::Tracer;
use crate::model::linked::LinkedFlag;

// The layout, from the low bits up: 3 for the step, 1 for a hash, 1 for an experiment, 7 for the variant, 18 for the position. So
// it has 30 bits, which an engine of JavaScript keeps without allocating.
const HASHED: u32 = 1 << 3;
const IN_EXPERIMENT: u32 = 1 << 4;
const VARIANT: u32 = 5;
const VARIANTS: usize = 1 << 7;
// Beyond those that a flag may have.
const NO_VARIANT: usize = VARIANTS - 1;
const POSITION: u32 = 12;
const POSITIONS: usize = 1 << 18;

const ERROR: u32 = 0;
const DISABLED: u32 = 1;
const EXPIRED: u32 = 2;
const PREREQUISITE: u32 = 3;
const OVERRIDE: u32 = 4;
const RULE: u32 = 5;
const SERVE: u32 = 6;
const DECLINED: u32 = 7;

/// Of one flag in one snapshot, asked for one type, outcomes of the same number are equal
pub type OutcomeId = u32;

/// The number of an outcome that is an error
pub(crate) const fn error_id(code: ErrorCode) -> OutcomeId {
    ((code as u32) << POSITION) | ERROR
}

impl<A: Attributes + ?Sized, T: Tracer> Evaluation<'_, A, T> {
    /// The number of an outcome; `None` where it has none, since overrides patch its value
    pub(crate) fn outcome_id(
        &mut self,
        linked: &LinkedFlag,
        expected: Option<ExpectedType>,
    ) -> Option<OutcomeId> {
        let decision = self.decide(linked);
        if !decision.variant.serves(expected)
            && let Some(code) = decision.variant.refusal()
        {
            return Some(error_id(code));
        }
        if !self.patches(linked, decision.patchable_levels).is_empty() {
            return None;
        }
        decision.outcome_id(linked)
    }
}

impl Decision<'_> {
    fn outcome_id(&self, linked: &LinkedFlag) -> Option<OutcomeId> {
        let flag = &*linked.flag;
        let (step, position) = match self.detail {
            DecidingStep::Disabled => (DISABLED, 0),
            DecidingStep::Expired => (EXPIRED, 0),
            DecidingStep::Prerequisite { flag: unmet } => {
                let mut references = flag.references.flags.iter();
                let position = references.position(|other| &*other.target.key == unmet)?;
                (PREREQUISITE, position)
            }
            // The deciding override is the first that no patch may come after.
            DecidingStep::Override { .. } => (OVERRIDE, self.patchable_levels),
            DecidingStep::Rule { index, .. } => (RULE, index),
            DecidingStep::Serve { .. } => (SERVE, 0),
            DecidingStep::Declined => (DECLINED, 0),
            DecidingStep::None => return None,
        };
        let mut variants = flag.variants.iter();
        let variant = if self.variant.is_none() {
            NO_VARIANT
        } else {
            variants.position(|other| Arc::ptr_eq(other, self.variant))?
        };
        if variant >= VARIANTS || position >= POSITIONS {
            return None;
        }
        let hashed = if self.reason == Reason::Split {
            HASHED
        } else {
            0
        };
        let in_experiment = if self.in_experiment { IN_EXPERIMENT } else { 0 };
        let (variant, position) = (u32::try_from(variant).ok()?, u32::try_from(position).ok()?);
        Some(step | hashed | in_experiment | (variant << VARIANT) | (position << POSITION))
    }
}
