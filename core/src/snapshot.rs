//! Which outcomes does an environment have at one revision, and which flags differ between two revisions?

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use crate::context::Attributes;
use crate::context::path::AttributePath;
use crate::document::environment::CompiledObjects;
use crate::error::{Issue, SnapshotError};
use crate::evaluate::outcome::{ErrorCode, ExpectedType, Outcome};
use crate::evaluate::trace::{NoTrace, Trace, Tracer};
use crate::evaluate::{Evaluation, OutcomeId, error_id};
use crate::link::link;
use crate::model::FlagType;
use crate::model::linked::LinkedFlag;
use crate::table::index::Index;
use crate::table::table_hash::{hash_text, is_same};
use crate::value::Value;
use crate::value::timestamp::Timestamp;

mod counters;

pub use counters::EvaluatedValue;

/// An immutable set of compiled flags; share it behind an `Arc`
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    // The objects that it was linked from; the next snapshot is made from a changed copy.
    source: CompiledObjects,
    // INVARIANT: by key; `index` holds the position of each.
    pub(crate) flags: Box<[SnapshotFlag]>,
    index: Index,
    issues: Box<[Issue]>,
}

#[derive(Debug, Clone)]
pub(crate) struct SnapshotFlag {
    pub(crate) key: Arc<str>,
    // `None` where the flag is broken.
    pub(crate) flag: Option<Arc<LinkedFlag>>,
    // The first of its counters (snapshot/counters.rs).
    first_counter: u32,
}

/// What is known of a flag without evaluating it
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagInfo<'s> {
    /// Its key
    pub key: &'s str,
    /// Its type; `None` where it is broken
    pub flag_type: Option<FlagType>,
    /// Whether browsers that evaluate locally may see it
    pub is_client_side: bool,
}

/// What the outcome of a flag depends on
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagDescriptor {
    /// Its index in the order of keys
    pub index: usize,
    /// Whether every valid context gets the same outcome at every instant
    pub is_constant: bool,
    /// Whether an evaluation reads the time
    pub is_timed: bool,
    /// The attributes that an evaluation may read; `None` if there are more than the caller's maximum
    pub paths: Option<Box<[AttributePath]>>,
}

impl Snapshot {
    /// A snapshot without flags, of revision 0
    pub fn empty() -> Self {
        Self::default()
    }

    /// Compiles a document; flags that do not compile are in [`Snapshot::issues`] and have the outcome `PARSE_ERROR`
    pub fn from_json(document: &str) -> Result<Self, SnapshotError> {
        CompiledObjects::from_json(document).map(Self::link)
    }

