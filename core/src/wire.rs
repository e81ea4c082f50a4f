//! The JSON of a document, as it is written: structs that mirror it and know nothing of its meaning
//!
//! Unknown fields are ignored, so that an older reader can read a newer document, except in conditions, serves and prerequisites: there a
//! field that this reader does not know could change who gets what.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::timestamp::Timestamp;
use crate::value::{Object, Value};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a document, an object")]
pub(crate) struct DocumentWire<'a> {
    pub(crate) schema_version: Whole,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) environment: Arc<str>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) revision: Whole,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub(crate) flags: BTreeMap<Arc<str>, &'a RawValue>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub(crate) segments: BTreeMap<Arc<str>, &'a RawValue>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub(crate) groups: BTreeMap<Arc<str>, &'a RawValue>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub(crate) holdouts: BTreeMap<Arc<str>, &'a RawValue>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct FlagWire {
    #[serde(rename = "type")]
    pub(crate) flag_type: FlagTypeWire,
    pub(crate) enabled: bool,
    pub(crate) salt: Option<Arc<str>>,
    pub(crate) variants: Option<BTreeMap<Arc<str>, Value>>,
    pub(crate) on_variant: Option<Arc<str>>,
    pub(crate) off_variant: Option<Arc<str>>,
    pub(crate) serve: Option<ServeWire>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) rules: Vec<RuleWire>,
    pub(crate) levels: Option<Vec<Arc<str>>>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) overrides: BTreeMap<Arc<str>, OverridesWire>,
    pub(crate) expires_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) metadata: Object,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) client_side: bool,
    pub(crate) needs: Option<Whole>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) prerequisites: Vec<PrerequisiteWire>,
    pub(crate) environment_patch: Option<Arc<Object>>,
    // For people; without meaning for evaluation, named so that strict writing knows them.
    #[serde(rename = "description")]
    pub(crate) _description: Option<String>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct PrerequisiteWire {
    pub(crate) flag: Arc<str>,
    pub(crate) variants: Box<[Arc<str>]>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct SegmentWire {
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) include: BTreeMap<Arc<str>, IdsWire>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) exclude: BTreeMap<Arc<str>, IdsWire>,
    pub(crate) when: Option<ConditionWire>,
    pub(crate) needs: Option<Whole>,
    #[serde(rename = "description")]
    pub(crate) _description: Option<String>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct GroupWire {
    pub(crate) salt: Box<str>,
    pub(crate) unit: Option<Box<str>>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct HoldoutWire {
    pub(crate) salt: Box<str>,
    pub(crate) percent: f64,
    pub(crate) unit: Option<Box<str>>,
}

/// The overrides of one level, still raw: one that is wrong must be named by its key
pub(crate) type OverridesWire = BTreeMap<Box<str>, Value>;

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(crate) enum FlagTypeWire {
    Boolean,
    String,
    Number,
    Object,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub(crate) struct RuleWire {
    pub(crate) id: Option<Arc<str>>,
    #[serde(rename = "description")]
    pub(crate) _description: Option<String>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) when: Option<ConditionWire>,
    pub(crate) serve: ServeWire,
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConditionWire {
    pub(crate) all: Option<Vec<ConditionWire>>,
    pub(crate) any: Option<Vec<ConditionWire>>,
    pub(crate) not: Option<Box<ConditionWire>>,
    pub(crate) attribute: Option<Box<str>>,
    pub(crate) op: Option<Box<str>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) value: Option<Value>,
    pub(crate) values: Option<Vec<Value>>,
    pub(crate) array: Option<QuantifierWire>,
    pub(crate) ignore_case: Option<bool>,
    pub(crate) segment: Option<Arc<str>>,
    pub(crate) flag: Option<Arc<str>>,
    pub(crate) variants: Option<Box<[Arc<str>]>>,
    pub(crate) bucket: Option<BucketWire>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct BucketWire {
    pub(crate) unit: Option<Box<str>>,
    pub(crate) salt: Box<str>,
    pub(crate) from: Whole,
    pub(crate) until: Whole,
}

/// `null` for a member that may be absent is as if it were
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A member that is there, though it be `null`
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) enum QuantifierWire {
    #[default]
    Any,
    All,
    None,
}

/// A serve: the name of a variant, or an object
pub(crate) enum ServeWire {
    Variant(Arc<str>),
    Split(Box<SplitWire>),
}

#[derive(Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SplitWire {
    pub(crate) variant: Option<Arc<str>>,
    pub(crate) arms: Option<Vec<ArmWire>>,
    pub(crate) rollout: Option<RolloutWire>,
    pub(crate) unit: Option<Box<str>>,
    pub(crate) on_missing: Option<OnMissingWire>,
    pub(crate) salt: Option<Arc<str>>,
    pub(crate) algorithm: Option<Box<str>>,
    pub(crate) experiment: Option<ExperimentWire>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct ExperimentWire {
    pub(crate) key: Arc<str>,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) slice: Option<Vec<(Whole, Whole)>>,
    pub(crate) holdout: Option<Arc<str>>,
}

