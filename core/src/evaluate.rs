//! The one path of an evaluation, in the order of the language: off, overrides, rules, the flag's own serve
//!
//! It cannot fail, panic or loop, and it always answers.

use std::borrow::Cow;
use std::sync::Arc;

use crate::bucket;
use crate::context::Attributes;
use crate::list::Override;
use crate::model::{Choice, Condition, Flag, Gate, Serve, Variant};
use crate::outcome::{Detail, ErrorCode, Outcome, Reason, ValueType};
use crate::snapshot::LinkedFlag;
use crate::timestamp::Timestamp;

/// What a serve answers
enum Served<'s> {
    /// Not its business: go on
    Declined,
    Variant {
        variant: &'s Arc<Variant>,
        hashed: bool,
    },
}

/// Evaluates a flag that compiled, for a context that is one
pub(crate) fn evaluate<'s, A: Attributes + ?Sized>(
    linked: &'s LinkedFlag,
    expected: Option<ValueType>,
    context: &A,
    now: Timestamp,
) -> Outcome<'s> {
    let decision = decide(linked, context, now);
    let flag = &*linked.flag;
    let variant = decision.variant;
    if expected.is_some_and(|expected| !expected.admits(&variant.value)) {
        return Outcome {
            metadata: Some(&flag.metadata),
            ..Outcome::error(ErrorCode::TypeMismatch)
        };
    }
    Outcome {
        value: Some(Cow::Borrowed(&variant.value)),
        variant: Some(&variant.name),
        enabled: variant.name != flag.off.name,
        reason: decision.reason,
        error_code: None,
        detail: decision.detail,
        metadata: Some(&flag.metadata),
        in_experiment: false,
    }
}

struct Decision<'s> {
    variant: &'s Arc<Variant>,
    reason: Reason,
    detail: Detail<'s>,
}

fn decide<'s, A: Attributes + ?Sized>(
    linked: &'s LinkedFlag,
    context: &A,
    now: Timestamp,
) -> Decision<'s> {
    let flag = &*linked.flag;
    if !flag.enabled {
        return Decision {
            variant: &flag.off,
            reason: Reason::Disabled,
            detail: Detail::Disabled,
        };
    }
    if flag.expires_at.is_some_and(|expiry| expiry <= now) {
        return Decision {
            variant: &flag.off,
            reason: Reason::Disabled,
            detail: Detail::Expired,
        };
    }
    individual(linked, context)
        .or_else(|| first_rule(flag, context, now))
        .unwrap_or_else(|| own_serve(linked, context))
}

/// The most specific level that has an override for this context
fn individual<'s, A: Attributes + ?Sized>(
    linked: &'s LinkedFlag,
    context: &A,
) -> Option<Decision<'s>> {
    let flag = &*linked.flag;
    flag.levels
        .iter()
        .zip(&linked.overrides)
        .find_map(|(level, list)| {
            let list = list.as_ref()?;
            let attribute = context.attribute(&level.path);
            let variant = match list.get(&attribute.as_unit()?)? {
                Override::Exclude => &flag.off,
                Override::Include => flag.on.as_ref()?,
                Override::Variant(name) => flag.variant(name)?,
                Override::Invalid(_) => return None,
            };
            Some(Decision {
                variant,
                reason: Reason::TargetingMatch,
                detail: Detail::Override { level: &level.name },
            })
        })
}

/// The first rule whose window is open, whose condition holds and whose serve does not decline
fn first_rule<'s, A: Attributes + ?Sized>(
    flag: &'s Flag,
    context: &A,
    now: Timestamp,
) -> Option<Decision<'s>> {
    flag.rules.iter().enumerate().find_map(|(index, rule)| {
        let applies = rule.window.covers(now)
            && rule
                .when
                .as_ref()
                .is_none_or(|condition| holds(condition, context));
        if !applies {
            return None;
        }
        match serve(&rule.serve, context) {
            Served::Declined => None,
            Served::Variant { variant, hashed } => {
                let reason = if hashed {
                    Reason::Split
                } else {
                    Reason::TargetingMatch
                };
                Some(Decision {
                    variant,
                    reason,
                    detail: Detail::Rule {
                        index,
                        id: rule.id.as_deref(),
                    },
                })
            }
        }
    })
}

fn own_serve<'s, A: Attributes + ?Sized>(linked: &'s LinkedFlag, context: &A) -> Decision<'s> {
    let flag = &*linked.flag;
    match serve(&flag.serve, context) {
        Served::Declined => Decision {
            variant: &flag.off,
            reason: Reason::Default,
            detail: Detail::Declined,
        },
        Served::Variant { variant, hashed } => {
            let reason = match (hashed, linked.is_constant) {
                (true, _) => Reason::Split,
                (false, true) => Reason::Static,
                (false, false) => Reason::Default,
            };
            Decision {
                variant,
                reason,
                detail: Detail::Serve,
            }
        }
    }
}

fn holds<A: Attributes + ?Sized>(condition: &Condition, context: &A) -> bool {
    match condition {
        Condition::All(members) => members.iter().all(|member| holds(member, context)),
        Condition::Any(members) => members.iter().any(|member| holds(member, context)),
        Condition::Not(member) => !holds(member, context),
        Condition::Attribute { path, test } => test.holds(&context.attribute(path)),
    }
}

/// Gate, then arms; the unit is looked at once, and only where a hash needs it
fn serve<'s, A: Attributes + ?Sized>(serve: &'s Serve, context: &A) -> Served<'s> {
    if serve.gate == Gate::Closed {
        return Served::Declined;
    }
    if let (Gate::Open, Choice::Variant(variant)) = (serve.gate, &serve.choice) {
        return Served::Variant {
            variant,
            hashed: false,
        };
    }
    let attribute = context.attribute(&serve.unit);
    let Some(unit) = attribute.as_unit() else {
        let on_missing = serve.on_missing.as_ref().filter(|_| attribute.is_absent());
        return on_missing.map_or(Served::Declined, |variant| Served::Variant {
            variant,
            hashed: false,
        });
    };
    if let Gate::Share { seed, end } = serve.gate
        && bucket::slot(&unit, seed, bucket::TOTAL) >= end
    {
        return Served::Declined;
    }
    let variant = match &serve.choice {
        Choice::Variant(variant) => variant,
        Choice::Arms { seed, arms } => arms.pick(bucket::slot(&unit, *seed, bucket::TOTAL)),
    };
    Served::Variant {
        variant,
        hashed: true,
    }
}
