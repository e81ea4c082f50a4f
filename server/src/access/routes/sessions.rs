//! `/api/v1/me/sessions` and `/api/v1/sessions`: who is signed in to the admin UI, and ending sessions

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::access::auth::Principal;
use crate::access::guards::{AdminEverywhere, WriteQuery};
use crate::access::sessions::{self, Session};
use crate::access::state::AccessState;
use crate::engine::environment::Author;
use crate::http::api_error::ApiError;
use crate::http::body::QueryParams;
use crate::http::paging::{self, Field, ListQuery, Page, Sortable};
use crate::store::{CredentialKind, SessionRow};

/// A session of somebody who is signed in to the admin UI
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(crate) struct SessionResponse<'a> {
    /// The id by which routes and the audit name the session
    id: &'a str,
    /// The name of the person in the audit
    name: &'a str,
    /// `identityProvider` or `oneTimeLink`
    signed_in_by: &'static str,
    /// Whether the request came with this session
    is_current: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When a request last came with it, up to about a minute late
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// When it ends, however much it is used
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The browser that began it, as it names itself in `User-Agent`; null if it did not
    #[schema(required = true)]
    user_agent: Option<&'a str>,
}

impl<'a> SessionResponse<'a> {
    fn of(session: &'a Session, principal: &Principal) -> Self {
        let row = session.row();
        let current = principal.session().map(|it| &it.row().hash);
        Self {
            id: row.id(),
            name: row.holder.actor(),
            signed_in_by: row.holder.signed_in_by(),
            is_current: current == Some(&row.hash),
            created_at: row.created_at,
            last_used_at: session.last_use().at().unwrap_or(row.used_at),
            expires_at: row.expires_at,
            user_agent: row.user_agent.as_deref(),
        }
    }
}

impl Sortable for Arc<Session> {
    const FIELDS: &'static [&'static str] = &["createdAt", "lastUsedAt", "expiresAt", "name"];

    fn id(&self) -> &str {
        self.row().id()
    }

    fn field(&self, name: &str) -> Field {
        let row = self.row();
        match name {
            "name" => Field::Text(row.holder.actor().to_owned()),
            "lastUsedAt" => Field::Number(self.last_use().at().map(Timestamp::as_millis)),
            "expiresAt" => Field::Number(Some(row.expires_at.as_millis())),
            _ => Field::Number(Some(row.created_at.as_millis())),
        }
    }
}

/// How many sessions were ended
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedSessions {
    pub(crate) ended: usize,
}

/// Lists the sessions of the caller, oldest first
///
/// A session is what a person has in a browser after signing in with the identity provider or by a one-time link. Who sends a token that
/// is nobody's own has none.
#[utoipa::path(
    get, path = "/api/v1/me/sessions", tag = "access", operation_id = "listMySessions",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<SessionResponse<'_>>)),
)]
pub(crate) async fn list_own(
    principal: Principal,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ListQuery>,
) -> Result<Response, ApiError> {
    principal.check(CredentialKind::ROLES)?;
    let is_own = |row: &SessionRow| sessions::is_own(&principal, row);
    list(&state, &principal, &query, is_own).await
}

/// Ends a session of the caller, also the one of the request
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{key}", tag = "access", operation_id = "endMySession",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It has ended"), (status = NOT_FOUND)),
    security(("bearer" = ["viewer", "editor", "admin"])),
)]
pub(crate) async fn end_own(
    principal: Principal,
    State(state): State<Arc<AccessState>>,
    id: Result<Path<String>, PathRejection>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    principal.check(CredentialKind::ROLES)?;
    let author = query.author(&principal, &state)?;
    let is_own = |row: &SessionRow| sessions::is_own(&principal, row);
    end_one(&state, author, id, is_own).await
}

