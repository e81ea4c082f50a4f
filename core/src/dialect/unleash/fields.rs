//! The fields of a context of Unleash

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::context::Context;
use crate::context::path::MemberName;
use crate::dialect::Clock;
use crate::value::Value;
use crate::value::timestamp::Timestamp;

/// A field of a context
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// `userId`, else `targetingKey`
    UserId,
    SessionId,
    /// `currentTime`, else the clock
    CurrentTime,
    /// `environment`, `appName` or `remoteAddress`
    Known(MemberName),
    /// Of `properties`, else of the context
    Property(MemberName),
}

impl Field {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "userId" => Self::UserId,
            "sessionId" => Self::SessionId,
            "currentTime" => Self::CurrentTime,
            "environment" | "appName" | "remoteAddress" => Self::Known(name.into()),
            _ => Self::Property(name.into()),
        }
    }

    /// The text of the field; the clock's where it is the time and not given
    pub(super) fn text<'c>(&self, context: &'c Context, now: Timestamp) -> Option<Cow<'c, str>> {
        self.text_of(self.scalar(context), now)
    }

    /// The same, of what the context has
    pub(super) fn text_of<'c>(
        &self,
        given: Option<&'c Value>,
        now: Timestamp,
    ) -> Option<Cow<'c, str>> {
        let given = given.map(text);
        if *self == Self::CurrentTime {
            // Ours are written with milliseconds, Unleash's clock is not.
            let clock = || seconds(now).to_string().replace(".000Z", "Z");
            return given.or_else(|| Some(clock().into()));
        }
        given
    }

    /// The text of the field as the context has it
    pub(super) fn given<'c>(&self, context: &'c Context) -> Option<Cow<'c, str>> {
        self.scalar(context).map(text)
    }

    /// The field as the context has it; `null`, an array and an object are none
    pub(super) fn scalar<'c>(&self, context: &'c Context) -> Option<&'c Value> {
        static USER_ID: LazyLock<MemberName> = LazyLock::new(|| "userId".into());
        static PROPERTIES: LazyLock<MemberName> = LazyLock::new(|| "properties".into());
        let scalar = |value: &&Value| is_scalar(value);
        match self {
            Self::UserId => (context.member(&USER_ID).filter(scalar))
                .or_else(|| context.targeting_key().filter(scalar)),
            Self::SessionId => context.get("sessionId").filter(scalar),
            Self::CurrentTime => context.get("currentTime").filter(scalar),
            Self::Known(name) => context.member(name).filter(scalar),
            Self::Property(name) => {
                let property = match context.member(&PROPERTIES) {
                    Some(Value::Object(properties)) => properties.get(&*name.text),
                    _ => None,
                };
                (property.filter(scalar)).or_else(|| context.member(name).filter(scalar))
            }
        }
    }

    /// When time alone may change the text
    pub(super) fn clock(&self) -> Clock {
        Clock {
            instants: Vec::new(),
            every_second: *self == Self::CurrentTime,
        }
    }
}

/// The start of the second, which is as exact as Unleash reads its clock
pub(super) fn seconds(now: Timestamp) -> Timestamp {
    let millis = now.as_millis();
    Timestamp::from_millis(millis.saturating_sub(millis.rem_euclid(1_000)))
}

fn is_scalar(value: &Value) -> bool {
    matches!(
        value,
        Value::String(_) | Value::Number(_) | Value::Boolean(_)
    )
}

/// The values of Unleash are texts: scalars are as JSON writes them
fn text(scalar: &Value) -> Cow<'_, str> {
    match scalar {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_canonical()),
    }
}
