//! The sessions of people who are signed in to the admin UI: finding the one of a cookie, beginning and ending them

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use flagstaff_core::{Timestamp, Value};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::access::auth::Principal;
use crate::access::last_use::{self, LastUse};
use crate::access::state::AccessState;
use crate::crypto::{token, token_encryption};
use crate::engine::environment::Author;
use crate::http::api_error::ApiError;
use crate::http::cookies::Cookie;
use crate::http::same_origin;
use crate::object::value;
use crate::runtime::clock::later;
use crate::store::{
    Action, AuditEntry, EndedSession, NewLinkSession, SessionHolder, SessionRow, SessionsEnd,
    StoreError, UsedLogoutToken,
};

/// What the ID token is encrypted for
const PURPOSE: &str = "id token";
/// The maximum length of the name of a browser in characters
const USER_AGENT_LENGTH: usize = 300;

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
    let cookie = Cookie::SESSION.read(&parts.headers, state.cookies());
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
    headers: &HeaderMap,
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
        user_agent: user_agent(headers),
    };
    tracing::info!(
        actor = row.holder.actor(),
        "signed in with the identity provider"
    );
    state.engine.store().begin_session(row).await?;
    // It may have ended the oldest one of the person, too.
    state.publish_access().await?;
    Ok(cookie)
}

/// Begins the session of a one-time link; returns the value of its cookie
pub(crate) async fn begin_by_link(
    state: &AccessState,
    headers: &HeaderMap,
    code: &str,
) -> Result<String, ApiError> {
    let cookie = token::generate("");
    let now = state.engine.now();
    let new = NewLinkSession {
        hash: token::hash(&cookie),
        created_at: now,
        expires_at: later(now, state.sign_in.lifetime),
        user_agent: user_agent(headers),
    };
    let store = state.engine.store();
    let begun = store.exchange_link(token::hash(code), new).await?;
    let begun = begun.ok_or(ApiError::UsedLink)?;
    tracing::info!(actor = begun.holder.actor(), "signed in by a one-time link");
    state.publish_access().await?;
    Ok(cookie)
}

/// Ends the session of a cookie at all nodes; returns the ID token that it began with
pub(crate) async fn end(state: &AccessState, cookie: &str) -> Result<Option<String>, ApiError> {
    let hash = token::hash(cookie);
    let store = state.engine.store();
    let row = store.session(&hash).await?;
    if store.end_session(&hash).await? {
        state.publish_access().await?;
    }
    let sealed = row.and_then(|row| row.id_token);
    let text = sealed.and_then(|sealed| token_encryption::decrypt(cookie, PURPOSE, &sealed));
    Ok(text.and_then(|text| String::from_utf8(text).ok()))
}

/// The browser as it names itself, if that can be shown
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let name = headers.get(USER_AGENT)?.to_str().ok()?;
    let name: String = name.chars().take(USER_AGENT_LENGTH).collect();
    (!name.is_empty()).then_some(name)
}

/// The sessions that can be used, with their last use at any node
pub(crate) async fn live(state: &AccessState) -> Vec<Arc<Session>> {
    last_use::refresh_sessions(state).await;
    let (now, idle) = (state.engine.now(), state.sign_in.idle);
    let access_index = state.access_index();
    let live = access_index.sessions().filter(|it| it.is_live(now, idle));
    live.cloned().collect()
}

/// Whether it is a session of the caller, who may also have sent a token
pub(crate) fn is_own(principal: &Principal, row: &SessionRow) -> bool {
    match (&row.holder, principal.owner(), principal.session()) {
        (SessionHolder::Person { owner, .. }, Some(own), _) => owner.subject == own.subject,
        (SessionHolder::Operator { name }, None, Some(session)) => {
            name == session.row().holder.actor()
        }
        _ => false,
    }
}

/// Ends the sessions that are chosen, at all nodes; returns how many there were
///
/// `None` if `logout_token` was used before; no session ends then.
pub(crate) async fn end_chosen(
    state: &Arc<AccessState>,
    author: Author,
    logout_token: Option<UsedLogoutToken>,
    is_chosen: impl Fn(&SessionRow) -> bool,
) -> Result<Option<usize>, ApiError> {
    if state.engine.store_health().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    // Another node may have begun one a moment ago.
    state.refresh_keys().await?;
    let access_index = state.access_index();
    let chosen = access_index.sessions().filter(|it| is_chosen(it.row()));
    let end = SessionsEnd {
        sessions: chosen.map(|session| ended(session, state)).collect(),
        author,
        logout_token,
    };
    if end.sessions.is_empty() && end.logout_token.is_none() {
        return Ok(Some(0));
    }
    let own = Arc::clone(state);
    // A task of its own: a client that disconnects between commit and reload must not leave this node with sessions that have ended.
    let ended = tokio::spawn(async move { commit(&own, end).await }).await;
    let ended = ended.map_err(|_| ApiError::unavailable("the server is stopping"))?;
    Ok(ended?)
}

async fn commit(state: &AccessState, end: SessionsEnd) -> Result<Option<usize>, StoreError> {
    let ended = state.engine.store().end_sessions(end).await;
    // Also after an error: the commit may have succeeded, and its response was lost.
    let refreshed = state.publish_access().await;
    let ended = ended?;
    refreshed?;
    Ok(ended)
}

/// A session that ends, and the projects in which it had a role
fn ended(session: &Arc<Session>, state: &AccessState) -> EndedSession {
    let row = session.row();
    let principal = Principal::of_session(Arc::clone(session), state).ok();
    let environments = state.engine.environments().into_iter();
    let projects: BTreeSet<i64> = environments.map(|it| it.row().project_id).collect();
    let has_role = |project: &i64| {
        let principal = principal.as_ref();
        principal.is_some_and(|principal| principal.belongs_to(*project))
    };
    EndedSession {
        hash: row.hash.clone(),
        projects: projects.into_iter().filter(has_role).collect(),
        audit: AuditEntry::new(
            Action::Delete,
            "session",
            row.id(),
            (Some(audited(row)), None),
        ),
    }
}

/// The state of a session for the audit
fn audited(row: &SessionRow) -> Value {
    value(&json!({
        "name": row.holder.actor(),
        "signedInBy": row.holder.signed_in_by(),
        "createdAt": row.created_at.to_string(),
        "expiresAt": row.expires_at.to_string(),
        "userAgent": row.user_agent,
    }))
}
