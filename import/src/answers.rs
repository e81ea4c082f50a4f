//! Converts outcomes of ours to those of the vendor's own SDK, where the two differ in their words
//!
//! The tables are data, so that programs that compare both sides can apply them: `--verify` and the conformance testees. The document
//! itself does not need them.

use serde::Serialize;
use serde_json::{Map, Value as Json};

/// The conversion of the outcomes of one flag
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct FlagAnswers {
    /// The only type that the vendor's getters accept; any type if absent
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub expected_type: Option<&'static str>,
    /// Whether our flag has another type than the vendor's value, so that it is evaluated for any type and the value's type is checked
    /// after
    pub untyped: bool,
    /// The replacements in this order; all that match are applied
    pub cases: Vec<Answer>,
}

/// What to replace in an outcome
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Answer {
    /// Fields that the outcome must have; an object may have more than these
    #[serde(rename = "if")]
    pub when: Map<String, Json>,
    /// Fields to replace; those of `detail` are added to it
    pub then: Map<String, Json>,
    /// Whether the value is the caller's default
    pub default: bool,
}

impl Answer {
    /// A replacement for outcomes of this variant; `None` is an outcome without a variant
    pub(crate) fn of_variant(variant: Option<&str>) -> Self {
        let mut answer = Self::default();
        answer.when.insert("variant".to_owned(), variant.into());
        answer
    }

    /// Replaces a field
    pub(crate) fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.then.insert(name.to_owned(), value.into());
        self
    }

    /// The value is the caller's default
    pub(crate) fn with_default(mut self) -> Self {
        self.default = true;
        self
    }
}

impl FlagAnswers {
    /// Converts an outcome of ours to the vendor's, given the caller's default
    pub fn apply(&self, outcome: &mut Map<String, Json>, asked: Option<&str>, default: &Json) {
        let before = outcome.clone();
        for answer in &self.cases {
            if contains(&before, &answer.when) {
                for (name, value) in &answer.then {
                    match (outcome.get_mut(name), value) {
                        (Some(Json::Object(detail)), Json::Object(added)) if name == "detail" => {
                            detail.extend(added.clone());
                        }
                        _ => {
                            outcome.insert(name.clone(), value.clone());
                        }
                    }
                }
                if answer.default {
                    outcome.insert("value".to_owned(), default.clone());
                }
            }
        }
        let is_asked = |asked: &str| self.expected_type.is_none_or(|known| known == asked);
        let is_value = |asked: &str| {
            let value = outcome.get("value").unwrap_or(&Json::Null);
            !self.untyped || value == default || is_of(asked, value)
        };
        if asked.is_some_and(|asked| !is_asked(asked) || !is_value(asked)) {
            let mismatch = [
                ("value", default.clone()),
                ("variant", Json::Null),
                ("enabled", false.into()),
                ("reason", "ERROR".into()),
                ("errorCode", "TYPE_MISMATCH".into()),
            ];
            let mismatch = mismatch.map(|(name, value)| (name.to_owned(), value));
            outcome.extend(mismatch);
        }
    }
}

/// Whether an object has all of these fields; an object inside it may have more than the listed ones
fn contains(object: &Map<String, Json>, wanted: &Map<String, Json>) -> bool {
    wanted
        .iter()
        .all(|(name, wanted)| match (object.get(name), wanted) {
            (Some(Json::Object(found)), Json::Object(wanted)) => contains(found, wanted),
            (found, wanted) => found.unwrap_or(&Json::Null) == wanted,
        })
}

fn is_of(asked: &str, value: &Json) -> bool {
    match asked {
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => value.is_object() || value.is_array(),
    }
}
