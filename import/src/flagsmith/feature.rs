//! Features: their results become variants, and their overrides become rules

use serde_json::{Map, Value as Json, json};

use super::read::{Document, Feature};
use super::{Result, note};
use crate::draft::NEEDS;
use crate::report::Note;
use crate::{Answer as Told, FlagAnswers};

/// A converted feature
pub(super) struct Converted {
    pub(super) json: Json,
    pub(super) notes: Vec<Note>,
    pub(super) answers: FlagAnswers,
}

/// A result of Flagsmith, which becomes a variant of ours
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    is_enabled: bool,
    value: Json,
    /// The key of the variant, or `control`; `None` without variants or without an identity
    variant: Option<String>,
}

/// How results become variants
enum Form {
    /// No result has a value: the flag's value is whether the feature is enabled
    Enabled,
    /// The flag has the values, which are of this type; a result that is not enabled is the off variant
    Values(&'static str),
    /// Objects of both
    Both,
}

/// All variants, by their names
struct Variants(Vec<(String, Answer)>);

pub(super) fn convert(
    document: &Document,
    feature: &Feature,
    overrides: &[(&Feature, &Result<Json>)],
) -> Result<Converted> {
    let mut variants = Variants(Vec::new());
    let serve = serve(document, feature, &mut variants);
    let mut rules = Vec::new();
    for (own, condition) in overrides {
        let condition = match condition {
            Ok(condition) => condition,
            Err(reason) => {
                let message = format!("its segment is not taken over: {}", reason.message);
                return Err(note(&reason.pointer, &message));
            }
        };
        rules.push(json!({"when": condition, "serve": self::serve(document, own, &mut variants)}));
    }
    if variants.0.len() > 99 {
        return Err(note(
            &feature.pointer,
            "expected at most 99 values in the feature and all that overrides it",
        ));
    }
    if rules.len() > 1000 {
        return Err(note(
            &feature.pointer,
            "expected at most 1,000 overrides; put identities into a segment first",
        ));
    }
    let form = variants.form();
    let is_off = rules.is_empty()
        && feature.variants.is_empty()
        && !feature.is_enabled
        && !matches!(form, Form::Both);
    let (off, serve) = variants.complete(&form, serve, is_off, feature);
    let answers = variants.answers(&form);
    let mut members = Map::new();
    members.insert("needs".into(), NEEDS.into());
    members.insert("type".into(), form.name().into());
    members.insert("enabled".into(), (!is_off).into());
    members.insert(
        "variants".into(),
        variants
            .0
            .iter()
            .map(|(name, answer)| (name.clone(), form.value(answer)))
            .collect::<Map<_, _>>()
            .into(),
    );
    members.insert("offVariant".into(), off.into());
    members.insert("rules".into(), rules.into());
    members.insert("serve".into(), serve);
    let notes = match form {
        Form::Both => vec![note(
            &feature.pointer,
            "the values are of several types, or there are several while the feature is not enabled: the flag's values are objects `{\"enabled\", \"value\"}`",
        )],
        _ => Vec::new(),
    };
    Ok(Converted {
        json: members.into(),
        notes,
        answers,
    })
}

/// The serve of a feature, or of one of its overrides
fn serve(document: &Document, feature: &Feature, variants: &mut Variants) -> Json {
    let answer = |value: &Json, variant: Option<&str>| Answer {
        is_enabled: feature.is_enabled,
        value: value.clone(),
        variant: variant.map(str::to_owned),
    };
    let alone = variants.name(answer(&feature.value, None), "default");
    if feature.variants.is_empty() {
        return alone.into();
    }
    let mut arms = Vec::new();
    for variant in &feature.variants {
        let key = variant.key.as_deref();
        let name = variants.name(answer(&variant.value, key), key.unwrap_or("variant"));
        arms.push(json!({"variant": name, "weight": variant.weight}));
    }
    let control = variants.name(answer(&feature.value, Some("control")), "control");
    // The last two arms are for identities beyond all weights, and for contexts without an identity.
    arms.push(json!({"variant": control, "weight": 0}));
    arms.push(json!({"variant": alone, "weight": 0}));
    json!({
        "algorithm": "flagsmith",
        "parameters": {"key": feature.key, "environment": document.environment},
        "arms": arms,
    })
}

/// The type of a value of ours, if ours has one
fn type_of(value: &Json) -> Option<&'static str> {
    match value {
        Json::Bool(_) => Some("boolean"),
        Json::Number(_) => Some("number"),
        Json::String(_) => Some("string"),
        _ => None,
    }
}

impl Variants {
    /// The name of the variant of a result, which is added if there is none yet
    fn name(&mut self, answer: Answer, wanted: &str) -> String {
        if let Some((name, _)) = self.0.iter().find(|(_, other)| *other == answer) {
            return name.clone();
        }
        let wanted = if answer.is_enabled {
            wanted.to_owned()
        } else {
            format!("{wanted}-off")
        };
        let wanted: String = wanted.chars().take(240).collect();
        let mut name = wanted.clone();
        let mut number = 2_u32;
        while name.is_empty() || self.0.iter().any(|(other, _)| *other == name) {
            name = format!("{wanted}-{number}");
            number = number.saturating_add(1);
        }
        self.0.push((name.clone(), answer));
        name
    }

    fn form(&self) -> Form {
        let disabled = self
            .0
            .iter()
            .filter(|(_, answer)| !answer.is_enabled)
            .count();
        if disabled > 1 {
            return Form::Both;
        }
        if self.0.iter().all(|(_, answer)| answer.value.is_null()) {
            return Form::Enabled;
        }
        let mut types = self.0.iter().map(|(_, answer)| type_of(&answer.value));
        match types.next() {
            Some(Some(first)) if types.all(|other| other == Some(first)) => Form::Values(first),
            _ => Form::Both,
        }
    }

    /// Adds the variants that people need to enable and disable the flag; the off variant, and the serve
    fn complete(
        &mut self,
        form: &Form,
        serve: Json,
        is_off: bool,
        feature: &Feature,
    ) -> (Option<String>, Json) {
        let off = self.0.iter().find(|(_, answer)| !answer.is_enabled);
        let off = off
            .map(|(name, _)| name.clone())
            .filter(|_| !matches!(form, Form::Both));
        let answer = |is_enabled: bool| Answer {
            is_enabled,
            value: feature.value.clone(),
            variant: None,
        };
        if is_off {
            return (off, self.name(answer(true), "default").into());
        }
        match form {
            Form::Enabled if off.is_none() => (Some(self.name(answer(false), "default")), serve),
            _ => (off, serve),
        }
    }

    /// The conversion of our outcomes to Flagsmith's results
    fn answers(&self, form: &Form) -> FlagAnswers {
        let case = |(name, answer): &(String, Answer)| {
            Told::of_variant(Some(name))
                .with("value", answer.value.clone())
                .with("variant", answer.variant.clone())
                .with("enabled", answer.is_enabled)
        };
        FlagAnswers {
            untyped: !matches!(form, Form::Values(_)),
            cases: self.0.iter().map(case).collect(),
            ..FlagAnswers::default()
        }
    }
}

impl Form {
    fn name(&self) -> &'static str {
        match self {
            Self::Enabled => "boolean",
            Self::Values(name) => name,
            Self::Both => "object",
        }
    }

    fn value(&self, answer: &Answer) -> Json {
        match self {
            Self::Enabled => answer.is_enabled.into(),
            Self::Values(_) => answer.value.clone(),
            Self::Both => json!({"enabled": answer.is_enabled, "value": answer.value}),
        }
    }
}
