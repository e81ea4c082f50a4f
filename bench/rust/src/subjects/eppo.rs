//! `eppo_core`: `Evaluator::get_assignment` over a `ConfigurationStore`; it has no call for all flags

use std::error::Error;
use std::sync::Arc;

use eppo_core::configuration_store::ConfigurationStore;
use eppo_core::eval::{Evaluator, EvaluatorConfig};
use eppo_core::ufc::{AssignmentValue, UniversalFlagConfig, VariationType};
use eppo_core::{AttributeValue, Attributes, Configuration, SdkMetadata, Str};
use serde_json::{Map, Value};

use crate::subject::{Kind, Subject, User, text_of};

pub struct Eppo(Evaluator);

pub struct Asker {
    key: Str,
    attributes: Arc<Attributes>,
}

const SDK: SdkMetadata = SdkMetadata {
    name: "rust",
    version: "0",
};

impl Eppo {
    fn assignment(
        &self,
        flag: &str,
        expected: VariationType,
        asker: &Asker,
    ) -> Option<AssignmentValue> {
        let assignment = self
            .0
            .get_assignment(flag, &asker.key, &asker.attributes, Some(expected));
        assignment.ok().flatten().map(|assignment| assignment.value)
    }
}

impl Subject for Eppo {
    const FORMAT: &'static str = "eppo";
    type Context = Asker;
    type Text = Option<AssignmentValue>;
    type All<'a> = Vec<(String, Option<AssignmentValue>)>;

    fn load(document: String) -> Result<Self, Box<dyn Error>> {
        let config = UniversalFlagConfig::from_json(SDK, document.into_bytes())?;
        let store = Arc::new(ConfigurationStore::new());
        store.set_configuration(Arc::new(Configuration::from_server_response(config, None)));
        Ok(Self(Evaluator::new(EvaluatorConfig {
            configuration_store: store,
            sdk_metadata: SDK,
        })))
    }

    fn context(user: &User) -> Result<Asker, Box<dyn Error>> {
        let attributes = user.iter().filter_map(|(name, value)| match value {
            _ if name == "userId" => None,
            Value::String(text) => Some((
                name.as_str().into(),
                AttributeValue::categorical(text.as_str()),
            )),
            _ => value
                .as_f64()
                .map(|number| (name.as_str().into(), AttributeValue::numeric(number))),
        });
        Ok(Asker {
            key: text_of(user, "userId")?.into(),
            attributes: Arc::new(attributes.collect()),
        })
    }

    fn boolean(&self, flag: &str, asker: &Asker) -> bool {
        let value = self.assignment(flag, VariationType::Boolean, asker);
        value.and_then(|value| value.as_boolean()).unwrap_or(false)
    }

    fn text(&self, flag: &str, asker: &Asker) -> Option<AssignmentValue> {
        self.assignment(flag, VariationType::String, asker)
    }

    fn all(&self, flags: &[(String, Kind)], asker: &Asker) -> Self::All<'_> {
        let flags = flags.iter();
        flags
            .map(|(key, kind)| {
                let expected = match kind {
                    Kind::Boolean => VariationType::Boolean,
                    Kind::Text => VariationType::String,
                };
                (key.clone(), self.assignment(key, expected, asker))
            })
            .collect()
    }

    fn read_text(text: &Option<AssignmentValue>) -> Option<&str> {
        text.as_ref().and_then(AssignmentValue::as_str)
    }

    fn read_all(all: &Self::All<'_>) -> Map<String, Value> {
        let answers = all.iter();
        answers
            .map(|(key, value)| {
                let value = value.as_ref();
                let boolean = value.and_then(AssignmentValue::as_boolean).map(Value::from);
                let text = value.and_then(AssignmentValue::as_str).map(Value::from);
                (key.clone(), boolean.or(text).unwrap_or_default())
            })
            .collect()
    }
}
