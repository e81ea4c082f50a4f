//! How do the flags of other vendors decide? Their conditions and their hashes, as their own SDKs mean them
//!
//! An importer leaves a vendor's condition or split as it is where ours would not mean the same for every input. Each vendor is a
//! module, which compiles what the document has to an [`Expression`] or a [`Choice`]; nothing of it is on the path of our own flags.
//! A build without the feature `dialects` knows none of them: a flag that needs one is broken, as by an unknown operator.

#[cfg(feature = "dialects")]
mod eppo;
#[cfg(feature = "dialects")]
mod flagd;
#[cfg(feature = "dialects")]
mod flagsmith;
#[cfg(feature = "dialects")]
mod growthbook;
#[cfg(feature = "dialects")]
mod javascript;
#[cfg(feature = "dialects")]
mod joined;
#[cfg(feature = "dialects")]
mod launchdarkly;
#[cfg(feature = "dialects")]
pub mod pattern;
#[cfg(feature = "dialects")]
mod reading;
pub mod spread;
#[cfg(feature = "dialects")]
mod unleash;
#[cfg(feature = "dialects")]
mod version;

use std::fmt;

use self::spread::{Spread, Spreads};
/// The members that a constraint of Unleash has here; the vendor's files have more
#[cfg(feature = "dialects")]
pub use self::unleash::CONSTRAINT_MEMBERS as UNLEASH_CONSTRAINT_MEMBERS;
use crate::context::Context;
use crate::value::Value;
use crate::value::pointer::push_part;
use crate::value::timestamp::Timestamp;

/// A condition of a vendor, compiled
pub trait Expression: fmt::Debug + Send + Sync {
    /// Whether it holds for a context, which may be of the vendor's shape or of ours
    fn holds(&self, context: &Context, now: Timestamp) -> bool;

    /// When time alone may change what it says
    fn clock(&self) -> Clock {
        Clock::default()
    }

    /// The size of all patterns that it may try, as limits count them
    fn pattern_size(&self) -> u32 {
        0
    }

    /// For which units a hash makes it hold; `None` where it does not hash
    fn spread(&self) -> Option<Spread> {
        None
    }
}

/// A split of a vendor, compiled
pub trait Choice: fmt::Debug + Send + Sync {
    /// What a context gets
    fn choose(&self, context: &Context, now: Timestamp) -> Chosen;

    /// When time alone may change what it chooses
    fn clock(&self) -> Clock {
        Clock::default()
    }

    /// The size of all patterns that it may try, as limits count them
    fn pattern_size(&self) -> u32 {
        0
    }

    /// Where it hashes, and how units spread there
    fn spreads(&self) -> Spreads;
}

/// What a vendor's split gives a context
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// The arm at this position
    Arm(usize),
    /// The arm at this position, but not as a part of the experiment
    Outside(usize),
    /// The serve declines, and the next rule is tried
    Declined,
    /// No variant: the caller's default, without an error
    Nothing,
    /// A variant that the flag does not have: the caller's default, with the error `GENERAL`
    Unknown,
}

/// When time alone may change a result
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clock {
    /// At these instants
    pub instants: Vec<Timestamp>,
    /// At every full second
    pub every_second: bool,
}

const SECOND: i64 = 1_000;

impl Clock {
    /// At these instants alone
    pub fn at(instants: Vec<Timestamp>) -> Self {
        Self {
            instants,
            every_second: false,
        }
    }

    /// Whether time changes nothing
    pub fn is_unread(&self) -> bool {
        self.instants.is_empty() && !self.every_second
    }

    /// Adds the instants of another one
    pub fn merge(&mut self, other: Self) {
        self.instants.extend(other.instants);
        self.every_second |= other.every_second;
    }

    /// The first of the instants after `now`
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let later = self.instants.iter().copied().filter(|at| *at > now);
        let second = self.second(now).map(|second| second.saturating_add(SECOND));
        later.chain(second.map(Timestamp::from_millis)).min()
    }

    /// The last of the instants not after `now`
    pub(crate) fn last(&self, now: Timestamp) -> Option<Timestamp> {
        let earlier = self.instants.iter().copied().filter(|at| *at <= now);
        earlier
            .chain(self.second(now).map(Timestamp::from_millis))
            .max()
    }

    /// The start of the second in which `now` lies, if each second counts
    fn second(&self, now: Timestamp) -> Option<i64> {
        let second = now.as_millis().div_euclid(SECOND).saturating_mul(SECOND);
        self.every_second.then_some(second)
    }
}

