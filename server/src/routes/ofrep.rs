//! The `OpenFeature` Remote Evaluation Protocol 0.3: one flag, or all of them with an entity tag
//!
//! Answers to authenticated requests have OFREP's shapes, errors included; a request without a fitting key gets problem+json.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, ErrorCode, Outcome, Reason, Snapshot, Timestamp, Value, excerpt};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::{ApiError, shortened};
use crate::auth::{Grant, KeyKind, hex};
use crate::bounded::{self, BoundedBody};
use crate::coding::Coding;
use crate::environment::Environment;
use crate::etag::{self, IfNoneMatch};
use crate::extract::{Body, Parameters, key_environment};
use crate::openapi::ContextBody;
use crate::published::Published;
use crate::routes::evaluate::no_context;
use crate::routes::notices::EventStream;
use crate::routes::outcomes::Counts;
use crate::signing::{self, SIGNATURE, Signed};
use crate::state::AppState;
use crate::store::KeyRow;
use crate::stream_token;
use crate::view::Scope;

const KEYS: &[KeyKind] = &[KeyKind::Server, KeyKind::Client];
/// Of how this server evaluates and answers: a new one makes old tags stale
const TAG_VERSION: &str = "2";
/// Who asks, as the list of unknown flags has it
const OFREP: &str = "ofrep";
/// How long a request waits for a change that its client knows of already
const CATCH_UP: Duration = Duration::from_secs(2);

#[derive(Deserialize, ToSchema)]
#[schema(as = OfrepQuestion)]
struct Question {
    #[serde(default = "no_context")]
    #[schema(value_type = ContextBody, required = false)]
    context: Box<RawValue>,
}

/// What a client has heard of the change that makes it ask; `flagConfigLastModified` says nothing that this does not say better
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct BulkQuery {
    /// The `etag` of the notice that makes the client ask
    flag_config_etag: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfrepFailure)]
pub(super) struct Failure<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<&'a str>,
    error_code: &'a str,
    error_details: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OfrepSuccess)]
pub(super) struct Success<'a> {
    key: &'a str,
    #[schema(value_type = Value)]
    value: &'a Value,
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
enum Item<'a> {
    Success(Success<'a>),
    Failure(Failure<'a>),
}

#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OfrepBulk)]
#[expect(dead_code, reason = "describes what `write_bulk` writes")]
pub(super) struct Bulk<'a> {
    flags: Vec<Item<'a>>,
    #[schema(value_type = Vec<EventStream>)]
    event_streams: [EventStream; 1],
    #[schema(value_type = Object)]
    metadata: Value,
}

/// What a bulk answer ends with
struct BulkRest {
    event_streams: [EventStream; 1],
    metadata: Value,
}

