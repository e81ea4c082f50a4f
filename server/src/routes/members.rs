//! `/api/v1/projects/{project}/members`: people with a role in the project, who come with a JWT

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::Place;
use crate::api_error::ApiError;
use crate::auth::KeyKind;
use crate::extract::{ADMINS, Body, Parameters, ProjectScope, WriteQuery, page_size};
use crate::fields::Fields;
use crate::identity::{NAME_LENGTH, is_name};
use crate::list::{Page, PageQuery};
use crate::members;
use crate::state::AppState;
use crate::store::{KnownBy, MemberRow};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member)]
pub(super) struct Item {
    id: String,
    /// An address that the issuer of tokens has made sure is theirs
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    /// What the issuer of tokens calls them: `sub`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subject: Option<String>,
    /// `viewer`, `editor` or `admin`
    role: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Somebody who is to be a member, by one of two names
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct NewMember {
    #[schema(min_length = 1, max_length = 320)]
    email: Option<String>,
    #[schema(min_length = 1, max_length = 320)]
    subject: Option<String>,
    #[schema(pattern = "^(viewer|editor|admin)$")]
    role: String,
}

/// Another role for a member
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct MemberPatch {
    #[schema(pattern = "^(viewer|editor|admin)$")]
    role: String,
}

impl From<MemberRow> for Item {
    fn from(row: MemberRow) -> Self {
        let (id, role, created_at) = (row.id(), row.role.name(), row.created_at);
        let (email, subject) = match row.known_by {
            KnownBy::Email => (Some(row.name), None),
            KnownBy::Subject => (None, Some(row.name)),
        };
        Self {
            id,
            email,
            subject,
            role,
            created_at,
        }
    }
}

/// Lists the members, the oldest first
#[utoipa::path(
    get, path = "/members", tag = "access", operation_id = "listMembers",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<Item>)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn list(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<Item>>, ApiError> {
    let limit = page_size(query.limit)?;
    let rows = members::all(&state, &place(&scope)?);
    let start = match &query.cursor {
        None => 0,
        Some(cursor) => rows
            .iter()
            .position(|row| row.id() == *cursor)
            .ok_or_else(|| ApiError::invalid("?cursor", "expected the `next` of an earlier page"))?
            .saturating_add(1),
    };
    let total = rows.len();
    let items: Vec<Item> = rows
        .into_iter()
        .skip(start)
        .take(limit)
        .map(Item::from)
        .collect();
    let has_more = start.saturating_add(items.len()) < total;
    let next = items
        .last()
        .filter(|_| has_more)
        .map(|item| item.id.clone());
    let total = Some(total);
    Ok(Json(Page { items, total, next }))
}

/// Reads a member
#[utoipa::path(
    get, path = "/members/{key}", tag = "access", operation_id = "readMember",
    responses((status = OK, description = "The member", body = Item)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn read(
    scope: ProjectScope,
    State(state): State<AppState>,
) -> Result<Json<Item>, ApiError> {
    let row = members::find(&state, &place(&scope)?, &scope.key)?;
    Ok(Json(row.into()))
}

/// Adds somebody who comes with a JWT
#[utoipa::path(
    post, path = "/members", tag = "access", operation_id = "addMember",
    params(WriteQuery),
    request_body(content = NewMember, example = json!({"email": "ann@example.com", "role": "editor"})),
    responses((status = CREATED, description = "The member", body = Item, headers(("Location" = String))), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn add(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let place = place(&scope)?;
    let author = query.author(place.grant(), &state)?;
    let row = members::add(&state, &place, author, wanted(body)?).await?;
    let location = format!("/api/v1/projects/{}/members/{}", scope.name, row.id());
    Ok((
        StatusCode::CREATED,
        [(LOCATION, location)],
        Json(Item::from(row)),
    )
        .into_response())
}

/// Gives a member another role
#[utoipa::path(
    patch, path = "/members/{key}", tag = "access", operation_id = "changeMember",
    params(WriteQuery),
    request_body(content = MemberPatch, example = json!({"role": "viewer"})),
    responses((status = OK, description = "The member", body = Item)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn patch(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Json<Item>, ApiError> {
    let place = place(&scope)?;
    let author = query.author(place.grant(), &state)?;
    let mut fields = Fields::of(body)?;
    let role = role(&mut fields);
    let role = fields.finish(role)?;
    let old = members::find(&state, &place, &scope.key)?;
    let row = members::set_role(&state, &place, author, old, role).await?;
    Ok(Json(row.into()))
}

/// Takes a member out
#[utoipa::path(
    delete, path = "/members/{key}", tag = "access", operation_id = "removeMember",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "They are none any more")),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn remove(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    let place = place(&scope)?;
    let author = query.author(place.grant(), &state)?;
    let old = members::find(&state, &place, &scope.key)?;
    members::remove(&state, &place, author, old).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn place(scope: &ProjectScope) -> Result<Place<'_>, ApiError> {
    let grant = scope.grant.clone().require(ADMINS)?;
    Ok(Place::project(grant, scope.id, &scope.name))
}

fn role(fields: &mut Fields) -> Option<KeyKind> {
    let expected = "one of `viewer`, `editor`, `admin`";
    fields.required("role", expected, |given| KeyKind::role(given.as_str()?))
}

fn wanted(body: Value) -> Result<(KnownBy, String, KeyKind), ApiError> {
    let mut fields = Fields::of(body)?;
    let expected = format!("an address of at most {NAME_LENGTH} characters");
    let email = fields.optional("email", &expected, |given| {
        let email = given.as_str()?;
        (is_name(email) && email.contains('@')).then(|| email.to_lowercase())
    });
    let expected = format!("the `sub` of their tokens, 1 to {NAME_LENGTH} characters");
    let subject = fields.optional("subject", &expected, |given| {
        given
            .as_str()
            .filter(|name| is_name(name))
            .map(str::to_owned)
    });
    let role = role(&mut fields);
    let named = match (email, subject) {
        (Some(email), None) => Some((KnownBy::Email, email)),
        (None, Some(subject)) => Some((KnownBy::Subject, subject)),
        _ => None,
    };
    let is_named = named.is_some();
    let wanted = named.zip(role).map(|((by, name), role)| (by, name, role));
    match fields.finish(wanted) {
        Err(ApiError::Invalid { errors }) if errors.is_empty() && !is_named => Err(
            ApiError::invalid("", "expected either `email` or `subject`"),
        ),
        read => read,
    }
}
