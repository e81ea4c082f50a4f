//! The states of a client

use std::fmt;

/// How fresh a client's flags are; evaluation works in every state
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nothing has been received yet: getters return the caller's default
    NotReady,
    /// The flags are up to date, or those of an offline document
    Ready,
    /// The flags are the last known ones: the server is unreachable or refuses the client
    Stale,
    /// Nothing has been received, and the server refuses the key or the URL; the client keeps trying
    Failed,
}

impl Status {
    pub(crate) const ALL: [Self; 4] = [Self::NotReady, Self::Ready, Self::Stale, Self::Failed];

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

/// How waiting for a client ended; the client keeps trying after each of them
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a client that is not ready returns defaults"]
pub enum Readiness {
    /// The flags are up to date
    Ready,
    /// The flags are those of the bootstrap or of an earlier connection: the server cannot be reached, or did not respond in time
    Stale,
    /// Nothing was received in time
    TimedOut,
    /// Nothing was received, and the server refuses the key or the URL
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

/// A status, and whether waiting for another one is useful
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConnectionState {
    pub(crate) status: Status,
    /// The last attempt to reach the server has failed
    pub(crate) is_unreachable: bool,
}

impl ConnectionState {
    pub(crate) const fn new(status: Status) -> Self {
        Self {
            status,
            is_unreachable: false,
        }
    }

    /// How a wait ends in this state before its time is up; `None` if it continues
    pub(crate) fn settled(self) -> Option<Readiness> {
        match self.status {
            Status::Ready => Some(Readiness::Ready),
            Status::Failed => Some(Readiness::Failed),
            // With flags of an earlier time nobody has to wait for a server that is away.
            Status::Stale if self.is_unreachable => Some(Readiness::Stale),
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
