//! Eppo: conditions and sharded splits as its Rust SDK means them
//!
//! A condition is one of theirs, `{"attribute", "operator", "value"}`. A split is one allocation: for each arm its shards, of which all
//! must match; the first arm that matches wins, and where none does the next rule is tried.

mod condition;

use md5::{Digest as _, Md5};

use super::spread::{Branch, Part, Spread, Spreads};
use super::{Choice, Chosen, Expression, Refusal, reading};
use crate::context::Context;
use crate::value::Value;
use crate::value::timestamp::Timestamp;

use self::condition::Condition;

/// A condition
pub(super) fn condition(expression: &Value) -> Result<Box<dyn Expression>, Refusal> {
    let members = reading::members(expression)?;
    Ok(Box::new(Condition::read(members)?))
}

/// The splits of an allocation
pub(super) fn choice(parameters: &Value, weights: &[f64]) -> Result<Box<dyn Choice>, Refusal> {
    let members = reading::members(parameters)?;
    reading::only(members, &["totalShards", "splits"])?;
    let total = reading::whole(members, "totalShards")?.filter(|total| *total > 0);
    let total = total.ok_or_else(|| {
        Refusal::new("expected a whole number above 0, and below 2^32").within("totalShards")
    })?;
    let splits = reading::list(members, "splits")?;
    if splits.len() != weights.len() {
        return Err(Refusal::new("expected a list of shards for each arm").within("splits"));
    }
    let mut arms = Vec::with_capacity(splits.len());
    for (index, split) in splits.iter().enumerate() {
        let shards = shards(split, total);
        arms.push(shards.map_err(|refusal| refusal.within(&index.to_string()).within("splits"))?);
    }
    Ok(Box::new(Allocation {
        total,
        arms: arms.into(),
    }))
}

fn shards(split: &Value, total: u32) -> Result<Box<[Shard]>, Refusal> {
    let Value::Array(elements) = split else {
        return Err(Refusal::new("expected an array"));
    };
    let mut shards = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let shard = Shard::read(element).map_err(|refusal| refusal.within(&index.to_string()))?;
        // One that covers everything matches without a subject.
        if !shard.ranges.contains(&(0, total)) {
            shards.push(shard);
        }
    }
    Ok(shards.into())
}

/// Ranges of the shards of one salt
#[derive(Debug)]
struct Shard {
    salt: Box<str>,
    // `[start, end)`; one of them must have the shard.
    ranges: Box<[(u32, u32)]>,
}

impl Shard {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let members = reading::members(value)?;
        reading::only(members, &["salt", "ranges"])?;
        let mut ranges = Vec::new();
        for (index, range) in reading::list(members, "ranges")?.iter().enumerate() {
            let read = || {
                let members = reading::members(range)?;
                reading::only(members, &["start", "end"])?;
                let end = |name| {
                    reading::whole(members, name)?
                        .ok_or_else(|| Refusal::new(format!("missing `{name}`")))
                };
                Ok((end("start")?, end("end")?))
            };
            let range: Result<_, Refusal> = read();
            let of_range = |refusal: Refusal| refusal.within(&index.to_string()).within("ranges");
            ranges.push(range.map_err(of_range)?);
        }
        Ok(Self {
            salt: reading::required(members, "salt")?.into(),
            ranges: ranges.into(),
        })
    }

    fn matches(&self, subject: &str, total: u32) -> bool {
        let text = [&*self.salt, "-", subject].concat();
        let hash: [u8; 16] = Md5::digest(text.as_bytes()).into();
        let [first, second, third, fourth, ..] = hash;
        let shard = u32::from_be_bytes([first, second, third, fourth]).checked_rem(total);
        shard.is_some_and(|shard| {
            let mut ranges = self.ranges.iter();
            ranges.any(|(start, end)| *start <= shard && shard < *end)
        })
    }
}

#[derive(Debug)]
struct Allocation {
    total: u32,
    arms: Box<[Box<[Shard]>]>,
}

impl Choice for Allocation {
    fn choose(&self, context: &Context, _now: Timestamp) -> Chosen {
        let Some(subject) = subject(context) else {
            return Chosen::Declined;
        };
        let matches = |shards: &[Shard]| {
            shards
                .iter()
                .all(|shard| shard.matches(subject, self.total))
        };
        let arm = self.arms.iter().position(|shards| matches(shards));
        arm.map_or(Chosen::Declined, Chosen::Arm)
    }

    fn spreads(&self) -> Spreads {
        let total = u64::from(self.total);
        let part = |shard: &Shard| {
            let ranges = shard.ranges.iter();
            let ranges = ranges.map(|(start, end)| ((*start).into(), u64::from(*end).min(total)));
            Part::new(format!("eppo {:?}", shard.salt), total, ranges.collect())
        };
        let branch = |(arm, shards): (usize, &[Shard])| Branch {
            parts: shards.iter().map(part).collect(),
            chosen: Chosen::Arm(arm),
        };
        let arms = self.arms.iter().map(|shards| &**shards).enumerate();
        Spreads::Whole(Spread(arms.map(branch).collect()))
    }
}

/// The subject's key: `subjectKey`, else `targetingKey`
fn subject(context: &Context) -> Option<&str> {
    let text = |name: &str| match context.get(name) {
        Some(Value::String(text)) => Some(&**text),
        _ => None,
    };
    text("subjectKey").or_else(|| text("targetingKey"))
}

#[cfg(test)]
mod tests;
