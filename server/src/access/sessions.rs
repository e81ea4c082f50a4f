//! The sessions of people who are signed in to the admin UI: finding the one of a cookie, beginning and ending them

use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Parts;
use flagstaff_core::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::access::last_use::LastUse;
use crate::access::state::AccessState;
use crate::crypto::{token, token_encryption};
use crate::http::api_error::ApiError;
use crate::http::cookies::Cookie;
use crate::http::same_origin;
use crate::runtime::clock::later;
use crate::store::{NewLinkSession, SessionHolder, SessionRow};

/// What the ID token is encrypted for
const PURPOSE: &str = "id token";

/// A session, and what belongs to it at this node
#[derive(Debug)]
pub(crate) struct Session {
    row: SessionRow,
    ended: CancellationToken,
    last_use: Arc<LastUse>,
}

impl Session {
    /// A session from the store; what the same one `before` has opened stays open
    pub(crate) fn new(row: SessionRow, before: Option<&Arc<Self>>) -> Self {
        let last_use = before.map(|it| Arc::clone(&it.last_use));
        let last_use = last_use.unwrap_or_default();
        last_use.learn(row.used_at);
        Self {
            row,
            ended: before.map(|it| it.ended.clone()).unwrap_or_default(),
            last_use,
        }
    }

    /// The stored row
    pub(crate) fn row(&self) -> &SessionRow {
        &self.row
    }

    /// When it was last used
    pub(crate) fn last_use(&self) -> &LastUse {
        &self.last_use
    }

    /// Cancelled when it ends, which closes what it opened
    pub(crate) fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Whether it can be used
    pub(crate) fn is_live(&self, now: Timestamp, idle: Duration) -> bool {
        let used_at = self.last_use.at().unwrap_or(self.row.used_at);
        now < self.row.expires_at && now < later(used_at, idle)
    }
}

/// The session of the request's cookie; fails for a request that changes something and comes from a page of another origin
pub(crate) async fn of_request(
    parts: &Parts,
    state: &AccessState,
) -> Result<Arc<Session>, ApiError> {
    let cookie = Cookie::SESSION.read(&parts.headers, state.sign_in.is_https);
    let hash = token::hash(cookie.ok_or(ApiError::NoToken)?);
    let session = find(&hash, parts, state).await?;
    same_origin::check(parts, state.sign_in.origin.as_deref())?;
    Ok(session)
}

async fn find(hash: &str, parts: &Parts, state: &AccessState) -> Result<Arc<Session>, ApiError> {
    let live = || {
        let held = state.access_index().session(hash).cloned();
        held.filter(|it| it.is_live(state.engine.now(), state.sign_in.idle))
    };
    if let Some(session) = live() {
        return Ok(session);
    }
    // Another node may have begun it, or served it, a moment ago. Somebody who tries cookies is stopped before the database is asked.
    state.http.limiter.check_auth_failures(&parts.extensions)?;
    let stored = state.engine.store().session(hash).await?;
    let row = stored.ok_or(ApiError::SessionEnded)?;
    match state.access_index().session(hash) {
        Some(held) => held.last_use.learn(row.used_at),
        None => state.refresh_keys().await?,
    }
    live().ok_or(ApiError::SessionEnded)
}

/// Begins a session of a person; returns the value of its cookie
pub(crate) async fn begin(
    state: &AccessState,
    holder: SessionHolder,
    id_token: &str,
) -> Result<String, ApiError> {
    let cookie = token::generate("");
    let now = state.engine.now();
    let row = SessionRow {
        hash: token::hash(&cookie),
        holder,
        created_at: now,
        used_at: now,
        expires_at: later(now, state.sign_in.lifetime),
        id_token: token_encryption::encrypt(&cookie, PURPOSE, id_token.as_bytes().to_vec()),
    };
    tracing::info!(
        actor = row.holder.actor(),
        "signed in with the identity provider"
    );
    state.engine.store().begin_session(row).await?;
    state.refresh_keys().await?;
    Ok(cookie)
}

/// Begins the session of a one-time link; returns the value of its cookie
pub(crate) async fn begin_by_link(state: &AccessState, code: &str) -> Result<String, ApiError> {
    let cookie = token::generate("");
    let now = state.engine.now();
    let new = NewLinkSession {
        hash: token::hash(&cookie),
        created_at: now,
        expires_at: later(now, state.sign_in.lifetime),
    };
    let store = state.engine.store();
    let begun = store.exchange_link(token::hash(code), new).await?;
    let begun = begun.ok_or(ApiError::UsedLink)?;
    tracing::info!(actor = begun.holder.actor(), "signed in by a one-time link");
    state.refresh_keys().await?;
    Ok(cookie)
}

/// Ends the session of a cookie at all nodes; returns the ID token that it began with
pub(crate) async fn end(state: &AccessState, cookie: &str) -> Result<Option<String>, ApiError> {
    let hash = token::hash(cookie);
    let store = state.engine.store();
    let row = store.session(&hash).await?;
    if store.end_session(&hash).await? {
        state.refresh_keys().await?;
    }
    let sealed = row.and_then(|row| row.id_token);
    let text = sealed.and_then(|sealed| token_encryption::decrypt(cookie, PURPOSE, &sealed));
    Ok(text.and_then(|text| String::from_utf8(text).ok()))
}