    /// The snapshot of the objects as they are now
    pub(crate) fn link(source: CompiledObjects) -> Self {
        let linked = link(&source);
        let issues = linked.issues;
        let flags = counters::with_counters(linked.flags);
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
    pub(crate) fn source(&self) -> &CompiledObjects {
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
            flag_type: entry.flag.as_ref().map(|linked| linked.flag.flag_type),
            is_client_side: entry
                .flag
                .as_ref()
                .is_some_and(|linked| linked.flag.is_client_side),
        })
    }

    /// Evaluates one flag for a context at an instant; always returns an outcome
    ///
    /// `expected` is the type that the caller expects; `None` takes any.
    pub fn evaluate<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ExpectedType>,
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

    /// The value of one flag for a context, or why there is none: [`Snapshot::evaluate`] for callers that need no more
    ///
    /// `now` is called only if the outcome depends on the time, since reading a clock may cost as much as an evaluation.
    #[expect(
        clippy::inline_always,
        reason = "the path of most flags is short, and shorter still if `expected` is a constant"
    )]
    #[inline(always)]
    pub fn evaluate_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ExpectedType>,
        context: &A,
        now: impl FnOnce() -> Timestamp,
    ) -> EvaluatedValue<'_> {
        let (flag, linked) = match Gate::new(context).admit(|| self.look_up(flag)) {
            Ok((flag, linked)) => (Some(flag), linked),
            Err((code, flag)) => return EvaluatedValue::new(flag, Err(Some(code))),
        };
        let served = match linked.constant() {
            Some(variant) if !variant.serves(expected) => Err(variant.refusal()),
            Some(variant) => Ok((variant, Cow::Borrowed(&variant.value))),
            None => untraced(linked, context, now).value(linked, expected),
        };
        EvaluatedValue::new(flag, served)
    }

    /// The id of the outcome of the flag at an index, in the order of keys; `None` where it has none, since a patch made its value
    ///
    /// Outcomes of the same id are equal: those of one flag and one expected type in one snapshot. `now` is called only if the
    /// outcome depends on the time.
    pub fn outcome_id<A: Attributes + ?Sized>(
        &self,
        index: usize,
        expected: Option<ExpectedType>,
        context: &A,
        now: impl FnOnce() -> Timestamp,
    ) -> Option<OutcomeId> {
        match Gate::new(context).admit(|| self.flags.get(index)) {
            Ok((_, linked)) => untraced(linked, context, now).outcome_id(linked, expected),
            Err((ErrorCode::FlagNotFound, _)) => None,
            Err((code, _)) => Some(error_id(code)),
        }
    }

    /// What a caller must know to evaluate a flag by [`Snapshot::outcome_id`]; `None` where there is no such flag
    pub fn descriptor(&self, flag: &str, max_paths: usize) -> Option<FlagDescriptor> {
        let index = self.flags.binary_search_by(|other| (*other.key).cmp(flag));
        let index = index.ok()?;
        let linked = self.flags.get(index)?.flag.as_deref();
        Some(FlagDescriptor {
            index,
            is_constant: linked.is_none_or(|linked| linked.constant().is_some()),
            is_timed: linked.is_some_and(|linked| linked.is_timed),
            paths: linked.map_or_else(|| Some(Box::default()), |linked| linked.paths(max_paths)),
        })
    }

    /// Evaluates one flag and explains the outcome: the steps of the evaluation, as an array
    pub fn explain<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ExpectedType>,
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

    /// Evaluates one flag after the other for a context at an instant, by key: [`Snapshot::evaluate_all`] for callers that
    /// store no outcome
    pub fn outcomes<'s, A: Attributes + ?Sized>(
        &'s self,
        context: &A,
        now: Timestamp,
    ) -> impl ExactSizeIterator<Item = (&'s Arc<str>, Outcome<'s>)> {
        let gate = Gate::new(context);
        let mut evaluation = Evaluation {
            context,
            now,
            tracer: NoTrace,
        };
        self.flags.iter().map(move |flag| {
            let outcome = match gate.admit(|| Some(flag)) {
                Ok((_, linked)) => evaluation.outcome(linked, None),
                Err((code, _)) => Outcome::error(code),
            };
            (&flag.key, outcome)
        })
    }

    fn evaluate_with<A: Attributes + ?Sized, T: Tracer>(
        &self,
        flag: &str,
        expected: Option<ExpectedType>,
        evaluation: &mut Evaluation<'_, A, T>,
    ) -> Outcome<'_> {
        match Gate::new(evaluation.context).admit(|| self.entry(flag)) {
            Ok((_, linked)) => evaluation.outcome(linked, expected),
            Err((code, _)) => Outcome::error(code),
        }
    }

    /// The next instant at which time alone may change an outcome
    pub fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let flags = self.flags.iter().filter_map(|entry| entry.flag.as_ref());
        flags.filter_map(|linked| linked.next_boundary(now)).min()
    }

    /// The last instant not after `now` at which time alone may have changed an outcome
    pub fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let flags = self.flags.iter().filter_map(|entry| entry.flag.as_ref());
        flags.filter_map(|linked| linked.last_boundary(now)).max()
    }

    /// The flags whose outcome time alone may have changed after `since`, until `until`, by key
    pub fn changed_between(&self, since: Timestamp, until: Timestamp) -> Vec<Arc<str>> {
        let may_have_changed = |entry: &&SnapshotFlag| {
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
        // Both are sorted by key, so one pass over the two finds what only one of them has.
        loop {
            let side = match (ours.peek(), theirs.peek()) {
                (Some(ours), Some(theirs)) => ours.key.cmp(&theirs.key),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return changed,
            };
            let ours = ours.next_if(|_| side.is_le());
            let theirs = theirs.next_if(|_| side.is_ge());
            let fingerprint =
                |entry: Option<&SnapshotFlag>| Some(entry?.flag.as_ref()?.fingerprint);
            if side.is_ne() || fingerprint(ours) != fingerprint(theirs) {
                changed.extend(ours.or(theirs).map(|entry| Arc::clone(&entry.key)));
            }
        }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&SnapshotFlag> {
        self.look_up(key)
    }

    #[cold]
    fn search(&self, key: &str) -> Option<&SnapshotFlag> {
        let index = self.flags.binary_search_by(|flag| (*flag.key).cmp(key));
        self.flags.get(index.ok()?)
    }

    #[expect(
        clippy::inline_always,
        reason = "once where it is half of what a getter does, and once for everybody else"
    )]
    #[inline(always)]
    fn look_up(&self, key: &str) -> Option<&SnapshotFlag> {
        if self.index.is_crowded() {
            return self.search(key);
        }
        self.index.find(hash_text(key), |position| {
            let entry = self.flags.get(position)?;
            is_same(&entry.key, key).then_some(entry)
        })
    }
}

/// The checks before every evaluation: the context must be valid, the flag must exist, and it must not be broken
struct Gate {
    is_context_valid: bool,
}

/// A flag to evaluate; or an error, with the flag if it was found
type Admission<'s> =
    Result<(&'s SnapshotFlag, &'s LinkedFlag), (ErrorCode, Option<&'s SnapshotFlag>)>;

impl Gate {
    #[inline]
    fn new<A: Attributes + ?Sized>(context: &A) -> Self {
        let is_context_valid = context.validate().is_ok();
        Self { is_context_valid }
    }

    #[expect(
        clippy::inline_always,
        reason = "a getter is one function; as a call this costs half as much as a constant flag"
    )]
    #[inline(always)]
    fn admit<'s>(&self, find: impl FnOnce() -> Option<&'s SnapshotFlag>) -> Admission<'s> {
        if !self.is_context_valid {
            return Err((ErrorCode::InvalidContext, None));
        }
        let flag = find().ok_or((ErrorCode::FlagNotFound, None))?;
        match flag.flag.as_deref() {
            Some(linked) => Ok((flag, linked)),
            None => Err((ErrorCode::ParseError, Some(flag))),
        }
    }
}

/// An evaluation without a trace; `now` is called only if the outcome depends on the time
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
