//! The flags of a project: what is said of them beside how each environment has them, and their life
//!
//! A flag that is archived is in no environment, so SDKs answer `FLAG_NOT_FOUND` for it. Nothing of it is kept apart: the audit tells
//! what it was in each environment, and brings it back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::Timestamp;
use serde_json::{Value as Json, json};

use crate::api_error::{ApiError, FieldError};
use crate::draft::Draft;
use crate::environment::{Author, Edit, Environment, Invalid, WriteError, write_all};
use crate::flag;
use crate::object::{ObjectId, ObjectKind, value};
use crate::published::Published;
use crate::state::AppState;
use crate::store::{
    Action, AuditEntry, AuditQuery, FlagKind, FlagNote, FlagRow, Lifecycle, NoteChange,
};

/// How long flags are expected to live that are there to be removed again
const LIFETIME: Duration = Duration::from_hours(40 * 24);

/// A flag in its project
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) note: FlagNote,
    /// The environments that have it
    pub(crate) places: Vec<(Arc<Published>, FlagRow)>,
}

impl Entry {
    /// When it was made where it was made first
    pub(crate) fn created_at(&self) -> Option<Timestamp> {
        self.places.iter().map(|(_, row)| row.created_at).min()
    }

    /// Where it is in its life: what people said, or that it is older than flags of its kind become
    pub(crate) fn lifecycle(&self, now: Timestamp) -> &'static str {
        let is_temporary = matches!(self.note.kind, FlagKind::Release | FlagKind::Experiment);
        let is_old = |at: Timestamp| {
            let lifetime = i64::try_from(LIFETIME.as_millis()).unwrap_or(i64::MAX);
            now.as_millis().saturating_sub(at.as_millis()) > lifetime
        };
        if self.note.lifecycle == Lifecycle::Active
            && is_temporary
            && self.created_at().is_some_and(is_old)
        {
            "potentiallyStale"
        } else {
            self.note.lifecycle.name()
        }
    }
}

/// All flags of a project, by key: those that an environment has, and those of which something was said
pub(crate) async fn entries(
    state: &AppState,
    project: (i64, &str),
) -> Result<BTreeMap<Arc<str>, Entry>, ApiError> {
    let mut entries = BTreeMap::new();
    for note in state.store().flag_notes(project.0).await? {
        let places = Vec::new();
        entries.insert(Arc::clone(&note.key), Entry { note, places });
    }
    for environment in state.project(project.1) {
        let current = environment.current();
        for (key, row) in current.flags() {
            let entry = entries.entry(Arc::clone(key)).or_insert_with(|| Entry {
                note: FlagNote::unsaid(Arc::clone(key)),
                places: Vec::new(),
            });
            entry.places.push((Arc::clone(&current), row.clone()));
        }
    }
    // What was said of a flag that has been deleted everywhere is kept for one that may get its key.
    entries
        .retain(|_, entry| !entry.places.is_empty() || entry.note.lifecycle == Lifecycle::Archived);
    Ok(entries)
}

/// One flag of a project
pub(crate) async fn entry(
    state: &AppState,
    project: (i64, &str),
    key: &str,
) -> Result<Entry, ApiError> {
    let found = entries(state, project).await?.remove(key);
    found.ok_or_else(|| ApiError::NotFound {
        what: "flag",
        name: key.to_owned(),
    })
}

/// Says something else of a flag
pub(crate) async fn say(
    state: &AppState,
    project: i64,
    (before, after): (&FlagNote, FlagNote),
    (action, author): (Action, Author),
) -> Result<(), ApiError> {
    let Some(change) = change(project, (before, after), (action, author)) else {
        return Ok(());
    };
    if state.contact().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    Ok(state.store().change_flag_note(change).await?)
}

/// What the store has to write of it, if anything
fn change(
    project: i64,
    (before, after): (&FlagNote, FlagNote),
    (action, author): (Action, Author),
) -> Option<NoteChange> {
    if *before == after {
        return None;
    }
    let said = (Some(value(&audited(before))), Some(value(&audited(&after))));
    let audit = AuditEntry::new(action, "flag", Arc::clone(&after.key), said);
    Some(NoteChange {
        project_id: project,
        note: after,
        author,
        audit,
    })
}

fn audited(note: &FlagNote) -> Json {
    json!({
        "description": note.description,
        "tags": note.tags,
        "owner": note.owner,
        "kind": note.kind.name(),
        "lifecycle": note.lifecycle.name(),
        "archivedIn": note.archived_in,
    })
}

