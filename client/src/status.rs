//! How fresh a client's flags are

use std::fmt;

/// How fresh a client's flags are; evaluation works in every state
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nothing has been received yet: every flag answers the caller's default
    NotReady,
    /// The flags are the server's, or those of an offline document
    Ready,
    /// The flags are the last known ones, and the server is out of reach
    Stale,
    /// The server refuses the key or the address, and nothing is known; the client goes on trying
    Failed,
}

impl Status {
    /// The name that all SDKs share, as `NOT_READY`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotReady => "NOT_READY",
            Self::Ready => "READY",
            Self::Stale => "STALE",
            Self::Failed => "FAILED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How waiting for a client ended; a client that is not ready recovers by itself later
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a client that is not ready answers defaults"]
pub enum Readiness {
    /// The server's flags are in use
    Ready,
    /// The flags are a bootstrap's or a former connection's, and the server has not answered in time
    Stale,
    /// Nothing has been received in time
    TimedOut,
    /// The server refuses the key or the address, and nothing is known
    Failed,
}

impl Readiness {
    /// The name that all SDKs share, as `TIMED_OUT`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Stale => "STALE",
            Self::TimedOut => "TIMED_OUT",
            Self::Failed => "FAILED",
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A status, and whether waiting any longer is worth it
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) status: Status,
    /// The server has refused: the next attempt is minutes away
    pub(crate) is_refused: bool,
}

impl State {
    pub(crate) const fn new(status: Status) -> Self {
        Self {
            status,
            is_refused: false,
        }
    }

    /// How a wait ends in this state before its time is up, if it does
    pub(crate) fn settled(self) -> Option<Readiness> {
        match self.status {
            Status::Ready => Some(Readiness::Ready),
            Status::Failed => Some(Readiness::Failed),
            Status::Stale if self.is_refused => Some(Readiness::Stale),
            Status::Stale | Status::NotReady => None,
        }
    }

    /// How a wait ends in this state when its time is up
    pub(crate) fn timed_out(self) -> Readiness {
        let otherwise = if self.status == Status::Stale {
            Readiness::Stale
        } else {
            Readiness::TimedOut
        };
        self.settled().unwrap_or(otherwise)
    }
}
