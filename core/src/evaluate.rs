//! In which order is a flag evaluated?
//!
//! `Evaluation::decide` is the order: disabled, expired, prerequisites, overrides, rules, the flag's own serve. Then patches apply.
//! `condition` tests whether a rule matches, and `serve` selects the variant.
//!
//! An evaluation cannot fail, panic or loop, and it always returns an outcome. A tracer sees each step; the default one costs nothing.

mod condition;
pub(crate) mod outcome;
mod outcome_id;
mod serve;
pub(crate) mod trace;

use std::borrow::Cow;
use std::sync::Arc;

pub use self::outcome_id::OutcomeId;
pub(crate) use self::outcome_id::error_id;

use self::outcome::{DecidingStep, ErrorCode, ExpectedType, Outcome, Reason};
use self::trace::Tracer;
use crate::context::{Attribute, Attributes, with_whole};
use crate::lists::Override;
use crate::model::linked::LinkedFlag;
use crate::model::{Flag, FlagType, Level, Variant};
use crate::value::merge::merge_patch;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

/// One evaluation: of which context, when, and with which tracer
pub(crate) struct Evaluation<'e, A: ?Sized, T> {
    pub(crate) context: &'e A,
    pub(crate) now: Timestamp,
    pub(crate) tracer: T,
}

/// What a flag decides for a context, before patches
pub(crate) struct Decision<'s> {
    pub(crate) variant: &'s Arc<Variant>,
    reason: Reason,
    detail: DecidingStep<'s>,
    in_experiment: bool,
    // Patches of the levels before this index apply; it is that of the override that decided, if one did.
    patchable_levels: usize,
}

impl<'s> Decision<'s> {
    /// The decision of a flag that has one for every context
    fn constant(linked: &'s LinkedFlag, variant: &'s Arc<Variant>) -> Self {
        if !linked.flag.enabled {
            return Self::off(linked, DecidingStep::Disabled);
        }
        let experiment = None;
        let (reason, detail) = match linked.flag.rules.first() {
            None => (Reason::Static, DecidingStep::Serve { experiment }),
            Some(rule) => {
                let (index, id) = (0, rule.id.as_deref());
                let detail = DecidingStep::Rule {
                    index,
                    id,
                    experiment,
                };
                (Reason::TargetingMatch, detail)
            }
        };
        Self {
            variant,
            reason,
            detail,
            in_experiment: false,
            patchable_levels: 0,
        }
    }

    fn off(linked: &'s LinkedFlag, detail: DecidingStep<'s>) -> Self {
        let variant = &linked.flag.off;
        Self {
            variant,
            reason: Reason::Disabled,
            detail,
            in_experiment: false,
            patchable_levels: 0,
        }
    }
}

