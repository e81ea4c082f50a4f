//! `…/environments/{environment}/holdouts`

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
use crate::openapi::{Holdout, HoldoutBody, NewHoldout};
use crate::segments::object::{self, ObjectEdit, ObjectFilter, Verb};

/// Lists the holdouts of an environment
#[utoipa::path(
    get, path = "/holdouts", tag = "segments", operation_id = "listHoldouts",
    params(ObjectFilter, ListQuery),
    responses((status = OK, description = "A page", body = Page<Holdout>)),
)]
pub(crate) async fn list(
    scope: EnvironmentAccess,
    QueryParams(query): QueryParams<ListQuery>,
    QueryParams(filter): QueryParams<ObjectFilter>,
) -> Result<Response, ApiError> {
    object::list(&scope, ObjectKind::Holdout, (&query, &filter))
}

/// Reads a holdout
#[utoipa::path(
    get, path = "/holdouts/{key}", tag = "segments", operation_id = "readHoldout",
    responses((status = OK, description = "The holdout", body = Holdout, headers(("ETag" = String)))),
)]
pub(crate) async fn read(scope: EnvironmentAccess) -> Result<Response, ApiError> {
    object::read(&scope, ObjectKind::Holdout)
}

/// Creates a holdout
#[utoipa::path(
    post, path = "/holdouts", tag = "segments", operation_id = "createHoldout",
    params(WriteQuery),
    request_body(content = NewHoldout, example = json!({"key": "q4", "percent": 5})),
    responses(
        (status = CREATED, description = "The holdout", body = Holdout, headers(("ETag" = String), ("Location" = String))),
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

/// Creates or replaces a holdout
///
/// Its salt stays: another one would move users to other variants.
#[utoipa::path(
    put, path = "/holdouts/{key}", tag = "segments", operation_id = "putHoldout",
    params(WriteQuery, IfMatch),
    request_body(content = HoldoutBody, example = json!({"percent": 5})),
    responses(
        (status = OK, description = "The holdout as it is now", body = Holdout, headers(("ETag" = String))),
        (status = CREATED, description = "There was none", body = Holdout, headers(("ETag" = String))),
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

/// Changes a holdout by a merge patch
#[utoipa::path(
    patch, path = "/holdouts/{key}", tag = "segments", operation_id = "patchHoldout",
    params(WriteQuery, IfMatch),
    request_body(content = HoldoutBody, example = json!({"percent": 10})),
    responses(
        (status = OK, description = "The holdout as it is now", body = Holdout, headers(("ETag" = String))),
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

/// Deletes a holdout that nothing refers to
#[utoipa::path(
    delete, path = "/holdouts/{key}", tag = "segments", operation_id = "deleteHoldout",
    params(WriteQuery, IfMatch),
    responses((status = NO_CONTENT, description = "It is deleted"), (status = CONFLICT), (status = PRECONDITION_FAILED)),
)]
pub(crate) async fn delete(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    object::delete(&scope, &state, (query, &headers), ObjectKind::Holdout).await
}

fn edit(verb: Verb, body: Value) -> ObjectEdit {
    ObjectEdit {
        kind: ObjectKind::Holdout,
        verb,
        body,
    }
}
