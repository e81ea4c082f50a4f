//! Reading bodies and queries

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use axum::http::Extensions;
use axum::http::request::Parts;
use flagstaff_core::limits;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::http::api_error::{ApiError, foreign};
use crate::http::budget::FREE;
use crate::http::observe::hold_body;
use crate::http::other_words;
use crate::http::state::HttpState;

/// The maximum size of a body that is not a whole document
pub(crate) const BODY_BYTES: usize = limits::MAX_FLAG_BYTES;
/// The maximum size of a whole document
pub(crate) const DOCUMENT_BYTES: usize = 64 << 20;

/// The time limit for a body, however slowly it arrives, in seconds
const BODY_SECONDS: usize = 30;
/// The minimum speed of a large body, in bytes a second, where that allows more time
const SLOWEST_BODY: usize = 100_000;

/// The body as JSON, whatever its content type says
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S> FromRequest<S> for Body<T>
where
    S: Send + Sync,
    Arc<HttpState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        read_json(request, &Arc::from_ref(state)).await.map(Self)
    }
}

/// The body as JSON
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: Request,
    state: &HttpState,
) -> Result<T, ApiError> {
    from_json(&read_body(request, state, BODY_BYTES).await?)
}

/// Parses JSON of a type: invalid JSON is malformed; JSON of another shape is reported with its place
pub(crate) fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    // Serde also reads a struct from an array, member by member; nobody means that.
    let is_object = text.trim_ascii_start().first() == Some(&b'{');
    if !is_object {
        let _: serde_json::Value = serde_json::from_slice(text).map_err(ApiError::Json)?;
        return Err(ApiError::invalid("", "expected an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let cause = error.into_inner();
        if cause.is_data() {
            ApiError::invalid(pointer, with_hint(&cause.to_string()))
        } else {
            ApiError::Json(cause)
        }
    })?;
    deserializer.end().map_err(ApiError::Json)?;
    Ok(value)
}

/// Serde's message about a body, with a hint if an unknown field has another name here
fn with_hint(message: &str) -> String {
    let unknown = message.strip_prefix("unknown field `");
    let name = unknown.and_then(|rest| rest.split_once('`'));
    let hint = name.and_then(|(name, _)| other_words::EVALUATION.hint(name));
    let message = foreign(message);
    hint.map_or_else(|| message.to_string(), |hint| format!("{message}; {hint}"))
}

/// The JSON pointer of serde's path
fn pointer(path: &serde_path_to_error::Path) -> String {
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    segments.collect()
}

/// Reads the body of a request, up to the `limit` of its route and in the time allowed
pub(crate) async fn read_body(
    request: Request,
    state: &HttpState,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let (parts, body) = request.into_parts();
    whole_body(&parts.extensions, state, (body, limit)).await
}

/// Reads a body before its use is known, in the time allowed for its length
pub(crate) async fn whole_body(
    extensions: &Extensions,
    state: &HttpState,
    (body, limit): (axum::body::Body, usize),
) -> Result<Bytes, ApiError> {
    in_time(limit, collect(extensions, state, (body, limit))).await?
}

async fn collect(
    extensions: &Extensions,
    state: &HttpState,
    (body, limit): (axum::body::Body, usize),
) -> Result<Bytes, ApiError> {
    let declared = body.size_hint().exact();
    let declared = declared.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if declared.is_some_and(|bytes| bytes > limit) {
        return Err(ApiError::TooLarge { limit });
    }
    hold_body(extensions, state, declared.unwrap_or_default()).await?;
    let mut bytes = Vec::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| {
            ApiError::Unreadable(format!(
                "the body broke off: {}",
                foreign(&error.to_string())
            ))
        })?;
        let length = bytes.len().saturating_add(piece.len());
        if length > limit {
            return Err(ApiError::TooLarge { limit });
        }
        if length > FREE {
            // If the length is not known, room for the maximum is taken at once: otherwise callers that hold a part would wait for each
            // other.
            hold_body(extensions, state, declared.unwrap_or(limit)).await?;
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

/// The result of reading a body, in the time allowed for `limit` bytes
pub(crate) async fn in_time<T>(limit: usize, body: impl Future<Output = T>) -> Result<T, ApiError> {
    let seconds = (limit / SLOWEST_BODY).max(BODY_SECONDS);
    let time = Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX));
    let body = tokio::time::timeout(time, body).await;
    body.map_err(|_| ApiError::TooSlow { seconds })
}

/// The parameters of the query
pub(crate) struct QueryParams<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes());
        let parameters =
            serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(query));
        parameters.map(Self).map_err(|error| {
            let name = error.path().iter().next().map(ToString::to_string);
            ApiError::invalid(
                format!("?{}", name.unwrap_or_default()),
                parameter_words(&error.inner().to_string()),
            )
        })
    }
}

/// The message about a parameter that cannot be read, in the words of this API instead of the standard library's
fn parameter_words(message: &str) -> Cow<'_, str> {
    match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "expected a whole number".into()
        }
        "number too large to fit in target type" => "the number is too large".into(),
        "provided string was not `true` or `false`" => "expected `true` or `false`".into(),
        message => foreign(message),
    }
}
