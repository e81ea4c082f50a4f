//! `unleash-yggdrasil`, without counting metrics: `is_enabled` and, for a split, `get_variant`

use std::collections::HashMap;
use std::error::Error;

use serde_json::{Map, Value};
use unleash_types::client_features::{ClientFeatures, Context};
use unleash_yggdrasil::{EngineState, ExtendedVariantDef, ResolvedToggle, UpdateMessage};

use crate::subject::{Kind, Subject, User, text_of};

pub struct Unleash(EngineState);

impl Subject for Unleash {
    const FORMAT: &'static str = "unleash";
    type Context = Context;
    type Text = ExtendedVariantDef;
    type All<'a> = Option<HashMap<String, ResolvedToggle>>;

    fn load(document: String) -> Result<Self, Box<dyn Error>> {
        let features: ClientFeatures = serde_json::from_str(&document)?;
        let engine = EngineState::default();
        engine.take_state(UpdateMessage::FullResponse(features));
        Ok(Self(engine))
    }

    fn context(user: &User) -> Result<Context, Box<dyn Error>> {
        let attributes = user.iter().filter(|(name, _)| *name != "userId");
        let to_text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        Ok(Context {
            user_id: Some(text_of(user, "userId")?.to_owned()),
            properties: Some(
                attributes
                    .map(|(name, value)| (name.clone(), to_text(value)))
                    .collect(),
            ),
            ..Context::default()
        })
    }

    fn boolean(&self, flag: &str, context: &Context) -> bool {
        self.0.is_enabled(flag, context, &None)
    }

    fn text(&self, flag: &str, context: &Context) -> ExtendedVariantDef {
        self.0.get_variant(flag, context, &None)
    }

    fn all(&self, _flags: &[(String, Kind)], context: &Context) -> Self::All<'_> {
        self.0.resolve_all(context, &None)
    }

    fn read_text(variant: &ExtendedVariantDef) -> Option<&str> {
        variant.enabled.then_some(variant.name.as_str())
    }

    fn read_all(all: &Self::All<'_>) -> Map<String, Value> {
        let answers = all.iter().flatten();
        answers
            .map(|(key, toggle)| {
                let variant = Self::read_text(&toggle.variant).map(Value::from);
                (
                    key.clone(),
                    variant.unwrap_or_else(|| toggle.enabled.into()),
                )
            })
            .collect()
    }
}
