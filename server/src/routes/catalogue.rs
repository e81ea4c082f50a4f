//! `/api/v1/projects/{project}/flags`: the flags of a project, what is said of them, archiving and restoring

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Timestamp, excerpt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::api_error::{ApiError, FieldError};
use crate::catalogue::{self, Entry};
use crate::etag::{self, IfMatch, Precondition};
use crate::extract::{Body, Parameters, ProjectScope, WriteQuery, page_size};
use crate::list::Page;
use crate::object::{Body as ObjectBody, ObjectId, ObjectKind};
use crate::published::Published;
use crate::state::AppState;
use crate::store::{Action, FlagKind, FlagNote, FlagRow, Lifecycle};
use crate::view::Scope;

mod patch;

/// What can be asked for as `lifecycle`
const LIFECYCLES: [&str; 4] = ["active", "potentiallyStale", "stale", "archived"];

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Part of the key or the description, in any case
    search: Option<String>,
    /// With this tag
    tag: Option<String>,
    /// Of this owner
    owner: Option<String>,
    /// `release`, `experiment`, `killSwitch` or `permission`
    kind: Option<String>,
    /// `active`, `potentiallyStale`, `stale` or `archived`; all but archived ones, if absent
    lifecycle: Option<String>,
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before
    cursor: Option<String>,
}

/// A flag in its project
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProjectFlag)]
pub(super) struct Item {
    #[schema(value_type = String)]
    key: Arc<str>,
    /// Its type; null if no environment has it
    #[schema(value_type = Option<String>, required = true)]
    r#type: Option<Arc<str>>,
    /// What it is for
    description: String,
    /// Words to find it by
    tags: Vec<String>,
    /// Whose it is
    owner: String,
    /// `release`, `experiment`, `killSwitch` or `permission`
    kind: &'static str,
    /// `active`, `stale` or `archived`, as people say; `potentiallyStale` if it is active and older than flags of its kind become
    lifecycle: &'static str,
    /// How often what is said here was changed: its entity tag
    version: u64,
    /// When it was made where it was made first
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    created_at: Option<Timestamp>,
    /// When it was last asked for anywhere, as far as this node knows
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_seen_at: Option<Timestamp>,
    /// The environments that have it
    environments: Vec<Place>,
}

/// A flag in one environment of its project
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProjectFlagPlace)]
pub(super) struct Place {
    #[schema(value_type = String)]
    name: Arc<str>,
    /// Whether it is switched on
    enabled: bool,
    /// The revision that last changed it
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Lists the flags of a project with what is said of them, by key
#[utoipa::path(
    get, path = "/flags", tag = "flags", operation_id = "listProjectFlags",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<Item>), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn list(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    query.check()?;
    let now = state.now();
    let entries = catalogue::entries(&state, (scope.id, &scope.name)).await?;
    let matching: Vec<&Entry> = entries
        .values()
        .filter(|entry| query.takes(entry, now))
        .collect();
    let total = Some(matching.len());
    let is_past = |entry: &&&Entry| {
        query
            .cursor
            .as_deref()
            .is_none_or(|last| *entry.note.key > *last)
    };
    let mut rest = matching.iter().filter(is_past);
    let page: Vec<&&Entry> = rest.by_ref().take(limit).collect();
    let next = page.last().filter(|_| rest.next().is_some());
    let next = next.map(|entry| entry.note.key.to_string());
    let items = page
        .into_iter()
        .map(|entry| Item::of(entry, &state))
        .collect();
    Ok(Json(Page { items, total, next }).into_response())
}

/// Tells what is said of a flag, and which environments have it
#[utoipa::path(
    get, path = "/flags/{key}", tag = "flags", operation_id = "readProjectFlag",
    responses((status = OK, description = "The flag", body = Item, headers(("ETag" = String))), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn read(
    scope: ProjectScope,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    answer(&scope, &state).await
}

/// What is said of a flag; what is missing stays, what is null is unsaid
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct ProjectFlagPatch {
    #[schema(max_length = 2000)]
    description: Option<String>,
    #[schema(max_items = 20)]
    tags: Option<Vec<String>>,
    #[schema(max_length = 100)]
    owner: Option<String>,
    /// `release`, `experiment`, `killSwitch` or `permission`
    kind: Option<String>,
    /// `active` or `stale`; flags are archived by `/archive`
    lifecycle: Option<String>,
}

/// Changes what is said of a flag in its project
#[utoipa::path(
    patch, path = "/flags/{key}", tag = "flags", operation_id = "patchProjectFlag",
    params(WriteQuery, IfMatch),
    request_body(content = ProjectFlagPatch, example = json!({"description": "The new checkout", "tags": ["checkout"], "owner": "team-pay", "kind": "release"})),
    responses((status = OK, description = "The flag", body = Item, headers(("ETag" = String))), (status = CONFLICT), (status = PRECONDITION_FAILED)),
)]
pub(super) async fn patch(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let author = query.author(&scope.grant, &state)?;
    let Entry { note, .. } = catalogue::entry(&state, (scope.id, &scope.name), &scope.key).await?;
    let after = patch::patched(&note, body)?;
    Precondition::of(&headers).check(Some(note.version))?;
    if note.lifecycle == Lifecycle::Archived && after.lifecycle != Lifecycle::Archived {
        return Err(ApiError::Archived { flag: scope.key });
    }
    catalogue::say(&state, scope.id, (&note, after), (Action::Update, author)).await?;
    answer(&scope, &state).await
}

