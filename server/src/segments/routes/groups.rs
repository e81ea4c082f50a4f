//! `…/environments/{environment}/groups`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::etag::IfMatch;
use crate::http::paging::{ListQuery, Page};
use crate::object::ObjectKind;
use crate::openapi::{Group, GroupBody, NewGroup};
use crate::segments::object::{self, ObjectEdit, ObjectFilter, Verb};

/// Lists the groups of an environment
#[utoipa::path(
    get, path = "/groups", tag = "segments", operation_id = "listGroups",
    params(ObjectFilter, ListQuery),
    responses((status = OK, description = "A page", body = Page<Group>)),
)]
pub(crate) async fn list(
    scope: EnvironmentAccess,
    QueryParams(query): QueryParams<ListQuery>,
    QueryParams(filter): QueryParams<ObjectFilter>,
) -> Result<Response, ApiError> {
    object::list(&scope, ObjectKind::Group, (&query, &filter))
}

/// Reads a group
#[utoipa::path(
    get, path = "/groups/{key}", tag = "segments", operation_id = "readGroup",
    responses((status = OK, description = "The group", body = Group, headers(("ETag" = String)))),
)]
pub(crate) async fn read(scope: EnvironmentAccess) -> Result<Response, ApiError> {
    object::read(&scope, ObjectKind::Group)
}

/// Creates a group
#[utoipa::path(
    post, path = "/groups", tag = "segments", operation_id = "createGroup",
    params(WriteQuery),
    request_body(content = NewGroup, example = json!({"key": "checkout"})),
    responses(
        (status = CREATED, description = "The group", body = Group, headers(("ETag" = String), ("Location" = String))),
        (status = CONFLICT),
    ),
)]
pub(crate) async fn create(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let edit = edit(Verb::Create, body);
    object::write(&scope, &state, (query, &headers), edit).await
}

/// Creates or replaces a group
///
/// Its salt stays: another one would move users to other variants.
#[utoipa::path(
    put, path = "/groups/{key}", tag = "segments", operation_id = "putGroup",
    params(WriteQuery, IfMatch),
    request_body(content = GroupBody, example = json!({"unit": "user"})),
    responses(
        (status = OK, description = "The group as it is now", body = Group, headers(("ETag" = String))),
        (status = CREATED, description = "There was none", body = Group, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED),
    ),
)]
pub(crate) async fn put(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let edit = edit(Verb::Put, body);
    object::write(&scope, &state, (query, &headers), edit).await
}

/// Changes a group by a merge patch
#[utoipa::path(
    patch, path = "/groups/{key}", tag = "segments", operation_id = "patchGroup",
    params(WriteQuery, IfMatch),
    request_body(content = GroupBody, example = json!({"unit": "organization"})),
    responses(
        (status = OK, description = "The group as it is now", body = Group, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED),
    ),
)]
pub(crate) async fn patch(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let edit = edit(Verb::Patch, body);
    object::write(&scope, &state, (query, &headers), edit).await
}

/// Deletes a group that nothing refers to
#[utoipa::path(
    delete, path = "/groups/{key}", tag = "segments", operation_id = "deleteGroup",
    params(WriteQuery, IfMatch),
    responses((status = NO_CONTENT, description = "It is deleted"), (status = CONFLICT), (status = PRECONDITION_FAILED)),
)]
pub(crate) async fn delete(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    object::delete(&scope, &state, (query, &headers), ObjectKind::Group).await
}

fn edit(verb: Verb, body: Value) -> ObjectEdit {
    ObjectEdit {
        kind: ObjectKind::Group,
        verb,
        body,
    }
}
