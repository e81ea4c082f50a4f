//! The keys of an environment

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::{Item, ListQuery, NewEnvironmentKey, RotateQuery};
use crate::api_error::ApiError;
use crate::extract::{AdminScope, Body, Parameters, WriteQuery};
use crate::list::Page;
use crate::state::AppState;

/// Lists the keys, the oldest first, those that have expired lately too
#[utoipa::path(
    get, path = "/keys", tag = "access", operation_id = "listKeys",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<Item<'_>>)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn list(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    super::list(&scope, &state, &query)
}

/// Reads what is known of a key, which is not its token
#[utoipa::path(
    get, path = "/keys/{key}", tag = "access", operation_id = "readKey",
    responses((status = OK, description = "The key", body = Item<'_>)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn read(
    scope: AdminScope,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    super::read(&scope, &state)
}

/// Makes a key, and tells its token this once
#[utoipa::path(
    post, path = "/keys", tag = "access", operation_id = "createKey",
    params(WriteQuery),
    request_body(content = NewEnvironmentKey, example = json!({"kind": "server", "name": "checkout service"})),
    responses((status = CREATED, description = "The key with its token", body = Item<'_>, headers(("Location" = String)))),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn create(
    scope: AdminScope,
    state: State<AppState>,
    query: Parameters<WriteQuery>,
    body: Body<Value>,
) -> Result<Response, ApiError> {
    super::create(scope, state, query, body).await
}

/// Makes another key in the place of this one, which works for a while yet
#[utoipa::path(
    post, path = "/keys/{key}/rotate", tag = "access", operation_id = "rotateKey",
    params(RotateQuery),
    responses(
        (status = CREATED, description = "The new key with its token", body = Item<'_>, headers(("Location" = String))),
        (status = CONFLICT),
    ),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn rotate(
    scope: AdminScope,
    state: State<AppState>,
    query: Parameters<RotateQuery>,
) -> Result<Response, ApiError> {
    super::rotate(scope, state, query).await
}

/// Revokes a key; what it has opened ends
#[utoipa::path(
    delete, path = "/keys/{key}", tag = "access", operation_id = "revokeKey",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It is gone"), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn revoke(
    scope: AdminScope,
    state: State<AppState>,
    query: Parameters<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    super::revoke(scope, state, query).await
}
