//! Every route; the handlers read the request, call one function and write the answer

use axum::Router;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER,
};
use axum::http::{HeaderName, Method};
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::routes;

use crate::api_error::{ApiError, NotForOrigin};
use crate::extract::WriteAccess;
use crate::idempotency;
use crate::observe::{REQUEST_ID, observe};
use crate::openapi::{Audience, Described, Routes};
use crate::signing::SIGNATURE;
use crate::state::AppState;

mod api_description;
mod audit;
mod batch;
mod catalogue;
mod changesets;
mod contexts;
mod copy;
mod document;
mod environments;
mod evaluate;
mod example;
mod flags;
mod health;
mod history;
mod instances;
mod keys;
mod members;
mod notices;
mod ofrep;
mod outcomes;
mod overrides;
mod sdk;
mod settings;
mod usage;
mod values;

const PROJECT: &str = "/api/v1/projects/{project}";
const ENVIRONMENT: &str = "/api/v1/projects/{project}/environments/{environment}";

/// The whole server as a service that needs no socket
pub fn app(state: AppState) -> Router {
    let once = |routes: Routes, access: WriteAccess| {
        let state = (state.clone(), access);
        let once = middleware::from_fn_with_state(state, idempotency::once);
        routes.into_router().layer(once)
    };
    Router::new()
        .merge(once(editing(), WriteAccess::EDITORS))
        .merge(once(documents(), WriteAccess::DOCUMENTS))
        .merge(once(granting(), WriteAccess::ADMINS))
        // The fallback goes under the layer, which is what answers a preflight.
        .merge(
            programs()
                .into_router()
                .route("/ofrep/v1/evaluate/flags/", post(ofrep::bulk))
                .route("/ofrep/v1/evaluate/flags/{key}/", post(ofrep::single))
                .method_not_allowed_fallback(wrong_method)
                .layer(cors())
                .layer(middleware::map_response(withhold)),
        )
        .merge(everybody().into_router())
        .route("/example", get(example::redirect))
        .route("/example/", get(example::index))
        .route("/example/{*path}", get(example::file))
        .fallback(|| async { ApiError::NoRoute })
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// What those get for whose connection there is no room: the health checks, which must not fail because others are many
pub(crate) fn spare(state: AppState) -> Router {
    health_checks()
        .into_router()
        .fallback(|| async {
            ApiError::TooManyConnections {
                retry_after: rand::random_range(5..=15),
            }
        })
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// `/metrics` and the health checks at an address of their own, where nobody else takes their place
pub(crate) fn apart(state: AppState) -> Router {
    metrics(state.clone()).merge(health_checks().into_router().with_state(state))
}

/// `/metrics`, which an operator may want to have apart from the rest
pub(crate) fn metrics(state: AppState) -> Router {
    measures()
        .into_router()
        .method_not_allowed_fallback(wrong_method)
        .with_state(state)
}

/// What all routes but the example page's say of themselves
fn described() -> Vec<Described> {
    let groups = [
        (administration(), Audience::Token),
        (programs(), Audience::Key),
        (everybody().merge(measures()), Audience::Everybody),
    ];
    let described = groups.map(|(routes, audience)| routes.into_described(audience));
    described.into()
}

async fn wrong_method() -> ApiError {
    ApiError::Method
}

/// What tokens are for, by who may write there
fn administration() -> Routes {
    editing().merge(documents()).merge(granting())
}

/// What editors write
fn editing() -> Routes {
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
        .routes(routes!(instances::list))
        .routes(routes!(instances::converge))
        .routes(routes!(changesets::apply))
        .routes(routes!(copy::compare))
        .routes(routes!(copy::copy))
        .routes(routes!(overrides::list::of_flag))
        .routes(routes!(overrides::read, overrides::put, overrides::delete))
        .routes(routes!(overrides::list::of_context))
        .routes(routes!(values::summary))
        .routes(routes!(contexts::flags));
    let project = Routes::default()
        .routes(routes!(catalogue::list))
        .routes(routes!(catalogue::read, catalogue::patch))
        .routes(routes!(catalogue::archive))
        .routes(routes!(catalogue::restore))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::head));
    Routes::default()
        .nest(PROJECT, project)
        .nest(ENVIRONMENT, environment)
}

/// What editors write whole
fn documents() -> Routes {
    let document = routes!(document::export, document::replace);
    // The load counts for itself what it reads.
    let overrides = routes!(overrides::bulk::load);
    let environment = Routes::default().routes(document).routes(overrides);
    Routes::default().nest(ENVIRONMENT, environment)
}

/// What admins write: projects, and who has access
fn granting() -> Routes {
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
        .nest(PROJECT, project)
        .nest(ENVIRONMENT, environment)
}

/// What keys are for; a browser may ask it from any page
fn programs() -> Routes {
    Routes::default()
        .routes(routes!(sdk::stream))
        .routes(routes!(sdk::snapshot))
        .routes(routes!(usage::report))
        .routes(routes!(instances::applied))
        .routes(routes!(evaluate::evaluate))
        .routes(routes!(batch::evaluate))
        .routes(routes!(values::values))
        .routes(routes!(ofrep::bulk))
        .routes(routes!(ofrep::single))
        .routes(routes!(notices::events))
}

/// What needs neither
fn everybody() -> Routes {
    health_checks()
        .routes(routes!(api_description::document))
        .routes(routes!(api_description::page))
}

fn health_checks() -> Routes {
    Routes::default()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

fn measures() -> Routes {
    Routes::default().routes(routes!(health::metrics))
}

/// Takes back what `cors` lets a page read, where the key is not for the page
async fn withhold(mut response: Response) -> Response {
    if response.extensions().get::<NotForOrigin>().is_some() {
        response.headers_mut().remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    }
    response
}

/// Any page may ask, since a preflight carries no key and a browser sends none of its own accord: it is the key that decides
/// ([`crate::auth::Grant`])
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
