//! `…/keys/{key}/secrets`: the secrets with which a customer's server signs contexts

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use rand::distr::{Alphanumeric, SampleString as _};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::credentials::{self, CredentialCollection};
use crate::access::guards::{Admin, EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::QueryParams;
use crate::store::{CredentialKind, CredentialRow, SigningSecret};

/// One in use, and one that replaces it
const SECRETS: usize = 2;
const PREFIX: &str = "fs_signing_";
const SECRET_LENGTH: usize = 40;
const ID_LENGTH: usize = 8;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SigningSecret)]
pub(crate) struct SigningSecretResponse {
    id: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The secret; only in the response that creates it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secret: Option<String>,
}

/// The secrets of a key that may require signed contexts, without their values
pub(super) fn of(row: &CredentialRow) -> Option<Vec<SigningSecretResponse>> {
    let response = |secret: &SigningSecret| SigningSecretResponse {
        id: secret.id.clone(),
        created_at: Timestamp::from_millis(secret.created_at),
        secret: None,
    };
    let secrets = row.rules.secrets.iter();
    (row.kind == CredentialKind::Client).then(|| secrets.map(response).collect())
}

#[derive(Deserialize)]
pub(crate) struct SecretPath {
    secret: String,
}

/// Creates a secret with which contexts are signed, and returns it this once
///
/// A key of kind `client` has at most two: one in use, and one that replaces it.
#[utoipa::path(
    post, path = "/keys/{key}/secrets", tag = "access", operation_id = "createSecret",
    params(WriteQuery),
    responses(
        (status = CREATED, description = "The secret", body = SigningSecretResponse, headers(("Location" = String))),
        (status = CONFLICT),
    ),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn create(
    scope: Admin<EnvironmentAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<Response, ApiError> {
    let collection = CredentialCollection::environment(&scope);
    let author = query.author(collection.principal(), &state)?;
    let key = collection.find(&state, &scope.key)?;
    if key.row().kind != CredentialKind::Client {
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
    let stored = stored.encrypted(&state.encryption_keys);
    let internal = |error| ApiError::Internal(Box::new(error));
    rules.secrets.push(stored.map_err(internal)?);
    credentials::set_rules(&state, &collection, author, key.row(), rules).await?;
    let location = format!("{}/{}/secrets/{id}", collection.path(), scope.key);
    let response = SigningSecretResponse {
        id,
        created_at,
        secret: Some(secret),
    };
    let headers = [(LOCATION, location), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(response)).into_response())
}

/// Removes a secret: signatures made with it are no longer accepted
#[utoipa::path(
    delete, path = "/keys/{key}/secrets/{secret}", tag = "access", operation_id = "removeSecret",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It is gone"), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn remove(
    scope: Admin<EnvironmentAccess>,
    Path(SecretPath { secret }): Path<SecretPath>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    let collection = CredentialCollection::environment(&scope);
    let author = query.author(collection.principal(), &state)?;
    let key = collection.find(&state, &scope.key)?;
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
    credentials::set_rules(&state, &collection, author, key.row(), rules).await?;
    Ok(StatusCode::NO_CONTENT)
}
