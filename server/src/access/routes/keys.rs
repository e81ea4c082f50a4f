//! `…/environments/{environment}/keys` and `…/projects/{project}/tokens`
//!
//! Both are created, listed, rotated and revoked in the same way. A token is shown when it is created, and never again.

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

use crate::access::auth::Key;
use crate::access::credentials::{self, CredentialCollection, NAME_LENGTH, NewCredential};
use crate::access::guards::{Admin, EnvironmentAccess, ProjectAccess, WriteQuery};
use crate::access::last_use;
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::fields::Fields;
use crate::http::paging::{self, Field, ListQuery, Page, Sortable};
use crate::store::{BrowserPolicy, CredentialKind, CredentialRow, Owner};

pub(crate) mod of_environment;
pub(crate) mod of_project;
mod origins;
pub(crate) mod secrets;

/// How many seconds a rotated key still works by default: a day
const GRACE: u64 = 86_400;
/// At most 30 days
const LONGEST_GRACE: u64 = 30 * 86_400;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccessKey)]
pub(crate) struct CredentialResponse<'a> {
    /// The id by which routes and the audit name the key
    id: &'a str,
    #[serde(flatten)]
    what: CredentialType,
    name: &'a str,
    /// The person whose personal token it is
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    owner: Option<&'a str>,
    /// The last characters of the token, by which people recognise it
    hint: &'a str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it expires
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
    /// When a request last came with it, up to about a minute late; null if none did
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_used_at: Option<Timestamp>,
    /// The pages that may use it, by their origins: of a key of kind `client` or `client-local`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["https://app.example"]))]
    origins: Option<Vec<&'a str>>,
    /// Whether it evaluates only contexts that are signed: of a key of kind `client`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signed_contexts: Option<bool>,
    /// The secret that contexts are signed with: of a key of kind `client`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    secrets: Option<Vec<secrets::SigningSecretResponse>>,
    /// The token; only in the response that creates it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<&'a str>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AccessKind)]
enum CredentialType {
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

/// The request that creates a key of an environment
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct NewEnvironmentKey {
    /// `server`, `client` or `client-local`
    #[schema(pattern = "^(server|client|client-local)$")]
    kind: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// When it expires: in the future
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The origins of the pages that may use a key of kind `client` or `client-local`; all if absent or `*` alone
    #[schema(min_items = 1, max_items = 50)]
    origins: Option<Vec<String>>,
}

/// The fields of a key that can be changed
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct KeyPatch {
    /// The pages that may use a key of kind `client` or `client-local`, by their origins; `*` alone is all
    #[schema(min_items = 1, max_items = 50)]
    origins: Option<Vec<String>>,
    /// Whether it evaluates only contexts that are signed: a key of kind `client` that has a secret may
    signed_contexts: Option<bool>,
}

/// The request that creates a token of a project
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct NewProjectToken {
    /// `viewer`, `editor` or `admin`
    #[schema(pattern = "^(viewer|editor|admin)$")]
    role: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// When it expires: in the future
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Whether it is for all projects, which only a token for all projects may create
    all_projects: Option<bool>,
}

impl<'a> CredentialResponse<'a> {
    pub(crate) fn of(key: &'a Key) -> Self {
        Self {
            last_used_at: key.last_use().at(),
            ..Self::new(key.row(), None)
        }
    }

    fn new(row: &'a CredentialRow, token: Option<&'a str>) -> Self {
        let name = row.kind.name();
        let what = if CredentialKind::ROLES.contains(&row.kind) {
            let all_projects = row.project_id.is_none();
            CredentialType::Token {
                role: name,
                all_projects,
            }
        } else {
            CredentialType::Key { kind: name }
        };
        Self {
            id: row.id(),
            what,
            name: &row.name,
            owner: row.owner.as_ref().map(Owner::actor),
            hint: &row.hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: None,
            origins: origins::of(row),
            signed_contexts: (row.kind == CredentialKind::Client)
                .then_some(row.rules.signed_contexts),
            secrets: secrets::of(row),
            token,
        }
    }
}

/// Filters for keys or tokens
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CredentialFilter {
    /// Only of this kind or role
    kind: Option<String>,
    /// Part of the name, in upper or lower case
    search: Option<String>,
}

impl CredentialFilter {
    fn admits(&self, row: &CredentialRow) -> bool {
        let is_kind = self
            .kind
            .as_ref()
            .is_none_or(|kind| kind == row.kind.name());
        let part = self.search.as_ref().map(|part| part.to_lowercase());
        is_kind && part.is_none_or(|part| row.name.to_lowercase().contains(&part))
    }
}

impl Sortable for Arc<Key> {
    const FIELDS: &'static [&'static str] =
        &["createdAt", "expiresAt", "lastUsedAt", "name", "kind"];

    fn id(&self) -> &str {
        self.row().id()
    }

