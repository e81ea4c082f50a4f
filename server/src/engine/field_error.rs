//! An error at one place of a document or a request

use serde::Serialize;
use utoipa::ToSchema;

/// An error at one place of a body or query
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body, or `?name` for a query parameter
    pub pointer: String,
    /// What is wrong, and what was expected
    pub message: String,
    /// The line, from 1, if the body consists of JSON texts on lines of their own
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl FieldError {
    /// An error at `pointer`
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
            line: None,
        }
    }

    /// The same error with the prefix `root` removed from the pointer
    pub(crate) fn below(self, root: &str) -> Self {
        match self.pointer.strip_prefix(root) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self {
                pointer: rest.to_owned(),
                ..self
            },
            _ => self,
        }
    }

    /// The same error in one line of a body of many lines
    pub(crate) fn in_line(self, line: u32) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}
