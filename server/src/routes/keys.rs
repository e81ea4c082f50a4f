//! `…/environments/{environment}/keys` and `…/projects/{project}/tokens`: who has access
//!
//! Both are made, listed, rotated and revoked alike. A token is told when it is made, and never again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{self, NewKey, Place};
use crate::api_error::ApiError;
use crate::auth::KeyKind;
use crate::extract::{ADMINS, AdminScope, Body, Parameters, ProjectScope, WriteQuery, page_size};
use crate::fields::Fields;
use crate::state::AppState;
use crate::store::KeyRow;

/// Characters of a name
const NAME_LENGTH: usize = 100;
/// Seconds that a rotated key still works, unless told otherwise: a day
const GRACE: u64 = 86_400;
/// At most 30 days
const LONGEST_GRACE: u64 = 30 * 86_400;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: &'a str,
    #[serde(flatten)]
    what: What,
    name: &'a str,
    hint: &'a str,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What {
    Key {
        kind: &'static str,
    },
    #[serde(rename_all = "camelCase")]
    Token {
        role: &'static str,
        all_projects: bool,
    },
}

impl<'a> Item<'a> {
    fn new(row: &'a KeyRow, token: Option<&'a str>) -> Self {
        let name = row.kind.name();
        let what = if KeyKind::ROLES.contains(&row.kind) {
            let all_projects = row.project_id.is_none();
            What::Token {
                role: name,
                all_projects,
            }
        } else {
            What::Key { kind: name }
        };
        Self {
            id: row.id(),
            what,
            name: &row.name,
            hint: &row.hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            token,
        }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    items: Vec<Item<'a>>,
    total: usize,
    next: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RotateQuery {
    grace_seconds: Option<u64>,
    reason: Option<String>,
}

/// What both kinds of place have in common as extractors
pub(super) trait Scope {
    /// The place, if who asks may say who has access to it
    fn place(&self) -> Result<Place<'_>, ApiError>;
    /// The id in the path
    fn id(&self) -> &str;
}

impl Scope for AdminScope {
    fn place(&self) -> Result<Place<'_>, ApiError> {
        let grant = self.grant.clone().require(ADMINS)?;
        Ok(Place::environment(grant, self.environment.row()))
    }

    fn id(&self) -> &str {
        &self.key
    }
}

impl Scope for ProjectScope {
    fn place(&self) -> Result<Place<'_>, ApiError> {
        let grant = self.grant.clone().require(ADMINS)?;
        Ok(Place::project(grant, self.id, &self.name))
    }

    fn id(&self) -> &str {
        &self.key
    }
}

/// `GET …?limit=&cursor=`: the oldest first, those that have expired lately too
pub(super) async fn list<S: Scope>(
    scope: S,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    let keys = scope.place()?.keys(&state);
    let is_past = |id: &str| query.cursor.as_deref() == Some(id);
    let start = match &query.cursor {
        None => 0,
        Some(_) => keys
            .iter()
            .position(|key| is_past(key.row().id()))
            .ok_or_else(|| ApiError::invalid("?cursor", "expected the `next` of an earlier page"))?
            .saturating_add(1),
    };
    let page: Vec<&KeyRow> = keys
        .iter()
        .skip(start)
        .take(limit)
        .map(|key| key.row())
        .collect();
    let has_more = start.saturating_add(page.len()) < keys.len();
    let next = page.last().filter(|_| has_more).map(|row| row.id());
    let items = page.iter().map(|row| Item::new(row, None)).collect();
    let total = keys.len();
    Ok(Json(Page { items, total, next }).into_response())
}

/// `GET …/{key}`
pub(super) async fn read<S: Scope>(
    scope: S,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    let key = scope.place()?.find(&state, scope.id())?;
    Ok(Json(Item::new(key.row(), None)).into_response())
}

/// `POST …`
pub(super) async fn create<S: Scope>(
    scope: S,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let place = scope.place()?;
    let author = query.author(place.grant(), &state)?;
    let new = wanted(body, &place, state.now())?;
    let (row, token) = access::create(&state, &place, author, new).await?;
    told(&place, &row, &token)
}

/// `POST …/{key}/rotate?graceSeconds=`: another token in its place; the old one works for a while yet
pub(super) async fn rotate<S: Scope>(
    scope: S,
    State(state): State<AppState>,
    Parameters(query): Parameters<RotateQuery>,
) -> Result<Response, ApiError> {
    let place = scope.place()?;
    let grace = query.grace_seconds.unwrap_or(GRACE);
    if grace > LONGEST_GRACE {
        let message = format!("expected 0 to {LONGEST_GRACE} seconds, got {grace}");
        return Err(ApiError::invalid("?graceSeconds", message));
    }
    let author = WriteQuery::because(query.reason).author(place.grant(), &state)?;
    let key = place.find(&state, scope.id())?;
    let (row, token) = access::rotate(&state, &place, author, key.row(), grace).await?;
    told(&place, &row, &token)
}

/// `DELETE …/{key}`
pub(super) async fn revoke<S: Scope>(
    scope: S,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    let place = scope.place()?;
    let author = query.author(place.grant(), &state)?;
    let key = place.find(&state, scope.id())?;
    access::revoke(&state, &place, author, key.row()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn told(place: &Place<'_>, row: &KeyRow, token: &str) -> Result<Response, ApiError> {
    let location = format!("{}/{}", place.path(), row.id());
    let location = axum::http::HeaderValue::from_str(&location)
        .map_err(|error| ApiError::Internal(Box::new(error)))?;
    let headers = [
        (LOCATION, location),
        (
            CACHE_CONTROL,
            axum::http::HeaderValue::from_static("no-store"),
        ),
    ];
    let item = Json(Item::new(row, Some(token)));
    Ok((StatusCode::CREATED, headers, item).into_response())
}

fn wanted(body: Value, place: &Place<'_>, now: Timestamp) -> Result<NewKey, ApiError> {
    let mut fields = Fields::of(body)?;
    let kinds = place.kinds();
    let names = kinds.iter().map(|kind| format!("`{}`", kind.name()));
    let expected = format!("one of {}", names.collect::<Vec<_>>().join(", "));
    let member = if place.is_project() { "role" } else { "kind" };
    let kind = fields.required(member, &expected, |given| {
        let kind = given.as_str()?.parse().ok()?;
        kinds.contains(&kind).then_some(kind)
    });
    let expected = format!("1 to {NAME_LENGTH} characters");
    let name = fields.required("name", &expected, |given| {
        let name = given.as_str()?;
        let is_usable = !name.is_empty()
            && name.chars().count() <= NAME_LENGTH
            && !name.chars().any(char::is_control);
        is_usable.then(|| name.to_owned())
    });
    let expected = "a date and time with a zone in the future, as `2026-12-01T00:00:00Z`";
    let expires_at = fields.optional("expiresAt", expected, |given| {
        Timestamp::parse(given.as_str()?).filter(|end| *end > now)
    });
    let for_all = if place.is_project() {
        fields.optional("allProjects", "a boolean", Value::as_bool)
    } else {
        None
    };
    let new = fields.finish(kind.zip(name).map(|(kind, name)| NewKey {
        kind,
        name,
        expires_at,
        is_for_all_projects: for_all.unwrap_or_default(),
    }))?;
    Ok(new)
}
