//! `GET /ofrep/v1/events`: tells OFREP's clients when to evaluate again (its `eventStreams`)

use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::auth::{self, Grant, KeyKind};
use crate::coding::Coding;
use crate::extract::{Parameters, key_environment};
use crate::feed::Subject;
use crate::instances::Identity;
use crate::routes::sdk::{LastEventId, STREAM_HEADERS, last_event_id};
use crate::state::AppState;
use crate::stream::{self, Opening};
use crate::stream_token;

/// Where it is
pub(crate) const PATH: &str = "/ofrep/v1/events";
/// Keys that may have notices, in a header or by a token
const KEYS: &[KeyKind] = &[KeyKind::Server, KeyKind::Client];
/// Seconds for which a client keeps a stream that nobody looks at; longer than a heartbeat
const INACTIVITY_DELAY: u32 = 120;

/// What a bulk answer says of the stream
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventStream {
    r#type: &'static str,
    endpoint: Endpoint,
    inactivity_delay_sec: u32,
}

/// Without an origin: a client takes that by which it reached us, which a server behind a proxy does not know
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    request_uri: String,
}

impl EventStream {
    /// The stream for the holder of a key, by a token that was made for it
    pub(super) fn new(token: &str) -> Self {
        Self {
            r#type: "sse",
            endpoint: Endpoint {
                request_uri: format!("{PATH}?token={token}"),
            },
            inactivity_delay_sec: INACTIVITY_DELAY,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// The token of an `eventStreams` address, instead of a key in a header
    token: Option<String>,
}

/// Streams notices that something has changed
#[utoipa::path(
    get, path = PATH, tag = "ofrep", operation_id = "ofrepEvents",
    params(EventsQuery, LastEventId),
    responses((status = OK, description = "Server-sent events", body = String, content_type = "text/event-stream"), (status = SERVICE_UNAVAILABLE)),
    security(("bearer" = ["server", "client"])),
)]
pub(super) async fn events(
    State(state): State<AppState>,
    Parameters(query): Parameters<EventsQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let grant = match query.token {
        None => Grant::from_request_parts(&mut parts, &state).await?,
        Some(token) => stream_token::find(&token, &state.keyring(), state.now())
            .ok_or_else(|| auth::unknown(&parts, &state))
            .and_then(|key| Grant::of(key).admit(&parts, &state))?,
    };
    let grant = grant.require(KEYS)?;
    let environment = key_environment(&grant, &state)?;
    let coding = Coding::accepted(&parts.headers);
    let opening = Opening {
        identity: Identity::default(),
        subject: Subject::Notices,
        cursor: last_event_id(&parts.headers),
        coding,
        extensions: &parts.extensions,
    };
    let (body, _) = stream::open(&state, &environment, &grant, opening).await?;
    Ok((STREAM_HEADERS, coding.header(), body).into_response())
}
