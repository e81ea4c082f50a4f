//! The state for evaluation over HTTP

use std::sync::Arc;

use flagstaff_core::Timestamp;

use crate::access::state::AccessState;
use crate::usage::Usage;

/// The state for evaluation over HTTP
#[derive(Debug)]
pub(crate) struct EvaluationState {
    pub(crate) access: Arc<AccessState>,
    pub(crate) usage: Arc<Usage>,
}

impl EvaluationState {
    /// The time now
    pub(crate) fn now(&self) -> Timestamp {
        self.access.engine.now()
    }
}
