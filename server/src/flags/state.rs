//! The state of the routes of flags

use std::sync::Arc;

use crate::access::state::AccessState;
use crate::usage::Usage;

/// The state of the routes of flags
#[derive(Debug)]
pub(crate) struct FlagState {
    pub(crate) access: Arc<AccessState>,
    /// When flags were last evaluated
    pub(crate) usage: Arc<Usage>,
}
