//! The keys of an environment

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::{
    CredentialFilter, CredentialResponse, CredentialRoute as _, KeyPatch, NewEnvironmentKey,
    RotateQuery, origins,
};
use crate::access::credentials;
use crate::access::guards::{Admin, EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::fields::Fields;
use crate::http::paging::{ListQuery, Page};
use crate::store::CredentialKind;

/// Lists the keys, oldest first, including those that expired recently
#[utoipa::path(
    get, path = "/keys", tag = "access", operation_id = "listKeys",
    params(CredentialFilter, ListQuery),
    responses((status = OK, description = "A page", body = Page<CredentialResponse<'_>>)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn list(
    scope: Admin<EnvironmentAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ListQuery>,
    QueryParams(filter): QueryParams<CredentialFilter>,
) -> Result<Response, ApiError> {
    super::list(&scope, &state, (&query, &filter)).await
}

/// Reads a key, without its token
#[utoipa::path(
    get, path = "/keys/{key}", tag = "access", operation_id = "readKey",
    responses((status = OK, description = "The key", body = CredentialResponse<'_>)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn read(
    scope: Admin<EnvironmentAccess>,
    State(state): State<Arc<AccessState>>,
) -> Result<Response, ApiError> {
    super::read(&scope, &state).await
}

/// Creates a key, and returns its token this once
#[utoipa::path(
    post, path = "/keys", tag = "access", operation_id = "createKey",
    params(WriteQuery),
    request_body(content = NewEnvironmentKey, example = json!({"kind": "server", "name": "checkout service"})),
    responses((status = CREATED, description = "The key with its token", body = CredentialResponse<'_>, headers(("Location" = String)))),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn create(
    scope: Admin<EnvironmentAccess>,
    state: State<Arc<AccessState>>,
    query: QueryParams<WriteQuery>,
    body: Body<Value>,
) -> Result<Response, ApiError> {
    super::create(scope, state, query, body).await
}

/// Creates a successor of this key, which keeps working for a while
#[utoipa::path(
    post, path = "/keys/{key}/rotate", tag = "access", operation_id = "rotateKey",
    params(RotateQuery),
    responses(
        (status = CREATED, description = "The new key with its token", body = CredentialResponse<'_>, headers(("Location" = String))),
        (status = CONFLICT),
    ),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn rotate(
    scope: Admin<EnvironmentAccess>,
    state: State<Arc<AccessState>>,
    query: QueryParams<RotateQuery>,
) -> Result<Response, ApiError> {
    super::rotate(scope, state, query).await
}

/// Changes the restrictions of a key that is public in a page
#[utoipa::path(
    patch, path = "/keys/{key}", tag = "access", operation_id = "changeKey",
    params(WriteQuery),
    request_body(content = KeyPatch, example = json!({"origins": ["https://app.example"]})),
    responses((status = OK, description = "The key", body = CredentialResponse<'_>)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn patch(
    scope: Admin<EnvironmentAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let collection = scope.collection();
    let author = query.author(collection.principal(), &state)?;
    let mut fields = Fields::of(body)?;
    let key = collection.find(&state, &scope.key)?;
    let origins = origins::read(&mut fields, Some(key.row().kind));
    let may_sign = key.row().kind == CredentialKind::Client && !key.row().rules.secrets.is_empty();
    let expected = "a boolean, and true only for a key of kind `client` that has a secret";
    let signed = fields.optional("signedContexts", expected, |given| {
        given.as_bool().filter(|signed| may_sign || !signed)
    });
    let (origins, signed) = fields.finish(Some((origins, signed)))?;
    let mut rules = key.row().rules.clone();
    rules.origins = origins.unwrap_or(rules.origins);
    rules.signed_contexts = signed.unwrap_or(rules.signed_contexts);
    let row = credentials::set_rules(&state, &collection, author, key.row(), rules).await?;
    let response = CredentialResponse {
        last_used_at: key.last_use().at(),
        ..CredentialResponse::new(&row, None)
    };
    Ok(Json(response).into_response())
}

/// Revokes a key, and closes what it has opened
#[utoipa::path(
    delete, path = "/keys/{key}", tag = "access", operation_id = "revokeKey",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It is gone"), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn revoke(
    scope: Admin<EnvironmentAccess>,
    state: State<Arc<AccessState>>,
    query: QueryParams<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    super::revoke(scope, state, query).await
}