impl<A: Attributes + ?Sized, T: Tracer> Evaluation<'_, A, T> {
    /// Evaluates a flag that compiled, for a valid context
    pub(crate) fn outcome<'s>(
        &mut self,
        linked: &'s LinkedFlag,
        expected: Option<ExpectedType>,
    ) -> Outcome<'s> {
        let decision = self.decide(linked);
        let flag = &*linked.flag;
        let variant = &**decision.variant;
        if !variant.serves(expected) {
            return without_value(flag, &decision);
        }
        let (value, patches) = if flag.flag_type == FlagType::Object {
            self.patched_value(linked, &decision)
        } else {
            (Cow::Borrowed(&variant.value), Vec::new())
        };
        Outcome {
            value: Ok(value),
            variant: Some(&variant.name),
            enabled: variant.name != flag.off.name,
            reason: decision.reason,
            detail: decision.detail,
            metadata: Some(&flag.metadata),
            in_experiment: decision.in_experiment,
            served: Some(variant),
            patches,
        }
    }

    /// The value of an object with its patches, and all patches of the variant, that of the environment first
    fn patched_value<'s>(
        &mut self,
        linked: &'s LinkedFlag,
        decision: &Decision<'s>,
    ) -> (Cow<'s, Value>, Vec<(&'s str, &'s JsonObject)>) {
        let patches = self.patches(linked, decision.patchable_levels);
        let value = patched(&decision.variant.value, &patches);
        let environment = linked.flag.environment_patch.iter();
        let environment = environment.map(|patch| ("environment", &**patch));
        (value, environment.chain(patches).collect())
    }

    /// Only the variant and the value of an outcome
    #[inline]
    pub(crate) fn value<'s>(
        &mut self,
        linked: &'s LinkedFlag,
        expected: Option<ExpectedType>,
    ) -> Result<(&'s Arc<Variant>, Cow<'s, Value>), Option<ErrorCode>> {
        let served = |variant: &'s Arc<Variant>| {
            if variant.serves(expected) {
                Ok(variant)
            } else {
                Err(variant.refusal())
            }
        };
        // Only the variants of an object flag may be patched.
        if expected.is_none_or(|expected| expected == ExpectedType::Object)
            && linked.may_be_patched()
        {
            let decision = self.decide(linked);
            let variant = served(decision.variant)?;
            return Ok((variant, self.patched_value(linked, &decision).0));
        }
        let variant = served(self.decided_variant(linked))?;
        Ok((variant, Cow::Borrowed(&variant.value)))
    }

    /// Decides everything but patches; a prerequisite or a condition of another flag depends on this
    #[inline(never)]
    pub(crate) fn decide<'s>(&mut self, linked: &'s LinkedFlag) -> Decision<'s> {
        self.decision(linked)
    }

    /// Only the variant of a decision: compiled apart, so that nothing else of it is stored
    #[inline(never)]
    fn decided_variant<'s>(&mut self, linked: &'s LinkedFlag) -> &'s Arc<Variant> {
        self.decision(linked).variant
    }

    #[expect(clippy::inline_always, reason = "is compiled into two functions")]
    #[inline(always)]
    fn decision<'s>(&mut self, linked: &'s LinkedFlag) -> Decision<'s> {
        if let Some(variant) = linked.constant()
            && !T::IS_ENABLED
        {
            return Decision::constant(linked, variant);
        }
        if !linked.starts_with_rules
            && let Some(decision) = self.before_rules(linked)
        {
            return decision;
        }
        if let Some(decision) = self.matching_rule(linked) {
            return decision;
        }
        self.fallthrough(linked)
    }

    /// What decides before the rules, if anything does
    #[inline(never)]
    fn before_rules<'s>(&mut self, linked: &'s LinkedFlag) -> Option<Decision<'s>> {
        if let Some(decision) = self.closed(linked) {
            return Some(decision);
        }
        if let Some(detail) = self.why_off(linked) {
            return Some(Decision::off(linked, detail));
        }
        self.override_decision(linked)
    }

    /// The decision of a flag that is not enabled, or whose dialect refuses the context
    fn closed<'s>(&mut self, linked: &'s LinkedFlag) -> Option<Decision<'s>> {
        let flag = &*linked.flag;
        if let Some(admits) = flag.admits
            && !with_whole(self.context, admits).unwrap_or_default()
        {
            return Some(Decision {
                variant: Variant::refused(),
                reason: Reason::Error,
                detail: DecidingStep::None,
                in_experiment: false,
                patchable_levels: 0,
            });
        }
        if flag.enabled {
            return None;
        }
        self.tracer.event(|| [("type", "disabled".into())]);
        Some(Decision::off(linked, DecidingStep::Disabled))
    }

    /// Why a flag that is enabled is off, if it is
    fn why_off<'s>(&mut self, linked: &'s LinkedFlag) -> Option<DecidingStep<'s>> {
        let flag = &*linked.flag;
        if let Some(expiry) = flag.expires_at.filter(|expiry| *expiry <= self.now) {
            self.tracer.event(|| {
                [
                    ("type", "expired".into()),
                    ("at", expiry.to_string().into()),
                ]
            });
            return Some(DecidingStep::Expired);
        }
        let unmet = flag
            .prerequisites
            .iter()
            .find(|position| !self.is_met(linked, **position))?;
        let reference = flag.references.flags.get(*unmet)?;
        Some(DecidingStep::Prerequisite {
            flag: &reference.target.key,
        })
    }

    /// Whether a prerequisite is on and serves one of the variants wanted
    fn is_met(&mut self, linked: &LinkedFlag, position: usize) -> bool {
        let Some(reference) = linked.flag.references.flags.get(position) else {
            return false;
        };
        self.tracer.enter();
        let found = linked.links.flags.get(position).and_then(Option::as_ref);
        let served =
            found.map(|found| (&found.target.flag.off, self.decide(&found.target).variant));
        let is_wanted = |variant: &Variant| reference.variants.contains(&variant.name);
        let is_met =
            served.is_some_and(|(off, variant)| variant.name != off.name && is_wanted(variant));
        self.tracer.exit(|| {
            [
                ("type", "prerequisite".into()),
                ("flag", Arc::clone(&reference.target.key).into()),
                (
                    "variant",
                    served.map_or(Value::Null, |(_, variant)| variant.shown()),
                ),
                ("result", is_met.into()),
            ]
        });
        is_met
    }

    /// The most specific level that has a full override for this context
    fn override_decision<'s>(&mut self, linked: &'s LinkedFlag) -> Option<Decision<'s>> {
        let flag = &*linked.flag;
        for found in entries(linked, usize::MAX, self.context) {
            let level = found.level;
            let variant = match found.entry {
                Some(Override::Exclude) => Some(&flag.off),
                Some(Override::Include) => flag.on.as_ref(),
                Some(Override::Variant(name)) => flag.variant(name),
                Some(Override::Patch(_) | Override::Invalid(_)) | None => None,
            };
            self.tracer.event(|| {
                let key = found.key.map_unit(|text| Value::from(text));
                let variant = variant.map_or(Value::Null, |variant| variant.shown());
                [
                    ("type", "override".into()),
                    ("level", Arc::clone(&level.name).into()),
                    ("key", key.unwrap_or_default()),
                    ("variant", variant),
                ]
            });
            if let Some(variant) = variant {
                let detail = DecidingStep::Override { level: &level.name };
                let reason = Reason::TargetingMatch;
                return Some(Decision {
                    variant,
                    reason,
                    detail,
                    in_experiment: false,
                    patchable_levels: found.index,
                });
            }
        }
        None
    }

    /// The first rule whose window is open, whose condition holds and whose serve does not decline
    #[expect(clippy::inline_always, reason = "is a part of `decision`")]
    #[inline(always)]
    fn matching_rule<'s>(&mut self, linked: &'s LinkedFlag) -> Option<Decision<'s>> {
        let flag = &*linked.flag;
        for (index, rule) in flag.rules.iter().enumerate() {
            self.tracer.enter();
            let is_open = rule
                .window
                .get()
                .is_none_or(|window| window.covers(self.now));
            let is_match = is_open
                && rule
                    .when
                    .as_ref()
                    .is_none_or(|condition| self.holds(condition, &linked.links));
            let served = if is_match {
                self.serve(&rule.serve, &linked.links)
            } else {
                None
            };
            self.tracer.exit(|| {
                let result = match (is_open, is_match, &served) {
                    (false, ..) => "closed",
                    (_, false, _) => "no match",
                    (.., None) => "declined",
                    (.., Some(_)) => "match",
                };
                let id = rule
                    .id
                    .as_ref()
                    .map_or(Value::Null, |id| Arc::clone(id).into());
                [
                    ("type", "rule".into()),
                    ("index", index_value(index)),
                    ("id", id),
                    ("result", result.into()),
                ]
            });
            if let Some(served) = served {
                let detail = DecidingStep::Rule {
                    index,
                    id: rule.id.as_deref(),
                    experiment: served.experiment,
                };
                let reason = if served.is_hashed {
                    Reason::Split
                } else {
                    Reason::TargetingMatch
                };
                let in_experiment = served.experiment.is_some();
                let patchable_levels = flag.levels.len();
                return Some(Decision {
                    variant: served.variant,
                    reason,
                    detail,
                    in_experiment,
                    patchable_levels,
                });
            }
        }
        None
    }

    fn fallthrough<'s>(&mut self, linked: &'s LinkedFlag) -> Decision<'s> {
        let flag = &*linked.flag;
        let patchable_levels = flag.levels.len();
        let Some(served) = self.serve(&flag.serve, &linked.links) else {
            let (variant, reason, detail) = (&flag.off, Reason::Default, DecidingStep::Declined);
            return Decision {
                variant,
                reason,
                detail,
                in_experiment: false,
                patchable_levels,
            };
        };
        let reason = match (served.is_hashed, linked.is_constant) {
            (true, _) => Reason::Split,
            (false, true) => Reason::Static,
            (false, false) => Reason::Default,
        };
        let detail = DecidingStep::Serve {
            experiment: served.experiment,
        };
        Decision {
            variant: served.variant,
            reason,
            detail,
            in_experiment: served.experiment.is_some(),
            patchable_levels,
        }
    }

    /// The patches of this context's levels, from the general to the specific
    fn patches<'s>(
        &mut self,
        linked: &'s LinkedFlag,
        patchable_levels: usize,
    ) -> Vec<(&'s str, &'s JsonObject)> {
        if !linked.may_be_patched() {
            return Vec::new();
        }
        let entries = entries(linked, patchable_levels, self.context);
        let patch = |found: LevelEntry<'s, '_>| match found.entry {
            Some(Override::Patch(patch)) => Some((&*found.level.name, &**patch)),
            _ => None,
        };
        let mut patches: Vec<_> = entries.filter_map(patch).collect();
        patches.reverse();
        for (level, _) in &patches {
            self.tracer
                .event(|| [("type", "patch".into()), ("level", (*level).into())]);
        }
        patches
    }
}

