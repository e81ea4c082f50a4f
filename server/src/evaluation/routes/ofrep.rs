//! The `OpenFeature` Remote Evaluation Protocol 0.3: one flag, or all flags with an entity tag
//!
//! Authenticated requests get responses in OFREP's shapes, errors included; a request without a suitable key gets problem+json.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, ErrorCode, Outcome, Reason, Timestamp, Value, excerpt};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use crate::access::auth::Principal;
use crate::access::context_signature::{self, SignatureHeader};
use crate::access::guards::key_environment;
use crate::engine::coding::ContentCoding;
use crate::engine::environment::Environment;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::evaluation::outcomes::Counts;
use crate::evaluation::routes::evaluate::no_context;
use crate::evaluation::state::EvaluationState;
use crate::evaluation::visible::VisibleFlags;
use crate::http::api_error::{ApiError, shortened};
use crate::http::body::{QueryParams, read_json};
use crate::http::bounded::{self, BoundedBody};
use crate::http::etag::{self, IfNoneMatch};
use crate::openapi::ContextBody;
use crate::store::{CredentialKind, CredentialRow};
use crate::streams::routes::refetch_stream::RefetchStream;
use crate::streams::token;

const KEYS: &[CredentialKind] = &[CredentialKind::Server, CredentialKind::Client];
/// The version of this server's evaluation and responses: a new one makes old tags stale
const TAG_VERSION: &str = "3";
/// The name of this API in the list of unknown flags
const OFREP: &str = "ofrep";
/// How long a request waits for a change of which its client has been notified
const CATCH_UP: Duration = Duration::from_secs(2);

#[derive(Deserialize, ToSchema)]
#[schema(as = OfrepQuestion)]
struct OfrepRequest {
    #[serde(default = "no_context")]
    #[schema(value_type = ContextBody, required = false)]
    context: Box<RawValue>,
}

/// What a client knows about the change that makes it ask; `flagConfigLastModified` is not needed beside this
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct BulkQuery {
    /// The `etag` of the notice that makes the client ask
    flag_config_etag: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfrepFailure)]
pub(crate) struct Failure<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<&'a str>,
    error_code: &'a str,
    error_details: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OfrepSuccess)]
pub(crate) struct Success<'a> {
    key: &'a str,
    /// Absent where the flag serves nothing: the value is left to the caller's code
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    value: Option<&'a Value>,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    variant: Option<&'a str>,
    #[schema(value_type = Object)]
    metadata: Value,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = OfrepItem)]
enum OfrepResult<'a> {
    Success(Success<'a>),
    Failure(Failure<'a>),
}

#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfrepBulk)]
#[expect(dead_code, reason = "describes what `write_bulk` writes")]
pub(crate) struct Bulk<'a> {
    flags: Vec<OfrepResult<'a>>,
    #[schema(value_type = Vec<RefetchStream>)]
    event_streams: [RefetchStream; 1],
    #[schema(value_type = Object)]
    metadata: Value,
}

/// The end of a bulk response
struct BulkRest {
    event_streams: [RefetchStream; 1],
    metadata: Value,
}

