//! The flags of a project: their metadata, and archiving and restoring them
//!
//! An archived flag is in no environment, so SDKs answer `FLAG_NOT_FOUND` for it. No copy of it is stored: the audit contains its state in
//! each environment, from which it is restored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use flagstaff_analysis::check::check_flag;
use flagstaff_core::Timestamp;
use serde_json::Value as Json;

use crate::access::state::AccessState;
use crate::engine::draft::Draft;
use crate::engine::environment::{
    Author, Edit, Environment, InvalidFlagPolicy, WriteError, write_all,
};
use crate::engine::field_error::FieldError;
use crate::engine::published::PublishedRevision;
use crate::flags::flag;
use crate::flags::note::{SharedFields, change};
use crate::http::api_error::ApiError;
use crate::object::{ObjectId, ObjectKind};
use crate::store::{Action, AuditQuery, FlagKind, FlagRow, Lifecycle, ProjectFlagRow};

/// The age after which a flag of a temporary kind counts as potentially stale
const LIFETIME: Duration = Duration::from_hours(40 * 24);

/// A flag in its project
#[derive(Debug)]
pub(crate) struct ProjectFlag {
    pub(crate) note: ProjectFlagRow,
    /// The environments that have it
    pub(crate) places: Vec<(Arc<PublishedRevision>, FlagRow)>,
}

impl ProjectFlag {
    /// When it was first created
    pub(crate) fn created_at(&self) -> Option<Timestamp> {
        self.places.iter().map(|(_, row)| row.created_at).min()
    }

    /// The stage of its life: as set by people, or `potentiallyStale` if it is older than flags of its kind should become
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

/// All flags of a project, by key: those in an environment, and those with metadata
pub(crate) async fn entries(
    state: &AccessState,
    project: (i64, &str),
) -> Result<BTreeMap<Arc<str>, ProjectFlag>, ApiError> {
    let mut entries = BTreeMap::new();
    for note in state.engine.store().flag_notes(project.0).await? {
        let places = Vec::new();
        entries.insert(Arc::clone(&note.key), ProjectFlag { note, places });
    }
    for environment in state.engine.project(project.1) {
        let current = environment.current();
        for (key, row) in current.flags() {
            let entry = entries
                .entry(Arc::clone(key))
                .or_insert_with(|| ProjectFlag {
                    note: ProjectFlagRow::new(Arc::clone(key)),
                    places: Vec::new(),
                });
            entry.places.push((Arc::clone(&current), row.clone()));
        }
    }
    // The metadata of a flag that was deleted everywhere is kept for a new flag with its key.
    entries
        .retain(|_, entry| !entry.places.is_empty() || entry.note.lifecycle == Lifecycle::Archived);
    Ok(entries)
}

/// One flag of a project
pub(crate) async fn entry(
    state: &AccessState,
    project: (i64, &str),
    key: &str,
) -> Result<ProjectFlag, ApiError> {
    let found = entries(state, project).await?.remove(key);
    found.ok_or_else(|| ApiError::NotFound {
        what: "flag",
        name: key.to_owned(),
    })
}

/// Changes the metadata of a flag, in all environments that have it
pub(crate) async fn update(
    state: &AccessState,
    project: (i64, &str),
    (before, after, shared): (&ProjectFlagRow, ProjectFlagRow, SharedFields),
    author: Author,
) -> Result<(), ApiError> {
    let key = Arc::clone(&after.key);
    let occasion = (Action::Update, author.clone());
    let note = change(project.0, (before, after), occasion);
    if state.engine.store_health().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    let environments = state.engine.project(project.1).into_iter();
    let having = environments.filter(|it| it.current().flags().contains_key(&key));
    let writes: Vec<_> = having
        .filter(|_| !shared.is_empty())
        .map(|environment| (environment, shared.clone().edit(&key)))
        .collect();
    if !writes.is_empty() {
        write_all(writes, author, InvalidFlagPolicy::Keep, note).await?;
    } else if let Some(note) = note {
        state.engine.store().change_flag_note(note).await?;
    }
    Ok(())
}

/// Removes a flag from every environment in one transaction; if another flag needs it anywhere, nothing is removed
pub(crate) async fn archive(
    state: &AccessState,
    project: (i64, &str),
    key: &str,
    author: Author,
) -> Result<(), ApiError> {
    let entry = entry(state, project, key).await?;
    let mut errors = Vec::new();
    for (current, _) in &entry.places {
        if let Err(issues) = check_flag(current.snapshot(), key, None) {
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
        let what = "flag";
        return Err(ApiError::InUse { what, key, errors });
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
    let remove: Edit<ApiError> = Arc::new(move |current: &PublishedRevision, draft: &mut Draft| {
        let environment = &current.identity().row;
        if current.flags().contains_key(&id.key) && !had_it.contains(&environment.id) {
            let message = "the flag was made in another environment at the same time; try again";
            return Err(ApiError::unavailable(message));
        }
        draft.remove_owner(&id);
        Ok(())
    });
    let environments = state.engine.project(project.1).into_iter();
    let writes = environments.map(|environment| (environment, Arc::clone(&remove)));
    match write_all(writes.collect(), author, InvalidFlagPolicy::Refuse, note).await {
        Ok(_) => Ok(()),
        Err(WriteError::Invalid(issues)) => Err(ApiError::InUse {
            what: "flag",
            key: key.to_owned(),
            errors: ApiError::fields(&issues, ""),
        }),
        Err(other) => Err(other.into()),
    }
}

/// Restores an archived flag in the environments that had it, as it was there, in one transaction
pub(crate) async fn restore(
    state: &AccessState,
    project: (i64, &str),
    key: &str,
    author: Author,
) -> Result<(), ApiError> {
    let ProjectFlag { note, .. } = entry(state, project, key).await?;
    let mut writes = Vec::new();
    for environment in state.engine.project(project.1) {
        let row = environment.row();
        let current = environment.current();
        let mut back = None;
        let had_it = note.archived_in.contains(&row.name.to_string());
        if had_it && !current.flags().contains_key(key) {
            back = last(state, &environment, key).await?;
        }
        if let Some(flag) = &mut back {
            flag::fill_server_fields(flag);
            let checked = check_flag(current.snapshot(), key, Some(flag));
            checked.map_err(|issues| ApiError::issues(&issues, ""))?;
        }
        let own = key.to_owned();
        let put: Edit<ApiError> = Arc::new(move |_: &PublishedRevision, draft: &mut Draft| {
            if let Some(flag) = &back {
                draft.put_flag(&own, flag);
                // Restoring works however often the overrides were changed before.
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
    write_all(writes, author, InvalidFlagPolicy::Refuse, note).await?;
    Ok(())
}

/// The state of a flag in an environment before it was deleted there
async fn last(
    state: &AccessState,
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
    let deleted = state.engine.store().audit(deletion).await?;
    let Some(revision) = deleted.first().and_then(|row| row.revision) else {
        return Ok(None);
    };
    let before = revision.saturating_sub(1);
    Ok(state
        .engine
        .store()
        .flag_at_revision(row.id, key, before)
        .await?)
}
