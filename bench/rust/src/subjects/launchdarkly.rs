//! `launchdarkly-server-sdk-evaluation`: its `Store` returns copies, as the SDK's own does
//!
//! The SDK opens connections when it starts, so the engine alone is measured here, which is to its advantage.

use std::collections::HashMap;
use std::error::Error;

use launchdarkly_server_sdk_evaluation::{
    Context, ContextBuilder, Flag, FlagValue, Segment, Store, evaluate,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::subject::{Kind, Subject, User, text_of};

#[derive(Deserialize)]
pub struct LaunchDarkly {
    flags: HashMap<String, Flag>,
    segments: HashMap<String, Segment>,
}

impl Store for LaunchDarkly {
    fn flag(&self, key: &str) -> Option<Flag> {
        self.flags.get(key).cloned()
    }

    fn segment(&self, key: &str) -> Option<Segment> {
        self.segments.get(key).cloned()
    }
}

impl LaunchDarkly {
    fn value(&self, key: &str, context: &Context) -> Option<FlagValue> {
        let flag = self.flag(key)?;
        evaluate(self, &flag, context, None).value.cloned()
    }
}

impl Subject for LaunchDarkly {
    const FORMAT: &'static str = "launchdarkly";
    type Context = Context;
    type Text = Option<FlagValue>;
    type All<'a> = HashMap<String, Option<FlagValue>>;

    fn load(document: String) -> Result<Self, Box<dyn Error>> {
        Ok(serde_json::from_str(&document)?)
    }

    fn context(user: &User) -> Result<Context, Box<dyn Error>> {
        let mut builder = ContextBuilder::new(text_of(user, "userId")?);
        for (name, value) in user.iter().filter(|(name, _)| *name != "userId") {
            if let Some(text) = value.as_str() {
                builder.set_string(name, text);
            } else if let Some(number) = value.as_f64() {
                builder.set_float(name, number);
            }
        }
        Ok(builder.build()?)
    }

    fn boolean(&self, flag: &str, context: &Context) -> bool {
        matches!(self.value(flag, context), Some(FlagValue::Bool(true)))
    }

    fn text(&self, flag: &str, context: &Context) -> Option<FlagValue> {
        self.value(flag, context)
    }

    // Uses borrowed flags, as `all_flags_detail` does.
    fn all(&self, _flags: &[(String, Kind)], context: &Context) -> Self::All<'_> {
        let flags = self.flags.iter();
        flags
            .map(|(key, flag)| {
                let value = evaluate(self, flag, context, None).value.cloned();
                (key.clone(), value)
            })
            .collect()
    }

    fn read_text(text: &Option<FlagValue>) -> Option<&str> {
        match text {
            Some(FlagValue::Str(text)) => Some(text),
            _ => None,
        }
    }

    fn read_all(all: &Self::All<'_>) -> Map<String, Value> {
        let answers = all.iter();
        answers
            .map(|(key, value)| {
                let value = match value {
                    Some(FlagValue::Bool(value)) => (*value).into(),
                    Some(FlagValue::Str(text)) => text.as_str().into(),
                    _ => Value::Null,
                };
                (key.clone(), value)
            })
            .collect()
    }
}
