//! LaunchDarkly: one clause of a rule, the share of a segment's rule, and the weights of a rollout or an experiment
//!
//! The contexts are LaunchDarkly's own, of a single kind, of kind `multi` or the older users without a kind; or those of this language, in which `targetingKey` is the key of the kind `user`,
//! and the object K with a `key` is the context of the kind K. Everything is compared, counted and hashed as LaunchDarkly's Python SDK does it, except where docs/migrate/launchdarkly.md says otherwise.

mod bucket;
mod clause;
mod individual;
mod literals;
mod reference;

use self::bucket::Bucket;
use self::clause::Clause;
use super::spread::{Branch, Spread, Spreads};
use super::{Choice, Chosen, Expression, Refusal, reading};
use crate::context::Context;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

pub(crate) use self::individual::is_valid;

/// The weights of an arm and of a segment's rule are hundred-thousandths
const WHOLE: f64 = 100_000.0;

/// Compiles a condition: a clause, or the share of a segment's rule, which has a `weight`
pub(crate) fn condition(expression: &Value) -> Result<Box<dyn Expression>, Refusal> {
    let members = reading::members(expression)?;
    if members.contains_key("weight") {
        return Ok(Box::new(Share::compile(members)?));
    }
    Ok(Box::new(Clause::compile(members)?))
}

/// Compiles the weights of a rollout or of an experiment; or, of the kind `malformed`, what has no variation, which is an error where it is reached
pub(crate) fn choice(parameters: &Value, weights: &[f64]) -> Result<Box<dyn Choice>, Refusal> {
    let members = reading::members(parameters)?;
    let is_experiment = match text(members, "kind")? {
        Some("malformed") => return Ok(Box::new(Malformed)),
        Some("experiment") => true,
        None | Some("rollout") => false,
        Some(_) => {
            return Err(
                Refusal::new("expected `rollout`, `experiment` or `malformed`").within("kind"),
            );
        }
    };
    if weights.is_empty() {
        return Err(Refusal::new("expected at least one arm"));
    }
    let mut ends = Vec::with_capacity(weights.len());
    let mut end = 0.0_f64;
    for weight in weights {
        end += weight / WHOLE;
        ends.push(end);
    }
    let untracked = match members.get("untracked") {
        None | Some(Value::Null) => Box::default(),
        Some(Value::Array(flags)) => flags
            .iter()
            .map(|flag| *flag == Value::Boolean(true))
            .collect(),
        Some(_) => return Err(Refusal::new("expected an array").within("untracked")),
    };
    Ok(Box::new(Rollout {
        untracked,
        // An experiment always hashes the key.
        bucket: Bucket::compile(members, "contextKind", !is_experiment)?,
        ends: ends.into(),
    }))
}

/// Whether a context is in the share of a segment's rule
#[derive(Debug)]
struct Share {
    bucket: Bucket,
    share: f64,
}

impl Share {
    fn compile(members: &JsonObject) -> Result<Self, Refusal> {
        reading::only(
            members,
            &["key", "salt", "weight", "bucketBy", "rolloutContextKind"],
        )?;
        let Some(Value::Number(weight)) = members.get("weight") else {
            return Err(Refusal::new("expected a number").within("weight"));
        };
        Ok(Self {
            bucket: Bucket::compile(members, "rolloutContextKind", true)?,
            share: weight / WHOLE,
        })
    }
}

impl Expression for Share {
    fn holds(&self, context: &Context, _now: Timestamp) -> bool {
        self.bucket.of(context).unwrap_or(0.0) < self.share
    }

    fn spread(&self) -> Option<Spread> {
        Some(Spread::condition(self.bucket.part(0.0, self.share)))
    }
}

/// The arms of a rollout: each ends where its weight and those before it add up to
#[derive(Debug)]
struct Rollout {
    bucket: Bucket,
    // Which arms are no part of the experiment.
    untracked: Box<[bool]>,
    // INVARIANT: at least one.
    ends: Box<[f64]>,
}

impl Choice for Rollout {
    fn choose(&self, context: &Context, _now: Timestamp) -> Chosen {
        let bucket = self.bucket.of(context);
        let arm = self
            .ends
            .iter()
            .position(|end| bucket.unwrap_or(0.0) < *end)
            // Weights that do not reach the whole: the last arm has what is left.
            .unwrap_or_else(|| self.ends.len().saturating_sub(1));
        // Whoever has no context of the kind gets an arm, and does not take part.
        if bucket.is_none() || self.untracked.get(arm) == Some(&true) {
            return Chosen::Outside(arm);
        }
        Chosen::Arm(arm)
    }

    fn spreads(&self) -> Spreads {
        let last = self.ends.len().saturating_sub(1);
        let starts = std::iter::once(0.0).chain(self.ends.iter().copied());
        let branch = |(arm, (start, end)): (usize, (f64, &f64))| Branch {
            parts: vec![
                self.bucket
                    .part(start, if arm == last { f64::INFINITY } else { *end }),
            ],
            chosen: Chosen::Arm(arm),
        };
        let arms = starts.zip(&self.ends).enumerate();
        Spreads::Whole(Spread(arms.map(branch).collect()))
    }
}

/// A variation that the flag does not have
#[derive(Debug)]
struct Malformed;

impl Choice for Malformed {
    fn choose(&self, _context: &Context, _now: Timestamp) -> Chosen {
        Chosen::Unknown
    }

    fn spreads(&self) -> Spreads {
        Spreads::Whole(Spread::everybody(Chosen::Unknown))
    }
}

/// An optional string; an empty one counts as absent
fn text<'m>(members: &'m JsonObject, name: &'static str) -> Result<Option<&'m str>, Refusal> {
    Ok(reading::text(members, name)?.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests;
