//! The questions of the protocol of JSON lines

use std::borrow::Cow;

use flagstaff_core::{Timestamp, UnknownValueType, Value, ValueType};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A question, read from one line
#[derive(Debug)]
#[non_exhaustive]
pub enum Request<'a> {
    /// Replace the snapshot by this document
    Load {
        /// Its text
        document: Cow<'a, str>,
    },
    /// Evaluate one flag
    Evaluate {
        /// Its key
        flag: Cow<'a, str>,
        /// What is asked for
        value_type: Option<ValueType>,
        /// What stands where there is no value
        default: Value,
        /// The context's text
        context: Cow<'a, str>,
        /// The instant
        now: Timestamp,
    },
    /// Evaluate every flag
    EvaluateAll {
        /// The context's text
        context: Cow<'a, str>,
        /// The instant
        now: Timestamp,
    },
    /// The slot of a unit
    Bucket {
        /// Its seed is the hash of this
        salt: Cow<'a, str>,
        /// What is hashed
        unit: Cow<'a, str>,
        /// How many slots there are
        total: u32,
    },
    /// Something that this version of Flagstaff does not do yet
    Unsupported,
}

/// Why a line is no request
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No JSON, or a member of a wrong type
    #[error("the request cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A member that this operation needs
    #[error("missing `{0}`")]
    Missing(&'static str),
    /// An operation that the protocol does not have
    #[error("unknown operation `{0}`")]
    UnknownOperation(Box<str>),
    /// A type that the language does not have
    #[error(transparent)]
    UnknownType(#[from] UnknownValueType),
    /// `now` is no RFC 3339 date and time with a zone
    #[error("`now` is no date and time with a zone")]
    Now,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestWire<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    vendor: Option<Cow<'a, str>>,
    #[serde(default, borrow, deserialize_with = "present")]
    document: Option<&'a RawValue>,
    document_text: Option<Cow<'a, str>>,
    flag: Option<Cow<'a, str>>,
    #[serde(rename = "type")]
    value_type: Option<Cow<'a, str>>,
    #[serde(default)]
    default: Value,
    #[serde(default, borrow, deserialize_with = "present")]
    context: Option<&'a RawValue>,
    context_text: Option<Cow<'a, str>>,
    now: Option<Cow<'a, str>>,
    salt: Option<Cow<'a, str>>,
    unit: Option<Cow<'a, str>>,
    total: Option<u32>,
}

/// A member that is there, though it be `null`
fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Request<'a> {
    /// Reads one line; what may be text or JSON is text afterwards
    pub fn parse(line: &'a str) -> Result<Self, RequestError> {
        let wire: RequestWire<'a> = serde_json::from_str(line)?;
        let context = text(wire.context_text, wire.context).unwrap_or(Cow::Borrowed("{}"));
        match &*wire.op {
            "load" if wire.vendor.is_some() => Ok(Self::Unsupported),
            "load" => Ok(Self::Load {
                document: text(wire.document_text, wire.document)
                    .ok_or(RequestError::Missing("document"))?,
            }),
            "evaluate" => Ok(Self::Evaluate {
                flag: wire.flag.ok_or(RequestError::Missing("flag"))?,
                value_type: wire.value_type.map(|name| name.parse()).transpose()?,
                default: wire.default,
                context,
                now: instant(wire.now)?,
            }),
            "evaluateAll" => Ok(Self::EvaluateAll {
                context,
                now: instant(wire.now)?,
            }),
            "bucket" => Ok(Self::Bucket {
                salt: wire.salt.ok_or(RequestError::Missing("salt"))?,
                unit: wire.unit.ok_or(RequestError::Missing("unit"))?,
                total: wire.total.ok_or(RequestError::Missing("total"))?,
            }),
            "explain" => Ok(Self::Unsupported),
            other => Err(RequestError::UnknownOperation(other.into())),
        }
    }
}

fn text<'a>(text: Option<Cow<'a, str>>, json: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
    text.or_else(|| json.map(|raw| Cow::Borrowed(raw.get())))
}

fn instant(text: Option<Cow<'_, str>>) -> Result<Timestamp, RequestError> {
    let text = text.ok_or(RequestError::Missing("now"))?;
    Timestamp::parse(&text).ok_or(RequestError::Now)
}
