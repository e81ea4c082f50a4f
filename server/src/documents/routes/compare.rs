//! `…/compare` and `…/copy`: the differences of two environments, and copying from one to the other

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use flagstaff_analysis::impact::Change;
use flagstaff_core::excerpt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::engine::draft::{Draft, OtherSalt, Parts};
use crate::engine::environment::{Environment, InvalidFlagPolicy};
use crate::engine::field_error::FieldError;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::flags::dry_run::{self, FlagMoves, Preview};
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::etag::{self, IfMatch, Precondition};
use crate::http::fields::{Fields, key};
use crate::http::paging::{cursor_of, page_size, read_cursor, wrong_cursor};
use crate::object::{ObjectId, ObjectKind, owner_value};
use crate::openapi::Difference;
use crate::runtime::offload::offload;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompareQuery {
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
struct ComparedEnvironment {
    environment: Arc<str>,
    revision: u64,
}

/// A page of what would change
#[derive(Serialize, ToSchema)]
pub(crate) struct Differences<'a> {
    /// This environment
    before: ComparedEnvironment,
    /// The other one
    after: ComparedEnvironment,
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
pub(crate) async fn compare(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<CompareQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    let other = sibling(&scope, &state, &query.with, "?with")?.current();
    let own = scope.environment.current();
    let objects = [&own, &other].map(|published| published.state().objects(Visibility::All).len());
    let limiter = &state.http.limiter;
    limiter.charge_outcomes(scope.principal.rate_limit_keys(), objects.iter().sum())?;
    let changes = dry_run::changes(Arc::clone(&own), Arc::clone(&other)).await?;
    let start: usize = read_cursor(query.cursor.as_deref())?.unwrap_or_default();
    let items = changes.get(start..).ok_or_else(wrong_cursor)?;
    let items = items.get(..limit).unwrap_or(items);
    let end = start.saturating_add(items.len());
    let next = (end < changes.len()).then(|| cursor_of(&end));
    let side = |published: &PublishedRevision| ComparedEnvironment {
        environment: Arc::clone(&published.identity().row.name),
        revision: published.revision(),
    };
    Ok(Json(Differences {
        before: side(&own),
        after: side(&other),
        items,
        total: changes.len(),
        next,
    })
    .into_response())
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct CopyQuery {
    /// Also copy salts that differ from those of this environment, which moves users to other variants
    #[serde(default)]
    rehash: bool,
    /// Only return what would change, and for which share of users
    #[serde(default)]
    dry_run: bool,
    /// The reason, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// What to copy
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct CopyBody {
    /// The name of the environment to copy from
    from: String,
    /// The keys of the flags to copy; if absent, everything, and what the other environment does not have is deleted
    flags: Option<Vec<String>>,
    /// The revision of the other environment that the caller has seen; 412 if it has another one by now
    #[serde(rename = "fromRevision")]
    from_revision: Option<u64>,
}

/// The result of a copy
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Copied {
    /// The revision of the environment afterwards
    revision: u64,
    /// The revision of the environment that was copied from
    from_revision: u64,
    #[schema(value_type = Vec<Difference>)]
    changes: Vec<Change>,
    /// Only for a dry run: which flags would give units another variant
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    moves: Option<Vec<FlagMoves>>,
}

/// Copies flags, or everything, from another environment, in one revision
///
/// Salts stay as they are, unless `rehash` asks for those of the other environment. A dry run returns both revisions: with this
/// environment's in `If-Match` and the other one's in `fromRevision`, only what was looked at is copied.
#[utoipa::path(
    post, path = "/copy", tag = "flags", operation_id = "copyEnvironment",
    params(CopyQuery, IfMatch),
    request_body(content = CopyBody, example = json!({"from": "staging", "flags": ["new-checkout"]})),
    responses(
        (
            status = OK, description = "What changed, or would change", body = Copied,
            headers(("ETag" = String, description = "The revision of this environment")),
        ),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn copy(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<CopyQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let author = WriteQuery::because(query.reason).author(&scope.principal, &state)?;
    let mut fields = Fields::of(body)?;
    let from = fields.required("from", "the name of an environment", |given| {
        given.as_str().map(str::to_owned)
    });
    let flags = fields.optional("flags", "an array of keys of flags", |given| {
        given.as_array()?.iter().map(key).collect()
    });
    let seen = fields.optional("fromRevision", "a revision", Value::as_u64);
    let from = fields.finish(from)?;
    let source = sibling(&scope, &state, &from, "/from")?.current();
    let from_revision = source.revision();
    if seen.is_some_and(|seen| seen != from_revision) {
        return Err(ApiError::StaleSource {
            environment: from,
            revision: from_revision,
        });
    }
    let wanted = offload(move || Wanted::of(&source, flags)).await??;
    let project = state.engine.project(scope.project());
    let other_salt = if query.rehash {
        OtherSalt::Take
    } else {
        OtherSalt::Keep
    };
    let condition = Precondition::of(&headers);
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        condition.check(Some(current.revision()))?;
        wanted.put(draft);
        ApiError::refuse(draft.settle_salts(&project, other_salt))
    };
    if query.dry_run {
        let current = scope.environment.current();
        let preview = dry_run::preview(
            Arc::clone(&current),
            edit,
            InvalidFlagPolicy::Refuse,
            (state.engine.now(), Vec::new()),
        )
        .await?;
        let Preview { changes, moves, .. } = preview;
        return response(Copied {
            revision: current.revision(),
            from_revision,
            changes,
            moves: Some(moves),
        });
    }
    let written = scope
        .environment
        .write(author, InvalidFlagPolicy::Refuse, edit)
        .await?;
    response(Copied {
        revision: written.after.revision(),
        from_revision,
        changes: dry_run::changes(written.before, written.after).await?,
        moves: None,
    })
}

fn response(copied: Copied) -> Result<Response, ApiError> {
    let tag = etag::quoted(&copied.revision.to_string())?;
    Ok(([(ETAG, tag)], Json(copied)).into_response())
}

/// What to copy
enum Wanted {
    All(Parts),
    Flags(Vec<(String, Value)>),
}

impl Wanted {
    fn of(source: &PublishedRevision, flags: Option<Vec<String>>) -> Result<Self, ApiError> {
        let objects = source.state().objects(Visibility::All);
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
    scope: &EnvironmentAccess,
    state: &AccessState,
    name: &str,
    pointer: &str,
) -> Result<Arc<Environment>, ApiError> {
    let project = state.engine.project(scope.project());
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
