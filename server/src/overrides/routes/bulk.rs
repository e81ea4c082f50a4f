//! `…/flags/{key}/overrides/bulk`: loading many overrides in one revision

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header::ETAG;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{flag, flag_id, objects};
use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::engine::draft::Draft;
use crate::engine::environment::InvalidFlagPolicy;
use crate::engine::published::PublishedRevision;
use crate::http::api_error::ApiError;
use crate::http::body::{DOCUMENT_BYTES, QueryParams, in_time};
use crate::http::etag::{self, IfMatch, Precondition};
use crate::http::observe::hold_body;
use crate::object::ObjectId;
use crate::overrides::bulk::{self, Line, LineDecoder, LoadCounts, MergeMode};
use crate::runtime::offload::offload;

/// The size up to which a part is parsed where it arrives; a body that was buffered comes as one part
const LONG_PART: usize = 256 << 10;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct BulkQuery {
    /// `merge` keeps overrides that no line names, `replace` deletes them
    #[serde(default)]
    #[param(inline)]
    mode: MergeMode,
    /// The level of lines without one; `replace` deletes only overrides of this level
    level: Option<String>,
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
pub(crate) struct Loaded {
    /// The revision of the environment afterwards
    revision: u64,
    dry_run: bool,
    /// The number of lines
    lines: usize,
    #[serde(flatten)]
    tally: LoadCounts,
}

/// Loads many overrides of a flag in one revision: one per line, `{"level", "contextKey", "value", "reason"?}`
///
/// If one line is invalid nothing is stored. A load counts as one change against the limit.
#[utoipa::path(
    post, path = "/flags/{key}/overrides/bulk", tag = "overrides", operation_id = "loadOverrides",
    params(BulkQuery, IfMatch),
    request_body(
        content = String, content_type = "application/x-ndjson", description = "Newline-delimited JSON",
        example = "{\"level\": \"user\", \"contextKey\": \"user-1\", \"value\": \"include\"}\n",
    ),
    responses(
        (status = OK, description = "What changed, or would change", body = Loaded, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn load(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<BulkQuery>,
    request: Request,
) -> Result<Response, ApiError> {
    let (
        Parts {
            headers,
            extensions,
            ..
        },
        body,
    ) = request.into_parts();
    let author = WriteQuery::because(query.reason).author(&scope.principal, &state)?;
    flag(&scope.environment.current(), &scope.key)?;
    let declared = body.size_hint().exact();
    let bytes = declared.and_then(|bytes| usize::try_from(bytes).ok());
    let bytes = bytes.unwrap_or(DOCUMENT_BYTES).min(DOCUMENT_BYTES);
    hold_body(&extensions, &state.http, bytes).await?;
    let lines = in_time(DOCUMENT_BYTES, read(body, query.level.as_deref())).await??;
    let count = lines.len();
    let load = Load {
        flag: flag_id(&scope),
        precondition: Precondition::of(&headers),
        lines,
        mode: query.mode,
        level: query.level,
    };
    let id = load.flag.clone();
    let (revision, version, tally) = if query.dry_run {
        let current = scope.environment.current();
        let state = Arc::clone(&current);
        let tally = offload(move || load.preview(&state)).await??;
        (current.revision(), flag(&current, &id.key)?.version, tally)
    } else {
        let edit = move |current: &PublishedRevision, draft: &mut Draft| load.apply(current, draft);
        let written = scope
            .environment
            .write(author, InvalidFlagPolicy::Refuse, edit)
            .await?;
        let tally = LoadCounts::of(objects(&written.before), objects(&written.after), &id);
        let after = &written.after;
        (after.revision(), flag(after, &id.key)?.version, tally)
    };
    let loaded = Loaded {
        revision,
        dry_run: query.dry_run,
        lines: count,
        tally,
    };
    let tag = etag::quoted(&version.to_string())?;
    Ok(([(ETAG, tag)], Json(loaded)).into_response())
}

/// A load, which may be applied more than once
struct Load {
    flag: ObjectId,
    precondition: Precondition,
    lines: Vec<Line>,
    mode: MergeMode,
    level: Option<String>,
}

impl Load {
    /// The result that the load would have
    fn preview(&self, current: &PublishedRevision) -> Result<LoadCounts, ApiError> {
        let mut draft = Draft::new(current.revision(), objects(current));
        self.apply(current, &mut draft)?;
        Ok(LoadCounts::of(
            objects(current),
            draft.objects(),
            &self.flag,
        ))
    }

    fn apply(&self, current: &PublishedRevision, draft: &mut Draft) -> Result<(), ApiError> {
        let version = flag(current, &self.flag.key)?.version;
        self.precondition.check(Some(version))?;
        let what = (self.mode, self.level.as_deref());
        bulk::apply(&self.lines, what, &self.flag, (current, draft))
    }
}

/// Parses the lines while they arrive: the whole text is never in memory
async fn read(body: Body, level: Option<&str>) -> Result<Vec<Line>, ApiError> {
    let (mut reader, mut stream) = (LineDecoder::new(level), body.into_data_stream());
    let mut bytes = 0_usize;
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| ApiError::Unreadable(error.to_string()))?;
        bytes = bytes.saturating_add(part.len());
        if bytes > DOCUMENT_BYTES {
            let limit = DOCUMENT_BYTES;
            return Err(ApiError::TooLarge { limit });
        }
        if part.len() < LONG_PART {
            reader.read(&part)?;
        } else {
            reader = offload(move || reader.read(&part).map(|()| reader)).await??;
        }
    }
    reader.finish()
}
