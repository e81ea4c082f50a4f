//! The values of a feature as variants

use serde_json::{Value as Json, json};

use crate::draft::Variants;
use crate::{Answer, FlagAnswers};

/// Maximum number of characters of a value that becomes the name of its variant
const MAX_VALUE_NAME: usize = 40;

/// The variants of a flag, one type for all
#[derive(Debug, Default)]
pub(super) struct Values {
    kind: Kind,
    variants: Variants,
    /// Each variant outside of experiments, with the vendor's value
    plain: Vec<(String, Json)>,
    arms: Vec<(String, Json)>,
    cases: Vec<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Boolean,
    String,
    Number,
    Object,
    /// Values of several types, each in an object `{"value": V}`
    Wrapped,
}

impl Kind {
    fn of(value: &Json) -> Option<Self> {
        match value {
            Json::Null => None,
            Json::Bool(_) => Some(Self::Boolean),
            Json::Number(_) => Some(Self::Number),
            Json::String(_) => Some(Self::String),
            Json::Array(_) | Json::Object(_) => Some(Self::Object),
        }
    }
}

impl Values {
    /// Values of the type that all of these have
    pub(super) fn of<'j>(values: impl IntoIterator<Item = &'j Json>) -> Self {
        let mut kinds = values.into_iter().filter_map(Kind::of);
        let first = kinds.next().unwrap_or_default();
        let kind = if kinds.all(|kind| kind == first) {
            first
        } else {
            Kind::Wrapped
        };
        Self {
            kind,
            ..Self::default()
        }
    }

    pub(super) fn is_wrapped(&self) -> bool {
        self.kind == Kind::Wrapped
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self.kind {
            // A flag without values needs no variants of its own only if it is a boolean.
            _ if self.variants.values.is_empty() => "boolean",
            Kind::Boolean => "boolean",
            Kind::String => "string",
            Kind::Number => "number",
            Kind::Object | Kind::Wrapped => "object",
        }
    }

    fn add(&mut self, name: &str, value: &Json, answer: impl FnOnce(Answer) -> Answer) -> String {
        let is_wrapped = self.is_wrapped();
        let ours = if is_wrapped {
            json!({"value": value})
        } else {
            value.clone()
        };
        let name = self.variants.add(name, ours);
        let mut case = answer(Answer::of_variant(Some(&name)));
        if is_wrapped {
            case = case.with("value", value.clone());
        }
        if !case.then.is_empty() {
            self.cases.push(case);
        }
        name
    }

    /// The variant of a value, which is not part of an experiment; `null` is none
    pub(super) fn plain(&mut self, value: &Json) -> Json {
        if value.is_null() {
            return Json::Null;
        }
        if let Some((name, _)) = self.plain.iter().find(|(_, known)| known == value) {
            return name.as_str().into();
        }
        let name = match value {
            Json::Bool(true) => "on".to_owned(),
            Json::Bool(false) => "off".to_owned(),
            Json::Number(number) => number.to_string(),
            Json::String(text) if text.chars().count() <= MAX_VALUE_NAME => text.clone(),
            _ => "value".to_owned(),
        };
        let name = self.add(&name, value, |case| case);
        self.plain.push((name.clone(), value.clone()));
        name.into()
    }

    /// The variant of an experiment's variation
    pub(super) fn arm(&mut self, experiment: &str, key: &str, index: usize, value: &Json) -> Json {
        if value.is_null() {
            return Json::Null;
        }
        let name = self.add(&format!("{experiment}/{key}"), value, |case| {
            case.with("variant", key).with("index", index)
        });
        self.arms.push((name.clone(), value.clone()));
        name.into()
    }

    /// Each variant, and no variant, with the vendor's value
    pub(super) fn outcomes(&self) -> Vec<(Option<String>, Json)> {
        let known = self.plain.iter().chain(&self.arms);
        let known = known.map(|(name, value)| (Some(name.clone()), value.clone()));
        known.chain([(None, Json::Null)]).collect()
    }

    pub(super) fn variants(&self) -> Json {
        self.variants.values.clone().into()
    }

    pub(super) fn answers(&self) -> FlagAnswers {
        FlagAnswers {
            untyped: self.is_wrapped(),
            cases: self.cases.clone(),
            ..FlagAnswers::default()
        }
    }
}
