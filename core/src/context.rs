//! Who is asking: the context of an evaluation, and how the core reads one that is not its own

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use serde::de::DeserializeSeed as _;

use crate::hashing::hash_text;
use crate::limits;
use crate::path::AttributePath;
use crate::value::{Object, Value, ValueSeed};

/// A source of attributes: [`Context`], or a binding's view of the host language's own objects
///
/// The core reads only the attributes that a flag refers to, when it needs them, and never asks for the whole.
pub trait Attributes {
    /// The attribute at `path`; a value of a type that JSON does not know is [`Attribute::Missing`]
    fn attribute(&self, path: &AttributePath) -> Attribute<'_>;

    /// Refuses a context that is no object, or whose `targetingKey` is present, not null and no string
    fn validate(&self) -> Result<(), ContextError>;
}

/// An attribute as an evaluation reads it
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute<'a> {
    /// There is none, or its type is foreign to JSON
    Missing,
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A finite number
    Number(f64),
    /// A string of Unicode scalar values
    String(Cow<'a, str>),
    /// An array
    Array(Cow<'a, [Value]>),
    /// An object; what is inside is reached by a longer path
    Object,
}

impl Attribute<'_> {
    /// The text of a unit: a non-empty string, or an integer within ±(2^53 − 1) in decimal
    pub fn as_unit(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::String(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
            Self::Number(number) => {
                crate::value::safe_integer(*number).map(|integer| integer.to_string().into())
            }
            _ => None,
        }
    }

    /// Whether there is nothing to look at: missing or null
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }
}

impl<'a> From<&'a Value> for Attribute<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Number(value) => Self::Number(*value),
            Value::String(value) => Self::String(Cow::Borrowed(value)),
            Value::Array(values) => Self::Array(Cow::Borrowed(values)),
            Value::Object(_) => Self::Object,
        }
    }
}

/// A context of the core's own: one JSON object of OpenFeature's shape
///
/// `targetingKey` is the key of kind `user`; the key of any other kind `K` is the member `key` of the object `K`.
#[derive(Debug, Clone, Default)]
pub struct Context {
    // By the hashes that paths carry.
    members: HashTable<(Arc<str>, Value)>,
    // Whether `targetingKey` is something other than a string or null.
    is_refused: bool,
}

impl Context {
    /// A context with this targeting key
    pub fn new(targeting_key: impl Into<Arc<str>>) -> Self {
        Self::default().with("targetingKey", targeting_key.into())
    }

    /// The same context with one attribute more, or changed
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.insert(name.into(), value.into());
        self
    }

    fn insert(&mut self, name: Arc<str>, value: Value) {
        if &*name == "targetingKey" {
            self.is_refused = !matches!(value, Value::Null | Value::String(_));
        }
        let entry = self.members.entry(
            hash_text(&name),
            |(other, _)| *other == name,
            |(other, _)| hash_text(other),
        );
        match entry {
            Entry::Occupied(mut entry) => entry.get_mut().1 = value,
            Entry::Vacant(entry) => {
                entry.insert((name, value));
            }
        }
    }

    /// Reads a context from JSON text
    pub fn from_json(text: &str) -> Result<Self, ContextError> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        // Depth is the seed's business: a deep context is odd, not wrong.
        deserializer.disable_recursion_limit();
        let value = ValueSeed {
            depth: limits::CONTEXT_DEPTH,
        }
        .deserialize(&mut deserializer)?;
        deserializer.end()?;
        Self::try_from(value)
    }

    /// The members of the context
    pub fn members(&self) -> Object {
        self.members.iter().cloned().collect()
    }
}

impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        self.members() == other.members()
    }
}

impl TryFrom<Value> for Context {
    type Error = ContextError;

    fn try_from(value: Value) -> Result<Self, ContextError> {
        let Value::Object(members) = value else {
            return Err(ContextError::NoObject);
        };
        let mut context = Self::default();
        for (name, value) in Arc::unwrap_or_clone(members) {
            context.insert(name, value);
        }
        context.validate().map(|()| context)
    }
}

impl Attributes for Context {
    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        let Some((first, rest)) = path.segments().split_first() else {
            return Attribute::Missing;
        };
        let found = self
            .members
            .find(path.hash(), |(name, _)| **name == **first);
        let mut found = found.map(|(_, value)| value);
        for segment in rest {
            found = match found {
                Some(Value::Object(members)) => members.get(&**segment),
                _ => None,
            };
        }
        found.map_or(Attribute::Missing, Attribute::from)
    }

    fn validate(&self) -> Result<(), ContextError> {
        if self.is_refused {
            Err(ContextError::TargetingKey)
        } else {
            Ok(())
        }
    }
}

/// A context that could not be read: evaluation answers `INVALID_CONTEXT`
impl Attributes for Result<Context, ContextError> {
    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        self.as_ref()
            .map_or(Attribute::Missing, |context| context.attribute(path))
    }

    fn validate(&self) -> Result<(), ContextError> {
        self.as_ref()
            .map_or_else(|error| Err(error.clone()), Context::validate)
    }
}

/// Why something is no context
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The text is no JSON
    #[error("the context is no JSON: {0}")]
    Json(Arc<str>),
    /// The value is no object
    #[error("the context is no object")]
    NoObject,
    /// `targetingKey` is present, not null and no string
    #[error("`targetingKey` is no string")]
    TargetingKey,
}

impl From<serde_json::Error> for ContextError {
    fn from(error: serde_json::Error) -> Self {
        // serde_json's error is neither Clone nor Eq; its text has line and column.
        Self::Json(error.to_string().into())
    }
}
