//! The requests of the protocol of JSON lines

use std::borrow::Cow;

use flagstaff_core::{ExpectedType, Timestamp, UnknownExpectedType, Value};
use flagstaff_import::Options;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A request, read from one line
#[derive(Debug)]
#[non_exhaustive]
pub enum Request<'a> {
    /// Replace the snapshot by this document
    Load {
        /// Its text
        document: Cow<'a, str>,
    },
    /// Replace the snapshot by what this file of another vendor is converted to
    Import {
        /// The vendor's name
        vendor: Cow<'a, str>,
        /// How to convert
        options: Options,
        /// The text of the file
        document: Cow<'a, str>,
    },
    /// Evaluate one flag
    Evaluate(Evaluation<'a>),
    /// Evaluate one flag with a trace
    Explain(Evaluation<'a>),
    /// Evaluate every flag
    EvaluateAll {
        /// The context's text
        context: Cow<'a, str>,
        /// The instant
        now: Timestamp,
    },
    /// The slot of a unit
    Bucket {
        /// The text whose hash is the seed
        salt: Cow<'a, str>,
        /// The hashed unit
        unit: Cow<'a, str>,
        /// The number of slots
        total: u32,
    },
    /// An operation that this version of Flagstaff does not support
    Unsupported,
}

/// One flag to evaluate
#[derive(Debug)]
pub struct Evaluation<'a> {
    /// Its key
    pub flag: Cow<'a, str>,
    /// The expected type
    pub expected_type: Option<ExpectedType>,
    /// The caller's default
    pub default: Value,
    /// The context's text
    pub context: Cow<'a, str>,
    /// The instant
    pub now: Timestamp,
}

/// A line is not a valid request
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Invalid JSON, or a field of a wrong type
    #[error("the request cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A field that this operation requires
    #[error("missing `{0}`")]
    Missing(&'static str),
    /// An operation that the protocol does not have
    #[error("unknown operation `{0}`")]
    UnknownOperation(Box<str>),
    /// A type that the language does not have
    #[error(transparent)]
    UnknownType(#[from] UnknownExpectedType),
    /// `now` is not an RFC 3339 date and time with a zone
    #[error("`now` is not a date and time with a zone")]
    Now,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestWire<'a> {
    #[serde(borrow)]
    op: Cow<'a, str>,
    vendor: Option<Cow<'a, str>>,
    #[serde(default)]
    options: Options,
    #[serde(default, borrow, deserialize_with = "present")]
    document: Option<&'a RawValue>,
    document_text: Option<Cow<'a, str>>,
    flag: Option<Cow<'a, str>>,
    #[serde(rename = "type")]
    expected_type: Option<Cow<'a, str>>,
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

/// A field that is present, even if it is `null`
fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Request<'a> {
    /// Parses one line; a field that may be text or JSON becomes text
    pub fn parse(line: &'a str) -> Result<Self, RequestError> {
        let wire: RequestWire<'a> = serde_json::from_str(line)?;
        match &*wire.op {
            "load" => {
                let document = text(wire.document_text, wire.document);
                let document = document.ok_or(RequestError::Missing("document"))?;
                Ok(match wire.vendor {
                    Some(vendor) => Self::Import {
                        vendor,
                        options: wire.options,
                        document,
                    },
                    None => Self::Load { document },
                })
            }
            "evaluate" => wire.evaluation().map(Self::Evaluate),
            "explain" => wire.evaluation().map(Self::Explain),
            "evaluateAll" => Ok(Self::EvaluateAll {
                context: context(wire.context_text, wire.context),
                now: instant(wire.now)?,
            }),
            "bucket" => Ok(Self::Bucket {
                salt: wire.salt.ok_or(RequestError::Missing("salt"))?,
                unit: wire.unit.ok_or(RequestError::Missing("unit"))?,
                total: wire.total.ok_or(RequestError::Missing("total"))?,
            }),
            other => Err(RequestError::UnknownOperation(other.into())),
        }
    }
}

impl<'a> RequestWire<'a> {
    fn evaluation(self) -> Result<Evaluation<'a>, RequestError> {
        Ok(Evaluation {
            flag: self.flag.ok_or(RequestError::Missing("flag"))?,
            expected_type: self.expected_type.map(|name| name.parse()).transpose()?,
            default: self.default,
            context: context(self.context_text, self.context),
            now: instant(self.now)?,
        })
    }
}

fn context<'a>(given: Option<Cow<'a, str>>, json: Option<&'a RawValue>) -> Cow<'a, str> {
    text(given, json).unwrap_or(Cow::Borrowed("{}"))
}

fn text<'a>(text: Option<Cow<'a, str>>, json: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
    text.or_else(|| json.map(|raw| Cow::Borrowed(raw.get())))
}

fn instant(text: Option<Cow<'_, str>>) -> Result<Timestamp, RequestError> {
    let text = text.ok_or(RequestError::Missing("now"))?;
    Timestamp::parse(&text).ok_or(RequestError::Now)
}
