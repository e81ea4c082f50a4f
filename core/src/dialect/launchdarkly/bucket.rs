//! Which part of the whole a context falls into: the first 60 bits of SHA-1, as a share of 2^60

use sha1::{Digest, Sha1};

use super::individual::Individual;
use super::reference::Reference;
use super::{Refusal, text};
use crate::context::Context;
use crate::dialect::spread::{Part, boundary};
use crate::value::{JsonObject, Value};

/// What is hashed: the seed or the key and the salt, then an attribute of the context of one kind
#[derive(Debug)]
pub(super) struct Bucket {
    kind: Box<str>,
    // `None` for the key.
    attribute: Option<Reference>,
    // Has read all that stands before the attribute, which is `hashed`.
    prefix: Sha1,
    hashed: Box<str>,
}

/// Buckets are counted by 60 bits
const SLOTS: u64 = 1 << 60;

impl Bucket {
    /// Reads `key`, `salt`, `seed`, `bucketBy` and the context kind in the field `kind_field`
    pub(super) fn compile(
        members: &JsonObject,
        kind_field: &'static str,
        reads_attribute: bool,
    ) -> Result<Self, Refusal> {
        let kind = text(members, kind_field)?;
        let attribute = match text(members, "bucketBy")?.filter(|_| reads_attribute) {
            Some(attribute) => Some(Reference::required(attribute, kind.is_some(), "bucketBy")?),
            None => None,
        };
        let prefix = match members.get("seed") {
            None | Some(Value::Null) => {
                let (key, salt) = (text(members, "key")?, text(members, "salt")?);
                [key.unwrap_or(""), ".", salt.unwrap_or(""), "."].concat()
            }
            Some(seed) => {
                let seed = seed.as_integer();
                let seed =
                    seed.ok_or_else(|| Refusal::new("expected an integer").within("seed"))?;
                format!("{seed}.")
            }
        };
        Ok(Self {
            kind: kind.unwrap_or("user").into(),
            attribute,
            hashed: prefix.as_str().into(),
            prefix: Sha1::new_with_prefix(prefix),
        })
    }

    /// The bucket of a context, from 0 to 1; `None` if it has no context of the kind
    pub(super) fn of(&self, context: &Context) -> Option<f64> {
        let individual = Individual::find(context, &self.kind)?;
        let Some(attribute) = &self.attribute else {
            return Some(self.hash(&individual.key()));
        };
        // What is neither a string nor a whole number has the bucket 0.
        Some(match individual.get(attribute).as_deref() {
            Some(Value::String(value)) => self.hash(value),
            Some(Value::Number(value)) if value.fract() == 0.0 => self.hash(&format!("{value:.0}")),
            _ => 0.0,
        })
    }

    fn hash(&self, value: &str) -> f64 {
        let digest = self.prefix.clone().chain_update(value).finalize();
        let bits = digest
            .iter()
            .take(8)
            .fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        share(bits >> 4)
    }

    /// The buckets from one share of the whole up to another, which is not part of it
    pub(super) fn part(&self, from: f64, until: f64) -> Part {
        let hash = format!(
            "launchdarkly {:?} {:?} {:?}",
            self.hashed, self.kind, self.attribute
        );
        let [from, until] = [from, until].map(|end| boundary(SLOTS, |slot| share(slot) < end));
        Part::new(hash, SLOTS, vec![(from, until)])
    }
}

/// The share of the whole at which a bucket is
fn share(bits: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "LaunchDarkly rounds to a double too"
    )]
    let (bits, whole) = (bits as f64, 0x0fff_ffff_ffff_ffff_u64 as f64);
    bits / whole
}
