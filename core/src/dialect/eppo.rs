//! Eppo: conditions and sharded splits as its Rust SDK means them
//!
//! A condition is one of theirs, `{"attribute", "operator", "value"}`. A split is one allocation: for each arm its shards, of which all
//! must match; the first arm that matches wins, and where none does the next rule is tried.

mod condition;
mod md5_prefix;

use std::sync::LazyLock;

use super::spread::{Branch, Part, Spread, Spreads};
use super::{Choice, Chosen, Expression, Refusal, reading};
use crate::context::Context;
use crate::context::path::MemberName;
use crate::value::Value;
use crate::value::timestamp::Timestamp;

use self::condition::Condition;
use self::md5_prefix::Md5Prefix;

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
    let mut salts = Vec::new();
    for (index, split) in splits.iter().enumerate() {
        let shards = shards(split, total, &mut salts);
        arms.push(shards.map_err(|refusal| refusal.within(&index.to_string()).within("splits"))?);
    }
    Ok(Box::new(Allocation {
        total,
        salts: salts.into(),
        arms: arms.into(),
    }))
}

fn shards(split: &Value, total: u32, salts: &mut Vec<Salt>) -> Result<Box<[Shard]>, Refusal> {
    let Value::Array(elements) = split else {
        return Err(Refusal::new("expected an array"));
    };
    let mut shards = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let shard = Shard::read(element, salts);
        let shard = shard.map_err(|refusal| refusal.within(&index.to_string()))?;
        // One that covers everything matches without a subject.
        if !shard.ranges.contains(&(0, total)) {
            shards.push(shard);
        }
    }
    Ok(shards.into())
}

/// What is hashed with a subject
#[derive(Debug)]
struct Salt {
    text: Box<str>,
    // What is hashed before the subject.
    prefix: Md5Prefix,
}

impl Salt {
    fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            prefix: Md5Prefix::new(&[text, "-"].concat()),
        }
    }

    /// The shard of a subject
    fn shard(&self, subject: &str, total: u32) -> Option<u32> {
        self.prefix.first_bytes(subject).checked_rem(total)
    }
}

/// Ranges of the shards of one salt
#[derive(Debug)]
struct Shard {
    // Its position in the list of salts: the arms of a split mostly have the same.
    salt: usize,
    // `[start, end)`; one of them must have the shard.
    ranges: Box<[(u32, u32)]>,
}

impl Shard {
    fn read(value: &Value, salts: &mut Vec<Salt>) -> Result<Self, Refusal> {
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
        let text = reading::required(members, "salt")?;
        let known = salts.iter().position(|salt| *salt.text == *text);
        let salt = known.unwrap_or(salts.len());
        if known.is_none() {
            salts.push(Salt::new(text));
        }
        Ok(Self {
            salt,
            ranges: ranges.into(),
        })
    }

    fn has(&self, shard: u32) -> bool {
        let mut ranges = self.ranges.iter();
        ranges.any(|(start, end)| *start <= shard && shard < *end)
    }
}

#[derive(Debug)]
struct Allocation {
    total: u32,
    salts: Box<[Salt]>,
    arms: Box<[Box<[Shard]>]>,
}

/// The shards of one subject, of which each is computed once
struct Shards<'a> {
    allocation: &'a Allocation,
    subject: &'a str,
    // Those of the first salts; hardly any allocation has more.
    known: [Option<u32>; 4],
}

impl Shards<'_> {
    fn of(&mut self, salt: usize) -> Option<u32> {
        if let Some(Some(shard)) = self.known.get(salt) {
            return Some(*shard);
        }
        let Allocation { total, salts, .. } = self.allocation;
        let shard = salts.get(salt)?.shard(self.subject, *total);
        if let Some(known) = self.known.get_mut(salt) {
            *known = shard;
        }
        shard
    }
}

impl Choice for Allocation {
    fn choose(&self, context: &Context, _now: Timestamp) -> Chosen {
        let Some(subject) = subject(context) else {
            return Chosen::Declined;
        };
        let mut shards = Shards {
            allocation: self,
            subject,
            known: [None; 4],
        };
        let mut matches = |shard: &Shard| shards.of(shard.salt).is_some_and(|at| shard.has(at));
        let arm = self
            .arms
            .iter()
            .position(|arm| arm.iter().all(&mut matches));
        arm.map_or(Chosen::Declined, Chosen::Arm)
    }

    fn spreads(&self) -> Spreads {
        let total = u64::from(self.total);
        let part = |shard: &Shard| {
            let ranges = shard.ranges.iter();
            let ranges = ranges.map(|(start, end)| ((*start).into(), u64::from(*end).min(total)));
            let salt = self.salts.get(shard.salt).map_or("", |salt| &salt.text);
            Part::new(format!("eppo {salt:?}"), total, ranges.collect())
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
fn subject<'c>(context: &'c Context) -> Option<&'c str> {
    static SUBJECT_KEY: LazyLock<MemberName> = LazyLock::new(|| "subjectKey".into());
    let text = |value: Option<&'c Value>| match value {
        Some(Value::String(text)) => Some(&**text),
        _ => None,
    };
    text(context.member(&SUBJECT_KEY)).or_else(|| text(context.targeting_key()))
}

#[cfg(test)]
mod tests;
