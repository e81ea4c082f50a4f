//! `…/segments/{key}/ids`: the ids in the lists of a segment, one by one and in bulk

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, Path, Request, State};
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::engine::draft::Draft;
use crate::engine::environment::InvalidFlagPolicy;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::http::api_error::ApiError;
use crate::http::body::{DOCUMENT_BYTES, QueryParams, read_body};
use crate::http::etag::{self, IfMatch, Precondition};
use crate::http::paging::{Page, PageQuery};
use crate::object::{Body, ObjectId, ObjectKind, Objects};
use crate::runtime::offload::offload;
use crate::segments::bulk::{Load, LoadCounts, LoadMode};
use crate::segments::ids::{IdFilter, LIST_NAMES, ListName, PRESENT, SegmentId, is_id, is_kind};
use crate::segments::object::{missing, version};

/// The id in the path, and a caller with a role in its project
pub(crate) struct IdAccess {
    scope: EnvironmentAccess,
    list: ListName,
    kind: String,
    id: String,
}

#[derive(Deserialize)]
struct IdPath {
    list: String,
    kind: String,
    id: String,
}

impl<S> FromRequestParts<S> for IdAccess
where
    S: Send + Sync,
    Arc<AccessState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let scope = EnvironmentAccess::from_request_parts(parts, state).await?;
        let path = Path::<IdPath>::from_request_parts(parts, state).await;
        let Path(IdPath { list, kind, id }) =
            path.map_err(|error| ApiError::Unreadable(error.body_text()))?;
        let list = list.parse();
        let wrong = |()| ApiError::invalid("/list", format!("expected {LIST_NAMES}"));
        let list = list.map_err(wrong)?;
        if !is_kind(&kind) {
            return Err(ApiError::invalid(
                "/kind",
                "expected a kind of context, as `user`",
            ));
        }
        if !is_id(&id) {
            return Err(ApiError::invalid(
                "/id",
                "expected 1 to 255 characters without NUL",
            ));
        }
        Ok(Self {
            scope,
            list,
            kind,
            id,
        })
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct IdsQuery {
    /// Only in this list, `include` or `exclude`
    list: Option<String>,
    /// Only of this kind of context
    kind: Option<String>,
    /// Part of the id, in upper or lower case
    search: Option<String>,
}

/// Lists the ids of a segment, by list, kind and id
#[utoipa::path(
    get, path = "/segments/{key}/ids", tag = "segments", operation_id = "listSegmentIds",
    params(PageQuery, IdsQuery),
    responses((status = OK, description = "A page", body = Page<SegmentId>)),
)]
pub(crate) async fn list(
    scope: EnvironmentAccess,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<IdsQuery>,
) -> Result<Response, ApiError> {
    let filter = IdFilter::new(query.list.as_deref(), query.kind, query.search.as_deref())?;
    let current = scope.environment.current();
    let objects = objects(&current);
    let segment = segment(&scope);
    objects.get(&segment).ok_or_else(|| missing(&segment))?;
    let page = filter.page((objects, &segment), &page)?;
    Ok(Json(page).into_response())
}

/// Adds an id to a list of a segment
#[utoipa::path(
    put, path = "/segments/{key}/ids/{list}/{kind}/{id}", tag = "segments", operation_id = "putSegmentId",
    params(WriteQuery, IfMatch),
    responses(
        (status = OK, description = "It was there", body = SegmentId, headers(("ETag" = String))),
        (status = CREATED, description = "It was not there, and is", body = SegmentId, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED),
    ),
)]
pub(crate) async fn put(
    IdAccess {
        scope,
        list,
        kind,
        id,
    }: IdAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let author = query.author(&scope.principal, &state)?;
    let (segment, precondition) = (segment(&scope), Precondition::of(&headers));
    let (own, of, entry) = (segment.clone(), list.of(&scope.key, &kind), id.clone());
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        check(current, &own, &precondition)?;
        draft.put_entry(&of, &entry, PRESENT);
        Ok(())
    };
    let written = scope
        .environment
        .write(author, InvalidFlagPolicy::Refuse, edit)
        .await?;
    let held = objects(&written.before).get(&list.of(&scope.key, &kind));
    let was_there = held.is_some_and(|held| match &held.body {
        Body::List(entries) => entries.contains_key(&*id),
        Body::Whole(_) => false,
    });
    let status = if was_there {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let item = SegmentId {
        list: list.name(),
        kind,
        id: id.into(),
    };
    answer(status, (&written.after, &segment), item)
}

