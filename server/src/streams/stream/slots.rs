//! How many streams are open, and whose: public keys and people must not take the slots of servers

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::access::auth::Principal;
use crate::http::client_address::network;
use crate::runtime::logging::LogLimiter;
use crate::store::CredentialKind;

/// The limits on open streams
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// All streams
    pub all: usize,
    /// Streams of public keys and people together; the rest is reserved for server keys
    pub public: usize,
    /// Streams of one public key; 0 for no limit
    pub key: usize,
    /// Streams of public keys from one address (IPv6: one /64); 0 for no limit
    pub address: usize,
}

impl StreamLimits {
    /// The default limits for this total: four fifths for public keys together, three fifths for one of them, a tenth for one address
    pub const fn of(all: usize) -> Self {
        Self {
            all,
            public: share(all, 4, 5),
            key: share(all, 3, 5),
            address: share(all, 1, 10),
        }
    }
}

/// A fraction of a total, at least 1
const fn share(whole: usize, numerator: usize, denominator: usize) -> usize {
    let part = whole.saturating_mul(numerator).checked_div(denominator);
    match part {
        Some(part) if part > 0 => part,
        _ => 1,
    }
}

/// The limit that another stream would exceed
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamBound {
    /// Of all streams
    All,
    /// Of public keys together
    Public,
    /// Of one key
    Key,
    /// Of one address
    Address,
}

impl StreamBound {
    /// Whether a single caller has reached it
    pub(crate) const fn is_callers(self) -> bool {
        matches!(self, Self::Key | Self::Address)
    }

    /// The error message
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::All => "the limit of open streams is reached",
            Self::Public => "the limit of open streams of client and client-local keys is reached",
            Self::Key => "the limit of open streams of this key is reached",
            Self::Address => "the limit of open streams from your address is reached",
        }
    }

    pub(crate) const ALL: [Self; 4] = [Self::All, Self::Public, Self::Key, Self::Address];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Public => "public",
            Self::Key => "key",
            Self::Address => "address",
        }
    }
}

/// Streams of one person or token: a browser needs one for all its tabs
const PERSON: usize = 32;

/// Streams that are alike
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum StreamGroup {
    /// The objects of an environment
    Objects(i64),
    /// The notices of an environment
    Notices(i64),
    /// The changes of a project, for people
    Changes(i64),
}

/// The open streams
#[derive(Debug)]
pub(crate) struct StreamSlots {
    limits: StreamLimits,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    public: usize,
    keys: HashMap<Arc<str>, usize>,
    addresses: HashMap<IpAddr, usize>,
    groups: HashMap<StreamGroup, Arc<AtomicUsize>>,
    log_limiter: LogLimiter,
}

/// The slot of one stream, which is freed when dropped
#[derive(Debug)]
pub(crate) struct StreamSlot {
    slots: Arc<StreamSlots>,
    group: StreamGroup,
    alike: Arc<AtomicUsize>,
    // Only of a public key.
    key: Option<Arc<str>>,
    address: Option<IpAddr>,
}

impl StreamSlot {
    /// The number of streams of the same group
    pub(crate) fn alike(&self) -> usize {
        self.alike.load(Ordering::Relaxed)
    }
}

impl StreamSlots {
    pub(crate) fn new(limits: StreamLimits) -> Self {
        Self {
            limits,
            open: Mutex::default(),
        }
    }

    /// The number of open streams
    pub(crate) fn count(&self) -> usize {
        self.open().all
    }

    /// Takes a slot for a stream, opened with a key or by a person from an address
    pub(crate) fn take(
        self: &Arc<Self>,
        principal: &Principal,
        address: Option<IpAddr>,
        group: StreamGroup,
    ) -> Result<StreamSlot, StreamBound> {
        let is_public = principal.kind() != CredentialKind::Server;
        let key = is_public.then(|| principal.rate_limit_subject());
        let client = address.filter(|_| is_public);
        let address = client.map(network);
        let mut open = self.open();
        let mut limits = self.limits;
        if matches!(group, StreamGroup::Changes(_)) {
            limits.key = if limits.key == 0 {
                PERSON
            } else {
                limits.key.min(PERSON)
            };
        }
        if let Some(bound) = open.beyond(limits, key.as_ref(), address.as_ref()) {
            let is_logged = open.log_limiter.admit(bound.name());
            drop(open);
            if is_logged {
                warn(bound, limits, (key.as_deref(), client));
            }
            return Err(bound);
        }
        open.all = open.all.saturating_add(1);
        if is_public {
            open.public = open.public.saturating_add(1);
        }
        add(&mut open.keys, key.as_ref());
        add(&mut open.addresses, address.as_ref());
        let alike = Arc::clone(open.groups.entry(group).or_default());
        alike.fetch_add(1, Ordering::Relaxed);
        Ok(StreamSlot {
            slots: Arc::clone(self),
            group,
            alike,
            key,
            address,
        })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// The limit that another stream would exceed; one of public keys if there are several
    fn beyond(
        &self,
        limits: StreamLimits,
        key: Option<&Arc<str>>,
        address: Option<&IpAddr>,
    ) -> Option<StreamBound> {
        // The caller's own limits come first: they explain more than limits that others have used up.
        if is_full(&self.addresses, address, limits.address) {
            Some(StreamBound::Address)
        } else if is_full(&self.keys, key, limits.key) {
            Some(StreamBound::Key)
        } else if key.is_some() && self.public >= limits.public {
            Some(StreamBound::Public)
        } else if self.all >= limits.all {
            Some(StreamBound::All)
        } else {
            None
        }
    }
}

/// Logs that a limit is reached, and by whom
fn warn(bound: StreamBound, limits: StreamLimits, (key, client): (Option<&str>, Option<IpAddr>)) {
    match bound {
        StreamBound::All => tracing::warn!(
            limit = limits.all,
            "the limit of streams is reached (--max-streams)"
        ),
        StreamBound::Public => tracing::warn!(
            limit = limits.public,
            "public keys have as many streams as they may have together (--max-streams)"
        ),
        StreamBound::Key => tracing::warn!(
            key,
            limit = limits.key,
            "a key has as many streams as one may have (--max-streams-key)"
        ),
        StreamBound::Address => tracing::warn!(
            address = client.map(tracing::field::display),
            limit = limits.address,
            "an address has as many streams of public keys as one may have (--max-streams-address); if it is a proxy, name it with --trusted-proxy"
        ),
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut open = self.slots.open();
        open.all = open.all.saturating_sub(1);
        if self.key.is_some() {
            open.public = open.public.saturating_sub(1);
        }
        remove(&mut open.keys, self.key.as_ref());
        remove(&mut open.addresses, self.address.as_ref());
        if self.alike.fetch_sub(1, Ordering::Relaxed) == 1 {
            open.groups.remove(&self.group);
        }
    }
}

fn is_full<K: std::hash::Hash + Eq>(
    counts: &HashMap<K, usize>,
    holder: Option<&K>,
    limit: usize,
) -> bool {
    let count = holder.and_then(|holder| counts.get(holder));
    limit > 0 && count.is_some_and(|count| *count >= limit)
}

fn add<K: std::hash::Hash + Eq + Clone>(counts: &mut HashMap<K, usize>, holder: Option<&K>) {
    if let Some(holder) = holder {
        let count = counts.entry(holder.clone()).or_default();
        *count = count.saturating_add(1);
    }
}

fn remove<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, holder: Option<&K>) {
    let Some(holder) = holder else { return };
    if let Some(count) = counts.get_mut(holder) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(holder);
        }
    }
}