/// Archives a flag: it is taken out of every environment, and can come back as it was
#[utoipa::path(
    post, path = "/flags/{key}/archive", tag = "flags", operation_id = "archiveFlag",
    params(WriteQuery),
    responses((status = OK, description = "The flag", body = Item, headers(("ETag" = String))), (status = CONFLICT)),
)]
pub(super) async fn archive(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
) -> Result<Response, ApiError> {
    let author = query.author(&scope.grant, &state)?;
    catalogue::archive(&state, (scope.id, &scope.name), &scope.key, author).await?;
    answer(&scope, &state).await
}

/// Brings an archived flag back to the environments that had it, as it was there
#[utoipa::path(
    post, path = "/flags/{key}/restore", tag = "flags", operation_id = "restoreFlag",
    params(WriteQuery),
    responses((status = OK, description = "The flag", body = Item, headers(("ETag" = String))), (status = CONFLICT)),
)]
pub(super) async fn restore(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
) -> Result<Response, ApiError> {
    let author = query.author(&scope.grant, &state)?;
    catalogue::restore(&state, (scope.id, &scope.name), &scope.key, author).await?;
    answer(&scope, &state).await
}

async fn answer(scope: &ProjectScope, state: &AppState) -> Result<Response, ApiError> {
    let entry = catalogue::entry(state, (scope.id, &scope.name), &scope.key).await?;
    let tag = etag::quoted(&entry.note.version.to_string())?;
    Ok(([(ETAG, tag)], Json(Item::of(&entry, state))).into_response())
}

impl ListQuery {
    fn check(&self) -> Result<(), ApiError> {
        let kinds = FlagKind::ALL
            .iter()
            .map(|kind| kind.name())
            .collect::<Vec<_>>();
        let wrong = [
            ("?kind", &self.kind, &*kinds),
            ("?lifecycle", &self.lifecycle, &LIFECYCLES),
        ];
        let errors = wrong.into_iter().filter_map(|(name, given, words)| {
            let other = given.as_deref().filter(|word| !words.contains(word))?;
            let message = format!(
                "expected one of {}, got `{}`",
                words.join(", "),
                excerpt(other)
            );
            Some(FieldError::new(name, message))
        });
        let errors: Vec<_> = errors.collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Invalid { errors })
        }
    }

    fn takes(&self, entry: &Entry, now: Timestamp) -> bool {
        let note = &entry.note;
        let is =
            |asked: &Option<String>, held: &str| asked.as_deref().is_none_or(|asked| asked == held);
        let has = |text: &str| {
            let search = self.search.as_deref().unwrap_or_default().to_lowercase();
            text.to_lowercase().contains(&search)
        };
        let is_alive = note.lifecycle != Lifecycle::Archived || self.lifecycle.is_some();
        is_alive
            && is(&self.owner, &note.owner)
            && is(&self.kind, note.kind.name())
            && is(&self.lifecycle, entry.lifecycle(now))
            && self.tag.as_ref().is_none_or(|tag| note.tags.contains(tag))
            && (has(&note.key) || has(&note.description))
    }
}

impl Item {
    fn of(entry: &Entry, state: &AppState) -> Self {
        let FlagNote {
            key,
            version,
            description,
            tags,
            owner,
            kind,
            ..
        } = entry.note.clone();
        let seen = entry.places.iter().filter_map(|(published, _)| {
            state
                .usage()
                .of(published.identity().row.id)
                .last_seen(&key)
        });
        let row = entry.places.first().map(|(_, row)| row);
        Self {
            r#type: row.map(|row| Arc::clone(&row.value_type)),
            description,
            tags,
            owner,
            kind: kind.name(),
            lifecycle: entry.lifecycle(state.now()),
            version,
            created_at: entry.created_at(),
            last_seen_at: seen.max(),
            environments: entry
                .places
                .iter()
                .map(|(at, row)| Place::of(at, row))
                .collect(),
            key,
        }
    }
}

impl Place {
    fn of(published: &Published, row: &FlagRow) -> Self {
        let id = ObjectId::new(ObjectKind::Flag, Arc::clone(&row.key));
        let object = published.state().objects(Scope::All).get(&id);
        let text = object.and_then(|object| match &object.body {
            ObjectBody::Whole(whole) => Some(whole.text()),
            ObjectBody::List(_) => None,
        });
        let flag: Value = text.map_or(Value::Null, |text| {
            serde_json::from_str(text).unwrap_or_default()
        });
        Self {
            name: Arc::clone(&published.identity().row.name),
            enabled: flag.get("enabled") == Some(&Value::Bool(true)),
            version: row.version,
            updated_at: row.updated_at,
        }
    }
}
