//! All routes; a handler reads the request, calls one function and writes the response

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef as _;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER,
};
use axum::http::{HeaderName, Method};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::routes;

use crate::access::context_signature::SIGNATURE;
use crate::access::guards::WriteAccess;
use crate::access::routes::{keys, me, members, provider_logout, sessions, sign_in};
use crate::admin_ui;
use crate::app::{AppState, api_description, example, health, operations};
use crate::audit::routes as audit;
use crate::documents::routes::{compare, document, revisions};
use crate::evaluation::routes::{batch, contexts, evaluate, manifest, ofrep, values};
use crate::flags::routes::{changesets, flags, history};
use crate::http::api_error::{ApiError, NotForOrigin};
use crate::http::observe::{REQUEST_ID, mark_write, observe};
use crate::http::state::HttpState;
use crate::idempotency;
use crate::openapi::{Audience, Described, Routes};
use crate::overrides::routes as overrides;
use crate::projects::routes::{environments, names, project_flags, settings};
use crate::segments::routes::{groups, holdouts, ids, segments};
use crate::streams::routes::{instances, project_events, refetch_stream, sdk};
use crate::usage::routes as usage;

const PROJECT: &str = "/api/v1/projects/{project}";
const ENVIRONMENT: &str = "/api/v1/projects/{project}/environments/{environment}";

/// The whole server as a service without a socket
pub fn app(state: AppState) -> Router {
    let once = |routes: Routes<AppState>, access: WriteAccess| {
        let state = (
            Arc::from_ref(&state),
            state.config().idempotency_lease,
            access,
        );
        let once = middleware::from_fn_with_state(state, idempotency::replay_layer);
        let strict = middleware::from_fn(operations::refuse_unknown_parameters);
        let routes = routes.into_router().layer(middleware::from_fn(mark_write));
        routes.layer(once).layer(strict)
    };
    Router::new()
        .merge(once(editing(), WriteAccess::EDITORS))
        .merge(once(documents(), WriteAccess::DOCUMENTS))
        .merge(once(granting(), WriteAccess::ADMINS))
        .merge(once(own(), WriteAccess::READERS))
        // The fallback is below the layer, which responds to preflight requests.
        .merge(
            programs()
                .into_router()
                .route("/ofrep/v1/evaluate/flags/", post(ofrep::bulk))
                .route("/ofrep/v1/evaluate/flags/{key}/", post(ofrep::single))
                .method_not_allowed_fallback(operations::wrong_method)
                .layer(middleware::from_fn(operations::refuse_unknown_parameters))
                .layer(cors())
                .layer(middleware::map_response(withhold)),
        )
        .merge(everybody().into_router())
        .route("/api/v1/docs/start.js", get(api_description::start))
        .route("/api/v1/docs/scalar.js", get(api_description::scalar))
        .route("/example", get(example::redirect))
        .route("/example/", get(example::page))
        .route("/example/example.js", get(example::script))
        .route("/assets/{*path}", get(admin_ui::asset))
        .fallback(admin_ui::page)
        .method_not_allowed_fallback(operations::wrong_method)
        .layer(middleware::from_fn_with_state(
            Arc::<HttpState>::from_ref(&state),
            observe,
        ))
        .with_state(state)
}

/// The routes for connections beyond the limits: the health checks, which must not fail because of others
pub(crate) fn spare(state: AppState) -> Router {
    health_checks()
        .into_router()
        .fallback(|| async {
            ApiError::TooManyConnections {
                retry_after: rand::random_range(5..=15),
            }
        })
        .layer(middleware::from_fn_with_state(
            Arc::<HttpState>::from_ref(&state),
            observe,
        ))
        .with_state(state)
}

/// `/metrics` and the health checks on a socket of their own, where no other connections compete with them
pub(crate) fn apart(state: AppState) -> Router {
    metrics(state.clone()).merge(health_checks().into_router().with_state(state))
}

/// `/metrics`, which an operator may want to separate from the rest
pub(crate) fn metrics(state: AppState) -> Router {
    measures()
        .into_router()
        .method_not_allowed_fallback(operations::wrong_method)
        .with_state(state)
}

/// The descriptions of all routes except the example page's
pub(super) fn described() -> Vec<Described> {
    let groups = [
        (administration(), Audience::Token),
        (programs(), Audience::Key),
        (everybody().merge(measures()), Audience::Everybody),
    ];
    let described = groups.map(|(routes, audience)| routes.into_described(audience));
    described.into()
}

/// The routes for tokens, by who may write there
fn administration() -> Routes<AppState> {
    editing().merge(documents()).merge(granting()).merge(own())
}

/// The routes for editors
fn editing() -> Routes<AppState> {
    let environment = Routes::default()
        .routes(routes!(flags::list, flags::create))
        .routes(routes!(
            flags::read,
            flags::put,
            flags::patch,
            flags::delete
        ))
        .routes(routes!(history::list))
        .routes(routes!(history::rollback))
        .routes(routes!(usage::of_flag))
        .routes(routes!(usage::unknown))
        .routes(routes!(usage::attributes))
        .routes(routes!(instances::list))
        .routes(routes!(instances::converge))
        .routes(routes!(changesets::apply))
        .routes(routes!(compare::compare))
        .routes(routes!(compare::copy))
        .routes(routes!(revisions::list))
        .routes(routes!(overrides::list::of_flag))
        .routes(routes!(
            overrides::read,
            overrides::put,
            overrides::patch,
            overrides::delete
        ))
        .routes(routes!(overrides::list::of_context))
        .routes(routes!(contexts::flags));
    let project = Routes::default()
        .routes(routes!(project_flags::list))
        .routes(routes!(project_flags::read, project_flags::patch))
        .routes(routes!(project_flags::archive))
        .routes(routes!(project_flags::restore))
        .routes(routes!(usage::of_project))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::head))
        .routes(routes!(project_events::events));
    Routes::default()
        .nest(PROJECT, project)
        .nest(ENVIRONMENT, environment.merge(targeting()))
}

