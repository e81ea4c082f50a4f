//! Events of a client: flags may have other values, or the status is another one

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::blocking::block_on;
use crate::status::Status;

/// How many changes a receiver can fall behind before it misses some
pub(crate) const MAX_BACKLOG: usize = 256;

/// A function that is called with every change
pub(crate) type ChangeCallback = Arc<dyn Fn(&ClientChange) + Send + Sync>;

/// Something about a client has changed
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientChange {
    /// These flags may have other values than before, because of a new revision or because of time alone
    Flags(Arc<[Arc<str>]>),
    /// The status is now this one
    Status(Status),
    /// The receiver was too slow and missed this many changes: read everything again
    Lagged(u64),
}

/// Receives the changes of a client from the moment it was made; see [`Client::changes`](crate::Client::changes)
#[derive(Debug)]
pub struct ChangeReceiver {
    receiver: broadcast::Receiver<ClientChange>,
    closing: watch::Receiver<bool>,
}

impl ChangeReceiver {
    pub(crate) fn new(
        receiver: broadcast::Receiver<ClientChange>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        Self { receiver, closing }
    }

    /// The next change; `None` once the client is closed and all changes have been received
    ///
    /// Needs no particular async runtime, and is cancel-safe.
    pub async fn next(&mut self) -> Option<ClientChange> {
        let received = tokio::select! {
            biased; // Changes that were sent before the client was closed are received before the end.
            received = self.receiver.recv() => received,
            // An error means that the client was dropped.
            _ = self.closing.wait_for(|is_closing| *is_closing) => return None,
        };
        match received {
            Ok(change) => Some(change),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(ClientChange::Lagged(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// Blocks this thread until the next change, at most for `timeout`; `None` also when the time is up
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<ClientChange> {
        block_on(self.next(), timeout).flatten()
    }
}