/// Evaluates one flag
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags/{key}", tag = "ofrep", operation_id = "ofrepEvaluateFlag",
    params(Signed),
    request_body(content = Question, example = json!({"context": {"targetingKey": "user-1"}})),
    responses(
        (status = OK, description = "The value", body = Success<'_>),
        (status = BAD_REQUEST, description = "The flag could not be evaluated", body = Failure<'_>),
        (status = NOT_FOUND, description = "There is no such flag", body = Failure<'_>),
    ),
    security(("bearer" = ["server", "client"])),
)]
pub(super) async fn single(
    grant: Grant,
    Path(key): Path<String>,
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let grant = grant.require(KEYS)?;
    // The answer repeats it, and no flag has a key that is longer.
    let key = excerpt(&key);
    let environment = key_environment(&grant, &state)?;
    let published = environment.current();
    let context = match read(&grant, request, &state).await? {
        Ok(context) => context,
        Err(failure) => return Ok(failure.respond(Some(&key))),
    };
    let outcome = published
        .snapshot()
        .evaluate(&key, None, &context, state.now());
    state.usage().of(environment.row().id).answered(
        published.snapshot(),
        (&key, &outcome),
        (OFREP, state.now()),
    );
    state
        .metrics()
        .evaluated(environment.row(), std::iter::once(outcome.reason));
    let (status, item) = match outcome.error_code {
        None => (StatusCode::OK, success(&key, &outcome)),
        Some(code) => (status(code), failure(&key, code)),
    };
    Ok((status, [(CACHE_CONTROL, "no-store")], Json(item)).into_response())
}

/// Evaluates all flags
///
/// `If-None-Match` with the `ETag` of an earlier answer to the same question is answered 304 while nothing has changed.
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags", tag = "ofrep", operation_id = "ofrepEvaluateFlags",
    params(BulkQuery, IfNoneMatch, Signed),
    request_body(content = Question, example = json!({"context": {"targetingKey": "user-1"}})),
    responses(
        (status = OK, description = "The values, and where to hear of changes", body = Bulk<'_>, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "They are what they were", headers(("ETag" = String))),
        (status = BAD_REQUEST, description = "The context cannot be read, or the response would be too long", body = Failure<'_>),
        (status = SERVICE_UNAVAILABLE),
    ),
    security(("bearer" = ["server", "client"])),
)]
pub(super) async fn bulk(
    grant: Grant,
    State(state): State<AppState>,
    Parameters(query): Parameters<BulkQuery>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let grant = grant.require(KEYS)?;
    let environment = key_environment(&grant, &state)?;
    let context = match read(&grant, request, &state).await? {
        Ok(context) => context,
        Err(failure) => return Ok(failure.respond(None)),
    };
    let noticed = query.flag_config_etag.as_deref();
    let published = as_new_as(&environment, noticed).await;
    let now = state.now();
    let accepted = Coding::accepted(&headers);
    let key = grant.key()?.row();
    let tag = tag(&published, key, &context, now);
    let tag = etag::coded(&tag, accepted)?;
    let cache = [
        (CACHE_CONTROL, "private, no-cache"),
        (VARY, "Authorization, X-API-Key, Accept-Encoding"),
    ];
    // A notice of another state than this one asks for values, whatever the client holds.
    let may_be_unchanged = noticed.is_none_or(|noticed| noticed == published.cursor(Scope::All));
    if may_be_unchanged && etag::none_match(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)], cache).into_response());
    }
    let request = bounded::Request {
        bill: grant.bill(),
        kind: Some(grant.kind()),
        outcomes: published.snapshot().flags().len(),
        accepted,
    };
    let rest = BulkRest {
        event_streams: [EventStream::new(&stream_token::issue(key, now))],
        metadata: Value::object([
            ("environment", Value::from(&*published.identity().row.name)),
            ("revision", published.revision().to_string().into()),
        ]),
    };
    let evaluated = Arc::clone(&published);
    let made = bounded::respond(&state, request, move |body| {
        write_bulk(body, evaluated.snapshot(), (&context, now), &rest)
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
    snapshot: &Snapshot,
    asked: (&Context, Timestamp),
    rest: &BulkRest,
) -> Result<Counts, ApiError> {
    let mut counts = Counts::default();
    body.push("{\"flags\":[")?;
    let mut is_first = true;
    counts.add_all(snapshot, asked, |key, outcome| {
        if !std::mem::take(&mut is_first) {
            body.push(",")?;
        }
        let item = outcome
            .error_code
            .map_or_else(|| success(key, outcome), |code| failure(key, code));
        body.push_json(&item)
    })?;
    body.push("],\"eventStreams\":")?;
    body.push_json(&rest.event_streams)?;
    body.push(",\"metadata\":")?;
    body.push_json(&rest.metadata)?;
    body.push("}")?;
    Ok(counts)
}

/// The environment as it was when a client was told of a change, or newer; another node may have told it, so this one waits a moment
///
/// What has not come by then is answered as of now: whether a tag is of a change to come or made up, nobody can tell here.
async fn as_new_as(environment: &Environment, noticed: Option<&str>) -> Arc<Published> {
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

/// Everything that a bulk answer depends on, without evaluating: the flags, the time where time decides, the key and until when its
/// stream token holds, the whole context
fn tag(published: &Published, key: &KeyRow, context: &Context, now: Timestamp) -> String {
    let boundary = published
        .snapshot()
        .last_boundary(now)
        .map_or(i64::MIN, Timestamp::as_millis);
    let context = Value::Object(context.members().into()).to_canonical();
    let text = [
        TAG_VERSION,
        &published.cursor(Scope::All),
        &boundary.to_string(),
        key.id(),
        &stream_token::end(now).to_string(),
        &context,
    ]
    .join("\n");
    hex(&Sha256::digest(text.as_bytes()))
}

fn success<'a>(key: &'a str, outcome: &'a Outcome<'_>) -> Item<'a> {
    // The enumeration of OFREP 0.3 has no DEFAULT, and some providers fail on what they do not know.
    let reason = if outcome.reason == Reason::Default {
        Reason::Static
    } else {
        outcome.reason
    };
    let mut metadata = outcome.metadata.cloned().unwrap_or_default();
    if reason != outcome.reason {
        metadata.insert("flagstaffReason".into(), outcome.reason.as_str().into());
    }
    let value = outcome.value.as_deref().unwrap_or(&Value::Null);
    Item::Success(Success {
        key,
        value,
        reason: reason.as_str(),
        variant: outcome.variant,
        metadata: Value::Object(metadata.into()),
    })
}

fn failure(key: &str, code: ErrorCode) -> Item<'_> {
    Item::Failure(Failure {
        key: Some(key),
        error_code: code.as_str(),
        error_details: code.message().to_owned(),
    })
}

fn status(code: ErrorCode) -> StatusCode {
    if code == ErrorCode::FlagNotFound {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::BAD_REQUEST
    }
}

/// A body that gets an answer in OFREP's own shape
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

/// The context of a request; a body that cannot be read at all (too long) is an ordinary error
async fn read(
    grant: &Grant,
    request: Request,
    state: &AppState,
) -> Result<Result<Context, Refusal>, ApiError> {
    let signature = request.headers().get(SIGNATURE).cloned();
    let refuse = |code: ErrorCode, details: String| {
        Ok(Err(Refusal {
            code: code.as_str(),
            details,
        }))
    };
    match Body::<Question>::from_request(request, state).await {
        Ok(Body(question)) => match Context::from_json(question.context.get()) {
            Ok(context) => {
                signing::check(grant, signature.as_ref(), Some(&context), state.now())?;
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
