//! Limits the memory of all bodies and responses that the server holds at a time, however slowly clients send and read them
//!
//! A connection costs a client almost nothing, but the server holds its body until it is complete, and its response until it is read. So
//! memory for long bodies and responses is reserved before they are read or made, and released when they are dropped.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::api_error::ApiError;
use crate::http::bounded::MAX_WAIT;

/// Bodies up to this size are not counted: the number of connections limits them
pub(crate) const FREE: usize = 64 << 10;

/// One address holds at most a quarter of the public half, so that no single host uses it up by reading slowly
const ADDRESS_PARTS: usize = 4;

/// The kind of caller that bytes are counted for
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The holder of a secret: a server key or an access token
    Secret,
    /// The holder of a public key, or of none, at an address if it is known (IPv6: the /64)
    Public(Option<IpAddr>),
}

impl Caller {
    pub(crate) fn is_public(self) -> bool {
        self != Self::Secret
    }
}

/// The limits on held bytes: half for public callers, half for all others
#[derive(Debug)]
pub(crate) struct Budget {
    public: Share,
    secret: Share,
    /// The limit of one address within the public half
    address_bytes: usize,
    /// The addresses that hold something, or did recently
    addresses: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
}

/// A limit on a number of bytes
#[derive(Debug, Clone)]
struct Share {
    free: Arc<Semaphore>,
    all: usize,
}

impl Share {
    fn new(bytes: usize) -> Self {
        let all = bytes.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        Self {
            free: Arc::new(Semaphore::new(all)),
            all,
        }
    }

    /// The permits for this many bytes; at most all of them
    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.min(self.all)).unwrap_or(u32::MAX)
    }

    async fn acquire(self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = self.permits(bytes);
        self.free.acquire_many_owned(permits).await.ok()
    }

    fn try_acquire(self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = self.permits(bytes);
        self.free.try_acquire_many_owned(permits).ok()
    }
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let public = Share::new(bytes / 2);
        Self {
            address_bytes: public.all / ADDRESS_PARTS,
            public,
            secret: Share::new(bytes / 2),
            addresses: Mutex::default(),
        }
    }

    /// The limits that a caller's bytes count against; at most all of an address's limit
    fn shares(&self, caller: Caller, bytes: usize) -> Shares {
        let address = match caller {
            Caller::Secret | Caller::Public(None) => None,
            Caller::Public(Some(address)) => Some(self.of_address(address)),
        };
        let half = if caller.is_public() {
            &self.public
        } else {
            &self.secret
        };
        Shares {
            bytes: address.as_ref().map_or(bytes, |share| share.all.min(bytes)),
            half: half.clone(),
            address,
        }
    }

    fn of_address(&self, address: IpAddr) -> Share {
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = addresses.get(&address).and_then(Weak::upgrade);
        let free = known.unwrap_or_else(|| {
            // Whenever the map would grow: then removing unused addresses costs little for each.
            if addresses.len() == addresses.capacity() {
                addresses.retain(|_, free| free.strong_count() > 0);
            }
            let free = Arc::new(Semaphore::new(self.address_bytes));
            addresses.insert(address, Arc::downgrade(&free));
            free
        });
        Share {
            free,
            all: self.address_bytes,
        }
    }

    /// Waits for room for this many bytes
    pub(crate) async fn hold(&self, caller: Caller, bytes: usize) -> Result<Hold, ApiError> {
        if bytes <= FREE {
            return Ok(Hold(None));
        }
        let room = self.shares(caller, bytes).acquire();
        match tokio::time::timeout(MAX_WAIT, room).await {
            Ok(Some(room)) => Ok(Hold(Some(room))),
            _ => Err(ApiError::unavailable(
                "too many long bodies or responses are under way: try again",
            )),
        }
    }

    /// Room for this many bytes, if there is some now
    pub(crate) fn try_hold(&self, caller: Caller, bytes: usize) -> Option<Hold> {
        if bytes <= FREE {
            return Some(Hold(None));
        }
        let room = self.shares(caller, bytes).try_acquire()?;
        Some(Hold(Some(room)))
    }
}

/// The limits that bytes count against; the address's comes first, so that a caller that waits for it holds nothing of the others
struct Shares {
    address: Option<Share>,
    half: Share,
    bytes: usize,
}

impl Shares {
    async fn acquire(self) -> Option<Room> {
        let address = match self.address {
            Some(share) => Some(share.acquire(self.bytes).await?),
            None => None,
        };
        let half = self.half.acquire(self.bytes).await?;
        Some(Room { half, address })
    }

    fn try_acquire(self) -> Option<Room> {
        let address = match self.address {
            Some(share) => Some(share.try_acquire(self.bytes)?),
            None => None,
        };
        let half = self.half.try_acquire(self.bytes)?;
        Some(Room { half, address })
    }
}

/// Permits that were taken
#[derive(Debug)]
struct Room {
    half: OwnedSemaphorePermit,
    address: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Releases all but this many bytes
    fn shrink_to(&mut self, bytes: usize) {
        for permit in std::iter::once(&mut self.half).chain(&mut self.address) {
            drop(permit.split(permit.num_permits().saturating_sub(bytes)));
        }
    }
}

/// Room for bytes, released on drop
#[derive(Debug)]
pub(crate) struct Hold(Option<Room>);

impl Hold {
    /// Attaches this room to bytes until the last reference to them is dropped; releases at once what they do not need
    ///
    /// The room belongs to the bytes and not to the body: a body is dropped when its bytes are handed on, not when they are sent.
    pub(crate) fn keep(self, bytes: Bytes) -> Bytes {
        let Some(mut room) = self.0.filter(|_| bytes.len() > FREE) else {
            return bytes;
        };
        room.shrink_to(bytes.len());
        Bytes::from_owner(Held { bytes, _room: room })
    }
}

struct Held {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEBIBYTE: usize = 1 << 20;

    fn at(last: u8) -> Caller {
        Caller::Public(Some(IpAddr::from([192, 0, 2, last])))
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_holds_at_most_a_quarter_of_what_there_is_for_public_callers() {
        let budget = Budget::new(8 * MEBIBYTE);
        let first = budget.hold(at(1), 600_000).await.unwrap();
        assert!(budget.try_hold(at(1), 600_000).is_none());
        assert!(budget.hold(at(1), 600_000).await.is_err());
        // A longer body takes all of the limit, once it is free.
        let whole: Vec<Hold> = (2..5)
            .map(|last| budget.try_hold(at(last), 8 * MEBIBYTE).unwrap())
            .collect();
        assert!(budget.try_hold(Caller::Secret, 4 * MEBIBYTE).is_some());
        let bytes = first.keep(Bytes::from(vec![0; 100_000]));
        assert!(budget.try_hold(at(1), 900_000).is_some());
        assert!(budget.try_hold(at(1), MEBIBYTE).is_none());
        drop(bytes);
        assert!(budget.try_hold(at(1), MEBIBYTE).is_some());
        drop(whole);
    }

    #[tokio::test]
    async fn addresses_that_hold_nothing_are_forgotten() {
        let budget = Budget::new(8 * MEBIBYTE);
        for low in 0..=u8::MAX {
            for last in 0..=u8::MAX {
                let address = IpAddr::from([198, 51, low, last]);
                drop(budget.try_hold(Caller::Public(Some(address)), MEBIBYTE));
            }
        }
        assert!(budget.addresses.lock().unwrap().capacity() < 100);
    }
}