/// Removes an id from a list of a segment
#[utoipa::path(
    delete, path = "/segments/{key}/ids/{list}/{kind}/{id}", tag = "segments", operation_id = "deleteSegmentId",
    params(WriteQuery, IfMatch),
    responses((status = NO_CONTENT, description = "It is removed"), (status = CONFLICT), (status = PRECONDITION_FAILED)),
)]
pub(crate) async fn delete(
    IdAccess {
        scope,
        list,
        kind,
        id,
    }: IdAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let author = query.author(&scope.principal, &state)?;
    let (segment, precondition) = (segment(&scope), Precondition::of(&headers));
    let of = list.of(&scope.key, &kind);
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        check(current, &segment, &precondition)?;
        let held = objects(current).get(&of).map(|held| &held.body);
        match held {
            Some(Body::List(entries)) if entries.contains_key(&*id) => {}
            _ => {
                return Err(ApiError::NotFound {
                    what: "id",
                    name: id.clone(),
                });
            }
        }
        draft.remove_entry(&of, &id);
        Ok(())
    };
    scope
        .environment
        .write(author, InvalidFlagPolicy::Refuse, edit)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct LoadQuery {
    /// `merge` adds the ids, `replace` also removes all others, `remove` removes the ids
    #[serde(default)]
    #[param(inline)]
    mode: LoadMode,
    /// The list of lines without one, `include` by default; `replace` removes only ids of this list
    list: Option<String>,
    /// The kind of context of lines without one; `replace` removes only ids of this kind
    kind: Option<String>,
    /// Only return what would change
    #[serde(default)]
    dry_run: bool,
    /// The reason, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// The result of a load, or of a dry run
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SegmentLoad)]
pub(crate) struct LoadResponse {
    /// The revision of the environment afterwards
    revision: u64,
    dry_run: bool,
    /// The number of lines
    lines: usize,
    #[serde(flatten)]
    counts: LoadCounts,
}

/// Loads many ids of a segment in one revision: one per line, `"u-17"` or `{"id", "kind"?, "list"?}`
///
/// If one line is invalid nothing is stored.
#[utoipa::path(
    post, path = "/segments/{key}/ids/bulk", tag = "segments", operation_id = "loadSegmentIds",
    params(LoadQuery, IfMatch),
    request_body(
        content = String, content_type = "application/x-ndjson", description = "Newline-delimited JSON",
        example = "\"u-17\"\n{\"id\": \"acme\", \"kind\": \"organization\"}\n",
    ),
    responses(
        (status = OK, description = "What changed, or would change", body = LoadResponse, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED),
    ),
)]
pub(crate) async fn load(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<LoadQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    let author = WriteQuery::because(query.reason).author(&scope.principal, &state)?;
    let precondition = Precondition::of(request.headers());
    let segment = segment(&scope);
    check(&scope.environment.current(), &segment, &precondition)?;
    if !query.kind.as_deref().is_none_or(is_kind) {
        return Err(ApiError::invalid(
            "?kind",
            "expected a kind of context, as `user`",
        ));
    }
    let filter = IdFilter::new(query.list.as_deref(), query.kind, None)?;
    let body = read_body(request, &state.http, DOCUMENT_BYTES).await?;
    let key = scope.key.clone();
    let load = offload(move || Load::read(&key, (filter, query.mode), &body)).await??;
    let lines = load.lines;
    let own = segment.clone();
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        check(current, &own, &precondition)?;
        load.apply(draft)
    };
    let (published, counts) = if query.dry_run {
        let current = scope.environment.current();
        let (before, own) = (Arc::clone(&current), segment.clone());
        let preview = offload(move || {
            let mut draft = Draft::new(before.revision(), objects(&before));
            edit(&before, &mut draft)?;
            Ok::<_, ApiError>(LoadCounts::of(objects(&before), draft.objects(), &own))
        });
        (current, preview.await??)
    } else {
        let written = scope
            .environment
            .write(author, InvalidFlagPolicy::Refuse, edit)
            .await?;
        let counts = LoadCounts::of(objects(&written.before), objects(&written.after), &segment);
        (written.after, counts)
    };
    let response = LoadResponse {
        revision: published.revision(),
        dry_run: query.dry_run,
        lines,
        counts,
    };
    answer(StatusCode::OK, (&published, &segment), response)
}

fn segment(scope: &EnvironmentAccess) -> ObjectId {
    ObjectId::new(ObjectKind::Segment, scope.key.as_str())
}

fn objects(published: &PublishedRevision) -> &Objects {
    published.state().objects(Visibility::All)
}

/// Fails if the segment does not exist, or is not in the state that the caller expects
fn check(
    current: &PublishedRevision,
    segment: &ObjectId,
    precondition: &Precondition,
) -> Result<(), ApiError> {
    let objects = objects(current);
    let held = objects.get(segment);
    precondition.check(held.map(|held| version(objects, segment, held)))?;
    held.map(drop).ok_or_else(|| missing(segment))
}

fn answer<T: Serialize>(
    status: StatusCode,
    (published, segment): (&PublishedRevision, &ObjectId),
    item: T,
) -> Result<Response, ApiError> {
    let objects = objects(published);
    let held = objects.get(segment).ok_or_else(|| missing(segment))?;
    let tag = etag::quoted(&version(objects, segment, held).to_string())?;
    Ok((status, [(ETAG, tag)], Json(item)).into_response())
}
