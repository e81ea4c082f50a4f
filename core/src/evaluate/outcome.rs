//! The result of an evaluation

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::Variant;
use crate::value::merge;
use crate::value::{JsonObject, Value, safe_integer};

/// Why a value was served; OpenFeature's reasons
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// The flag has one outcome for every context at every instant
    Static,
    /// No rule matched, or the serve that was reached declined
    Default,
    /// An override or a rule matched
    TargetingMatch,
    /// A hash of the unit decided
    Split,
    /// The flag is off, or has expired
    Disabled,
    /// There is no value; the error code says why
    Error,
}

impl Reason {
    /// The reason on the wire, as `TARGETING_MATCH`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::Default => "DEFAULT",
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Split => "SPLIT",
            Self::Disabled => "DISABLED",
            Self::Error => "ERROR",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why there is no value; OpenFeature's error codes
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// The context is not an object, or its `targetingKey` is not a string
    InvalidContext,
    /// There is no flag of this key
    FlagNotFound,
    /// The flag does not compile; the snapshot's issues say why
    ParseError,
    /// The flag's value is of another type than the caller asked for
    TypeMismatch,
    /// A client has received no snapshot yet; the core itself never says so
    ProviderNotReady,
    /// An expression of another vendor names a variant that the flag does not have
    General,
}

impl ErrorCode {
    /// The code on the wire, as `FLAG_NOT_FOUND`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidContext => "INVALID_CONTEXT",
            Self::FlagNotFound => "FLAG_NOT_FOUND",
            Self::ParseError => "PARSE_ERROR",
            Self::TypeMismatch => "TYPE_MISMATCH",
            Self::ProviderNotReady => "PROVIDER_NOT_READY",
            Self::General => "GENERAL",
        }
    }

    /// A message for people
    pub const fn message(self) -> &'static str {
        match self {
            Self::InvalidContext => {
                "the context is not an object, its `targetingKey` is not a string, or it has too many attributes"
            }
            Self::FlagNotFound => "there is no such flag",
            Self::ParseError => "the flag is broken; the issues of the snapshot say where",
            Self::TypeMismatch => "the flag's value is of another type",
            Self::ProviderNotReady => "no snapshot has arrived yet",
            Self::General => "the flag's expression names a variant that the flag does not have",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The type that a caller asks for
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExpectedType {
    /// `true` or `false`
    Boolean,
    /// A string
    String,
    /// A number
    Number,
    /// A number without a fraction, within ±(2^53 − 1)
    Integer,
    /// An object or an array
    Object,
}

impl ExpectedType {
    /// Every type, in the order of the numbers that hosts use for them
    pub const ALL: [Self; 5] = [
        Self::Boolean,
        Self::String,
        Self::Number,
        Self::Integer,
        Self::Object,
    ];

    /// Whether `value` is of this type
    #[inline]
    pub fn admits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Integer, Value::Number(number)) => safe_integer(*number).is_some(),
            (Self::Boolean, Value::Boolean(_))
            | (Self::String, Value::String(_))
            | (Self::Number, Value::Number(_))
            | (Self::Object, Value::Object(_) | Value::Array(_)) => true,
            _ => false,
        }
    }
}

impl FromStr for ExpectedType {
    type Err = UnknownExpectedType;

    fn from_str(name: &str) -> Result<Self, UnknownExpectedType> {
        match name {
            "boolean" => Ok(Self::Boolean),
            "string" => Ok(Self::String),
            "number" => Ok(Self::Number),
            "integer" => Ok(Self::Integer),
            "object" => Ok(Self::Object),
            _ => Err(UnknownExpectedType(name.into())),
        }
    }
}

/// A text that is not the name of a type
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown type `{0}`, expected `boolean`, `string`, `number`, `integer` or `object`")]
pub struct UnknownExpectedType(Box<str>);

impl Variant {
    /// Why a getter that expects this type gets the caller's default; `None` within is no error
    #[cold]
    pub(crate) fn refusal(self: &Arc<Self>) -> Option<ErrorCode> {
        if !self.is_none() {
            Some(ErrorCode::TypeMismatch)
        } else if Arc::ptr_eq(self, Self::unknown()) {
            Some(ErrorCode::General)
        } else if Arc::ptr_eq(self, Self::refused()) {
            Some(ErrorCode::InvalidContext)
        } else {
            None
        }
    }

    /// Whether it has a value, of the type that is expected if one is
    #[inline]
    pub(crate) fn serves(&self, expected: Option<ExpectedType>) -> bool {
        match expected {
            Some(expected) => expected.admits(&self.value),
            None => !self.is_none(),
        }
    }
}

/// Which part of a flag decided
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecidingStep<'s> {
    /// None: there was an error
    None,
    /// The flag is not enabled
    Disabled,
    /// The flag has expired
    Expired,
    /// A prerequisite is not met, the first one listed
    Prerequisite {
        /// The flag that is off or serves another variant
        flag: &'s str,
    },
    /// The override of this level
    Override {
        /// The level's name
        level: &'s str,
    },
    /// The rule at this position
    Rule {
        /// From 0
        index: usize,
        /// Its id, if it has one
        id: Option<&'s str>,
        /// The experiment, if the hash of its arms decided
        experiment: Option<&'s str>,
    },
    /// The flag's own serve
    Serve {
        /// The experiment, if the hash of its arms decided
        experiment: Option<&'s str>,
    },
    /// The flag's own serve declined, so the off variant is served
    Declined,
}

