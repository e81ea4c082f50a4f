//! Unleash: constraints, rollouts and variants as its engine Yggdrasil means them
//!
//! A condition is a constraint of theirs, `{"contextName", "operator", "value" | "values", "inverted"?, "caseInsensitive"?}`, or a
//! rollout, `{"rollout", "stickiness"?, "groupId"}`. A split is a rollout, variants, or both: what the rollout leaves out declines.

mod constraint;
mod fields;

use super::joined::with_joined;
use super::spread::{Branch, Part, Spread, Spreads};
use super::{Choice, Chosen, Clock, Expression, Refusal, reading};
use crate::bucket::murmur3::murmur3_x86_32;
use crate::context::Context;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

use self::constraint::Constraint;
pub use self::constraint::MEMBERS as CONSTRAINT_MEMBERS;
use self::fields::Field;

/// The seed of the hash that chooses among variants
const VARIANT_SEED: u32 = 86_028_157;
/// The slots of a rollout
const PERCENT: u32 = 100;

/// A constraint or a rollout
pub(super) fn condition(expression: &Value) -> Result<Box<dyn Expression>, Refusal> {
    let members = reading::members(expression)?;
    if members.contains_key("rollout") {
        reading::only(members, &["rollout", "stickiness", "groupId"])?;
        let rollout = Rollout::read(members)?;
        return match rollout {
            Some(rollout) => Ok(Box::new(rollout)),
            None => Err(Refusal::new("missing `rollout`")),
        };
    }
    Ok(Box::new(Constraint::read(members)?))
}

/// A rollout and variants
pub(super) fn choice(parameters: &Value, weights: &[f64]) -> Result<Box<dyn Choice>, Refusal> {
    let members = reading::members(parameters)?;
    let known = [
        "rollout",
        "stickiness",
        "groupId",
        "variantStickiness",
        "variantGroupId",
        "overrides",
    ];
    reading::only(members, &known)?;
    let rollout = Rollout::read(members)?;
    let group = reading::text(members, "variantGroupId")?;
    let variants = match (group, weights) {
        (Some(group), _) => Some(Variants::read(members, group, weights)?),
        (None, [_]) => None,
        (None, _) => {
            return Err(Refusal::new(
                "missing `variantGroupId`, which several arms need",
            ));
        }
    };
    Ok(Box::new(Strategy { rollout, variants }))
}

/// `murmur3(group:id) % modulus + 1`
fn normalized_hash(group: &str, id: &str, modulus: u32, seed: u32) -> Option<u32> {
    let pieces = [group, ":", id].into_iter().map(str::as_bytes);
    let hash = with_joined(pieces, |text| murmur3_x86_32(text, seed));
    hash.checked_rem(modulus)?.checked_add(1)
}

/// What a hash is taken of
#[derive(Debug, PartialEq, Eq)]
enum Stickiness {
    /// The user, else the session, else anything
    Default,
    /// Anything
    Random,
    Field(Field),
}

impl Stickiness {
    fn read(members: &JsonObject, name: &str) -> Result<Self, Refusal> {
        Ok(match reading::text(members, name)? {
            None | Some("default") => Self::Default,
            Some("random") => Self::Random,
            Some(field) => Self::Field(Field::named(field)),
        })
    }

    /// The text to hash; `None` where it is the field of a context that does not have it
    fn id<'c>(&self, context: &'c Context, now: Timestamp) -> Option<std::borrow::Cow<'c, str>> {
        match self {
            Self::Default => Field::UserId
                .text(context, now)
                .or_else(|| Field::SessionId.text(context, now))
                .or_else(|| Some(anything(context).into())),
            Self::Random => Some(anything(context).into()),
            Self::Field(field) => field.text(context, now),
        }
    }

    fn clock(&self) -> Clock {
        match self {
            Self::Field(field) => field.clock(),
            _ => Clock::default(),
        }
    }

    /// The slots of the hash of a group
    fn slots(&self, group: &str, (modulus, seed): (u32, u32), range: (u32, u32)) -> Part {
        // Who is a user has the same text by either.
        let is_default = *self == Self::Default;
        let field = Self::Field(Field::UserId);
        let hashed = if is_default { &field } else { self };
        let (modulus, from, until) = (modulus.into(), range.0.into(), range.1.into());
        let hash = format!("unleash {group:?} {hashed:?} {seed}");
        Part::new(hash, modulus, vec![(from, until)])
    }
}

/// Unleash draws at random here. An evaluation has no randomness, so all of the context stands for the draw: the same context gets the
/// same answer, and different ones are spread evenly.
fn anything(context: &Context) -> String {
    Value::Object(context.members().into()).to_canonical()
}

/// A share of the ids of a group
#[derive(Debug)]
struct Rollout {
    percent: u32,
    stickiness: Stickiness,
    group: Box<str>,
}

impl Rollout {
    fn read(members: &JsonObject) -> Result<Option<Self>, Refusal> {
        let Some(percent) = reading::whole(members, "rollout")? else {
            return Ok(None);
        };
        if percent > PERCENT {
            return Err(Refusal::new("expected a percentage of at most 100").within("rollout"));
        }
        Ok(Some(Self {
            percent,
            stickiness: Stickiness::read(members, "stickiness")?,
            group: reading::required(members, "groupId")?.into(),
        }))
    }

    fn part(&self) -> Part {
        let range = (0, self.percent);
        self.stickiness.slots(&self.group, (PERCENT, 0), range)
    }
}

