//! An evaluation with its circumstances

use std::sync::Arc;

use flagstaff_core::{ErrorCode, Object, Outcome, Reason};

/// A value, and why it is this one; OpenFeature's evaluation details
#[derive(Debug, Clone, PartialEq)]
pub struct Details<T> {
    /// The key that was asked for
    pub flag_key: Arc<str>,
    /// The flag's value, or the caller's default where there is an error
    pub value: T,
    /// The variant served; `None` where there is an error
    pub variant: Option<Arc<str>>,
    /// Why
    pub reason: Reason,
    /// Why the default stands
    pub error_code: Option<ErrorCode>,
    /// The flag's metadata
    pub flag_metadata: Object,
    /// Whether a variant other than the off variant was served
    pub enabled: bool,
}

impl<T> Details<T> {
    pub(crate) fn new(flag_key: Arc<str>, value: T, outcome: &Outcome<'_>) -> Self {
        Self {
            flag_key,
            value,
            variant: outcome.shared_variant().cloned(),
            reason: outcome.reason,
            error_code: outcome.error_code,
            flag_metadata: outcome.metadata.cloned().unwrap_or_default(),
            enabled: outcome.enabled,
        }
    }

    /// The error code in a sentence for people
    pub fn error_message(&self) -> Option<&'static str> {
        self.error_code.map(ErrorCode::message)
    }
}
