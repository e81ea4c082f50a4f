//! The impact of a change of a document: on its text, on the shares of its splits, and on contexts
//!
//! ```text
//! two documents ─► Comparison ─┬─ changes  ─► every member that differs, by JSON pointer
//!                              ├─ flags    ─► which have other outcomes, and for each split the share of units that moves
//!                              └─ contexts ─► which get another variant or value, from which step to which
//! ```
//!
//! Shares are computed and not sampled. A hash spreads units evenly over its slots. If both sides have the same hash, they are compared
//! slot by slot; different hashes are assumed to be independent. The same applies to other vendors' hashes; [`rehash`] computes what would
//! change if they were replaced by ours.

mod fields;
mod moves;
pub mod rehash;
mod splits;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

pub use fields::{Change, ChangeKind, differences};
pub use moves::Move;
pub use splits::Split;

use flagstaff_core::Attributes;
use flagstaff_core::Outcome;
use flagstaff_core::Snapshot;
use flagstaff_core::SnapshotError;
use flagstaff_core::Timestamp;
use flagstaff_core::Value;
use flagstaff_core::inspect::pointer_to;
use flagstaff_core::inspect::unescape;
use flagstaff_core::inspect::{LinkedFlag, LinkedSegment, Links};
use flagstaff_core::object::ObjectKind;

/// Two documents side by side
#[derive(Debug)]
pub struct Comparison {
    old: Snapshot,
    new: Snapshot,
    // The texts, since compiled rules do not show whether a condition is still the same.
    texts: (Value, Value),
    changes: Vec<Change>,
    affected: BTreeSet<Arc<str>>,
}

/// How a flag differs
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FlagChange {
    /// It is new
    Added,
    /// It was removed
    Removed,
    /// It differs itself
    Changed,
    /// It is unchanged, but something that it refers to has changed
    Affected,
}

/// What happens to one flag
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlagImpact {
    /// Its key
    pub flag: Arc<str>,
    /// How it differs
    pub change: FlagChange,
    /// Whether it is broken in the old document; `None` if it does not exist there
    pub was_broken: Option<bool>,
    /// Whether it is broken in the new document; `None` if it does not exist there
    pub is_broken: Option<bool>,
    /// Its serves by which units move, in order
    pub splits: Vec<Split>,
}

/// The outcome of a flag for a context
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The value; `null` if there is an error
    pub value: Value,
    /// The variant
    pub variant: Option<Box<str>>,
    /// The reason on the wire
    pub reason: &'static str,
    /// The error code on the wire
    pub error_code: Option<&'static str>,
    /// The deciding step, as in an outcome
    pub detail: Value,
}

/// A context that gets another variant or value, or an error instead of one
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContextImpact {
    /// The flag
    pub flag: Arc<str>,
    /// The outcome in the old document
    pub before: Answer,
    /// The outcome in the new document
    pub after: Answer,
}

impl Comparison {
    /// Reads both documents; the error is that of the first one that is refused whole, and names which
    pub fn new(old: &str, new: &str) -> Result<Self, ComparisonError> {
        let snapshots = (
            Snapshot::from_json(old).map_err(ComparisonError::Old)?,
            Snapshot::from_json(new).map_err(ComparisonError::New)?,
        );
        Ok(Self::of_snapshots(snapshots, (old, new)))
    }

    /// Compares two states that are compiled already
    ///
    /// `texts` are documents; they need only the objects that differ and the flags that [`Snapshot::changed_since`] returns.
    pub fn of_snapshots((old, new): (Snapshot, Snapshot), texts: (&str, &str)) -> Self {
        let texts = (value(texts.0), value(texts.1));
        let changes = fields::changes(&texts.0, &texts.1);
        let affected = affected(&old, &new, &changes);
        Self {
            old,
            new,
            texts,
            changes,
            affected,
        }
    }

    /// What differs in the text of flags, segments, groups and holdouts
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The flags that may have other outcomes, by key, and how units move in their splits at `now`
    pub fn flags(&self, now: Timestamp) -> Vec<FlagImpact> {
        self.affected
            .iter()
            .map(|key| self.flag(key, now))
            .collect()
    }

    fn flag(&self, key: &Arc<str>, now: Timestamp) -> FlagImpact {
        let (old, new) = (self.old.linked_flag(key), self.new.linked_flag(key));
        let prefix = pointer_to(ObjectKind::Flag, key, "");
        let is_inside = |change: &Change| is_within(&change.pointer, &prefix);
        let change = match (old, new) {
            (None, _) => FlagChange::Added,
            (_, None) => FlagChange::Removed,
            _ if self.changes.iter().any(is_inside) => FlagChange::Changed,
            _ => FlagChange::Affected,
        };
        let splits = match (old, new) {
            (Some((_, Some(old))), Some((_, Some(new)))) => splits::splits(
                (old, fields::rules(&self.texts.0, key)),
                (new, fields::rules(&self.texts.1, key)),
                now,
            ),
            _ => Vec::new(),
        };
        FlagImpact {
            flag: Arc::clone(key),
            change,
            was_broken: old.map(|(_, linked)| linked.is_none()),
            is_broken: new.map(|(_, linked)| linked.is_none()),
            splits,
        }
    }

