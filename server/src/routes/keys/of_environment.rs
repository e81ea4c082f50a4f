//! The keys of an environment

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::{Filter, Item, KeyPatch, NewEnvironmentKey, RotateQuery, Scope as _, origins};
use crate::access;
use crate::api_error::ApiError;
use crate::auth::KeyKind;
use crate::extract::{AdminScope, Body, Parameters, WriteQuery};
use crate::fields::Fields;
use crate::list::{ListQuery, Page};
use crate::state::AppState;

/// Lists the keys, the oldest first, those that have expired lately too
#[utoipa::path(
    get, path = "/keys", tag = "access", operation_id = "listKeys",
    params(Filter, ListQuery),
    responses((status = OK, description = "A page", body = Page<Item<'_>>)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn list(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Response, ApiError> {
    super::list(&scope, &state, (&query, &filter))
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

/// Changes what a key may be used for where anybody can read it
#[utoipa::path(
    patch, path = "/keys/{key}", tag = "access", operation_id = "changeKey",
    params(WriteQuery),
    request_body(content = KeyPatch, example = json!({"origins": ["https://app.example"]})),
    responses((status = OK, description = "The key", body = Item<'_>)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn patch(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let place = scope.place()?;
    let author = query.author(place.grant(), &state)?;
    let mut fields = Fields::of(body)?;
    let key = place.find(&state, &scope.key)?;
    let origins = origins::read(&mut fields, Some(key.row().kind));
    let may_sign = key.row().kind == KeyKind::Client && !key.row().rules.secrets.is_empty();
    let expected = "a boolean, and true only for a key of kind `client` that has a secret";
    let signed = fields.optional("signedContexts", expected, |given| {
        given.as_bool().filter(|signed| may_sign || !signed)
    });
    let (origins, signed) = fields.finish(Some((origins, signed)))?;
    let mut rules = key.row().rules.clone();
    rules.origins = origins.unwrap_or(rules.origins);
    rules.signed_contexts = signed.unwrap_or(rules.signed_contexts);
    let row = access::set_rules(&state, &place, author, key.row(), rules).await?;
    Ok(Json(Item::new(&row, None)).into_response())
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
