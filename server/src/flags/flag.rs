//! The effect of a body on a flag: the full and the short form, merge patches, and the fields that the server sets
//!
//! Pure functions: the current flag and the request's body go in, the new flag comes out.

use flagstaff_core::LANGUAGE_VERSION;
use serde_json::{Map, Value as Json, json};

use crate::http::api_error::ApiError;
use crate::http::other_words;
use crate::object::patch::merge;

mod rollout;
mod weights;

use rollout::Rollout;

/// Fields of a response that are not part of the flag; a body may send them back unchanged
const ENVELOPE: [&str; 5] = ["key", "version", "createdAt", "updatedAt", "lastSeenAt"];
/// Fields that only the full form has: what a flag serves, and to whom
const FULL_FORM: [&str; 11] = [
    "environmentPatch",
    "levels",
    "needs",
    "offVariant",
    "onVariant",
    "overrides",
    "prerequisites",
    "rules",
    "salt",
    "serve",
    "variants",
];

/// The body of a request for a flag
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FlagRequest {
    members: Map<String, Json>,
    rollout: Rollout,
    is_full: bool,
}

impl FlagRequest {
    /// Parses a body; if it has a key, it must be `key`
    pub(crate) fn read(body: Json, key: &str) -> Result<Self, ApiError> {
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
        let mut errors = other_words::FLAG.find("", members.keys());
        let rollout = Rollout::take(&mut members, &mut errors);
        ApiError::refuse(errors)?;
        let is_full = members
            .keys()
            .any(|name| FULL_FORM.contains(&name.as_str()));
        Ok(Self {
            members,
            rollout,
            is_full,
        })
    }

    /// Whether it is the whole flag, so that a replacement removes what it leaves out; the short form changes only what it names
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The flag that a creation makes: boolean by default, and off unless switched on
    pub(crate) fn create(self) -> Result<Json, ApiError> {
        let Self {
            members, rollout, ..
        } = self;
        let is_switched = members.get("enabled").is_some_and(|given| !given.is_null());
        let mut flag = Json::Object(members);
        if flag.get("variants").is_none() {
            set_default(&mut flag, "type", || "boolean".into());
        }
        if !self.is_full {
            set_default(&mut flag, "enabled", || false.into());
        }
        let serves_itself = flag.get("serve").is_none()
            && flag.get("variants").is_none()
            && flag.get("type") == Some(&json!("boolean"));
        if serves_itself && !self.is_full {
            let share = if is_switched { 100 } else { 0 };
            set(
                &mut flag,
                "serve",
                json!({"variant": "on", "rollout": share}),
            );
        }
        rollout.apply(&mut flag)?;
        Ok(flag)
    }

    /// The flag that replaces `current`; the short form changes only what it names
    pub(crate) fn replace(self, current: &Json) -> Result<Json, ApiError> {
        if self.is_full {
            return self.create();
        }
        self.patch(current)
    }

    /// Applies a JSON merge patch (RFC 7396) to `current`; `rolloutPercentage` and `withoutUser` are applied after it
    pub(crate) fn patch(self, current: &Json) -> Result<Json, ApiError> {
        let mut flag = current.clone();
        merge(&mut flag, Json::Object(self.members));
        self.rollout.apply(&mut flag)?;
        Ok(flag)
    }
}

/// Sets the fields that the server sets, and converts weights to those of the language
pub(crate) fn fill_server_fields(flag: &mut Json) {
    weights::normalize(flag);
    // A value of `needs` that asks for more than this server has, or is invalid, is left for the compiler to report.
    let given = match flag.get("needs") {
        None | Some(Json::Null) => Some(0),
        Some(needs) => needs.as_u64(),
    };
    if let Some(given) = given.filter(|given| *given <= LANGUAGE_VERSION.into()) {
        set(flag, "needs", given.max(needed(flag)).into());
    }
}

/// The lowest version of the language that has all parts of a flag, except `null` that serves nothing: for that, a flag must set `needs`
fn needed(flag: &Json) -> u64 {
    let rules = flag.get("rules").and_then(Json::as_array);
    let mut rules = rules.into_iter().flatten();
    let is_dialect = |part: Option<&Json>| part.is_some_and(has_dialect);
    let has_any = is_dialect(flag.get("serve"))
        || rules.any(|rule| is_dialect(rule.get("serve")) || is_dialect(rule.get("when")));
    if has_any { 2 } else { 1 }
}

/// Whether a condition or a serve has a dialect or an algorithm of another vendor
fn has_dialect(part: &Json) -> bool {
    let inner = ["all", "any"].into_iter();
    let mut inner = inner
        .filter_map(|name| part.get(name)?.as_array())
        .flatten();
    let is_there = |name: &str| part.get(name).is_some_and(|given| !given.is_null());
    is_there("dialect")
        || has_vendor_algorithm(part)
        || part.get("not").is_some_and(has_dialect)
        || inner.any(has_dialect)
}

/// Whether a serve has the algorithm of another vendor
fn has_vendor_algorithm(serve: &Json) -> bool {
    let algorithm = serve.get("algorithm").and_then(Json::as_str);
    algorithm.is_some_and(|algorithm| algorithm != "murmur3")
}

/// A document with its weights converted to those of the language; `None` if there is nothing to convert, or it cannot be parsed
pub(crate) fn with_language_weights(document: &str) -> Option<String> {
    let before: Json = serde_json::from_str(document).ok()?;
    let mut after = before.clone();
    let flags = after.get_mut("flags").and_then(Json::as_object_mut)?;
    flags.values_mut().for_each(weights::normalize);
    (before != after).then(|| after.to_string())
}

fn set(flag: &mut Json, name: &str, value: Json) {
    if let Json::Object(members) = flag {
        members.insert(name.to_owned(), value);
    }
}

fn set_default(flag: &mut Json, name: &str, value: impl FnOnce() -> Json) {
    if flag.get(name).is_none_or(Json::is_null) {
        set(flag, name, value());
    }
}

#[cfg(test)]
mod tests;
