//! `POST /api/v1/evaluate/batch`: flags for many contexts, all of one revision and one instant

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, ErrorCode, Outcome, Snapshot, Timestamp, Value};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::coding::{self, Coding};
use crate::extract::{Body, key_environment};
use crate::routes::evaluate::{self, EVALUATE};
use crate::state::AppState;

/// Contexts of a request
const MOST_CONTEXTS: usize = 1_000;
/// Outcomes of a request: some tens of megabytes of answer, some tens of milliseconds of work
const MOST_OUTCOMES: usize = 50_000;

/// What is asked for many contexts
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BatchQuestion)]
pub(super) struct Question {
    /// 1 to 1,000 contexts, and so many that they and the flags make at most 50,000 outcomes
    #[schema(value_type = Vec<Value>, min_items = 1, max_items = 1_000)]
    contexts: Vec<Box<RawValue>>,
    /// The keys of flags; all of them, if absent
    #[serde(default)]
    flags: Option<Vec<String>>,
    /// The instant of the evaluation, which only a server key may choose
    #[serde(default)]
    #[schema(format = DateTime)]
    now: Option<String>,
}

/// What many contexts get
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchAnswer)]
pub(super) struct Answer {
    /// The revision of the environment that was evaluated
    revision: u64,
    /// The instant of the evaluation
    #[schema(value_type = String, format = DateTime)]
    evaluated_at: Timestamp,
    /// For each context the outcomes by flag (`flags`), or what is wrong with it (`errorCode`, `errorDetails`)
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    items: Vec<Value>,
}

/// Evaluates flags for many contexts, all of one revision and at one instant
///
/// A context that is none costs its own item an error, and nothing else.
#[utoipa::path(
    post, path = "/api/v1/evaluate/batch", tag = "evaluation", operation_id = "evaluateBatch",
    request_body(
        content = Question,
        example = json!({"contexts": [{"targetingKey": "user-1"}, {"targetingKey": "user-2"}], "flags": ["new-checkout"]})
    ),
    responses((status = OK, description = "An item for each context, in their order", body = Answer)),
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
    let now = evaluate::now(question.now.as_deref(), &grant, &state)?;
    let published = environment.current();
    let snapshot = published.snapshot();
    check(&question, snapshot)?;
    let flags = question.flags.as_deref();
    let usage = state.usage().of(environment.row().id);
    let items = question.contexts.iter().map(|context| {
        let outcomes = match Context::from_json(context.get()) {
            Ok(context) => outcomes(snapshot, flags, &context, now),
            Err(_) => return failure(ErrorCode::InvalidContext),
        };
        let reasons = outcomes.iter().map(|(_, outcome)| outcome.reason);
        state.metrics().evaluated(environment.row(), reasons);
        if flags.is_none() {
            usage.answered_all(snapshot, &outcomes, state.now());
        } else {
            for (key, outcome) in &outcomes {
                usage.answered(snapshot, (key, outcome), (EVALUATE, state.now()));
            }
        }
        Outcome::all_to_value(&outcomes, &Value::Null)
    });
    let answer = Answer {
        revision: published.revision(),
        evaluated_at: now,
        items: items.collect(),
    };
    let body = serde_json::to_vec(&answer).map_err(|error| ApiError::Internal(Box::new(error)))?;
    let (coding, body) = coding::answer(body, Coding::accepted(&headers));
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept-Encoding"),
    ];
    Ok((headers, coding.header(), body).into_response())
}

fn check(question: &Question, snapshot: &Snapshot) -> Result<(), ApiError> {
    let flags = question.flags.as_ref();
    let flags = flags.map_or_else(|| snapshot.flags().len(), Vec::len);
    let most = MOST_OUTCOMES.checked_div(flags).unwrap_or(MOST_CONTEXTS);
    let most = most.clamp(1, MOST_CONTEXTS);
    let count = question.contexts.len();
    if (1..=most).contains(&count) && flags <= MOST_OUTCOMES {
        return Ok(());
    }
    let message = format!("expected 1 to {most} contexts for {flags} flags, got {count}");
    Err(ApiError::invalid("/contexts", message))
}

fn outcomes<'a>(
    snapshot: &'a Snapshot,
    flags: Option<&'a [String]>,
    context: &Context,
    now: Timestamp,
) -> Vec<(&'a str, Outcome<'a>)> {
    let Some(flags) = flags else {
        return snapshot.evaluate_all(context, now);
    };
    let outcome = |key: &'a String| (key.as_str(), snapshot.evaluate(key, None, context, now));
    flags.iter().map(outcome).collect()
}

fn failure(code: ErrorCode) -> Value {
    Value::object([
        ("errorCode", Value::from(code.as_str())),
        ("errorDetails", Value::from(code.message())),
    ])
}
