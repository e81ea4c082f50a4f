//! flagd: a flag file, whose targeting is `JSONLogic`
//!
//! Targeting stays unchanged, in the dialect `flagd`, with each `$ref` replaced by its evaluator. Its result names the variant; with `null`
//! the default variant is served. A flag that is disabled, or has no default variant, serves nothing, so that the program's default is
//! used.

mod targeting;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use self::targeting::{Targeting, expand};
use crate::draft::{Draft, Keys, NEEDS, Variants};
use crate::report::FlagReport;
use crate::source::At;
use crate::{Answer, FlagAnswers, ImportError, Imported, Options};

/// The default version of `fractional`: that of flagd and of its provider for JavaScript
const FRACTIONAL: u8 = 2;

/// Values of the types that metadata has
fn is_metadata(value: &Json) -> bool {
    value.is_string() || value.is_number() || value.is_boolean()
}

/// What all flags of a file share
struct File<'f> {
    fractional: u8,
    evaluators: BTreeMap<&'f str, At<'f>>,
    metadata: Map<String, Json>,
    keys: Keys,
}

pub(crate) fn convert(options: &Options, source: &Json) -> Result<Imported, ImportError> {
    let root = At::root(source);
    let Some(flags) = root.get("flags") else {
        return Err(root.error("expected `flags`, as a flag file of flagd has them"));
    };
    let fractional = options.fractional.unwrap_or(FRACTIONAL);
    if !matches!(fractional, 2 | 3) {
        let message = "the version of `fractional` is 2 or 3: the first hashed with signed numbers, and no provider does so any more";
        return Err(root.error(message));
    }
    let flags = flags.members()?;
    let evaluators = root
        .get("$evaluators")
        .map(|evaluators| evaluators.members());
    let metadata = root.get("metadata").map(|metadata| metadata.members());
    let file = File {
        fractional,
        evaluators: evaluators.transpose()?.into_iter().flatten().collect(),
        metadata: known_metadata(metadata.transpose()?.unwrap_or_default())?,
        keys: Keys::new(flags.iter().map(|(name, _)| *name)),
    };
    let mut draft = Draft::default();
    for (name, flag) in &flags {
        let mut report = FlagReport::new(name, &flag.pointer);
        match file.flag(name, flag, &mut report) {
            Ok((flag, answers)) if !report.is_refused() => {
                let key = file.keys.of(name);
                draft.flags.insert(key.clone(), flag);
                draft.answers.insert(key, answers);
            }
            Ok(_) => {}
            Err(error) => report.refuse_error(error),
        }
        draft.report.push(report);
    }
    draft.keys = file.keys;
    Ok(draft.finish(options, None))
}

