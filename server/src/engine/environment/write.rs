//! Writes environments: one, or several in one transaction
//!
//! A writer holds the write lock of every environment that it changes, so that one node decides its writes one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flagstaff_core::{Issue, SnapshotError};
use tokio::sync::MutexGuard;
use tokio::time::timeout;

use super::{Author, Environment, InvalidFlagPolicy, WriteError, WriteResult};
use crate::engine::draft::{Draft, WriteSet};
use crate::engine::published::PublishedRevision;
use crate::engine::recent_states::replaced_bytes;
use crate::engine::visibility::Visibility;
use crate::runtime::offload::{discard, offload};
use crate::store::{ChangeLimit, Commit, NoteChange, StoreError, WRITE_LIMIT};

/// How often a write is decided again before it fails: of two nodes that write at once, either may win
const ATTEMPTS: u32 = 20;
/// The maximum delay before the second attempt; each later attempt adds as much, so that nodes do not try again at the same time
const BACKOFF: Duration = Duration::from_millis(2);
/// The period in which changes of a flag's overrides are counted
const OVERRIDE_WINDOW: Duration = Duration::from_hours(1);

/// Edits the draft of one environment; may be called more than once
pub(crate) type Edit<E> =
    Arc<dyn Fn(&PublishedRevision, &mut Draft) -> Result<(), E> + Send + Sync>;

impl Environment {
    /// Changes the environment by `edit`, which may be called more than once; returns when the change is published
    ///
    /// An edit without changes makes no revision. The write is completed even if the caller disconnects.
    pub async fn write<E: Send + 'static>(
        self: &Arc<Self>,
        author: Author,
        invalid: InvalidFlagPolicy,
        edit: impl Fn(&PublishedRevision, &mut Draft) -> Result<(), E> + Send + Sync + 'static,
    ) -> Result<WriteResult, WriteError<E>> {
        let edit: Edit<E> = Arc::new(edit);
        let writes = vec![(Arc::clone(self), edit)];
        let mut written = write_all(writes, author, invalid, None).await?;
        written.pop().ok_or(WriteError::Cut)
    }
}

/// Changes several environments of a project, and a flag's metadata, all or nothing; returns the results in the order of the environments'
/// ids, when everything is published
pub(crate) async fn write_all<E: Send + 'static>(
    mut writes: Vec<(Arc<Environment>, Edit<E>)>,
    author: Author,
    invalid: InvalidFlagPolicy,
    note: Option<NoteChange>,
) -> Result<Vec<WriteResult>, WriteError<E>> {
    // A task of its own: a client that disconnects between commit and publication must not leave this node behind its store.
    let task = tokio::spawn(async move {
        // Always in the same order: otherwise two such writes could wait for each other.
        writes.sort_by_key(|(environment, _)| environment.row.id);
        let written = write_to_end(&writes, &author, invalid, note.as_ref()).await;
        // An edit may own a large document.
        discard(writes);
        written
    });
    task.await.unwrap_or(Err(WriteError::Cut))
}

