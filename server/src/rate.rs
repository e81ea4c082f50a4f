//! How often a key, a person or an address may do something
//!
//! Each has so many a second in the long run and ten seconds' worth of them at once: the generic cell rate algorithm, whose whole
//! memory of one payer is the instant until which it has used up what it had. A node decides by what it knows itself, so no request
//! waits for Redis; where there is one, nodes tell each other there what was used, several times a second ([`Limiter::take_untold`]).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Extensions;
use axum::http::request::Parts;
use tokio::time::Instant;

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::client_address::{client_address, network};
use crate::routes::STREAMS;
use crate::state::Clock;

mod sketch;

use sketch::Sketch;

/// Seconds for which what may be done in the long run may be done at once
const BURST: u64 = 10;
const MICROS: u64 = 1_000_000;
/// Who has used less of it than one part in so many is not worth telling other nodes of
const WORTH_TELLING: u64 = 10;
/// Payers that other nodes are told of at a time; more than a node serves between two tellings
const TOLD: usize = 10_000;

/// What is allowed, in times a second; 0 is no limit
#[derive(Debug, Clone)]
pub struct Rates {
    /// Requests with one key
    pub key: u32,
    /// Requests from one address with keys that are no secret, streams aside
    pub address: u32,
    /// Writes with one token, and from one address
    pub writes: u32,
    /// Requests from one address whose token nobody knows
    pub failures: u32,
}

impl Rates {
    /// What is far from what honest callers need, and from what brings a server down
    pub const DEFAULT: Self = Self {
        key: 10_000,
        address: 1_000,
        writes: 300,
        failures: 10,
    };
}

impl Default for Rates {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What is counted apart
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Evaluation,
    Write,
    Failure,
}

/// Who is counted
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Payer {
    /// The holder of a key or token
    Holder(Arc<str>),
    Address(IpAddr),
}

impl Payer {
    fn address(address: IpAddr) -> Self {
        Self::Address(network(address))
    }
}

/// An account, as nodes name it to each other
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    pub(crate) class: Class,
    pub(crate) payer: Payer,
}

impl Account {
    /// Its name in Redis
    pub(crate) fn name(&self) -> String {
        let class = match self.class {
            Class::Evaluation => "evaluation",
            Class::Write => "write",
            Class::Failure => "failure",
        };
        match &self.payer {
            Payer::Holder(id) => format!("{class}:{id}"),
            Payer::Address(address) => format!("{class}:@{address}"),
        }
    }
}

/// Counts, and says when it is too often
#[derive(Debug)]
pub(crate) struct Limiter {
    rates: Rates,
    clock: Clock,
    begun: Instant,
    // The latest that a clock said that somebody sets.
    latest: AtomicU64,
    sketch: Sketch,
    // What the other nodes are to be told, in microseconds of use; `None` where nobody tells them.
    untold: Mutex<Option<HashMap<Account, u64>>>,
}

impl Limiter {
    pub(crate) fn new(rates: Rates, clock: Clock) -> Self {
        Self {
            rates,
            clock,
            begun: Instant::now(),
            latest: AtomicU64::default(),
            sketch: Sketch::new(),
            untold: Mutex::new(None),
        }
    }

    /// Counts a request of somebody who is known
    pub(crate) fn admit(&self, grant: &Grant, parts: &Parts) -> Result<(), ApiError> {
        let address = client_address(&parts.extensions).map(Payer::address);
        let holder = Payer::Holder(grant.payer());
        let Rates {
            key,
            address: evaluations,
            writes,
            ..
        } = self.rates;
        if KeyKind::KEYS.contains(&grant.kind()) {
            self.take(Class::Evaluation, key, holder)?;
            // A server key's requests come from the few addresses of those who keep it secret; streams have their own bound.
            let is_free = grant.kind() == KeyKind::Server || STREAMS.contains(&parts.uri.path());
            let address = address.filter(|_| !is_free);
            return address.map_or(Ok(()), |payer| {
                self.take(Class::Evaluation, evaluations, payer)
            });
        }
        if parts.method.is_safe() {
            return Ok(());
        }
        self.take(Class::Write, writes, holder)?;
        address.map_or(Ok(()), |payer| self.take(Class::Write, writes, payer))
    }

    /// Counts a request of somebody who comes without a key to where none is needed
    pub(crate) fn admit_nobody(&self, extensions: &Extensions) -> Result<(), ApiError> {
        client_address(extensions).map_or(Ok(()), |address| {
            let payer = Payer::address(address);
            self.take(Class::Evaluation, self.rates.address, payer)
        })
    }

    /// Counts a request whose token nobody knows
    pub(crate) fn failure(&self, extensions: &Extensions) -> Result<(), ApiError> {
        client_address(extensions).map_or(Ok(()), |address| {
            let payer = Payer::address(address);
            self.take(Class::Failure, self.rates.failures, payer)
        })
    }

    /// Refuses whoever has failed so often that they may not once more
    pub(crate) fn may_fail(&self, extensions: &Extensions) -> Result<(), ApiError> {
        let interval = interval(self.rates.failures);
        let (Some(address), Some(interval)) = (client_address(extensions), interval) else {
            return Ok(());
        };
        let account = Account {
            class: Class::Failure,
            payer: Payer::address(address),
        };
        check(self.sketch.used(&account, self.now()), interval)
    }

    fn take(&self, class: Class, rate: u32, payer: Payer) -> Result<(), ApiError> {
        let Some(interval) = interval(rate) else {
            return Ok(());
        };
        let account = Account { class, payer };
        let now = self.now();
        let used = self.sketch.used(&account, now);
        check(used, interval)?;
        self.sketch.add(&account, now, interval);
        if used > burst() / WORTH_TELLING {
            self.note(account, interval);
        }
        Ok(())
    }

    fn note(&self, account: Account, used: u64) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(untold) = &mut *untold
            && (untold.len() < TOLD || untold.contains_key(&account))
        {
            let sum = untold.entry(account).or_default();
            *sum = sum.saturating_add(used);
        }
    }

    /// What the other nodes have not been told yet: microseconds of use by account. From the first call on it is kept for the next one.
    pub(crate) fn take_untold(&self) -> HashMap<Account, u64> {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.replace(HashMap::new()).unwrap_or_default()
    }

    /// Learns what all nodes together have let an account use
    pub(crate) fn learn(&self, account: &Account, used: u64) {
        self.sketch.raise(account, self.now(), used);
    }

    /// Microseconds since some instant, which never go back
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

/// Microseconds that one of so many a second uses up
fn interval(rate: u32) -> Option<u64> {
    MICROS
        .checked_div(rate.into())
        .map(|interval| interval.max(1))
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
