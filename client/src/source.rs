//! Where flags come from: the port that the background thread uses, and its HTTP adapter in the files below

use std::time::Duration;

use flagstaff_core::{ReplicaError, SnapshotError};

pub(crate) mod http;
mod rejection;
mod sse;
mod tls;

/// A server, as the background thread sees it
pub(crate) trait Source {
    /// An open stream
    type Stream: EventStream;

    /// Opens the stream; with the cursor of the last commit only what came after it is sent
    async fn connect(&self, cursor: Option<&str>) -> Result<Self::Stream, SourceError>;

    /// Fetches the whole document, unless it still has this entity tag
    async fn poll(&self, entity_tag: Option<&str>) -> Result<PollResponse, SourceError>;

    /// Acknowledges that the state of this cursor is in use; returns over how long the next acknowledgement is to be spread, if the
    /// server says so
    async fn acknowledge(&self, cursor: &str) -> Result<Option<Duration>, SourceError>;

    /// Sends a usage report, which is JSON text
    async fn report(&self, body: String) -> Result<(), SourceError>;
}

/// The events of one connection
pub(crate) trait EventStream {
    /// The next event; an error ends the connection
    async fn next(&mut self) -> Result<SseEvent, SourceError>;
}

/// A server-sent event
#[derive(Debug, Clone)]
pub(crate) struct SseEvent {
    pub(crate) name: String,
    pub(crate) data: String,
    pub(crate) id: Option<String>,
    /// The reconnection delay that the server asks for
    pub(crate) retry: Option<Duration>,
}

/// The response to a poll
#[derive(Debug)]
pub(crate) enum PollResponse {
    Unchanged,
    Document {
        text: String,
        entity_tag: Option<String>,
    },
}

/// Why a connection ended or a request failed
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// 401, 403 and 404 with a problem of Flagstaff's: trying again soon would not help
    #[error("the server refuses the SDK key or the URL: {detail} (HTTP {status})")]
    Refused { status: u16, detail: String },
    /// Another status with a problem of Flagstaff's
    #[error("the server cannot respond: {detail} (HTTP {status})")]
    Failed {
        status: u16,
        detail: String,
        retry_after: Option<Duration>,
    },
    #[error("HTTP {status}, which is not a response of Flagstaff's")]
    Status {
        status: u16,
        retry_after: Option<Duration>,
    },
    #[error("the server is unreachable")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("expected an event stream, got `{content_type}`")]
    NotAStream { content_type: String },
    #[error("the stream ended")]
    Ended,
    #[error("the server is closing the stream: {reason}")]
    Goodbye {
        reason: String,
        retry_after: Option<Duration>,
    },
    #[error("the stream violates the protocol")]
    Protocol(#[from] ReplicaError),
    #[error("the document is refused")]
    Document(#[from] SnapshotError),
}

impl SourceError {
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// A server that closes a stream as announced has not failed
    pub(crate) fn is_goodbye(&self) -> bool {
        matches!(self, Self::Goodbye { .. })
    }

    /// The minimum delay before the next attempt that the server asks for
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. }
            | Self::Failed { retry_after, .. }
            | Self::Goodbye { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The status of an error response
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. }
            | Self::Failed { status, .. }
            | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}
