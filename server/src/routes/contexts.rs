//! `…/contexts/{kind}/{contextKey}/flags`: everything that one customer, organization or user gets, and where each comes from

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use flagstaff_core::{Context, ErrorCode, Outcome, Timestamp, Value};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::auth::KeyKind;
use crate::bounded;
use crate::coding::Coding;
use crate::extract::{Parameters, page_size};
use crate::routes::values::Asker;
use crate::state::AppState;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FlagsQuery {
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before
    cursor: Option<String>,
}

/// A page of what a context gets
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextFlags)]
pub(super) struct Page<'a> {
    kind: &'a str,
    context_key: &'a str,
    /// The revision of the environment that was evaluated
    revision: u64,
    /// The instant of the evaluation
    #[schema(value_type = String, format = DateTime)]
    evaluated_at: Timestamp,
    #[schema(value_type = Vec<ContextFlag>)]
    items: Vec<Value>,
    /// How many there are on all pages together
    total: usize,
    /// The `cursor` of the next page; null on the last one
    #[schema(required = true)]
    next: Option<&'a str>,
}

/// What a context gets of one flag
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `item` writes")]
pub(super) struct ContextFlag {
    key: String,
    /// The value; null where there is an error
    value: serde_json::Value,
    #[schema(required = true)]
    variant: Option<String>,
    /// Whether another variant than the off variant is served
    enabled: bool,
    reason: String,
    #[schema(required = true)]
    error_code: Option<String>,
    /// Which part of the flag decided: a `step`, and of an override its `level`, of a rule its `index` and `id`
    source: BTreeMap<String, serde_json::Value>,
    /// Of an object, where each leaf comes from, by JSON pointer: `default`, `environment` or a level
    sources: BTreeMap<String, String>,
}

/// Evaluates all flags for one context, and tells where each comes from
///
/// By key. Nothing is counted as use of a flag.
#[utoipa::path(
    get, path = "/contexts/{kind}/{contextKey}/flags", tag = "evaluation", operation_id = "listContextFlags",
    params(FlagsQuery),
    responses((status = OK, description = "A page", body = Page<'_>)),
    security(("bearer" = ["server", "viewer", "editor", "admin"])),
)]
pub(super) async fn flags(
    asker: Asker,
    State(state): State<AppState>,
    Parameters(query): Parameters<FlagsQuery>,
) -> Result<Response, ApiError> {
    asker.require(&[KeyKind::Server])?;
    let limit = page_size(query.limit)?;
    let name = |what: &str| asker.names.get(what).cloned().unwrap_or_default();
    let (kind, context_key) = (name("kind"), name("contextKey"));
    let context = context(&kind, &context_key)?;
    let published = asker.environment.current();
    let (snapshot, now) = (published.snapshot(), state.now());
    let cursor = query.cursor.unwrap_or_default();
    let keys = snapshot.flags().map(|flag| flag.key);
    let mut rest = keys.filter(|key| **key > *cursor);
    let page: Vec<&str> = rest.by_ref().take(limit).collect();
    let has_more = rest.next().is_some();
    let page: Vec<String> = page.into_iter().map(str::to_owned).collect();
    let next = page.last().filter(|_| has_more).cloned();
    let request = asker.request(page.len(), Coding::Identity);
    let evaluated = Arc::clone(&published);
    // Somebody looks on: this is no use of a flag, and is not counted as one.
    let made = bounded::respond(&state, request, move |body| {
        let snapshot = evaluated.snapshot();
        let items = page.iter().map(|key| {
            let outcome = snapshot.evaluate(key, None, &context, now);
            item(key, &outcome)
        });
        body.push_json(&Page {
            kind: &kind,
            context_key: &context_key,
            revision: evaluated.revision(),
            evaluated_at: now,
            items: items.collect(),
            total: snapshot.flags().len(),
            next: next.as_deref(),
        })
    });
    let (made, ()) = made.await?;
    Ok(([(CONTENT_TYPE, "application/json")], made).into_response())
}

/// The context that has this key and nothing else
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
        ("errorCode", text(outcome.error_code.map(ErrorCode::as_str))),
        ("source", outcome.detail.to_value()),
        ("sources", Value::object(sources)),
    ])
}
