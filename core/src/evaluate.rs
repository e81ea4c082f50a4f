//! The one path of an evaluation, in the order of the language: off, overrides, rules, the flag's own serve, patches
//!
//! It cannot fail, panic or loop, and it always answers. A tracer sees each step; the one that sees nothing costs nothing.

mod condition;
mod number;
mod serve;

use std::borrow::Cow;
use std::sync::Arc;

pub(crate) use self::number::{OutcomeNumber, error_number};

use crate::context::Attributes;
use crate::link::LinkedFlag;
use crate::list::Override;
use crate::merge::merge_patch;
use crate::model::{FlagType, Variant};
use crate::outcome::{Detail, ErrorCode, Outcome, Reason, ValueType};
use crate::timestamp::Timestamp;
use crate::trace::Tracer;
use crate::value::{Object, Value};

/// One evaluation: who asks, when, and who watches
pub(crate) struct Evaluation<'e, A: ?Sized, T> {
    pub(crate) context: &'e A,
    pub(crate) now: Timestamp,
    pub(crate) tracer: T,
}

/// What a flag decides for a context, patches apart
pub(crate) struct Decision<'s> {
    pub(crate) variant: &'s Arc<Variant>,
    reason: Reason,
    detail: Detail<'s>,
    in_experiment: bool,
    // Patches of levels that come before this position, which is that of a deciding override, may apply.
    patchable_levels: usize,
}

impl<'s> Decision<'s> {
    /// What a flag that answers everybody alike decides, overrides or not
    fn constant(linked: &'s LinkedFlag, variant: &'s Arc<Variant>) -> Self {
        if !linked.flag.enabled {
            return Self::off(linked, Detail::Disabled);
        }
        Self {
            variant,
            reason: Reason::Static,
            detail: Detail::Serve { experiment: None },
            in_experiment: false,
            patchable_levels: 0,
        }
    }