async fn write_to_end<E: Send + 'static>(
    writes: &[(Arc<Environment>, Edit<E>)],
    author: &Author,
    invalid: InvalidFlagPolicy,
    note: Option<&NoteChange>,
) -> Result<Vec<WriteResult>, WriteError<E>> {
    let Some(store_handle) = writes
        .first()
        .map(|(environment, _)| &environment.store_handle)
    else {
        return Ok(Vec::new());
    };
    let asked_at = Instant::now();
    let _turns = turns(writes, asked_at).await?;
    // Otherwise all waiting writers would wait for the store, one after the other.
    if store_handle.store_health.is_lost() {
        return Err(WriteError::OutOfReach);
    }
    if store_handle.store.writes().have_failed_since(asked_at) {
        return Err(StoreError::Busy.into());
    }
    for attempt in 0..ATTEMPTS {
        let mut commits = Vec::new();
        let mut written = Vec::with_capacity(writes.len());
        for (environment, edit) in writes {
            let (before, edit, author) = (environment.current(), Arc::clone(edit), author.clone());
            let limit = environment.store_handle.override_changes;
            let decided = offload(move || decide(before, &edit, author, (invalid, limit))).await;
            let (one, commit) = decided.map_err(|_| WriteError::Cut)??;
            written.push(one);
            commits.extend(commit);
        }
        if commits.is_empty() && note.is_none() {
            // Another node may have undone a change that this node still has.
            if are_current(writes, &written, asked_at).await? {
                return Ok(written);
            }
            continue;
        }
        match store_handle
            .store
            .commit_all(commits, note.cloned(), asked_at)
            .await
        {
            Ok(()) => {
                publish(writes, &written);
                store_handle.local_commit.notify_one();
                return Ok(written);
            }
            Err(StoreError::Stale { .. } | StoreError::Contended(_))
                if asked_at.elapsed() < WRITE_LIMIT =>
            {
                let most = BACKOFF.saturating_mul(attempt);
                tokio::time::sleep(most.mul_f64(rand::random())).await;
                catch_up(writes, asked_at).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let base = writes
        .first()
        .map_or(0, |(environment, _)| environment.current().revision());
    Err(StoreError::Stale { base }.into())
}

/// Catches up with the store; returns whether the environments were up to date when the edits were decided
async fn are_current<E>(
    writes: &[(Arc<Environment>, Edit<E>)],
    written: &[WriteResult],
    asked_at: Instant,
) -> Result<bool, WriteError<E>> {
    catch_up(writes, asked_at).await?;
    let mut decided = writes.iter().zip(written);
    Ok(decided.all(|((environment, _), one)| Arc::ptr_eq(&one.before, &environment.current())))
}

/// Catches up with the store
async fn catch_up<E>(
    writes: &[(Arc<Environment>, Edit<E>)],
    asked_at: Instant,
) -> Result<(), WriteError<E>> {
    for (environment, _) in writes {
        let left = WRITE_LIMIT.saturating_sub(asked_at.elapsed());
        let caught_up = timeout(left, environment.catch_up()).await;
        caught_up.map_err(|_| StoreError::Busy)??;
    }
    Ok(())
}

/// The write locks of all environments that are changed
async fn turns<E>(
    writes: &[(Arc<Environment>, Edit<E>)],
    asked_at: Instant,
) -> Result<Vec<MutexGuard<'_, ()>>, StoreError> {
    let mut turns = Vec::with_capacity(writes.len());
    for (environment, _) in writes {
        let left = WRITE_LIMIT.saturating_sub(asked_at.elapsed());
        let turn = timeout(left, environment.writing.lock()).await;
        turns.push(turn.map_err(|_| StoreError::Busy)?);
    }
    Ok(turns)
}

/// Makes the committed state the current revision of each environment
fn publish<E>(writes: &[(Arc<Environment>, Edit<E>)], written: &[WriteResult]) {
    for ((environment, _), one) in writes.iter().zip(written) {
        if !Arc::ptr_eq(&one.before, &one.after) {
            environment.current.send_replace(Arc::clone(&one.after));
        }
    }
}

/// Applies an edit to a state; returns the new state and the rows to write, if anything changed
fn decide<E>(
    before: Arc<PublishedRevision>,
    edit: &Edit<E>,
    author: Author,
    (invalid, override_changes): (InvalidFlagPolicy, u32),
) -> Result<(WriteResult, Option<Commit>), WriteError<E>> {
    let mut draft = Draft::new(before.revision(), before.state().objects(Visibility::All));
    edit(&before, &mut draft).map_err(WriteError::Refused)?;
    let changes = draft.changes(before.flags(), author.at);
    if changes.objects.is_empty() {
        let after = Arc::clone(&before);
        return Ok((WriteResult { before, after }, None));
    }
    if invalid == InvalidFlagPolicy::Refuse {
        let owners = changes.objects.iter().map(|change| change.id.owner());
        let violations = draft.schema_violations(&owners.collect());
        if !violations.is_empty() {
            return Err(WriteError::Violations(violations));
        }
    }
    let after = Arc::new(succeed(&before, &draft, &changes)?);
    let broken = if invalid == InvalidFlagPolicy::Refuse {
        newly_broken(&before, &after)
    } else {
        Vec::new()
    };
    if !broken.is_empty() {
        return Err(WriteError::Invalid(broken));
    }
    let commit = commit(&before, author, changes, override_changes);
    Ok((WriteResult { before, after }, Some(commit)))
}

fn commit(
    before: &PublishedRevision,
    author: Author,
    changes: WriteSet,
    override_changes: u32,
) -> Commit {
    let WriteSet {
        objects: changes,
        lists,
        flags,
        dropped_flags,
        mut entries,
        overridden,
        audit,
    } = changes;
    let is_limited = override_changes > 0 && !overridden.is_empty();
    entries.meter = is_limited.then_some(ChangeLimit {
        flags: overridden,
        limit: override_changes,
        window: OVERRIDE_WINDOW,
    });
    Commit {
        environment: before.identity().row.id,
        base: before.revision(),
        author,
        changes,
        lists,
        flags,
        dropped_flags,
        entries,
        audit,
    }
}

/// The state after `current`, compiled
fn succeed(
    current: &PublishedRevision,
    draft: &Draft,
    changes: &WriteSet,
) -> Result<PublishedRevision, SnapshotError> {
    let state = current.state().with(
        current.revision().saturating_add(1),
        draft.objects().clone(),
    );
    let mut flags = current.flags().clone();
    for row in &changes.flags {
        flags.insert(Arc::clone(&row.key), row.clone());
    }
    for key in &changes.dropped_flags {
        flags.remove(key);
    }
    let mut history = current.history().clone();
    history.push(
        Arc::clone(current.state()),
        replaced_bytes(&changes.objects),
    );
    current.succeed(Arc::new(state), flags, history)
}

/// The issues that were not there before the change
fn newly_broken(before: &PublishedRevision, after: &PublishedRevision) -> Vec<Issue> {
    let known: Vec<&Issue> = before.snapshot().issues().iter().collect();
    after
        .snapshot()
        .issues()
        .iter()
        .filter(|issue| !known.contains(issue))
        .cloned()
        .collect()
}
