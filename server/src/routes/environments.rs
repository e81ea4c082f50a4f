//! Projects and environments: what there is, making more, comparing two of them, making one like another

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use flagstaff_core::impact::{Change, Comparison};
use flagstaff_core::{limits, object};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api_error::{ApiError, FieldError};
use crate::auth::{Grant, KeyKind};
use crate::draft::{Draft, owner_value};
use crate::environment::{Author, Environment, Invalid};
use crate::extract::{ADMINS, AdminScope, Body, Parameters, ProjectScope, WriteQuery, page_size};
use crate::fields::Fields;
use crate::object::{ObjectId, ObjectKind, wire_object};
use crate::published::Published;
use crate::state::AppState;
use crate::store::{NewEnvironments, ProjectChoice};
use crate::view::Scope;

/// What a project has unless told otherwise
const ENVIRONMENTS: [&str; 3] = ["production", "staging", "development"];
/// Environments in a project: each is held in memory by every node
const MOST_ENVIRONMENTS: usize = 100;

#[derive(Serialize)]
struct Page<T> {
    items: Vec<T>,
    total: usize,
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct ProjectItem {
    name: Arc<str>,
    environments: Vec<Arc<str>>,
}

#[derive(Serialize)]
struct EnvironmentItem {
    name: Arc<str>,
    revision: u64,
    flags: usize,
}

/// `GET /api/v1/projects?limit=&cursor=`: by name, those that the token is for
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
    projects.sort_by(|a, b| a.name.cmp(&b.name));
    page(projects, |item| &item.name, &query)
}

