//! One environment's compiled flags at one revision

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use crate::context::Attributes;
use crate::environment::Environment;
use crate::error::{Issue, SnapshotError};
use crate::evaluate::{Evaluation, OutcomeNumber, error_number};
use crate::hashing::{hash_text, is_same};
use crate::index::Index;
use crate::link::{Linked, LinkedFlag};
use crate::model::FlagType;
use crate::outcome::{ErrorCode, Outcome, ValueType};
use crate::timestamp::Timestamp;
use crate::trace::{NoTrace, Trace, Tracer};
use crate::value::Value;

mod slots;

pub use slots::Answer;

/// An immutable set of compiled flags; share it behind an `Arc`
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    // What it was linked from, and what the next one is made of.
    source: Environment,
    // INVARIANT: by key; `index` holds the position of each.
    pub(crate) flags: Box<[Entry]>,
    index: Index,
    issues: Box<[Issue]>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Arc<str>,
    // `None` where the flag is broken.
    pub(crate) flag: Option<Arc<LinkedFlag>>,
    // The first of its slots (snapshot/slots.rs).
    first_slot: u32,
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
        Environment::from_json(document).map(Environment::link)
    }

    pub(crate) fn new(source: Environment, linked: Linked) -> Self {
        let issues = linked.issues;
        let flags = slots::number(linked.flags);
        let hash_at =
            |position: usize| flags.get(position).map_or(0, |entry| hash_text(&entry.key));
        let mut index = Index::with_capacity(flags.len());
        for position in 0..flags.len() {
            index.insert(hash_at(position), position, hash_at);
        }
        Self {
            source,
            index,
            flags,
            issues: issues.into(),
        }
    }

    /// The environment's key; empty where the document names none
    pub fn environment(&self) -> &str {
        &self.source.name
    }

    /// The environment's revision
    pub fn revision(&self) -> u64 {
        self.source.revision
    }

    /// The compiled objects
    pub(crate) fn source(&self) -> &Environment {
        &self.source
    }

    /// What is wrong with the flags and segments that are broken
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
        self.evaluate_with(
            flag,
            expected,
            &mut Evaluation {
                context,
                now,
                tracer: NoTrace,
            },
        )
    }

    /// The value of one flag for a context, or why there is none: [`Snapshot::evaluate`] for those who ask for no more
    ///
    /// `now` is asked only where time has a say, since reading a clock may cost as much as an evaluation.
    #[expect(
        clippy::inline_always,
        reason = "what most flags need is short, and shorter still where `expected` is a constant"
    )]
    #[inline(always)]
    pub fn value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ValueType>,
        context: &A,
        now: impl FnOnce() -> Timestamp,
    ) -> Answer<'_> {
        if context.validate().is_err() {
            return Answer::refused(ErrorCode::InvalidContext);
        }
        let Some((_, entry)) = self.look_up(flag) else {
            return Answer::refused(ErrorCode::FlagNotFound);
        };
        let Some(linked) = entry.flag.as_deref() else {
            return Answer::of(entry, Err(ErrorCode::ParseError));
        };
        if let Some(variant) = linked.constant() {
            return match expected {
                Some(expected) if !expected.admits(&variant.value) => {
                    Answer::of(entry, Err(ErrorCode::TypeMismatch))
                }
                _ => Answer::of(entry, Ok((variant, Cow::Borrowed(&variant.value)))),
            };
        }
        Answer::of(
            entry,
            untraced(linked, context, now).value(linked, expected),
        )
    }

    /// The number of the outcome of the flag at a position, or `None` where it has none
    ///
    /// Of one flag and one expected type, outcomes of the same number are equal. `now` is asked only where time has a say.
    pub(crate) fn number<A: Attributes + ?Sized>(
        &self,
        position: usize,
        expected: Option<ValueType>,
        context: &A,
        now: impl FnOnce() -> Timestamp,
    ) -> Option<OutcomeNumber> {
        if context.validate().is_err() {
            return Some(error_number(ErrorCode::InvalidContext));
        }
        let Some(linked) = self.flags.get(position)?.flag.as_deref() else {
            return Some(error_number(ErrorCode::ParseError));
        };
        untraced(linked, context, now).number(linked, expected)
    }

    /// Evaluates one flag and tells why it answers so: the steps of the evaluation, as an array
    pub fn explain<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ValueType>,
        context: &A,
        now: Timestamp,
    ) -> (Outcome<'_>, Value) {
        let mut evaluation = Evaluation {
            context,
            now,
            tracer: Trace::default(),
        };
        let outcome = self.evaluate_with(flag, expected, &mut evaluation);
        (outcome, evaluation.tracer.into_value())
    }

    /// Evaluates every flag for a context at an instant, by key
    pub fn evaluate_all<A: Attributes + ?Sized>(
        &self,
        context: &A,
        now: Timestamp,
    ) -> Vec<(&str, Outcome<'_>)> {
        let outcomes = self.outcomes(context, now);
        outcomes.map(|(key, outcome)| (&**key, outcome)).collect()
    }

    /// Evaluates one flag after the other for a context at an instant, by key: [`Snapshot::evaluate_all`] for those who keep no outcome
    pub fn outcomes<'s, A: Attributes + ?Sized>(
        &'s self,
        context: &A,
        now: Timestamp,
    ) -> impl ExactSizeIterator<Item = (&'s Arc<str>, Outcome<'s>)> {
        let is_invalid = context.validate().is_err();
        let mut evaluation = Evaluation {
            context,
            now,
            tracer: NoTrace,
        };
        self.flags.iter().map(move |entry| {
            let linked = if is_invalid {
                Err(ErrorCode::InvalidContext)
            } else {
                entry.linked()
            };
            let outcome =
                linked.map_or_else(Outcome::error, |linked| evaluation.outcome(linked, None));
            (&entry.key, outcome)
        })
    }

    fn evaluate_with<A: Attributes + ?Sized, T: Tracer>(
        &self,
        flag: &str,
        expected: Option<ValueType>,
        evaluation: &mut Evaluation<'_, A, T>,
    ) -> Outcome<'_> {
        self.linked(flag, evaluation.context)
            .map_or_else(Outcome::error, |linked| {
                evaluation.outcome(linked, expected)
            })
    }

    /// The flag to evaluate, or what its answer is instead
    #[inline]
    fn linked<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        context: &A,
    ) -> Result<&LinkedFlag, ErrorCode> {
        if context.validate().is_err() {
            return Err(ErrorCode::InvalidContext);
        }
        self.entry(flag).ok_or(ErrorCode::FlagNotFound)?.linked()
    }

    /// The next instant at which time alone may change an outcome
    pub fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let flags = self.flags.iter().filter_map(|entry| entry.flag.as_ref());
        flags
            .filter_map(|linked| linked.flag.next_boundary(now))
            .min()
    }

    /// The last instant not after `now` at which time alone may have changed an outcome
    pub fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let flags = self.flags.iter().filter_map(|entry| entry.flag.as_ref());
        flags
            .filter_map(|linked| linked.flag.last_boundary(now))
            .max()
    }

    /// The flags whose outcome time alone may have changed after `since`, until `until`, by key
    pub fn changed_between(&self, since: Timestamp, until: Timestamp) -> Vec<Arc<str>> {
        let may_have_changed = |entry: &&Entry| {
            let flag = entry.flag.as_ref();
            flag.is_some_and(|flag| flag.may_change_between(since, until))
        };
        let changed = self.flags.iter().filter(may_have_changed);
        changed.map(|entry| Arc::clone(&entry.key)).collect()
    }

    /// The flags whose outcome may differ from that in `older`: changed, added or removed, by key
    pub fn changed_since(&self, older: &Self) -> Vec<Arc<str>> {
        let mut changed = Vec::new();
        let (mut ours, mut theirs) = (self.flags.iter().peekable(), older.flags.iter().peekable());
        // Both are by key, so one walk over the two finds what only one has.
        loop {
            let side = match (ours.peek(), theirs.peek()) {
                (Some(ours), Some(theirs)) => ours.key.cmp(&theirs.key),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return changed,
            };
            let ours = ours.next_if(|_| side.is_le());
            let theirs = theirs.next_if(|_| side.is_ge());
            let fingerprint = |entry: Option<&Entry>| Some(entry?.flag.as_ref()?.fingerprint);
            if side.is_ne() || fingerprint(ours) != fingerprint(theirs) {
                changed.extend(ours.or(theirs).map(|entry| Arc::clone(&entry.key)));
            }
        }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.find(key).map(|(_, entry)| entry)
    }

    /// The position of a flag in the order of keys
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        self.find(key).map(|(position, _)| position)
    }

    fn find(&self, key: &str) -> Option<(usize, &Entry)> {
        self.look_up(key)
    }

    #[cold]
    fn search(&self, key: &str) -> Option<(usize, &Entry)> {
        let compare = |entry: &Entry| (*entry.key).cmp(key);
        let position = self.flags.binary_search_by(compare).ok()?;
        self.flags.get(position).map(|entry| (position, entry))
    }

    #[expect(
        clippy::inline_always,
        reason = "once where it is half of what a getter does, and once for everybody else"
    )]
    #[inline(always)]
    fn look_up(&self, key: &str) -> Option<(usize, &Entry)> {
        if self.index.is_crowded() {
            return self.search(key);
        }
        self.index.find(hash_text(key), |position| {
            let entry = self.flags.get(position)?;
            is_same(&entry.key, key).then_some((position, entry))
        })
    }
}

impl Entry {
    #[inline]
    fn linked(&self) -> Result<&LinkedFlag, ErrorCode> {
        self.flag.as_deref().ok_or(ErrorCode::ParseError)
    }
}

/// An evaluation that nobody watches; `now` is asked only where time has a say
#[inline]
fn untraced<'a, A: Attributes + ?Sized>(
    linked: &LinkedFlag,
    context: &'a A,
    now: impl FnOnce() -> Timestamp,
) -> Evaluation<'a, A, NoTrace> {
    let now = if linked.is_timed {
        now()
    } else {
        Timestamp::from_millis(0)
    };
    Evaluation {
        context,
        now,
        tracer: NoTrace,
    }
}
