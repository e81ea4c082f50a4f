//! `/api/v1/sdk`: the stream and the snapshot that SDKs follow (protocol.md)

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{Extensions, HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;

use crate::access::auth::Principal;
use crate::access::guards::key_environment;
use crate::engine::coding::ContentCoding;
use crate::engine::visibility::Visibility;
use crate::http::api_error::ApiError;
use crate::http::body::QueryParams;
use crate::http::etag::{self, IfNoneMatch};
use crate::http::observe::UncodedBytes;
use crate::openapi::Document;
use crate::store::CredentialKind;
use crate::streams::routes::instances::StreamQuery;
use crate::streams::state::StreamState;
use crate::streams::stream::{self, StreamRequest};
use crate::streams::subscription::StreamKind;

/// The headers of every event stream
pub(crate) const STREAM_HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "text/event-stream"),
    (CACHE_CONTROL, "no-store, no-transform"),
    (VARY, "Accept-Encoding"),
    // Otherwise nginx buffers events.
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// Its path
pub(crate) const STREAM_PATH: &str = "/api/v1/sdk/stream";

/// `Last-Event-ID`, for the `OpenAPI` document
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `last_event_id` reads")]
pub(crate) struct LastEventId {
    /// The `id` of the last event that arrived: the stream continues from there if possible
    #[param(rename = "Last-Event-ID", nullable = false)]
    last_event_id: Option<String>,
}

/// Streams an environment and its changes, by the protocol of docs/spec/protocol.md
#[utoipa::path(
    get, path = STREAM_PATH, tag = "sdk", operation_id = "streamObjects",
    params(LastEventId, StreamQuery),
    responses((status = OK, description = "Server-sent events", body = String, content_type = "text/event-stream"), (status = SERVICE_UNAVAILABLE)),
    security(("bearer" = ["server", "client-local"])),
)]
pub(crate) async fn stream(
    principal: Principal,
    State(state): State<Arc<StreamState>>,
    QueryParams(query): QueryParams<StreamQuery>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, ApiError> {
    let principal = principal.require(&[CredentialKind::Server, CredentialKind::ClientLocal])?;
    let environment = key_environment(&principal, &state.access.engine)?;
    let coding = ContentCoding::accepted(&headers);
    let request = StreamRequest {
        identity: query.identity(principal.key()?.row().id())?,
        kind: StreamKind::Objects(Visibility::of(principal.kind())),
        cursor: last_event_id(&headers),
        coding,
        extensions: &extensions,
    };
    let (body, bytes) = stream::open(&state, &environment, &principal, request).await?;
    let mut response = (STREAM_HEADERS, coding.header(), body).into_response();
    if principal.kind().is_public() {
        // The first transfer costs the same as a snapshot.
        response.extensions_mut().insert(UncodedBytes(bytes));
    }
    Ok(response)
}

/// The cursor that a reconnecting client holds
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
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
pub(crate) async fn snapshot(
    principal: Principal,
    State(state): State<Arc<StreamState>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let principal = principal.require(&[CredentialKind::Server, CredentialKind::ClientLocal])?;
    let published = key_environment(&principal, &state.access.engine)?.current();
    let scope = Visibility::of(principal.kind());
    let accepted = ContentCoding::accepted(&headers);
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
    if principal.kind() == CredentialKind::Server {
        // The document was rendered once for all, and a fleet that starts asks for it all at once.
        response.extensions_mut().insert(UncodedBytes(0));
    }
    Ok(response)
}
