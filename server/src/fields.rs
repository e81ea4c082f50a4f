//! Reading the members of a body one by one, so that everything that is wrong with it is told at once, each by its path

use flagstaff_core::limits;
use serde_json::{Map, Value as Json};

use crate::api_error::{ApiError, FieldError, shortened_value};

/// The members of a body that have not been read yet, and what is wrong with those that have
#[derive(Debug)]
pub(crate) struct Fields {
    members: Map<String, Json>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The members of a body, which must be an object
    pub(crate) fn of(body: Json) -> Result<Self, ApiError> {
        match body {
            Json::Object(members) => Ok(Self {
                members,
                errors: Vec::new(),
            }),
            _ => Err(ApiError::invalid("", "expected an object")),
        }
    }

    /// A member that may be missing or null; `expected` says what `read` takes
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Json) -> Option<T>,
    ) -> Option<T> {
        let given = self.members.remove(name).filter(|given| !given.is_null())?;
        let value = read(&given);
        if value.is_none() {
            self.wrong(format!("/{name}"), expected, &given);
        }
        value
    }

    /// Something wrong inside a member that was read as a whole
    pub(crate) fn wrong(&mut self, pointer: String, expected: &str, given: &Json) {
        let message = format!("expected {expected}, got {}", shortened_value(given));
        self.errors.push(FieldError::new(pointer, message));
    }

    /// Whether a member is missing or null
    pub(crate) fn is_absent(&self, name: &str) -> bool {
        self.members.get(name).is_none_or(Json::is_null)
    }

    /// A member that must be there
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Json) -> Option<T>,
    ) -> Option<T> {
        if self.is_absent(name) {
            self.members.remove(name);
            let message = format!("expected {expected}");
            self.errors
                .push(FieldError::new(format!("/{name}"), message));
            return None;
        }
        self.optional(name, expected, read)
    }

    /// What was read, if nothing was wrong, nothing that must be there is missing, and nothing is left
    pub(crate) fn finish<T>(mut self, read: Option<T>) -> Result<T, ApiError> {
        let unknown = self.members.keys();
        let unknown = unknown.map(|name| FieldError::new(format!("/{name}"), "unknown field"));
        self.errors.extend(unknown);
        let errors = self.errors;
        read.filter(|_| errors.is_empty())
            .ok_or(ApiError::Invalid { errors })
    }
}

/// What [`key`] takes
pub(crate) const KEY: &str = "1 to 100 of `A-Z a-z 0-9 . _ -`, the first a letter or digit";

/// A key of the language
pub(crate) fn key(given: &Json) -> Option<String> {
    let key = given.as_str().filter(|key| limits::is_key(key))?;
    Some(key.to_owned())
}
