//! What handlers ask of a request: bodies, queries, and the environment that a key or a path names

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::Extensions;
use axum::http::request::Parts;
use flagstaff_core::limits;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use utoipa::IntoParams;

use crate::api_error::{ApiError, foreign};
use crate::auth::{Grant, KeyKind};
use crate::budget::FREE;
use crate::environment::{Author, Environment};
use crate::observe::hold_body;
use crate::state::AppState;

/// Characters of a reason
const REASON_LENGTH: usize = 500;
/// Bytes of a body that is no whole document
pub(crate) const BODY_BYTES: usize = limits::FLAG_BYTES;
/// Bytes of a whole document
pub(crate) const DOCUMENT_BYTES: usize = 64 << 20;

/// Seconds that any body may take, however slowly it comes
const BODY_SECONDS: usize = 30;
/// Bytes a second of one that may be so long that it takes longer
const SLOWEST_BODY: usize = 100_000;

const READERS: &[KeyKind] = KeyKind::ROLES;
const WRITERS: &[KeyKind] = &[KeyKind::Editor, KeyKind::Admin];
/// Who says who has access
pub(crate) const ADMINS: &[KeyKind] = &[KeyKind::Admin];

/// The body as JSON of any type, whatever its content type says
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let bytes = read_body(request, state, BODY_BYTES).await?;
        from_json(&bytes).map(Self)
    }
}

/// A text as JSON of a type: what is no JSON is malformed, what is JSON of another shape is told by its place
pub(crate) fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, ApiError> {
    // Serde reads a struct from an array too, member by member, and nobody means that.
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
            ApiError::invalid(pointer, foreign(&cause.to_string()))
        } else {
            ApiError::Json(cause)
        }
    })?;
    deserializer.end().map_err(ApiError::Json)?;
    Ok(value)
}

/// The JSON pointer of a place that serde names
fn pointer(path: &serde_path_to_error::Path) -> String {
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    segments.collect()
}

/// The body of a request, of whose route `limit` is the bound, in the time that it may take
pub(crate) async fn read_body(
    request: Request,
    state: &AppState,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let (parts, body) = request.into_parts();
    whole_body(&parts.extensions, state, (body, limit)).await
}

/// A body before it is known what for, in the time that one of this length may take
pub(crate) async fn whole_body(
    extensions: &Extensions,
    state: &AppState,
    (body, limit): (axum::body::Body, usize),
) -> Result<Bytes, ApiError> {
    in_time(limit, collect(extensions, state, (body, limit))).await?
}

async fn collect(
    extensions: &Extensions,
    state: &AppState,
    (body, limit): (axum::body::Body, usize),
) -> Result<Bytes, ApiError> {
    let told = body.size_hint().exact();
    let told = told.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if told.is_some_and(|bytes| bytes > limit) {
        return Err(ApiError::TooLarge { limit });
    }
    hold_body(extensions, state, told.unwrap_or_default()).await?;
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
            // Of one that does not say how long it is, all that it may come to: who has some would otherwise wait for who has the rest.
            hold_body(extensions, state, told.unwrap_or(limit)).await?;
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

/// What reading a body comes to, in the time that one of at most `limit` bytes may take
pub(crate) async fn in_time<T>(limit: usize, body: impl Future<Output = T>) -> Result<T, ApiError> {
    let seconds = (limit / SLOWEST_BODY).max(BODY_SECONDS);
    let time = Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX));
    let body = tokio::time::timeout(time, body).await;
    body.map_err(|_| ApiError::TooSlow { seconds })
}

/// The parameters of the query
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes());
        let parameters =
            serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(query));
        parameters.map(Self).map_err(|error| {
            let name = error.path().iter().next().map(ToString::to_string);
            ApiError::invalid(
                format!("?{}", name.unwrap_or_default()),
                foreign(&error.inner().to_string()),
            )
        })
    }
}

/// An environment named by the path, and somebody with a role in its project
#[derive(Debug)]
pub(crate) struct AdminScope {
    pub(crate) grant: Grant,
    pub(crate) environment: Arc<Environment>,
    /// The key of the flag, or the id of the key, on routes that have one
    pub(crate) key: String,
}

impl AdminScope {
    /// The project's name
    pub(crate) fn project(&self) -> &str {
        &self.environment.row().project
    }

    /// The environment's name
    pub(crate) fn name(&self) -> &str {
        &self.environment.row().name
    }
}

impl FromRequestParts<AppState> for AdminScope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let project = ProjectScope::from_request_parts(parts, state).await?;
        let mut names = path(parts, state).await?;
        let name = names.remove("environment").unwrap_or_default();
        let environment = state
            .project(&project.name)
            .into_iter()
            .find(|environment| *environment.row().name == *name);
        let environment = environment.ok_or(ApiError::NotFound {
            what: "environment",
            name,
        })?;
        Ok(Self {
            grant: project.grant,
            environment,
            key: names.remove("key").unwrap_or_default(),
        })
    }
}

