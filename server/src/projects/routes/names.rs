//! Renaming and deleting projects and environments

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::access::guards::{Admin, EnvironmentAccess, ProjectAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::fields::{Fields, KEY, key};
use crate::projects::routes::environments::{EnvironmentItem, ProjectItem, refresh};
use crate::store::{Author, NameChange};

/// The body that renames a project or an environment
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct NewName {
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    name: String,
}

/// How a deletion is confirmed
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// The name of what is deleted; required if flags, keys, tokens or members would be deleted with it
    confirm: Option<String>,
    /// The reason, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// What a deletion leaves
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deleted {
    /// The name under which the audit of what was deleted can be read
    audit_name: String,
}

/// Reads a project
#[utoipa::path(
    get, path = "/api/v1/projects/{project}", tag = "projects", operation_id = "readProject",
    responses((status = OK, description = "The project", body = ProjectItem)),
)]
pub(crate) async fn read_project(
    scope: ProjectAccess,
    State(state): State<Arc<AccessState>>,
) -> Json<ProjectItem> {
    Json(ProjectItem::of(&state, &scope.name))
}

/// Renames a project; the caller must be an admin in every project
///
/// Its keys and tokens stay valid, and open streams reconnect. Roles that an identity provider gives in the project name it by its old
/// name.
#[utoipa::path(
    patch, path = "/api/v1/projects/{project}", tag = "projects", operation_id = "renameProject",
    params(WriteQuery),
    request_body(content = NewName, example = json!({"name": "store"})),
    responses((status = OK, description = "The project", body = ProjectItem), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn rename_project(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Json<ProjectItem>, ApiError> {
    check_reach(&scope)?;
    let author = query.author(&scope.principal, &state)?;
    let name = new_name(body)?;
    if name != scope.name {
        apply(&state, of_project(&scope, author, Some(name.clone()))).await?;
    }
    Ok(Json(ProjectItem::of(&state, &name)))
}

/// Deletes a project with its environments, flags, keys, tokens and members; the caller must be an admin in every project
///
/// Streams of its keys end. Its audit stays, and can be read by those who are admins in every project, under the name that the response
/// contains.
#[utoipa::path(
    delete, path = "/api/v1/projects/{project}", tag = "projects", operation_id = "deleteProject",
    params(DeleteQuery),
    responses((status = OK, description = "The project is deleted", body = Deleted)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn delete_project(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<DeleteQuery>,
) -> Result<Json<Deleted>, ApiError> {
    check_reach(&scope)?;
    let environments = state.engine.project(&scope.name).into_iter();
    let flags = environments.map(|environment| environment.current().flags().len());
    let access = state.access_index();
    let credentials = access.iter().map(|key| key.row().project_id);
    let members = access
        .members()
        .iter()
        .map(|member| Some(member.project_id));
    let own = credentials
        .chain(members)
        .filter(|id| *id == Some(scope.id));
    query.check(("project", &scope.name), (flags.sum(), own.count()))?;
    let author = query.author(&scope, &state)?;
    delete(&state, of_project(&scope, author, None)).await
}

/// Reads an environment
#[utoipa::path(
    get, path = "/environments/{environment}", tag = "projects", operation_id = "readEnvironment",
    responses((status = OK, description = "The environment", body = EnvironmentItem)),
)]
pub(crate) async fn read_environment(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
) -> Json<EnvironmentItem> {
    Json(EnvironmentItem::of(&scope.environment, &state))
}

/// Renames an environment
///
/// Its keys stay valid, and open streams reconnect.
#[utoipa::path(
    patch, path = "/environments/{environment}", tag = "projects", operation_id = "renameEnvironment",
    params(WriteQuery),
    request_body(content = NewName, example = json!({"name": "qa"})),
    responses((status = OK, description = "The environment", body = EnvironmentItem), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn rename_environment(
    scope: Admin<EnvironmentAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Json<EnvironmentItem>, ApiError> {
    let author = query.author(&scope.principal, &state)?;
    let name = new_name(body)?;
    if name != scope.name() {
        apply(&state, of_environment(&scope, author, Some(name))).await?;
    }
    let environment = state.engine.environment(scope.environment.row().id);
    let environment = environment.unwrap_or_else(|| Arc::clone(&scope.environment));
    Ok(Json(EnvironmentItem::of(&environment, &state)))
}

/// Deletes an environment with its flags and keys
///
/// Streams of its keys end. Its rows in the audit stay, and can be filtered by the name that the response contains.
#[utoipa::path(
    delete, path = "/environments/{environment}", tag = "projects", operation_id = "deleteEnvironment",
    params(DeleteQuery),
    responses((status = OK, description = "The environment is deleted", body = Deleted)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn delete_environment(
    scope: Admin<EnvironmentAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<DeleteQuery>,
) -> Result<Json<Deleted>, ApiError> {
    let (id, flags) = (
        scope.environment.row().id,
        scope.environment.current().flags().len(),
    );
    let access = state.access_index();
    let keys = access
        .iter()
        .filter(|key| key.row().environment_id == Some(id));
    query.check(("environment", scope.name()), (flags, keys.count()))?;
    let author = query.author(&scope, &state)?;
    delete(&state, of_environment(&scope, author, None)).await
}

impl DeleteQuery {
    /// Requires the name if anything would be lost
    fn check(
        &self,
        (what, name): (&str, &str),
        (flags, credentials): (usize, usize),
    ) -> Result<(), ApiError> {
        let is_empty = flags == 0 && credentials == 0;
        if self.confirm.as_deref() == Some(name) || (self.confirm.is_none() && is_empty) {
            return Ok(());
        }
        let of = match what {
            "project" => "keys, tokens and members",
            _ => "keys",
        };
        let message = format!(
            "expected `{name}`, since {flags} flags and {credentials} {of} would be deleted with the {what}"
        );
        Err(ApiError::invalid("?confirm", message))
    }

    fn author<A: crate::access::guards::Admitted>(
        self,
        scope: &Admin<A>,
        state: &AccessState,
    ) -> Result<Author, ApiError> {
        WriteQuery::because(self.reason).author(scope.principal(), state)
    }
}

fn check_reach(scope: &ProjectAccess) -> Result<(), ApiError> {
    if scope.principal.is_for_all_projects() {
        return Ok(());
    }
    Err(ApiError::Forbidden(
        "only who is admin in every project renames and deletes projects",
    ))
}

fn new_name(body: Value) -> Result<String, ApiError> {
    let mut fields = Fields::of(body)?;
    let name = fields.required("name", KEY, key);
    fields.finish(name)
}

fn of_project(
    scope: &Admin<ProjectAccess>,
    author: Author,
    new_name: Option<String>,
) -> NameChange {
    NameChange {
        project_id: scope.id,
        environment_id: None,
        name: scope.name.as_str().into(),
        new_name,
        author,
    }
}

fn of_environment(
    scope: &Admin<EnvironmentAccess>,
    author: Author,
    new_name: Option<String>,
) -> NameChange {
    let row = scope.environment.row();
    NameChange {
        project_id: row.project_id,
        environment_id: Some(row.id),
        name: Arc::clone(&row.name),
        new_name,
        author,
    }
}

async fn delete(state: &AccessState, change: NameChange) -> Result<Json<Deleted>, ApiError> {
    let audit_name = apply(state, change).await?;
    Ok(Json(Deleted { audit_name }))
}

async fn apply(state: &AccessState, change: NameChange) -> Result<String, ApiError> {
    if state.engine.store_health().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    let name = state.engine.store().change_name(change).await?;
    state.refresh_keys().await?;
    refresh(state).await?;
    Ok(name)
}