/// Takes a flag out of every environment, in one transaction; if something needs it somewhere, out of none
pub(crate) async fn archive(
    state: &AppState,
    project: (i64, &str),
    key: &str,
    author: Author,
) -> Result<(), ApiError> {
    let entry = entry(state, project, key).await?;
    let mut errors = Vec::new();
    for (current, _) in &entry.places {
        if let Err(issues) = current.snapshot().check_flag(key, None) {
            let name = &current.identity().row.name;
            errors.extend(ApiError::fields(&issues, "").into_iter().map(|error| {
                FieldError::new(
                    error.pointer,
                    format!("{}, in environment `{name}`", error.message),
                )
            }));
        }
    }
    if !errors.is_empty() {
        let key = key.to_owned();
        return Err(ApiError::InUse { key, errors });
    }
    let mut note = entry.note.clone();
    note.lifecycle = Lifecycle::Archived;
    for (current, _) in &entry.places {
        let name = current.identity().row.name.to_string();
        if !note.archived_in.contains(&name) {
            note.archived_in.push(name);
        }
    }
    let note = change(
        project.0,
        (&entry.note, note),
        (Action::Archive, author.clone()),
    );
    let id = ObjectId::new(ObjectKind::Flag, key);
    let had_it: BTreeSet<i64> = entry
        .places
        .iter()
        .map(|(it, _)| it.identity().row.id)
        .collect();
    let remove: Edit<ApiError> = Arc::new(move |current: &Published, draft: &mut Draft| {
        let environment = &current.identity().row;
        if current.flags().contains_key(&id.key) && !had_it.contains(&environment.id) {
            let message = "the flag was made in another environment at the same time; try again";
            return Err(ApiError::unavailable(message));
        }
        draft.remove_owner(&id);
        Ok(())
    });
    let environments = state.project(project.1).into_iter();
    let writes = environments.map(|environment| (environment, Arc::clone(&remove)));
    match write_all(writes.collect(), author, Invalid::Refuse, note).await {
        Ok(_) => Ok(()),
        Err(WriteError::Invalid(issues)) => Err(ApiError::InUse {
            key: key.to_owned(),
            errors: ApiError::fields(&issues, ""),
        }),
        Err(other) => Err(other.into()),
    }
}

/// Brings an archived flag back to the environments that had it, as it was there, in one transaction
pub(crate) async fn restore(
    state: &AppState,
    project: (i64, &str),
    key: &str,
    author: Author,
) -> Result<(), ApiError> {
    let Entry { note, .. } = entry(state, project, key).await?;
    let mut writes = Vec::new();
    for environment in state.project(project.1) {
        let row = environment.row();
        let current = environment.current();
        let mut back = None;
        let had_it = note.archived_in.contains(&row.name.to_string());
        if had_it && !current.flags().contains_key(key) {
            back = last(state, &environment, key).await?;
        }
        if let Some(flag) = &mut back {
            flag::complete(flag);
            let checked = current.snapshot().check_flag(key, Some(flag));
            checked.map_err(|issues| ApiError::issues(&issues, ""))?;
        }
        let own = key.to_owned();
        let put: Edit<ApiError> = Arc::new(move |_: &Published, draft: &mut Draft| {
            if let Some(flag) = &back {
                draft.put_flag(&own, flag);
                // It is what it was, however often its overrides were changed before.
                draft.lift_override_limit();
            }
            Ok(())
        });
        writes.push((environment, put));
    }
    let mut active = note.clone();
    active.lifecycle = Lifecycle::Active;
    active.archived_in.clear();
    let note = change(
        project.0,
        (&note, active),
        (Action::Restore, author.clone()),
    );
    write_all(writes, author, Invalid::Refuse, note).await?;
    Ok(())
}

/// What a flag was in an environment before it was deleted there
async fn last(
    state: &AppState,
    environment: &Environment,
    key: &str,
) -> Result<Option<Json>, ApiError> {
    let row = environment.row();
    let deletion = AuditQuery {
        project_id: row.project_id,
        environment: Some(row.name.to_string()),
        flag: Some(key.to_owned()),
        action: Some(Action::Delete.name().to_owned()),
        limit: 1,
        ..AuditQuery::default()
    };
    let deleted = state.store().audit(deletion).await?;
    let Some(revision) = deleted.first().and_then(|row| row.revision) else {
        return Ok(None);
    };
    let before = revision.saturating_sub(1);
    Ok(state.store().flag_then(row.id, key, before).await?)
}
