//! Projects and environments: listing and creating them; [`super::names`] renames and deletes them

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::auth::Principal;
use crate::access::guards::{Admin, ProjectAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::engine::environment::{Author, Environment};
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::fields::{Fields, KEY, key};
use crate::http::paging::{self, Field, ListQuery, Page, Sortable};
use crate::openapi::LanguageKey;
use crate::store::{CredentialKind, NewEnvironments, ProjectChoice};

/// The environments of a new project by default
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];
/// The maximum number of environments in a project: each is in the memory of every node
const MOST_ENVIRONMENTS: usize = 100;
/// The maximum number of environments in all projects
const MOST_ENVIRONMENTS_OF_ALL: usize = 1_000;

#[derive(Serialize, ToSchema)]
#[schema(as = Project)]
pub(crate) struct ProjectItem {
    name: Arc<str>,
    /// The names of its environments
    environments: Vec<Arc<str>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Environment)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnvironmentItem {
    name: Arc<str>,
    /// The number of changes
    revision: u64,
    /// The number of flags
    flags: usize,
    /// Whether the environment is protected: every change of it must state a reason
    require_reason: bool,
}

/// The body that creates a project
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct NewProject {
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    name: String,
    /// The names of its environments; production, staging and development by default
    #[schema(min_items = 1, max_items = 100, value_type = Option<Vec<LanguageKey>>)]
    environments: Option<Vec<String>>,
}

/// The body that creates an environment
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct NewEnvironment {
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    name: String,
}

/// Lists the projects in which the caller has a role, by name
#[utoipa::path(
    get, path = "/api/v1/projects", tag = "projects", operation_id = "listProjects",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<ProjectItem>)),
)]
pub(crate) async fn list_projects(
    principal: Principal,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ListQuery>,
) -> Result<Response, ApiError> {
    let principal = principal.require(CredentialKind::ROLES)?;
    let mut projects: Vec<ProjectItem> = Vec::new();
    for environment in state.engine.environments() {
        let row = environment.row();
        if !principal.belongs_to(row.project_id) {
            continue;
        }
        let (project, name) = (&row.project, Arc::clone(&row.name));
        match projects.iter_mut().find(|item| item.name == *project) {
            Some(item) => item.environments.push(name),
            None => projects.push(ProjectItem {
                name: Arc::clone(project),
                environments: vec![name],
            }),
        }
    }
    Ok(Json(paging::page(projects.into_iter(), &query)?).into_response())
}

/// Creates a project; the caller must be an admin in every project
#[utoipa::path(
    post, path = "/api/v1/projects", tag = "projects", operation_id = "createProject",
    params(WriteQuery),
    request_body(content = NewProject, example = json!({"name": "shop", "environments": ["production", "staging"]})),
    responses((status = CREATED, description = "The project", body = ProjectItem), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn create_project(
    principal: Admin<Principal>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    if !principal.is_for_all_projects() {
        return Err(ApiError::Forbidden(
            "only who is admin in every project creates projects",
        ));
    }
    let author = query.author(&principal, &state)?;
    let mut fields = Fields::of(body)?;
    let name = fields.required("name", KEY, key);
    let names = fields.optional(
        "environments",
        "1 to 100 different names as of a flag",
        |given| {
            let names: Option<Vec<String>> = given.as_array()?.iter().map(key).collect();
            names.filter(|names| are_some_and_differ(names))
        },
    );
    let name = fields.finish(name)?;
    let names = names.unwrap_or_else(|| ENVIRONMENTS.map(str::to_owned).to_vec());
    make(
        (&state, &principal),
        author,
        ProjectChoice::New(name.clone()),
        names,
    )
    .await?;
    let made = ProjectItem::of(&state, &name);
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// Lists the environments of a project, by name
#[utoipa::path(
    get, path = "/environments", tag = "projects", operation_id = "listEnvironments",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<EnvironmentItem>)),
)]
pub(crate) async fn list(
    scope: ProjectAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ListQuery>,
) -> Result<Response, ApiError> {
    let item = |environment: Arc<Environment>| EnvironmentItem::of(&environment, &state);
    let project = state.engine.project(&scope.name);
    Ok(Json(paging::page(project.into_iter().map(item), &query)?).into_response())
}

