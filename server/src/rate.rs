//! How often a key, a person or an address may do something
//!
//! Each has so many a second in the long run and ten seconds' worth of them at once: the generic cell rate algorithm, whose whole
//! memory of one payer is the instant until which it has used up what it had. A node decides by what it knows itself, so no request
//! waits for Redis; where there is one, nodes tell each other there what was used, several times a second ([`Limiter::take_untold`]).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::http::Extensions;
use axum::http::request::Parts;
use tokio::time::Instant;

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::client_address::{client_address, network};
use crate::state::Clock;

mod sketch;

use sketch::Sketch;

/// Seconds for which what may be done in the long run may be done at once
const BURST: u64 = 10;
const MICROS: u64 = 1_000_000;
/// Who has used less of it than one part in so many is not worth telling other nodes of
const WORTH_TELLING: u64 = 10;
/// Whatever is said in Redis, where nodes are believed without a proof, a node lets an account do one part in so many of what it may do
const OWN_SHARE: u64 = 10;
/// Payers that other nodes are told of at a time; more than a node serves between two tellings
const TOLD: usize = 10_000;

/// Of the budget of a key that is no secret, one address gets at most one part in so many, whatever an address may have
const KEY_PARTS: u32 = 4;
/// Outcomes that a request pays for with one unit; one that comes to more pays for each begun hundred
const OUTCOMES: usize = 100;
/// Bytes of a response that a request pays for with one unit
const BYTES: usize = 64 << 10;

/// What is allowed, in units a second; 0 is no limit. A request costs one unit, and more where it is much work
#[derive(Debug, Clone)]
pub struct Rates {
    /// Requests with one key
    pub key: u32,
    /// Requests from one address with keys that are no secret
    pub address: u32,
    /// Reads by one person or token, and from one address
    pub reads: u32,
    /// Writes by one person or token, and from one address
    pub writes: u32,
    /// Requests from one address whose token nobody knows
    pub failures: u32,
}

impl Rates {
    /// What is far from what honest callers need, and from what brings a server down
    pub const DEFAULT: Self = Self {
        key: 10_000,
        address: 1_000,
        reads: 300,
        writes: 300,
        failures: 10,
    };
}