/// A share of the units: fixed, or a function of time
pub(crate) enum RolloutWire {
    Percent(f64),
    Timed(TimedWire),
}

/// Steps, or the two ends of a line
#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct TimedWire {
    pub(crate) steps: Option<Vec<StepWire>>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) start: Option<f64>,
    pub(crate) end: Option<f64>,
}

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct StepWire {
    pub(crate) at: Timestamp,
    pub(crate) percent: f64,
}

/// The ids of one segment and kind, as a document has them
pub(crate) type IdsWire = Vec<Box<str>>;

/// The ids of one segment and kind, as an object of their own on the wire: `{ID: true}`
pub(crate) type IdEntriesWire = BTreeMap<Box<str>, bool>;

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct ArmWire {
    pub(crate) variant: Arc<str>,
    pub(crate) weight: Whole,
}

/// What a serve does with a context that has no unit
pub(crate) enum OnMissingWire {
    Decline,
    Variant(Arc<str>),
}

#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct VariantWire {
    pub(crate) variant: Arc<str>,
}

/// Lets structs be read from objects only: by themselves, serde's also take a list of their members' values
macro_rules! objects {
    ($($wire:ty, $expecting:literal;)*) => {$(
        impl<'de> Deserialize<'de> for $wire {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;
                impl<'de> Visitor<'de> for Members {
                    type Value = $wire;

                    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                        formatter.write_str($expecting)
                    }

                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$wire, A::Error> {
                        <$wire>::deserialize(MapAccessDeserializer::new(map))
                    }
                }
                deserializer.deserialize_map(Members)
            }
        }
    )*};
}

objects! {
    FlagWire, "a flag, an object";
    PrerequisiteWire, "a prerequisite, an object";
    SegmentWire, "a segment, an object";
    GroupWire, "an exclusion group, an object";
    HoldoutWire, "a holdout, an object";
    RuleWire, "a rule, an object";
    ConditionWire, "a condition, an object";
    BucketWire, "a bucket, an object";
    SplitWire, "a serve, an object";
    ExperimentWire, "an experiment, an object";
    TimedWire, "a rollout, an object";
    StepWire, "a step, an object";
    ArmWire, "an arm, an object";
    VariantWire, "an object with a `variant`";
}

impl<'de> Deserialize<'de> for ServeWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Serve;
        impl<'de> Visitor<'de> for Serve {
            type Value = ServeWire;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a variant, or an object with `variant` or `arms`")
            }

            fn visit_str<E>(self, variant: &str) -> Result<ServeWire, E> {
                Ok(ServeWire::Variant(variant.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ServeWire, A::Error> {
                SplitWire::deserialize(MapAccessDeserializer::new(map))
                    .map(|split| ServeWire::Split(Box::new(split)))
            }
        }
        deserializer.deserialize_any(Serve)
    }
}

impl<'de> Deserialize<'de> for OnMissingWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnMissing;
        impl<'de> Visitor<'de> for OnMissing {
            type Value = OnMissingWire;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`\"decline\"` or `{\"variant\": …}`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OnMissingWire, E> {
                if text == "decline" {
                    Ok(OnMissingWire::Decline)
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(text), &self))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OnMissingWire, A::Error> {
                VariantWire::deserialize(MapAccessDeserializer::new(map))
                    .map(|wire| OnMissingWire::Variant(wire.variant))
            }
        }
        deserializer.deserialize_any(OnMissing)
    }
}

impl<'de> Deserialize<'de> for RolloutWire {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rollout;
        impl<'de> Visitor<'de> for Rollout {
            type Value = RolloutWire;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a percentage, or an object with `steps`, or with `from`, `until`, `start` and `end`")
            }

            fn visit_f64<E>(self, percent: f64) -> Result<RolloutWire, E> {
                Ok(RolloutWire::Percent(percent))
            }

            #[expect(
                clippy::cast_precision_loss,
                reason = "whatever is not exact is far above 100"
            )]
            fn visit_u64<E>(self, percent: u64) -> Result<RolloutWire, E> {
                Ok(RolloutWire::Percent(percent as f64))
            }

            #[expect(
                clippy::cast_precision_loss,
                reason = "whatever is not exact is far below 0"
            )]
            fn visit_i64<E>(self, percent: i64) -> Result<RolloutWire, E> {
                Ok(RolloutWire::Percent(percent as f64))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RolloutWire, A::Error> {
                TimedWire::deserialize(MapAccessDeserializer::new(map)).map(RolloutWire::Timed)
            }
        }
        deserializer.deserialize_any(Rollout)
    }
}

/// A whole number, not negative and within 2^53 − 1: `1` and `1.0` are the same number
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Whole(pub(crate) u64);

impl Whole {
    /// The number, or the largest of its type where it is beyond, which every limit refuses
    pub(crate) fn saturating(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let whole = value
            .as_integer()
            .and_then(|integer| u64::try_from(integer).ok());
        whole.map(Self).ok_or_else(|| {
            de::Error::custom(format_args!(
                "expected a whole number, not negative, got `{value}`"
            ))
        })
    }
}
