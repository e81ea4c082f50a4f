//! Liveness, readiness and metrics

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{AppState, gauges};
use crate::http::api_error::ApiError;
use crate::http::body::QueryParams;
use crate::metrics;

/// Reads the metrics, for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics",
    responses((status = OK, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")),
)]
pub(crate) async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let text = state.http.metrics.encode(&gauges::registry(&state));
    let text = text.map_err(|error| ApiError::Internal(Box::new(error)))?;
    let headers = [
        (CONTENT_TYPE, metrics::CONTENT_TYPE),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text))
}

/// The process is alive
#[derive(Serialize, ToSchema)]
pub(crate) struct Liveness {
    status: &'static str,
}

/// Reads whether the process is alive
#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "live",
    responses((status = OK, description = "It is", body = Liveness)),
)]
pub(crate) async fn live() -> impl IntoResponse {
    (
        [(CACHE_CONTROL, "no-store")],
        axum::Json(Liveness { status: "alive" }),
    )
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadyQuery {
    /// Oldest data that is accepted, in milliseconds
    #[param(minimum = 0)]
    max_stale_ms: Option<i64>,
}

/// The server is ready, and how old its data is
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Readiness {
    status: &'static str,
    /// `up`, or `down` if the database was unreachable when it was last polled
    store: &'static str,
    /// `up`, or `down` if writes fail: the disk is full, or the database is unreachable
    writes: &'static str,
    /// How old the data is at most, in milliseconds
    stale_ms: u64,
}

/// Reads whether the server takes requests: not while it is stopping
///
/// An unreachable database does not count, since reads are answered from memory, unless `maxStaleMs` bounds how old the data may be.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "ready",
    params(ReadyQuery),
    responses((status = OK, description = "It is ready", body = Readiness), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn ready(
    State(state): State<AppState>,
    QueryParams(query): QueryParams<ReadyQuery>,
) -> Result<impl IntoResponse, ApiError> {
    if state.leaving().is_cancelled() || state.stopping().is_cancelled() {
        return Err(ApiError::unavailable("the server is stopping"));
    }
    let store_health = state.store_health();
    let stale_ms = u64::try_from(store_health.stale_for().as_millis()).unwrap_or(u64::MAX);
    let most = query.max_stale_ms.map(u64::try_from).transpose();
    let wrong = |_| ApiError::invalid("?maxStaleMs", "expected 0 or more milliseconds");
    if most.map_err(wrong)?.is_some_and(|most| stale_ms > most) {
        return Err(ApiError::unavailable("the data is older than `maxStaleMs`"));
    }
    let up_unless = |is_down| if is_down { "down" } else { "up" };
    let is_failing = store_health.is_lost() || state.store().writes().are_failing();
    let readiness = Readiness {
        status: "ready",
        store: up_unless(store_health.is_lost()),
        writes: up_unless(is_failing),
        stale_ms,
    };
    Ok(([(CACHE_CONTROL, "no-store")], axum::Json(readiness)))
}
