//! `/api/v1/sign-in/oidc/logout`: the identity provider tells that somebody has signed out there (`OpenID` Connect Back-Channel Logout 1.0)

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;

use super::sessions::EndedSessions;
use super::sign_in::provider;
use crate::access::identity::{Logout, LogoutError};
use crate::access::sessions;
use crate::access::state::AccessState;
use crate::crypto::token;
use crate::engine::environment::Author;
use crate::http::api_error::ApiError;
use crate::http::body::whole_body;
use crate::store::{Origin, SessionHolder, SessionRow, UsedLogoutToken};

/// The name in the audit
const ACTOR: &str = "identity provider";
/// The maximum size of the body: a token of the maximum length, and its name
const BODY_BYTES: usize = 32 << 10;

/// What the identity provider sends
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `token_of` reads")]
pub(crate) struct LogoutForm {
    /// The logout token, signed by the provider
    logout_token: String,
}

/// Ends the sessions of a person, or one session, that has ended at the identity provider, which sends a logout token
///
/// The token names the provider's session (`sid`), the person (`sub`) or both, and is used once.
#[utoipa::path(
    post, path = "/api/v1/sign-in/oidc/logout", tag = "access", operation_id = "providerLogout",
    request_body(
        content = LogoutForm, content_type = "application/x-www-form-urlencoded",
        example = json!({"logout_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QifQ.e30.c2lnbmF0dXJl"}),
    ),
    responses(
        (status = OK, description = "How many sessions there were", body = EndedSessions),
        (status = BAD_REQUEST, description = "The token is not accepted"),
        (status = NOT_FOUND), (status = TOO_MANY_REQUESTS), (status = SERVICE_UNAVAILABLE),
    ),
)]
pub(crate) async fn end(
    State(state): State<Arc<AccessState>>,
    request: Request,
) -> Result<Response, ApiError> {
    let provider = provider(&state)?;
    let (parts, body) = request.into_parts();
    state.http.limiter.check_auth_failures(&parts.extensions)?;
    let body = whole_body(&parts.extensions, &state.http, (body, BODY_BYTES)).await?;
    let verified = match token_of(&body) {
        Some(token) => provider.verify_logout(&token, state.engine.now()).await,
        None => return Err(refused("expected one `logout_token` in a form")),
    };
    let logout = match verified {
        Ok(logout) => logout,
        Err(error) => {
            state.http.limiter.record_auth_failure(&parts.extensions)?;
            return Err(unaccepted(error));
        }
    };
    let origin: Option<&Origin> = parts.extensions.get();
    let ended = end_sessions(&state, &logout, origin.cloned().unwrap_or_default()).await?;
    let ended = ended.ok_or_else(|| refused("the logout token was used before"))?;
    tracing::info!(sessions = ended, "the identity provider has ended sessions");
    let mut response = Json(EndedSessions { ended }).into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn end_sessions(
    state: &Arc<AccessState>,
    logout: &Logout,
    origin: Origin,
) -> Result<Option<usize>, ApiError> {
    let author = Author {
        actor: ACTOR.into(),
        at: state.engine.now(),
        reason: None,
        origin,
    };
    let used = UsedLogoutToken {
        hash: token::hash(&logout.id),
        expires_at: logout.expires_at,
    };
    let is_ended = |row: &SessionRow| match &row.holder {
        SessionHolder::Person { owner, sid, .. } => logout.ends(&owner.subject, sid.as_deref()),
        SessionHolder::Operator { .. } => false,
    };
    sessions::end_chosen(state, author, Some(used), is_ended).await
}

/// The token in the form, if there is exactly one
fn token_of(body: &[u8]) -> Option<String> {
    let fields = form_urlencoded::parse(body);
    let mut tokens = fields.filter(|(name, _)| name == "logout_token");
    let token = tokens.next().map(|(_, token)| token.into_owned());
    token.filter(|_| tokens.next().is_none())
}

fn unaccepted(error: LogoutError) -> ApiError {
    tracing::warn!(%error, "a logout token is not accepted");
    refused(&format!("the logout token is not accepted: {error}"))
}

fn refused(why: &str) -> ApiError {
    ApiError::Unreadable(why.to_owned())
}
