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

    /// The hash of a unit that is not a list; `None` of one that is none
    pub(super) fn hash(self, unit: &Value) -> Option<u32> {
        match (self, unit) {
            (Self::Text, Value::String(unit)) => Some(murmur3_x86_32(unit.as_bytes(), 0)),
            (Self::Text, _) | (Self::Cbor, Value::Null) => None,
            (Self::Cbor, unit) => Some(murmur3_x86_32(&cbor::encode(unit)?, 0)),
        }
    }

    /// The hash of texts that together are the unit, of so many bytes
    pub(super) fn hash_joined<'t>(
        self,
        texts: impl Iterator<Item = &'t str> + Clone,
        length: usize,
    ) -> u32 {
        let (head, head_length) = match self {
            Self::Text => ([0; 9], 0),
            Self::Cbor => cbor::text_head(length),
        };
        let head = head.get(..head_length).unwrap_or_default();
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the bytes have to live as long as the head, not as long as the texts"
        )]
        let texts = texts.map(|text| text.as_bytes());
        let pieces = std::iter::once(head).chain(texts);
        with_joined(pieces, |unit| murmur3_x86_32(unit, 0))
    }

    /// The hash where the buckets have no unit before them
    fn hash_keys(self, flag_key: &str, targeting_key: &str) -> Option<u32> {
        let keys = [flag_key, targeting_key];
        match self {
            Self::Text => {
                let length = flag_key.len().saturating_add(targeting_key.len());
                Some(self.hash_joined(keys.into_iter(), length))
            }
            Self::Cbor => self.hash(&keys.to_vec().into()),
        }
    }
}

/// The variant of a unit; `None` for arguments that mean none
pub(super) fn fractional(
    hashing: Hashing,
    flag_key: &str,
    targeting_key: &str,
    arguments: &[&Value],
) -> Option<Value> {
    let (first, rest) = arguments.split_first()?;
    let (hash, buckets) = match first {
        Value::Array(_) if targeting_key.is_empty() => return None,
        Value::Array(_) => (hashing.hash_keys(flag_key, targeting_key)?, arguments),
        unit => (hashing.hash(unit)?, rest),
    };
    let weights = buckets.iter().map(|bucket| weight(bucket));
    let found = bucket_of(hash, total(weights.clone())?, weights.flatten())?;
    variant(buckets.get(found)?).cloned()
}

/// The buckets of a `fractional` in which nothing is computed
#[derive(Debug)]
pub(super) struct Split {
    buckets: Box<[(i64, Value)]>,
    total: i64,
    /// The steps that it takes to evaluate them
    pub(super) steps: usize,
}

impl Split {
    /// `None` where they mean none
    pub(super) fn of<'v>(buckets: impl Iterator<Item = &'v Value>, steps: usize) -> Option<Self> {
        let read = |bucket: &Value| Some((weight(bucket)?, variant(bucket)?.clone()));
        let buckets = buckets.map(read).collect::<Option<Box<[_]>>>()?;
        let total = total(buckets.iter().map(|(weight, _)| Some(*weight)))?;
        Some(Self {
            buckets,
            total,
            steps,
        })
    }

    /// What the bucket of a hash names
    pub(super) fn bucket(&self, hash: u32) -> Option<&Value> {
        let weights = self.buckets.iter().map(|(weight, _)| *weight);
        let found = bucket_of(hash, self.total, weights)?;
        self.buckets.get(found).map(|(_, variant)| variant)
    }
}

/// The position of the bucket of a hash
fn bucket_of(hash: u32, total: i64, mut weights: impl Iterator<Item = i64>) -> Option<usize> {
    let slot = (i64::from(hash).checked_mul(total)?) >> 32;
    let mut end = 0_i64;
    weights.position(|weight| {
        end = end.saturating_add(weight);
        slot < end
    })
}

/// The sum of weights; `None` where one is not a weight, or they are too many
pub(super) fn total(mut weights: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    weights
        .try_fold(0_i64, |total, weight| total.checked_add(weight?))
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

/// What a bucket names
fn variant(bucket: &Value) -> Option<&Value> {
    match bucket {
        Value::Array(bucket) => bucket.first(),
        _ => None,
    }
}
