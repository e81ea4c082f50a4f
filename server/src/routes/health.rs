//! Whether the process lives, and whether it should be sent requests

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;

use crate::api_error::ApiError;
use crate::state::AppState;

/// `GET /healthz`
pub(super) async fn live() -> impl IntoResponse {
    (
        [(CACHE_CONTROL, "no-store")],
        axum::Json(serde_json::json!({"status": "alive"})),
    )
}

/// `GET /readyz`: not while stopping. A store that is down takes nothing from those who read, so it does not count.
pub(super) async fn ready(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    if state.stopping().is_cancelled() {
        return Err(ApiError::Unavailable("the server is stopping"));
    }
    let store = if state.store().ping().await.is_ok() {
        "up"
    } else {
        "down"
    };
    Ok((
        [(CACHE_CONTROL, "no-store")],
        axum::Json(serde_json::json!({"status": "ready", "store": store})),
    ))
}
