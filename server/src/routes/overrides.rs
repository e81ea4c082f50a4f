//! `…/flags/{key}/overrides`: the overrides of a flag one by one, and `…/overrides`: those of one context over all flags

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::draft::Draft;
use crate::environment::{Author, Invalid, Written};
use crate::etag::{self, IfMatch, Precondition};
use crate::extract::{AdminScope, Body, Parameters, WriteQuery};
use crate::object::{ObjectId, ObjectKind, Objects};
use crate::openapi::LanguageOverride;
use crate::overrides::bulk::Submission;
use crate::overrides::{self, Found};
use crate::published::Published;
use crate::routes::flags::missing;
use crate::state::AppState;
use crate::store::{EntryRow, FlagRow};
use crate::view::Scope;

pub(super) mod bulk;
pub(super) mod list;

/// Whose override a path names
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    level: String,
    context_key: String,
}

/// An override named by the path, and somebody with a role in its project
pub(super) struct OverrideScope {
    admin: AdminScope,
    place: Place,
}

impl FromRequestParts<AppState> for OverrideScope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let admin = AdminScope::from_request_parts(parts, state).await?;
        let place = Path::from_request_parts(parts, state).await;
        let Path(place) = place.map_err(|error| ApiError::Unreadable(error.body_text()))?;
        Ok(Self { admin, place })
    }
}

/// An override as the admin API shows it
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Override)]
pub(super) struct Item {
    /// The key of the flag
    flag: Arc<str>,
    /// The kind of context
    level: Arc<str>,
    context_key: Arc<str>,
    /// What the context gets
    #[schema(value_type = Value)]
    value: Box<RawValue>,
    /// Why, if it was said
    #[schema(required = true)]
    reason: Option<String>,
    /// When it was last changed; null where a release wrote it that did not note it, as the next one
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    updated_at: Option<Timestamp>,
    /// By whom
    #[schema(required = true)]
    updated_by: Option<String>,
}

