//! Who is evaluated, and how is an attribute found by its path?

pub(crate) mod path;
pub(crate) mod user_key;

use std::borrow::Cow;
use std::sync::Arc;

#[cfg(feature = "dialects")]
use self::path::MemberName;
use self::path::{AttributePath, TARGETING_KEY, hash_name};
use crate::json::{JsonError, Source, Tape};
use crate::limits;
use crate::table::index::Index;
use crate::table::table_hash::is_same;
use crate::value::{JsonObject, Value};

/// A source of attributes: [`Context`], or a binding's view of the host language's own objects
///
/// The core reads only the attributes that a flag refers to, when it needs them. Only dialects read the whole context.
pub trait Attributes {
    /// The attribute at `path`; a value of a type that JSON does not have is [`Attribute::Missing`]
    fn attribute(&self, path: &AttributePath) -> Attribute<'_>;

    /// Refuses a context that is not an object, that has more than [`limits::MAX_ATTRIBUTES`] fields, or whose `targetingKey` is neither
    /// missing, null nor a string
    fn validate(&self) -> Result<(), ContextError>;

    /// The whole context, for dialects, which may read any of it; `None` if only single attributes can be read
    fn whole(&self) -> Option<Cow<'_, Context>> {
        None
    }
}

/// Reads the whole context, if it can be read
#[inline]
pub(crate) fn with_whole<A: Attributes + ?Sized, T>(
    context: &A,
    read: impl FnOnce(&Context) -> T,
) -> Option<T> {
    // Two calls, since a borrowed one need not be dropped.
    match context.whole()? {
        Cow::Borrowed(context) => Some(read(context)),
        Cow::Owned(context) => Some(read(&context)),
    }
}

/// An attribute as an evaluation reads it
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute<'a> {
    /// There is no such attribute, or JSON has no value of its type
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
    /// An object; a longer path reads its fields
    Object,
}

impl Attribute<'_> {
    /// Reads the text of a unit, as [`Attribute::as_unit`] has it
    #[inline]
    pub(crate) fn map_unit<T>(&self, read: impl FnOnce(&str) -> T) -> Option<T> {
        match self {
            // Most units are strings; a borrowed one need not be dropped.
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

    /// Whether the attribute is missing or null
    #[inline]
    pub fn is_missing_or_null(&self) -> bool {
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
/// `targetingKey` is the key of kind `user`; the key of any other kind `K` is the field `key` of the object `K`.
#[derive(Debug, Clone, Default)]
pub struct Context {
    targeting_key: Option<Value>,
    // In the order in which they were added; sorted by name if the index is crowded.
    others: Vec<(Arc<str>, Value)>,
    // The positions in `others`, by the hash that a path contains.
    index: Index,
    // Whether `validate` refuses the context.
    is_refused: bool,
}

impl Context {
    /// A context with this targeting key
    pub fn new(targeting_key: impl Into<Arc<str>>) -> Self {
        Self::default().with("targetingKey", targeting_key.into())
    }

    /// The same context with this attribute added or replaced
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.insert(name.into(), value.into());
        self
    }

    fn insert(&mut self, name: Arc<str>, value: Value) {
        let hash = hash_name(&name);
        if hash == TARGETING_KEY {
            self.targeting_key = Some(value);
        } else if let Some((_, held)) = self
            .position(hash, &name)
            .and_then(|position| self.others.get_mut(position))
        {
            *held = value;
        } else {
            self.add(hash, name, value);
        }
        self.is_refused = self.refusal().is_some();
    }

    /// Adds an attribute that the context does not have yet
    fn add(&mut self, hash: u64, name: Arc<str>, value: Value) {
        let others = &mut self.others;
        let was_crowded = self.index.is_crowded();
        self.index.insert(hash, others.len(), |position| {
            others.get(position).map_or(0, |(name, _)| hash_name(name))
        });
        if was_crowded {
            let before = |(other, _): &(Arc<str>, Value)| *other < name;
            others.insert(others.partition_point(before), (name, value));
            return;
        }
        others.push((name, value));
        if self.index.is_crowded() {
            // From now on they are sorted. There are few, so that an insertion costs little.
            for entry in std::mem::take(others) {
                let place = others.partition_point(|(other, _)| *other < entry.0);
                others.insert(place, entry);
            }
        }
    }

    /// The position of an attribute other than `targetingKey`
    fn position(&self, hash: u64, name: &str) -> Option<usize> {
        if self.index.is_crowded() {
            return self.search(name);
        }
        self.index.find(hash, |position| {
            let (other, _) = self.others.get(position)?;
            is_same(other, name).then_some(position)
        })
    }

    #[cold]
    fn search(&self, name: &str) -> Option<usize> {
        let compare = |(other, _): &(Arc<str>, Value)| (**other).cmp(name);
        self.others.binary_search_by(compare).ok()
    }

    fn refusal(&self) -> Option<ContextError> {
        let count = self
            .others
            .len()
            .saturating_add(self.targeting_key.iter().len());
        if let None | Some(Value::Null | Value::String(_)) = self.targeting_key {
            (count > limits::MAX_ATTRIBUTES).then_some(ContextError::TooManyAttributes)
        } else {
            Some(ContextError::InvalidTargetingKey)
        }
    }

    /// The attribute at a path that does not begin with `targetingKey`
    fn other(&self, path: &AttributePath) -> Attribute<'_> {
        let Some((first, rest)) = path.segments().split_first() else {
            return Attribute::Missing;
        };
        let found = if self.index.is_crowded() {
            let position = self.search(first);
            let found = position.and_then(|position| self.others.get(position));
            found.map(|(_, value)| value)
        } else {
            self.index.find(path.first_hash(), |position| {
                let (name, value) = self.others.get(position)?;
                is_same(name, first).then_some(value)
            })
        };
        match found {
            Some(found) if rest.is_empty() => found.into(),
            found => below(found, rest),
        }
    }

    /// Reads a context from JSON text
    pub fn from_json(text: &str) -> Result<Self, ContextError> {
        let mut tape = Tape::default();
        // A deep context is valid: only its upper levels are read.
        tape.read_within(text, limits::MAX_CONTEXT_DEPTH)?;
        Self::try_from(tape.at(Source::whole(text)).value())
    }

    /// The field of this name
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.hashed(hash_name(name), name)
    }

    /// The member of a name that is known when a flag is compiled
    #[cfg(feature = "dialects")]
    #[inline]
    pub(crate) fn member(&self, name: &MemberName) -> Option<&Value> {
        if name.hash == TARGETING_KEY || self.index.is_crowded() {
            return self.hashed(name.hash, &name.text);
        }
        // Most contexts lack most of the members that a vendor may give them, and need no call.
        self.member_at(self.index.first(name.hash)?, name)
    }

    /// The member of a name, which is nearly always at this position
    #[cfg(feature = "dialects")]
    fn member_at(&self, position: usize, name: &MemberName) -> Option<&Value> {
        let (other, value) = self.others.get(position)?;
        if is_same(other, &name.text) {
            return Some(value);
        }
        self.hashed(name.hash, &name.text)
    }

    /// The member `targetingKey`
    #[cfg(feature = "dialects")]
    #[inline]
    pub(crate) fn targeting_key(&self) -> Option<&Value> {
        self.targeting_key.as_ref()
    }

    fn hashed(&self, hash: u64, name: &str) -> Option<&Value> {
        if hash == TARGETING_KEY {
            return self.targeting_key.as_ref();
        }
        let position = self.position(hash, name)?;
        self.others.get(position).map(|(_, value)| value)
    }

    /// The fields of the context except `targetingKey`
    #[cfg(feature = "dialects")]
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.others.iter().map(|(name, value)| (&**name, value))
    }

    /// The members of the context
    pub fn members(&self) -> JsonObject {
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
            return Err(ContextError::NotAnObject);
        };
        if members.len() > limits::MAX_ATTRIBUTES {
            return Err(ContextError::TooManyAttributes);
        }
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
            // Nearly every serve reads it. A refused context is never read.
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
            self.refusal().map_or(Ok(()), Err)
        } else {
            Ok(())
        }
    }

    #[inline]
    fn whole(&self) -> Option<Cow<'_, Context>> {
        Some(Cow::Borrowed(self))
    }
}