impl DecidingStep<'_> {
    /// `{"step": "rule", "index": 0, "id": "staff"}` and the like
    pub fn to_value(self) -> Value {
        let step = |name: &'static str| ("step", Value::from(name));
        let of_experiment = |key: &str| ("experiment", Value::from(key));
        match self {
            Self::None => Value::object::<&str>([]),
            Self::Disabled => Value::object([step("disabled")]),
            Self::Expired => Value::object([step("expired")]),
            Self::Override { level } => Value::object([step("override"), ("level", level.into())]),
            Self::Prerequisite { flag } => {
                Value::object([step("prerequisite"), ("flag", flag.into())])
            }
            Self::Rule {
                index,
                id,
                experiment,
            } => {
                let index = Value::from(u32::try_from(index).unwrap_or(u32::MAX));
                let members = [step("rule"), ("index", index)].into_iter();
                Value::object(
                    members
                        .chain(id.map(|id| ("id", id.into())))
                        .chain(experiment.map(of_experiment)),
                )
            }
            Self::Serve { experiment } => Value::object(
                [step("serve")]
                    .into_iter()
                    .chain(experiment.map(of_experiment)),
            ),
            Self::Declined => Value::object([step("declined")]),
        }
    }
}

/// The result of one evaluation; it borrows from the snapshot, so a scalar costs no allocation
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<'s> {
    /// The value served; or why there is none, and the caller's default is used: an error, or `None` where the flag serves nothing
    pub value: Result<Cow<'s, Value>, Option<ErrorCode>>,
    /// The variant served
    pub variant: Option<&'s str>,
    /// Whether a variant other than the off variant was served
    pub enabled: bool,
    /// Why this value is served
    pub reason: Reason,
    /// Which part of the flag decided
    pub detail: DecidingStep<'s>,
    /// The flag's metadata
    pub metadata: Option<&'s JsonObject>,
    /// Whether the hash of the arms of an experiment decided
    pub in_experiment: bool,
    // The sources are computed from these: the variant, and the patches that were applied to it, in order.
    pub(crate) served: Option<&'s Variant>,
    pub(crate) patches: Vec<(&'s str, &'s JsonObject)>,
}

impl<'s> Outcome<'s> {
    pub(crate) fn error(error_code: ErrorCode) -> Self {
        Self {
            value: Err(Some(error_code)),
            variant: None,
            enabled: false,
            reason: Reason::Error,
            detail: DecidingStep::None,
            metadata: None,
            in_experiment: false,
            served: None,
            patches: Vec::new(),
        }
    }

    /// Why there is no value, if there is none
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.value.as_ref().err().copied().flatten()
    }

    /// The value served, or `default`
    pub fn value_or<'a>(&'a self, default: &'a Value) -> &'a Value {
        self.value.as_deref().unwrap_or(default)
    }

    /// Where each leaf of an object comes from, by JSON pointer: `default`, `environment`, or the level that patched it last
    ///
    /// A leaf is any value that is not an object, or an empty object; a value that is not an object has no leaves.
    pub fn sources(&self) -> Vec<(String, &str)> {
        let base = |served: &'s Variant| served.base_value.as_ref().unwrap_or(&served.value);
        self.served
            .map(|served| merge::sources(base(served), &self.patches))
            .unwrap_or_default()
    }

    /// The name of the variant served, to store without copying it
    pub fn shared_variant(&self) -> Option<&'s Arc<str>> {
        self.served.map(|served| &served.name)
    }

    /// `{"flags": {KEY: outcome}}`: the outcomes of all flags as one object, the same in every binding
    pub fn all_to_value(outcomes: &[(&str, Self)], default: &Value) -> Value {
        let flags = outcomes
            .iter()
            .map(|(key, outcome)| (*key, outcome.to_value(default)));
        Value::object([("flags", Value::object(flags))])
    }

    /// `{"outcome": outcome, "trace": […]}`: the outcome with its trace as one object, the same in every binding
    pub fn to_explanation(&self, trace: Value, default: &Value) -> Value {
        Value::object([("outcome", self.to_value(default)), ("trace", trace)])
    }

    /// The whole outcome as one object, the same in every binding; its canonical text is what conformance compares
    pub fn to_value(&self, default: &Value) -> Value {
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        let sources = self
            .sources()
            .into_iter()
            .map(|(pointer, source)| (Arc::from(pointer), Value::from(source)));
        Value::object([
            ("value", self.value_or(default).clone()),
            ("variant", text(self.variant)),
            ("enabled", self.enabled.into()),
            ("reason", self.reason.as_str().into()),
            ("errorCode", text(self.error_code().map(ErrorCode::as_str))),
            ("detail", self.detail.to_value()),
            (
                "metadata",
                Value::Object(Arc::new(self.metadata.cloned().unwrap_or_default())),
            ),
            ("inExperiment", self.in_experiment.into()),
            ("sources", Value::object::<Arc<str>>(sources)),
        ])
    }
}
