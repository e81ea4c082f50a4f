//! `/api/v1/me`: who the caller is, and the personal tokens of a person

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Timestamp, excerpt};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::keys::{CredentialResponse, created};
use crate::access::auth::{Key, Principal};
use crate::access::credentials::{self, CredentialCollection, NAME_LENGTH, NewCredential};
use crate::access::guards::WriteQuery;
use crate::access::last_use;
use crate::access::state::AccessState;
use crate::engine::environment::Environment;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::fields::{Fields, KEY, key};
use crate::http::paging::{self, ListQuery, Page};
use crate::store::{BrowserPolicy, CredentialKind, Owner};

/// The path of personal tokens
const TOKENS: &str = "/api/v1/me/tokens";
/// The maximum number of personal tokens of a person
const MAX_TOKENS: usize = 50;
/// How long a personal token lasts by default, and at most
const DAYS: u64 = 90;
const MAX_DAYS: u64 = 366;
const DAY: Duration = Duration::from_hours(24);

/// The caller
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    /// The name in the audit
    #[schema(value_type = String)]
    name: Arc<str>,
    /// `person` (signed in with the identity provider, or by its JSON Web Token), `operator` (signed in by a one-time link),
    /// `personalToken`, `token` or `key`
    credential: &'static str,
    /// The id of the token or key; null for a person or operator
    #[schema(required = true)]
    id: Option<String>,
    /// When it expires: a token, a key, or the session of somebody who is signed in
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
    /// Whether the role is the same in all projects, including future ones
    all_projects: bool,
    /// The projects in which the caller has a role; none for a key
    projects: Vec<ProjectRole>,
    /// The environment of a key; null for a person or token
    #[schema(required = true)]
    environment: Option<KeyEnvironment>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ProjectRole {
    #[schema(value_type = String)]
    project: Arc<str>,
    /// `viewer`, `editor` or `admin`
    role: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct KeyEnvironment {
    #[schema(value_type = String)]
    project: Arc<str>,
    #[schema(value_type = String)]
    environment: Arc<str>,
    /// `server`, `client` or `client-local`
    kind: &'static str,
}

/// Tells who the caller is, by what kind of credential, and with which roles
#[utoipa::path(
    get, path = "/api/v1/me", tag = "access", operation_id = "readMe",
    responses((status = OK, description = "The caller", body = Me)),
    security(("bearer" = ["viewer", "editor", "admin", "server", "client", "client-local"])),
)]
pub(crate) async fn read(principal: Principal, State(state): State<Arc<AccessState>>) -> Json<Me> {
    let session = principal.session();
    let key = principal.key().ok().map(Key::row);
    let credential = match key {
        None => "person",
        Some(_) if session.is_some() => "operator",
        Some(row) if row.owner.is_some() => "personalToken",
        Some(row) if CredentialKind::ROLES.contains(&row.kind) => "token",
        Some(_) => "key",
    };
    let own = principal
        .environment()
        .and_then(|id| state.engine.environment(id));
    let environment = own.map(|environment| {
        let row = environment.row();
        KeyEnvironment {
            project: Arc::clone(&row.project),
            environment: Arc::clone(&row.name),
            kind: principal.kind().name(),
        }
    });
    let mut projects: Vec<ProjectRole> = Vec::new();
    for one in state.engine.environments() {
        let row = one.row();
        let role = principal.in_project(row.project_id).map(|own| own.kind());
        let is_known = projects.iter().any(|held| held.project == row.project);
        if let Some(role) = role.filter(|role| CredentialKind::ROLES.contains(role) && !is_known) {
            projects.push(ProjectRole {
                project: Arc::clone(&row.project),
                role: role.name(),
            });
        }
    }
    projects.sort_by(|one, other| one.project.cmp(&other.project));
    Json(Me {
        name: principal.actor(),
        credential,
        id: key
            .filter(|_| session.is_none())
            .map(|row| row.id().to_owned()),
        expires_at: match session {
            Some(session) => Some(session.row().expires_at),
            None => key.and_then(|row| row.expires_at),
        },
        all_projects: environment.is_none() && principal.is_for_all_projects(),
        projects,
        environment,
    })
}

/// The request that creates a personal token
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct NewPersonalToken {
    /// The project that it is for
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    project: String,
    /// `viewer`, `editor` or `admin`: at most the caller's own role in the project
    #[schema(pattern = "^(viewer|editor|admin)$")]
    role: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// When it expires: in the future, within 366 days; in 90 days by default
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// Lists the personal tokens of the caller, oldest first
#[utoipa::path(
    get, path = "/api/v1/me/tokens", tag = "access", operation_id = "listMyTokens",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<CredentialResponse<'_>>)),
)]
pub(crate) async fn tokens(
    principal: Principal,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ListQuery>,
) -> Result<Response, ApiError> {
    last_use::refresh(&state).await;
    let tokens = paging::page(own(&principal, &state)?.into_iter(), &query)?;
    let page: Page<Value> = tokens.map(|key| json!(CredentialResponse::of(&key)));
    Ok(Json(page).into_response())
}

