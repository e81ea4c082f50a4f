//! `POST /api/v1/sdk/usage`, `…/usage`, `…/flags/{key}/usage`, `…/unknown-flags` and `…/attributes`: what was evaluated, which unknown flags
//! were asked for, and which attributes contexts had

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::auth::Principal;
use crate::access::guards::{EnvironmentAccess, ProjectAccess, key_environment};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::paging::{self, Field, ListQuery, Page, PageQuery, Sortable};
use crate::store::{
    CredentialKind, FlagRow, FlagsUsageQuery, KnownAttribute, UnknownFlag, UsageQuery,
};
use crate::usage::{HOUR, ReportWire, Usage, hour_of};

/// The maximum number of steps in one response
const STEPS: i64 = 1_000;
const DAY: i64 = 24 * HOUR;
/// The days of the counts of all flags: the last week, of which today is a part
const DAYS: usize = 7;

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
pub(crate) async fn report(
    principal: Principal,
    State(usage): State<Arc<Usage>>,
    Body(report): Body<ReportWire>,
) -> Result<StatusCode, ApiError> {
    let principal = principal.require(&[CredentialKind::Server, CredentialKind::ClientLocal])?;
    let environment = key_environment(&principal, &usage.engine)?;
    let report = report.check()?;
    usage.receive((&environment, &principal), &report);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParameters {
    /// The start; a day before `until` by default
    #[param(format = DateTime)]
    from: Option<String>,
    /// The end; now by default
    #[param(format = DateTime)]
    until: Option<String>,
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
pub(crate) struct FlagUsage {
    flag: String,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
    #[schema(inline)]
    step: StepLength,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_seen_at: Option<Timestamp>,
    count: u64,
    variants: Vec<VariantUsage>,
}

#[derive(Serialize, ToSchema, Default)]
struct VariantUsage {
    /// Null for evaluations without a variant
    #[schema(required = true)]
    variant: Option<String>,
    count: u64,
    /// The steps in which the variant was evaluated
    steps: Vec<UsagePointResponse>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = UsagePoint)]
struct UsagePointResponse {
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
pub(crate) async fn of_flag(
    scope: EnvironmentAccess,
    State(usage): State<Arc<Usage>>,
    QueryParams(query): QueryParams<UsageParameters>,
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
    let until = instant(query.until.as_deref(), "?until")?.unwrap_or_else(|| usage.engine.now());
    let yesterday = Timestamp::from_millis(until.as_millis().saturating_sub(DAY));
    let from = hour_of(instant(query.from.as_deref(), "?from")?.unwrap_or(yesterday));
    let length = until.as_millis().saturating_sub(from.as_millis());
    if !(0..=query.step.millis().saturating_mul(STEPS)).contains(&length) {
        let message =
            format!("expected an instant not before `from`, and at most {STEPS} steps after it");
        return Err(ApiError::invalid("?until", message));
    }
    let environment = scope.environment.row().id;
    let asked = UsageQuery {
        environment,
        flag: scope.key.clone(),
        from,
        until,
        step: query.step.millis(),
    };
    let mut variants: BTreeMap<Option<String>, VariantUsage> = BTreeMap::new();
    for point in usage.engine.store().usage(asked).await? {
        let usage = variants.entry(point.variant).or_default();
        usage.count = usage.count.saturating_add(point.evaluations);
        usage.steps.push(UsagePointResponse {
            at: point.began_at,
            count: point.evaluations,
        });
    }
    let named = variants
        .into_iter()
        .map(|(variant, usage)| VariantUsage { variant, ..usage });
    let variants: Vec<_> = named.collect();
    Ok(Json(FlagUsage {
        last_seen_at: usage.of(environment).last_seen(&scope.key),
        count: variants
            .iter()
            .fold(0, |sum, usage| usage.count.saturating_add(sum)),
        flag: scope.key,
        from,
        until,
        step: query.step,
        variants,
    }))
}

/// How often each flag of a project was evaluated in the last week, in all environments together
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProjectUsage {
    /// When the first day begins, in UTC
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// The evaluations of each day by flag, of which the last is today; flags that were not evaluated are left out
    flags: BTreeMap<String, Vec<u64>>,
}

/// Counts the evaluations of all flags of a project, in all environments together, for each day of the last week
#[utoipa::path(
    get, path = "/usage", tag = "usage", operation_id = "readProjectUsage",
    responses((status = OK, description = "How often", body = ProjectUsage), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn of_project(
    scope: ProjectAccess,
    State(usage): State<Arc<Usage>>,
) -> Result<Json<ProjectUsage>, ApiError> {
    let now = usage.engine.now().as_millis();
    let today = now.saturating_sub(now.rem_euclid(DAY));
    let days_before = i64::try_from(DAYS).unwrap_or_default().saturating_sub(1);
    let from = Timestamp::from_millis(today.saturating_sub(days_before.saturating_mul(DAY)));
    let mut flags: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for environment in usage.engine.project(&scope.name) {
        let query = FlagsUsageQuery {
            environment: environment.row().id,
            from,
            step: DAY,
        };
        let points = usage.engine.store().usage_of_flags(query).await?;
        let current = environment.current();
        for point in points {
            // Counts of deleted flags are kept as long as those of others.
            if !current.flags().contains_key(&*point.flag) {
                continue;
            }
            let since = point.began_at.as_millis().saturating_sub(from.as_millis());
            let days = flags.entry(point.flag).or_insert_with(|| vec![0; DAYS]);
            // A node whose clock is ahead may have counted tomorrow.
            let day = usize::try_from(since.div_euclid(DAY)).unwrap_or_default();
            if let Some(count) = days.get_mut(day.min(DAYS.saturating_sub(1))) {
                *count = count.saturating_add(point.evaluations);
            }
        }
    }
    Ok(Json(ProjectUsage { from, flags }))
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

/// An attribute that contexts had
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SeenAttribute)]
pub(crate) struct SeenAttributeResponse {
    /// As conditions name it: a name, or a JSON pointer
    attribute: String,
    /// Of `boolean`, `number`, `string` and `array`
    types: Vec<String>,
    /// At most 20 values, of which arrays have their elements; none of a private attribute, or of the key of a context
    values: Vec<serde_json::Value>,
    /// Whether its values are not recorded by the settings of the environment
    private: bool,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    /// No more precise than an hour
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
}

/// Lists attributes of contexts that the server evaluated, with a sample of their values
///
/// Empty unless `recordAttributes` of the settings is on. At most 200 attributes; `targetingKey` is not one of them.
#[utoipa::path(
    get, path = "/attributes", tag = "usage", operation_id = "listAttributes",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<SeenAttributeResponse>), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn attributes(
    scope: EnvironmentAccess,
    State(access): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<Page<SeenAttributeResponse>>, ApiError> {
    let environment = scope.environment.row().id;
    let index = access.access_index();
    let settings = index.attributes(environment);
    let known = match settings.filter(|settings| settings.is_recorded) {
        Some(_) => access.engine.store().attributes(environment).await?,
        None => Vec::new(),
    };
    let page = paging::page(known.into_iter(), &query.into())?;
    Ok(Json(page.map(|known| {
        SeenAttributeResponse {
            private: settings.is_some_and(|settings| settings.is_private(&known.attribute)),
            attribute: known.attribute,
            types: known.types,
            values: known
                .values
                .iter()
                .filter_map(|value| serde_json::from_str(value).ok())
                .collect(),
            first_seen_at: known.first_seen_at,
            last_seen_at: known.last_seen_at,
        }
    })))
}

impl Sortable for KnownAttribute {
    const FIELDS: &'static [&'static str] = &["attribute"];

    fn id(&self) -> &str {
        &self.attribute
    }

    fn field(&self, _: &str) -> Field {
        Field::Text(self.attribute.clone())
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UnknownFlag)]
pub(crate) struct UnknownFlagResponse {
    key: String,
    /// How often it was evaluated
    count: u64,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// The SDK that evaluated it last
    sdk: String,
    /// Whether it exists and is not marked `clientSide`: a page asked for it, and got the response that it does not exist
    hidden: bool,
}

/// Lists the unknown flags that were evaluated, most frequent first
///
/// They include flags that exist, are not marked `clientSide`, and that a page asked for.
#[utoipa::path(
    get, path = "/unknown-flags", tag = "usage", operation_id = "listUnknownFlags",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<UnknownFlagResponse>), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn unknown(
    scope: EnvironmentAccess,
    State(usage): State<Arc<Usage>>,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<Page<UnknownFlagResponse>>, ApiError> {
    let published = scope.environment.current();
    let mut unknown = usage
        .engine
        .store()
        .unknown_flags(scope.environment.row().id)
        .await?;
    let flags = published.flags();
    unknown.retain(|row| {
        let flag = flags.get(&row.flag);
        // What was asked for before the flag was last changed says nothing about how it is now.
        let is_hidden = |flag: &FlagRow| {
            !published.is_client_side(&flag.key) && row.last_seen_at > flag.updated_at
        };
        flag.is_none_or(is_hidden)
    });
    // Counts grow: a flag that overtakes the last one of a page meanwhile is not listed twice.
    let by_count = ListQuery {
        sort: Some("-count".to_owned()),
        ..query.into()
    };
    let page = paging::page(unknown.into_iter(), &by_count)?;
    Ok(Json(page.map(|row| {
        let exists = flags.contains_key(&row.flag);
        item(&row, exists)
    })))
}

impl Sortable for UnknownFlag {
    const FIELDS: &'static [&'static str] = &["count"];

    fn id(&self) -> &str {
        &self.flag
    }

    fn field(&self, _: &str) -> Field {
        Field::Number(i64::try_from(self.evaluations).ok())
    }
}

fn item(row: &UnknownFlag, hidden: bool) -> UnknownFlagResponse {
    UnknownFlagResponse {
        key: row.flag.to_string(),
        count: row.evaluations,
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
        sdk: row.sdk.to_string(),
        hidden,
    }
}