/// A context that could not be read: evaluation returns `INVALID_CONTEXT`
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

    fn whole(&self) -> Option<Cow<'_, Context>> {
        self.as_ref().ok().map(Cow::Borrowed)
    }
}

/// Why a context is invalid
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The text is not valid JSON
    #[error("the context is not valid JSON: {0}")]
    InvalidJson(Arc<str>),
    /// The value is not an object
    #[error("the context is not an object")]
    NotAnObject,
    /// `targetingKey` is neither missing nor null nor a string
    #[error("`targetingKey` is not a string")]
    InvalidTargetingKey,
    /// More fields than a context may have
    #[error("a context has at most {} attributes", limits::MAX_ATTRIBUTES)]
    TooManyAttributes,
}

impl From<JsonError> for ContextError {
    fn from(error: JsonError) -> Self {
        Self::InvalidJson(error.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names whose hashes want the same slot of any table of at most 65,536
    fn colliding(count: usize) -> Vec<String> {
        let wanted = 0x2a;
        let names = (0_u64..).map(|number| number.to_string());
        names
            .filter(|name| hash_name(name) & 0xffff == wanted)
            .take(count)
            .collect()
    }

    #[test]
    fn a_context_of_names_that_collide_is_one_like_any_other() {
        // Few, since each takes 65,536 attempts to find.
        let names = colliding(200);
        let value = |name: &str| Value::from(format!("of {name}"));
        let mut context = Context::new("u1");
        for name in names.iter().rev() {
            context = context.with(name.as_str(), false);
            context = context.with(name.as_str(), value(name));
        }
        assert!(context.index.is_crowded());
        let members = names.iter().map(|name| (name.as_str(), value(name)));
        let members = Value::object(members.chain([("targetingKey", "u1".into())]));
        assert_eq!(Context::try_from(members), Ok(context.clone()));
        for name in &names {
            let path = AttributePath::parse(name).unwrap();
            assert_eq!(context.attribute(&path), Attribute::from(&value(name)));
        }
        let unknown = AttributePath::parse("unknown").unwrap();
        assert_eq!(context.attribute(&unknown), Attribute::Missing);
    }

    #[test]
    fn a_context_has_no_more_attributes_than_the_limit() {
        let full = (1..limits::MAX_ATTRIBUTES).fold(Context::new("u1"), |context, number| {
            context.with(number.to_string(), true)
        });
        assert_eq!(full.validate(), Ok(()));
        let over = full.clone().with("more", true);
        assert_eq!(over.validate(), Err(ContextError::TooManyAttributes));
        // What is there already may change.
        assert_eq!(
            full.with("1", false).with("targetingKey", "u2").validate(),
            Ok(())
        );
        let text = Value::Object(over.members().into()).to_canonical();
        assert_eq!(
            Context::from_json(&text),
            Err(ContextError::TooManyAttributes)
        );
    }
}
