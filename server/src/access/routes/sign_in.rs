//! `/api/v1/sign-in` and `/api/v1/sign-out`: how people begin and end the session of the admin UI
//!
//! The session is a cookie, so the routes that begin or end one accept only requests of the server's own pages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::auth::Principal;
use crate::access::sessions;
use crate::access::sign_in::{ATTEMPT_LIFETIME, Attempt, Provider, SignInError, SignedIn};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::cookies::Cookie;
use crate::http::same_origin;
use crate::runtime::logging::error_chain;

/// The path that begins a sign-in with the identity provider
const OIDC: &str = "/api/v1/sign-in/oidc";

/// How people can sign in
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInMethods {
    /// The identity provider; null if none is configured
    #[schema(required = true)]
    provider: Option<ProviderLink>,
}

/// The identity provider
#[derive(Serialize, ToSchema)]
#[schema(as = SignInProvider)]
pub(crate) struct ProviderLink {
    /// What the button is called
    label: String,
    /// Where the browser begins the sign-in
    url: String,
}

/// Tells how people can sign in to the admin UI, besides by an access token
#[utoipa::path(
    get, path = "/api/v1/sign-in", tag = "access", operation_id = "readSignIn",
    responses((status = OK, description = "The ways to sign in", body = SignInMethods)),
)]
pub(crate) async fn methods(State(state): State<Arc<AccessState>>) -> Json<SignInMethods> {
    let provider = state.sign_in.provider.as_ref();
    Json(SignInMethods {
        provider: provider.map(|provider| ProviderLink {
            label: provider.label().to_owned(),
            url: format!("{}{OIDC}", provider.home()),
        }),
    })
}

/// The code of a one-time link
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkCode {
    /// The code after `#sign-in=` in the link
    code: String,
}

/// Exchanges the code of a one-time link for a session, which is a cookie
///
/// Only pages of the server itself can: `Sec-Fetch-Site` or `Origin` must say so.
#[utoipa::path(
    post, path = "/api/v1/sign-in/link", tag = "access", operation_id = "signInByLink",
    request_body(content = LinkCode, example = json!({"code": "fs_link_0123456789abcdefghijklmnopqrstuv"})),
    responses(
        (status = NO_CONTENT, description = "Signed in", headers(("Set-Cookie" = String, description = "The session"))),
        (status = UNAUTHORIZED), (status = FORBIDDEN), (status = TOO_MANY_REQUESTS), (status = SERVICE_UNAVAILABLE),
    ),
)]
pub(crate) async fn by_link(
    State(state): State<Arc<AccessState>>,
    parts: Parts,
    Body(LinkCode { code }): Body<LinkCode>,
) -> Result<Response, ApiError> {
    same_origin::check(&parts, state.sign_in.origin.as_deref())?;
    state.http.limiter.check_auth_failures(&parts.extensions)?;
    match sessions::begin_by_link(&state, &parts.headers, &code).await {
        Ok(cookie) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            let lifetime = state.sign_in.lifetime;
            let scope = state.cookies_of_page(&parts.headers);
            let cookie = Cookie::SESSION.set(&cookie, lifetime, scope);
            set(&mut response, cookie);
            Ok(response)
        }
        Err(error) => {
            state.http.limiter.record_auth_failure(&parts.extensions)?;
            Err(error)
        }
    }
}

/// Begins a sign-in with the identity provider: leads the browser there
#[utoipa::path(
    get, path = "/api/v1/sign-in/oidc", tag = "access", operation_id = "beginSignIn",
    responses(
        (status = SEE_OTHER, description = "To the provider; if it cannot be reached, to the admin UI with the reason in the fragment: `/#sign-in-error=CODE`"),
        (status = NOT_FOUND),
    ),
)]
pub(crate) async fn begin(
    State(state): State<Arc<AccessState>>,
    parts: Parts,
) -> Result<Response, ApiError> {
    let provider = provider(&state)?;
    let (attempt, now) = (Attempt::begin(state.engine.now()), state.engine.now());
    let address = match state.http.limiter.check_auth_failures(&parts.extensions) {
        Ok(()) => provider.authorization_url(&attempt, now).await,
        Err(_) => Err(SignInError::TooMany),
    };
    let mut response = match address {
        Ok(address) => redirect(address.as_str()),
        Err(error) => return Ok(failed(&error, &parts, &state)),
    };
    let cookie = Cookie::SIGN_IN.set(attempt.cookie(), ATTEMPT_LIFETIME, state.cookies());
    set(&mut response, cookie);
    Ok(response)
}

/// What the identity provider answers (`OpenID` Connect Core 1.0, section 3.1.2.5; RFC 9207)
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProviderAnswer {
    /// The code to be exchanged
    code: Option<String>,
    /// As the provider was sent it
    state: Option<String>,
    /// The issuer
    iss: Option<String>,
    /// Why it refuses
    error: Option<String>,
}

