//! `/api/v1/projects/{project}/members`: people with a role in the project, who authenticate with a JWT

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::credentials::CredentialCollection;
use crate::access::guards::{Admin, ProjectAccess, WriteQuery};
use crate::access::identity::{NAME_LENGTH, is_name};
use crate::access::members;
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::fields::Fields;
use crate::http::paging::{self, Field, ListQuery, Page, PageQuery, Sortable};
use crate::store::{CredentialKind, KnownBy, MemberRow};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member)]
pub(crate) struct MemberResponse {
    id: String,
    /// An e-mail address that the issuer of tokens has verified
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    /// The issuer's id of the person: `sub`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subject: Option<String>,
    /// `viewer`, `editor` or `admin`
    role: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A person to be added, identified in one of two ways
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct NewMember {
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
pub(crate) struct MemberPatch {
    #[schema(pattern = "^(viewer|editor|admin)$")]
    role: String,
}

impl From<MemberRow> for MemberResponse {
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
    responses((status = OK, description = "A page", body = Page<MemberResponse>)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn list(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<Page<MemberResponse>>, ApiError> {
    let by_age = ListQuery {
        sort: Some("createdAt,knownBy".to_owned()),
        ..query.into()
    };
    let rows = members::all(&state, &CredentialCollection::project(&scope));
    let page = paging::page(rows.into_iter(), &by_age)?;
    Ok(Json(page.map(MemberResponse::from)))
}

impl Sortable for MemberRow {
    const FIELDS: &'static [&'static str] = &["createdAt", "knownBy"];

    fn id(&self) -> &str {
        &self.name
    }

    fn field(&self, name: &str) -> Field {
        match name {
            "knownBy" => Field::Text(self.known_by.as_str().to_owned()),
            _ => Field::Number(Some(self.created_at.as_millis())),
        }
    }
}

/// Reads a member
#[utoipa::path(
    get, path = "/members/{key}", tag = "access", operation_id = "readMember",
    responses((status = OK, description = "The member", body = MemberResponse)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn read(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
) -> Result<Json<MemberResponse>, ApiError> {
    let row = members::find(&state, &CredentialCollection::project(&scope), &scope.key)?;
    Ok(Json(row.into()))
}

/// Adds a person who authenticates with a JWT
#[utoipa::path(
    post, path = "/members", tag = "access", operation_id = "addMember",
    params(WriteQuery),
    request_body(content = NewMember, example = json!({"email": "ann@example.com", "role": "editor"})),
    responses((status = CREATED, description = "The member", body = MemberResponse, headers(("Location" = String))), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn add(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let collection = CredentialCollection::project(&scope);
    let author = query.author(collection.principal(), &state)?;
    let row = members::add(&state, &collection, author, wanted(body)?).await?;
    let location = format!("/api/v1/projects/{}/members/{}", scope.name, row.id());
    Ok((
        StatusCode::CREATED,
        [(LOCATION, location)],
        Json(MemberResponse::from(row)),
    )
        .into_response())
}

/// Gives a member another role
#[utoipa::path(
    patch, path = "/members/{key}", tag = "access", operation_id = "changeMember",
    params(WriteQuery),
    request_body(content = MemberPatch, example = json!({"role": "viewer"})),
    responses((status = OK, description = "The member", body = MemberResponse)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn patch(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Json<MemberResponse>, ApiError> {
    let collection = CredentialCollection::project(&scope);
    let author = query.author(collection.principal(), &state)?;
    let mut fields = Fields::of(body)?;
    let role = role(&mut fields);
    let role = fields.finish(role)?;
    let old = members::find(&state, &collection, &scope.key)?;
    let row = members::set_role(&state, &collection, author, old, role).await?;
    Ok(Json(row.into()))
}

/// Removes a member
#[utoipa::path(
    delete, path = "/members/{key}", tag = "access", operation_id = "removeMember",
    params(WriteQuery),
    responses((status = NO_CONTENT, description = "The person is no longer a member")),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn remove(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    let collection = CredentialCollection::project(&scope);
    let author = query.author(collection.principal(), &state)?;
    let old = members::find(&state, &collection, &scope.key)?;
    members::remove(&state, &collection, author, old).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn role(fields: &mut Fields) -> Option<CredentialKind> {
    let expected = "one of `viewer`, `editor`, `admin`";
    fields.required("role", expected, |given| {
        CredentialKind::role(given.as_str()?)
    })
}

fn wanted(body: Value) -> Result<(KnownBy, String, CredentialKind), ApiError> {
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
