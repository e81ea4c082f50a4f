//! `…/keys/{key}/secrets`: what a customer's server signs contexts with

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use rand::distr::{Alphanumeric, SampleString as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{self, Place};
use crate::api_error::ApiError;
use crate::auth::KeyKind;
use crate::extract::{ADMINS, AdminScope, Parameters, WriteQuery};
use crate::state::AppState;
use crate::store::{KeyRow, SigningSecret};

/// One in use, and one that takes its place
const SECRETS: usize = 2;
const PREFIX: &str = "fs_signing_";
const SECRET_LENGTH: usize = 40;
const ID_LENGTH: usize = 8;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SigningSecret)]
pub(in crate::routes) struct Told {
    id: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Told when it is made, and never again
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

/// The secrets of a key that may take signed contexts, without themselves
pub(super) fn told(row: &KeyRow) -> Option<Vec<Told>> {
    let told = |secret: &SigningSecret| Told {
        id: secret.id.clone(),
        created_at: Timestamp::from_millis(secret.created_at),
        secret: None,
    };
    let secrets = row.rules.secrets.iter();
    (row.kind == KeyKind::Client).then(|| secrets.map(told).collect())
}

#[derive(Deserialize)]
pub(in crate::routes) struct SecretPath {
    secret: String,
}

/// Makes a secret that contexts are signed with, and tells it this once
///
/// A key of kind `client` has at most two: one in use, and one that takes its place.
#[utoipa::path(
    post, path = "/keys/{key}/secrets", tag = "access", operation_id = "createSecret",
    params(WriteQuery),
    responses(
        (status = CREATED, description = "The secret", body = Told, headers(("Location" = String))),
        (status = CONFLICT),
    ),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn create(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
) -> Result<Response, ApiError> {
    let (place, author) = asked(&scope, &state, query)?;
    let key = place.find(&state, &scope.key)?;
    if key.row().kind != KeyKind::Client {
        return Err(ApiError::Forbidden(
            "only keys of kind `client` have secrets for signed contexts",
        ));
    }
    let mut rules = key.row().rules.clone();
    if rules.secrets.len() >= SECRETS {
        return Err(ApiError::Secrets(
            "the key has two secrets already: remove one first",
        ));
    }
    let draw = |length| Alphanumeric.sample_string(&mut rand::rng(), length);
    let (id, secret) = (draw(ID_LENGTH), format!("{PREFIX}{}", draw(SECRET_LENGTH)));
    let created_at = author.at;
    let stored = SigningSecret::new(id.clone(), secret.clone(), created_at.as_millis());
    let stored = stored.encrypted(&state.limits().encryption_keys);
    let internal = |error| ApiError::Internal(Box::new(error));
    rules.secrets.push(stored.map_err(internal)?);
    access::set_rules(&state, &place, author, key.row(), rules).await?;
    let location = format!("{}/{}/secrets/{id}", place.path(), scope.key);
    let told = Told {
        id,
        created_at,
        secret: Some(secret),
    };
    let headers = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(told)).into_response())
}

/// Removes a secret: what it has signed is no longer taken
#[utoipa::path(
    delete, path = "/keys/{key}/secrets/{secret}", tag = "access", operation_id = "removeSecret",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It is gone"), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(in crate::routes) async fn remove(
    scope: AdminScope,
    Path(SecretPath { secret }): Path<SecretPath>,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    let (place, author) = asked(&scope, &state, query)?;
    let key = place.find(&state, &scope.key)?;
    let mut rules = key.row().rules.clone();
    rules.secrets.retain(|held| held.id != secret);
    if rules == key.row().rules {
        return Err(ApiError::NotFound {
            what: "secret",
            name: secret,
        });
    }
    if rules.secrets.is_empty() && rules.signed_contexts {
        return Err(ApiError::Secrets(
            "this is the last secret of a key that takes signed contexts only: make another one first",
        ));
    }
    access::set_rules(&state, &place, author, key.row(), rules).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn asked<'a>(
    scope: &'a AdminScope,
    state: &AppState,
    query: WriteQuery,
) -> Result<(Place<'a>, crate::environment::Author), ApiError> {
    let grant = scope.grant.clone().require(ADMINS)?;
    let author = query.author(&grant, state)?;
    Ok((Place::environment(grant, scope.environment.row()), author))
}
