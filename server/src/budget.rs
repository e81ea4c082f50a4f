//! Bytes of bodies and of responses that the server holds at a time, however slowly they are sent and read
//!
//! A connection costs its client next to nothing, and holds what is read from it until that is whole, and what it is sent until that is
//! read. So what is long has to have room before it is read or made, and keeps it until it is gone.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api_error::ApiError;
use crate::bounded::MAX_WAIT;

/// What is no longer is not counted: the number of connections bounds it
pub(crate) const FREE: usize = 64 << 10;

/// How many bytes may be held, half of them by holders of keys that are no secret and those without a key, half by all others
#[derive(Debug)]
pub(crate) struct Budget {
    public: Half,
    secret: Half,
}

#[derive(Debug)]
struct Half {
    free: Arc<Semaphore>,
    all: u32,
}

impl Half {
    fn new(bytes: usize) -> Self {
        let all = u32::try_from(bytes).unwrap_or(u32::MAX);
        let permits = usize::try_from(all).unwrap_or(bytes);
        Self {
            free: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            all,
        }
    }

    /// The permits for so many bytes; what is longer than all there is takes it all
    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes).unwrap_or(u32::MAX).min(self.all)
    }
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            public: Half::new(bytes / 2),
            secret: Half::new(bytes / 2),
        }
    }

    fn half(&self, is_public: bool) -> &Half {
        if is_public {
            &self.public
        } else {
            &self.secret
        }
    }

    /// Room for so many bytes, as soon as there is some
    pub(crate) async fn hold(&self, is_public: bool, bytes: usize) -> Result<Hold, ApiError> {
        if bytes <= FREE {
            return Ok(Hold(None));
        }
        let half = self.half(is_public);
        let permit = Arc::clone(&half.free).acquire_many_owned(half.permits(bytes));
        match tokio::time::timeout(MAX_WAIT, permit).await {
            Ok(Ok(permit)) => Ok(Hold(Some(permit))),
            _ => Err(ApiError::unavailable(
                "too many long bodies or responses are under way: try again",
            )),
        }
    }

    /// Room for so many bytes, if there is some now
    pub(crate) fn try_hold(&self, is_public: bool, bytes: usize) -> Option<Hold> {
        if bytes <= FREE {
            return Some(Hold(None));
        }
        let half = self.half(is_public);
        let permit = Arc::clone(&half.free).try_acquire_many_owned(half.permits(bytes));
        permit.ok().map(|permit| Hold(Some(permit)))
    }
}

/// Room for bytes, free again when this is dropped
#[derive(Debug)]
pub(crate) struct Hold(Option<OwnedSemaphorePermit>);

impl Hold {
    /// The same bytes, which have this room until the last of them is dropped; what they do not need is free at once
    ///
    /// It goes with the bytes and not with a body: a body is dropped when its bytes are handed on, and not when they are sent.
    pub(crate) fn keep(self, bytes: Bytes) -> Bytes {
        let Some(mut permit) = self.0.filter(|_| bytes.len() > FREE) else {
            return bytes;
        };
        drop(permit.split(permit.num_permits().saturating_sub(bytes.len())));
        Bytes::from_owner(Held {
            bytes,
            _permit: permit,
        })
    }
}

struct Held {
    bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
