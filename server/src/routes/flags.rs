//! `…/environments/{environment}/flags`: create, read, list, replace, patch, delete

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Timestamp, limits};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::api_error::ApiError;
use crate::draft::{Draft, OtherSalt, flag_body, owner_value};
use crate::environment::{Invalid, WriteError};
use crate::etag::{self, IfMatch, Precondition};
use crate::extract::{AdminScope, Body, Parameters, WriteQuery};
use crate::flag::{self, Submission};
use crate::list::{self, Field, ListQuery, Listed, Page};
use crate::object::{ObjectId, ObjectKind};
use crate::openapi::{Flag, FlagBody, FlagPatch, NewFlag};
use crate::published::Published;
use crate::state::AppState;
use crate::store::FlagRow;
use crate::view::Scope;

/// Reads a flag
#[utoipa::path(
    get, path = "/flags/{key}", tag = "flags", operation_id = "readFlag",
    responses((status = OK, description = "The flag", body = Flag, headers(("ETag" = String)))),
)]
pub(super) async fn read(
    scope: AdminScope,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    let published = scope.environment.current();
    let row = published
        .flags()
        .get(&*scope.key)
        .ok_or_else(|| missing(&scope.key))?;
    answer(StatusCode::OK, &state, &published, row)
}

/// Which flags are meant
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// A part of the key, in upper or lower case
    search: Option<String>,
    /// Of this type only
    #[serde(rename = "type")]
    value_type: Option<String>,
}

impl Filter {
    fn admits(&self, row: &FlagRow) -> bool {
        let part = self.search.as_ref().map(|part| part.to_ascii_lowercase());
        let is_type = self
            .value_type
            .as_ref()
            .is_none_or(|name| **name == *row.value_type);
        is_type && part.is_none_or(|part| row.key.to_ascii_lowercase().contains(&part))
    }
}

