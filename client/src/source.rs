//! Where flags come from: the port that the sync task drives, and its HTTP adapter below

use std::time::Duration;

use flagstaff_core::{ReplicaError, SnapshotError};

pub(crate) mod http;
mod sse;
mod tls;

/// A server as the sync task sees it
pub(crate) trait Source {
    /// An open stream
    type Stream: Events;

    /// Opens the stream; with the cursor of the last commit, so that only what came after it is sent
    async fn connect(&self, cursor: Option<&str>) -> Result<Self::Stream, Failure>;

    /// Fetches the whole document, unless it is still the one with this entity tag
    async fn poll(&self, entity_tag: Option<&str>) -> Result<Polled, Failure>;

    /// Says that the state of this cursor is in use; answers over how long the next such word is to be spread, if that was said
    async fn acknowledge(&self, cursor: &str) -> Result<Option<Duration>, Failure>;
}

/// The events of one connection
pub(crate) trait Events {
    /// The next event; an error ends the connection
    async fn next(&mut self) -> Result<WireEvent, Failure>;
}

/// A server-sent event
#[derive(Debug, Clone)]
pub(crate) struct WireEvent {
    pub(crate) name: String,
    pub(crate) data: String,
    pub(crate) id: Option<String>,
    /// What the server asks to wait before a reconnection
    pub(crate) retry: Option<Duration>,
}

/// The answer to a poll
#[derive(Debug)]
pub(crate) enum Polled {
    Unchanged,
    Document {
        text: String,
        entity_tag: Option<String>,
    },
}

/// Why a connection or a poll ended
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// 401, 403, 404: trying again soon would not help
    #[error("the server refuses the key or the address: HTTP {status}")]
    Refused { status: u16 },
    #[error("the server answered HTTP {status}")]
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    #[error("the server is out of reach")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("expected an event stream, got `{content_type}`")]
    NotAStream { content_type: String },
    #[error("the stream ended")]
    Ended,
    #[error("the server says goodbye: {reason}")]
    Goodbye {
        reason: String,
        retry_after: Option<Duration>,
    },
    #[error("the stream breaks the protocol")]
    Protocol(#[from] ReplicaError),
    #[error("the document is refused")]
    Document(#[from] SnapshotError),
}

impl Failure {
    pub(crate) fn of_status(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            401 | 403 | 404 => Self::Refused { status },
            _ => Self::Status {
                status,
                retry_after,
            },
        }
    }

    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// A server that closes as it announced has not failed
    pub(crate) fn is_goodbye(&self) -> bool {
        matches!(self, Self::Goodbye { .. })
    }

    /// The least delay before the next attempt, if the server or the protocol names one
    pub(crate) fn hint(&self, refused_retry: Duration) -> Option<Duration> {
        match self {
            Self::Refused { .. } => Some(refused_retry),
            Self::Status { retry_after, .. } | Self::Goodbye { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
