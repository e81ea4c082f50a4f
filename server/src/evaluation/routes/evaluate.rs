//! `POST /api/v1/evaluate` with a key, and `POST …/environments/{environment}/evaluate` with a token: full outcomes in canonical JSON, for
//! one flag or all, with an explanation on request

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, ContextError, ExpectedType, Snapshot, Timestamp, Value};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::access::auth::Principal;
use crate::access::context_signature::{self, SignatureHeader};
use crate::access::guards::key_environment;
use crate::engine::coding::ContentCoding;
use crate::engine::environment::Environment;
use crate::engine::published::PublishedRevision;
use crate::evaluation::hints;
use crate::evaluation::outcomes::{Counts, Members};
use crate::evaluation::routes::values::ValuesAccess;
use crate::evaluation::state::EvaluationState;
use crate::evaluation::visible::VisibleFlags;
use crate::http::api_error::ApiError;
use crate::http::body::Body;
use crate::http::bounded::{self, BoundedBody};
use crate::http::rate::RateLimitKeys;
use crate::openapi::Evaluation;
use crate::store::CredentialKind;

/// The name of this API in the list of unknown flags
pub(crate) const EVALUATE: &str = "evaluate";

/// Values are parsed as the core's, so that numbers are the same as in every binding
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EvaluationRequest {
    /// The key of one flag; all flags if absent
    #[serde(default)]
    flag: Option<String>,
    /// The expected type: a value of another type is `TYPE_MISMATCH`
    #[serde(default, rename = "type")]
    #[schema(pattern = "^(boolean|string|number|object)$")]
    value_type: Option<String>,
    /// The value if the flag has none
    #[serde(default)]
    #[schema(value_type = Value)]
    default: Value,
    /// The context, as a `ContextBody`; anything else evaluates to `INVALID_CONTEXT`
    #[serde(default = "no_context")]
    #[schema(value_type = Value, required = false)]
    context: Box<RawValue>,
    /// The instant of the evaluation; not for `client` keys
    #[serde(default)]
    #[schema(format = DateTime)]
    now: Option<String>,
    /// Whether to return an explanation, for one flag; not for `client` keys
    #[serde(default)]
    explain: bool,
}

/// The context is parsed by the core, which limits its depth itself
pub(crate) fn no_context() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_default()
}

/// Evaluates one flag or all flags for a context, with an explanation on request
///
/// The response is in canonical JSON, the same as every SDK's.
#[utoipa::path(
    post, path = "/api/v1/evaluate", tag = "evaluation", operation_id = "evaluate",
    params(SignatureHeader),
    request_body(content = EvaluationRequest, example = json!({"flag": "new-checkout", "context": {"targetingKey": "user-1"}})),
    responses((status = OK, description = "What it evaluates to", body = Evaluation)),
    security(("bearer" = ["server", "client"])),
)]
pub(crate) async fn evaluate(
    principal: Principal,
    State(state): State<Arc<EvaluationState>>,
    headers: HeaderMap,
    Body(request): Body<EvaluationRequest>,
) -> Result<Response, ApiError> {
    if CredentialKind::ROLES.contains(&principal.kind()) {
        return Err(ApiError::Forbidden(
            "a token is for no environment: evaluate by `POST /api/v1/projects/{project}/environments/{environment}/evaluate`",
        ));
    }
    let principal = principal.require(&[CredentialKind::Server, CredentialKind::Client])?;
    let environment = key_environment(&principal, &state.access.engine)?;
    let context = Context::from_json(request.context.get());
    let given = context_signature::in_header(&headers);
    context_signature::check(&principal, given, context.as_ref().ok(), state.now())?;
    let caller = Caller {
        kind: principal.kind(),
        rate_limit_keys: principal.rate_limit_keys(),
    };
    respond((&state, &environment, caller), (request, context), &headers).await
}

/// Evaluates one flag or all flags of an environment, with the token of a person or script
///
/// The same as `POST /api/v1/evaluate` with a `server` key.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/environments/{environment}/evaluate", tag = "evaluation", operation_id = "evaluateIn",
    request_body(content = EvaluationRequest, example = json!({"flag": "new-checkout", "context": {"targetingKey": "user-1"}, "explain": true})),
    responses((status = OK, description = "What it evaluates to", body = Evaluation)),
    security(("bearer" = ["server", "viewer", "editor", "admin"])),
)]
pub(crate) async fn evaluate_in(
    access: ValuesAccess,
    State(state): State<Arc<EvaluationState>>,
    headers: HeaderMap,
    Body(request): Body<EvaluationRequest>,
) -> Result<Response, ApiError> {
    let caller = Caller {
        kind: access.require(&[CredentialKind::Server])?,
        rate_limit_keys: access.rate_limit_keys(),
    };
    let context = Context::from_json(request.context.get());
    respond(
        (&state, &access.environment, caller),
        (request, context),
        &headers,
    )
    .await
}

