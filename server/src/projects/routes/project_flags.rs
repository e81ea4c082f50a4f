//! `/api/v1/projects/{project}/flags`: the flags of a project, their metadata, archiving and restoring

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

use crate::access::guards::{ProjectAccess, WriteQuery};
use crate::engine::field_error::FieldError;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::flags::note::{SharedFields, patched};
use crate::flags::state::FlagState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::etag::{self, IfMatch, Precondition};
use crate::http::paging::{self, Field, Page, PageQuery, Sortable};
use crate::object::{Body as ObjectBody, ObjectId, ObjectKind};
use crate::projects::project_flags::{self, ProjectFlag};
use crate::store::{FlagKind, FlagRow, Lifecycle, ProjectFlagRow};

/// The values of `lifecycle` in a query
const LIFECYCLES: [&str; 4] = ["active", "potentiallyStale", "stale", "archived"];

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Part of the key, the name or the description, in upper or lower case
    search: Option<String>,
    /// With this tag
    tag: Option<String>,
    /// Of this owner
    owner: Option<String>,
    /// `release`, `experiment`, `killSwitch` or `permission`
    kind: Option<String>,
    /// `active`, `potentiallyStale`, `stale` or `archived`; if absent, all that are not archived
    lifecycle: Option<String>,
}

/// A flag in its project
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProjectFlag)]
pub(crate) struct ProjectFlagResponse {
    #[schema(value_type = String)]
    key: Arc<str>,
    /// Its type; null if no environment has it
    #[schema(value_type = Option<String>, required = true)]
    r#type: Option<Arc<str>>,
    /// What people call it
    name: String,
    /// What the flag is for
    description: String,
    /// Tags
    tags: Vec<String>,
    /// The owner
    owner: String,
    /// `release`, `experiment`, `killSwitch` or `permission`
    kind: &'static str,
    /// `active`, `stale` or `archived`, as set by people; `potentiallyStale` if it is active and older than flags of its kind should
    /// become
    lifecycle: &'static str,
    /// The version of the metadata: its entity tag
    version: u64,
    /// When it was first created
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    created_at: Option<Timestamp>,
    /// When it was last evaluated anywhere, as far as this node knows
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_seen_at: Option<Timestamp>,
    /// The environments that have it
    environments: Vec<FlagEnvironment>,
}

/// A flag in one environment of its project
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProjectFlagPlace)]
pub(crate) struct FlagEnvironment {
    #[schema(value_type = String)]
    name: Arc<str>,
    /// Whether it is switched on
    enabled: bool,
    /// The revision that last changed it
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Lists the flags of a project with their metadata, by key
#[utoipa::path(
    get, path = "/flags", tag = "flags", operation_id = "listProjectFlags",
    params(ListQuery, PageQuery),
    responses((status = OK, description = "A page", body = Page<ProjectFlagResponse>), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn list(
    scope: ProjectAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<ListQuery>,
    QueryParams(page): QueryParams<PageQuery>,
) -> Result<Response, ApiError> {
    query.check()?;
    let now = state.access.engine.now();
    let entries = project_flags::entries(&state.access, (scope.id, &scope.name)).await?;
    let matching = entries.values().filter(|entry| query.takes(entry, now));
    let page = paging::page(matching, &page.into())?;
    Ok(Json(page.map(|entry| ProjectFlagResponse::of(entry, &state))).into_response())
}

impl Sortable for &ProjectFlag {
    const FIELDS: &'static [&'static str] = &["key"];

    fn id(&self) -> &str {
        &self.note.key
    }

    fn field(&self, _: &str) -> Field {
        Field::Text(self.note.key.to_string())
    }
}

/// Reads the metadata of a flag, and which environments have it
#[utoipa::path(
    get, path = "/flags/{key}", tag = "flags", operation_id = "readProjectFlag",
    responses((status = OK, description = "The flag", body = ProjectFlagResponse, headers(("ETag" = String))), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn read(
    scope: ProjectAccess,
    State(state): State<Arc<FlagState>>,
) -> Result<Response, ApiError> {
    answer(&scope, &state).await
}

/// A patch for the metadata of a flag; what is missing stays, what is null is removed
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct ProjectFlagPatch {
    #[schema(max_length = 100)]
    name: Option<String>,
    #[schema(max_length = 2000)]
    description: Option<String>,
    #[schema(max_items = 20)]
    tags: Option<Vec<String>>,
    #[schema(max_length = 100)]
    owner: Option<String>,
    /// `release`, `experiment`, `killSwitch` or `permission`
    kind: Option<String>,
    /// `active` or `stale`; flags are archived with `/archive`
    lifecycle: Option<String>,
}

/// Changes the metadata of a flag
#[utoipa::path(
    patch, path = "/flags/{key}", tag = "flags", operation_id = "patchProjectFlag",
    params(WriteQuery, IfMatch),
    request_body(content = ProjectFlagPatch, example = json!({"name": "Checkout", "description": "The new checkout of 2027", "tags": ["checkout"], "owner": "team-pay", "kind": "release"})),
    responses((status = OK, description = "The flag", body = ProjectFlagResponse, headers(("ETag" = String))), (status = CONFLICT), (status = PRECONDITION_FAILED)),
)]
pub(crate) async fn patch(
    scope: ProjectAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let author = query.author(&scope.principal, &state.access)?;
    let ProjectFlag { note, .. } =
        project_flags::entry(&state.access, (scope.id, &scope.name), &scope.key).await?;
    let named = body.clone();
    let after = patched(&note, body)?;
    let shared = SharedFields::of(&named, &after);
    Precondition::of(&headers).check(Some(note.version))?;
    if note.lifecycle == Lifecycle::Archived && after.lifecycle != Lifecycle::Archived {
        return Err(ApiError::Archived { flag: scope.key });
    }
    project_flags::update(
        &state.access,
        (scope.id, &scope.name),
        (&note, after, shared),
        author,
    )
    .await?;
    answer(&scope, &state).await
}

