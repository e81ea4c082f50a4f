//! The serves of a flag before and after, in pairs

use std::sync::Arc;

use serde::Serialize;

use super::moves::{self, Move, Plan};
use flagstaff_core::Timestamp;
use flagstaff_core::Value;
use flagstaff_core::inspect::LinkedFlag;
use flagstaff_core::inspect::Serve;
use flagstaff_core::inspect::pointer_to;
use flagstaff_core::object::ObjectKind;

/// A serve in which units move
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Split {
    /// Where it is in the old document; `None` if it is new
    pub before: Option<String>,
    /// Where it is in the new document; `None` if it was removed
    pub after: Option<String>,
    /// The share of the units whose result differs, of those that reach the serve and have a key of its unit: from 0 to 1
    pub moved: f64,
    /// From which variant to which, the largest share first
    pub moves: Vec<Move>,
    /// The number of different hashes on both sides, which are assumed to be independent
    pub hashes: usize,
}

/// A serve and its place in the flag
type Placed<'s> = (String, &'s Serve);

/// A flag, and its rules as they are written
type Written<'s> = (&'s LinkedFlag, &'s [Value]);

/// The serves in which units move at `now`, rules first; those whose shares are not known are left out
pub(super) fn splits(old: Written<'_>, new: Written<'_>, now: Timestamp) -> Vec<Split> {
    let pairs = pairs(old, new);
    let (old, new) = (old.0, new.0);
    let place = |linked: &LinkedFlag, index: Option<usize>| {
        let index = index.filter(|index| is_open(linked, *index, now))?;
        Some(format!("/rules/{index}/serve"))
    };
    let mut splits = Vec::new();
    for (before, after) in pairs {
        let (before, after) = (place(old, before), place(new, after));
        // A rule whose window is closed on both sides does not count.
        if before.is_some() || after.is_some() {
            splits.extend(split(
                (old, placed(old, before)),
                (new, placed(new, after)),
                now,
            ));
        }
    }
    let own = |linked| placed(linked, Some("/serve".to_owned()));
    splits.extend(split((old, own(old)), (new, own(new)), now));
    splits
}

fn placed(linked: &LinkedFlag, place: Option<String>) -> Option<Placed<'_>> {
    let place = place?;
    linked.flag.serves().find(|(other, _)| *other == place)
}

fn is_open(linked: &LinkedFlag, index: usize, now: Timestamp) -> bool {
    let rule = linked.flag.rules.get(index);
    rule.is_some_and(|rule| rule.window().covers(now))
}

/// Pairs rules of the same id, and rules without an id by their condition; the others were removed or are new
fn pairs((_, old): Written<'_>, (_, new): Written<'_>) -> Vec<(Option<usize>, Option<usize>)> {
    let identity = |rule: &Value| match rule {
        Value::Object(members) => match members.get("id") {
            Some(Value::String(id)) => (Some(Arc::clone(id)), None),
            _ => (None, members.get("when").cloned()),
        },
        _ => (None, None),
    };
    let mut left: Vec<_> = old.iter().map(identity).enumerate().collect();
    let mut pairs = Vec::new();
    for (index, rule) in new.iter().enumerate() {
        let wanted = identity(rule);
        let before = left
            .iter()
            .position(|(_, other)| *other == wanted)
            .map(|position| left.remove(position).0);
        pairs.push((before, Some(index)));
    }
    pairs.extend(left.into_iter().map(|(index, _)| (Some(index), None)));
    pairs
}

fn split(
    (old, before): (&LinkedFlag, Option<Placed<'_>>),
    (new, after): (&LinkedFlag, Option<Placed<'_>>),
    now: Timestamp,
) -> Option<Split> {
    let is_own =
        |placed: &Option<Placed<'_>>| placed.as_ref().is_some_and(|(place, _)| place == "/serve");
    let plans = (
        plan(
            old,
            before.as_ref().map(|(_, serve)| *serve),
            is_own(&before),
            now,
        )?,
        plan(
            new,
            after.as_ref().map(|(_, serve)| *serve),
            is_own(&after),
            now,
        )?,
    );
    let (shares, hashes) = moves::shares(&plans.0, &plans.1)?;
    let moves = moves::moves(&shares);
    let pointer = |linked: &LinkedFlag, placed: Option<Placed<'_>>| {
        placed.map(|(place, _)| pointer_to(ObjectKind::Flag, &linked.key, &place))
    };
    (!moves.is_empty()).then(|| Split {
        moved: moves::rounded(moves.iter().map(|one| one.share).sum()),
        before: pointer(old, before),
        after: pointer(new, after),
        moves,
        hashes,
    })
}

fn plan<'s>(
    linked: &'s LinkedFlag,
    serve: Option<&'s Serve>,
    is_own: bool,
    now: Timestamp,
) -> Option<Plan<'s>> {
    let flag = &*linked.flag;
    let off = &*flag.off.name;
    let is_off = !flag.enabled || flag.expires_at.is_some_and(|expiry| expiry <= now);
    match serve {
        _ if is_off => Some(Plan::always(Some(off))),
        Some(serve) => Plan::of(serve, linked.links(), now, is_own.then_some(off)),
        None => Some(Plan::always(None)),
    }
}