impl Listed for &FlagRow {
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

/// Lists the flags of an environment, by key unless told otherwise
#[utoipa::path(
    get, path = "/flags", tag = "flags", operation_id = "listFlags",
    params(Filter, ListQuery),
    responses((status = OK, description = "A page", body = Page<Flag>)),
)]
pub(super) async fn list(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Response, ApiError> {
    let published = scope.environment.current();
    let rows = published.flags().values().filter(|row| filter.admits(row));
    let page = list::page(rows, &query)?;
    let usage = state.usage().of(scope.environment.row().id);
    let told = page.map(|row| seen(flag_json(&published, row), usage.last_seen(&row.key)));
    Ok(Json(told).into_response())
}

/// Makes a flag that does not exist yet
#[utoipa::path(
    post, path = "/flags", tag = "flags", operation_id = "createFlag",
    params(WriteQuery),
    request_body(content = NewFlag, example = json!({"key": "new-checkout", "enabled": true, "rolloutPercentage": 25})),
    responses(
        (status = CREATED, description = "The flag", body = Flag, headers(("ETag" = String), ("Location" = String))),
        (status = CONFLICT), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(super) async fn create(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let Some(Value::String(key)) = body.get("key") else {
        return Err(ApiError::invalid(
            "/key",
            "expected the new flag's key, a string",
        ));
    };
    let key = key.clone();
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
        &AdminScope { key, ..scope },
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

/// Makes a flag, or replaces it
///
/// A replacement by the whole flag needs `If-Match`; the short form changes just its two fields and needs none.
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
pub(super) async fn put(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
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
pub(super) async fn patch(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
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
pub(super) async fn delete(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let (key, precondition) = (scope.key.clone(), Precondition::of(&headers));
    let edit = move |current: &Published, draft: &mut Draft| {
        let row = current.flags().get(&*key);
        precondition.check(row.map(|row| row.version))?;
        row.ok_or_else(|| missing(&key))?;
        draft.remove_owner(&ObjectId::new(ObjectKind::Flag, key.as_str()));
        Ok(())
    };
    let author = query.author(&scope.grant, &state)?;
    match scope.environment.write(author, Invalid::Refuse, edit).await {
        Ok(_) => Ok(StatusCode::NO_CONTENT),
        Err(WriteError::Invalid(issues)) => Err(ApiError::InUse {
            key: scope.key,
            errors: ApiError::fields(&issues, ""),
        }),
        Err(other) => Err(other.into()),
    }
}

/// What a request does to one flag
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) precondition: Precondition,
    pub(super) body: Value,
    pub(super) kind: EditKind,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum EditKind {
    Create,
    Put,
    Patch,
    /// As `Put`, of a flag as it has been: who says which that was has said enough
    Restore,
}

pub(super) async fn write(
    scope: &AdminScope,
    state: &AppState,
    query: WriteQuery,
    edit: Edit,
    other_salt: OtherSalt,
) -> Result<Response, ApiError> {
    let key = scope.key.clone();
    if !limits::is_key(&key) {
        let expected = format!(
            "a key is 1 to {} of `A-Z a-z 0-9 . _ -` and begins with a letter or digit",
            limits::KEY_LENGTH
        );
        return Err(ApiError::invalid("/key", expected));
    }
    let author = query.author(&scope.grant, state)?;
    let project = state.project(scope.project());
    let written = scope
        .environment
        .write(author, Invalid::Refuse, move |current, draft| {
            let mut flag = edit.apply(&key, current)?;
            flag::complete(&mut flag);
            let checked = if edit.keeps_overrides() {
                current.snapshot().check_flag_body(&key, &flag)
            } else {
                current.snapshot().check_flag(&key, Some(&flag))
            };
            let root = format!("/flags/{key}");
            checked.map_err(|issues| ApiError::issues(&issues, &root))?;
            edit.put(&key, &flag, draft);
            let errors = draft.settle_salts(&project, other_salt).into_iter();
            ApiError::refuse(errors.map(|error| error.below(&root)).collect())
        })
        .await?;
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

impl Edit {
    /// Whether the flag's overrides are none of its business, so that 100,000 of them need not be read, checked and written for a
    /// switch
    fn keeps_overrides(&self) -> bool {
        matches!(self.kind, EditKind::Patch) && self.body.get("overrides").is_none()
    }

    /// Sets the flag that [`Self::apply`] made
    pub(super) fn put(&self, key: &str, flag: &Value, draft: &mut Draft) {
        if self.keeps_overrides() {
            draft.put_flag_body(key, flag);
        } else {
            draft.put_flag(key, flag);
        }
        if matches!(self.kind, EditKind::Restore) {
            // Who undoes what a script did to the overrides comes when the script has used up the limit.
            draft.lift_override_limit();
        }
    }

    /// The flag as it will be; without its overrides, if they stay as they are
    pub(super) fn apply(&self, key: &str, current: &Published) -> Result<Value, ApiError> {
        let row = current.flags().get(key);
        self.precondition.check(row.map(|row| row.version))?;
        let objects = current.state().objects(Scope::All);
        let before = row.and_then(|_| {
            if self.keeps_overrides() {
                flag_body(objects, key)
            } else {
                owner_value(objects, &ObjectId::new(ObjectKind::Flag, key))
            }
        });
        match (self.kind, row.zip(before)) {
            (EditKind::Create, Some(_)) => {
                let environment = current.identity().row.name.to_string();
                Err(ApiError::Exists {
                    key: key.to_owned(),
                    environment,
                })
            }
            (EditKind::Patch, None) => Err(missing(key)),
            (EditKind::Patch, Some((_, before))) => flag::patch(&before, self.body.clone(), key),
            (EditKind::Create | EditKind::Put | EditKind::Restore, None) => {
                Ok(flag::create(Submission::read(self.body.clone(), key)?))
            }
            (EditKind::Restore, Some((_, before))) => {
                flag::replace(&before, Submission::read(self.body.clone(), key)?)
            }
            (EditKind::Put, Some((row, before))) => {
                let submission = Submission::read(self.body.clone(), key)?;
                if matches!(submission, Submission::Full(_))
                    && self.precondition == Precondition::Absent
                {
                    return Err(ApiError::NoPrecondition {
                        current: row.version,
                    });
                }
                flag::replace(&before, submission)
            }
        }
    }
}

pub(super) fn missing(key: &str) -> ApiError {
    ApiError::NotFound {
        what: "flag",
        name: key.to_owned(),
    }
}

fn answer(
    status: StatusCode,
    state: &AppState,
    published: &Published,
    row: &FlagRow,
) -> Result<Response, ApiError> {
    let tag = etag::quoted(&row.version.to_string())?;
    let usage = state.usage().of(published.identity().row.id);
    let flag = seen(flag_json(published, row), usage.last_seen(&row.key));
    Ok((status, [(ETAG, tag)], Json(flag)).into_response())
}

/// A flag with when it was last asked for, here or in an SDK
fn seen(mut flag: Value, at: Option<Timestamp>) -> Value {
    if let Value::Object(members) = &mut flag {
        let at = at.map_or(Value::Null, |at| at.to_string().into());
        members.insert("lastSeenAt".to_owned(), at);
    }
    flag
}

/// A flag as the admin API shows it: its own fields and those of the server in one object
fn flag_json(published: &Published, row: &FlagRow) -> Value {
    let id = ObjectId::new(ObjectKind::Flag, Arc::clone(&row.key));
    let mut flag = owner_value(published.state().objects(Scope::All), &id).unwrap_or_default();
    if let Value::Object(members) = &mut flag {
        members.insert("key".to_owned(), Value::from(&*row.key));
        members.insert("version".to_owned(), row.version.into());
        members.insert("createdAt".to_owned(), row.created_at.to_string().into());
        members.insert("updatedAt".to_owned(), row.updated_at.to_string().into());
    }
    flag
}
