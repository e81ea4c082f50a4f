//! `/api/v1/sdk`: the stream and the snapshot that SDKs follow (protocol.md)

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{Extensions, HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::coding::Coding;
use crate::etag::{self, IfNoneMatch};
use crate::extract::{Parameters, key_environment};
use crate::feed::Subject;
use crate::observe::UncodedBytes;
use crate::openapi::Document;
use crate::routes::instances::StreamQuery;
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

/// Where the stream is
pub(super) const STREAM_PATH: &str = "/api/v1/sdk/stream";

/// `Last-Event-ID`, as it is told of
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `last_event_id` reads")]
pub(super) struct LastEventId {
    /// The `id` of the last event that arrived: the stream goes on from there if it can
    #[param(rename = "Last-Event-ID", nullable = false)]
    last_event_id: Option<String>,
}

/// Streams the environment and what changes in it, by the protocol of docs/spec/protocol.md
#[utoipa::path(
    get, path = STREAM_PATH, tag = "sdk", operation_id = "streamObjects",
    params(LastEventId, StreamQuery),
    responses((status = OK, description = "Server-sent events", body = String, content_type = "text/event-stream"), (status = SERVICE_UNAVAILABLE)),
    security(("bearer" = ["server", "client-local"])),
)]
pub(super) async fn stream(
    grant: Grant,
    State(state): State<AppState>,
    Parameters(query): Parameters<StreamQuery>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, ApiError> {
    let grant = grant.require(&[KeyKind::Server, KeyKind::ClientLocal])?;
    let environment = key_environment(&grant, &state)?;
    let coding = Coding::accepted(&headers);
    let opening = Opening {
        identity: query.identity(grant.key()?.row().id())?,
        subject: Subject::Objects(Scope::of(grant.kind())),
        cursor: last_event_id(&headers),
        coding,
        extensions: &extensions,
    };
    let (body, bytes) = stream::open(&state, &environment, &grant, opening).await?;
    let mut response = (STREAM_HEADERS, coding.header(), body).into_response();
    if grant.kind().is_public() {
        // What it begins with costs what the same costs as a snapshot.
        response.extensions_mut().insert(UncodedBytes(bytes));
    }
    Ok(response)
}

/// What a client that reconnects has
pub(super) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
}

/// Reads the environment as one document
///
/// A `client-local` key sees the flags that are marked `clientSide`, and what they refer to.
#[utoipa::path(
    get, path = "/api/v1/sdk/snapshot", tag = "sdk", operation_id = "readSnapshot",
    params(IfNoneMatch),
    responses(
        (status = OK, description = "The document", body = Document, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "It is what it was", headers(("ETag" = String))),
    ),
    security(("bearer" = ["server", "client-local"])),
)]
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
    let (coding, document) = published.send_document(scope, accepted).await?;
    let json = [(CONTENT_TYPE, "application/json")];
    let mut response = ([(ETAG, tag)], shared, coding.header(), json, document).into_response();
    if grant.kind() == KeyKind::Server {
        // It was made once for all, and a fleet that starts asks for it all at once.
        response.extensions_mut().insert(UncodedBytes(0));
    }
    Ok(response)
}
