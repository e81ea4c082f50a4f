//! Rate limits of keys, people and addresses
//!
//! Each may make a number of requests per second on average, and ten seconds' worth of them at once. This is the generic cell rate
//! algorithm, which stores for each subject only the instant until which its budget is used up. A node decides by its own data, so no
//! request waits for Redis. With Redis, nodes exchange their use several times a second ([`RateLimiter::take_unshared`]).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::http::Extensions;
use axum::http::request::Parts;
use tokio::time::Instant;

use crate::http::api_error::ApiError;
use crate::http::budget::Caller;
use crate::http::client_address::{client_address, network};
use crate::runtime::clock::Clock;
use crate::store::CredentialKind;

mod sketch;

use sketch::CountMinSketch;

/// Seconds' worth of requests that may be made at once
const BURST: u64 = 10;
const MICROS: u64 = 1_000_000;
/// A subject that has used less than this fraction of its budget is not reported to other nodes
const UNREPORTED_PART: u64 = 10;
/// Redis is not trusted: whatever it contains, a node allows each key this fraction of its limit
const OWN_SHARE: u64 = 10;
/// The maximum number of keys in one report to other nodes; more than a node serves in between
const MAX_UNSHARED: usize = 10_000;

/// One address gets at most this fraction of a public key's budget, whatever the limit of addresses
const KEY_PARTS: u32 = 4;
/// The number of outcomes in one unit; a request with more pays for each begun hundred
const OUTCOMES: usize = 100;
/// The number of response bytes in one unit
const BYTES: usize = 64 << 10;

/// The limits in units per second; 0 is no limit. A request costs one unit, and more if it is much work
#[derive(Debug, Clone)]
pub struct Rates {
    /// Requests with one key
    pub key: u32,
    /// Requests from one address with public keys
    pub address: u32,
    /// Reads by one person or token, and from one address
    pub reads: u32,
    /// Writes by one person or token, and from one address
    pub writes: u32,
    /// Requests from one address with unknown tokens
    pub failures: u32,
}

impl Rates {
    /// Far from what honest callers need, and from what a server cannot bear
    pub const DEFAULT: Self = Self {
        key: 10_000,
        address: 1_000,
        reads: 300,
        writes: 300,
        failures: 10,
    };
}

impl Rates {
    /// The limit of one address for public keys, so that no single host uses up the budget of all users of a key
    fn public_address(&self) -> u32 {
        match (self.address, self.key) {
            (0, _) | (_, 0) => self.address,
            (address, key) => address.min(key.div_ceil(KEY_PARTS)),
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Kinds of requests that are counted separately
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Evaluation,
    Read,
    Write,
    Failure,
}

/// Whose requests are counted
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum RateLimitSubject {
    /// The holder of a key or token
    Holder(Arc<str>),
    Address(IpAddr),
}

impl RateLimitSubject {
    fn address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }
}

/// A key of the rate limiter, with the same name at all nodes
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RateLimitKey {
    pub(crate) class: Class,
    pub(crate) subject: RateLimitSubject,
}

impl RateLimitKeys {
    /// The keys of those subjects that are known and have a limit
    fn new<const N: usize>(
        class: Class,
        caller: Caller,
        subjects: [(Option<RateLimitSubject>, u32); N],
    ) -> Self {
        let keys = subjects.into_iter().filter_map(|(subject, rate)| {
            let subject = subject?;
            Some((RateLimitKey { class, subject }, interval(rate)?))
        });
        Self {
            keys: keys.collect(),
            caller,
        }
    }