/// The routes of the objects that flags refer to
fn targeting() -> Routes<AppState> {
    Routes::default()
        .routes(routes!(segments::list, segments::create))
        .routes(routes!(
            segments::read,
            segments::put,
            segments::patch,
            segments::delete
        ))
        .routes(routes!(ids::list))
        .routes(routes!(ids::put, ids::delete))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(
            groups::read,
            groups::put,
            groups::patch,
            groups::delete
        ))
        .routes(routes!(holdouts::list, holdouts::create))
        .routes(routes!(
            holdouts::read,
            holdouts::put,
            holdouts::patch,
            holdouts::delete
        ))
}

/// The routes for editors with long bodies: documents and bulk loads
fn documents() -> Routes<AppState> {
    let document = routes!(document::export, document::replace);
    // A load reads its body line by line, and reserves the memory itself.
    let overrides = routes!(overrides::bulk::load);
    let environment = Routes::default()
        .routes(document)
        .routes(overrides)
        .routes(routes!(ids::load));
    Routes::default().nest(ENVIRONMENT, environment)
}

/// The routes for admins: projects, keys, tokens, members and sessions
fn granting() -> Routes<AppState> {
    let environment = Routes::default()
        .routes(routes!(settings::read, settings::put))
        .routes(routes!(
            keys::of_environment::list,
            keys::of_environment::create
        ))
        .routes(routes!(
            keys::of_environment::read,
            keys::of_environment::patch,
            keys::of_environment::revoke
        ))
        .routes(routes!(keys::of_environment::rotate))
        .routes(routes!(keys::secrets::create))
        .routes(routes!(keys::secrets::remove));
    let project = Routes::default()
        .routes(routes!(environments::list, environments::create))
        .routes(routes!(
            names::read_environment,
            names::rename_environment,
            names::delete_environment
        ))
        .routes(routes!(keys::of_project::list, keys::of_project::create))
        .routes(routes!(keys::of_project::read, keys::of_project::revoke))
        .routes(routes!(keys::of_project::rotate))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::read, members::patch, members::remove));
    Routes::default()
        .routes(routes!(
            environments::list_projects,
            environments::create_project
        ))
        .routes(routes!(
            names::read_project,
            names::rename_project,
            names::delete_project
        ))
        .routes(routes!(sessions::list_all, sessions::end_of_person))
        .routes(routes!(sessions::end))
        .nest(PROJECT, project)
        .nest(ENVIRONMENT, environment)
}

/// The routes for people about themselves
fn own() -> Routes<AppState> {
    Routes::default()
        .routes(routes!(me::read))
        .routes(routes!(me::tokens, me::create_token))
        .routes(routes!(me::revoke_token))
        .routes(routes!(sessions::list_own, sessions::end_others))
        .routes(routes!(sessions::end_own))
}

/// The routes for keys, which browsers may call from any page
fn programs() -> Routes<AppState> {
    Routes::default()
        .routes(routes!(sdk::stream))
        .routes(routes!(sdk::snapshot))
        .routes(routes!(usage::report))
        .routes(routes!(instances::applied))
        .routes(routes!(evaluate::evaluate))
        .routes(routes!(evaluate::evaluate_in))
        .routes(routes!(contexts::evaluate))
        .routes(routes!(batch::evaluate))
        .routes(routes!(values::values, values::evaluate_values))
        .routes(routes!(values::summary))
        .routes(routes!(manifest::read))
        .routes(routes!(ofrep::bulk))
        .routes(routes!(ofrep::single))
        .routes(routes!(refetch_stream::events))
}

/// The routes that need neither a token nor a key
fn everybody() -> Routes<AppState> {
    health_checks()
        .routes(routes!(api_description::document))
        .routes(routes!(api_description::page))
        .routes(routes!(sign_in::methods))
        .routes(routes!(sign_in::by_link))
        .routes(routes!(sign_in::begin))
        .routes(routes!(sign_in::finish))
        .routes(routes!(sign_in::sign_out))
        .routes(routes!(provider_logout::end))
}

fn health_checks() -> Routes<AppState> {
    Routes::default()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

fn measures() -> Routes<AppState> {
    Routes::default().routes(routes!(health::metrics))
}

/// Removes the headers by which `cors` lets a page read the response, if the key may not be used from that page
async fn withhold(mut response: Response) -> Response {
    if response.extensions().get::<NotForOrigin>().is_some() {
        response.headers_mut().remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    }
    response
}

/// Any page may send requests: a preflight carries no key, and browsers do not send one by themselves. The key decides
/// ([`crate::access::auth::Principal`])
fn cors() -> CorsLayer {
    let api_key = HeaderName::from_static("x-api-key");
    let last_event_id = HeaderName::from_static("last-event-id");
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            AUTHORIZATION,
            api_key,
            IF_NONE_MATCH,
            CONTENT_TYPE,
            last_event_id,
            SIGNATURE,
        ])
        .expose_headers([ETAG, RETRY_AFTER, REQUEST_ID])
        .max_age(std::time::Duration::from_hours(1))
}
