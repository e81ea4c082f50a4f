//! `…/flags/{key}/overrides`: the overrides of a flag, and `…/overrides`: those of one context in all flags

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, Path, State};
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::engine::draft::Draft;
use crate::engine::environment::{Author, InvalidFlagPolicy, WriteResult};
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::flags::edit::missing;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::etag::{self, IfMatch, Precondition};
use crate::object::{ObjectId, ObjectKind, Objects};
use crate::openapi::LanguageOverride;
use crate::overrides::bulk::OverrideRequest;
use crate::overrides::{self, OverrideEntry};
use crate::store::{EntryRow, FlagRow};

pub(crate) mod bulk;
pub(crate) mod list;

/// The context of an override, in the path
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OverrideKey {
    level: String,
    context_key: String,
}

/// The override in the path, and a caller with a role in its project
pub(crate) struct OverrideAccess {
    admin: EnvironmentAccess,
    key: OverrideKey,
}

impl<S> FromRequestParts<S> for OverrideAccess
where
    S: Send + Sync,
    Arc<AccessState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let admin = EnvironmentAccess::from_request_parts(parts, state).await?;
        let key = Path::from_request_parts(parts, state).await;
        let Path(key) = key.map_err(|error| ApiError::Unreadable(error.body_text()))?;
        Ok(Self { admin, key })
    }
}

/// An override as the admin API returns it
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Override)]
pub(crate) struct OverrideResponse {
    /// The key of the flag
    flag: Arc<str>,
    /// The kind of context
    level: Arc<str>,
    context_key: Arc<str>,
    /// The value that the context gets
    #[schema(value_type = Value)]
    value: Box<RawValue>,
    /// The reason, if one was given
    #[schema(required = true)]
    reason: Option<String>,
    /// When it was created; null if that is not known
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    created_at: Option<Timestamp>,
    /// Who created it
    #[schema(required = true)]
    created_by: Option<String>,
    /// When it was last changed; null if that is not known yet
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    updated_at: Option<Timestamp>,
    /// Who last changed it
    #[schema(required = true)]
    updated_by: Option<String>,
}

