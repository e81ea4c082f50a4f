//! The tokens of a project

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::{Filter, Item, NewProjectToken, RotateQuery};
use crate::api_error::ApiError;
use crate::extract::{Body, Parameters, ProjectScope, WriteQuery};
use crate::list::{ListQuery, Page};
use crate::state::AppState;

/// Lists the tokens, the oldest first, those that have expired lately too
#[utoipa::path(
    get, path = "/tokens", tag = "access", operation_id = "listTokens",
    params(Filter, ListQuery),
    responses((status = OK, description = "A page", body = Page<Item<'_>>)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn list(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Response, ApiError> {
    super::list(&scope, &state, (&query, &filter))
}

/// Reads what is known of a token, which is not its token
#[utoipa::path(
    get, path = "/tokens/{key}", tag = "access", operation_id = "readToken",
    responses((status = OK, description = "The token", body = Item<'_>)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn read(
    scope: ProjectScope,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    super::read(&scope, &state)
}

/// Makes a token, and tells its token this once
#[utoipa::path(
    post, path = "/tokens", tag = "access", operation_id = "createToken",
    params(WriteQuery),
    request_body(content = NewProjectToken, example = json!({"role": "editor", "name": "deploy script"})),
    responses((status = CREATED, description = "The token with its token", body = Item<'_>, headers(("Location" = String)))),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn create(
    scope: ProjectScope,
    state: State<AppState>,
    query: Parameters<WriteQuery>,
    body: Body<Value>,
) -> Result<Response, ApiError> {
    super::create(scope, state, query, body).await
}

/// Makes another token in the place of this one, which works for a while yet
#[utoipa::path(
    post, path = "/tokens/{key}/rotate", tag = "access", operation_id = "rotateToken",
    params(RotateQuery),
    responses(
        (status = CREATED, description = "The new token with its token", body = Item<'_>, headers(("Location" = String))),
        (status = CONFLICT),
    ),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn rotate(
    scope: ProjectScope,
    state: State<AppState>,
    query: Parameters<RotateQuery>,
) -> Result<Response, ApiError> {
    super::rotate(scope, state, query).await
}

/// Revokes a token; what it has opened ends
#[utoipa::path(
    delete, path = "/tokens/{key}", tag = "access", operation_id = "revokeToken",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It is gone"), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn revoke(
    scope: ProjectScope,
    state: State<AppState>,
    query: Parameters<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    super::revoke(scope, state, query).await
}