    fn field(&self, name: &str) -> Field {
        let row = self.row();
        match name {
            "name" => Field::Text(row.name.clone()),
            "kind" => Field::Text(row.kind.name().to_owned()),
            "lastUsedAt" => Field::Number(self.last_use().at().map(Timestamp::as_millis)),
            "expiresAt" => Field::Number(row.expires_at.map(Timestamp::as_millis)),
            _ => Field::Number(Some(row.created_at.as_millis())),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct RotateQuery {
    /// For how many seconds the old one still works; a day by default, at most 30 days
    #[param(maximum = 2_592_000, default = 86_400)]
    grace_seconds: Option<u64>,
    /// The reason, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// Routes of keys and of tokens, which only an admin may call
trait CredentialRoute {
    /// The keys or tokens
    fn collection(&self) -> CredentialCollection<'_>;
    /// The id in the path
    fn id(&self) -> &str;
}

impl CredentialRoute for Admin<EnvironmentAccess> {
    fn collection(&self) -> CredentialCollection<'_> {
        CredentialCollection::environment(self)
    }

    fn id(&self) -> &str {
        &self.key
    }
}

impl CredentialRoute for Admin<ProjectAccess> {
    fn collection(&self) -> CredentialCollection<'_> {
        CredentialCollection::project(self)
    }

    fn id(&self) -> &str {
        &self.key
    }
}

/// Includes those that expired recently
async fn list<S: CredentialRoute>(
    scope: &S,
    state: &AccessState,
    (query, filter): (&ListQuery, &CredentialFilter),
) -> Result<Response, ApiError> {
    last_use::refresh(state).await;
    let keys = scope.collection().keys(state).into_iter();
    let keys = paging::page(keys.filter(|key| filter.admits(key.row())), query)?;
    let page: Page<Value> = keys.map(|key| json!(CredentialResponse::of(&key)));
    Ok(Json(page).into_response())
}

async fn read<S: CredentialRoute>(scope: &S, state: &AccessState) -> Result<Response, ApiError> {
    last_use::refresh(state).await;
    let key = scope.collection().find(state, scope.id())?;
    Ok(Json(CredentialResponse::of(&key)).into_response())
}

async fn create<S: CredentialRoute>(
    scope: S,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let collection = scope.collection();
    let author = query.author(collection.principal(), &state)?;
    let new = wanted(body, &collection, state.engine.now())?;
    let (row, token) = credentials::create(&state, &collection, author, new).await?;
    created(&collection.path(), &row, &token)
}

/// Creates a successor; the old one keeps working for a while
async fn rotate<S: CredentialRoute>(
    scope: S,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<RotateQuery>,
) -> Result<Response, ApiError> {
    let collection = scope.collection();
    let grace = query.grace_seconds.unwrap_or(GRACE);
    if grace > LONGEST_GRACE {
        let message = format!("expected 0 to {LONGEST_GRACE} seconds, got {grace}");
        return Err(ApiError::invalid("?graceSeconds", message));
    }
    let author = WriteQuery::because(query.reason).author(collection.principal(), &state)?;
    let key = collection.find(&state, scope.id())?;
    let (row, token) = credentials::rotate(&state, &collection, author, key.row(), grace).await?;
    created(&collection.path(), &row, &token)
}

async fn revoke<S: CredentialRoute>(
    scope: S,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
) -> Result<StatusCode, ApiError> {
    let collection = scope.collection();
    let author = query.author(collection.principal(), &state)?;
    let key = collection.find(&state, scope.id())?;
    credentials::revoke(&state, &collection, author, key.row()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The only response with a token; `path` is that of its collection
pub(crate) fn created(path: &str, row: &CredentialRow, token: &str) -> Result<Response, ApiError> {
    let location = format!("{path}/{}", row.id());
    let location = axum::http::HeaderValue::from_str(&location)
        .map_err(|error| ApiError::Internal(Box::new(error)))?;
    let headers = [
        (LOCATION, location),
        (
            CACHE_CONTROL,
            axum::http::HeaderValue::from_static("no-store"),
        ),
    ];
    let item = Json(CredentialResponse::new(row, Some(token)));
    Ok((StatusCode::CREATED, headers, item).into_response())
}

fn wanted(
    body: Value,
    collection: &CredentialCollection<'_>,
    now: Timestamp,
) -> Result<NewCredential, ApiError> {
    let mut fields = Fields::of(body)?;
    let kinds = collection.kinds();
    let names = kinds.iter().map(|kind| format!("`{}`", kind.name()));
    let expected = format!("one of {}", names.collect::<Vec<_>>().join(", "));
    let member = if collection.is_project() {
        "role"
    } else {
        "kind"
    };
    let kind = fields.required(member, &expected, |given| {
        let kind = given.as_str()?.parse().ok()?;
        kinds.contains(&kind).then_some(kind)
    });
    let expected = format!("1 to {NAME_LENGTH} characters");
    let name = fields.required("name", &expected, |given| {
        let name = given.as_str().filter(|name| credentials::is_name(name))?;
        Some(name.to_owned())
    });
    let expected = "a date and time with a zone in the future, as `2026-12-01T00:00:00Z`";
    let expires_at = fields.optional("expiresAt", expected, |given| {
        Timestamp::parse(given.as_str()?).filter(|end| *end > now)
    });
    let for_all = if collection.is_project() {
        fields.optional("allProjects", "a boolean", Value::as_bool)
    } else {
        None
    };
    let origins = origins::read(&mut fields, kind);
    let new = fields.finish(kind.zip(name).map(|(kind, name)| NewCredential {
        kind,
        name,
        expires_at,
        is_for_all_projects: for_all.unwrap_or_default(),
        rules: BrowserPolicy {
            origins: origins.flatten(),
            ..BrowserPolicy::default()
        },
        owner: None,
    }))?;
    Ok(new)
}
