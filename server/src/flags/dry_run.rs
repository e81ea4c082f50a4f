//! Dry runs: what a write would change

use std::collections::BTreeSet;
use std::sync::Arc;

use flagstaff_analysis::impact::{Change, Comparison, Split, document_differences};
use flagstaff_analysis::lint::{Finding, Options, lint_flag};
use flagstaff_core::{Snapshot, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::compile_changes;
use crate::engine::draft::Draft;
use crate::engine::environment::InvalidFlagPolicy;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::http::api_error::ApiError;
use crate::object::{Object, ObjectId, ObjectKind, Objects, write_owners};
use crate::openapi::ServeMoves;
use crate::runtime::offload::offload;

/// The result of a dry run
#[derive(Debug)]
pub(crate) struct Preview {
    /// The differences of the environment
    pub(crate) changes: Vec<Change>,
    /// The flags that would give units another variant
    pub(crate) moves: Vec<FlagMoves>,
    /// What is odd about the flags that `edit` wrote
    pub(crate) findings: Vec<Finding>,
}

/// The serves of a flag that would give units another variant
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlagMoves {
    #[schema(value_type = String)]
    flag: Arc<str>,
    /// Each serve, with the share of its units that would move
    #[schema(value_type = Vec<ServeMoves>)]
    splits: Vec<Split>,
}

/// Something odd about a flag, and where: the lint's `Finding`
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LintFinding)]
pub(crate) struct FindingItem {
    /// `error`, `warning` or `info`
    severity: &'static str,
    /// The kind of finding, as `unreachable-rule`
    code: &'static str,
    /// A JSON pointer into the request
    pub(crate) pointer: String,
    /// What is odd
    message: String,
    /// What to do about it
    hint: &'static str,
}

impl FindingItem {
    pub(crate) fn new(finding: Finding, pointer: String) -> Self {
        Self {
            severity: finding.severity.as_str(),
            code: finding.code.as_str(),
            pointer,
            message: finding.message,
            hint: finding.hint,
        }
    }
}

/// The differences of an environment after `edit`, the units that would move at `now`, and the findings about the flags `linted`; fails
/// as the write would
pub(crate) async fn preview(
    current: Arc<PublishedRevision>,
    edit: impl Fn(&PublishedRevision, &mut Draft) -> Result<(), ApiError> + Send + 'static,
    invalid: InvalidFlagPolicy,
    (now, linted): (Timestamp, Vec<Arc<str>>),
) -> Result<Preview, ApiError> {
    offload(move || preview_of(&current, edit, invalid, (now, &linted))).await?
}

fn preview_of(
    current: &PublishedRevision,
    edit: impl Fn(&PublishedRevision, &mut Draft) -> Result<(), ApiError>,
    invalid: InvalidFlagPolicy,
    (now, linted): (Timestamp, &[Arc<str>]),
) -> Result<Preview, ApiError> {
    let objects = current.state().objects(Visibility::All);
    let mut draft = Draft::new(current.revision(), objects);
    edit(current, &mut draft)?;
    let snapshot = compile(current, &draft)?;
    let known = current.snapshot().issues();
    let issues = snapshot.issues().iter();
    let broken: Vec<_> = issues
        .filter(|issue| !known.contains(issue))
        .cloned()
        .collect();
    if !broken.is_empty() && invalid == InvalidFlagPolicy::Refuse {
        return Err(ApiError::issues(&broken, ""));
    }
    let mut owners = differing_owners(objects, draft.objects());
    if invalid == InvalidFlagPolicy::Refuse {
        ApiError::refuse(draft.schema_violations(&owners))?;
    }
    let affected = snapshot.changed_since(current.snapshot()).into_iter();
    owners.extend(affected.map(|key| ObjectId::new(ObjectKind::Flag, key)));
    let (before, after) = (
        write_owners(objects, &owners),
        write_owners(draft.objects(), &owners),
    );
    let options = Options {
        now: Some(now),
        declared: None,
    };
    let linted = linted.iter();
    let findings = linted
        .flat_map(|key| lint_flag(&snapshot, key, options))
        .collect();
    let snapshots = (Snapshot::clone(current.snapshot()), snapshot);
    let comparison = Comparison::of_snapshots(snapshots, (&before, &after));
    let flags = comparison.flags(now).into_iter();
    let moving = flags.filter(|flag| !flag.splits.is_empty());
    Ok(Preview {
        changes: comparison.changes().to_vec(),
        moves: moving
            .map(|impact| FlagMoves {
                flag: impact.flag,
                splits: impact.splits,
            })
            .collect(),
        findings,
    })
}

/// Compiles the flags as they would be after a write
pub(crate) fn compile(current: &PublishedRevision, draft: &Draft) -> Result<Snapshot, ApiError> {
    let revision = current.revision().saturating_add(1);
    let state = current.state().with(revision, draft.objects().clone());
    let before = (
        &**current.snapshot(),
        current.state().objects(Visibility::All),
    );
    compile_changes::succeed(before, &current.identity().row, &state)
        .map_err(|error| ApiError::Internal(Box::new(error)))
}

/// The differences of two states of an environment, or of two environments
pub(crate) async fn changes(
    old: Arc<PublishedRevision>,
    new: Arc<PublishedRevision>,
) -> Result<Vec<Change>, ApiError> {
    offload(move || {
        let [old, new] = [&old, &new].map(|published| published.state().objects(Visibility::All));
        let owners = differing_owners(old, new);
        let (old, new) = (write_owners(old, &owners), write_owners(new, &owners));
        Ok(document_differences(&old, &new))
    })
    .await?
}

/// The flags, segments, groups and holdouts that differ, or that have a list that differs
///
/// Compared by content: objects of two environments may have the same version.
fn differing_owners(old: &Objects, new: &Objects) -> BTreeSet<ObjectId> {
    let is_other = |objects: &Objects, id: &ObjectId, object: &Object| {
        let other = objects.get(id);
        other.is_none_or(|other| !other.body.is_same(&object.body))
    };
    let changed = new.iter().filter(|(id, object)| is_other(old, id, object));
    let removed = old.iter().filter(|(id, _)| new.get(id).is_none());
    changed.chain(removed).map(|(id, _)| id.owner()).collect()
}
