//! `/api/v1/sdk`: the stream and the snapshot that SDKs follow (protocol.md)

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::coding::Coding;
use crate::etag;
use crate::extract::key_environment;
use crate::state::AppState;
use crate::stream;
use crate::view::Scope;

/// `GET /api/v1/sdk/stream`
pub(super) async fn stream(
    grant: Grant,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let grant = grant.require(&[KeyKind::Server, KeyKind::ClientLocal])?;
    let environment = key_environment(&grant, &state)?;
    let cursor = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    let coding = Coding::accepted(&headers);
    let body = stream::open(&state, &environment, &grant, cursor, coding)?;
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store, no-transform"),
        (VARY, "Accept-Encoding"),
        // Without it nginx collects events before it hands them on.
        (
            axum::http::HeaderName::from_static("x-accel-buffering"),
            "no",
        ),
    ];
    Ok((headers, coding.header(), body).into_response())
}

/// `GET /api/v1/sdk/snapshot`
pub(super) async fn snapshot(
    grant: Grant,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let grant = grant.require(&[KeyKind::Server, KeyKind::ClientLocal])?;
    let published = key_environment(&grant, &state)?.current();
    let scope = Scope::of(grant.kind());
    let accepted = Coding::accepted(&headers);
    let tag = etag::coded(&published.cursor(scope), accepted)?;
    let shared = [
        (CACHE_CONTROL, "private, no-cache"),
        (VARY, "Authorization, X-API-Key, Accept-Encoding"),
    ];
    if etag::none_match(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)], shared).into_response());
    }
    let coding = accepted.for_length(published.document(scope).len());
    let document = published.document_in(scope, coding);
    Ok((
        [(ETAG, tag)],
        shared,
        coding.header(),
        [(CONTENT_TYPE, "application/json")],
        document,
    )
        .into_response())
}
