//! `…/contexts/flags`: the value of every flag for a context, and where it comes from; `…/contexts/{kind}/{contextKey}/flags` is the same
//! for a customer, organization or user of which only the key is known

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use flagstaff_core::{Context, ErrorCode, Outcome, Timestamp, Value};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::engine::coding::ContentCoding;
use crate::evaluation::hints;
use crate::evaluation::routes::values::ValuesAccess;
use crate::evaluation::state::EvaluationState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::bounded;
use crate::http::paging::{cursor_of, page_size, read_cursor};
use crate::openapi::ContextBody;
use crate::store::CredentialKind;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FlagsQuery {
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before
    cursor: Option<String>,
}

/// A page of the flags of a context
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextFlags)]
pub(crate) struct ContextFlags<'a> {
    /// The context for which the flags were evaluated
    #[schema(value_type = ContextBody)]
    context: Value,
    /// The revision of the environment that was evaluated
    revision: u64,
    /// The instant of the evaluation
    #[schema(value_type = String, format = DateTime)]
    evaluated_at: Timestamp,
    #[schema(value_type = Vec<ContextFlag>)]
    items: Vec<Value>,
    /// The number of items on all pages
    total: usize,
    /// The `cursor` of the next page; null on the last one
    #[schema(required = true)]
    next: Option<&'a str>,
    /// Hints about a context that names no user
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    hints: Vec<String>,
}

/// The value of one flag for a context
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `item` writes")]
pub(crate) struct ContextFlag {
    key: String,
    /// The value; null if there is an error
    value: serde_json::Value,
    #[schema(required = true)]
    variant: Option<String>,
    /// Whether another variant than the off variant is served
    enabled: bool,
    reason: String,
    #[schema(required = true)]
    error_code: Option<String>,
    /// The part of the flag that decided: a `step`, with the `level` of an override, or the `index` and `id` of a rule
    source: BTreeMap<String, serde_json::Value>,
    /// For objects, where each leaf comes from, by JSON pointer: `default`, `environment` or a level
    sources: BTreeMap<String, String>,
}

/// Evaluates all flags for a context of which only the key is known, and returns where each value comes from
///
/// Sorted by key. It does not count as use of the flags.
#[utoipa::path(
    get, path = "/contexts/{kind}/{contextKey}/flags", tag = "evaluation", operation_id = "listContextFlags",
    params(FlagsQuery),
    responses((status = OK, description = "A page", body = ContextFlags<'_>)),
    security(("bearer" = ["server", "viewer", "editor", "admin"])),
)]
pub(crate) async fn flags(
    asker: ValuesAccess,
    State(state): State<Arc<EvaluationState>>,
    QueryParams(query): QueryParams<FlagsQuery>,
) -> Result<Response, ApiError> {
    let name = |what: &str| asker.names.get(what).map_or("", String::as_str);
    let context = context(name("kind"), name("contextKey"))?;
    respond((&asker, &state), query, context).await
}

/// The context for which to evaluate
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContextRequest {
    #[schema(value_type = ContextBody)]
    context: Box<RawValue>,
}

/// Evaluates all flags for a whole context, and returns where each value comes from
///
/// Sorted by key. It does not count as use of the flags.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/environments/{environment}/contexts/flags", tag = "evaluation", operation_id = "evaluateContext",
    params(FlagsQuery),
    request_body(content = ContextRequest, example = json!({"context": {"targetingKey": "user-1", "country": "se", "organization": {"key": "acme"}}})),
    responses((status = OK, description = "A page", body = ContextFlags<'_>)),
    security(("bearer" = ["server", "viewer", "editor", "admin"])),
)]
pub(crate) async fn evaluate(
    asker: ValuesAccess,
    State(state): State<Arc<EvaluationState>>,
    QueryParams(query): QueryParams<FlagsQuery>,
    Body(request): Body<ContextRequest>,
) -> Result<Response, ApiError> {
    let context = Context::from_json(request.context.get());
    let context = context.map_err(|error| ApiError::invalid("/context", error.to_string()))?;
    respond((&asker, &state), query, context).await
}

async fn respond(
    (asker, state): (&ValuesAccess, &EvaluationState),
    query: FlagsQuery,
    context: Context,
) -> Result<Response, ApiError> {
    let caller = asker.require(&[CredentialKind::Server])?;
    let recorder = state.attribute_recorder(&asker.environment, Some(caller));
    recorder.record(&context);
    let limit = page_size(query.limit)?;
    let published = asker.environment.current();
    let (snapshot, now) = (published.snapshot(), state.now());
    let cursor: String = read_cursor(query.cursor.as_deref())?.unwrap_or_default();
    let keys = snapshot.flags().map(|flag| flag.key);
    let mut rest = keys.filter(|key| **key > *cursor);
    let page: Vec<&str> = rest.by_ref().take(limit).collect();
    let has_more = rest.next().is_some();
    let page: Vec<String> = page.into_iter().map(str::to_owned).collect();
    let next = page.last().filter(|_| has_more).map(cursor_of);
    let request = asker.request(page.len(), ContentCoding::Identity);
    let evaluated = Arc::clone(&published);
    // A person looks at the values: not counted as use.
    let made = bounded::respond(&state.access.http, request, move |body| {
        let snapshot = evaluated.snapshot();
        let items = page.iter().map(|key| {
            let outcome = snapshot.evaluate(key, None, &context, now);
            item(key, &outcome)
        });
        body.push_json(&ContextFlags {
            context: Value::Object(context.members().into()),
            revision: evaluated.revision(),
            evaluated_at: now,
            items: items.collect(),
            total: snapshot.flags().len(),
            next: next.as_deref(),
            hints: hints::of_context(&context),
        })
    });
    let (made, ()) = made.await?;
    Ok(([(CONTENT_TYPE, "application/json")], made).into_response())
}

/// The context with this key and nothing else
fn context(kind: &str, key: &str) -> Result<Context, ApiError> {
    match kind {
        "user" => Ok(Context::new(key)),
        "" | "targetingKey" => Err(ApiError::invalid(
            "/kind",
            "expected the kind of a context, as `user` or `organization`",
        )),
        kind => {
            let text = Value::object([(kind, Value::object([("key", Value::from(key))]))]);
            Context::from_json(&text.to_canonical())
                .map_err(|error| ApiError::Internal(Box::new(error)))
        }
    }
}

fn item(key: &str, outcome: &Outcome<'_>) -> Value {
    let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
    let sources = outcome.sources();
    let sources = sources
        .iter()
        .map(|(pointer, source)| (&**pointer, Value::from(*source)));
    Value::object([
        ("key", Value::from(key)),
        ("value", outcome.value_or(&Value::Null).clone()),
        ("variant", text(outcome.variant)),
        ("enabled", outcome.enabled.into()),
        ("reason", outcome.reason.as_str().into()),
        (
            "errorCode",
            text(outcome.error_code().map(ErrorCode::as_str)),
        ),
        ("source", outcome.detail.to_value()),
        ("sources", Value::object(sources)),
    ])
}