/// Why a condition or a split of a vendor does not compile
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where in what was compiled, as a JSON pointer
    pub pointer: String,
    /// What is wrong, and what was expected
    pub message: String,
}

impl Refusal {
    /// Something wrong with the value itself
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            pointer: String::new(),
            message: message.into(),
        }
    }

    /// The same, told by what has it as the member or element `part`
    #[must_use]
    pub fn within(mut self, part: &str) -> Self {
        let inner = std::mem::take(&mut self.pointer);
        push_part(&mut self.pointer, part);
        self.pointer.push_str(&inner);
        self
    }
}

/// What a vendor's module compiled, or why it did not; `None` where this build does not have the dialect
type Compiled<T> = Option<Result<Box<T>, Refusal>>;

/// The condition of a dialect
#[cfg(feature = "dialects")]
pub fn condition(dialect: &str, expression: &Value) -> Compiled<dyn Expression> {
    match dialect {
        "eppo" => Some(eppo::condition(expression)),
        "flagsmith" => Some(flagsmith::condition(expression)),
        "launchdarkly" => Some(launchdarkly::condition(expression)),
        "flagd" => Some(flagd::condition(expression)),
        "growthbook" => Some(growthbook::condition(expression)),
        "unleash" => Some(unleash::condition(expression)),
        _ => None,
    }
}

/// The split of an algorithm over arms of these weights
#[cfg(feature = "dialects")]
pub(crate) fn choice(algorithm: &str, parameters: &Value, weights: &[f64]) -> Compiled<dyn Choice> {
    match algorithm {
        "eppo" => Some(eppo::choice(parameters, weights)),
        "flagsmith" => Some(flagsmith::choice(parameters, weights)),
        "launchdarkly" => Some(launchdarkly::choice(parameters, weights)),
        "growthbook" => Some(growthbook::choice(parameters, weights)),
        "unleash" => Some(unleash::choice(parameters, weights)),
        _ => None,
    }
}

/// A serve whose expression names one of these variants; not every dialect has one
#[cfg(feature = "dialects")]
pub(crate) fn naming(dialect: &str, expression: &Value, variants: &[&str]) -> Compiled<dyn Choice> {
    match dialect {
        "flagd" => Some(flagd::naming(expression, variants)),
        _ => None,
    }
}

/// Which contexts the vendor's own SDKs evaluate; not every dialect refuses any
#[cfg(feature = "dialects")]
pub(crate) fn admission(dialect: &str) -> Option<fn(&Context) -> bool> {
    match dialect {
        "launchdarkly" => Some(launchdarkly::is_valid),
        _ => None,
    }
}

/// The algorithms of this build
#[cfg(feature = "dialects")]
pub(crate) const ALGORITHMS: &[&str] = &[
    "murmur3",
    "eppo",
    "flagsmith",
    "growthbook",
    "launchdarkly",
    "unleash",
];

/// A build that knows no other vendor
#[cfg(not(feature = "dialects"))]
mod none {
    use super::{Choice, Compiled, Context, Expression, Value};

    pub(crate) fn condition(_: &str, _: &Value) -> Compiled<dyn Expression> {
        None
    }

    pub(crate) fn choice(_: &str, _: &Value, _: &[f64]) -> Compiled<dyn Choice> {
        None
    }

    pub(crate) fn admission(_: &str) -> Option<fn(&Context) -> bool> {
        None
    }

    pub(crate) fn naming(_: &str, _: &Value, _: &[&str]) -> Compiled<dyn Choice> {
        None
    }

    pub(crate) const ALGORITHMS: &[&str] = &["murmur3"];
}

#[cfg(not(feature = "dialects"))]
pub(crate) use none::{ALGORITHMS, admission, choice};
#[cfg(not(feature = "dialects"))]
pub(crate) use none::{condition, naming};
