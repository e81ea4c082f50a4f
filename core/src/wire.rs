//! The JSON of a document, as it is written: structs that mirror it and know nothing of its meaning
//!
//! Unknown fields are ignored, so that an older reader can read a newer document, except in conditions and serves: there a
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
    #[serde(default)]
    pub(crate) environment: Arc<str>,
    #[serde(default)]
    pub(crate) revision: u64,
    #[serde(default, borrow)]
    pub(crate) flags: BTreeMap<Arc<str>, &'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a flag, an object")]
pub(crate) struct FlagWire {
    #[serde(rename = "type")]
    pub(crate) flag_type: FlagTypeWire,
    pub(crate) enabled: bool,
    pub(crate) salt: Option<Arc<str>>,
    pub(crate) variants: Option<BTreeMap<Arc<str>, Value>>,
    pub(crate) on_variant: Option<Arc<str>>,
    pub(crate) off_variant: Option<Arc<str>>,
    pub(crate) serve: Option<ServeWire>,
    #[serde(default)]
    pub(crate) rules: Vec<RuleWire>,
    pub(crate) levels: Option<Vec<Arc<str>>>,
    #[serde(default)]
    pub(crate) overrides: BTreeMap<Arc<str>, OverridesWire>,
    pub(crate) expires_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) metadata: Object,
    #[serde(default)]
    pub(crate) client_side: bool,
    pub(crate) needs: Option<u32>,
    // For people; without meaning for evaluation, named so that strict writing knows them.
    #[serde(rename = "description")]
    pub(crate) _description: Option<String>,
    // Of the language, and not evaluated by this version: a flag that has one must not be evaluated without it.
    pub(crate) prerequisites: Option<de::IgnoredAny>,
    pub(crate) environment_patch: Option<de::IgnoredAny>,
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
#[serde(rename_all = "camelCase", expecting = "a rule, an object")]
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
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a condition, an object"
)]
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
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a serve, an object"
)]
pub(crate) struct SplitWire {
    pub(crate) variant: Option<Arc<str>>,
    pub(crate) arms: Option<Vec<ArmWire>>,
    pub(crate) rollout: Option<f64>,
    pub(crate) unit: Option<Box<str>>,
    pub(crate) on_missing: Option<OnMissingWire>,
    pub(crate) salt: Option<Arc<str>>,
    pub(crate) algorithm: Option<Box<str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an arm, an object")]
pub(crate) struct ArmWire {
    pub(crate) variant: Arc<str>,
    pub(crate) weight: u32,
}

/// What a serve does with a context that has no unit
pub(crate) enum OnMissingWire {
    Decline,
    Variant(Arc<str>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with a `variant`")]
pub(crate) struct VariantWire {
    pub(crate) variant: Arc<str>,
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