/// Evaluates one flag
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags/{key}", tag = "ofrep", operation_id = "ofrepEvaluateFlag",
    params(SignatureHeader),
    request_body(content = OfrepRequest, example = json!({"context": {"targetingKey": "user-1"}})),
    responses(
        (status = OK, description = "The value", body = Success<'_>),
        (status = BAD_REQUEST, description = "The flag could not be evaluated", body = Failure<'_>),
        (status = NOT_FOUND, description = "There is no such flag", body = Failure<'_>),
    ),
    security(("bearer" = ["server", "client"])),
)]
pub(crate) async fn single(
    principal: Principal,
    Path(key): Path<String>,
    State(state): State<Arc<EvaluationState>>,
    request: Request,
) -> Result<Response, ApiError> {
    let principal = principal.require(KEYS)?;
    // The response repeats it, and no flag has a longer key.
    let key = excerpt(&key);
    let environment = key_environment(&principal, &state.access.engine)?;
    let published = environment.current();
    let context = match read(&principal, request, &state).await? {
        Ok(context) => context,
        Err(failure) => return Ok(failure.respond(Some(&key))),
    };
    let recorder = state.attribute_recorder(&environment, Some(principal.kind()));
    recorder.record(&context);
    let visible = VisibleFlags::of(Some(principal.kind()));
    let snapshot = visible.snapshot_of(&published, &key);
    let outcome = snapshot.evaluate(&key, None, &context, state.now());
    state.usage.of(environment.row().id).record_evaluation(
        snapshot,
        (&key, &outcome),
        (OFREP, state.now()),
    );
    state
        .access
        .http
        .metrics
        .record_evaluations(environment.row(), std::iter::once(outcome.reason));
    let (status, item) = match outcome.error_code() {
        None => (StatusCode::OK, success(&key, &outcome)),
        Some(code) => (status(code), failure(&key, code, visible)),
    };
    Ok((status, [(CACHE_CONTROL, "no-store")], Json(item)).into_response())
}

/// Evaluates all flags
///
/// With the `ETag` of an earlier response to the same request in `If-None-Match`, the response is 304 while nothing has changed.
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags", tag = "ofrep", operation_id = "ofrepEvaluateFlags",
    params(BulkQuery, IfNoneMatch, SignatureHeader),
    request_body(content = OfrepRequest, example = json!({"context": {"targetingKey": "user-1"}})),
    responses(
        (status = OK, description = "The values, and where to hear of changes", body = Bulk<'_>, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "They are what they were", headers(("ETag" = String))),
        (status = BAD_REQUEST, description = "The context cannot be read, or the response would be too long", body = Failure<'_>),
        (status = SERVICE_UNAVAILABLE),
    ),
    security(("bearer" = ["server", "client"])),
)]
pub(crate) async fn bulk(
    principal: Principal,
    State(state): State<Arc<EvaluationState>>,
    QueryParams(query): QueryParams<BulkQuery>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let principal = principal.require(KEYS)?;
    let environment = key_environment(&principal, &state.access.engine)?;
    let context = match read(&principal, request, &state).await? {
        Ok(context) => context,
        Err(failure) => return Ok(failure.respond(None)),
    };
    let recorder = state.attribute_recorder(&environment, Some(principal.kind()));
    recorder.record(&context);
    let noticed = query.flag_config_etag.as_deref();
    let published = as_new_as(&environment, noticed).await;
    let now = state.now();
    let accepted = ContentCoding::accepted(&headers);
    let key = principal.key()?.row();
    let tag = tag(&published, key, &context, now);
    let tag = etag::coded(&tag, accepted)?;
    let cache = [
        (CACHE_CONTROL, "private, no-cache"),
        (VARY, "Authorization, X-API-Key, Accept-Encoding"),
    ];
    // A refetch event of another state means that values are needed, whatever tag the client has.
    let may_be_unchanged =
        noticed.is_none_or(|noticed| noticed == published.cursor(Visibility::All));
    if may_be_unchanged && etag::none_match(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)], cache).into_response());
    }
    let visible = VisibleFlags::of(Some(principal.kind()));
    let request = bounded::Request {
        rate_limit_keys: principal.rate_limit_keys(),
        outcomes: visible.count(&published),
        accepted,
    };
    let rest = BulkRest {
        event_streams: [RefetchStream::new(
            &token::issue(key, now),
            &state.access.http.base_path,
        )],
        metadata: Value::object([
            ("environment", Value::from(&*published.identity().row.name)),
            ("revision", published.revision().to_string().into()),
        ]),
    };
    let evaluated = Arc::clone(&published);
    let made = bounded::respond(&state.access.http, request, move |body| {
        write_bulk(body, (&evaluated, visible), (&context, now), &rest)
    });
    match made.await {
        Ok((made, counts)) => {
            counts.record((&state, &environment, &published), OFREP);
            let json = [(CONTENT_TYPE, "application/json")];
            Ok(([(ETAG, tag)], cache, json, made).into_response())
        }
        Err(error @ ApiError::ResponseTooLong { .. }) => Ok(Refusal {
            code: "GENERAL",
            details: error.to_string(),
        }
        .respond(None)),
        Err(error) => Err(error),
    }
}

/// Writes a [`Bulk`]
fn write_bulk(
    body: &mut BoundedBody,
    flags: (&PublishedRevision, VisibleFlags),
    asked: (&Context, Timestamp),
    rest: &BulkRest,
) -> Result<Counts, ApiError> {
    let mut counts = Counts::default();
    body.push("{\"flags\":[")?;
    let mut is_first = true;
    counts.add_all(flags, asked, |key, outcome| {
        if !std::mem::take(&mut is_first) {
            body.push(",")?;
        }
        let item = outcome
            .error_code()
            .map_or_else(|| success(key, outcome), |code| failure(key, code, flags.1));
        body.push_json(&item)
    })?;
    body.push("],\"eventStreams\":")?;
    body.push_json(&rest.event_streams)?;
    body.push(",\"metadata\":")?;
    body.push_json(&rest.metadata)?;
    body.push("}")?;
    Ok(counts)
}

