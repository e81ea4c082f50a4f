//! One environment's compiled flags at one revision

use std::sync::Arc;

use hashbrown::HashTable;

use crate::context::Attributes;
use crate::environment::Environment;
use crate::error::{Issue, SnapshotError};
use crate::evaluate;
use crate::hashing::hash_text;
use crate::list::Overrides;
use crate::model::{Flag, FlagType};
use crate::outcome::{ErrorCode, Outcome, ValueType};
use crate::timestamp::Timestamp;

/// An immutable set of compiled flags; share it behind an `Arc`
#[derive(Debug, Default)]
pub struct Snapshot {
    environment: Arc<str>,
    revision: u64,
    // INVARIANT: by key; `index` holds the position of each.
    flags: Box<[Entry]>,
    index: HashTable<usize>,
    issues: Box<[Issue]>,
}

#[derive(Debug)]
struct Entry {
    key: Arc<str>,
    // `None` where the flag is broken.
    flag: Option<LinkedFlag>,
}

/// A flag together with the lists of each of its levels
#[derive(Debug)]
pub(crate) struct LinkedFlag {
    pub(crate) flag: Arc<Flag>,
    // Parallel to `flag.levels`; `None` where there is no entry.
    pub(crate) overrides: Box<[Option<Arc<Overrides>>]>,
    pub(crate) is_constant: bool,
}

impl LinkedFlag {
    pub(crate) fn new(flag: Arc<Flag>, overrides: Box<[Option<Arc<Overrides>>]>) -> Self {
        let is_constant = flag.is_constant() && overrides.iter().all(Option::is_none);
        Self {
            flag,
            overrides,
            is_constant,
        }
    }

    /// Whether both were compiled from the same texts
    fn is_same(&self, other: &Self) -> bool {
        let is_same_list = |(a, b): (&Option<Arc<Overrides>>, &Option<Arc<Overrides>>)| match (a, b)
        {
            (None, None) => true,
            (Some(a), Some(b)) => a.fingerprint() == b.fingerprint(),
            _ => false,
        };
        self.flag.fingerprint == other.flag.fingerprint
            && self
                .overrides
                .iter()
                .zip(&other.overrides)
                .all(is_same_list)
    }
}

/// What a snapshot tells of a flag without evaluating it
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagInfo<'s> {
    /// Its key
    pub key: &'s str,
    /// Its type; `None` where it is broken
    pub flag_type: Option<FlagType>,
    /// Whether browsers that evaluate locally may see it
    pub is_client_side: bool,
}

impl Snapshot {
    /// A snapshot without flags, of revision 0
    pub fn empty() -> Self {
        Self::default()
    }

    /// Compiles a document; flags that do not compile are in [`Snapshot::issues`] and answer `PARSE_ERROR`
    pub fn from_json(document: &str) -> Result<Self, SnapshotError> {
        Environment::from_json(document).map(|environment| environment.link())
    }

    pub(crate) fn new(
        environment: Arc<str>,
        revision: u64,
        flags: Vec<(Arc<str>, Option<LinkedFlag>)>,
        issues: Vec<Issue>,
    ) -> Self {
        let flags: Box<[Entry]> = flags
            .into_iter()
            .map(|(key, flag)| Entry { key, flag })
            .collect();
        let hash_at =
            |position: usize| flags.get(position).map_or(0, |entry| hash_text(&entry.key));
        let mut index = HashTable::with_capacity(flags.len());
        for position in 0..flags.len() {
            index.insert_unique(hash_at(position), position, |position| hash_at(*position));
        }
        Self {
            environment,
            revision,
            index,
            flags,
            issues: issues.into(),
        }
    }

    /// The environment's key; empty where the document names none
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The environment's revision
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What is wrong with the flags that are broken
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// The flags, by key
    pub fn flags(&self) -> impl ExactSizeIterator<Item = FlagInfo<'_>> {
        self.flags.iter().map(|entry| FlagInfo {
            key: &entry.key,
            flag_type: entry.flag.as_ref().map(|linked| linked.flag.value_type),
            is_client_side: entry
                .flag
                .as_ref()
                .is_some_and(|linked| linked.flag.is_client_side),
        })
    }

    /// Evaluates one flag for a context at an instant; always answers
    ///
    /// `expected` is the type that the caller asks for; `None` takes any.
    pub fn evaluate<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ValueType>,
        context: &A,
        now: Timestamp,
    ) -> Outcome<'_> {
        if context.validate().is_err() {
            return Outcome::error(ErrorCode::InvalidContext);
        }
        match self.entry(flag) {
            None => Outcome::error(ErrorCode::FlagNotFound),
            Some(entry) => entry.evaluate(expected, context, now),
        }
    }

    /// Evaluates every flag for a context at an instant, by key
    pub fn evaluate_all<A: Attributes + ?Sized>(
        &self,
        context: &A,
        now: Timestamp,
    ) -> Vec<(&str, Outcome<'_>)> {
        let is_invalid = context.validate().is_err();
        let outcome = |entry| {
            if is_invalid {
                Outcome::error(ErrorCode::InvalidContext)
            } else {
                Entry::evaluate(entry, None, context, now)
            }
        };
        self.flags
            .iter()
            .map(|entry| (&*entry.key, outcome(entry)))
            .collect()
    }

    /// The next instant at which time alone may change an outcome
    pub fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let flags = self.flags.iter().filter_map(|entry| entry.flag.as_ref());
        flags
            .flat_map(|linked| linked.flag.boundaries())
            .filter(|boundary| *boundary > now)
            .min()
    }

    /// The last instant not after `now` at which time alone may have changed an outcome
    pub fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let flags = self.flags.iter().filter_map(|entry| entry.flag.as_ref());
        flags
            .flat_map(|linked| linked.flag.boundaries())
            .filter(|boundary| *boundary <= now)
            .max()
    }

    /// The flags whose outcome may differ from that in `older`: changed, added or removed, by key
    pub fn changed_since(&self, older: &Self) -> Vec<Arc<str>> {
        let is_same = |entry: &Entry| {
            older
                .entry(&entry.key)
                .is_some_and(|other| match (&entry.flag, &other.flag) {
                    (Some(flag), Some(other)) => flag.is_same(other),
                    (None, None) => true,
                    _ => false,
                })
        };
        let changed = self.flags.iter().filter(|entry| !is_same(entry));
        let removed = older
            .flags
            .iter()
            .filter(|entry| self.entry(&entry.key).is_none());
        let mut keys: Vec<Arc<str>> = changed
            .chain(removed)
            .map(|entry| Arc::clone(&entry.key))
            .collect();
        keys.sort();
        keys
    }

    fn entry(&self, key: &str) -> Option<&Entry> {
        let is_it = |position: &usize| {
            self.flags
                .get(*position)
                .is_some_and(|entry| *entry.key == *key)
        };
        self.index
            .find(hash_text(key), is_it)
            .and_then(|position| self.flags.get(*position))
    }
}

impl Entry {
    fn evaluate<A: Attributes + ?Sized>(
        &self,
        expected: Option<ValueType>,
        context: &A,
        now: Timestamp,
    ) -> Outcome<'_> {
        match &self.flag {
            None => Outcome::error(ErrorCode::ParseError),
            Some(linked) => evaluate::evaluate(linked, expected, context, now),
        }
    }
}
