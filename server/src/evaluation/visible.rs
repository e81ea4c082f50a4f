//! Which flags a caller gets values of: pages get only those marked `clientSide`, by whatever route and key

use std::sync::{Arc, LazyLock};

use flagstaff_core::Snapshot;

use crate::engine::published::PublishedRevision;
use crate::store::CredentialKind;

static NO_FLAGS: LazyLock<Arc<Snapshot>> = LazyLock::new(|| Arc::new(Snapshot::empty()));

/// The flags of which a caller gets values
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VisibleFlags {
    /// All
    All,
    /// Those marked `clientSide`; flags that they refer to are evaluated but not returned
    ClientSide,
}

impl VisibleFlags {
    /// The flags for the holder of a key or role; callers without one are pages
    pub(crate) fn of(kind: Option<CredentialKind>) -> Self {
        if kind.is_none_or(CredentialKind::is_public) {
            Self::ClientSide
        } else {
            Self::All
        }
    }

    /// The number of flags
    pub(crate) fn count(self, published: &PublishedRevision) -> usize {
        match self {
            Self::All => published.snapshot().flags().len(),
            Self::ClientSide => published.client_side_flags().len(),
        }
    }

    /// The snapshot in which a flag is looked up: a flag that the caller must not see is reported as not existing
    pub(crate) fn snapshot_of<'p>(
        self,
        published: &'p PublishedRevision,
        flag: &str,
    ) -> &'p Arc<Snapshot> {
        if self == Self::All || published.is_client_side(flag) {
            published.snapshot()
        } else {
            &NO_FLAGS
        }
    }
}