/// What an override is made of
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Submission` reads")]
pub(super) struct OverrideBody {
    /// What the context gets
    #[schema(value_type = LanguageOverride)]
    value: Value,
    /// Why
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl Item {
    fn new(found: &Found<'_>, note: Option<&EntryRow>) -> Self {
        // INVARIANT: what is served is canonical JSON.
        let value = RawValue::from_string(found.value.to_string()).unwrap_or_default();
        Self {
            flag: found.list.owner().key,
            level: found.level().into(),
            context_key: Arc::clone(found.entry),
            value,
            reason: note.and_then(|note| note.reason.clone()),
            updated_at: note.and_then(|note| note.changed_at),
            updated_by: note.and_then(|note| note.changed_by.clone()),
        }
    }
}

/// Reads an override
#[utoipa::path(
    get, path = "/flags/{key}/overrides/{level}/{contextKey}", tag = "overrides", operation_id = "readOverride",
    responses((status = OK, description = "The override", body = Item, headers(("ETag" = String))), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn read(
    OverrideScope {
        admin: scope,
        place,
    }: OverrideScope,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    let current = scope.environment.current();
    let row = flag(&current, &scope.key)?;
    let list = overrides::list_of(&scope.key, &place.level);
    let found = find(&current, &list, &place)?;
    let mut items = items(&state, &scope, vec![found]).await?;
    let item = items.pop().ok_or_else(|| place.missing())?;
    answer(StatusCode::OK, row.version, &item)
}

/// Adds or replaces an override
///
/// `If-Match`, the flag's, is honoured where it is sent: two people who give something to two contexts do not disagree.
#[utoipa::path(
    put, path = "/flags/{key}/overrides/{level}/{contextKey}", tag = "overrides", operation_id = "putOverride",
    params(WriteQuery, IfMatch),
    request_body(content = OverrideBody, example = json!({"value": "include", "reason": "asked for it"})),
    responses(
        (status = OK, description = "It was there, and is now so", body = Item, headers(("ETag" = String))),
        (status = CREATED, description = "It was not there, and is", body = Item, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(super) async fn put(
    OverrideScope {
        admin: scope,
        place,
    }: OverrideScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let submission = Submission::read(body)?;
    let reason = submission.reason.as_deref().map(str::to_owned);
    let author = query.or_because(reason).author(&scope.grant, &state)?;
    let target = Target::new(&scope, &place);
    let precondition = Precondition::of(&headers);
    let edit = move |current: &Published, draft: &mut Draft| {
        let version = flag(current, &target.flag)?.version;
        precondition.check(Some(version))?;
        let Place { level, context_key } = &target.place;
        let what = (&**context_key, &submission.value);
        let errors = overrides::check(current, &target.flag, level, what);
        if !errors.is_empty() {
            return Err(ApiError::Invalid { errors });
        }
        draft.put_entry(&target.list, context_key, &submission.text);
        Ok(())
    };
    let written = scope
        .environment
        .write(author.clone(), Invalid::Refuse, edit)
        .await?;
    put_answer(&scope, &state, &place, (written, author)).await
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
pub(super) async fn delete(
    OverrideScope {
        admin: scope,
        place,
    }: OverrideScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let author = query.author(&scope.grant, &state)?;
    let target = Target::new(&scope, &place);
    let precondition = Precondition::of(&headers);
    let edit = move |current: &Published, draft: &mut Draft| {
        let version = flag(current, &target.flag)?.version;
        precondition.check(Some(version))?;
        find(current, &target.list, &target.place)?;
        draft.remove_entry(&target.list, &target.place.context_key);
        Ok(())
    };
    scope
        .environment
        .write(author, Invalid::Refuse, edit)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a request changes
struct Target {
    flag: Arc<str>,
    list: ObjectId,
    place: Place,
}

impl Target {
    fn new(scope: &AdminScope, place: &Place) -> Self {
        Self {
            flag: scope.key.as_str().into(),
            list: overrides::list_of(&scope.key, &place.level),
            place: place.clone(),
        }
    }
}

/// The override that was put, with what is known of it: of one that was there already, what was said then
async fn put_answer(
    scope: &AdminScope,
    state: &AppState,
    place: &Place,
    (written, author): (Written, Author),
) -> Result<Response, ApiError> {
    let Written { before, after } = written;
    let list = overrides::list_of(&scope.key, &place.level);
    let found = find(&after, &list, place)?;
    let held = overrides::find(objects(&before), &list, &place.context_key);
    let status = match held {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    let item = if held.is_some_and(|held| held.value == found.value) {
        items(state, scope, vec![found]).await?.pop()
    } else {
        let note = EntryRow {
            list: list.clone(),
            entry: Arc::clone(found.entry),
            changed_at: Some(author.at),
            changed_by: Some(author.actor.to_string()),
            reason: author.reason,
        };
        Some(Item::new(&found, Some(&note)))
    };
    let item = item.ok_or_else(|| place.missing())?;
    answer(status, flag(&after, &scope.key)?.version, &item)
}

fn answer(status: StatusCode, version: u64, item: &Item) -> Result<Response, ApiError> {
    let tag = etag::quoted(&version.to_string())?;
    Ok((status, [(ETAG, tag)], Json(item)).into_response())
}

fn objects(published: &Published) -> &Objects {
    published.state().objects(Scope::All)
}

fn flag<'p>(current: &'p Published, key: &str) -> Result<&'p FlagRow, ApiError> {
    current.flags().get(key).ok_or_else(|| missing(key))
}

fn find<'o>(
    current: &'o Published,
    list: &'o ObjectId,
    place: &Place,
) -> Result<Found<'o>, ApiError> {
    let found = overrides::find(objects(current), list, &place.context_key);
    found.ok_or_else(|| place.missing())
}

impl Place {
    fn missing(&self) -> ApiError {
        ApiError::NotFound {
            what: "override",
            name: format!("{}/{}", self.level, self.context_key),
        }
    }
}

/// Overrides with what the store knows of them
async fn items(
    state: &AppState,
    scope: &AdminScope,
    found: Vec<Found<'_>>,
) -> Result<Vec<Item>, ApiError> {
    let ids = found
        .iter()
        .map(|found| (found.list.clone(), Arc::clone(found.entry)));
    let environment = scope.environment.row().id;
    let notes = state
        .store()
        .entry_notes(environment, ids.collect())
        .await?;
    let item = |found: &Found<'_>| {
        let is_of = |note: &&EntryRow| note.list == *found.list && note.entry == *found.entry;
        Item::new(found, notes.iter().find(is_of))
    };
    Ok(found.iter().map(item).collect())
}

/// The id of the flag that a path names
fn flag_id(scope: &AdminScope) -> ObjectId {
    ObjectId::new(ObjectKind::Flag, scope.key.as_str())
}
