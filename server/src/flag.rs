//! What a write makes of a flag: the full and the short form, merge patches, and the fields that are the server's own
//!
//! Pure: what goes in is the flag as it is and the request's body, what comes out is the flag as it will be.

use flagstaff_core::LANGUAGE_LEVEL;
use serde_json::{Map, Value as Json, json};

use crate::api_error::{ApiError, FieldError, shortened_value};

/// Fields of an answer that are not part of the flag; a body may send them back unchanged
const ENVELOPE: [&str; 5] = ["key", "version", "createdAt", "updatedAt", "lastSeenAt"];
const SHORT_FORM: [&str; 2] = ["enabled", "rolloutPercentage"];

/// What a body says about a flag
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Submission {
    /// The whole flag, or a part of it to merge
    Full(Json),
    /// The short form: a boolean flag's switch and percentage
    Short(Short),
}

/// The short form
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Short {
    /// Whether it is switched on
    pub(crate) enabled: Option<bool>,
    /// Of how many per cent
    pub(crate) rollout_percentage: Option<f64>,
}

impl Submission {
    /// Reads the body of a creation or replacement; the key in it, if any, must be `key`
    pub(crate) fn read(body: Json, key: &str) -> Result<Self, ApiError> {
        let members = flag_members(body, key)?;
        if members.contains_key("type")
            || !members
                .keys()
                .all(|name| SHORT_FORM.contains(&name.as_str()))
        {
            if members.contains_key("rolloutPercentage") {
                return Err(ApiError::invalid(
                    "/rolloutPercentage",
                    "belongs to the short form; with other fields, set `/serve/rollout`",
                ));
            }
            return Ok(Self::Full(Json::Object(members)));
        }
        Short::take(&mut members.clone()).map(Self::Short)
    }
}

impl Short {
    /// Takes the short form's fields out of a body
    fn take(members: &mut Map<String, Json>) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        let enabled = match members.remove("enabled") {
            None => None,
            Some(Json::Bool(enabled)) => Some(enabled),
            Some(other) => {
                errors.push(FieldError::new(
                    "/enabled",
                    format!("expected a boolean, got {}", shortened_value(&other)),
                ));
                None
            }
        };
        let is_percentage = |number: &f64| (0.0..=100.0).contains(number);
        let given = members.remove("rolloutPercentage");
        let rollout_percentage = given.as_ref().and_then(Json::as_f64).filter(is_percentage);
        if let Some(wrong) = given.filter(|_| rollout_percentage.is_none()) {
            let message = format!(
                "expected a number from 0 to 100, got {}",
                shortened_value(&wrong)
            );
            errors.push(FieldError::new("/rolloutPercentage", message));
        }
        if errors.is_empty() {
            Ok(Self {
                enabled,
                rollout_percentage,
            })
        } else {
            Err(ApiError::Invalid { errors })
        }
    }

    /// A new boolean flag: off unless told otherwise, and then for everybody
    fn create(self) -> Json {
        json!({
            "type": "boolean",
            "enabled": self.enabled.unwrap_or(false),
            "serve": {"variant": "on", "rollout": percent(self.rollout_percentage.unwrap_or(100.0))},
        })
    }

    /// Changes just what it names
    fn apply(self, flag: &mut Json) -> Result<(), ApiError> {
        if let Some(enabled) = self.enabled {
            set(flag, "enabled", enabled.into());
        }
        let Some(percentage) = self.rollout_percentage else {
            return Ok(());
        };
        let mut serve = match flag.get("serve") {
            Some(Json::Object(serve)) => serve.clone(),
            Some(Json::String(variant)) if !is_off(flag, variant) => {
                Map::from_iter([("variant".to_owned(), json!(variant))])
            }
            // Off for everybody: what is rolled out is the on variant.
            _ => Map::from_iter([("variant".to_owned(), on_variant(flag)?)]),
        };
        serve.insert("rollout".to_owned(), percent(percentage));
        set(flag, "serve", Json::Object(serve));
        Ok(())
    }
}

/// The flag that a creation makes
pub(crate) fn create(submission: Submission) -> Json {
    match submission {
        Submission::Full(flag) => flag,
        Submission::Short(short) => short.create(),
    }
}

/// The flag that a replacement makes of `current`; the short form changes just what it names
pub(crate) fn replace(current: &Json, submission: Submission) -> Result<Json, ApiError> {
    match submission {
        Submission::Full(flag) => Ok(flag),
        Submission::Short(short) => {
            let mut flag = current.clone();
            short.apply(&mut flag)?;
            Ok(flag)
        }
    }
}

/// The flag that a JSON merge patch (RFC 7396) makes of `current`; `rolloutPercentage` is applied after it
pub(crate) fn patch(current: &Json, body: Json, key: &str) -> Result<Json, ApiError> {
    let mut members = flag_members(body, key)?;
    let short = match members.remove("rolloutPercentage") {
        Some(percentage) => Short::take(&mut Map::from_iter([(
            "rolloutPercentage".to_owned(),
            percentage,
        )]))?,
        None => Short::default(),
    };
    let mut flag = current.clone();
    merge(&mut flag, Json::Object(members));
    short.apply(&mut flag)?;
    Ok(flag)
}

/// Sets what the flag needs of who evaluates it, which is the server's to set
pub(crate) fn complete(flag: &mut Json) {
    // All of the language that this server can store is of this level; a higher one will be computed from what the flag uses.
    // What says that it needs more, or says it wrong, is left for the compiler to name.
    let is_ours = |needs: &Json| {
        needs.is_null()
            || needs
                .as_u64()
                .is_some_and(|needs| needs <= LANGUAGE_LEVEL.into())
    };
    if flag.get("needs").is_none_or(is_ours) {
        set(flag, "needs", LANGUAGE_LEVEL.into());
    }
}

/// The members of a body without the envelope
fn flag_members(body: Json, key: &str) -> Result<Map<String, Json>, ApiError> {
    let Json::Object(mut members) = body else {
        return Err(ApiError::invalid("", "expected an object"));
    };
    if members.get("key").is_some_and(|given| given != key) {
        return Err(ApiError::invalid(
            "/key",
            format!("expected `{key}`, as in the path: a key cannot be changed"),
        ));
    }
    for name in ENVELOPE {
        members.remove(name);
    }
    Ok(members)
}

fn is_off(flag: &Json, variant: &str) -> bool {
    match flag.get("offVariant") {
        Some(off) => off == variant,
        None => flag.get("type").is_some_and(|kind| kind == "boolean") && variant == "off",
    }
}

fn on_variant(flag: &Json) -> Result<Json, ApiError> {
    match flag.get("onVariant") {
        Some(on) => Ok(on.clone()),
        None if flag.get("type").is_some_and(|kind| kind == "boolean")
            && flag.get("variants").is_none() =>
        {
            Ok("on".into())
        }
        None => Err(ApiError::invalid(
            "/rolloutPercentage",
            "the flag has no `serve` and no `onVariant` to roll out; set `/serve`",
        )),
    }
}

fn set(flag: &mut Json, name: &str, value: Json) {
    if let Json::Object(members) = flag {
        members.insert(name.to_owned(), value);
    }
}

/// 25 rather than 25.0: what people wrote is what they read
fn percent(percentage: f64) -> Json {
    flagstaff_core::safe_integer(percentage).map_or_else(|| percentage.into(), Json::from)
}

/// Merges a JSON merge patch (RFC 7396) into a value
pub(crate) fn merge(target: &mut Json, patch: Json) {
    let Json::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    let Json::Object(members) = target else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Json::Null), value);
        }
    }
}

#[cfg(test)]
mod tests;
