//! Who is asking: the context of an evaluation, and how the core reads one that is not its own

use std::borrow::Cow;
use std::sync::Arc;

use crate::hashing::is_same;
use crate::index::Index;
use crate::json::JsonError;
use crate::limits;
use crate::path::{AttributePath, TARGETING_KEY, hash_name};
use crate::value::{Object, Value};

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
    /// Reads the text of a unit, as [`Attribute::as_unit`] has it
    #[inline]
    pub(crate) fn map_unit<T>(&self, read: impl FnOnce(&str) -> T) -> Option<T> {
        match self {
            // Nearly every unit; and a text that is only borrowed need not be dropped.
            Self::String(text) if !text.is_empty() => Some(read(text)),
            Self::Number(_) => self.as_unit().map(|text| read(&text)),
            _ => None,
        }
    }

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
    #[inline]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }
}

impl<'a> From<&'a Value> for Attribute<'a> {
    #[inline]
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
    targeting_key: Option<Value>,
    // In the order in which they came.
    others: Vec<(Arc<str>, Value)>,
    // The positions of the others, by the hashes that paths carry.
    index: Index,
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
        let hash = hash_name(&name);
        if hash == TARGETING_KEY {
            self.is_refused = !matches!(value, Value::Null | Value::String(_));
            self.targeting_key = Some(value);
            return;
        }
        let others = &mut self.others;
        let position = self.index.find(hash, |position| {
            let (other, _) = others.get(position)?;
            is_same(other, &name).then_some(position)
        });
        if let Some((_, held)) = position.and_then(|position| others.get_mut(position)) {
            *held = value;
            return;
        }
        self.index.insert(hash, others.len(), |position| {
            others.get(position).map_or(0, |(name, _)| hash_name(name))
        });
        others.push((name, value));
    }

    /// The attribute at a path that does not begin with `targetingKey`
    fn other(&self, path: &AttributePath) -> Attribute<'_> {
        let Some((first, rest)) = path.segments().split_first() else {
            return Attribute::Missing;
        };
        let found = self.index.find(path.first_hash(), |position| {
            let (name, value) = self.others.get(position)?;
            is_same(name, first).then_some(value)
        });
        match found {
            Some(found) if rest.is_empty() => found.into(),
            found => below(found, rest),
        }
    }

    /// Reads a context from JSON text
    pub fn from_json(text: &str) -> Result<Self, ContextError> {
        // A deep context is odd, not wrong.
        let value = Value::from_json_within(text, limits::CONTEXT_DEPTH, false)?;
        Self::try_from(value)
    }

    /// The members of the context
    pub fn members(&self) -> Object {
        let key = self.targeting_key.clone();
        let key = key.map(|key| ("targetingKey".into(), key));
        self.others.iter().cloned().chain(key).collect()
    }
}

/// Follows names through objects
fn below<'a>(value: Option<&'a Value>, names: &[Box<str>]) -> Attribute<'a> {
    let found = names.iter().fold(value, |found, name| match found {
        Some(Value::Object(members)) => members.get(&**name),
        _ => None,
    });
    found.map_or(Attribute::Missing, Attribute::from)
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
    #[inline]
    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        if path.first_hash() == TARGETING_KEY {
            // Nearly every serve asks for it; and what is refused is not asked.
            return match &self.targeting_key {
                Some(Value::String(key)) if path.segments().len() == 1 => {
                    Attribute::String(Cow::Borrowed(key))
                }
                key => below(key.as_ref(), path.segments().get(1..).unwrap_or_default()),
            };
        }
        self.other(path)
    }

    #[inline]
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
    #[inline]
    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        self.as_ref()
            .map_or(Attribute::Missing, |context| context.attribute(path))
    }

    #[inline]
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

impl From<JsonError> for ContextError {
    fn from(error: JsonError) -> Self {
        Self::Json(error.to_string().into())
    }
}
