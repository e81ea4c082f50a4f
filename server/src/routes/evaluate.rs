//! `POST /api/v1/evaluate`: full outcomes, in canonical JSON, for one flag or all, and on request why

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, ContextError, Snapshot, Timestamp, Value, ValueType};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::bounded::{self, BoundedBody};
use crate::coding::Coding;
use crate::extract::{Body, key_environment};
use crate::openapi::Evaluation;
use crate::routes::outcomes::{Counts, Members};
use crate::signing::{self, SIGNATURE, Signed};
use crate::state::AppState;

/// Who asks, as the list of unknown flags has it
pub(super) const EVALUATE: &str = "evaluate";

/// Values are read as the core's, so that numbers are what they are in every binding
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Question {
    /// The key of one flag; all of them, if absent
    #[serde(default)]
    flag: Option<String>,
    /// The type that is expected: another one is `TYPE_MISMATCH`
    #[serde(default, rename = "type")]
    #[schema(pattern = "^(boolean|string|number|object)$")]
    value_type: Option<String>,
    /// The value where a flag answers none
    #[serde(default)]
    #[schema(value_type = Value)]
    default: Value,
    /// Whom it is evaluated for, as a `ContextBody`; anything else evaluates to `INVALID_CONTEXT`
    #[serde(default = "no_context")]
    #[schema(value_type = Value, required = false)]
    context: Box<RawValue>,
    /// The instant of the evaluation, which only a server key may choose
    #[serde(default)]
    #[schema(format = DateTime)]
    now: Option<String>,
    /// Whether to tell why, for one flag, which only a server key may ask
    #[serde(default)]
    explain: bool,
}

/// The context is read by the core, which knows no bound on its depth
pub(super) fn no_context() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_default()
}

/// Evaluates one flag or all of them for a context, and on request explains why
///
/// The answer is in canonical JSON, the same as every SDK's.
#[utoipa::path(
    post, path = "/api/v1/evaluate", tag = "evaluation", operation_id = "evaluate",
    params(Signed),
    request_body(content = Question, example = json!({"flag": "new-checkout", "context": {"targetingKey": "user-1"}})),
    responses((status = OK, description = "What it evaluates to", body = Evaluation)),
    security(("bearer" = ["server", "client"])),
)]
pub(super) async fn evaluate(
    grant: Grant,
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(question): Body<Question>,
) -> Result<Response, ApiError> {
    let grant = grant.require(&[KeyKind::Server, KeyKind::Client])?;
    let environment = key_environment(&grant, &state)?;
    let published = environment.current();
    let now = now(question.now.as_deref(), &grant, &state)?;
    let value_type: Option<ValueType> = match &question.value_type {
        Some(name) => Some(
            name.parse()
                .map_err(|error| ApiError::invalid("/type", format!("{error}")))?,
        ),
        None => None,
    };
    let context = Context::from_json(question.context.get());
    let given = headers.get(SIGNATURE);
    signing::check(&grant, given, context.as_ref().ok(), state.now())?;
    let request = bounded::Request {
        bill: grant.bill(),
        kind: Some(grant.kind()),
        outcomes: match question.flag {
            Some(_) => 1,
            None => published.snapshot().flags().len(),
        },
        accepted: Coding::accepted(&headers),
    };
    let flag = if question.explain {
        Some((explained(&question, &grant)?.to_owned(), true))
    } else {
        question.flag.clone().map(|flag| (flag, false))
    };
    let (evaluated, default) = (Arc::clone(&published), question.default);
    let made = bounded::respond(&state, request, move |body| {
        let snapshot = evaluated.snapshot();
        match &flag {
            None => write_all(body, snapshot, (&context, now), &default),
            Some((flag, explain)) => {
                let asked = (flag.as_str(), value_type, *explain);
                let (outcome, counts) = one(snapshot, asked, (&context, now), &default);
                body.push(&outcome.to_canonical())?;
                Ok(counts)
            }
        }
    });
    let (made, counts) = made.await?;
    counts.record((&state, &environment, &published), EVALUATE);
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept-Encoding"),
    ];
    Ok((headers, made).into_response())
}

/// The outcome of one flag, and on request why
fn one(
    snapshot: &Snapshot,
    (flag, value_type, explain): (&str, Option<ValueType>, bool),
    (context, now): (&Result<Context, ContextError>, Timestamp),
    default: &Value,
) -> (Value, Counts) {
    let mut counts = Counts::default();
    if explain {
        let (outcome, trace) = snapshot.explain(flag, value_type, context, now);
        counts.add_explained(&outcome);
        return (outcome.to_explanation(trace, default), counts);
    }
    let outcome = snapshot.evaluate(flag, value_type, context, now);
    counts.add(snapshot, flag, &outcome);
    (outcome.to_value(default), counts)
}

/// The outcomes of all flags, as [`flagstaff_core::Outcome::all_to_value`] has them
fn write_all(
    body: &mut BoundedBody,
    snapshot: &Snapshot,
    asked: (&Result<Context, ContextError>, Timestamp),
    default: &Value,
) -> Result<Counts, ApiError> {
    let mut counts = Counts::default();
    body.push("{\"flags\":")?;
    let mut flags = Members::begin(body)?;
    counts.add_all(snapshot, asked, |key, outcome| {
        flags.add(key, &outcome.to_value(default))
    })?;
    flags.end()?;
    body.push("}")?;
    Ok(counts)
}

/// The flag to explain; only a server key may ask, since a trace tells the rules
fn explained<'a>(question: &'a Question, grant: &Grant) -> Result<&'a str, ApiError> {
    if grant.kind() != KeyKind::Server {
        return Err(ApiError::Forbidden("`explain` is for server keys"));
    }
    question
        .flag
        .as_deref()
        .ok_or_else(|| ApiError::invalid("/flag", "expected the key of the flag to explain"))
}

/// The instant of an evaluation; only a server key may choose it, or a browser could look into the future
pub(super) fn now(
    given: Option<&str>,
    grant: &Grant,
    state: &AppState,
) -> Result<Timestamp, ApiError> {
    match given {
        None => Ok(state.now()),
        Some(_) if grant.kind() != KeyKind::Server => {
            Err(ApiError::Forbidden("`now` is for server keys"))
        }
        Some(text) => Timestamp::parse(text).ok_or_else(|| {
            ApiError::invalid(
                "/now",
                "expected a date and time with a zone, as `2026-12-01T00:00:00Z`",
            )
        }),
    }
}
