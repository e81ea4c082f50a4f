//! Projects and environments: what there is, and making more

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::environment::{Author, Environment};
use crate::extract::{ADMINS, Body, Parameters, ProjectScope, WriteQuery};
use crate::fields::{Fields, KEY, key};
use crate::list::{self, Field, ListQuery, Listed, Page};
use crate::openapi::LanguageKey;
use crate::published::Published;
use crate::state::AppState;
use crate::store::{NewEnvironments, ProjectChoice};

/// What a project has unless told otherwise
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];
/// Environments in a project: each is held in memory by every node
const MOST_ENVIRONMENTS: usize = 100;

#[derive(Serialize, ToSchema)]
#[schema(as = Project)]
pub(super) struct ProjectItem {
    name: Arc<str>,
    /// The names of its environments
    environments: Vec<Arc<str>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Environment)]
pub(super) struct EnvironmentItem {
    name: Arc<str>,
    /// How often it has been changed
    revision: u64,
    /// How many flags it has
    flags: usize,
}

/// What a project is made of
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct NewProject {
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    name: String,
    /// The names of its environments; production, staging and development unless told otherwise
    #[schema(min_items = 1, max_items = 100, value_type = Option<Vec<LanguageKey>>)]
    environments: Option<Vec<String>>,
}

/// What an environment is made of
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct NewEnvironment {
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    name: String,
}

/// Lists the projects that the token is for, by name
#[utoipa::path(
    get, path = "/api/v1/projects", tag = "projects", operation_id = "listProjects",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<ProjectItem>)),
)]
pub(super) async fn list_projects(
    grant: Grant,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let grant = grant.require(KeyKind::ROLES)?;
    let mut projects: Vec<ProjectItem> = Vec::new();
    for environment in state.environments() {
        let row = environment.row();
        if !grant.belongs_to(row.project_id) {
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
    Ok(Json(list::page(projects.into_iter(), &query)?).into_response())
}

/// Makes a project; the caller must be admin in every project
#[utoipa::path(
    post, path = "/api/v1/projects", tag = "projects", operation_id = "createProject",
    params(WriteQuery),
    request_body(content = NewProject, example = json!({"name": "shop", "environments": ["production", "staging"]})),
    responses((status = CREATED, description = "The project", body = ProjectItem), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn create_project(
    grant: Grant,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let grant = grant.require(ADMINS)?;
    if !grant.is_for_all_projects() {
        return Err(ApiError::Forbidden(
            "only who is admin in every project creates projects",
        ));
    }
    let author = query.author(&grant, &state)?;
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
        &state,
        author,
        ProjectChoice::New(name.clone()),
        names.clone(),
    )
    .await?;
    let made = ProjectItem {
        name: name.into(),
        environments: names.into_iter().map(Arc::from).collect(),
    };
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// Lists the environments of a project, by name
#[utoipa::path(
    get, path = "/environments", tag = "projects", operation_id = "listEnvironments",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<EnvironmentItem>)),
)]
pub(super) async fn list(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let item = |environment: Arc<Environment>| EnvironmentItem::of(&environment.current());
    let project = state.project(&scope.name);
    Ok(Json(list::page(project.into_iter().map(item), &query)?).into_response())
}

/// Makes an environment, which is empty until something is copied into it
#[utoipa::path(
    post, path = "/environments", tag = "projects", operation_id = "createEnvironment",
    params(WriteQuery),
    request_body(content = NewEnvironment, example = json!({"name": "preview"})),
    responses((status = CREATED, description = "The environment", body = EnvironmentItem), (status = CONFLICT)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn create(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let grant = scope.grant.require(ADMINS)?;
    let author = query.author(&grant, &state)?;
    let mut fields = Fields::of(body)?;
    let name = fields.required("name", KEY, key);
    let name = fields.finish(name)?;
    if state.project(&scope.name).len() >= MOST_ENVIRONMENTS {
        let message = format!("a project has at most {MOST_ENVIRONMENTS} environments");
        return Err(ApiError::invalid("/name", message));
    }
    let names = vec![name.clone()];
    make(&state, author, ProjectChoice::Existing(scope.id), names).await?;
    let made = EnvironmentItem {
        name: name.into(),
        revision: 0,
        flags: 0,
    };
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

impl Listed for ProjectItem {
    const FIELDS: &'static [&'static str] = &["name"];

    fn id(&self) -> &str {
        &self.name
    }

    fn field(&self, _: &str) -> Field {
        Field::Text(self.name.to_string())
    }
}

impl Listed for EnvironmentItem {
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

impl EnvironmentItem {
    fn of(published: &Published) -> Self {
        Self {
            name: Arc::clone(&published.identity().row.name),
            revision: published.revision(),
            flags: published.flags().len(),
        }
    }
}

async fn make(
    state: &AppState,
    author: Author,
    project: ProjectChoice,
    names: Vec<String>,
) -> Result<(), ApiError> {
    if state.contact().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    let new = NewEnvironments {
        project,
        names,
        author,
    };
    state.store().create_environments(new).await?;
    state.backing().committed.notify_one();
    Ok(state.refresh_environments().await?)
}

fn are_some_and_differ(names: &[String]) -> bool {
    let different: std::collections::BTreeSet<&String> = names.iter().collect();
    (1..=MOST_ENVIRONMENTS).contains(&names.len()) && different.len() == names.len()
}
