//! `…/compare` and `…/copy`: how two environments differ, and making one like the other

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use flagstaff_core::excerpt;
use flagstaff_core::impact::Change;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::api_error::{ApiError, FieldError};
use crate::draft::{Draft, OtherSalt, Parts, owner_value};
use crate::environment::{Environment, Invalid};
use crate::extract::{AdminScope, Body, Parameters, WriteQuery, page_size};
use crate::fields::{Fields, key};
use crate::object::{ObjectId, ObjectKind};
use crate::offload::offload;
use crate::openapi::Difference;
use crate::preview::{self, FlagMoves, Preview};
use crate::published::Published;
use crate::state::AppState;
use crate::view::Scope;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CompareQuery {
    /// The name of the other environment
    with: String,
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before
    cursor: Option<String>,
}

/// One of two environments that are compared
#[derive(Serialize, ToSchema)]
struct Side {
    environment: Arc<str>,
    revision: u64,
}

/// A page of what would change
#[derive(Serialize, ToSchema)]
pub(super) struct Differences<'a> {
    /// This environment
    old: Side,
    /// The other one
    new: Side,
    #[schema(value_type = Vec<Difference>)]
    items: &'a [Change],
    total: usize,
    #[schema(required = true)]
    next: Option<String>,
}

/// Compares with another environment: what would change here if this one became like it
#[utoipa::path(
    get, path = "/compare", tag = "flags", operation_id = "compareEnvironments",
    params(CompareQuery),
    responses((status = OK, description = "A page", body = Differences<'_>)),
)]
pub(super) async fn compare(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<CompareQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    let other = sibling(&scope, &state, &query.with, "?with")?.current();
    let own = scope.environment.current();
    let objects = [&own, &other].map(|published| published.state().objects(Scope::All).len());
    let limiter = state.limiter();
    limiter.charge_outcomes(scope.grant.bill(), objects.iter().sum())?;
    let changes = preview::changes(Arc::clone(&own), Arc::clone(&other)).await?;
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

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct CopyQuery {
    /// Copy also salts that differ from those that are here, which moves users to other variants
    #[serde(default)]
    rehash: bool,
    /// Only tell what would change, and for which share of users
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// What a copy takes
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct CopyBody {
    /// The name of the environment to copy from
    from: String,
    /// The keys of the flags to copy; everything, if absent, and what the other one does not have goes
    flags: Option<Vec<String>>,
}

/// What a copy changed
#[derive(Serialize, ToSchema)]
pub(super) struct Copied {
    /// The revision that the environment is at now
    revision: u64,
    #[schema(value_type = Vec<Difference>)]
    changes: Vec<Change>,
    /// Which flags would give units another variant, if nothing was to be changed
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    moves: Option<Vec<FlagMoves>>,
}

/// Makes flags of this environment, or all that is in it, like those of another one, in one revision
///
/// What is here keeps its salt, unless `rehash` asks for the other one.
#[utoipa::path(
    post, path = "/copy", tag = "flags", operation_id = "copyEnvironment",
    params(CopyQuery),
    request_body(content = CopyBody, example = json!({"from": "staging", "flags": ["new-checkout"]})),
    responses(
        (status = OK, description = "What changed, or would change", body = Copied),
        (status = CONFLICT), (status = TOO_MANY_REQUESTS),
    ),
)]
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
    let wanted = offload(move || Wanted::of(&source, flags)).await??;
    let project = state.project(scope.project());
    let other_salt = if query.rehash {
        OtherSalt::Take
    } else {
        OtherSalt::Keep
    };
    let edit = move |_: &_, draft: &mut Draft| {
        wanted.put(draft);
        ApiError::refuse(draft.settle_salts(&project, other_salt))
    };
    if query.dry_run {
        let current = scope.environment.current();
        let preview =
            preview::preview(Arc::clone(&current), edit, Invalid::Refuse, state.now()).await?;
        let Preview { changes, moves } = preview;
        return Ok(Json(Copied {
            revision: current.revision(),
            changes,
            moves: Some(moves),
        })
        .into_response());
    }
    let written = scope
        .environment
        .write(author, Invalid::Refuse, edit)
        .await?;
    Ok(Json(Copied {
        revision: written.after.revision(),
        changes: preview::changes(written.before, written.after).await?,
        moves: None,
    })
    .into_response())
}

/// What is copied
enum Wanted {
    All(Parts),
    Flags(Vec<(String, Value)>),
}

impl Wanted {
    fn of(source: &Published, flags: Option<Vec<String>>) -> Result<Self, ApiError> {
        let objects = source.state().objects(Scope::All);
        let Some(keys) = flags else {
            return Ok(Self::All(Parts::all(objects)));
        };
        let (mut flags, mut errors) = (Vec::new(), Vec::new());
        for (index, key) in keys.into_iter().enumerate() {
            match owner_value(objects, &ObjectId::new(ObjectKind::Flag, &*key)) {
                Some(flag) => flags.push((key, flag)),
                None => errors.push(FieldError::new(
                    format!("/flags/{index}"),
                    format!("there is no flag `{}` to copy", excerpt(&key)),
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
            Self::All(parts) => draft.replace(parts),
            Self::Flags(flags) => flags
                .iter()
                .for_each(|(key, flag)| draft.put_flag(key, flag)),
        }
    }
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
            "there is no environment `{}` in project `{}`",
            excerpt(name),
            scope.project()
        )
    };
    found.ok_or_else(|| ApiError::invalid(pointer, message()))
}
