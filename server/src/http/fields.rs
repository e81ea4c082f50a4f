//! Reads the members of a body one by one, so that all errors are reported at once, each with its place

use flagstaff_core::limits;
use serde_json::{Map, Value as Json};

use crate::engine::field_error::FieldError;
use crate::http::api_error::{ApiError, shortened_value};
use crate::http::other_words::OtherWords;

/// The members of a body that have not been read yet, and the errors so far
#[derive(Debug)]
pub(crate) struct Fields {
    members: Map<String, Json>,
    // The known names: those that were asked for.
    names: Vec<&'static str>,
    words: Option<OtherWords>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The members of a body, which must be an object
    pub(crate) fn of(body: Json) -> Result<Self, ApiError> {
        match body {
            Json::Object(members) => Ok(Self {
                members,
                names: Vec::new(),
                words: None,
                errors: Vec::new(),
            }),
            _ => Err(ApiError::invalid("", "expected an object")),
        }
    }

    /// Adds the names of other systems, for which error messages give the name used here
    pub(crate) fn with_words(self, words: OtherWords) -> Self {
        Self {
            words: Some(words),
            ..self
        }
    }

    /// A member that may be missing or null; `expected` describes what `read` accepts
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(&Json) -> Option<T>,
    ) -> Option<T> {
        self.names.push(name);
        let given = self.members.remove(name).filter(|given| !given.is_null())?;
        let value = read(&given);
        if value.is_none() {
            self.wrong(format!("/{name}"), expected, &given);
        }
        value
    }

    /// An error inside a member that was read as a whole
    pub(crate) fn wrong(&mut self, pointer: String, expected: &str, given: &Json) {
        let message = format!("expected {expected}, got {}", shortened_value(given));
        self.errors.push(FieldError::new(pointer, message));
    }

    /// Whether a member is missing or null
    pub(crate) fn is_absent(&self, name: &str) -> bool {
        self.members.get(name).is_none_or(Json::is_null)
    }

    /// A required member
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(&Json) -> Option<T>,
    ) -> Option<T> {
        if self.is_absent(name) {
            self.names.push(name);
            self.members.remove(name);
            let message = format!("expected {expected}");
            self.errors
                .push(FieldError::new(format!("/{name}"), message));
            return None;
        }
        self.optional(name, expected, read)
    }

    /// The result, if there were no errors and no members are left
    pub(crate) fn finish<T>(mut self, read: Option<T>) -> Result<T, ApiError> {
        let known = self.names.join("`, `");
        let unknown = self.members.keys().map(|name| {
            let hint = self.words.and_then(|words| words.hint(name));
            let hint = hint.map_or_else(|| format!("expected one of `{known}`"), str::to_owned);
            FieldError::new(format!("/{name}"), format!("unknown field: {hint}"))
        });
        self.errors.extend(unknown);
        let errors = self.errors;
        read.filter(|_| errors.is_empty())
            .ok_or(ApiError::Invalid { errors })
    }
}

/// What [`key`] accepts
pub(crate) const KEY: &str = "1 to 100 of `A-Z a-z 0-9 . _ -`, the first a letter or digit";

/// A key of the language
pub(crate) fn key(given: &Json) -> Option<String> {
    let key = given.as_str().filter(|key| limits::is_key(key))?;
    Some(key.to_owned())
}
