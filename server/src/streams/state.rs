//! The state that all streams share

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::access::state::AccessState;
use crate::instances::Instances;
use crate::streams::project_changes::ProjectChanges;
use crate::streams::stream::StreamSlots;

/// The state that all streams share
#[derive(Debug)]
pub(crate) struct StreamState {
    pub(crate) access: Arc<AccessState>,
    pub(crate) instances: Arc<Instances>,
    pub(crate) slots: Arc<StreamSlots>,
    pub(crate) changes: ProjectChanges,
    /// The interval of comments on a silent stream
    pub(crate) heartbeat: Duration,
    /// Cancelled when the server begins to stop
    pub(crate) stopping: CancellationToken,
}
