//! `POST /api/v1/evaluate/batch`: flags for many contexts, all of one revision and one instant

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, ErrorCode, Snapshot, Timestamp, Value};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::bounded::{self, BoundedBody};
use crate::coding::Coding;
use crate::extract::{Body, key_environment};
use crate::routes::evaluate::{self, EVALUATE};
use crate::routes::outcomes::{Counts, Members};
use crate::state::AppState;

/// Contexts of a request
const MOST_CONTEXTS: usize = 1_000;
/// Outcomes of a request: some tens of milliseconds of work
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
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchAnswer)]
#[expect(dead_code, reason = "describes what `Asked` writes")]
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
    check(&question, published.snapshot())?;
    let Question {
        contexts, flags, ..
    } = question;
    let request = bounded::Request {
        bill: grant.bill(),
        kind: Some(grant.kind()),
        outcomes: outcome_count(contexts.len(), flags.as_deref(), published.snapshot()),
        accepted: Coding::accepted(&headers),
    };
    // A flag that is named twice is one member of an item.
    let flags: Option<BTreeSet<String>> = flags.map(|flags| flags.into_iter().collect());
    let evaluated = Arc::clone(&published);
    let made = bounded::respond(&state, request, move |body| {
        let asked = Asked {
            snapshot: evaluated.snapshot(),
            flags: flags.as_ref(),
            now,
        };
        asked.write(body, &contexts)
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

/// What is evaluated for each context
struct Asked<'a> {
    snapshot: &'a Snapshot,
    flags: Option<&'a BTreeSet<String>>,
    now: Timestamp,
}

impl Asked<'_> {
    /// Writes an [`Answer`]
    fn write(
        &self,
        body: &mut BoundedBody,
        contexts: &[Box<RawValue>],
    ) -> Result<Counts, ApiError> {
        let mut counts = Counts::default();
        body.push("{\"evaluatedAt\":")?;
        body.push_json(&self.now)?;
        body.push(",\"items\":[")?;
        for (position, context) in contexts.iter().enumerate() {
            if position > 0 {
                body.push(",")?;
            }
            match Context::from_json(context.get()) {
                Ok(context) => self.write_item(body, &context, &mut counts)?,
                Err(_) => body.push(&failure(ErrorCode::InvalidContext).to_canonical())?,
            }
        }
        body.push(&format!("],\"revision\":{}}}", self.snapshot.revision()))?;
        Ok(counts)
    }

    fn write_item(
        &self,
        body: &mut BoundedBody,
        context: &Context,
        counts: &mut Counts,
    ) -> Result<(), ApiError> {
        body.push("{\"flags\":")?;
        let mut members = Members::begin(body)?;
        if let Some(flags) = self.flags {
            for key in flags {
                let outcome = self.snapshot.evaluate(key, None, context, self.now);
                members.add(key, &outcome.to_value(&Value::Null))?;
                counts.add(self.snapshot, key, &outcome);
            }
        } else {
            counts.add_all(self.snapshot, (context, self.now), |key, outcome| {
                members.add(key, &outcome.to_value(&Value::Null))
            })?;
        }
        members.end()?;
        body.push("}")
    }
}

fn outcome_count(contexts: usize, flags: Option<&[String]>, snapshot: &Snapshot) -> usize {
    let flags = flags.map_or_else(|| snapshot.flags().len(), <[String]>::len);
    contexts.saturating_mul(flags)
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

fn failure(code: ErrorCode) -> Value {
    Value::object([
        ("errorCode", Value::from(code.as_str())),
        ("errorDetails", Value::from(code.message())),
    ])
}