/// Ends all sessions of the caller except the one of the request
#[utoipa::path(
    delete, path = "/api/v1/me/sessions", tag = "access", operation_id = "endMyOtherSessions",
    params(WriteQuery),
    responses((status = OK, description = "How many there were", body = EndedSessions)),
    security(("bearer" = ["viewer", "editor", "admin"])),
)]
pub(crate) async fn end_others(
    principal: Principal,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<Json<EndedSessions>, ApiError> {
    principal.check(CredentialKind::ROLES)?;
    let author = query.author(&principal, &state)?;
    let current = principal.session().map(|it| &it.row().hash);
    let is_other =
        |row: &SessionRow| sessions::is_own(&principal, row) && current != Some(&row.hash);
    end_all(&state, author, is_other).await
}

/// The parameters of the list of all sessions
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionsQuery {
    /// The maximum number of items on the page
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the previous page, which had the same `sort`
    cursor: Option<String>,
    /// Fields to sort by, the most important first, with `-` before a field for descending order: `name,-lastUsedAt`
    sort: Option<String>,
    /// Only the sessions of the person with this name in the audit
    name: Option<String>,
}

/// Lists the sessions of all people, oldest first; the caller must be an admin in every project
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "access", operation_id = "listSessions",
    params(SessionsQuery),
    responses((status = OK, description = "A page", body = Page<SessionResponse<'_>>)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn list_all(
    admin: AdminEverywhere,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<SessionsQuery>,
) -> Result<Response, ApiError> {
    let name = query.name;
    let page = ListQuery {
        limit: query.limit,
        cursor: query.cursor,
        sort: query.sort,
    };
    let is_listed = |row: &SessionRow| {
        name.as_deref()
            .is_none_or(|name| row.holder.actor() == name)
    };
    list(&state, &admin, &page, is_listed).await
}

/// Ends a session of anybody; the caller must be an admin in every project
#[utoipa::path(
    delete, path = "/api/v1/sessions/{key}", tag = "access", operation_id = "endSession",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It has ended"), (status = NOT_FOUND)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn end(
    admin: AdminEverywhere,
    State(state): State<Arc<AccessState>>,
    id: Result<Path<String>, PathRejection>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    let author = query.author(&admin, &state)?;
    end_one(&state, author, id, |_| true).await
}

/// Whose sessions end, and why
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PersonQuery {
    /// The name of the person in the audit
    #[param(required = true, nullable = false, min_length = 1)]
    name: Option<String>,
    /// The reason, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// Ends all sessions of a person; the caller must be an admin in every project
///
/// The person can sign in again: remove them at the identity provider first, and revoke their personal tokens.
#[utoipa::path(
    delete, path = "/api/v1/sessions", tag = "access", operation_id = "endSessionsOfPerson",
    params(PersonQuery),
    responses((status = OK, description = "How many there were", body = EndedSessions)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn end_of_person(
    admin: AdminEverywhere,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<PersonQuery>,
) -> Result<Json<EndedSessions>, ApiError> {
    let name = query.name.filter(|name| !name.is_empty());
    let name = name.ok_or(ApiError::invalid("?name", "expected the name of a person"))?;
    let author = WriteQuery::because(query.reason).author(&admin, &state)?;
    let is_theirs = |row: &SessionRow| row.holder.actor() == name;
    end_all(&state, author, is_theirs).await
}

async fn list(
    state: &AccessState,
    principal: &Principal,
    query: &ListQuery,
    is_listed: impl Fn(&SessionRow) -> bool,
) -> Result<Response, ApiError> {
    let live = sessions::live(state).await.into_iter();
    let page = paging::page(live.filter(|session| is_listed(session.row())), query)?;
    let page: Page<Value> = page.map(|session| json!(SessionResponse::of(&session, principal)));
    Ok(Json(page).into_response())
}

async fn end_one(
    state: &Arc<AccessState>,
    author: Author,
    id: Result<Path<String>, PathRejection>,
    may: impl Fn(&SessionRow) -> bool,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id.map_err(|error| ApiError::Unreadable(error.body_text()))?;
    let is_it = |row: &SessionRow| row.id() == id && may(row);
    match sessions::end_chosen(state, author, None, is_it).await? {
        None | Some(0) => Err(ApiError::NotFound {
            what: "session",
            name: id,
        }),
        Some(_) => Ok(StatusCode::NO_CONTENT),
    }
}

async fn end_all(
    state: &Arc<AccessState>,
    author: Author,
    is_chosen: impl Fn(&SessionRow) -> bool,
) -> Result<Json<EndedSessions>, ApiError> {
    let ended = sessions::end_chosen(state, author, None, is_chosen).await?;
    Ok(Json(EndedSessions {
        ended: ended.unwrap_or_default(),
    }))
}
