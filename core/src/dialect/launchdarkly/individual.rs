//! The contexts of single kinds of which a context consists

use std::borrow::Cow;

use super::reference::Reference;
use crate::context::Context;
use crate::value::{JsonObject, Value};

/// A context of one kind
#[derive(Debug, Clone, Copy)]
pub(super) struct Individual<'c> {
    kind: &'c str,
    key: Key<'c>,
    source: Source<'c>,
}

#[derive(Debug, Clone, Copy)]
enum Key<'c> {
    Text(&'c str),
    /// Contexts of this language may have an integer as the key of a kind
    Integer(i64),
}

#[derive(Debug, Clone, Copy)]
enum Source<'c> {
    /// The members of the context itself
    Top(&'c Context),
    /// A user without a kind: the members of the context, and those of `custom`
    User(&'c Context),
    /// The members of an object in the context
    Inner(&'c JsonObject),
}

/// How a context says of which kinds it is
#[derive(Debug, Clone, Copy)]
enum Form<'c> {
    /// LaunchDarkly's context of a single kind
    Single(&'c str),
    /// LaunchDarkly's context of several kinds
    Multi,
    /// LaunchDarkly's user of before there were kinds
    User,
    /// `targetingKey` for the kind `user`, and objects with a `key` for other kinds
    Own,
}

fn form(context: &Context) -> Form<'_> {
    let is_own = !matches!(context.get("targetingKey"), None | Some(Value::Null));
    match context.get("kind") {
        Some(Value::String(kind)) if &**kind == "multi" => Form::Multi,
        Some(Value::String(kind)) => Form::Single(kind),
        None if !is_own && matches!(context.get("key"), Some(Value::String(_))) => Form::User,
        _ => Form::Own,
    }
}

/// The key among members: `key`, or as the providers of OpenFeature have it `targetingKey`
fn text_key<'c>(member: impl Fn(&str) -> Option<&'c Value>) -> Option<&'c str> {
    match member("key").or_else(|| member("targetingKey")) {
        Some(Value::String(key)) if !key.is_empty() => Some(key),
        _ => None,
    }
}

impl<'c> Individual<'c> {
    /// The context of this kind, if there is one
    pub(super) fn find(context: &'c Context, kind: &'c str) -> Option<Self> {
        match form(context) {
            Form::Single(own) => {
                (own == kind).then_some(())?;
                Some(Self {
                    kind,
                    key: Key::Text(text_key(|name| context.get(name))?),
                    source: Source::Top(context),
                })
            }
            Form::Multi => Self::inner(kind, context.get(kind)?),
            Form::User => {
                let Some(Value::String(key)) = context.get("key").filter(|_| kind == "user") else {
                    return None;
                };
                Some(Self {
                    kind,
                    key: Key::Text(key),
                    source: Source::User(context),
                })
            }
            Form::Own if kind == "user" => match context.get("targetingKey") {
                Some(Value::String(key)) if !key.is_empty() => Some(Self {
                    kind,
                    key: Key::Text(key),
                    source: Source::Top(context),
                }),
                _ => None,
            },
            Form::Own => Self::own(kind, context.get(kind)?),
        }
    }

    /// All of which the context consists
    pub(super) fn all(context: &'c Context) -> impl Iterator<Item = Self> {
        let form = form(context);
        let found = match form {
            Form::Single(kind) => Self::find(context, kind),
            Form::User | Form::Own => Self::find(context, "user"),
            Form::Multi => None,
        };
        let inner = context.entries().filter_map(move |(name, value)| {
            match form {
                Form::Multi => Self::inner(name, value),
                // An object `user` is an attribute, since `targetingKey` is the key of that kind.
                Form::Own if name != "user" => Self::own(name, value),
                _ => None,
            }
        });
        found.into_iter().chain(inner)
    }

    fn inner(kind: &'c str, value: &'c Value) -> Option<Self> {
        let Value::Object(members) = value else {
            return None;
        };
        Some(Self {
            kind,
            key: Key::Text(text_key(|name| members.get(name))?),
            source: Source::Inner(members),
        })
    }

    /// The context of a kind other than `user` in a context of this language
    fn own(kind: &'c str, value: &'c Value) -> Option<Self> {
        let Value::Object(members) = value else {
            return None;
        };
        let key = match members.get("key")? {
            Value::String(key) if !key.is_empty() => Key::Text(key),
            number => Key::Integer(number.as_integer()?),
        };
        Some(Self {
            kind,
            key,
            source: Source::Inner(members),
        })
    }