/// Ends a sign-in with the identity provider: begins a session, which is a cookie
#[utoipa::path(
    get, path = "/api/v1/sign-in/oidc/callback", tag = "access", operation_id = "finishSignIn",
    params(ProviderAnswer),
    responses(
        (status = SEE_OTHER, description = "To the admin UI: to `/#signed-in`, or with the reason to `/#sign-in-error=CODE`"),
        (status = NOT_FOUND),
    ),
)]
pub(crate) async fn finish(
    State(state): State<Arc<AccessState>>,
    parts: Parts,
    QueryParams(answer): QueryParams<ProviderAnswer>,
) -> Result<Response, ApiError> {
    let provider = provider(&state)?;
    let cookie = Cookie::SIGN_IN.read(&parts.headers, state.cookies());
    let finished = match state.http.limiter.check_auth_failures(&parts.extensions) {
        Ok(()) => session_of(&state, (provider, cookie), (&parts.headers, answer)).await,
        Err(_) => Err(SignInError::TooMany),
    };
    let mut response = match &finished {
        Ok(_) => redirect("/#signed-in"),
        Err(error) => failed(error, &parts, &state),
    };
    set(&mut response, Cookie::SIGN_IN.clear(state.cookies()));
    if let Ok(session) = finished {
        let lifetime = state.sign_in.lifetime;
        let cookie = Cookie::SESSION.set(&session, lifetime, state.cookies());
        set(&mut response, cookie);
    }
    Ok(response)
}

/// The cookie of the session that the provider's answer begins
async fn session_of(
    state: &Arc<AccessState>,
    (provider, cookie): (&Provider, Option<&str>),
    (headers, answer): (&HeaderMap, ProviderAnswer),
) -> Result<String, SignInError> {
    let now = state.engine.now();
    let attempt = Attempt::resume(cookie, answer.state.as_deref(), now);
    let attempt = attempt.filter(|_| provider.is_issuer(answer.iss.as_deref()));
    let attempt = attempt.ok_or(SignInError::State)?;
    let code = match (answer.error, answer.code) {
        (Some(error), _) => return Err(SignInError::Refused(error)),
        (None, Some(code)) => code,
        (None, None) => return Err(SignInError::State),
    };
    let SignedIn {
        identity,
        id_token,
        sid,
    } = provider.exchange(code, &attempt, now).await?;
    let holder = Principal::session_holder(identity, sid, state).ok_or(SignInError::NoRole)?;
    let begun = sessions::begin(state, headers, holder, &id_token).await;
    begun.map_err(SignInError::Store)
}

/// What is left to do after signing out
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignedOut {
    /// Where the browser signs out at the identity provider too; null if there is nothing to do
    #[schema(required = true)]
    provider_url: Option<String>,
}

/// Ends the session of the cookie, if there is one, and removes the cookie
///
/// Only pages of the server itself can: `Sec-Fetch-Site` or `Origin` must say so.
#[utoipa::path(
    post, path = "/api/v1/sign-out", tag = "access", operation_id = "signOut",
    responses(
        (status = OK, description = "Signed out", body = SignedOut, headers(("Set-Cookie" = String, description = "Removes the session"))),
        (status = FORBIDDEN), (status = TOO_MANY_REQUESTS), (status = SERVICE_UNAVAILABLE),
    ),
)]
pub(crate) async fn sign_out(
    State(state): State<Arc<AccessState>>,
    parts: Parts,
) -> Result<Response, ApiError> {
    same_origin::check(&parts, state.sign_in.origin.as_deref())?;
    state.http.limiter.check_auth_failures(&parts.extensions)?;
    let id_token = match Cookie::SESSION.read(&parts.headers, state.cookies()) {
        Some(cookie) => sessions::end(&state, cookie).await?,
        None => None,
    };
    let provider_url = match (&state.sign_in.provider, id_token) {
        (Some(provider), Some(id_token)) => {
            let now = state.engine.now();
            provider
                .end_session_url(&id_token, now)
                .await
                .map(Into::into)
        }
        _ => None,
    };
    let mut response = Json(SignedOut { provider_url }).into_response();
    let scope = state.cookies_of_page(&parts.headers);
    set(&mut response, Cookie::SESSION.clear(scope));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

pub(super) fn provider(state: &AccessState) -> Result<&Provider, ApiError> {
    state.sign_in.provider.as_deref().ok_or(ApiError::NotFound {
        what: "identity provider",
        name: "oidc".to_owned(),
    })
}

/// Leads back to the admin UI with the reason, which the log has in full
fn failed(error: &SignInError, parts: &Parts, state: &AccessState) -> Response {
    tracing::warn!(
        error = error_chain(error),
        "somebody could not be signed in"
    );
    // Beyond the limit the next request is refused; this one is answered.
    let _ = state.http.limiter.record_auth_failure(&parts.extensions);
    redirect(&format!("/#sign-in-error={}", error.code()))
}

fn redirect(address: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(HeaderValue::try_from(address).ok().map(|to| (LOCATION, to)));
    response
}

fn set(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
