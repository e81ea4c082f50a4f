//! `…/flags/{key}/overrides/bulk`: many overrides in one revision

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{Extensions, HeaderMap};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{flag, flag_id, objects};
use crate::api_error::ApiError;
use crate::draft::Draft;
use crate::environment::Invalid;
use crate::etag::{self, IfMatch, Precondition};
use crate::extract::{AdminScope, DOCUMENT_BYTES, Parameters, WriteQuery, in_time};
use crate::object::ObjectId;
use crate::observe::hold_body;
use crate::offload::offload;
use crate::overrides::bulk::{self, Line, Mode, Reader, Tally};
use crate::published::Published;
use crate::state::AppState;

/// Bytes that are read at once where they arrive; a body that was kept before it is read comes in one part
const LONG_PART: usize = 256 << 10;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(in crate::routes) struct BulkQuery {
    /// `merge` leaves alone what no line names, `replace` removes it
    #[serde(default)]
    #[param(inline)]
    mode: ModeName,
    /// The level of lines that leave theirs out; `replace` removes no others
    level: Option<String>,
    /// Only tell what would change
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum ModeName {
    #[default]
    Merge,
    Replace,
}

/// What a load did, or would do
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct Loaded {
    /// The revision that the environment is at now
    revision: u64,
    dry_run: bool,
    /// How many lines were read
    lines: usize,
    #[serde(flatten)]
    tally: Tally,
}

/// Loads many overrides of a flag in one revision: one a line, `{"level", "contextKey", "value", "reason"?}`
///
/// One bad line and nothing is stored. A load counts as one change against the limit.
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
pub(in crate::routes) async fn load(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<BulkQuery>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> Result<Response, ApiError> {
    let author = WriteQuery::because(query.reason).author(&scope.grant, &state)?;
    flag(&scope.environment.current(), &scope.key)?;
    let told = body.size_hint().exact();
    let bytes = told.and_then(|bytes| usize::try_from(bytes).ok());
    let bytes = bytes.unwrap_or(DOCUMENT_BYTES).min(DOCUMENT_BYTES);
    hold_body(&extensions, &state, bytes).await?;
    let lines = in_time(DOCUMENT_BYTES, read(body, query.level.as_deref())).await??;
    let count = lines.len();
    let mode = match query.mode {
        ModeName::Merge => Mode::Merge,
        ModeName::Replace => Mode::Replace,
    };
    let load = Load {
        flag: flag_id(&scope),
        precondition: Precondition::of(&headers),
        lines,
        mode,
        level: query.level,
    };
    let id = load.flag.clone();
    let (revision, version, tally) = if query.dry_run {
        let current = scope.environment.current();
        let state = Arc::clone(&current);
        let tally = offload(move || load.preview(&state)).await??;
        (current.revision(), flag(&current, &id.key)?.version, tally)
    } else {
        let edit = move |current: &Published, draft: &mut Draft| load.apply(current, draft);
        let written = scope
            .environment
            .write(author, Invalid::Refuse, edit)
            .await?;
        let tally = Tally::of(objects(&written.before), objects(&written.after), &id);
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

/// What a load does, however often it is tried
struct Load {
    flag: ObjectId,
    precondition: Precondition,
    lines: Vec<Line>,
    mode: Mode,
    level: Option<String>,
}

impl Load {
    /// What the load would do
    fn preview(&self, current: &Published) -> Result<Tally, ApiError> {
        let mut draft = Draft::new(current.revision(), objects(current));
        self.apply(current, &mut draft)?;
        Ok(Tally::of(objects(current), draft.objects(), &self.flag))
    }

    fn apply(&self, current: &Published, draft: &mut Draft) -> Result<(), ApiError> {
        let version = flag(current, &self.flag.key)?.version;
        self.precondition.check(Some(version))?;
        let what = (self.mode, self.level.as_deref());
        bulk::apply(&self.lines, what, &self.flag, (current, draft))
    }
}

/// Reads the lines while they arrive: their text is nowhere whole
async fn read(body: Body, level: Option<&str>) -> Result<Vec<Line>, ApiError> {
    let (mut reader, mut stream) = (Reader::new(level), body.into_data_stream());
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
