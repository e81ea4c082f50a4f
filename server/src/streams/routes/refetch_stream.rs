//! `GET /ofrep/v1/events`: tells OFREP's clients when to evaluate again (its `eventStreams`)

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::auth::{self, Principal};
use crate::access::guards::key_environment;
use crate::engine::coding::ContentCoding;
use crate::http::api_error::ApiError;
use crate::http::base_path::BasePath;
use crate::http::body::QueryParams;
use crate::instances::InstanceInfo;
use crate::store::CredentialKind;
use crate::streams::routes::sdk::{LastEventId, STREAM_HEADERS, last_event_id};
use crate::streams::state::StreamState;
use crate::streams::stream::{self, StreamRequest};
use crate::streams::subscription::StreamKind;
use crate::streams::token;

/// Its path
pub(crate) const PATH: &str = "/ofrep/v1/events";
/// The kinds of keys that may open it, in a header or by a token
const KEYS: &[CredentialKind] = &[CredentialKind::Server, CredentialKind::Client];
/// Seconds after which a client closes the stream of a hidden page; longer than a heartbeat
const INACTIVITY_DELAY: u32 = 120;

/// The stream's address in the response of a bulk evaluation
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefetchStream {
    r#type: &'static str,
    endpoint: Endpoint,
    inactivity_delay_sec: u32,
}

/// Without an origin: the client uses the one by which it reached the server, which a server behind a proxy does not know
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    request_uri: String,
}

impl RefetchStream {
    /// The stream for the holder of a key, with a token made for it
    pub(crate) fn new(token: &str, base_path: &BasePath) -> Self {
        Self {
            r#type: "sse",
            endpoint: Endpoint {
                request_uri: format!("{}{PATH}?token={token}", base_path.as_str()),
            },
            inactivity_delay_sec: INACTIVITY_DELAY,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The token from an `eventStreams` address, instead of a key in a header
    token: Option<String>,
}

/// Streams notices that something has changed
#[utoipa::path(
    get, path = PATH, tag = "ofrep", operation_id = "ofrepEvents",
    params(EventsQuery, LastEventId),
    responses((status = OK, description = "Server-sent events", body = String, content_type = "text/event-stream"), (status = SERVICE_UNAVAILABLE)),
    security(("bearer" = ["server", "client"])),
)]
pub(crate) async fn events(
    State(state): State<Arc<StreamState>>,
    QueryParams(query): QueryParams<EventsQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let principal = match query.token {
        None => Principal::from_request_parts(&mut parts, &state.access).await?,
        Some(token) => token::find(
            &token,
            &state.access.access_index(),
            state.access.engine.now(),
        )
        .ok_or_else(|| auth::unknown(&parts, &state.access))
        .and_then(|key| Principal::of(key).admit(&parts, &state.access))?,
    };
    let principal = principal.require(KEYS)?;
    let environment = key_environment(&principal, &state.access.engine)?;
    let coding = ContentCoding::accepted(&parts.headers);
    let opening = StreamRequest {
        identity: InstanceInfo::default(),
        kind: StreamKind::Notices,
        cursor: last_event_id(&parts.headers),
        coding,
        extensions: &parts.extensions,
    };
    let (body, _) = stream::open(&state, &environment, &principal, opening).await?;
    Ok((STREAM_HEADERS, coding.header(), body).into_response())
}