    /// What changes for one context, by flag; a change of only the reason does not count
    pub fn context<A: Attributes + ?Sized>(
        &self,
        context: &A,
        now: Timestamp,
    ) -> Vec<ContextImpact> {
        let impact = |key: &Arc<str>| {
            let before = Answer::of(&self.old.evaluate(key, None, context, now));
            let after = Answer::of(&self.new.evaluate(key, None, context, now));
            let is_same = before.value == after.value
                && before.variant == after.variant
                && before.error_code == after.error_code;
            (!is_same).then(|| ContextImpact {
                flag: Arc::clone(key),
                before,
                after,
            })
        };
        self.affected.iter().filter_map(impact).collect()
    }
}

/// What differs in the text of flags, segments, groups and holdouts of two documents
pub fn document_differences(old: &str, new: &str) -> Vec<Change> {
    fields::changes(&value(old), &value(new))
}

fn value(document: &str) -> Value {
    // INVARIANT: documents are compared that have been read, so they are JSON.
    serde_json::from_str(document).unwrap_or_default()
}

/// A document that cannot be compared
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// The old one is refused whole
    #[error("the old document: {0}")]
    Old(#[source] SnapshotError),
    /// The new one is refused whole
    #[error("the new document: {0}")]
    New(#[source] SnapshotError),
}

impl Answer {
    fn of(outcome: &Outcome<'_>) -> Self {
        Self {
            value: outcome.value_or(&Value::Null).clone(),
            variant: outcome.variant.map(Into::into),
            reason: outcome.reason.as_str(),
            error_code: outcome.error_code().map(flagstaff_core::ErrorCode::as_str),
            detail: outcome.detail.to_value(),
        }
    }
}

fn is_within(pointer: &str, prefix: &str) -> bool {
    pointer
        .strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The flags that differ, and those whose evaluation may reach an object that differs
fn affected(old: &Snapshot, new: &Snapshot, changes: &[Change]) -> BTreeSet<Arc<str>> {
    let differing = Objects::of(changes);
    // Fingerprints are hashes of texts: this leaves out flags with another text and the same meaning.
    let is_real = |key: &Arc<str>| {
        let reaches = [old, new].map(|snapshot| match snapshot.linked_flag(key) {
            Some((_, Some(linked))) => differing.is_reached_by(linked),
            _ => true,
        });
        reaches.contains(&true)
    };
    let mut affected: BTreeSet<Arc<str>> =
        new.changed_since(old).into_iter().filter(is_real).collect();
    let exists = |key: &str| {
        old.linked_flag(key)
            .or_else(|| new.linked_flag(key))
            .map(|(key, _)| Arc::clone(key))
    };
    affected.extend(differing.flags.iter().filter_map(|key| exists(key)));
    affected
}

/// The keys of objects that differ
#[derive(Debug, Default)]
struct Objects {
    flags: BTreeSet<Box<str>>,
    segments: BTreeSet<Box<str>>,
    groups: BTreeSet<Box<str>>,
    holdouts: BTreeSet<Box<str>>,
}

impl Objects {
    fn of(changes: &[Change]) -> Self {
        let mut objects = Self::default();
        for change in changes {
            let mut segments = change.pointer.split('/').skip(1);
            let (Some(section), Some(key)) = (segments.next(), segments.next()) else {
                continue;
            };
            let Some(key) = unescape(key) else { continue };
            let keys = match section {
                "flags" => &mut objects.flags,
                "segments" => &mut objects.segments,
                "groups" => &mut objects.groups,
                _ => &mut objects.holdouts,
            };
            keys.insert(key);
        }
        objects
    }

    fn is_reached_by(&self, linked: &LinkedFlag) -> bool {
        let references = linked.flag.references();
        self.flags.contains(&*linked.key)
            || references
                .flags
                .iter()
                .any(|reference| self.flags.contains(&*reference.target.key))
            || references
                .groups
                .iter()
                .any(|reference| self.groups.contains(&*reference.key))
            || references
                .holdouts
                .iter()
                .any(|reference| self.holdouts.contains(&*reference.key))
            || self.is_linked(linked.links())
    }

    fn is_linked(&self, links: &Links) -> bool {
        links
            .flags
            .iter()
            .flatten()
            .any(|reference| self.is_reached_by(&reference.target))
            || links
                .segments
                .iter()
                .any(|segment| self.is_in_segment(segment))
    }

    fn is_in_segment(&self, linked: &LinkedSegment) -> bool {
        self.segments.contains(&*linked.key) || self.is_linked(linked.links())
    }
}
