//! `…/environments/{environment}/document`: an environment whole, out and in

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Issue, check_document};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::environment::Invalid;
use crate::etag;
use crate::extract::{AdminScope, Body, Parameters, author};
use crate::flag;
use crate::openapi::{Document, DocumentIssue};
use crate::state::AppState;
use crate::view::Scope;

/// Exports an environment as a document
#[utoipa::path(
    get, path = "/document", tag = "flags", operation_id = "exportDocument",
    responses((status = OK, description = "The document", body = Document, headers(("ETag" = String)))),
)]
pub(super) async fn export(scope: AdminScope) -> Result<Response, ApiError> {
    let published = scope.environment.current();
    let tag = etag::quoted(&published.cursor(Scope::All))?;
    Ok((
        [(ETAG, tag)],
        [(CONTENT_TYPE, "application/json")],
        published.document(Scope::All),
    )
        .into_response())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReplaceQuery {
    /// What to do with flags that do not compile: `keep` stores them, as a document of a newer Flagstaff may have them
    #[serde(default)]
    #[param(inline)]
    invalid: InvalidFlags,
    /// Why, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum InvalidFlags {
    #[default]
    Refuse,
    Keep,
}

/// What became of a document
#[derive(Serialize, ToSchema)]
pub(super) struct Replaced {
    /// The revision that the environment is at now
    revision: u64,
    /// What is wrong with flags that were kept
    #[schema(value_type = Vec<DocumentIssue>)]
    issues: Vec<Issue>,
}

/// Replaces all that is in an environment by a document, in one revision
#[utoipa::path(
    put, path = "/document", tag = "flags", operation_id = "replaceDocument",
    params(ReplaceQuery),
    request_body(content = Document, example = json!({"schemaVersion": 1, "flags": {"new-checkout": {"type": "boolean", "enabled": true, "serve": "on"}}})),
    responses((status = OK, description = "It is there", body = Replaced), (status = CONFLICT)),
)]
pub(super) async fn replace(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ReplaceQuery>,
    Body(mut document): Body<Value>,
) -> Result<Response, ApiError> {
    let author = author(query.reason, &scope.grant, &state)?;
    let invalid = if query.invalid == InvalidFlags::Keep {
        Invalid::Keep
    } else {
        Invalid::Refuse
    };
    check(&document, invalid)?;
    complete(&mut document);
    let replace = move |_: &_, draft: &mut crate::draft::Draft| {
        draft.replace(&document);
        Ok::<(), ApiError>(())
    };
    let written = scope.environment.write(author, invalid, replace).await?;
    let (revision, issues) = (
        written.after.revision(),
        written.after.snapshot().issues().to_vec(),
    );
    Ok(Json(Replaced { revision, issues }).into_response())
}

/// What is wrong with a document; one that cannot be read at all is refused whatever is to be kept
fn check(document: &Value, invalid: Invalid) -> Result<(), ApiError> {
    let issues =
        check_document(document).map_err(|error| ApiError::invalid("", error.to_string()))?;
    if issues.is_empty() || invalid == Invalid::Keep {
        Ok(())
    } else {
        Err(ApiError::issues(&issues, ""))
    }
}

/// Gives flags what the server gives them
fn complete(document: &mut Value) {
    let flags = document.get_mut("flags").and_then(Value::as_object_mut);
    for (key, flag) in flags.into_iter().flatten() {
        flag::complete(flag, || key.clone());
    }
}