    /// The caller, for the budget of memory
    pub(crate) fn caller(&self) -> Caller {
        self.caller
    }
}

impl RateLimitKey {
    /// Its name in Redis
    pub(crate) fn name(&self) -> String {
        let class = match self.class {
            Class::Evaluation => "evaluation",
            Class::Read => "read",
            Class::Write => "write",
            Class::Failure => "failure",
        };
        match &self.subject {
            RateLimitSubject::Holder(id) => format!("{class}:{id}"),
            RateLimitSubject::Address(address) => format!("{class}:@{address}"),
        }
    }
}

/// The keys that a request is charged to, each with the cost of a unit in microseconds, and the caller
#[derive(Debug, Clone)]
pub(crate) struct RateLimitKeys {
    keys: Arc<[(RateLimitKey, u64)]>,
    caller: Caller,
}

impl Default for RateLimitKeys {
    fn default() -> Self {
        Self {
            keys: Arc::default(),
            caller: Caller::Public(None),
        }
    }
}

/// Counts requests and decides which are too many
#[derive(Debug)]
pub(crate) struct RateLimiter {
    rates: Rates,
    clock: Clock,
    begun: Instant,
    // The latest time of a manual clock.
    latest: AtomicU64,
    sketch: CountMinSketch,
    // What this node has admitted, each request counted [`OWN_SHARE`] times; used if there is Redis.
    own: OnceLock<CountMinSketch>,
    // Use that the other nodes have not been sent yet, in microseconds; `None` without other nodes.
    unshared: Mutex<Option<HashMap<RateLimitKey, u64>>>,
}

impl RateLimiter {
    pub(crate) fn new(rates: Rates, clock: Clock) -> Self {
        Self {
            rates,
            clock,
            begun: Instant::now(),
            latest: AtomicU64::default(),
            sketch: CountMinSketch::new(),
            own: OnceLock::new(),
            unshared: Mutex::new(None),
        }
    }

    /// Counts a request of a known caller; returns the keys to which more can be charged
    pub(crate) fn admit(
        &self,
        kind: CredentialKind,
        subject: Arc<str>,
        parts: &Parts,
    ) -> Result<RateLimitKeys, ApiError> {
        let rates = &self.rates;
        let (class, holder, address) = match kind {
            // The requests of a server key come from the few addresses of those who have it.
            CredentialKind::Server => (Class::Evaluation, rates.key, 0),
            CredentialKind::Client | CredentialKind::ClientLocal => {
                (Class::Evaluation, rates.key, rates.public_address())
            }
            CredentialKind::Viewer | CredentialKind::Editor | CredentialKind::Admin
                if parts.method.is_safe() =>
            {
                (Class::Read, rates.reads, rates.reads)
            }
            CredentialKind::Viewer | CredentialKind::Editor | CredentialKind::Admin => {
                (Class::Write, rates.writes, rates.writes)
            }
        };
        let client = client_address(&parts.extensions);
        let caller = if kind.is_public() {
            Caller::Public(client.map(network))
        } else {
            Caller::Secret
        };
        let rate_limit_keys = RateLimitKeys::new(
            class,
            caller,
            [
                (client.map(RateLimitSubject::address), address),
                (Some(RateLimitSubject::Holder(subject)), holder),
            ],
        );
        self.charge(&rate_limit_keys, 1)?;
        Ok(rate_limit_keys)
    }

    /// Counts a request without a key, where none is needed
    pub(crate) fn admit_nobody(&self, extensions: &Extensions) -> Result<RateLimitKeys, ApiError> {
        let address = client_address(extensions);
        let rate_limit_keys = RateLimitKeys::new(
            Class::Evaluation,
            Caller::Public(address.map(network)),
            [(address.map(RateLimitSubject::address), self.rates.address)],
        );
        self.charge(&rate_limit_keys, 1)?;
        Ok(rate_limit_keys)
    }

    /// Charges units, or nothing if one of the keys has no room for one more
    ///
    /// A large request may overdraw a key, so that no request is too large ever to be served; its caller waits the longer.
    fn charge(&self, rate_limit_keys: &RateLimitKeys, units: usize) -> Result<(), ApiError> {
        let now = self.now();
        for (key, interval) in &*rate_limit_keys.keys {
            self.check(key, now, *interval)?;
        }
        self.add(rate_limit_keys, units);
        Ok(())
    }

    /// Charges for the outcomes of a request before they are evaluated; the first hundred are included in the request
    pub(crate) fn charge_outcomes(
        &self,
        rate_limit_keys: &RateLimitKeys,
        outcomes: usize,
    ) -> Result<(), ApiError> {
        match outcomes.div_ceil(OUTCOMES).saturating_sub(1) {
            0 => Ok(()),
            units => self.charge(rate_limit_keys, units),
        }
    }

    /// Charges units for work that is done already
    fn add(&self, rate_limit_keys: &RateLimitKeys, units: usize) {
        if units == 0 {
            return;
        }
        let now = self.now();
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        for (key, interval) in &*rate_limit_keys.keys {
            let used = self.sketch.used(key, now);
            let cost = interval.saturating_mul(units);
            self.sketch.add(key, now, cost);
            if let Some(own) = self.own.get() {
                own.add_up_to(key, (now, own_share(cost)), burst());
            }
            if used.max(cost) > burst() / UNREPORTED_PART {
                self.add_unshared(key.clone(), cost);
            }
        }
    }