    pub(super) fn kind(&self) -> &'c str {
        self.kind
    }

    pub(super) fn key(&self) -> Cow<'c, str> {
        match self.key {
            Key::Text(key) => Cow::Borrowed(key),
            Key::Integer(key) => Cow::Owned(key.to_string()),
        }
    }

    /// The value that a reference names; `null` counts as missing
    pub(super) fn get(&self, reference: &Reference) -> Option<Cow<'c, Value>> {
        let built_in = match &*reference.name {
            "key" => Some(self.key().into_owned().into()),
            "kind" => Some(self.kind.into()),
            "anonymous" => Some(Value::Boolean(
                self.member("anonymous") == Some(&Value::Boolean(true)),
            )),
            _ => None,
        };
        if let Some(value) = built_in {
            return reference.below.is_empty().then_some(Cow::Owned(value));
        }
        let value = self.member(&reference.name);
        let found = reference
            .below
            .iter()
            .fold(value, |found, name| match found {
                Some(Value::Object(members)) => members.get(&**name),
                _ => None,
            });
        found
            .filter(|found| **found != Value::Null)
            .map(Cow::Borrowed)
    }

    fn member(&self, name: &str) -> Option<&'c Value> {
        match self.source {
            // Which attributes are private is said in `_meta`, which is no attribute.
            Source::Top(_) | Source::Inner(_) if name == "_meta" => None,
            Source::Top(_) if name == "targetingKey" => None,
            Source::Top(context) => context.get(name),
            Source::Inner(members) => members.get(name),
            Source::User(_) if matches!(name, "custom" | "privateAttributeNames") => {
                self.custom(name)
            }
            Source::User(context) => context
                .get(name)
                .filter(|value| **value != Value::Null)
                .or_else(|| self.custom(name)),
        }
    }

    fn custom(&self, name: &str) -> Option<&'c Value> {
        match self.source {
            Source::User(context) => match context.get("custom") {
                Some(Value::Object(members)) => members.get(name),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether LaunchDarkly evaluates a context at all
///
/// A context of this language is invalid only if it has no key of any kind.
pub(crate) fn is_valid(context: &Context) -> bool {
    match form(context) {
        Form::Single(kind) => {
            is_kind(kind)
                && text_key(|name| context.get(name)).is_some()
                && context.entries().all(|(name, value)| fits(name, value))
        }
        Form::Multi => {
            let mut count = 0_usize;
            let are_valid = context.entries().all(|(kind, value)| {
                if kind == "kind" {
                    return true;
                }
                count = count.saturating_add(1);
                is_kind(kind)
                    && Individual::inner(kind, value).is_some()
                    && matches!(value, Value::Object(members)
                        if members.iter().all(|(name, value)| fits(name, value)))
            });
            are_valid && count > 0
        }
        Form::User => context
            .entries()
            .all(|(name, value)| fits_user(name, value)),
        Form::Own => Individual::all(context).next().is_some(),
    }
}

fn is_kind(kind: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(kind, "" | "kind" | "multi") && kind.bytes().all(is_allowed)
}

/// Whether an attribute is of the type that it must have
fn fits(name: &str, value: &Value) -> bool {
    match name {
        "" => false,
        "name" => matches!(value, Value::Null | Value::String(_)),
        "anonymous" => matches!(value, Value::Boolean(_)),
        "_meta" => match value {
            Value::Null => true,
            Value::Object(members) => match members.get("privateAttributes") {
                None | Some(Value::Null) => true,
                Some(names) => is_list_of_names(names),
            },
            _ => false,
        },
        _ => true,
    }
}

/// The same for a user without a kind
fn fits_user(name: &str, value: &Value) -> bool {
    match name {
        "" | "_meta" => false,
        "anonymous" => matches!(value, Value::Null | Value::Boolean(_)),
        "custom" => matches!(value, Value::Null | Value::Object(_)),
        "privateAttributeNames" => *value == Value::Null || is_list_of_names(value),
        "name" | "firstName" | "lastName" | "email" | "country" | "avatar" | "ip" => {
            matches!(value, Value::Null | Value::String(_))
        }
        _ => true,
    }
}

fn is_list_of_names(value: &Value) -> bool {
    let is_name = |name: &Value| matches!(name, Value::String(_));
    matches!(value, Value::Array(names) if names.iter().all(is_name))
}