/// `POST /api/v1/projects`: `{"name", "environments"?}`
pub(super) async fn create_project(
    grant: Grant,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let grant = grant.require(ADMINS)?;
    if !grant.is_for_all_projects() {
        return Err(ApiError::Forbidden(
            "projects are made with a token for all projects",
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

/// `GET …/environments?limit=&cursor=`: by name
pub(super) async fn list(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let item = |environment: Arc<Environment>| EnvironmentItem::of(&environment.current());
    let project = state.project(&scope.name);
    let mut items: Vec<EnvironmentItem> = project.into_iter().map(item).collect();
    items.sort_by(|a, b| a.name.cmp(&b.name));
    page(items, |item| &item.name, &query)
}

/// `POST …/environments`: `{"name"}`; empty, and to be filled by `copy`
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
    let Author { actor, at, reason } = author;
    let new = NewEnvironments {
        project,
        names,
        at,
        actor,
        reason,
    };
    state.store().create_environments(new).await?;
    state.backing().committed.notify_one();
    Ok(state.refresh_environments().await?)
}

#[derive(Deserialize)]
pub(super) struct CompareQuery {
    with: String,
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Side {
    environment: Arc<str>,
    revision: u64,
}

#[derive(Serialize)]
struct Differences<'a> {
    old: Side,
    new: Side,
    items: &'a [Change],
    total: usize,
    next: Option<String>,
}

/// `GET …/compare?with=&limit=&cursor=`: what would change here if this environment became like the other one
pub(super) async fn compare(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<CompareQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    let other = sibling(&scope, &state, &query.with, "?with")?.current();
    let own = scope.environment.current();
    let changes = differences(&text(&own)?, &text(&other)?)?;
    let wrong = || ApiError::invalid("?cursor", "expected the `next` of an earlier page");
    let start = query
        .cursor
        .as_deref()
        .map_or(Ok(0), |cursor| cursor.parse::<usize>().map_err(|_| wrong()))?;
    let items = changes.get(start..).ok_or_else(wrong)?;
    let items = items.get(..limit).unwrap_or(items);
    let end = start.saturating_add(items.len());
    let next = (end < changes.len()).then(|| end.to_string());
    let side = |published: &Published| Side {
        environment: Arc::clone(&published.identity().row.name),
        revision: published.revision(),
    };
    Ok(Json(Differences {
        old: side(&own),
        new: side(&other),
        items,
        total: changes.len(),
        next,
    })
    .into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CopyQuery {
    #[serde(default)]
    dry_run: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Copied {
    revision: u64,
    changes: Vec<Change>,
}

/// `POST …/copy?dryRun=`: `{"from", "flags"?}`: makes flags of this environment, or all that is in it, like those of another one
///
/// Without `flags` what the other one does not have goes. All of it is one revision.
pub(super) async fn copy(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<CopyQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let author = WriteQuery::because(query.reason).author(&scope.grant, &state)?;
    let mut fields = Fields::of(body)?;
    let from = fields.required("from", "the name of an environment", |given| {
        given.as_str().map(str::to_owned)
    });
    let flags = fields.optional("flags", "an array of keys of flags", |given| {
        given.as_array()?.iter().map(key).collect()
    });
    let from = fields.finish(from)?;
    let source = sibling(&scope, &state, &from, "/from")?.current();
    let wanted = Wanted::of(&source, flags)?;
    if query.dry_run {
        let current = scope.environment.current();
        let mut draft = Draft::new(current.revision(), current.state().objects(Scope::All));
        wanted.put(&mut draft);
        let objects = draft.objects().iter();
        let objects = objects.map(|(id, object)| wire_object(id, object));
        let after = object::join("", 0, objects).to_string();
        let changes = differences(&text(&current)?, &after)?;
        let revision = current.revision();
        return Ok(Json(Copied { revision, changes }).into_response());
    }
    let edit = move |_: &_, draft: &mut Draft| {
        wanted.put(draft);
        Ok::<(), ApiError>(())
    };
    let written = scope
        .environment
        .write(author, Invalid::Refuse, edit)
        .await?;
    Ok(Json(Copied {
        revision: written.after.revision(),
        changes: differences(&text(&written.before)?, &text(&written.after)?)?,
    })
    .into_response())
}

/// What is copied
enum Wanted {
    Document(Value),
    Flags(Vec<(String, Value)>),
}

impl Wanted {
    fn of(source: &Published, flags: Option<Vec<String>>) -> Result<Self, ApiError> {
        let Some(keys) = flags else {
            let document = serde_json::from_slice(&source.document(Scope::All));
            return document
                .map(Self::Document)
                .map_err(|error| ApiError::Internal(Box::new(error)));
        };
        let objects = source.state().objects(Scope::All);
        let (mut flags, mut errors) = (Vec::new(), Vec::new());
        for (index, key) in keys.into_iter().enumerate() {
            match owner_value(objects, &ObjectId::new(ObjectKind::Flag, &*key)) {
                Some(flag) => flags.push((key, flag)),
                None => errors.push(FieldError::new(
                    format!("/flags/{index}"),
                    format!("there is no flag `{key}` to copy"),
                )),
            }
        }
        if errors.is_empty() {
            Ok(Self::Flags(flags))
        } else {
            Err(ApiError::Invalid { errors })
        }
    }

    fn put(&self, draft: &mut Draft) {
        match self {
            Self::Document(document) => draft.replace(document),
            Self::Flags(flags) => flags
                .iter()
                .for_each(|(key, flag)| draft.put_flag(key, flag)),
        }
    }
}

const KEY: &str = "1 to 100 of `A-Z a-z 0-9 . _ -`, the first a letter or digit";

fn key(given: &Value) -> Option<String> {
    let key = given.as_str().filter(|key| limits::is_key(key))?;
    Some(key.to_owned())
}

fn are_some_and_differ(names: &[String]) -> bool {
    let different: std::collections::BTreeSet<&String> = names.iter().collect();
    (1..=MOST_ENVIRONMENTS).contains(&names.len()) && different.len() == names.len()
}

fn sibling(
    scope: &AdminScope,
    state: &AppState,
    name: &str,
    pointer: &str,
) -> Result<Arc<Environment>, ApiError> {
    let project = state.project(scope.project());
    let found = project.into_iter().find(|it| *it.row().name == *name);
    let message = || {
        format!(
            "there is no environment `{name}` in project `{}`",
            scope.project()
        )
    };
    found.ok_or_else(|| ApiError::invalid(pointer, message()))
}

fn text(published: &Published) -> Result<String, ApiError> {
    String::from_utf8(published.document(Scope::All).to_vec())
        .map_err(|error| ApiError::Internal(Box::new(error)))
}

fn differences(old: &str, new: &str) -> Result<Vec<Change>, ApiError> {
    Comparison::new(old, new)
        .map(|comparison| comparison.changes().to_vec())
        .map_err(|error| ApiError::Internal(Box::new(error)))
}

/// A page of items that are in the order of their names
fn page<T: Serialize>(
    items: Vec<T>,
    name: impl Fn(&T) -> &Arc<str>,
    query: &ListQuery,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    let total = items.len();
    let is_past = |item: &T| {
        query
            .cursor
            .as_deref()
            .is_none_or(|last| **name(item) > *last)
    };
    let mut items: Vec<T> = items.into_iter().filter(is_past).collect();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| has_more)
        .map(|item| name(item).to_string());
    Ok(Json(Page { items, total, next }).into_response())
}