    fn off(linked: &'s LinkedFlag, detail: Detail<'s>) -> Self {
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
    /// Evaluates a flag that compiled, for a context that is one
    pub(crate) fn outcome<'s>(
        &mut self,
        linked: &'s LinkedFlag,
        expected: Option<ValueType>,
    ) -> Outcome<'s> {
        let decision = self.decide(linked);
        let flag = &*linked.flag;
        let variant = &**decision.variant;
        if expected.is_some_and(|expected| !expected.admits(&variant.value)) {
            return Outcome {
                metadata: Some(&flag.metadata),
                ..Outcome::error(ErrorCode::TypeMismatch)
            };
        }
        let (value, layers) = if flag.value_type == FlagType::Object {
            self.layered(linked, &decision)
        } else {
            (Cow::Borrowed(&variant.value), Vec::new())
        };
        Outcome {
            value: Some(value),
            variant: Some(&variant.name),
            enabled: variant.name != flag.off.name,
            reason: decision.reason,
            error_code: None,
            detail: decision.detail,
            metadata: Some(&flag.metadata),
            in_experiment: decision.in_experiment,
            served: Some(variant),
            layers,
        }
    }

    /// The value of an object with its patches, and what was laid over the variant as the document has it
    fn layered<'s>(
        &mut self,
        linked: &'s LinkedFlag,
        decision: &Decision<'s>,
    ) -> (Cow<'s, Value>, Vec<(&'s str, &'s Object)>) {
        let patches = self.patches(linked, decision.patchable_levels);
        let value = patched(&decision.variant.value, &patches);
        let environment = linked.flag.environment_patch.iter();
        let environment = environment.map(|patch| ("environment", &**patch));
        (value, environment.chain(patches).collect())
    }

    /// The variant and the value of an outcome without the rest of it
    #[inline]
    pub(crate) fn value<'s>(
        &mut self,
        linked: &'s LinkedFlag,
        expected: Option<ValueType>,
    ) -> Result<(&'s Arc<Variant>, Cow<'s, Value>), ErrorCode> {
        let decision = self.decide(linked);
        let variant = decision.variant;
        if expected.is_some_and(|expected| !expected.admits(&variant.value)) {
            return Err(ErrorCode::TypeMismatch);
        }
        // A variant of an object flag may be patched, and of no other.
        if expected.is_none_or(|expected| expected == ValueType::Object) && linked.may_be_patched()
        {
            Ok((variant, self.layered(linked, &decision).0))
        } else {
            Ok((variant, Cow::Borrowed(&variant.value)))
        }
    }

    /// Everything but patches, which is also what another flag may depend on
    pub(crate) fn decide<'s>(&mut self, linked: &'s LinkedFlag) -> Decision<'s> {
        if let Some(variant) = linked.constant()
            && !T::IS_WATCHING
        {
            return Decision::constant(linked, variant);
        }
        if let Some(detail) = self.off(linked) {
            return Decision::off(linked, detail);
        }
        if let Some(decision) = self.individual(linked) {
            return decision;
        }
        if let Some(decision) = self.first_rule(linked) {
            return decision;
        }
        self.own_serve(linked)
    }

    /// Why the flag is off, if it is
    fn off<'s>(&mut self, linked: &'s LinkedFlag) -> Option<Detail<'s>> {
        let flag = &*linked.flag;
        if !flag.enabled {
            self.tracer.note(|| [("type", "disabled".into())]);
            return Some(Detail::Disabled);
        }
        if let Some(expiry) = flag.expires_at.filter(|expiry| *expiry <= self.now) {
            self.tracer.note(|| {
                [
                    ("type", "expired".into()),
                    ("at", expiry.to_string().into()),
                ]
            });
            return Some(Detail::Expired);
        }
        let unmet = flag
            .prerequisites
            .iter()
            .find(|position| !self.is_met(linked, **position))?;
        let reference = flag.references.flags.get(*unmet)?;
        Some(Detail::Prerequisite {
            flag: &reference.target.key,
        })
    }

    /// Whether a prerequisite is on and serves one of the variants wanted
    fn is_met(&mut self, linked: &LinkedFlag, position: usize) -> bool {
        let Some(reference) = linked.flag.references.flags.get(position) else {
            return false;
        };
        self.tracer.open();
        let found = linked.links.flags.get(position).and_then(Option::as_ref);
        let served =
            found.map(|found| (&found.target.flag.off, self.decide(&found.target).variant));
        let is_wanted = |variant: &Variant| reference.variants.contains(&variant.name);
        let is_met =
            served.is_some_and(|(off, variant)| variant.name != off.name && is_wanted(variant));
        self.tracer.close(|| {
            [
                ("type", "prerequisite".into()),
                ("flag", Arc::clone(&reference.target.key).into()),
                (
                    "variant",
                    served.map_or(Value::Null, |(_, variant)| Arc::clone(&variant.name).into()),
                ),
                ("result", is_met.into()),
            ]
        });
        is_met
    }

    /// The most specific level that has a full override for this context
    fn individual<'s>(&mut self, linked: &'s LinkedFlag) -> Option<Decision<'s>> {
        let flag = &*linked.flag;
        for (position, (level, list)) in flag.levels.iter().zip(&linked.overrides).enumerate() {
            let Some(list) = list else { continue };
            let attribute = self.context.attribute(&level.path);
            let entry = attribute.map_unit(|key| list.get(key)).flatten();
            let variant = match entry {
                Some(Override::Exclude) => Some(&flag.off),
                Some(Override::Include) => flag.on.as_ref(),
                Some(Override::Variant(name)) => flag.variant(name),
                Some(Override::Patch(_) | Override::Invalid(_)) | None => None,
            };
            self.tracer.note(|| {
                let key = attribute
                    .map_unit(|text| Value::from(text))
                    .unwrap_or_default();
                let variant =
                    variant.map_or(Value::Null, |variant| Arc::clone(&variant.name).into());
                [
                    ("type", "override".into()),
                    ("level", Arc::clone(&level.name).into()),
                    ("key", key),
                    ("variant", variant),
                ]
            });
            if let Some(variant) = variant {
                let detail = Detail::Override { level: &level.name };
                let reason = Reason::TargetingMatch;
                return Some(Decision {
                    variant,
                    reason,
                    detail,
                    in_experiment: false,
                    patchable_levels: position,
                });
            }
        }
        None
    }

    /// The first rule whose window is open, whose condition holds and whose serve does not decline
    fn first_rule<'s>(&mut self, linked: &'s LinkedFlag) -> Option<Decision<'s>> {
        let flag = &*linked.flag;
        for (index, rule) in flag.rules.iter().enumerate() {
            self.tracer.open();
            let is_open = rule.window.covers(self.now);
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
            self.tracer.close(|| {
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
                let detail = Detail::Rule {
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

    fn own_serve<'s>(&mut self, linked: &'s LinkedFlag) -> Decision<'s> {
        let flag = &*linked.flag;
        let patchable_levels = flag.levels.len();
        let Some(served) = self.serve(&flag.serve, &linked.links) else {
            let (variant, reason, detail) = (&flag.off, Reason::Default, Detail::Declined);
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
        let detail = Detail::Serve {
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
    ) -> Vec<(&'s str, &'s Object)> {
        if !linked.may_be_patched() {
            return Vec::new();
        }
        let levels = linked
            .flag
            .levels
            .iter()
            .zip(&linked.overrides)
            .take(patchable_levels);
        let mut patches = Vec::new();
        for (level, list) in levels {
            let Some(list) = list else { continue };
            let attribute = self.context.attribute(&level.path);
            let entry = attribute.map_unit(|key| list.get(key)).flatten();
            if let Some(Override::Patch(patch)) = entry {
                patches.push((&*level.name, &**patch));
            }
        }
        patches.reverse();
        for (level, _) in &patches {
            self.tracer
                .note(|| [("type", "patch".into()), ("level", (*level).into())]);
        }
        patches
    }
}

fn patched<'s>(value: &'s Value, patches: &[(&str, &Object)]) -> Cow<'s, Value> {
    patches
        .iter()
        .fold(Cow::Borrowed(value), |value, (_, patch)| {
            Cow::Owned(merge_patch(&value, patch))
        })
}

fn index_value(index: usize) -> Value {
    u32::try_from(index).unwrap_or(u32::MAX).into()
}
