//! `/api/v1/sdk`: the stream and the snapshot that SDKs follow (protocol.md)

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::coding::Coding;
use crate::etag;
use crate::extract::key_environment;
use crate::feed::Subject;
use crate::state::AppState;
use crate::stream::{self, Opening};
use crate::view::Scope;

/// Of every stream of events
pub(super) const STREAM_HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "text/event-stream"),
    (CACHE_CONTROL, "no-store, no-transform"),
    (VARY, "Accept-Encoding"),
    // Without it nginx collects events before it hands them on.
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// `GET /api/v1/sdk/stream`
pub(super) async fn stream(
    grant: Grant,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let grant = grant.require(&[KeyKind::Server, KeyKind::ClientLocal])?;
    let environment = key_environment(&grant, &state)?;
    let coding = Coding::accepted(&headers);
    let opening = Opening {
        subject: Subject::Objects(Scope::of(grant.kind())),
        cursor: last_event_id(&headers),
        coding,
    };
    let body = stream::open(&state, &environment, &grant, opening)?;
    Ok((STREAM_HEADERS, coding.header(), body).into_response())
}

/// What a client that reconnects has
pub(super) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
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