/// Creates a personal token, and returns it this once
///
/// Only a person who signed in with an identity provider can. The token has at most the role that the person has in the project, and
/// ends when the person is removed from its members.
#[utoipa::path(
    post, path = "/api/v1/me/tokens", tag = "access", operation_id = "createMyToken",
    params(WriteQuery),
    request_body(content = NewPersonalToken, example = json!({"project": "default", "role": "editor", "name": "laptop"})),
    responses((status = CREATED, description = "The token with its token", body = CredentialResponse<'_>, headers(("Location" = String)))),
    security(("bearer" = ["viewer", "editor", "admin"])),
)]
pub(crate) async fn create_token(
    principal: Principal,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let owner = principal.owner().filter(|_| principal.key().is_err());
    let owner = owner.cloned().ok_or(ApiError::Forbidden(
        "only a person who signed in with the identity provider creates personal tokens",
    ))?;
    if own(&principal, &state)?.len() >= MAX_TOKENS {
        let message =
            format!("a person has at most {MAX_TOKENS} personal tokens: revoke one first");
        return Err(ApiError::invalid("", message));
    }
    let (environment, new) = wanted(body, (&principal, owner), &state)?;
    let row = environment.row();
    let collection = CredentialCollection::personal(&principal, row);
    let author = query.author(&principal, &state)?;
    let (row, token) = credentials::create(&state, &collection, author, new).await?;
    created(TOKENS, &row, &token)
}

/// Revokes a personal token of the caller
#[utoipa::path(
    delete, path = "/api/v1/me/tokens/{key}", tag = "access", operation_id = "revokeMyToken",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "It is gone"), (status = NOT_FOUND)),
    security(("bearer" = ["viewer", "editor", "admin"])),
)]
pub(crate) async fn revoke_token(
    principal: Principal,
    State(state): State<Arc<AccessState>>,
    id: Result<Path<String>, PathRejection>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id.map_err(|error| ApiError::Unreadable(error.body_text()))?;
    let key = own(&principal, &state)?
        .into_iter()
        .find(|key| key.row().id() == id);
    let environment = key.as_ref().and_then(|key| {
        let mut all = state.engine.environments().into_iter();
        all.find(|it| Some(it.row().project_id) == key.row().project_id)
    });
    let (key, environment) = key.zip(environment).ok_or(ApiError::NotFound {
        what: "token",
        name: id,
    })?;
    let collection = CredentialCollection::personal(&principal, environment.row());
    let author = query.author(&principal, &state)?;
    credentials::revoke(&state, &collection, author, key.row()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The personal tokens of the caller
fn own(principal: &Principal, state: &AccessState) -> Result<Vec<Arc<Key>>, ApiError> {
    principal.check(CredentialKind::ROLES)?;
    let subject = principal.owner().map(|owner| &owner.subject);
    let access_index = state.access_index();
    let own = access_index.iter().filter(|key| {
        let owner = key.row().owner.as_ref();
        owner.is_some_and(|owner| Some(&owner.subject) == subject)
    });
    Ok(own.cloned().collect())
}

/// An environment of the project that a personal token is for, and the token
fn wanted(
    body: Value,
    (principal, owner): (&Principal, Owner),
    state: &AccessState,
) -> Result<(Arc<Environment>, NewCredential), ApiError> {
    let now = state.engine.now();
    let after = |days: u64| {
        let millis = DAY.as_millis().saturating_mul(days.into());
        let millis = i64::try_from(millis).unwrap_or(i64::MAX);
        Timestamp::from_millis(now.as_millis().saturating_add(millis))
    };
    let mut fields = Fields::of(body)?;
    let project = fields.required("project", KEY, key);
    let role = fields.required("role", "`viewer`, `editor` or `admin`", |given| {
        CredentialKind::role(given.as_str()?)
    });
    let expected = format!("1 to {NAME_LENGTH} characters");
    let name = fields.required("name", &expected, |given| {
        let name = given.as_str().filter(|name| credentials::is_name(name))?;
        Some(name.to_owned())
    });
    let expected = format!("a date and time with a zone, within {MAX_DAYS} days from now");
    let expires_at = fields.optional("expiresAt", &expected, |given| {
        let end = Timestamp::parse(given.as_str()?)?;
        (end > now && end <= after(MAX_DAYS)).then_some(end)
    });
    let named = project.zip(role).zip(name);
    let ((project, role), name) = fields.finish(named)?;
    let environment = state.engine.project(&project).into_iter().next();
    let held = environment.and_then(|environment| {
        let held = principal.in_project(environment.row().project_id)?.kind();
        Some((environment, held))
    });
    let Some((environment, held)) = held else {
        let message = format!(
            "expected a project in which you have a role, got `{}`",
            excerpt(&project)
        );
        return Err(ApiError::invalid("/project", message));
    };
    if role > held {
        let message = format!(
            "expected at most your own role in the project, `{}`",
            held.name()
        );
        return Err(ApiError::invalid("/role", message));
    }
    let new = NewCredential {
        kind: role,
        name,
        expires_at: Some(expires_at.unwrap_or_else(|| after(DAYS))),
        is_for_all_projects: false,
        rules: BrowserPolicy::default(),
        owner: Some(owner),
    };
    Ok((environment, new))
}
