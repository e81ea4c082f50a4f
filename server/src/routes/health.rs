//! Whether the process lives, whether it should be sent requests, and what it has counted

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::extract::Parameters;
use crate::metrics;
use crate::state::AppState;

/// What has been counted, for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics",
    responses((status = OK, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")),
)]
pub(super) async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let text = state.metrics().encode(&state);
    let text = text.map_err(|error| ApiError::Internal(Box::new(error)))?;
    let headers = [
        (CONTENT_TYPE, metrics::CONTENT_TYPE),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text))
}

/// That the process lives
#[derive(Serialize, ToSchema)]
pub(super) struct Liveness {
    status: &'static str,
}

/// Whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "live",
    responses((status = OK, description = "It does", body = Liveness)),
)]
pub(super) async fn live() -> impl IntoResponse {
    (
        [(CACHE_CONTROL, "no-store")],
        axum::Json(Liveness { status: "alive" }),
    )
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct ReadyQuery {
    /// For how long this server may have been behind its store, in milliseconds
    #[param(minimum = 0)]
    max_stale_ms: Option<i64>,
}

/// That the server is ready, and how fresh what it serves is
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Readiness {
    status: &'static str,
    /// `up`, or `down` if it could not be asked
    store: &'static str,
    /// `up`, or `down` if the last write failed and the next one would too: the disk is full, or the store is down
    writes: &'static str,
    /// For how long it may have been behind its store
    stale_ms: u64,
}

/// Whether to send requests here: not while it is stopping
///
/// A store that is out of reach takes nothing from those who read, so it does not count, unless the question says for how long at
/// most the answer may have been out of date.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "ready",
    params(ReadyQuery),
    responses((status = OK, description = "It is ready", body = Readiness), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn ready(
    State(state): State<AppState>,
    Parameters(query): Parameters<ReadyQuery>,
) -> Result<impl IntoResponse, ApiError> {
    if state.stopping().is_cancelled() {
        return Err(ApiError::unavailable("the server is stopping"));
    }
    let contact = state.contact();
    let stale_ms = u64::try_from(contact.stale_for().as_millis()).unwrap_or(u64::MAX);
    let most = query.max_stale_ms.map(u64::try_from).transpose();
    let wrong = |_| ApiError::invalid("?maxStaleMs", "expected 0 or more milliseconds");
    if most.map_err(wrong)?.is_some_and(|most| stale_ms > most) {
        return Err(ApiError::unavailable(
            "this server has not been up to date for longer than was asked for",
        ));
    }
    let up_unless = |is_down| if is_down { "down" } else { "up" };
    let is_failing = contact.is_lost() || state.store().writes().are_failing();
    let readiness = Readiness {
        status: "ready",
        store: up_unless(contact.is_lost()),
        writes: up_unless(is_failing),
        stale_ms,
    };
    Ok(([(CACHE_CONTROL, "no-store")], axum::Json(readiness)))
}