    /// Charges for the bytes of a response before it is made; those of one unit are included in the request
    pub(crate) fn charge_bytes(
        &self,
        rate_limit_keys: &RateLimitKeys,
        bytes: usize,
    ) -> Result<(), ApiError> {
        match bytes / BYTES {
            0 => Ok(()),
            units => self.charge(rate_limit_keys, units),
        }
    }

    /// Charges for the bytes of a response that has been made; those of one unit are included in the request
    pub(crate) fn add_bytes(&self, rate_limit_keys: &RateLimitKeys, bytes: usize) {
        match bytes / BYTES {
            0 => {}
            units => self.add(rate_limit_keys, units),
        }
    }

    /// Counts a request with an unknown token
    pub(crate) fn record_auth_failure(&self, extensions: &Extensions) -> Result<(), ApiError> {
        self.charge(&self.failures(extensions), 1)
    }

    /// Refuses an address that has sent too many unknown tokens
    pub(crate) fn check_auth_failures(&self, extensions: &Extensions) -> Result<(), ApiError> {
        self.charge(&self.failures(extensions), 0)
    }

    fn failures(&self, extensions: &Extensions) -> RateLimitKeys {
        let address = client_address(extensions);
        RateLimitKeys::new(
            Class::Failure,
            Caller::Public(address.map(network)),
            [(address.map(RateLimitSubject::address), self.rates.failures)],
        )
    }

    /// Whether there is room for one more, by what all nodes have admitted, or else in this node's own share
    fn check(&self, key: &RateLimitKey, now: u64, interval: u64) -> Result<(), ApiError> {
        let checked = check(self.sketch.used(key, now), interval);
        let own = self.own.get().filter(|_| checked.is_err());
        let share = own.map(|own| check(own.used(key, now), own_share(interval)));
        if share.is_some_and(|share| share.is_ok()) {
            Ok(())
        } else {
            checked
        }
    }

    fn add_unshared(&self, key: RateLimitKey, used: u64) {
        let mut unshared = self.unshared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(unshared) = &mut *unshared
            && (unshared.len() < MAX_UNSHARED || unshared.contains_key(&key))
        {
            let sum = unshared.entry(key).or_default();
            *sum = sum.saturating_add(used);
        }
    }

    /// Returns the use that the other nodes have not been sent yet, in microseconds by key; it is recorded from the first call on
    pub(crate) fn take_unshared(&self) -> HashMap<RateLimitKey, u64> {
        self.own.get_or_init(CountMinSketch::new);
        let mut unshared = self.unshared.lock().unwrap_or_else(PoisonError::into_inner);
        unshared.replace(HashMap::new()).unwrap_or_default()
    }

    /// Adds the use that all nodes together have admitted, at most the whole budget of a key
    pub(crate) fn merge_shared(&self, key: &RateLimitKey, used: u64) {
        self.sketch.raise(key, self.now(), used.min(burst()));
    }

    /// Microseconds since some instant, never going back
    fn now(&self) -> u64 {
        match &self.clock {
            Clock::System => u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            Clock::Manual(_) => {
                let millis = u64::try_from(self.clock.now().as_millis()).unwrap_or_default();
                let now = millis.saturating_mul(1_000);
                self.latest.fetch_max(now, Ordering::Relaxed).max(now)
            }
        }
    }
}

const fn burst() -> u64 {
    BURST * MICROS
}

/// Microseconds that one unit costs at this rate
fn interval(rate: u32) -> Option<u64> {
    MICROS
        .checked_div(rate.into())
        .map(|interval| interval.max(1))
}

/// How much of a node's own share is used up by this use of the whole
const fn own_share(used: u64) -> u64 {
    used.saturating_mul(OWN_SHARE)
}

/// Whether there is room for one more
fn check(used: u64, interval: u64) -> Result<(), ApiError> {
    let over = used.saturating_add(interval).saturating_sub(burst());
    if over == 0 {
        return Ok(());
    }
    Err(ApiError::TooManyRequests {
        retry_after: over.div_ceil(MICROS),
    })
}

#[cfg(test)]
mod tests;
