//! A value with the reason for it

use std::sync::Arc;

use flagstaff_core::{ErrorCode, JsonObject, Outcome, Reason};

/// A value and the reason for it: OpenFeature's evaluation details
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationDetails<T> {
    /// The key of the flag
    pub flag_key: Arc<str>,
    /// The flag's value, or the caller's default if there is an error
    pub value: T,
    /// The variant served; `None` if there is an error
    pub variant: Option<Arc<str>>,
    /// The reason for the value
    pub reason: Reason,
    /// Why the value is the caller's default
    pub error_code: Option<ErrorCode>,
    /// The flag's metadata
    pub flag_metadata: JsonObject,
    /// Whether a variant other than the off variant was served
    pub enabled: bool,
}

impl<T> EvaluationDetails<T> {
    pub(crate) fn new(flag_key: Arc<str>, value: T, outcome: &Outcome<'_>) -> Self {
        Self {
            flag_key,
            value,
            variant: outcome.shared_variant().cloned(),
            reason: outcome.reason,
            error_code: outcome.error_code(),
            flag_metadata: outcome.metadata.cloned().unwrap_or_default(),
            enabled: outcome.enabled,
        }
    }

    /// A sentence that explains the error code
    pub fn error_message(&self) -> Option<&'static str> {
        self.error_code.map(ErrorCode::message)
    }
}