/// The body that creates or replaces an override
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `OverrideRequest` reads")]
pub(crate) struct OverrideBody {
    /// The value that the context gets
    #[schema(value_type = LanguageOverride)]
    value: Value,
    /// The reason
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A merge patch for an override
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `OverrideRequest` reads")]
pub(crate) struct OverridePatch {
    /// A merge patch (RFC 7396) for the value; what it does not name stays, what is null is removed
    value: Value,
    /// The reason
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl OverrideResponse {
    fn new(found: &OverrideEntry<'_>, note: Option<&EntryRow>) -> Self {
        // INVARIANT: what is served is canonical JSON.
        let value = RawValue::from_string(found.value.to_string()).unwrap_or_default();
        Self {
            flag: found.list.owner().key,
            level: found.level().into(),
            context_key: Arc::clone(found.entry),
            value,
            reason: note.and_then(|note| note.reason.clone()),
            created_at: note.map(|note| note.created_at),
            created_by: note.map(|note| note.created_by.clone()),
            updated_at: note.map(|note| note.changed_at),
            updated_by: note.map(|note| note.changed_by.clone()),
        }
    }
}

/// Reads an override
#[utoipa::path(
    get, path = "/flags/{key}/overrides/{level}/{contextKey}", tag = "overrides", operation_id = "readOverride",
    responses((status = OK, description = "The override", body = OverrideResponse, headers(("ETag" = String))), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn read(
    OverrideAccess { admin: scope, key }: OverrideAccess,
    State(state): State<Arc<AccessState>>,
) -> Result<Response, ApiError> {
    let current = scope.environment.current();
    let row = flag(&current, &scope.key)?;
    let list = overrides::list_of(&scope.key, &key.level);
    let found = find(&current, &list, &key)?;
    let mut items = items(&state, &scope, vec![found]).await?;
    let item = items.pop().ok_or_else(|| key.missing())?;
    answer(StatusCode::OK, row.version, &item)
}

/// Adds or replaces an override
///
/// `If-Match`, with the flag's tag, is checked if it is sent. It is not required: two people who change the overrides of two contexts do
/// not conflict.
#[utoipa::path(
    put, path = "/flags/{key}/overrides/{level}/{contextKey}", tag = "overrides", operation_id = "putOverride",
    params(WriteQuery, IfMatch),
    request_body(content = OverrideBody, example = json!({"value": "include", "reason": "asked for it"})),
    responses(
        (status = OK, description = "It was there, and is now so", body = OverrideResponse, headers(("ETag" = String))),
        (status = CREATED, description = "It was not there, and is", body = OverrideResponse, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn put(
    OverrideAccess { admin: scope, key }: OverrideAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let change = Write {
        query,
        precondition: Precondition::of(&headers),
        body,
        is_patch: false,
    };
    write((&scope, &state, &key), change).await
}

/// Changes an override by a JSON merge patch, or adds it
///
/// What the patch does not name stays: after `{"value": {"patch": {"a": 1}}}` the other leaves of the override's patch are as before. A
/// member that is null is removed from the override, so that the context gets what it would get without it.
#[utoipa::path(
    patch, path = "/flags/{key}/overrides/{level}/{contextKey}", tag = "overrides", operation_id = "patchOverride",
    params(WriteQuery, IfMatch),
    request_body(content = OverridePatch, example = json!({"value": {"patch": {"phase2": {"enhancedStorage": true}}}, "reason": "pilot"})),
    responses(
        (status = OK, description = "It was there, and is now so", body = OverrideResponse, headers(("ETag" = String))),
        (status = CREATED, description = "It was not there, and is", body = OverrideResponse, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn patch(
    OverrideAccess { admin: scope, key }: OverrideAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let change = Write {
        query,
        precondition: Precondition::of(&headers),
        body,
        is_patch: true,
    };
    write((&scope, &state, &key), change).await
}

/// The effect of a request on one override
struct Write {
    query: WriteQuery,
    precondition: Precondition,
    body: Value,
    is_patch: bool,
}

async fn write(
    (scope, state, key): (&EnvironmentAccess, &AccessState, &OverrideKey),
    change: Write,
) -> Result<Response, ApiError> {
    let request = OverrideRequest::read(change.body, (&key.level, &key.context_key))?;
    let reason = request.reason.as_deref().map(str::to_owned);
    let author = change.query.or_because(reason);
    let author = author.author(&scope.principal, state)?;
    let target = Target::new(scope, key);
    let (precondition, is_patch) = (change.precondition, change.is_patch);
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        let version = flag(current, &target.flag)?.version;
        precondition.check(Some(version))?;
        let OverrideKey { level, context_key } = &target.key;
        let held = overrides::find(objects(current), &target.list, context_key);
        let merged = || request.merged_into(held.map_or("null", |held| held.value));
        let request = if is_patch { &merged() } else { &request };
        let what = (&**context_key, &request.value);
        let schema = overrides::schema_of(current, &target.flag);
        let flag = (&*target.flag, schema.as_ref());
        let errors = overrides::check(current, flag, level, what);
        if !errors.is_empty() {
            return Err(ApiError::Invalid { errors });
        }
        draft.put_entry(&target.list, context_key, &request.text);
        Ok(())
    };
    let written = scope
        .environment
        .write(author.clone(), InvalidFlagPolicy::Refuse, edit)
        .await?;
    put_answer(scope, state, key, (written, author)).await
}

/// Removes an override
#[utoipa::path(
    delete, path = "/flags/{key}/overrides/{level}/{contextKey}", tag = "overrides", operation_id = "deleteOverride",
    params(WriteQuery, IfMatch),
    responses(
        (status = NO_CONTENT, description = "It is gone"),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn delete(
    OverrideAccess { admin: scope, key }: OverrideAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let author = query.author(&scope.principal, &state)?;
    let target = Target::new(&scope, &key);
    let precondition = Precondition::of(&headers);
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        let version = flag(current, &target.flag)?.version;
        precondition.check(Some(version))?;
        find(current, &target.list, &target.key)?;
        draft.remove_entry(&target.list, &target.key.context_key);
        Ok(())
    };
    scope
        .environment
        .write(author, InvalidFlagPolicy::Refuse, edit)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The override that a request changes
struct Target {
    flag: Arc<str>,
    list: ObjectId,
    key: OverrideKey,
}

impl Target {
    fn new(scope: &EnvironmentAccess, key: &OverrideKey) -> Self {
        Self {
            flag: scope.key.as_str().into(),
            list: overrides::list_of(&scope.key, &key.level),
            key: key.clone(),
        }
    }
}

/// The response to a PUT; for an existing override with what the store knows about its creation
async fn put_answer(
    scope: &EnvironmentAccess,
    state: &AccessState,
    key: &OverrideKey,
    (written, author): (WriteResult, Author),
) -> Result<Response, ApiError> {
    let WriteResult { before, after } = written;
    let list = overrides::list_of(&scope.key, &key.level);
    let found = find(&after, &list, key)?;
    let held = overrides::find(objects(&before), &list, &key.context_key);
    let status = match held {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    let item = if held.is_some() {
        items(state, scope, vec![found]).await?.pop()
    } else {
        let actor = author.actor.to_string();
        let note = EntryRow {
            list: list.clone(),
            entry: Arc::clone(found.entry),
            created_at: author.at,
            created_by: actor.clone(),
            changed_at: author.at,
            changed_by: actor,
            reason: author.reason,
        };
        Some(OverrideResponse::new(&found, Some(&note)))
    };
    let item = item.ok_or_else(|| key.missing())?;
    answer(status, flag(&after, &scope.key)?.version, &item)
}

fn answer(status: StatusCode, version: u64, item: &OverrideResponse) -> Result<Response, ApiError> {
    let tag = etag::quoted(&version.to_string())?;
    Ok((status, [(ETAG, tag)], Json(item)).into_response())
}

fn objects(published: &PublishedRevision) -> &Objects {
    published.state().objects(Visibility::All)
}

fn flag<'p>(current: &'p PublishedRevision, key: &str) -> Result<&'p FlagRow, ApiError> {
    current.flags().get(key).ok_or_else(|| missing(key))
}

fn find<'o>(
    current: &'o PublishedRevision,
    list: &'o ObjectId,
    key: &OverrideKey,
) -> Result<OverrideEntry<'o>, ApiError> {
    let found = overrides::find(objects(current), list, &key.context_key);
    found.ok_or_else(|| key.missing())
}

impl OverrideKey {
    fn missing(&self) -> ApiError {
        ApiError::NotFound {
            what: "override",
            name: format!("{}/{}", self.level, self.context_key),
        }
    }
}

/// Overrides with their metadata from the store
async fn items(
    state: &AccessState,
    scope: &EnvironmentAccess,
    found: Vec<OverrideEntry<'_>>,
) -> Result<Vec<OverrideResponse>, ApiError> {
    let ids = found
        .iter()
        .map(|found| (found.list.clone(), Arc::clone(found.entry)));
    let environment = scope.environment.row().id;
    let notes = state
        .engine
        .store()
        .entry_notes(environment, ids.collect())
        .await?;
    let item = |found: &OverrideEntry<'_>| {
        let is_of = |note: &&EntryRow| note.list == *found.list && note.entry == *found.entry;
        OverrideResponse::new(found, notes.iter().find(is_of))
    };
    Ok(found.iter().map(item).collect())
}

/// The id of the flag in the path
fn flag_id(scope: &EnvironmentAccess) -> ObjectId {
    ObjectId::new(ObjectKind::Flag, scope.key.as_str())
}
