//! `POST /api/v1/evaluate`: full outcomes, in canonical JSON, for one flag or all, and on request why

use std::iter::once;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, Outcome, Reason, Timestamp, Value, ValueType};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::coding::{self, Coding};
use crate::extract::{Body, key_environment};
use crate::openapi::Evaluation;
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
    let snapshot = published.snapshot();
    let usage = state.usage().of(environment.row().id);
    let count = |reasons: &mut dyn Iterator<Item = Reason>| {
        state.metrics().evaluated(environment.row(), reasons);
    };
    let answer = if question.explain {
        let flag = explained(&question, &grant)?;
        let (outcome, trace) = snapshot.explain(flag, value_type, &context, now);
        count(&mut once(outcome.reason));
        outcome.to_explanation(trace, &question.default)
    } else if let Some(flag) = &question.flag {
        let outcome = snapshot.evaluate(flag, value_type, &context, now);
        count(&mut once(outcome.reason));
        usage.answered(snapshot, (flag, &outcome), (EVALUATE, state.now()));
        outcome.to_value(&question.default)
    } else {
        let outcomes = snapshot.evaluate_all(&context, now);
        count(&mut outcomes.iter().map(|(_, outcome)| outcome.reason));
        usage.answered_all(snapshot, &outcomes, state.now());
        Outcome::all_to_value(&outcomes, &question.default)
    };
    let (coding, body) = coding::answer(
        answer.to_canonical().into_bytes(),
        Coding::accepted(&headers),
    );
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept-Encoding"),
    ];
    Ok((headers, coding.header(), body).into_response())
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
