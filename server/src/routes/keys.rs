//! `…/environments/{environment}/keys` and `…/projects/{project}/tokens`: who has access
//!
//! Both are made, listed, rotated and revoked alike. A token is told when it is made, and never again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::access::{self, NAME_LENGTH, NewKey, Place};
use crate::api_error::ApiError;
use crate::auth::{Key, KeyKind};
use crate::extract::{ADMINS, AdminScope, Body, Parameters, ProjectScope, WriteQuery};
use crate::fields::Fields;
use crate::list::{self, Field, ListQuery, Listed, Page};
use crate::state::AppState;
use crate::store::{KeyRow, KeyRules};

pub(super) mod of_environment;
pub(super) mod of_project;
mod origins;
pub(super) mod secrets;

/// Seconds that a rotated key still works, unless told otherwise: a day
const GRACE: u64 = 86_400;
/// At most 30 days
const LONGEST_GRACE: u64 = 30 * 86_400;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccessKey)]
pub(super) struct Item<'a> {
    /// What it is called where its token is nobody's business
    id: &'a str,
    #[serde(flatten)]
    what: What,
    name: &'a str,
    /// The last characters of the token, for people to know it by
    hint: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends by itself, if it does
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
    /// The pages that may use it, by their origins: of a key of kind `client` or `client-local`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["https://app.example"]))]
    origins: Option<Vec<&'a str>>,
    /// Whether it evaluates only contexts that are signed: of a key of kind `client`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signed_contexts: Option<bool>,
    /// What contexts are signed with: of a key of kind `client`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secrets: Option<Vec<secrets::Told>>,
    /// Told when it is made, and never again
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AccessKind)]
enum What {
    Key {
        /// `server`, `client` or `client-local`
        kind: &'static str,
    },
    #[serde(rename_all = "camelCase")]
    Token {
        /// `viewer`, `editor` or `admin`
        role: &'static str,
        all_projects: bool,
    },
}

/// What a key of an environment is made of
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct NewEnvironmentKey {
    /// `server`, `client` or `client-local`
    #[schema(pattern = "^(server|client|client-local)$")]
    kind: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// When it ends by itself: in the future
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The pages that may use a key of kind `client` or `client-local`, by their origins; `*` alone is all, as is nothing
    #[schema(min_items = 1, max_items = 50)]
    origins: Option<Vec<String>>,
}

/// What of a key can be changed
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct KeyPatch {
    /// The pages that may use a key of kind `client` or `client-local`, by their origins; `*` alone is all
    #[schema(min_items = 1, max_items = 50)]
    origins: Option<Vec<String>>,
    /// Whether it evaluates only contexts that are signed: a key of kind `client` that has a secret may
    signed_contexts: Option<bool>,
}

/// What a token of a project is made of
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct NewProjectToken {
    /// `viewer`, `editor` or `admin`
    #[schema(pattern = "^(viewer|editor|admin)$")]
    role: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// When it ends by itself: in the future
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Whether it is for all projects, which only a token that is may make
    all_projects: Option<bool>,
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
            origins: origins::told(row),
            signed_contexts: (row.kind == KeyKind::Client).then_some(row.rules.signed_contexts),
            secrets: secrets::told(row),
            token,
        }
    }
}

/// Which keys or tokens are meant
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of this kind or role only
    kind: Option<String>,
    /// A part of the name, in upper or lower case
    search: Option<String>,
}

impl Filter {
    fn admits(&self, row: &KeyRow) -> bool {
        let is_kind = self
            .kind
            .as_ref()
            .is_none_or(|kind| kind == row.kind.name());
        let part = self.search.as_ref().map(|part| part.to_lowercase());
        is_kind && part.is_none_or(|part| row.name.to_lowercase().contains(&part))
    }
}

impl Listed for Arc<Key> {
    const FIELDS: &'static [&'static str] = &["createdAt", "expiresAt", "name", "kind"];

    fn id(&self) -> &str {
        self.row().id()
    }

    fn field(&self, name: &str) -> Field {
        let row = self.row();
        match name {
            "name" => Field::Text(row.name.clone()),
            "kind" => Field::Text(row.kind.name().to_owned()),
            "expiresAt" => Field::Number(row.expires_at.map(Timestamp::as_millis)),
            _ => Field::Number(Some(row.created_at.as_millis())),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct RotateQuery {
    /// Seconds for which the old one still works; a day unless told otherwise, at most 30 days
    #[param(maximum = 2_592_000, default = 86_400)]
    grace_seconds: Option<u64>,
    /// Why, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// What both kinds of place have in common as extractors
trait Scope {
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

/// Those that have expired lately too
fn list<S: Scope>(
    scope: &S,
    state: &AppState,
    (query, filter): (&ListQuery, &Filter),
) -> Result<Response, ApiError> {
    let keys = scope.place()?.keys(state).into_iter();
    let keys = list::page(keys.filter(|key| filter.admits(key.row())), query)?;
    let told: Page<Value> = keys.map(|key| json!(Item::new(key.row(), None)));
    Ok(Json(told).into_response())
}

fn read<S: Scope>(scope: &S, state: &AppState) -> Result<Response, ApiError> {
    let key = scope.place()?.find(state, scope.id())?;
    Ok(Json(Item::new(key.row(), None)).into_response())
}

async fn create<S: Scope>(
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

/// Another token in its place; the old one works for a while yet
async fn rotate<S: Scope>(
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

async fn revoke<S: Scope>(
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
        let name = given.as_str().filter(|name| access::is_name(name))?;
        Some(name.to_owned())
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
    let origins = origins::read(&mut fields, kind);
    let new = fields.finish(kind.zip(name).map(|(kind, name)| NewKey {
        kind,
        name,
        expires_at,
        is_for_all_projects: for_all.unwrap_or_default(),
        rules: KeyRules {
            origins: origins.flatten(),
            ..KeyRules::default()
        },
    }))?;
    Ok(new)
}
