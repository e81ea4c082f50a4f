//! The tokens of a project

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::{CredentialFilter, CredentialResponse, NewProjectToken, RotateQuery};
use crate::access::guards::{Admin, ProjectAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::paging::{ListQuery, Page};

/// Lists the tokens, oldest first, including those that expired recently
#[utoipa::path(
    get, path = "/tokens", tag = "access", operation_id = "listTokens",
    params(CredentialFilter, ListQuery),
    responses((status = OK, description = "A page", body = Page<CredentialResponse<'_>>)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn list(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ListQuery>,
    QueryParams(filter): QueryParams<CredentialFilter>,
) -> Result<Response, ApiError> {
    super::list(&scope, &state, (&query, &filter)).await
}

/// Reads a token's description, without the token itself
#[utoipa::path(
    get, path = "/tokens/{key}", tag = "access", operation_id = "readToken",
    responses((status = OK, description = "The token", body = CredentialResponse<'_>)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn read(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
) -> Result<Response, ApiError> {
    super::read(&scope, &state).await
}

/// Creates a token, and returns it this once
#[utoipa::path(
    post, path = "/tokens", tag = "access", operation_id = "createToken",
    params(WriteQuery),
    request_body(content = NewProjectToken, example = json!({"role": "editor", "name": "deploy script"})),
    responses((status = CREATED, description = "The token with its token", body = CredentialResponse<'_>, headers(("Location" = String)))),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn create(
    scope: Admin<ProjectAccess>,
    state: State<Arc<AccessState>>,
    query: QueryParams<WriteQuery>,
    body: Body<Value>,
) -> Result<Response, ApiError> {
    super::create(scope, state, query, body).await
}

/// Creates a successor of this token, which keeps working for a while
#[utoipa::path(
    post, path = "/tokens/{key}/rotate", tag = "access", operation_id = "rotateToken",
    params(RotateQuery),
    responses(
        (status = CREATED, description = "The new token with its token", body = CredentialResponse<'_>, headers(("Location" = String))),
        (status = CONFLICT),
    ),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn rotate(
    scope: Admin<ProjectAccess>,
    state: State<Arc<AccessState>>,
    query: QueryParams<RotateQuery>,
) -> Result<Response, ApiError> {
    super::rotate(scope, state, query).await
}

/// Revokes a token, and closes what it has opened
#[utoipa::path(
    delete, path = "/tokens/{key}", tag = "access", operation_id = "revokeToken",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It is gone"), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn revoke(
    scope: Admin<ProjectAccess>,
    state: State<Arc<AccessState>>,
    query: QueryParams<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    super::revoke(scope, state, query).await
}
