//! `…/environments/{environment}/values`: a map from flags to values, for who needs no more, and a flag in two words

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, safe_integer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::bounded;
use crate::coding::Coding;
use crate::environment::Environment;
use crate::extract::Parameters;
use crate::observe::note_bill;
use crate::rate::Bill;
use crate::routes::flags::missing;
use crate::routes::outcomes::{Counts, Members};
use crate::state::AppState;

/// Who asks, as the list of unknown flags would have it
const VALUES: &str = "values";

/// An environment named by the path, and who asks about it: somebody with a role in its project, a key of it, or nobody
pub(super) struct Asker {
    pub(super) environment: Arc<Environment>,
    pub(super) names: BTreeMap<String, String>,
    grant: Option<Grant>,
    bill: Bill,
}

impl Asker {
    /// Refuses who has none of these keys and no role
    pub(super) fn require(&self, keys: &'static [KeyKind]) -> Result<(), ApiError> {
        let grant = self.grant.clone().ok_or(ApiError::NoToken)?;
        if KeyKind::ROLES.contains(&grant.kind()) {
            return Ok(());
        }
        grant.require(keys).map(drop)
    }

    /// To whom a response that is made of so many outcomes goes
    pub(super) fn request(&self, outcomes: usize, accepted: Coding) -> bounded::Request<'_> {
        bounded::Request {
            bill: &self.bill,
            kind: self.grant.as_ref().map(Grant::kind),
            outcomes,
            accepted,
        }
    }

    /// Refuses who comes without a key, unless the environment is open to everybody
    fn require_key_unless_public(&self, state: &AppState) -> Result<(), ApiError> {
        let is_public = state
            .keyring()
            .public()
            .contains(&self.environment.row().id);
        if self.grant.is_none() && is_public {
            return Ok(());
        }
        self.require(&[KeyKind::Server, KeyKind::Client])
    }
}

impl FromRequestParts<AppState> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let has_token = [AUTHORIZATION.as_str(), "x-api-key"]
            .iter()
            .any(|name| parts.headers.contains_key(*name));
        let (grant, bill) = if has_token {
            let grant = Grant::from_request_parts(parts, state).await?;
            let bill = grant.bill().clone();
            (Some(grant), bill)
        } else {
            let bill = state.limiter().admit_nobody(&parts.extensions)?;
            note_bill(&parts.extensions, &bill);
            (None, bill)
        };
        let names = Path::<BTreeMap<String, String>>::from_request_parts(parts, state).await;
        let Path(names) = names.map_err(|error| ApiError::Unreadable(error.body_text()))?;
        let name = |what: &str| names.get(what).map_or("", String::as_str);
        let mut project = state.project(name("project")).into_iter();
        let found = project.find(|it| *it.row().name == *name("environment"));
        let may_know = |environment: &Arc<Environment>| {
            let row = environment.row();
            let is_its_own = |grant: &Grant| match grant.environment() {
                Some(own) => own == row.id,
                None => grant.belongs_to(row.project_id),
            };
            grant.as_ref().is_none_or(is_its_own)
        };
        match found.filter(may_know) {
            Some(environment) => Ok(Self {
                environment,
                names,
                grant,
                bill,
            }),
            // Who says nothing of themselves is not told what there is.
            None if grant.is_none() => Err(ApiError::NoToken),
            None => Err(ApiError::NotFound {
                what: "environment",
                name: name("environment").to_owned(),
            }),
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct ValuesQuery {
    /// The key of the user
    #[param(required = true)]
    targeting_key: Option<String>,
}

/// Evaluates all flags for a user, as a map from keys to values
///
/// What a broken flag would be is not in it, so that the caller's default stands. Where an admin has opened the environment
/// (`publicValues`) nobody needs a key for it.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/environments/{environment}/values", tag = "evaluation", operation_id = "readValues",
    params(ValuesQuery),
    responses((status = OK, description = "The values by the keys of their flags", body = BTreeMap<String, serde_json::Value>)),
    security(("bearer" = ["server", "client", "viewer", "editor", "admin"])),
)]
pub(super) async fn values(
    asker: Asker,
    State(state): State<AppState>,
    Parameters(query): Parameters<ValuesQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    asker.require_key_unless_public(&state)?;
    let missing = || ApiError::invalid("?targetingKey", "expected the key of a user");
    let context = Context::new(query.targeting_key.ok_or_else(missing)?);
    let published = asker.environment.current();
    let request = asker.request(
        published.snapshot().flags().len(),
        Coding::accepted(&headers),
    );
    let (now, evaluated) = (state.now(), Arc::clone(&published));
    let made = bounded::respond(&state, request, move |body| {
        let mut counts = Counts::default();
        let mut values = Members::begin(body)?;
        counts.add_all(
            evaluated.snapshot(),
            (&context, now),
            |key, outcome| match outcome.value.as_deref() {
                Some(value) => values.add(key, value),
                None => Ok(()),
            },
        )?;
        values.end()?;
        Ok(counts)
    });
    let (made, counts) = made.await?;
    counts.record((&state, &asker.environment, &published), VALUES);
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept-Encoding"),
    ];
    Ok((headers, made).into_response())
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FlagSummary)]
pub(super) struct Summary {
    key: String,
    /// Whether it is enabled and has not expired
    enabled: bool,
    /// Of how many per cent its own serve makes another variant than the off variant; null where it is broken
    #[schema(value_type = Option<f64>, required = true)]
    rollout_percentage: Option<serde_json::Value>,
}

/// Tells a flag in two words
#[utoipa::path(
    get, path = "/flags/{key}/summary", tag = "evaluation", operation_id = "readFlagSummary",
    responses((status = OK, description = "The flag in two words", body = Summary)),
    security(("bearer" = ["server", "viewer", "editor", "admin"])),
)]
pub(super) async fn summary(
    asker: Asker,
    State(state): State<AppState>,
) -> Result<Json<Summary>, ApiError> {
    asker.require(&[KeyKind::Server])?;
    let key = asker.names.get("key").cloned().unwrap_or_default();
    let published = asker.environment.current();
    let summary = published.snapshot().summary(&key, state.now());
    let summary = summary.ok_or_else(|| missing(&key))?;
    Ok(Json(Summary {
        key,
        enabled: summary.enabled,
        // 25 rather than 25.0, as people wrote it.
        rollout_percentage: summary
            .rollout_percentage
            .map(|percentage| safe_integer(percentage).map_or(percentage.into(), Into::into)),
    }))
}
