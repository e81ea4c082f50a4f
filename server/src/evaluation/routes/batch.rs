//! `POST /api/v1/evaluate/batch`: flags for many contexts, all at one revision and one instant

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, ErrorCode, Timestamp, Value};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::access::auth::Principal;
use crate::access::context_signature;
use crate::access::guards::key_environment;
use crate::engine::coding::ContentCoding;
use crate::engine::published::PublishedRevision;
use crate::evaluation::outcomes::{Counts, Members};
use crate::evaluation::routes::evaluate::{self, EVALUATE};
use crate::evaluation::state::{AttributeRecorder, EvaluationState};
use crate::evaluation::visible::VisibleFlags;
use crate::http::api_error::ApiError;
use crate::http::body::Body;
use crate::http::bounded::{self, BoundedBody};
use crate::store::CredentialKind;

/// The maximum number of contexts
const MOST_CONTEXTS: usize = 1_000;
/// The maximum number of outcomes: some tens of milliseconds of work
const MOST_OUTCOMES: usize = 50_000;

/// The request
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BatchQuestion)]
pub(crate) struct BatchRequest {
    /// 1 to 1,000 contexts, and so many that they and the flags make at most 50,000 outcomes
    #[schema(value_type = Vec<Value>, min_items = 1, max_items = 1_000)]
    contexts: Vec<Box<RawValue>>,
    /// The keys of flags; all of them, if absent
    #[serde(default)]
    flags: Option<Vec<String>>,
    /// The signature of each context, in their order, if the key requires signed contexts: `EXPIRES.MAC`
    #[serde(default)]
    signatures: Option<Vec<String>>,
    /// The instant of the evaluation; not for `client` keys
    #[serde(default)]
    #[schema(format = DateTime)]
    now: Option<String>,
}

/// The response
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchAnswer)]
#[expect(dead_code, reason = "describes what `Asked` writes")]
pub(crate) struct BatchResponse {
    /// The revision of the environment that was evaluated
    revision: u64,
    /// The instant of the evaluation
    #[schema(value_type = String, format = DateTime)]
    evaluated_at: Timestamp,
    /// For each context the outcomes by flag (`flags`), or what is wrong with the context (`errorCode`, `errorDetails`)
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    items: Vec<Value>,
}

/// Evaluates flags for many contexts, all at one revision and one instant
///
/// An invalid context fails only its own item.
#[utoipa::path(
    post, path = "/api/v1/evaluate/batch", tag = "evaluation", operation_id = "evaluateBatch",
    request_body(
        content = BatchRequest,
        example = json!({"contexts": [{"targetingKey": "user-1"}, {"targetingKey": "user-2"}], "flags": ["new-checkout"]})
    ),
    responses((status = OK, description = "An item for each context, in their order", body = BatchResponse)),
    security(("bearer" = ["server", "client"])),
)]
pub(crate) async fn evaluate(
    principal: Principal,
    State(state): State<Arc<EvaluationState>>,
    headers: HeaderMap,
    Body(request): Body<BatchRequest>,
) -> Result<Response, ApiError> {
    let principal = principal.require(&[CredentialKind::Server, CredentialKind::Client])?;
    let environment = key_environment(&principal, &state.access.engine)?;
    let now = evaluate::now(request.now.as_deref(), principal.kind(), &state)?;
    let published = environment.current();
    let visible = VisibleFlags::of(Some(principal.kind()));
    let all = visible.count(&published);
    check(&request, all)?;
    check_signatures(&request, &principal, state.now())?;
    let BatchRequest {
        contexts, flags, ..
    } = request;
    let recipient = bounded::Request {
        rate_limit_keys: principal.rate_limit_keys(),
        outcomes: outcome_count(contexts.len(), flags.as_deref(), all),
        accepted: ContentCoding::accepted(&headers),
    };
    // A flag that is named twice is one member of an item.
    let flags: Option<BTreeSet<String>> = flags.map(|flags| flags.into_iter().collect());
    let recorder = state.attribute_recorder(&environment, Some(principal.kind()));
    let evaluated = Arc::clone(&published);
    let made = bounded::respond(&state.access.http, recipient, move |body| {
        let asked = Asked {
            published: &evaluated,
            visible,
            flags: flags.as_ref(),
            now,
            recorder: &recorder,
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

/// What to evaluate for each context
struct Asked<'a> {
    published: &'a PublishedRevision,
    visible: VisibleFlags,
    flags: Option<&'a BTreeSet<String>>,
    now: Timestamp,
    recorder: &'a AttributeRecorder,
}

impl Asked<'_> {
    /// Writes a [`BatchResponse`]
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
                Ok(context) => {
                    self.recorder.record(&context);
                    self.write_item(body, &context, &mut counts)?;
                }
                Err(_) => body.push(&failure(ErrorCode::InvalidContext).to_canonical())?,
            }
        }
        body.push(&format!("],\"revision\":{}}}", self.published.revision()))?;
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
                let snapshot = self.visible.snapshot_of(self.published, key);
                let outcome = snapshot.evaluate(key, None, context, self.now);
                members.add(key, &outcome.to_value(&Value::Null))?;
                counts.add(snapshot, key, &outcome);
            }
        } else {
            let flags = (self.published, self.visible);
            counts.add_all(flags, (context, self.now), |key, outcome| {
                members.add(key, &outcome.to_value(&Value::Null))
            })?;
        }
        members.end()?;
        body.push("}")
    }
}

fn outcome_count(contexts: usize, flags: Option<&[String]>, all: usize) -> usize {
    let flags = flags.map_or(all, <[String]>::len);
    contexts.saturating_mul(flags)
}

fn check(request: &BatchRequest, all: usize) -> Result<(), ApiError> {
    let flags = request.flags.as_ref().map_or(all, Vec::len);
    let most = MOST_OUTCOMES.checked_div(flags).unwrap_or(MOST_CONTEXTS);
    let most = most.clamp(1, MOST_CONTEXTS);
    let count = request.contexts.len();
    if (1..=most).contains(&count) && flags <= MOST_OUTCOMES {
        return Ok(());
    }
    let message = format!("expected 1 to {most} contexts for {flags} flags, got {count}");
    Err(ApiError::invalid("/contexts", message))
}

/// Refuses the whole request if the key requires signed contexts and one of them is not
fn check_signatures(
    request: &BatchRequest,
    principal: &Principal,
    now: Timestamp,
) -> Result<(), ApiError> {
    if !context_signature::is_required(principal) {
        return Ok(());
    }
    let given = request.signatures.as_deref().unwrap_or_default();
    if given.len() != request.contexts.len() {
        return Err(ApiError::Signature(
            "the key takes signed contexts only: send `signatures`, one for each context",
        ));
    }
    for (context, given) in request.contexts.iter().zip(given) {
        let context = Context::from_json(context.get()).ok();
        context_signature::check(principal, Some(given), context.as_ref(), now)?;
    }
    Ok(())
}

fn failure(code: ErrorCode) -> Value {
    Value::object([
        ("errorCode", Value::from(code.as_str())),
        ("errorDetails", Value::from(code.message())),
    ])
}
