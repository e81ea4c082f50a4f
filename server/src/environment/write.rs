//! Writing environments: alone, or several in one transaction
//!
//! Who writes has the turn of every environment that is written, so what one node decides it decides one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flagstaff_core::{Issue, SnapshotError};
use tokio::time::timeout;

use super::{Author, Environment, Invalid, WriteError, Written};
use crate::draft::{Changes, Draft};
use crate::history::replaced_bytes;
use crate::offload::{discard, offload};
use crate::published::Published;
use crate::store::{Commit, Meter, NoteChange, StoreError, WRITE_LIMIT};
use crate::view::Scope;

/// How often a write is decided anew before the writer is told to try again: where two nodes write at once, each time is a toss
const ATTEMPTS: u32 = 20;
/// Waited at most before the second attempt, and so much more before each after it, so that nodes get out of step
const BACKOFF: Duration = Duration::from_millis(2);
/// In which changes of a flag's overrides are counted
const OVERRIDE_WINDOW: Duration = Duration::from_hours(1);

/// What a write makes of one environment; it may run more than once
pub(crate) type Edit<E> = Arc<dyn Fn(&Published, &mut Draft) -> Result<(), E> + Send + Sync>;

impl Environment {
    /// Changes it by `edit`, which may run more than once; answers when the change is published
    ///
    /// An edit that changes nothing makes no revision. The write is finished even if the caller goes away.
    pub async fn write<E: Send + 'static>(
        self: &Arc<Self>,
        author: Author,
        invalid: Invalid,
        edit: impl Fn(&Published, &mut Draft) -> Result<(), E> + Send + Sync + 'static,
    ) -> Result<Written, WriteError<E>> {
        let edit: Edit<E> = Arc::new(edit);
        let writes = vec![(Arc::clone(self), edit)];
        let mut written = write_all(writes, author, invalid, None).await?;
        written.pop().ok_or(WriteError::Cut)
    }
}

/// Changes several environments of a project and what is said of a flag, all or nothing; answers in the order of their ids, when
/// everything is published
pub(crate) async fn write_all<E: Send + 'static>(
    mut writes: Vec<(Arc<Environment>, Edit<E>)>,
    author: Author,
    invalid: Invalid,
    note: Option<NoteChange>,
) -> Result<Vec<Written>, WriteError<E>> {
    // A task of its own: a caller that hangs up between commit and publication must not leave this node behind its store.
    let task = tokio::spawn(async move {
        // In one order, or two such writes would wait for each other.
        writes.sort_by_key(|(environment, _)| environment.row.id);
        let written = write_to_end(&writes, &author, invalid, note.as_ref()).await;
        // An edit may have a large document.
        discard(writes);
        written
    });
    task.await.unwrap_or(Err(WriteError::Cut))
}

async fn write_to_end<E: Send + 'static>(
    writes: &[(Arc<Environment>, Edit<E>)],
    author: &Author,
    invalid: Invalid,
    note: Option<&NoteChange>,
) -> Result<Vec<Written>, WriteError<E>> {
    let Some(backing) = writes.first().map(|(environment, _)| &environment.backing) else {
        return Ok(Vec::new());
    };
    let asked_at = Instant::now();
    let mut turns = Vec::with_capacity(writes.len());
    for (environment, _) in writes {
        let left = WRITE_LIMIT.saturating_sub(asked_at.elapsed());
        let Ok(turn) = timeout(left, environment.writing.lock()).await else {
            return Err(StoreError::Busy.into());
        };
        turns.push(turn);
    }
    // Else everybody who waited for these turns would wait for the store in turn.
    if backing.contact.is_lost() {
        return Err(WriteError::OutOfReach);
    }
    if backing.store.writes().have_failed_since(asked_at) {
        return Err(StoreError::Busy.into());
    }
    for attempt in 0..ATTEMPTS {
        let mut commits = Vec::new();
        let mut written = Vec::with_capacity(writes.len());
        for (environment, edit) in writes {
            let (before, edit, author) = (environment.current(), Arc::clone(edit), author.clone());
            let limit = environment.backing.override_changes;
            let decided = offload(move || decide(before, &edit, author, (invalid, limit))).await;
            let (one, commit) = decided.map_err(|_| WriteError::Cut)??;
            written.push(one);
            commits.extend(commit);
        }
        if commits.is_empty() && note.is_none() {
            return Ok(written);
        }
        match backing
            .store
            .commit_all(commits, note.cloned(), asked_at)
            .await
        {
            Ok(()) => {
                for ((environment, _), one) in writes.iter().zip(&written) {
                    if !Arc::ptr_eq(&one.before, &one.after) {
                        environment.current.send_replace(Arc::clone(&one.after));
                    }
                }
                backing.committed.notify_one();
                return Ok(written);
            }
            Err(StoreError::Stale { .. } | StoreError::Contended(_))
                if asked_at.elapsed() < WRITE_LIMIT =>
            {
                let most = BACKOFF.saturating_mul(attempt);
                tokio::time::sleep(most.mul_f64(rand::random())).await;
                for (environment, _) in writes {
                    let left = WRITE_LIMIT.saturating_sub(asked_at.elapsed());
                    let caught_up = timeout(left, environment.catch_up()).await;
                    caught_up.map_err(|_| StoreError::Busy)??;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    let base = writes
        .first()
        .map_or(0, |(environment, _)| environment.current().revision());
    Err(StoreError::Stale { base }.into())
}

/// What an edit makes of a state, and what the store has to write for it, if anything
fn decide<E>(
    before: Arc<Published>,
    edit: &Edit<E>,
    author: Author,
    (invalid, override_changes): (Invalid, u32),
) -> Result<(Written, Option<Commit>), WriteError<E>> {
    let mut draft = Draft::new(before.revision(), before.state().objects(Scope::All));
    edit(&before, &mut draft).map_err(WriteError::Refused)?;
    let changes = draft.changes(before.flags(), author.at);
    if changes.objects.is_empty() {
        let after = Arc::clone(&before);
        return Ok((Written { before, after }, None));
    }
    let after = Arc::new(succeed(&before, &draft, &changes)?);
    let broken = if invalid == Invalid::Refuse {
        newly_broken(&before, &after)
    } else {
        Vec::new()
    };
    if !broken.is_empty() {
        return Err(WriteError::Invalid(broken));
    }
    let commit = commit(&before, author, changes, override_changes);
    Ok((Written { before, after }, Some(commit)))
}

fn commit(before: &Published, author: Author, changes: Changes, override_changes: u32) -> Commit {
    let Changes {
        objects: changes,
        lists,
        flags,
        dropped_flags,
        mut entries,
        overridden,
        audit,
    } = changes;
    let is_limited = override_changes > 0 && !overridden.is_empty();
    entries.meter = is_limited.then_some(Meter {
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
    current: &Published,
    draft: &Draft,
    changes: &Changes,
) -> Result<Published, SnapshotError> {
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

/// What is wrong after a change and was not before
fn newly_broken(before: &Published, after: &Published) -> Vec<Issue> {
    let known: Vec<&Issue> = before.snapshot().issues().iter().collect();
    after
        .snapshot()
        .issues()
        .iter()
        .filter(|issue| !known.contains(issue))
        .cloned()
        .collect()
}