/// The environment at the state of which a client was notified, or newer. Another node may have sent the event, so this node waits a moment
///
/// After that the current state is used: this node cannot know whether a tag is of a future change or invented.
async fn as_new_as(environment: &Environment, noticed: Option<&str>) -> Arc<PublishedRevision> {
    let Some(noticed) = noticed else {
        return environment.current();
    };
    let mut changes = environment.subscribe();
    let arrived = changes.wait_for(|published| !published.is_behind(noticed));
    match tokio::time::timeout(CATCH_UP, arrived).await {
        Ok(Ok(published)) => Arc::clone(&published),
        _ => environment.current(),
    }
}

/// A hash of everything that a bulk response depends on, without evaluating: the flags, the time if time matters, the key and the expiry
/// of its stream token, and the whole context
fn tag(
    published: &PublishedRevision,
    key: &CredentialRow,
    context: &Context,
    now: Timestamp,
) -> String {
    let boundary = published
        .snapshot()
        .last_boundary(now)
        .map_or(i64::MIN, Timestamp::as_millis);
    let context = Value::Object(context.members().into()).to_canonical();
    let text = [
        TAG_VERSION,
        &published.cursor(Visibility::All),
        &boundary.to_string(),
        key.id(),
        &token::end(now).to_string(),
        &context,
    ]
    .join("\n");
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn success<'a>(key: &'a str, outcome: &'a Outcome<'_>) -> OfrepResult<'a> {
    // OFREP 0.3 has no DEFAULT, and some providers fail on unknown reasons.
    let reason = if outcome.reason == Reason::Default {
        Reason::Static
    } else {
        outcome.reason
    };
    let mut metadata = outcome.metadata.cloned().unwrap_or_default();
    if reason != outcome.reason {
        metadata.insert("flagstaffReason".into(), outcome.reason.as_str().into());
    }
    let value = outcome.value.as_deref().ok();
    OfrepResult::Success(Success {
        key,
        value,
        reason: reason.as_str(),
        variant: outcome.variant,
        metadata: Value::Object(metadata.into()),
    })
}

fn failure(key: &str, code: ErrorCode, visible: VisibleFlags) -> OfrepResult<'_> {
    let details = match (code, visible) {
        // The same message for flags that only others see and for flags that do not exist.
        (ErrorCode::FlagNotFound, VisibleFlags::ClientSide) => {
            "no flag of this key is marked `clientSide`, and a `client` key sees no others"
        }
        _ => code.message(),
    };
    OfrepResult::Failure(Failure {
        key: Some(key),
        error_code: code.as_str(),
        error_details: details.to_owned(),
    })
}

fn status(code: ErrorCode) -> StatusCode {
    if code == ErrorCode::FlagNotFound {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::BAD_REQUEST
    }
}

/// A body that is refused in OFREP's own shape
struct Refusal {
    code: &'static str,
    details: String,
}

impl Refusal {
    fn respond(self, key: Option<&str>) -> Response {
        let body = Failure {
            key,
            error_code: self.code,
            error_details: shortened(&self.details).into_owned(),
        };
        (
            StatusCode::BAD_REQUEST,
            [(CACHE_CONTROL, "no-store")],
            Json(body),
        )
            .into_response()
    }
}

/// Parses the context of a request; a body that cannot be read at all (too long) is an ordinary error
async fn read(
    principal: &Principal,
    request: Request,
    state: &EvaluationState,
) -> Result<Result<Context, Refusal>, ApiError> {
    let signature = context_signature::in_header(request.headers()).map(str::to_owned);
    let refuse = |code: ErrorCode, details: String| {
        Ok(Err(Refusal {
            code: code.as_str(),
            details,
        }))
    };
    match read_json::<OfrepRequest>(request, &state.access.http).await {
        Ok(question) => match Context::from_json(question.context.get()) {
            Ok(context) => {
                context_signature::check(
                    principal,
                    signature.as_deref(),
                    Some(&context),
                    state.now(),
                )?;
                Ok(Ok(context))
            }
            Err(error) => refuse(ErrorCode::InvalidContext, error.to_string()),
        },
        Err(ApiError::Json(error)) => {
            refuse(ErrorCode::ParseError, ApiError::Json(error).to_string())
        }
        Err(ApiError::Invalid { errors }) => {
            let messages: Vec<String> = errors.into_iter().map(|error| error.message).collect();
            refuse(ErrorCode::ParseError, messages.join("; "))
        }
        Err(other) => Err(other),
    }
}
