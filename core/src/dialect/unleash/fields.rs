//! The fields of a context of Unleash

use std::borrow::Cow;

use crate::context::Context;
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
    Known(&'static str),
    /// Of `properties`, else of the context
    Property(Box<str>),
}

impl Field {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "userId" => Self::UserId,
            "sessionId" => Self::SessionId,
            "currentTime" => Self::CurrentTime,
            "environment" => Self::Known("environment"),
            "appName" => Self::Known("appName"),
            "remoteAddress" => Self::Known("remoteAddress"),
            _ => Self::Property(name.into()),
        }
    }

    /// The text of the field; the clock's where it is the time and not given
    pub(super) fn text<'c>(&self, context: &'c Context, now: Timestamp) -> Option<Cow<'c, str>> {
        let given = self.given(context);
        if *self == Self::CurrentTime {
            // Ours are written with milliseconds, Unleash's clock is not.
            let clock = || seconds(now).to_string().replace(".000Z", "Z");
            return given.or_else(|| Some(clock().into()));
        }
        given
    }

    /// The text of the field as the context has it
    pub(super) fn given<'c>(&self, context: &'c Context) -> Option<Cow<'c, str>> {
        let top = |name: &str| text(context.get(name)?);
        match self {
            Self::UserId => top("userId").or_else(|| top("targetingKey")),
            Self::SessionId => top("sessionId"),
            Self::CurrentTime => top("currentTime"),
            Self::Known(name) => top(name),
            Self::Property(name) => {
                let property = match context.get("properties") {
                    Some(Value::Object(properties)) => properties.get(&**name).and_then(text),
                    _ => None,
                };
                property.or_else(|| top(name))
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

/// The values of Unleash are texts; `null` is none, and other scalars are as JSON writes them
fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(_) | Value::Boolean(_) => Some(Cow::Owned(value.to_canonical())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
