//! Whether the process lives, whether it should be sent requests, and what it has counted

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use crate::api_error::ApiError;
use crate::extract::Parameters;
use crate::metrics;
use crate::state::AppState;

/// `GET /metrics`
pub(super) async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let text = state.metrics().encode(&state);
    let text = text.map_err(|error| ApiError::Internal(Box::new(error)))?;
    let headers = [
        (CONTENT_TYPE, metrics::CONTENT_TYPE),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text))
}

/// `GET /healthz`
pub(super) async fn live() -> impl IntoResponse {
    (
        [(CACHE_CONTROL, "no-store")],
        axum::Json(serde_json::json!({"status": "alive"})),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReadyQuery {
    max_stale_ms: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Readiness {
    status: &'static str,
    store: &'static str,
    stale_ms: u64,
}

/// `GET /readyz?maxStaleMs=`: not while stopping
///
/// A store that is out of reach takes nothing from those who read, so it does not count, unless the question says for how long at
/// most the answer may have been out of date.
pub(super) async fn ready(
    State(state): State<AppState>,
    Parameters(query): Parameters<ReadyQuery>,
) -> Result<impl IntoResponse, ApiError> {
    if state.stopping().is_cancelled() {
        return Err(ApiError::unavailable("the server is stopping"));
    }
    let contact = state.contact();
    let stale_ms = u64::try_from(contact.stale_for().as_millis()).unwrap_or(u64::MAX);
    if query.max_stale_ms.is_some_and(|most| stale_ms > most) {
        return Err(ApiError::unavailable(
            "this server has not been up to date for longer than was asked for",
        ));
    }
    let readiness = Readiness {
        status: "ready",
        store: if contact.is_lost() { "down" } else { "up" },
        stale_ms,
    };
    Ok(([(CACHE_CONTROL, "no-store")], axum::Json(readiness)))
}
