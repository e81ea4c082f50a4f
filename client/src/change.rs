//! News of a client: flags that may answer otherwise, and its status

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::blocking::block_on;
use crate::status::Status;

/// Changes that a receiver can fall behind by before it is told that it missed some
pub(crate) const BACKLOG: usize = 256;

/// Something about a client has changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// These flags may answer otherwise than before; by a new revision, or by time alone
    Flags(Arc<[Arc<str>]>),
    /// The status is now this one
    Status(Status),
    /// The receiver was too slow and missed this many changes: look at everything afresh
    Missed(u64),
}

/// Receives the changes of a client from the moment it was made; see [`Client::changes`](crate::Client::changes)
#[derive(Debug)]
pub struct Changes {
    receiver: broadcast::Receiver<Change>,
    closing: watch::Receiver<bool>,
}

impl Changes {
    pub(crate) fn new(
        receiver: broadcast::Receiver<Change>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        Self { receiver, closing }
    }

    /// The next change; `None` once the client is closed and all has been received
    ///
    /// Needs no particular runtime. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<Change> {
        let received = tokio::select! {
            biased; // What was sent before the end is received before the end.
            received = self.receiver.recv() => received,
            // An error means that the client is gone.
            _ = self.closing.wait_for(|is_closing| *is_closing) => return None,
        };
        match received {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Change::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// Blocks this thread until the next change, at most for `timeout`; `None` also when there was none in time
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Change> {
        block_on(self.next(), timeout).flatten()
    }
}
