//! Our engine without the client: no clock, no swap of snapshots

use std::error::Error;
use std::sync::Arc;

use flagstaff::{Context, ExpectedType, Outcome, Snapshot, Timestamp, Value};
use serde_json::Map;

use crate::subject::{Kind, Subject, User};
use crate::subjects::sdk;

pub struct Engine(Snapshot);

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

impl Subject for Engine {
    const FORMAT: &'static str = "flagstaff";
    type Context = Context;
    type Text = Option<Arc<str>>;
    type All<'a> = Vec<(&'a str, Outcome<'a>)>;

    fn load(document: String) -> Result<Self, Box<dyn Error>> {
        Ok(Self(Snapshot::from_json(&document)?))
    }

    fn context(user: &User) -> Result<Context, Box<dyn Error>> {
        sdk::context(user)
    }

    fn boolean(&self, flag: &str, context: &Context) -> bool {
        let value = self
            .0
            .evaluate_value(flag, Some(ExpectedType::Boolean), context, || NOW);
        matches!(value.value.as_deref(), Ok(Value::Boolean(true)))
    }

    fn text(&self, flag: &str, context: &Context) -> Option<Arc<str>> {
        let value = self
            .0
            .evaluate_value(flag, Some(ExpectedType::String), context, || NOW);
        match value.value.as_deref() {
            Ok(Value::String(text)) => Some(Arc::clone(text)),
            _ => None,
        }
    }

    fn all<'a>(&'a self, _flags: &[(String, Kind)], context: &Context) -> Self::All<'a> {
        self.0.evaluate_all(context, NOW)
    }

    fn read_text(text: &Option<Arc<str>>) -> Option<&str> {
        text.as_deref()
    }

    fn read_all(all: &Self::All<'_>) -> Map<String, serde_json::Value> {
        let answers = all.iter();
        answers
            .map(|(key, outcome)| {
                let value = outcome.value_or(&Value::Null);
                ((*key).to_owned(), sdk::to_json(value))
            })
            .collect()
    }
}
