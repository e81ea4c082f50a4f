//! `fractional`: a share of the units for each variant, by a hash

use super::cbor;
use crate::bucket::murmur3::murmur3_x86_32;
use crate::dialect::joined::with_joined;
use crate::value::{Value, safe_integer};

/// How a unit becomes the bytes that are hashed
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hashing {
    /// The second generation: a text as UTF-8
    Text,
    /// The third: any value as deterministic CBOR
    Cbor,
}

/// The greatest sum of the weights
const MAX_TOTAL: i64 = 0x7fff_ffff;

/// The values of the hash
pub(super) const SLOTS: u64 = 1 << 32;

impl Hashing {
    pub(super) fn of_version(version: &Value) -> Option<Self> {
        match version.as_integer()? {
            2 => Some(Self::Text),
            3 => Some(Self::Cbor),
            _ => None,
        }
    }
}

/// The variant of a unit; `None` for arguments that mean none
pub(super) fn fractional(
    hashing: Hashing,
    flag_key: &str,
    targeting_key: &str,
    arguments: &[Value],
) -> Option<Value> {
    let (first, rest) = arguments.split_first()?;
    let (hash, buckets) = match (hashing, first) {
        (Hashing::Text, Value::String(unit)) => (murmur3_x86_32(unit.as_bytes(), 0), rest),
        (_, Value::Array(_)) if targeting_key.is_empty() => return None,
        (Hashing::Text, Value::Array(_)) => {
            let hash = |unit: &[u8]| murmur3_x86_32(unit, 0);
            (with_joined([flag_key, targeting_key], hash), arguments)
        }
        (Hashing::Cbor, Value::Array(_)) => {
            let unit: Value = vec![flag_key, targeting_key].into();
            (murmur3_x86_32(&cbor::encode(&unit)?, 0), arguments)
        }
        (Hashing::Text, _) | (Hashing::Cbor, Value::Null) => return None,
        (Hashing::Cbor, unit) => (murmur3_x86_32(&cbor::encode(unit)?, 0), rest),
    };
    let total = total(buckets)?;
    let slot = (i64::from(hash).checked_mul(total)?) >> 32;
    let mut end = 0_i64;
    let found = buckets.iter().find(|bucket| {
        end = end.saturating_add(weight(bucket).unwrap_or_default());
        slot < end
    });
    match found? {
        Value::Array(bucket) => bucket.first().cloned(),
        _ => None,
    }
}

/// The sum of the weights of buckets; `None` where one means none
pub(super) fn total(buckets: &[Value]) -> Option<i64> {
    buckets
        .iter()
        .try_fold(0_i64, |total, bucket| total.checked_add(weight(bucket)?))
        .filter(|total| *total <= MAX_TOTAL)
}

/// The weight of `[variant]` or `[variant, weight]`, whose variant is not a list or an object
pub(super) fn weight(bucket: &Value) -> Option<i64> {
    let Value::Array(bucket) = bucket else {
        return None;
    };
    match &**bucket {
        [Value::Array(_) | Value::Object(_), ..] => None,
        [_] => Some(1),
        // Negative weights may come from computed roll-outs.
        [_, Value::Number(weight)] if weight.fract() == 0.0 && *weight <= 0.0 => Some(0),
        [_, Value::Number(weight)] => safe_integer(*weight),
        _ => None,
    }
}
