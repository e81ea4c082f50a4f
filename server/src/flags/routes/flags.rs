//! `…/environments/{environment}/flags`: create, read, list, replace, patch, delete

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flagstaff_analysis::check::{check_flag, check_flag_body};
use flagstaff_core::{Timestamp, limits};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::engine::draft::{Draft, OtherSalt, flag_body};
use crate::engine::environment::{
    Author, Edit as EnvironmentEdit, Environment, InvalidFlagPolicy, WriteError, write_all,
};
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::flags::edit::{Edit, EditKind, missing};
use crate::flags::flag;
use crate::flags::note::{self, SharedFields};
use crate::flags::state::FlagState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::etag::{self, IfMatch, Precondition};
use crate::http::paging::{self, Field, ListQuery, Page, Sortable};
use crate::object::{NAME, ObjectId, ObjectKind, json_schema, owner_value};
use crate::openapi::{Flag, FlagBody, FlagPatch, NewFlag};
use crate::store::{Action, FlagRow, NoteChange, ProjectFlagRow};

/// Reads a flag
#[utoipa::path(
    get, path = "/flags/{key}", tag = "flags", operation_id = "readFlag",
    responses((status = OK, description = "The flag", body = Flag, headers(("ETag" = String)))),
)]
pub(crate) async fn read(
    scope: EnvironmentAccess,
    State(state): State<Arc<FlagState>>,
) -> Result<Response, ApiError> {
    let published = scope.environment.current();
    let row = published
        .flags()
        .get(&*scope.key)
        .ok_or_else(|| missing(&scope.key))?;
    answer(StatusCode::OK, &state, &published, row)
}

/// Filters for flags
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Part of the key or of the name, in upper or lower case
    search: Option<String>,
    /// Only of this type
    #[serde(rename = "type")]
    value_type: Option<String>,
}

impl Filter {
    fn admits(&self, row: &FlagRow, published: &PublishedRevision) -> bool {
        let part = self.search.as_ref().map(|part| part.to_lowercase());
        let is_type = self
            .value_type
            .as_ref()
            .is_none_or(|name| **name == *row.value_type);
        let is_named = |part: &str| {
            let flag = flag_body(published.state().objects(Visibility::All), &row.key);
            let name = flag.as_ref().and_then(|flag| flag.get(NAME)?.as_str());
            name.is_some_and(|name| name.to_lowercase().contains(part))
        };
        is_type && part.is_none_or(|part| row.key.to_lowercase().contains(&part) || is_named(&part))
    }
}

impl Sortable for &FlagRow {
    const FIELDS: &'static [&'static str] = &["key", "type", "createdAt", "updatedAt"];

    fn id(&self) -> &str {
        &self.key
    }

    fn field(&self, name: &str) -> Field {
        match name {
            "type" => Field::Text(self.value_type.to_string()),
            "createdAt" => Field::Number(Some(self.created_at.as_millis())),
            "updatedAt" => Field::Number(Some(self.updated_at.as_millis())),
            _ => Field::Text(self.key.to_string()),
        }
    }
}

/// Lists the flags of an environment, by key by default
#[utoipa::path(
    get, path = "/flags", tag = "flags", operation_id = "listFlags",
    params(Filter, ListQuery),
    responses((status = OK, description = "A page", body = Page<Flag>)),
)]
pub(crate) async fn list(
    scope: EnvironmentAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<ListQuery>,
    QueryParams(filter): QueryParams<Filter>,
) -> Result<Response, ApiError> {
    let published = scope.environment.current();
    let rows = published
        .flags()
        .values()
        .filter(|row| filter.admits(row, &published));
    let page = paging::page(rows, &query)?;
    let usage = state.usage.of(scope.environment.row().id);
    let page = page.map(|row| seen(flag_json(&published, row), usage.last_seen(&row.key)));
    Ok(Json(page).into_response())
}

