//! Every route; the handlers read the request, call one function and write the answer

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use axum::http::{HeaderName, Method};
use axum::middleware;
use axum::routing::{get, post};
use tower_http::cors::{Any, CorsLayer};

use crate::api_error::ApiError;
use crate::extract::{AdminScope, BODY_BYTES, DOCUMENT_BYTES, ProjectScope};
use crate::observe::{REQUEST_ID, observe};
use crate::state::AppState;

mod audit;
mod copy;
mod document;
mod environments;
mod evaluate;
mod example;
mod flags;
mod health;
mod history;
mod keys;
mod notices;
mod ofrep;
mod overrides;
mod sdk;
mod usage;

const ENVIRONMENT: &str = "/api/v1/projects/{project}/environments/{environment}";

/// The whole server as a service that needs no socket
pub fn app(state: AppState) -> Router {
    Router::new()
        .merge(admin())
        // The fallback goes under the layer, which is what answers a preflight.
        .merge(
            sdk()
                .method_not_allowed_fallback(wrong_method)
                .layer(cors()),
        )
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/example", get(example::redirect))
        .route("/example/", get(example::index))
        .route("/example/{*path}", get(example::file))
        .fallback(|| async { ApiError::NoRoute })
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// `/metrics`, which an operator may want to have apart from the rest
pub(crate) fn metrics(state: AppState) -> Router {
    Router::new()
        .route("/metrics", get(health::metrics))
        .method_not_allowed_fallback(wrong_method)
        .with_state(state)
}

async fn wrong_method() -> ApiError {
    ApiError::Method
}

fn admin() -> Router<AppState> {
    let document = get(document::export)
        .put(document::replace)
        .layer(DefaultBodyLimit::max(DOCUMENT_BYTES));
    Router::new()
        .route(
            &format!("{ENVIRONMENT}/flags"),
            get(flags::list).post(flags::create),
        )
        .route(
            &format!("{ENVIRONMENT}/flags/{{key}}"),
            get(flags::read)
                .put(flags::put)
                .patch(flags::patch)
                .delete(flags::delete),
        )
        .route(
            &format!("{ENVIRONMENT}/flags/{{key}}/history"),
            get(history::list),
        )
        .route(
            &format!("{ENVIRONMENT}/flags/{{key}}/rollback"),
            post(history::rollback),
        )
        .route(
            &format!("{ENVIRONMENT}/flags/{{key}}/usage"),
            get(usage::of_flag),
        )
        .route(&format!("{ENVIRONMENT}/unknown-flags"), get(usage::unknown))
        .route(&format!("{ENVIRONMENT}/document"), document)
        .route(&format!("{ENVIRONMENT}/compare"), get(copy::compare))
        .route(&format!("{ENVIRONMENT}/copy"), post(copy::copy))
        .route(
            "/api/v1/projects",
            get(environments::list_projects).post(environments::create_project),
        )
        .route(
            "/api/v1/projects/{project}/environments",
            get(environments::list).post(environments::create),
        )
        .route("/api/v1/projects/{project}/audit", get(audit::list))
        .merge(overrides())
        .route(
            "/api/v1/projects/{project}/audit/export",
            get(audit::export),
        )
        .route("/api/v1/projects/{project}/audit/head", get(audit::head))
        .merge(access::<AdminScope>(&format!("{ENVIRONMENT}/keys")))
        .merge(access::<ProjectScope>("/api/v1/projects/{project}/tokens"))
}

/// The overrides of a flag one by one
fn overrides() -> Router<AppState> {
    let flag = format!("{ENVIRONMENT}/flags/{{key}}/overrides");
    // The load counts for itself what it reads.
    let bulk = post(overrides::bulk::load).layer(DefaultBodyLimit::disable());
    let one = get(overrides::read)
        .put(overrides::put)
        .delete(overrides::delete);
    Router::new()
        .route(&flag, get(overrides::list::of_flag))
        .route(&format!("{flag}/bulk"), bulk)
        .route(&format!("{flag}/{{level}}/{{contextKey}}"), one)
        .route(
            &format!("{ENVIRONMENT}/overrides"),
            get(overrides::list::of_context),
        )
}

/// Who has access to what a path names
fn access<S>(path: &str) -> Router<AppState>
where
    S: keys::Scope + FromRequestParts<AppState, Rejection = ApiError> + Send + Sync + 'static,
{
    Router::new()
        .route(path, get(keys::list::<S>).post(keys::create::<S>))
        .route(
            &format!("{path}/{{key}}"),
            get(keys::read::<S>).delete(keys::revoke::<S>),
        )
        .route(&format!("{path}/{{key}}/rotate"), post(keys::rotate::<S>))
}

fn sdk() -> Router<AppState> {
    Router::new()
        .route("/api/v1/sdk/stream", get(sdk::stream))
        .route("/api/v1/sdk/snapshot", get(sdk::snapshot))
        .route("/api/v1/sdk/usage", post(usage::report))
        .route("/api/v1/evaluate", post(evaluate::evaluate))
        // Some providers append a slash.
        .route("/ofrep/v1/evaluate/flags", post(ofrep::bulk))
        .route("/ofrep/v1/evaluate/flags/", post(ofrep::bulk))
        .route("/ofrep/v1/evaluate/flags/{key}", post(ofrep::single))
        .route("/ofrep/v1/evaluate/flags/{key}/", post(ofrep::single))
        .route(notices::PATH, get(notices::events))
}

/// Any page may ask: it is the key that decides, and a browser sends no key of its own accord
fn cors() -> CorsLayer {
    let api_key = HeaderName::from_static("x-api-key");
    let last_event_id = HeaderName::from_static("last-event-id");
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            AUTHORIZATION,
            api_key,
            IF_NONE_MATCH,
            CONTENT_TYPE,
            last_event_id,
        ])
        .expose_headers([ETAG, RETRY_AFTER, REQUEST_ID])
        .max_age(std::time::Duration::from_hours(1))
}
