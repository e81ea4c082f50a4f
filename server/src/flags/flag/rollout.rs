//! `rolloutPercentage` and `withoutUser`: the short form of a flag's own serve

use serde_json::{Map, Value as Json, json};

use super::set;
use crate::engine::field_error::FieldError;
use crate::http::api_error::{ApiError, shortened_value};

const PERCENTAGE: &str = "rolloutPercentage";
const WITHOUT_USER: &str = "withoutUser";

/// The short form of a flag's own serve
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Rollout {
    percentage: Option<f64>,
    without_user: Option<bool>,
}

impl Rollout {
    /// Removes it from a body, and reports its errors
    pub(super) fn take(members: &mut Map<String, Json>, errors: &mut Vec<FieldError>) -> Self {
        if let Some(wrong) = members
            .get("enabled")
            .filter(|given| !given.is_boolean() && !given.is_null())
        {
            errors.push(wrong_value("enabled", "a boolean", wrong));
        }
        let is_percentage = |number: &f64| (0.0..=100.0).contains(number);
        let given = members.remove(PERCENTAGE);
        let percentage = given.as_ref().and_then(Json::as_f64).filter(is_percentage);
        if let Some(wrong) = given.filter(|_| percentage.is_none()) {
            errors.push(wrong_value(PERCENTAGE, "a number from 0 to 100", &wrong));
        }
        let given = members.remove(WITHOUT_USER);
        let without_user = given.as_ref().and_then(Json::as_bool);
        if let Some(wrong) = given.filter(|_| without_user.is_none()) {
            errors.push(wrong_value(WITHOUT_USER, "a boolean", &wrong));
        }
        let is_said_twice = percentage.is_some() && rollout_of(members).is_some();
        if is_said_twice {
            let message = "sets `/serve/rollout`, which the body has too: send one of them";
            errors.push(FieldError::new(pointer(PERCENTAGE), message));
        }
        Self {
            percentage,
            without_user,
        }
    }

    /// Applies it to a flag; what it does not name stays
    pub(super) fn apply(self, flag: &mut Json) -> Result<(), ApiError> {
        if self == Self::default() {
            return Ok(());
        }
        let named = if self.percentage.is_some() {
            PERCENTAGE
        } else {
            WITHOUT_USER
        };
        let mut serve = match flag.get("serve") {
            Some(Json::Object(serve)) => serve.clone(),
            Some(Json::String(variant)) if !is_off(flag, variant) => {
                Map::from_iter([("variant".to_owned(), json!(variant))])
            }
            // Off for everybody: the on variant is rolled out to 0 %.
            _ => Map::from_iter([
                ("variant".to_owned(), on_variant(flag, named)?),
                ("rollout".to_owned(), 0.into()),
            ]),
        };
        if let Some(percentage) = self.percentage {
            serve.insert("rollout".to_owned(), percent(percentage));
        }
        match self.without_user {
            Some(true) => {
                let variant = serve.get("variant").cloned().ok_or_else(|| {
                    let message = "the flag serves several variants: set the one that is served without a user, as `/serve/onMissing`";
                    ApiError::invalid(pointer(WITHOUT_USER), message)
                })?;
                serve.insert("onMissing".to_owned(), json!({"variant": variant}));
            }
            Some(false) => {
                serve.remove("onMissing");
            }
            None => {}
        }
        set(flag, "serve", Json::Object(serve));
        Ok(())
    }
}

fn pointer(name: &str) -> String {
    format!("/{name}")
}

fn wrong_value(name: &str, expected: &str, given: &Json) -> FieldError {
    let message = format!("expected {expected}, got {}", shortened_value(given));
    FieldError::new(pointer(name), message)
}

fn rollout_of(members: &Map<String, Json>) -> Option<&Json> {
    members.get("serve")?.get("rollout")
}

fn is_off(flag: &Json, variant: &str) -> bool {
    match flag.get("offVariant") {
        Some(off) => off == variant,
        None => flag.get("type").is_some_and(|kind| kind == "boolean") && variant == "off",
    }
}

fn on_variant(flag: &Json, named: &str) -> Result<Json, ApiError> {
    match flag.get("onVariant") {
        Some(on) => Ok(on.clone()),
        None if flag.get("type").is_some_and(|kind| kind == "boolean")
            && flag.get("variants").is_none() =>
        {
            Ok("on".into())
        }
        None => Err(ApiError::invalid(
            pointer(named),
            "the flag has no `serve` and no `onVariant` to roll out; set `/serve`",
        )),
    }
}

/// 25 rather than 25.0: people read what they wrote
fn percent(percentage: f64) -> Json {
    flagstaff_core::safe_integer(percentage).map_or_else(|| percentage.into(), Json::from)
}
