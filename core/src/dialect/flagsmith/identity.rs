//! Who is evaluated, and in which environment

use std::borrow::Cow;
use std::sync::Arc;

use super::Refusal;
use crate::context::Context;
use crate::value::{JsonObject, Value};

/// The environment of the document; conditions may read it, and it is part of the key of an identity without one
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) key: Arc<str>,
    pub(super) name: Arc<str>,
}

impl Environment {
    pub(super) fn compile(value: Option<&Value>) -> Result<Self, Refusal> {
        let members = match value {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(Refusal::new("expected an object").within("environment")),
        };
        let text = |name: &str| match members.get(name) {
            None => Ok(Arc::default()),
            Some(Value::String(text)) => Ok(Arc::clone(text)),
            Some(_) => Err(Refusal::new("expected a string")
                .within(name)
                .within("environment")),
        };
        Ok(Self {
            key: text("key")?,
            name: text("name")?,
        })
    }
}

/// The identity in a context
#[derive(Debug, Clone, Copy)]
pub(super) enum Identity<'c> {
    /// Flagsmith's, with its traits
    Theirs(&'c JsonObject),
    /// Of a context of this language
    Own(&'c Context),
}

impl<'c> Identity<'c> {
    /// The identity of a context, if it has one
    pub(super) fn of(context: &'c Context) -> Option<Self> {
        if !matches!(context.get("targetingKey"), None | Some(Value::Null)) {
            return Some(Self::Own(context));
        }
        match context.get("identity") {
            Some(Value::Object(members)) => (!members.is_empty()).then_some(Self::Theirs(members)),
            Some(Value::Null) => None,
            // A context of this language without a key still has attributes.
            _ => Some(Self::Own(context)),
        }
    }

    /// What is hashed: the key, or the identifier within its environment
    pub(super) fn key(self, environment: &Environment) -> Option<Cow<'c, str>> {
        if let Self::Theirs(members) = self
            && let Some(Value::String(key)) = members.get("key")
            && !key.is_empty()
        {
            return Some(Cow::Borrowed(key));
        }
        let identifier = self.identifier()?;
        Some(Cow::Owned([&*environment.key, "_", identifier].concat()))
    }

    pub(super) fn identifier(self) -> Option<&'c str> {
        let identifier = match self {
            Self::Theirs(members) => members.get("identifier"),
            Self::Own(context) => context.get("targetingKey"),
        };
        match identifier {
            Some(Value::String(identifier)) => Some(identifier),
            _ => None,
        }
    }

    /// A trait, as it is
    pub(super) fn value(self, name: &str) -> Option<&'c Value> {
        match self {
            Self::Theirs(members) => match members.get("traits") {
                Some(Value::Object(traits)) => traits.get(name),
                _ => None,
            },
            Self::Own(context) => context.get(name),
        }
    }
}
