//! The variants of a flag, and their values: the payloads

use serde_json::{Value as Json, json};

use super::Served;
use super::strategy::VariantDefinition;
use crate::answers::{Answer, FlagAnswers};
use crate::draft::Variants;
use crate::report::FlagReport;
use crate::source::At;

/// The values of a flag: of one type
#[derive(Debug)]
pub(super) struct Values {
    /// The flag's type
    pub(super) flag_type: &'static str,
    variants: Variants,
    // Theirs by name and payload, with ours.
    named: Vec<(Named, String)>,
    on: Option<String>,
    is_wrapped: bool,
}

#[derive(Debug, PartialEq)]
struct Named {
    name: String,
    payload: Option<(String, String)>,
}

impl Values {
    /// Of what is served
    pub(super) fn new(serves: &[Served<'_>], at: &At<'_>, report: &mut FlagReport) -> Self {
        let has_plain = serves.iter().any(|served| served.variants.is_empty());
        let used = serves.iter().flat_map(|served| served.variants);
        let mut values = Self {
            flag_type: "boolean",
            variants: Variants::default(),
            named: Vec::new(),
            on: None,
            is_wrapped: false,
        };
        let mut all: Vec<Named> = Vec::new();
        for variant in used {
            let named = Named {
                name: variant.name.clone(),
                payload: variant.payload.clone(),
            };
            if !all.contains(&named) {
                all.push(named);
            }
        }
        if all.is_empty() {
            return values;
        }
        let payloads: Vec<Option<Json>> = all.iter().map(Named::value).collect();
        let is_without = payloads.iter().all(Option::is_none);
        let flag_type = common_type(&payloads);
        values.is_wrapped = flag_type.is_none() && !is_without;
        values.flag_type = match flag_type {
            _ if is_without => "string",
            Some(flag_type) => flag_type,
            None => "object",
        };
        if values.is_wrapped {
            let message = "its payloads are of several types, so the flag is one of objects: each value is `{\"value\": …}`, and `{}` without a payload";
            report.remark(at.pointer_of("variants"), message);
        } else if is_without {
            report.remark(
                at.pointer_of("variants"),
                "its variants have no payloads, so each value is the name of the variant",
            );
        }
        for (named, payload) in all.into_iter().zip(payloads) {
            let value = match payload {
                Some(value) if values.is_wrapped => json!({"value": value}),
                Some(value) => value,
                None if is_without => named.name.as_str().into(),
                None => json!({}),
            };
            let ours = values.variants.add(&named.name, value);
            values.named.push((named, ours));
        }
        if has_plain {
            let value = match values.flag_type {
                "string" => json!(""),
                "number" => json!(0),
                _ => json!({}),
            };
            values.on = Some(values.variants.add("on", value));
        }
        values
    }

    /// Our name of a variant
    pub(super) fn name(&self, variant: &VariantDefinition) -> &str {
        let found = self
            .named
            .iter()
            .find(|(named, _)| named.name == variant.name && named.payload == variant.payload);
        found.map_or("", |(_, ours)| ours)
    }

    /// Our variant for a toggle that is on without a variant
    pub(super) fn on(&self) -> &str {
        self.on.as_deref().unwrap_or("on")
    }

    /// The serve if no strategy applies
    pub(super) fn off(&self) -> Json {
        if self.flag_type == "boolean" {
            "off".into()
        } else {
            Json::Null
        }
    }

    /// Adds the variants to a flag; a boolean flag needs none
    pub(super) fn complete(&self, flag: &mut Json) {
        if self.flag_type != "boolean"
            && let Json::Object(members) = flag
        {
            members.insert("variants".to_owned(), self.variants.values.clone().into());
            members.insert("offVariant".to_owned(), Json::Null);
        }
    }

    /// Our names, each with the vendor's
    pub(super) fn names(&self) -> Vec<(String, Option<String>)> {
        let mut names: Vec<_> = (self.named.iter())
            .map(|(named, ours)| (ours.clone(), Some(named.name.clone())))
            .collect();
        if self.flag_type == "boolean" || self.on.is_some() {
            names.push((self.on().to_owned(), None));
        }
        names
    }

    pub(super) fn answers(&self) -> FlagAnswers {
        let mut cases = Vec::new();
        for (named, ours) in &self.named {
            let answer = Answer::of_variant(Some(ours)).with("variant", named.name.as_str());
            cases.push(match named.value() {
                Some(value) => answer.with("value", value),
                None => answer.with_default(),
            });
        }
        // A feature without variants has the disabled one, be it on or off.
        let none = |ours: &str| Answer::of_variant(Some(ours)).with("variant", Json::Null);
        if self.flag_type == "boolean" {
            cases.extend([none("on"), none("off")]);
        } else if let Some(on) = &self.on {
            cases.push(none(on).with_default());
        }
        FlagAnswers {
            expected_type: None,
            untyped: self.is_wrapped,
            cases,
        }
    }
}

impl Named {
    /// The value of the payload: its text, or the parsed JSON or number
    fn value(&self) -> Option<Json> {
        let (kind, text) = self.payload.as_ref()?;
        let parsed = match kind.as_str() {
            "json" => serde_json::from_str(text).ok(),
            "number" => text.parse().ok().and_then(number),
            _ => None,
        };
        Some(parsed.unwrap_or_else(|| text.as_str().into()))
    }
}

/// A number; a whole one as such
fn number(number: f64) -> Option<Json> {
    let value = flagstaff_core::Value::number(number);
    serde_json::to_value(value).ok().filter(Json::is_number)
}

/// The type of a flag that has all of these values
fn common_type(values: &[Option<Json>]) -> Option<&'static str> {
    let type_of = |value: &Option<Json>| match value {
        Some(Json::String(_)) => Some("string"),
        Some(Json::Number(_)) => Some("number"),
        Some(Json::Object(_) | Json::Array(_)) => Some("object"),
        _ => None,
    };
    let first = values.first().and_then(type_of)?;
    (values.iter().all(|value| type_of(value) == Some(first))).then_some(first)
}