/// Creates an environment, which is empty until something is copied into it
#[utoipa::path(
    post, path = "/environments", tag = "projects", operation_id = "createEnvironment",
    params(WriteQuery),
    request_body(content = NewEnvironment, example = json!({"name": "preview"})),
    responses((status = CREATED, description = "The environment", body = EnvironmentItem), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn create(
    scope: Admin<ProjectAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let author = query.author(&scope.principal, &state)?;
    let mut fields = Fields::of(body)?;
    let name = fields.required("name", KEY, key);
    let name = fields.finish(name)?;
    if state.engine.project(&scope.name).len() >= MOST_ENVIRONMENTS {
        let message = format!("a project has at most {MOST_ENVIRONMENTS} environments");
        return Err(ApiError::invalid("/name", message));
    }
    let names = vec![name.clone()];
    make(
        (&state, &scope),
        author,
        ProjectChoice::Existing(scope.id),
        names,
    )
    .await?;
    let made = EnvironmentItem {
        name: name.into(),
        revision: 0,
        flags: 0,
        require_reason: false,
    };
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

impl Sortable for ProjectItem {
    const FIELDS: &'static [&'static str] = &["name"];

    fn id(&self) -> &str {
        &self.name
    }

    fn field(&self, _: &str) -> Field {
        Field::Text(self.name.to_string())
    }
}

impl Sortable for EnvironmentItem {
    const FIELDS: &'static [&'static str] = &["name", "revision", "flags"];

    fn id(&self) -> &str {
        &self.name
    }

    fn field(&self, name: &str) -> Field {
        match name {
            "revision" => Field::Number(i64::try_from(self.revision).ok()),
            "flags" => Field::Number(i64::try_from(self.flags).ok()),
            _ => Field::Text(self.name.to_string()),
        }
    }
}

impl ProjectItem {
    pub(crate) fn of(state: &AccessState, name: &str) -> Self {
        let environments = state.engine.project(name).into_iter();
        Self {
            name: name.into(),
            environments: environments.map(|it| Arc::clone(&it.row().name)).collect(),
        }
    }
}

impl EnvironmentItem {
    pub(crate) fn of(environment: &Environment, state: &AccessState) -> Self {
        let (row, published) = (environment.row(), environment.current());
        Self {
            name: Arc::clone(&row.name),
            revision: published.revision(),
            flags: published.flags().len(),
            require_reason: state
                .access_index()
                .protected_environments()
                .contains(&row.id),
        }
    }
}

async fn make<A>(
    (state, _): (&AccessState, &Admin<A>),
    author: Author,
    project: ProjectChoice,
    names: Vec<String>,
) -> Result<(), ApiError> {
    if state.engine.store_health().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    let count = state.engine.environments().len();
    if count.saturating_add(names.len()) > MOST_ENVIRONMENTS_OF_ALL {
        let message = format!(
            "there are {count} environments in all projects, and at most {MOST_ENVIRONMENTS_OF_ALL}"
        );
        return Err(ApiError::invalid("", message));
    }
    let new = NewEnvironments {
        project,
        names,
        author,
    };
    state.engine.store().create_environments(new).await?;
    refresh(state).await
}

/// Announces a change of environments, and serves them as they are now
pub(crate) async fn refresh(state: &AccessState) -> Result<(), ApiError> {
    state.engine.store_handle().local_commit.notify_one();
    state.engine.refresh().await?;
    let environments = state.engine.environments();
    let ids = environments.iter().map(|environment| environment.row().id);
    state.http.metrics.label(ids);
    Ok(())
}

fn are_some_and_differ(names: &[String]) -> bool {
    let different: std::collections::BTreeSet<&String> = names.iter().collect();
    (1..=MOST_ENVIRONMENTS).contains(&names.len()) && different.len() == names.len()
}