fn known_metadata(members: Vec<(&str, At<'_>)>) -> Result<Map<String, Json>, ImportError> {
    let mut known = Map::new();
    for (name, member) in members {
        if !is_metadata(member.value) {
            return Err(member.error("expected a string, a number or a boolean"));
        }
        known.insert(name.to_owned(), member.value.clone());
    }
    Ok(known)
}

impl<'f> File<'f> {
    /// The flag, and the conversion of its outcomes to flagd's
    fn flag(
        &self,
        name: &str,
        flag: &At<'f>,
        report: &mut FlagReport,
    ) -> Result<(Json, FlagAnswers), ImportError> {
        let is_enabled = match flag.required("state")? {
            "ENABLED" => true,
            "DISABLED" => false,
            _ => return Err(member(flag, "state").error("expected `ENABLED` or `DISABLED`")),
        };
        let mut values = FlagValues::read(flag)?;
        let rules = self.rules(name, flag, &mut values, report)?;
        let serve = self.default_serve(name, flag, &values, report)?;
        let metadata = flag.get("metadata").map(|metadata| metadata.members());
        let mut own = self.metadata.clone();
        own.extend(known_metadata(metadata.transpose()?.unwrap_or_default())?);
        let converted = json!({
            "type": values.type_name,
            "enabled": is_enabled,
            "needs": NEEDS,
            "variants": values.variants.values,
            "offVariant": null,
            "rules": rules,
            "serve": serve,
            "metadata": own,
        });
        Ok((converted, values.answers()))
    }

    /// A serve that a targeting decides
    fn serve(&self, name: &str, logic: &Json) -> Json {
        json!({
            "dialect": "flagd",
            "expression": {"flagKey": name, "fractional": self.fractional, "logic": logic},
        })
    }

    /// The rule of the targeting, if there is one that flagd can read
    fn rules(
        &self,
        name: &str,
        flag: &At<'f>,
        values: &mut FlagValues,
        report: &mut FlagReport,
    ) -> Result<Vec<Json>, ImportError> {
        let Some(targeting) = flag.get("targeting").filter(|at| *at.value != json!({})) else {
            return Ok(Vec::new());
        };
        let logic = expand(&targeting, &self.evaluators)?;
        match Targeting::check(&targeting, &logic, self.fractional)? {
            Targeting::Known => {
                let rule = json!({"id": "targeting", "serve": self.serve(name, &logic)});
                Ok(vec![rule])
            }
            Targeting::Unknown { pointer, operator } => {
                let message = format!(
                    "flagd does not know `{operator}` and answers PARSE_ERROR; here the flag leaves the value to the program"
                );
                report.remark(pointer, message);
                values.is_broken = true;
                Ok(Vec::new())
            }
        }
    }

    /// The serve of the default variant
    fn default_serve(
        &self,
        name: &str,
        flag: &At<'f>,
        values: &FlagValues,
        report: &mut FlagReport,
    ) -> Result<Json, ImportError> {
        let variant = match flag.value.get("defaultVariant") {
            None | Some(Json::Null) => return Ok(Json::Null),
            Some(Json::String(text)) if text.is_empty() => return Ok(Json::Null),
            Some(Json::String(variant)) => variant.clone(),
            Some(Json::Bool(variant)) => variant.to_string(),
            Some(_) => {
                let message = "expected the name of a variant";
                return Err(member(flag, "defaultVariant").error(message));
            }
        };
        if values.is_broken {
            return Ok(Json::Null);
        }
        if values.variants.values.contains_key(&variant) {
            return Ok(variant.into());
        }
        let message =
            "the variant does not exist: whoever gets it has the error GENERAL, as in flagd";
        report.remark(flag.pointer_of("defaultVariant"), message);
        // A text that names no variant.
        Ok(self.serve(name, &variant.into()))
    }
}

/// The field of a flag, even if it is missing
fn member<'j>(flag: &At<'j>, name: &str) -> At<'j> {
    At {
        value: flag.value,
        pointer: flag.pointer_of(name),
    }
}

/// The variants of a flag
struct FlagValues {
    type_name: &'static str,
    is_wrapped: bool,
    is_broken: bool,
    variants: Variants,
    cases: Vec<Answer>,
}

fn type_of(value: &Json) -> Option<&'static str> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) | Json::Object(_) => "object",
    })
}

impl FlagValues {
    fn read(flag: &At<'_>) -> Result<Self, ImportError> {
        let Some(variants) = flag.get("variants") else {
            return Err(flag.error("missing `variants`"));
        };
        let members = variants.members()?;
        let mut types = members.iter().filter_map(|(_, at)| type_of(at.value));
        let Some(first) = types.next() else {
            return Err(variants.error("expected at least one variant that is not null"));
        };
        let is_wrapped = types.any(|other| other != first);
        let mut values = Self {
            type_name: if is_wrapped { "object" } else { first },
            is_wrapped,
            is_broken: false,
            variants: Variants::default(),
            cases: Vec::new(),
        };
        for (name, variant) in members {
            if variant.value.is_null() {
                return Err(variant.error("a variant is not null"));
            }
            let value = variant.value.clone();
            let ours = if is_wrapped {
                json!({"value": value})
            } else {
                value.clone()
            };
            if values.variants.add(name, ours) != name {
                return Err(variant.error("the name of a variant has 1 to 255 characters"));
            }
            if is_wrapped {
                let case = Answer::of_variant(Some(name)).with("value", value);
                values.cases.push(case);
            }
        }
        Ok(values)
    }

    fn answers(mut self) -> FlagAnswers {
        if self.is_broken {
            let mut broken = Answer::default();
            broken.when.insert("reason".to_owned(), "DEFAULT".into());
            self.cases.push(
                broken
                    .with("reason", "ERROR")
                    .with("errorCode", "PARSE_ERROR"),
            );
        }
        FlagAnswers {
            untyped: self.is_wrapped,
            cases: self.cases,
            ..FlagAnswers::default()
        }
    }
}
