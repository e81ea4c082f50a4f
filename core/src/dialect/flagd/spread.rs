//! Where a targeting hashes, and how units spread there

use super::Targeting;
use super::fractional::{SLOTS, total, weight};
use crate::dialect::spread::{Branch, Part, Spread, Spreads};
use crate::value::Value;
use crate::value::pointer::push_part;

/// Each `fractional` of a targeting
pub(super) fn spreads(targeting: &Targeting) -> Spreads {
    let mut places = Vec::new();
    collect(
        targeting,
        &targeting.source,
        &mut String::from("/logic"),
        &mut places,
    );
    match places.as_slice() {
        [(pointer, Some(spread))] if pointer == "/logic/fractional" => {
            Spreads::Whole(spread.clone())
        }
        _ => Spreads::Places(places),
    }
}

fn collect(
    targeting: &Targeting,
    logic: &Value,
    pointer: &mut String,
    places: &mut Vec<(String, Option<Spread>)>,
) {
    let length = pointer.len();
    match logic {
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                push_part(pointer, &index.to_string());
                collect(targeting, element, pointer, places);
                pointer.truncate(length);
            }
        }
        // An object with several members is no operation.
        Value::Object(members) if members.len() == 1 => {
            for (name, arguments) in members.iter() {
                push_part(pointer, name);
                if &**name == "fractional" {
                    places.push((pointer.clone(), spread(targeting, arguments)));
                } else {
                    collect(targeting, arguments, pointer, places);
                }
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

/// How units spread over the buckets; `None` where a bucket or the unit is not one for all contexts
fn spread(targeting: &Targeting, arguments: &Value) -> Option<Spread> {
    let Value::Array(arguments) = arguments else {
        return None;
    };
    let (unit, buckets) = match arguments.split_first()? {
        (Value::Array(_), _) => (String::new(), &**arguments),
        (unit @ Value::Object(_), buckets) => (unit.to_canonical(), buckets),
        _ => return None,
    };
    let names = buckets.iter().map(literal).collect::<Option<Vec<_>>>()?;
    let total = total(buckets.iter().map(weight))?;
    let hash = format!(
        "flagd {:?} {:?} {unit}",
        targeting.hashing, targeting.flag_key
    );
    // The first slot that is multiplied by the total to at least this end.
    let first = |end: i64| {
        let (end, total) = (u64::try_from(end).ok()?, u64::try_from(total).ok()?);
        end.checked_mul(SLOTS)?
            .checked_add(total.checked_sub(1)?)?
            .checked_div(total)
    };
    let (mut branches, mut end) = (Vec::new(), 0_i64);
    for (name, weight) in names.into_iter().zip(buckets.iter().filter_map(weight)) {
        let start = end;
        end = end.saturating_add(weight);
        if weight > 0 {
            let range = (first(start)?, first(end)?);
            branches.push(Branch {
                parts: vec![Part::new(hash.clone(), SLOTS, vec![range])],
                chosen: targeting.chosen(&name),
            });
        }
    }
    Some(Spread(branches))
}

/// What a bucket names, if nothing in it is computed
fn literal(bucket: &Value) -> Option<Value> {
    let Value::Array(bucket) = bucket else {
        return None;
    };
    let is_computed = |value: &Value| matches!(value, Value::Array(_) | Value::Object(_));
    bucket
        .first()
        .filter(|_| !bucket.iter().any(is_computed))
        .cloned()
}