/// A project named by the path, and somebody with a role in it: a viewer to read, an editor to change something; what asks for more
/// says so itself
#[derive(Debug)]
pub(crate) struct ProjectScope {
    pub(crate) grant: Grant,
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The id of the token, on routes that have one
    pub(crate) key: String,
}

impl FromRequestParts<AppState> for ProjectScope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let kinds = if parts.method.is_safe() {
            READERS
        } else {
            WRITERS
        };
        let grant = Grant::from_request_parts(parts, state).await?;
        let grant = grant.require(kinds)?;
        let mut names = path(parts, state).await?;
        let name = names.remove("project").unwrap_or_default();
        let key = names.remove("key").unwrap_or_default();
        let id = state
            .project(&name)
            .first()
            .map(|environment| environment.row().project_id);
        // A project of somebody else's is none of the caller's business.
        match id.and_then(|id| Some((id, grant.in_project(id)?))) {
            Some((id, grant)) => Ok(Self {
                grant: grant.require(kinds)?,
                id,
                name,
                key,
            }),
            None => Err(ApiError::NotFound {
                what: "project",
                name,
            }),
        }
    }
}

/// Who may write by a route, and how long its bodies may be
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteAccess {
    kinds: &'static [KeyKind],
    pub(crate) body_bytes: usize,
}

impl WriteAccess {
    /// Editors and admins, of one object at a time
    pub(crate) const EDITORS: Self = Self {
        kinds: WRITERS,
        body_bytes: BODY_BYTES,
    };
    /// Editors and admins, of whole documents
    pub(crate) const DOCUMENTS: Self = Self {
        kinds: WRITERS,
        body_bytes: DOCUMENT_BYTES,
    };
    /// Admins
    pub(crate) const ADMINS: Self = Self {
        kinds: ADMINS,
        body_bytes: BODY_BYTES,
    };

    /// Who writes, if they may; counts the request, which the route then does not count again
    pub(crate) async fn admit(
        self,
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Grant, ApiError> {
        let grant = Grant::from_request_parts(parts, state).await?;
        parts.extensions.insert(grant.clone());
        let names = path(parts, state).await?;
        if names.contains_key("project") {
            let project = ProjectScope::from_request_parts(parts, state).await?;
            project.grant.require(self.kinds)?;
            Ok(grant)
        } else {
            grant.require(self.kinds)
        }
    }
}

async fn path(parts: &mut Parts, state: &AppState) -> Result<BTreeMap<String, String>, ApiError> {
    let path = Path::from_request_parts(parts, state).await;
    path.map(|Path(names)| names)
        .map_err(|error| ApiError::Unreadable(foreign(&error.body_text()).into_owned()))
}

/// The environment of a key
pub(crate) fn key_environment(
    grant: &Grant,
    state: &AppState,
) -> Result<Arc<Environment>, ApiError> {
    grant
        .environment()
        .and_then(|id| state.environment(id))
        .ok_or(ApiError::Forbidden("the key is for no environment"))
}

/// What every write may say about itself
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WriteQuery {
    /// Why, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

impl WriteQuery {
    /// What a query that says more than this says about the write
    pub(crate) fn because(reason: Option<String>) -> Self {
        Self { reason }
    }

    /// The same, unless something more precise is said elsewhere
    pub(crate) fn or_because(self, reason: Option<String>) -> Self {
        Self {
            reason: reason.or(self.reason),
        }
    }

    /// Who writes, when and why
    pub(crate) fn author(self, grant: &Grant, state: &AppState) -> Result<Author, ApiError> {
        author(self.reason, grant, state)
    }
}

/// What [`is_reason`] takes
pub(crate) const REASON: &str = "at most 500 characters, none of them NUL";

/// Whether a text can be kept as the reason of a write
pub(crate) fn is_reason(text: &str) -> bool {
    text.chars().count() <= REASON_LENGTH && !text.contains('\0')
}

/// Who writes, when and why
pub(crate) fn author(
    reason: Option<String>,
    grant: &Grant,
    state: &AppState,
) -> Result<Author, ApiError> {
    if !reason.as_deref().is_none_or(is_reason) {
        return Err(ApiError::invalid("?reason", format!("expected {REASON}")));
    }
    Ok(Author {
        actor: grant.actor(),
        at: state.now(),
        reason: reason.filter(|reason| !reason.is_empty()),
        origin: grant.origin().clone(),
    })
}

/// Items of one page: 50 unless told otherwise, at most 200
pub(crate) fn page_size(limit: Option<u32>) -> Result<usize, ApiError> {
    match limit.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit as usize),
        other => Err(ApiError::invalid(
            "?limit",
            format!("expected 1 to 200, got {other}"),
        )),
    }
}