/// Creates a flag
#[utoipa::path(
    post, path = "/flags", tag = "flags", operation_id = "createFlag",
    params(WriteQuery),
    request_body(content = NewFlag, example = json!({"key": "new-checkout", "enabled": true, "rolloutPercentage": 25})),
    responses(
        (status = CREATED, description = "The flag", body = Flag, headers(("ETag" = String), ("Location" = String))),
        (status = CONFLICT), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn create(
    scope: EnvironmentAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let key = new_key(&body)?;
    let edit = Edit {
        precondition: Precondition::Absent,
        body,
        kind: EditKind::Create,
    };
    let location = format!(
        "/api/v1/projects/{}/environments/{}/flags/{key}",
        scope.project(),
        scope.name()
    );
    let mut response = write(
        &EnvironmentAccess { key, ..scope },
        &state,
        query,
        edit,
        OtherSalt::Refuse,
    )
    .await?;
    let location = location
        .parse()
        .map_err(|error| ApiError::Internal(Box::new(error)))?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// The key in the body of a creation
fn new_key(body: &Value) -> Result<String, ApiError> {
    if let Some(Value::String(key)) = body.get("key") {
        return Ok(key.clone());
    }
    let expected = "expected the new flag's key, a string";
    let other = ["name", "flagKey", "flag_key", "id"];
    let other = other.into_iter().find(|name| body.get(name).is_some());
    let message = other.map_or(expected.to_owned(), |name| {
        format!("{expected}: it is called `key` here, and not `{name}`")
    });
    Err(ApiError::invalid("/key", message))
}

/// Creates or replaces a flag
///
/// The short form changes what it names, and the rest of the flag stays. A replacement by the whole flag (a body with `serve`, `rules`,
/// `variants` or another part that decides who gets what) needs `If-Match`.
#[utoipa::path(
    put, path = "/flags/{key}", tag = "flags", operation_id = "putFlag",
    params(WriteQuery, IfMatch),
    request_body(content = FlagBody, example = json!({"enabled": true, "rolloutPercentage": 50})),
    responses(
        (status = OK, description = "The flag as it is now", body = Flag, headers(("ETag" = String))),
        (status = CREATED, description = "There was none", body = Flag, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = PRECONDITION_REQUIRED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn put(
    scope: EnvironmentAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let edit = Edit {
        precondition: Precondition::of(&headers),
        body,
        kind: EditKind::Put,
    };
    write(&scope, &state, query, edit, OtherSalt::Refuse).await
}

/// Changes a flag by a merge patch
#[utoipa::path(
    patch, path = "/flags/{key}", tag = "flags", operation_id = "patchFlag",
    params(WriteQuery, IfMatch),
    request_body(content = FlagPatch, example = json!({"description": "The checkout of 2027", "rolloutPercentage": 75})),
    responses(
        (status = OK, description = "The flag as it is now", body = Flag, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn patch(
    scope: EnvironmentAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let edit = Edit {
        precondition: Precondition::of(&headers),
        body,
        kind: EditKind::Patch,
    };
    write(&scope, &state, query, edit, OtherSalt::Refuse).await
}

/// Deletes a flag that nothing refers to
#[utoipa::path(
    delete, path = "/flags/{key}", tag = "flags", operation_id = "deleteFlag",
    params(WriteQuery, IfMatch),
    responses((status = NO_CONTENT, description = "It is gone"), (status = CONFLICT), (status = PRECONDITION_FAILED)),
)]
pub(crate) async fn delete(
    scope: EnvironmentAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let (key, precondition) = (scope.key.clone(), Precondition::of(&headers));
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        let row = current.flags().get(&*key);
        precondition.check(row.map(|row| row.version))?;
        row.ok_or_else(|| missing(&key))?;
        draft.remove_owner(&ObjectId::new(ObjectKind::Flag, key.as_str()));
        Ok(())
    };
    let author = query.author(&scope.principal, &state.access)?;
    match scope
        .environment
        .write(author, InvalidFlagPolicy::Refuse, edit)
        .await
    {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(WriteError::Invalid(issues)) => Err(ApiError::InUse {
            what: "flag",
            key: scope.key,
            errors: ApiError::fields(&issues, ""),
        }),
        Err(other) => Err(other.into()),
    }
}

pub(crate) async fn write(
    scope: &EnvironmentAccess,
    state: &FlagState,
    query: WriteQuery,
    mut edit: Edit,
    other_salt: OtherSalt,
) -> Result<Response, ApiError> {
    let key = scope.key.clone();
    check_key(&key)?;
    let author = query.author(&scope.principal, &state.access)?;
    let project = state.access.engine.project(scope.project());
    let own = scope.environment.row().id;
    let (shared, note) = note_change(scope, state, &mut edit.body, &author).await?;
    let mut writes = other_writes(&project, own, (&key, &shared));
    let root = format!("/flags/{key}");
    let own_root = root.clone();
    let put: EnvironmentEdit<ApiError> = Arc::new(move |current, draft| {
        let mut flag = edit.apply(&key, current)?;
        shared.set(&mut flag);
        if !matches!(edit.kind, EditKind::Patch) {
            shared.fill(&mut flag, &bodies(&project, &key));
        }
        flag::fill_server_fields(&mut flag);
        let checked = if edit.keeps_overrides() {
            check_flag_body(current.snapshot(), &key, &flag)
        } else {
            check_flag(current.snapshot(), &key, Some(&flag))
        };
        let mut issues = checked.err().unwrap_or_default();
        issues.retain(|issue| !json_schema::is_member(&issue.pointer));
        if !issues.is_empty() {
            return Err(ApiError::issues(&issues, &own_root));
        }
        edit.put(&key, &flag, draft);
        let errors = draft.settle_salts(&project, other_salt).into_iter();
        ApiError::refuse(errors.map(|error| error.below(&own_root)).collect())
    });
    writes.push((Arc::clone(&scope.environment), put));
    let written = write_all(writes, author, InvalidFlagPolicy::Refuse, note).await;
    let written = written.map_err(|error| ApiError::from(error).below(&root))?;
    let written = written
        .into_iter()
        .find(|one| one.after.identity().row.id == own)
        .ok_or_else(|| missing(&scope.key))?;
    let row = written
        .after
        .flags()
        .get(&*scope.key)
        .ok_or_else(|| missing(&scope.key))?;
    let is_new = written.before.flags().get(&*scope.key).is_none();
    answer(
        if is_new {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        },
        state,
        &written.after,
        row,
    )
}

fn check_key(key: &str) -> Result<(), ApiError> {
    if !limits::is_key(key) {
        let expected = format!(
            "a key is 1 to {} of `A-Z a-z 0-9 . _ -` and begins with a letter or digit",
            limits::MAX_KEY_LENGTH
        );
        return Err(ApiError::invalid("/key", expected));
    }
    Ok(())
}

/// A flag as the environments of its project have it
fn bodies(project: &[Arc<Environment>], key: &str) -> Vec<Value> {
    let environments = project.iter();
    environments
        .filter_map(|it| flag_body(it.current().state().objects(Visibility::All), key))
        .collect()
}

/// The writes of a flag's name and description to the other environments
fn other_writes(
    project: &[Arc<Environment>],
    own: i64,
    (key, shared): (&str, &SharedFields),
) -> Vec<(Arc<Environment>, EnvironmentEdit<ApiError>)> {
    if shared.is_empty() {
        return Vec::new();
    }
    let others = project.iter().filter(|it| it.row().id != own);
    others
        .map(|it| (Arc::clone(it), shared.clone().edit(key)))
        .collect()
}

/// Takes the flag's metadata out of a body: the rows to write in the same transaction
async fn note_change(
    scope: &EnvironmentAccess,
    state: &FlagState,
    body: &mut Value,
    author: &Author,
) -> Result<(SharedFields, Option<NoteChange>), ApiError> {
    let Some(said) = note::take(body) else {
        return Ok((SharedFields::default(), None));
    };
    let project = scope.environment.row().project_id;
    let notes = state.access.engine.store().flag_notes(project).await?;
    let held = notes.into_iter().find(|note| *note.key == *scope.key);
    let before = held.unwrap_or_else(|| ProjectFlagRow::new(scope.key.as_str().into()));
    let after = note::patched(&before, said)?;
    let shared = SharedFields::of(body, &after);
    let occasion = (Action::Update, author.clone());
    Ok((shared, note::change(project, (&before, after), occasion)))
}

fn answer(
    status: StatusCode,
    state: &FlagState,
    published: &PublishedRevision,
    row: &FlagRow,
) -> Result<Response, ApiError> {
    let tag = etag::quoted(&row.version.to_string())?;
    let usage = state.usage.of(published.identity().row.id);
    let flag = seen(flag_json(published, row), usage.last_seen(&row.key));
    Ok((status, [(ETAG, tag)], Json(flag)).into_response())
}

/// Adds when a flag was last evaluated, here or in an SDK
fn seen(mut flag: Value, at: Option<Timestamp>) -> Value {
    if let Value::Object(members) = &mut flag {
        let at = at.map_or(Value::Null, |at| at.to_string().into());
        members.insert("lastSeenAt".to_owned(), at);
    }
    flag
}

/// A flag as the admin API returns it: its own fields and those of the server in one object
fn flag_json(published: &PublishedRevision, row: &FlagRow) -> Value {
    let id = ObjectId::new(ObjectKind::Flag, Arc::clone(&row.key));
    let mut flag = owner_value(published.state().objects(Visibility::All), &id).unwrap_or_default();
    if let Value::Object(members) = &mut flag {
        members.insert("key".to_owned(), Value::from(&*row.key));
        members.insert("version".to_owned(), row.version.into());
        members.insert("createdAt".to_owned(), row.created_at.to_string().into());
        members.insert("updatedAt".to_owned(), row.updated_at.to_string().into());
    }
    flag
}