impl Expression for Rollout {
    fn holds(&self, context: &Context, now: Timestamp) -> bool {
        let Some(id) = self.stickiness.id(context, now) else {
            return false;
        };
        // No hash is above it.
        match self.percent {
            PERCENT => true,
            percent => {
                normalized_hash(&self.group, &id, PERCENT, 0).is_some_and(|hash| hash <= percent)
            }
        }
    }

    fn clock(&self) -> Clock {
        self.stickiness.clock()
    }

    fn spread(&self) -> Option<Spread> {
        Some(Spread::condition(self.part()))
    }
}

/// Values of a field that get one arm, whatever their hash
#[derive(Debug)]
struct Override {
    arm: usize,
    field: Field,
    values: Box<[Box<str>]>,
}

/// Arms by weight
#[derive(Debug)]
struct Variants {
    group: Box<str>,
    stickiness: Stickiness,
    overrides: Vec<Override>,
    // Cumulative.
    ends: Box<[u32]>,
    total: u32,
}

impl Variants {
    fn read(members: &JsonObject, group: &str, weights: &[f64]) -> Result<Self, Refusal> {
        let mut total = 0_u32;
        let mut ends = Vec::with_capacity(weights.len());
        for weight in weights {
            let weight = Value::Number(*weight).as_integer();
            let weight = weight.and_then(|weight| u32::try_from(weight).ok());
            total = weight
                .and_then(|weight| total.checked_add(weight))
                .ok_or_else(|| {
                    Refusal::new("the weights of Unleash are whole numbers, not negative")
                })?;
            ends.push(total);
        }
        if total == 0 {
            return Err(Refusal::new("the weights sum to 0"));
        }
        Ok(Self {
            group: group.into(),
            stickiness: Stickiness::read(members, "variantStickiness")?,
            overrides: overrides(members, weights.len())?,
            ends: ends.into(),
            total,
        })
    }

    fn arm(&self, context: &Context, now: Timestamp) -> Option<usize> {
        let is_forced = |forced: &&Override| {
            let text = forced.field.given(context);
            text.is_some_and(|text| forced.values.iter().any(|value| **value == *text))
        };
        if let Some(forced) = self.overrides.iter().find(is_forced) {
            return Some(forced.arm);
        }
        // A field that is missing is drawn at random, too.
        let id = self.stickiness.id(context, now);
        let id = id.unwrap_or_else(|| anything(context).into());
        let target = normalized_hash(&self.group, &id, self.total, VARIANT_SEED)?;
        self.ends.iter().position(|end| *end >= target)
    }

    /// The slots of each arm
    fn parts(&self) -> impl Iterator<Item = Part> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let hash = (self.total, VARIANT_SEED);
        starts
            .zip(&self.ends)
            .map(move |(start, end)| self.stickiness.slots(&self.group, hash, (start, *end)))
    }
}

/// `overrides`: for each arm a list of `{"contextName", "values"}`; the first arm with one that matches wins
fn overrides(members: &JsonObject, arms: usize) -> Result<Vec<Override>, Refusal> {
    let lists = reading::list(members, "overrides")?;
    if lists.len() > arms {
        return Err(Refusal::new("expected at most one list for each arm").within("overrides"));
    }
    let mut overrides = Vec::new();
    for (arm, list) in lists.iter().enumerate() {
        let of_arm = |refusal: Refusal| refusal.within(&arm.to_string()).within("overrides");
        let Value::Array(elements) = list else {
            return Err(of_arm(Refusal::new("expected an array")));
        };
        for (index, element) in elements.iter().enumerate() {
            let read = || {
                let members = reading::members(element)?;
                Ok(Override {
                    arm,
                    field: Field::named(reading::required(members, "contextName")?),
                    values: reading::texts(members, "values")?.into(),
                })
            };
            let read: Result<Override, Refusal> = read();
            overrides.push(read.map_err(|refusal| of_arm(refusal.within(&index.to_string())))?);
        }
    }
    Ok(overrides)
}

/// A strategy: who it reaches, and what they get
#[derive(Debug)]
struct Strategy {
    rollout: Option<Rollout>,
    variants: Option<Variants>,
}

impl Choice for Strategy {
    fn choose(&self, context: &Context, now: Timestamp) -> Chosen {
        let is_reached = (self.rollout.as_ref()).is_none_or(|rollout| rollout.holds(context, now));
        if !is_reached {
            return Chosen::Declined;
        }
        match &self.variants {
            None => Chosen::Arm(0),
            Some(variants) => variants
                .arm(context, now)
                .map_or(Chosen::Declined, Chosen::Arm),
        }
    }

    fn clock(&self) -> Clock {
        let mut clock = Clock::default();
        if let Some(rollout) = &self.rollout {
            clock.merge(rollout.clock());
        }
        if let Some(variants) = &self.variants {
            clock.merge(variants.stickiness.clock());
        }
        clock
    }

    fn spreads(&self) -> Spreads {
        let gate = self.rollout.as_ref().map(Rollout::part);
        let branch = |(arm, part): (usize, Option<Part>)| Branch {
            parts: gate.iter().cloned().chain(part).collect(),
            chosen: Chosen::Arm(arm),
        };
        let parts = match &self.variants {
            Some(variants) => variants.parts().map(Some).collect(),
            None => vec![None],
        };
        Spreads::Whole(Spread(parts.into_iter().enumerate().map(branch).collect()))
    }
}

#[cfg(test)]
mod tests;
