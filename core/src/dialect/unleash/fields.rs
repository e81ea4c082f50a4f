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
    Known(&'static str),
    /// Of `properties`, else of the context
    Property(MemberName),
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
        let top = |name: &str| context.get(name).filter(|value| is_scalar(value));
        match self {
            Self::UserId => top("userId").or_else(|| top("targetingKey")),
            Self::SessionId => top("sessionId"),
            Self::CurrentTime => top("currentTime"),
            Self::Known(name) => top(name),
            Self::Property(name) => {
                static PROPERTIES: LazyLock<MemberName> = LazyLock::new(|| "properties".into());
                let property = match context.member(&PROPERTIES) {
                    Some(Value::Object(properties)) => properties.get(&*name.text),
                    _ => None,
                };
                property
                    .filter(|value| is_scalar(value))
                    .or_else(|| context.member(name).filter(|value| is_scalar(value)))
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