impl Rates {
    /// What one address may have of keys that are no secret, so that no host alone uses up what there is for all users of one
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

/// What is counted apart
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Evaluation,
    Read,
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

impl Bill {
    /// The accounts of those payers that there are, without those that have no limit
    fn new<const N: usize>(class: Class, payers: [(Option<Payer>, u32); N]) -> Self {
        let accounts = payers.into_iter().filter_map(|(payer, rate)| {
            let payer = payer?;
            Some((Account { class, payer }, interval(rate)?))
        });
        Self(accounts.collect())
    }
}

impl Account {
    /// Its name in Redis
    pub(crate) fn name(&self) -> String {
        let class = match self.class {
            Class::Evaluation => "evaluation",
            Class::Read => "read",
            Class::Write => "write",
            Class::Failure => "failure",
        };
        match &self.payer {
            Payer::Holder(id) => format!("{class}:{id}"),
            Payer::Address(address) => format!("{class}:@{address}"),
        }
    }
}

/// The accounts that a request is charged to, and what a unit is in each, in microseconds
#[derive(Debug, Clone, Default)]
pub(crate) struct Bill(Arc<[(Account, u64)]>);

/// Counts, and says when it is too often
#[derive(Debug)]
pub(crate) struct Limiter {
    rates: Rates,
    clock: Clock,
    begun: Instant,
    // The latest that a clock said that somebody sets.
    latest: AtomicU64,
    sketch: Sketch,
    // What was let through here alone, each time counted [`OWN_SHARE`] times; kept where others are believed.
    own: OnceLock<Sketch>,
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
            own: OnceLock::new(),
            untold: Mutex::new(None),
        }
    }

    /// Counts a request of somebody who is known; the accounts that more of it is charged to
    pub(crate) fn admit(&self, grant: &Grant, parts: &Parts) -> Result<Bill, ApiError> {
        let rates = &self.rates;
        let (class, holder, address) = match grant.kind() {
            // A server key's requests come from the few addresses of those who keep it secret.
            KeyKind::Server => (Class::Evaluation, rates.key, 0),
            KeyKind::Client | KeyKind::ClientLocal => {
                (Class::Evaluation, rates.key, rates.public_address())
            }
            KeyKind::Viewer | KeyKind::Editor | KeyKind::Admin if parts.method.is_safe() => {
                (Class::Read, rates.reads, rates.reads)
            }
            KeyKind::Viewer | KeyKind::Editor | KeyKind::Admin => {
                (Class::Write, rates.writes, rates.writes)
            }
        };
        let bill = Bill::new(
            class,
            [
                (
                    client_address(&parts.extensions).map(Payer::address),
                    address,
                ),
                (Some(Payer::Holder(grant.payer())), holder),
            ],
        );
        self.charge(&bill, 1)?;
        Ok(bill)
    }

    /// Counts a request of somebody who comes without a key to where none is needed
    pub(crate) fn admit_nobody(&self, extensions: &Extensions) -> Result<Bill, ApiError> {
        let address = client_address(extensions).map(Payer::address);
        let bill = Bill::new(Class::Evaluation, [(address, self.rates.address)]);
        self.charge(&bill, 1)?;
        Ok(bill)
    }

    /// Charges so many units, or none at all if an account has no room for one more
    ///
    /// An account may be overdrawn by one large request, so that there is none that is never served; whoever did it waits for longer.
    fn charge(&self, bill: &Bill, units: usize) -> Result<(), ApiError> {
        let now = self.now();
        for (account, interval) in &*bill.0 {
            self.check(account, now, *interval)?;
        }
        self.add(bill, units);
        Ok(())
    }

    /// Charges for the outcomes of a request before they are evaluated; the first hundred are part of it
    pub(crate) fn charge_outcomes(&self, bill: &Bill, outcomes: usize) -> Result<(), ApiError> {
        match outcomes.div_ceil(OUTCOMES).saturating_sub(1) {
            0 => Ok(()),
            units => self.charge(bill, units),
        }
    }

    /// Charges so many units for what is done already
    fn add(&self, bill: &Bill, units: usize) {
        if units == 0 {
            return;
        }
        let now = self.now();
        let units = u64::try_from(units).unwrap_or(u64::MAX);
        for (account, interval) in &*bill.0 {
            let used = self.sketch.used(account, now);
            let cost = interval.saturating_mul(units);
            self.sketch.add(account, now, cost);
            if let Some(own) = self.own.get() {
                own.add_up_to(account, (now, own_share(cost)), burst());
            }
            if used.max(cost) > burst() / WORTH_TELLING {
                self.note(account.clone(), cost);
            }
        }
    }

    /// Charges for the bytes of a response before it is made; those of one unit are part of the request
    pub(crate) fn charge_bytes(&self, bill: &Bill, bytes: usize) -> Result<(), ApiError> {
        match bytes / BYTES {
            0 => Ok(()),
            units => self.charge(bill, units),
        }
    }

    /// Charges for the bytes of a response that is made; those of one unit are part of the request
    pub(crate) fn add_bytes(&self, bill: &Bill, bytes: usize) {
        match bytes / BYTES {
            0 => {}
            units => self.add(bill, units),
        }
    }

    /// Counts a request whose token nobody knows
    pub(crate) fn failure(&self, extensions: &Extensions) -> Result<(), ApiError> {
        self.charge(&self.failures(extensions), 1)
    }

    /// Refuses whoever has failed so often that they may not once more
    pub(crate) fn may_fail(&self, extensions: &Extensions) -> Result<(), ApiError> {
        self.charge(&self.failures(extensions), 0)
    }

    fn failures(&self, extensions: &Extensions) -> Bill {
        let address = client_address(extensions).map(Payer::address);
        Bill::new(Class::Failure, [(address, self.rates.failures)])
    }

    /// Whether there is room for one more by what all nodes are said to have let through, or else in this node's own share
    fn check(&self, account: &Account, now: u64, interval: u64) -> Result<(), ApiError> {
        let checked = check(self.sketch.used(account, now), interval);
        let own = self.own.get().filter(|_| checked.is_err());
        let share = own.map(|own| check(own.used(account, now), own_share(interval)));
        if share.is_some_and(|share| share.is_ok()) {
            Ok(())
        } else {
            checked
        }
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
        self.own.get_or_init(Sketch::new);
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.replace(HashMap::new()).unwrap_or_default()
    }

    /// Learns what all nodes together are said to have let an account use; no more of it is believed than there is to use
    pub(crate) fn learn(&self, account: &Account, used: u64) {
        self.sketch.raise(account, self.now(), used.min(burst()));
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

/// What is used up of a node's own share by what uses up so much of the whole
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
