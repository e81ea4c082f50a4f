//! `POST /api/v1/sdk/usage`, `…/flags/{key}/usage` and `…/unknown-flags`: what was evaluated, and what was asked for and does not exist

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::extract::{AdminScope, Body, Parameters, key_environment, page_size};
use crate::list::{Page, PageQuery};
use crate::state::AppState;
use crate::store::{UnknownFlag, UsageQuery};
use crate::usage::{HOUR, ReportWire, hour_of};

/// Steps of one answer
const STEPS: i64 = 1_000;
const DAY: i64 = 24 * HOUR;

/// Reports what an SDK evaluated
#[utoipa::path(
    post, path = "/api/v1/sdk/usage", tag = "sdk", operation_id = "reportUsage",
    request_body(content = ReportWire, example = json!({
        "instance": "3c59dc04",
        "sequence": 7,
        "sdk": {"name": "flagstaff-rust", "version": "0.1.0"},
        "from": "2026-12-01T10:00:00Z",
        "until": "2026-12-01T10:01:00Z",
        "counts": [{"flag": "new-checkout", "variant": "on", "count": 42}],
    })),
    responses((status = NO_CONTENT, description = "It is counted")),
    security(("bearer" = ["server", "client-local"])),
)]
pub(super) async fn report(
    grant: Grant,
    State(state): State<AppState>,
    Body(report): Body<ReportWire>,
) -> Result<StatusCode, ApiError> {
    let grant = grant.require(&[KeyKind::Server, KeyKind::ClientLocal])?;
    let environment = key_environment(&grant, &state)?;
    let report = report.check()?;
    let lost = state
        .usage()
        .receive((&environment, &grant), &report, state.now());
    state.metrics().reported(environment.row(), lost);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageParameters {
    /// From when on; a day before `to` unless told otherwise
    #[param(format = DateTime)]
    from: Option<String>,
    /// Until when; now unless told otherwise
    #[param(format = DateTime)]
    to: Option<String>,
    /// The length of a step
    #[serde(default)]
    #[param(inline)]
    step: StepLength,
}

#[derive(Deserialize, Serialize, ToSchema, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum StepLength {
    #[default]
    Hour,
    Day,
}

impl StepLength {
    const fn millis(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}

/// How often a flag was evaluated
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlagUsage {
    flag: String,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    #[schema(inline)]
    step: StepLength,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_seen_at: Option<Timestamp>,
    count: u64,
    variants: Vec<VariantUsage>,
}

#[derive(Serialize, ToSchema, Default)]
struct VariantUsage {
    /// Null where no variant was answered
    #[schema(required = true)]
    variant: Option<String>,
    count: u64,
    /// The steps that had some
    steps: Vec<Step>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = UsageStep)]
struct Step {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    count: u64,
}

/// Counts the evaluations of a flag by variant, in steps of an hour or a day
#[utoipa::path(
    get, path = "/flags/{key}/usage", tag = "usage", operation_id = "readFlagUsage",
    params(UsageParameters),
    responses((status = OK, description = "How often", body = FlagUsage), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn of_flag(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<UsageParameters>,
) -> Result<Json<FlagUsage>, ApiError> {
    if !scope
        .environment
        .current()
        .flags()
        .contains_key(&*scope.key)
    {
        return Err(ApiError::NotFound {
            what: "flag",
            name: scope.key,
        });
    }
    let to = instant(query.to.as_deref(), "?to")?.unwrap_or_else(|| state.now());
    let yesterday = Timestamp::from_millis(to.as_millis().saturating_sub(DAY));
    let from = hour_of(instant(query.from.as_deref(), "?from")?.unwrap_or(yesterday));
    let length = to.as_millis().saturating_sub(from.as_millis());
    if !(0..=query.step.millis().saturating_mul(STEPS)).contains(&length) {
        let message =
            format!("expected an instant not before `from`, and at most {STEPS} steps after it");
        return Err(ApiError::invalid("?to", message));
    }
    let environment = scope.environment.row().id;
    let asked = UsageQuery {
        environment,
        flag: scope.key.clone(),
        from,
        until: to,
        step: query.step.millis(),
    };
    let mut variants: BTreeMap<Option<String>, VariantUsage> = BTreeMap::new();
    for told in state.store().usage(asked).await? {
        let usage = variants.entry(told.variant).or_default();
        usage.count = usage.count.saturating_add(told.evaluations);
        usage.steps.push(Step {
            at: told.began_at,
            count: told.evaluations,
        });
    }
    let named = variants
        .into_iter()
        .map(|(variant, usage)| VariantUsage { variant, ..usage });
    let variants: Vec<_> = named.collect();
    Ok(Json(FlagUsage {
        last_seen_at: state.usage().of(environment).last_seen(&scope.key),
        count: variants
            .iter()
            .fold(0, |sum, usage| usage.count.saturating_add(sum)),
        flag: scope.key,
        from,
        to,
        step: query.step,
        variants,
    }))
}

fn instant(given: Option<&str>, pointer: &str) -> Result<Option<Timestamp>, ApiError> {
    let parse = |text| {
        Timestamp::parse(text).ok_or_else(|| {
            let expected = "expected a date and time with a zone, as `2026-12-01T00:00:00Z`";
            ApiError::invalid(pointer, expected)
        })
    };
    given.map(parse).transpose()
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UnknownFlag)]
pub(super) struct Item {
    key: String,
    /// How often it was asked for
    count: u64,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// What asked for it last
    sdk: String,
}

/// Lists what was asked for and does not exist, what is asked for most first
#[utoipa::path(
    get, path = "/unknown-flags", tag = "usage", operation_id = "listUnknownFlags",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<Item>), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn unknown(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<Item>>, ApiError> {
    let limit = page_size(query.limit)?;
    let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let published = scope.environment.current();
    let mut unknown = state
        .store()
        .unknown_flags(scope.environment.row().id)
        .await?;
    unknown.retain(|row| !published.flags().contains_key(&row.flag));
    let total = unknown.len();
    // By what the page before ended with: counts grow, and a flag that overtakes it meanwhile is not told twice.
    let is_after = |row: &UnknownFlag| {
        after.as_ref().is_none_or(|(count, key)| {
            row.evaluations < *count || (row.evaluations == *count && *row.flag > **key)
        })
    };
    let mut rest = unknown.into_iter().filter(is_after).peekable();
    let page: Vec<UnknownFlag> = rest.by_ref().take(limit).collect();
    let last = page.last().filter(|_| rest.peek().is_some());
    Ok(Json(Page {
        next: last.map(|row| format!("{}.{}", row.evaluations, row.flag)),
        total: Some(total),
        items: page.iter().map(item).collect(),
    }))
}

fn parse_cursor(cursor: &str) -> Result<(u64, String), ApiError> {
    let parsed = cursor
        .split_once('.')
        .and_then(|(count, key)| Some((count.parse().ok()?, key.to_owned())));
    parsed.ok_or_else(|| ApiError::invalid("?cursor", "expected the `next` of an earlier page"))
}

fn item(row: &UnknownFlag) -> Item {
    Item {
        key: row.flag.to_string(),
        count: row.evaluations,
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
        sdk: row.sdk.to_string(),
    }
}