/// The caller
struct Caller<'a> {
    kind: CredentialKind,
    rate_limit_keys: &'a RateLimitKeys,
}

async fn respond(
    (state, environment, caller): (&EvaluationState, &Arc<Environment>, Caller<'_>),
    (request, context): (EvaluationRequest, Result<Context, ContextError>),
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    if let Ok(context) = &context {
        let recorder = state.attribute_recorder(environment, Some(caller.kind));
        recorder.record(context);
    }
    let published = environment.current();
    let now = now(request.now.as_deref(), caller.kind, state)?;
    let value_type: Option<ExpectedType> = match &request.value_type {
        Some(name) => Some(
            name.parse()
                .map_err(|error| ApiError::invalid("/type", format!("{error}")))?,
        ),
        None => None,
    };
    let visible = VisibleFlags::of(Some(caller.kind));
    let recipient = bounded::Request {
        rate_limit_keys: caller.rate_limit_keys,
        outcomes: match request.flag {
            Some(_) => 1,
            None => visible.count(&published),
        },
        accepted: ContentCoding::accepted(headers),
    };
    let flag = if request.explain {
        Some((explained(&request, caller.kind)?.to_owned(), true))
    } else {
        request.flag.clone().map(|flag| (flag, false))
    };
    let (evaluated, default) = (Arc::clone(&published), request.default);
    let made = bounded::respond(&state.access.http, recipient, move |body| match &flag {
        None => write_all(body, (&evaluated, visible), (&context, now), &default),
        Some((flag, explain)) => {
            let snapshot = visible.snapshot_of(&evaluated, flag);
            let asked = (flag.as_str(), value_type, *explain);
            let (outcome, counts) = one(snapshot, asked, (&context, now), &default);
            body.push(&outcome.to_canonical())?;
            Ok(counts)
        }
    });
    let (made, counts) = made.await?;
    counts.record((state, environment, &published), EVALUATE);
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept-Encoding"),
    ];
    Ok((headers, made).into_response())
}

/// The outcome of one flag, with an explanation on request
fn one(
    snapshot: &Snapshot,
    (flag, value_type, explain): (&str, Option<ExpectedType>, bool),
    (context, now): (&Result<Context, ContextError>, Timestamp),
    default: &Value,
) -> (Value, Counts) {
    let mut counts = Counts::default();
    if explain {
        let (outcome, trace) = snapshot.explain(flag, value_type, context, now);
        counts.add_explained(&outcome);
        let mut explanation = outcome.to_explanation(trace, default);
        // A dialect reads the whole context, and another vendor's name for the user in it.
        let descriptor = snapshot.descriptor(flag, usize::MAX);
        let reads_all = descriptor.is_some_and(|descriptor| descriptor.paths.is_none());
        if let Some(context) = context.as_ref().ok().filter(|_| !reads_all) {
            hints::add_to(&mut explanation, context);
        }
        return (explanation, counts);
    }
    let outcome = snapshot.evaluate(flag, value_type, context, now);
    counts.add(snapshot, flag, &outcome);
    (outcome.to_value(default), counts)
}

/// The outcomes of all flags that the caller sees, in the form of [`flagstaff_core::Outcome::all_to_value`]
fn write_all(
    body: &mut BoundedBody,
    visible: (&PublishedRevision, VisibleFlags),
    asked: (&Result<Context, ContextError>, Timestamp),
    default: &Value,
) -> Result<Counts, ApiError> {
    let mut counts = Counts::default();
    body.push("{\"flags\":")?;
    let mut flags = Members::begin(body)?;
    counts.add_all(visible, asked, |key, outcome| {
        flags.add(key, &outcome.to_value(default))
    })?;
    flags.end()?;
    body.push("}")?;
    Ok(counts)
}

/// The flag to explain; not for pages, since a trace reveals the rules
fn explained(request: &EvaluationRequest, kind: CredentialKind) -> Result<&str, ApiError> {
    if kind.is_public() {
        return Err(ApiError::Forbidden(
            "`explain` needs a `server` key, and this is a `client` key",
        ));
    }
    request
        .flag
        .as_deref()
        .ok_or_else(|| ApiError::invalid("/flag", "expected the key of the flag to explain"))
}

/// The instant of the evaluation; pages may not choose it, since they could look into the future
pub(crate) fn now(
    given: Option<&str>,
    kind: CredentialKind,
    state: &EvaluationState,
) -> Result<Timestamp, ApiError> {
    match given {
        None => Ok(state.now()),
        Some(_) if kind.is_public() => Err(ApiError::Forbidden(
            "`now` needs a `server` key, and this is a `client` key",
        )),
        Some(text) => Timestamp::parse(text).ok_or_else(|| {
            ApiError::invalid(
                "/now",
                "expected a date and time with a zone, as `2026-12-01T00:00:00Z`",
            )
        }),
    }
}