/// Archives a flag: removes it from every environment, from where it can be restored
#[utoipa::path(
    post, path = "/flags/{key}/archive", tag = "flags", operation_id = "archiveFlag",
    params(WriteQuery),
    responses((status = OK, description = "The flag", body = ProjectFlagResponse, headers(("ETag" = String))), (status = CONFLICT)),
)]
pub(crate) async fn archive(
    scope: ProjectAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<Response, ApiError> {
    let author = query.author(&scope.principal, &state.access)?;
    project_flags::archive(&state.access, (scope.id, &scope.name), &scope.key, author).await?;
    answer(&scope, &state).await
}

/// Restores an archived flag in the environments that had it, as it was there
#[utoipa::path(
    post, path = "/flags/{key}/restore", tag = "flags", operation_id = "restoreFlag",
    params(WriteQuery),
    responses((status = OK, description = "The flag", body = ProjectFlagResponse, headers(("ETag" = String))), (status = CONFLICT)),
)]
pub(crate) async fn restore(
    scope: ProjectAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<Response, ApiError> {
    let author = query.author(&scope.principal, &state.access)?;
    project_flags::restore(&state.access, (scope.id, &scope.name), &scope.key, author).await?;
    answer(&scope, &state).await
}

async fn answer(scope: &ProjectAccess, state: &FlagState) -> Result<Response, ApiError> {
    let entry = project_flags::entry(&state.access, (scope.id, &scope.name), &scope.key).await?;
    let tag = etag::quoted(&entry.note.version.to_string())?;
    Ok(([(ETAG, tag)], Json(ProjectFlagResponse::of(&entry, state))).into_response())
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

    fn takes(&self, entry: &ProjectFlag, now: Timestamp) -> bool {
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
            && (has(&note.key) || has(&note.name) || has(&note.description))
    }
}

impl ProjectFlagResponse {
    fn of(entry: &ProjectFlag, state: &FlagState) -> Self {
        let ProjectFlagRow {
            key,
            version,
            name,
            description,
            tags,
            owner,
            kind,
            ..
        } = entry.note.clone();
        let seen = entry.places.iter().filter_map(|(published, _)| {
            state.usage.of(published.identity().row.id).last_seen(&key)
        });
        let row = entry.places.first().map(|(_, row)| row);
        Self {
            r#type: row.map(|row| Arc::clone(&row.value_type)),
            name,
            description,
            tags,
            owner,
            kind: kind.name(),
            lifecycle: entry.lifecycle(state.access.engine.now()),
            version,
            created_at: entry.created_at(),
            last_seen_at: seen.max(),
            environments: entry
                .places
                .iter()
                .map(|(at, row)| FlagEnvironment::of(at, row))
                .collect(),
            key,
        }
    }
}

impl FlagEnvironment {
    fn of(published: &PublishedRevision, row: &FlagRow) -> Self {
        let id = ObjectId::new(ObjectKind::Flag, Arc::clone(&row.key));
        let object = published.state().objects(Visibility::All).get(&id);
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
