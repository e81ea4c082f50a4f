//! Files of other vendors: what they are converted to, and the vendor's words for an outcome
//!
//! Every testee applies the same table to the outcomes of its binding; those that are not written in Rust get it from the program
//! `flagstaff-testee import`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use flagstaff_core::{ExpectedType, Value};
use flagstaff_import::{FlagAnswers, ImportError, Imported, Options, convert};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::request::Evaluation;

/// The words of the vendor whose file was loaded last; none for a document of ours
#[derive(Debug, Default)]
pub struct VendorWords {
    answers: BTreeMap<String, FlagAnswers>,
    keys: BTreeMap<String, String>,
}

/// Converts a file: the document, and the vendor's words
pub fn import(
    vendor: &str,
    options: &Options,
    document: &str,
) -> Result<(String, VendorWords), ImportError> {
    let imported = convert(vendor.parse()?, options, document)?;
    let Imported {
        document,
        answers,
        keys,
        ..
    } = imported;
    Ok((document.to_string(), VendorWords { answers, keys }))
}

/// A file of a vendor and how to convert it
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    options: Option<Options>,
    // As text: the order of its members may count.
    #[serde(borrow)]
    document: Option<&'a RawValue>,
    document_text: Option<String>,
}

/// Answers one request of the program `flagstaff-testee import VENDOR`: `{"options", "document"}`, or `"documentText"`
///
/// The result is the whole [`Imported`], or `{"error"}`.
pub fn answer(vendor: &str, request: &str) -> Json {
    let read = || -> Result<Json, Box<dyn std::error::Error>> {
        let file: File<'_> = serde_json::from_str(request)?;
        let given = file.document.map_or("null", RawValue::get);
        let text = file.document_text.as_deref().unwrap_or(given);
        let options = file.options.unwrap_or_default();
        Ok(serde_json::to_value(convert(
            vendor.parse()?,
            &options,
            text,
        )?)?)
    };
    read().unwrap_or_else(|error| serde_json::json!({"error": error.to_string()}))
}

impl VendorWords {
    /// Our key of the vendor's flag
    pub fn key<'f>(&'f self, flag: &'f str) -> &'f str {
        self.keys.get(flag).map_or(flag, String::as_str)
    }

    /// The request in our words: the flag by our key, and of any type where ours has another than the vendor's
    pub fn translate<'a>(&self, mut asked: Evaluation<'a>) -> Evaluation<'a> {
        asked.flag = Cow::Owned(self.key(&asked.flag).to_owned());
        if self
            .answers
            .get(&*asked.flag)
            .is_some_and(|answers| answers.untyped)
        {
            asked.expected_type = None;
        }
        asked
    }

    /// The outcome in the vendor's words; `flag` is ours
    pub fn apply(
        &self,
        flag: &str,
        asked: Option<ExpectedType>,
        default: &Value,
        outcome: Value,
    ) -> Value {
        let Some(answers) = self.answers.get(flag) else {
            return outcome;
        };
        let json = |value: &Value| serde_json::to_value(value).unwrap_or_default();
        let Json::Object(mut members) = json(&outcome) else {
            return outcome;
        };
        let asked = asked.map(json_name);
        answers.apply(&mut members, asked.as_deref(), &json(default));
        value_of(members).unwrap_or(outcome)
    }
}

fn value_of(members: Map<String, Json>) -> Option<Value> {
    serde_json::from_value(Json::Object(members)).ok()
}

/// The name of a type
fn json_name(asked: ExpectedType) -> String {
    let json = serde_json::to_value(asked).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}
