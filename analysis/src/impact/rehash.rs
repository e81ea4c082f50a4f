//! What would change if the hashes of another vendor were replaced by our own, which is independent of theirs

use std::collections::BTreeSet;

use serde::Serialize;

use super::moves::{self, Move, Plan};
use flagstaff_core::Snapshot;
use flagstaff_core::dialect::spread::{Spread, Spreads};
use flagstaff_core::inspect::{Condition, LinkedFlag, Links, ServeTarget, pointer_to};
use flagstaff_core::object::ObjectKind;

/// A serve or condition where another vendor's hash decides, and what would change if our hash decided, with the same shares
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rehash {
    /// Where it is in the document
    pub pointer: String,
    /// Whose hash it is
    pub vendor: Box<str>,
    /// The share of the units that reach it and whose result would differ, from 0 to 1; `None` if the weights depend on the context, or if
    /// there are too many combinations
    pub moved: Option<f64>,
    /// From which variant to which, the largest share first; for a condition `true` means that it holds
    pub moves: Vec<Move>,
    /// The number of the vendor's hashes that decide, which are independent of each other; ours would be one more
    pub hashes: usize,
}

/// The serves and conditions of a flag and of its segments that another vendor's hashes decide; none if the flag is broken or does not
/// exist
pub fn of_flag(snapshot: &Snapshot, key: &str) -> Vec<Rehash> {
    let Some((key, Some(linked))) = snapshot.linked_flag(key) else {
        return Vec::new();
    };
    let place = |inner: &str| pointer_to(ObjectKind::Flag, key, inner);
    let mut found = Vec::new();
    for (index, rule) in linked.flag.rules.iter().enumerate() {
        let pointer = place(&format!("/rules/{index}/when"));
        of_condition(rule.when.as_ref(), &pointer, &mut found);
    }
    of_segments(linked.links(), &mut BTreeSet::new(), &mut found);
    of_serves(linked, place, &mut found);
    found
}

fn of_segments<'s>(links: &'s Links, seen: &mut BTreeSet<&'s str>, found: &mut Vec<Rehash>) {
    for linked in &links.segments {
        if !seen.insert(&linked.key) {
            continue;
        }
        let pointer = pointer_to(ObjectKind::Segment, &linked.key, "/when");
        of_condition(linked.segment.when.as_ref(), &pointer, found);
        of_segments(linked.links(), seen, found);
    }
}

fn of_serves(linked: &LinkedFlag, place: impl Fn(&str) -> String, found: &mut Vec<Rehash>) {
    for (pointer, serve) in linked.flag.serves() {
        let ServeTarget::Vendor(split) = &serve.choice else {
            continue;
        };
        let stopped = (pointer == "/serve").then_some(&*linked.flag.off.name);
        let mut tell = |inner: &str, spread: Option<Spread>| {
            let plan = spread.map(|spread| Plan::of_vendor(split, spread, stopped));
            let pointer = format!("{}{inner}", place(&pointer));
            found.extend(rehash(pointer, &split.name, plan.as_ref()));
        };
        match split.spreads() {
            Spreads::Whole(spread) => tell("", Some(spread)),
            Spreads::Places(places) => {
                let inside = split.member();
                for (pointer, spread) in places {
                    tell(&format!("/{inside}{pointer}"), spread);
                }
            }
        }
    }
}

fn of_condition(condition: Option<&Condition>, pointer: &str, found: &mut Vec<Rehash>) {
    match condition {
        Some(Condition::All(conditions) | Condition::Any(conditions)) => {
            for condition in conditions {
                of_condition(Some(condition), pointer, found);
            }
        }
        Some(Condition::Not(condition)) => of_condition(Some(condition), pointer, found),
        Some(Condition::Dialect(test)) => {
            let plan = test
                .spread()
                .map(|spread| Plan::of_spread(spread, |_| Some("true"), Some("false")));
            if let Some(plan) = plan {
                found.extend(rehash(pointer.to_owned(), &test.dialect, Some(&plan)));
            }
        }
        _ => {}
    }
}

/// The result for one serve or condition; `None` if no hash decides
fn rehash(pointer: String, vendor: &str, plan: Option<&Plan<'_>>) -> Option<Rehash> {
    let found = plan.and_then(moves::rehashed);
    if let Some((_, 0)) = found {
        return None;
    }
    let (moves, hashes) = match &found {
        Some((shares, hashes)) => (moves::moves(shares), *hashes),
        None => (Vec::new(), 0),
    };
    Some(Rehash {
        pointer,
        vendor: vendor.into(),
        moved: found
            .is_some()
            .then(|| moves::rounded(moves.iter().map(|one| one.share).sum())),
        moves,
        hashes,
    })
}