/// The outcome of a decision that has no value of the type that is expected: an error, or nothing
#[cold]
fn without_value<'s>(flag: &'s Flag, decision: &Decision<'s>) -> Outcome<'s> {
    let error = decision.variant.refusal();
    let outcome = Outcome {
        metadata: Some(&flag.metadata),
        ..Outcome::error(error.unwrap_or(ErrorCode::General))
    };
    if error.is_some() {
        return outcome;
    }
    Outcome {
        value: Err(None),
        reason: match decision.reason {
            Reason::Disabled => Reason::Disabled,
            _ => Reason::Default,
        },
        detail: decision.detail,
        in_experiment: decision.in_experiment,
        ..outcome
    }
}

/// What the list of one level has for a context
struct LevelEntry<'s, 'c> {
    /// The place of the level, 0 being the most specific
    index: usize,
    level: &'s Level,
    /// The key of the context at this level
    key: Attribute<'c>,
    entry: Option<&'s Override>,
}

/// The most specific levels of a flag, so many of them, that have a list, with what it has for this context
fn entries<'s, 'c, A: Attributes + ?Sized>(
    linked: &'s LinkedFlag,
    levels: usize,
    context: &'c A,
) -> impl Iterator<Item = LevelEntry<'s, 'c>> {
    let lists = linked.flag.levels.iter().zip(&linked.overrides);
    let lists = lists.take(levels).enumerate();
    lists.filter_map(|(index, (level, list))| {
        let list = list.as_ref()?;
        let key = context.attribute(&level.path);
        let entry = key.map_unit(|key| list.get(key)).flatten();
        Some(LevelEntry {
            index,
            level,
            key,
            entry,
        })
    })
}

fn patched<'s>(value: &'s Value, patches: &[(&str, &JsonObject)]) -> Cow<'s, Value> {
    patches
        .iter()
        .fold(Cow::Borrowed(value), |value, (_, patch)| {
            Cow::Owned(merge_patch(&value, patch))
        })
}

fn index_value(index: usize) -> Value {
    u32::try_from(index).unwrap_or(u32::MAX).into()
}
