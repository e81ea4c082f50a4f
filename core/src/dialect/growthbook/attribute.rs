//! Attributes by their dotted paths, and the attribute that is hashed

use std::borrow::Cow;

use crate::context::Context;
use crate::dialect::Refusal;
use crate::dialect::javascript::{is_truthy, to_text};
use crate::value::Value;

/// Names that every object of JavaScript has, which would make a missing attribute a function there
const INHERITED: [&str; 12] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// Names to follow, one inside the other
#[derive(Debug)]
pub(super) struct Path(Box<[Box<str>]>);

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let names: Box<[Box<str>]> = text.split('.').map(Box::from).collect();
        match names.iter().find(|name| INHERITED.contains(&&***name)) {
            Some(name) => Err(Refusal::new(format!(
                "`{name}` is a name that every JavaScript object has, so a missing attribute is not missing to GrowthBook"
            ))),
            None => Ok(Self(names)),
        }
    }

    /// The value at the path; `null` where there is none
    pub(super) fn value<'a>(&self, subject: Subject<'a>) -> Cow<'a, Value> {
        let Some((first, rest)) = self.0.split_first() else {
            return Cow::Owned(Value::Null);
        };
        let mut found = match subject {
            Subject::Context(context) => context.get(first).map(Cow::Borrowed),
            Subject::Value(value) => member(value, first),
        };
        for name in rest {
            found = match found {
                Some(Cow::Borrowed(value)) => member(value, name),
                // The length of an array has no members.
                Some(Cow::Owned(_)) | None => None,
            };
        }
        found.unwrap_or(Cow::Owned(Value::Null))
    }
}

/// What a condition is about: the attributes, or an element of a list
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    Context(&'a Context),
    Value(&'a Value),
}

/// A member of an object, an element of an array, or its length
fn member<'a>(value: &'a Value, name: &str) -> Option<Cow<'a, Value>> {
    match value {
        Value::Object(members) => members.get(name).map(Cow::Borrowed),
        Value::Array(values) if name == "length" => {
            #[expect(
                clippy::cast_precision_loss,
                reason = "an array of 2^53 elements does not exist"
            )]
            let length = values.len() as f64;
            Some(Cow::Owned(Value::Number(length)))
        }
        Value::Array(values) => {
            let is_index = name == "0"
                || !name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit());
            let index = name.parse::<usize>().ok().filter(|_| is_index)?;
            values.get(index).map(Cow::Borrowed)
        }
        _ => None,
    }
}

/// The name of an attribute whose value is hashed
#[derive(Debug)]
pub(super) struct HashAttribute {
    name: Box<str>,
    // Followed where no attribute has the whole name.
    path: Path,
}

impl HashAttribute {
    pub(super) fn parse(name: &str) -> Result<Self, Refusal> {
        Ok(Self {
            name: name.into(),
            path: Path::parse(name)?,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The value, if it counts as one: not `null`, `false`, `0` or empty
    pub(super) fn value<'c>(&self, context: &'c Context) -> Option<Cow<'c, Value>> {
        let value = match context.get(&self.name) {
            Some(value) => Cow::Borrowed(value),
            None => self.path.value(Subject::Context(context)),
        };
        is_truthy(&value).then_some(value)
    }

    /// The text that is hashed
    pub(super) fn text<'c>(&self, context: &'c Context) -> Option<Cow<'c, str>> {
        self.value(context).map(hashed_text)
    }
}

/// The text of a value that is hashed, as JavaScript adds it to a seed
pub(super) fn hashed_text(value: Cow<'_, Value>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(value) => to_text(value),
        Cow::Owned(value) => Cow::Owned(to_text(&value).into_owned()),
    }
}
