//! Our SDK, as an application calls it: `flagstaff::Client`

use std::error::Error;
use std::time::Duration;

use flagstaff::{Client, Context, EvaluationDetails, FlagString, Readiness, Snapshot, Value};
use serde_json::Map;

use crate::feed::Feed;
use crate::subject::{Kind, Subject, User};

pub struct Sdk(Client);

const PATIENCE: Duration = Duration::from_secs(10);

/// The user as our context, in which the id of the user is `targetingKey`
pub fn context(user: &User) -> Result<Context, Box<dyn Error>> {
    let mut members = user.clone();
    if let Some(id) = members.remove("userId") {
        members.insert("targetingKey".into(), id);
    }
    Ok(Context::from_json(&serde_json::to_string(&members)?)?)
}

/// A value for the check
pub fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Boolean(value) => (*value).into(),
        Value::String(value) => (**value).into(),
        _ => serde_json::Value::Null,
    }
}

impl Subject for Sdk {
    const FORMAT: &'static str = "flagstaff";
    type Context = Context;
    type Text = FlagString;
    type All<'a> = Vec<EvaluationDetails<Value>>;

    fn load(document: String) -> Result<Self, Box<dyn Error>> {
        Ok(Self(Client::from_document(&document)?))
    }

    fn following(document: &str) -> Result<(Self, Feed), Box<dyn Error>> {
        let feed = Feed::start(document)?;
        let client = Client::builder(feed.url(), "fs_server_bench").build()?;
        match client.ready(PATIENCE) {
            Readiness::Ready => Ok((Self(client), feed)),
            other => Err(format!("the client that follows a feed is {other:?}").into()),
        }
    }

    fn revision(&self) -> u64 {
        self.0.with_snapshot(Snapshot::revision)
    }

    fn context(user: &User) -> Result<Context, Box<dyn Error>> {
        context(user)
    }

    fn boolean(&self, flag: &str, context: &Context) -> bool {
        self.0.get_boolean_value(flag, false, context)
    }

    fn text(&self, flag: &str, context: &Context) -> FlagString {
        self.0.get_string_value(flag, "", context)
    }

    fn all(&self, _flags: &[(String, Kind)], context: &Context) -> Vec<EvaluationDetails<Value>> {
        self.0.evaluate_all(context)
    }

    fn read_text(text: &FlagString) -> Option<&str> {
        Some(text)
    }

    fn read_all(all: &Vec<EvaluationDetails<Value>>) -> Map<String, serde_json::Value> {
        let answers = all.iter();
        answers
            .map(|answer| (answer.flag_key.to_string(), to_json(&answer.value)))
            .collect()
    }
}
