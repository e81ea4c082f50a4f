//! `…/environments/{environment}/values`: a map from flags to values, for callers that need nothing else, and the summary of a flag
//!
//! Both work without a key if an admin has made the environment public (`publicValues`); pages get only flags marked `clientSide`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRef, FromRequestParts, Path, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Context, safe_integer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::access::auth::{Principal, bearer_or_cookie};
use crate::access::context_signature::{self, SignatureHeader};
use crate::access::state::AccessState;
use crate::engine::coding::ContentCoding;
use crate::engine::environment::Environment;
use crate::evaluation::outcomes::{Counts, Members};
use crate::evaluation::routes::evaluate::no_context;
use crate::evaluation::state::EvaluationState;
use crate::evaluation::summary::summarize;
use crate::evaluation::visible::VisibleFlags;
use crate::flags::edit::missing;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::bounded;
use crate::http::observe::note_rate_limit_keys;
use crate::http::rate::RateLimitKeys;
use crate::openapi::ContextBody;
use crate::store::CredentialKind;

/// The name of this API in the list of unknown flags
const VALUES: &str = "values";
/// The kinds of keys that may read values; so may all roles
const VALUES_KEYS: &[CredentialKind] = &[CredentialKind::Server, CredentialKind::Client];

/// The environment in the path, and its caller: a person with a role in its project, a key of it, or nobody
pub(crate) struct ValuesAccess {
    pub(crate) environment: Arc<Environment>,
    pub(crate) names: BTreeMap<String, String>,
    principal: Option<Principal>,
    rate_limit_keys: RateLimitKeys,
}

impl ValuesAccess {
    /// Fails for callers with neither one of these keys nor a role; returns the kind or role
    pub(crate) fn require(
        &self,
        keys: &'static [CredentialKind],
    ) -> Result<CredentialKind, ApiError> {
        let principal = self.principal.as_ref().ok_or(ApiError::NoToken)?;
        if !CredentialKind::ROLES.contains(&principal.kind()) {
            principal.check(keys)?;
        }
        Ok(principal.kind())
    }

    /// The rate-limit keys to which more can be charged
    pub(crate) fn rate_limit_keys(&self) -> &RateLimitKeys {
        &self.rate_limit_keys
    }

    /// The caller of a response with this many outcomes
    pub(crate) fn request(&self, outcomes: usize, accepted: ContentCoding) -> bounded::Request<'_> {
        bounded::Request {
            rate_limit_keys: &self.rate_limit_keys,
            outcomes,
            accepted,
        }
    }

    /// Fails for callers with neither one of these keys nor a role, unless the environment is public
    fn require_unless_public(
        &self,
        state: &EvaluationState,
        keys: &'static [CredentialKind],
    ) -> Result<(), ApiError> {
        let is_public = state
            .access
            .access_index()
            .public_environments()
            .contains(&self.environment.row().id);
        let kind = self.principal.as_ref().map(Principal::kind);
        if is_public && kind.is_none_or(|kind| kind == CredentialKind::Client) {
            return Ok(());
        }
        self.require(keys).map(drop)
    }

    /// The flags of which the caller gets values
    fn visible(&self) -> VisibleFlags {
        VisibleFlags::of(self.principal.as_ref().map(Principal::kind))
    }
}

impl<S> FromRequestParts<S> for ValuesAccess
where
    S: Send + Sync,
    Arc<AccessState>: FromRef<S>,
    Arc<EvaluationState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let evaluation = Arc::<EvaluationState>::from_ref(state);
        let access = &evaluation.access;
        let has_token = [AUTHORIZATION.as_str(), "x-api-key"]
            .iter()
            .any(|name| parts.headers.contains_key(*name));
        let (principal, rate_limit_keys) = if has_token || bearer_or_cookie(parts, access).is_some()
        {
            let principal = Principal::from_request_parts(parts, state).await?;
            let rate_limit_keys = principal.rate_limit_keys().clone();
            (Some(principal), rate_limit_keys)
        } else {
            let rate_limit_keys = access.http.limiter.admit_nobody(&parts.extensions)?;
            note_rate_limit_keys(&parts.extensions, &rate_limit_keys);
            (None, rate_limit_keys)
        };
        let names = Path::<BTreeMap<String, String>>::from_request_parts(parts, &()).await;
        let Path(names) = names.map_err(|error| ApiError::Unreadable(error.body_text()))?;
        let name = |what: &str| names.get(what).map_or("", String::as_str);
        let mut project = access.engine.project(name("project")).into_iter();
        let found = project.find(|it| *it.row().name == *name("environment"));
        let may_know = |environment: &Arc<Environment>| {
            let row = environment.row();
            let is_its_own = |principal: &Principal| match principal.environment() {
                Some(own) => own == row.id,
                None => principal.belongs_to(row.project_id),
            };
            principal.as_ref().is_none_or(is_its_own)
        };
        match found.filter(may_know) {
            Some(environment) => Ok(Self {
                environment,
                names,
                principal,
                rate_limit_keys,
            }),
            // Callers without a token must not learn what exists.
            None if principal.is_none() => Err(ApiError::NoToken),
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
pub(crate) struct ValuesQuery {
    /// The key of the user; if absent, flags are evaluated without a user
    targeting_key: Option<String>,
}

/// Evaluates all flags for a user, or without a user, as a map from keys to values
///
/// Flags with errors are left out, so that the caller's default is used. A `client` key gets only flags marked `clientSide`; if an admin
/// has made the environment public (`publicValues`), pages get these without a key.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/environments/{environment}/values", tag = "evaluation", operation_id = "readValues",
    params(ValuesQuery, SignatureHeader),
    responses((status = OK, description = "The values by the keys of their flags", body = BTreeMap<String, serde_json::Value>)),
    security(("bearer" = ["server", "client", "viewer", "editor", "admin"])),
)]
pub(crate) async fn values(
    access: ValuesAccess,
    State(state): State<Arc<EvaluationState>>,
    QueryParams(query): QueryParams<ValuesQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    access.require_unless_public(&state, VALUES_KEYS)?;
    let context = query
        .targeting_key
        .map_or_else(nobody, |key| Ok(Context::new(key)))?;
    respond(&access, &state, context, &headers).await
}

/// The context for which to evaluate
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValuesRequest {
    #[serde(default = "no_context")]
    #[schema(value_type = ContextBody, required = false)]
    context: Box<RawValue>,
}

/// Evaluates all flags for a whole context, as a map from keys to values
///
/// The same as by `GET`, with attributes and other kinds of contexts.
#[utoipa::path(
    post, path = "/api/v1/projects/{project}/environments/{environment}/values", tag = "evaluation", operation_id = "evaluateValues",
    params(SignatureHeader),
    request_body(content = ValuesRequest, example = json!({"context": {"targetingKey": "user-1", "country": "se"}})),
    responses((status = OK, description = "The values by the keys of their flags", body = BTreeMap<String, serde_json::Value>)),
    security(("bearer" = ["server", "client", "viewer", "editor", "admin"])),
)]
pub(crate) async fn evaluate_values(
    access: ValuesAccess,
    State(state): State<Arc<EvaluationState>>,
    headers: HeaderMap,
    Body(request): Body<ValuesRequest>,
) -> Result<Response, ApiError> {
    access.require_unless_public(&state, VALUES_KEYS)?;
    let context = Context::from_json(request.context.get());
    let context = context.map_err(|error| ApiError::invalid("/context", error.to_string()))?;
    respond(&access, &state, context, &headers).await
}

/// A context that names no user
fn nobody() -> Result<Context, ApiError> {
    Context::from_json("{}").map_err(|error| ApiError::Internal(Box::new(error)))
}

async fn respond(
    access: &ValuesAccess,
    state: &EvaluationState,
    context: Context,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(principal) = &access.principal {
        let given = context_signature::in_header(headers);
        context_signature::check(principal, given, Some(&context), state.now())?;
    }
    let caller = access.principal.as_ref().map(Principal::kind);
    let recorder = state.attribute_recorder(&access.environment, caller);
    recorder.record(&context);
    let published = access.environment.current();
    let visible = access.visible();
    let request = access.request(visible.count(&published), ContentCoding::accepted(headers));
    let (now, evaluated) = (state.now(), Arc::clone(&published));
    let made = bounded::respond(&state.access.http, request, move |body| {
        let mut counts = Counts::default();
        let mut values = Members::begin(body)?;
        counts.add_all(
            (&evaluated, visible),
            (&context, now),
            |key, outcome| match outcome.value.as_deref() {
                Ok(value) => values.add(key, value),
                Err(_) => Ok(()),
            },
        )?;
        values.end()?;
        Ok(counts)
    });
    let (made, counts) = made.await?;
    counts.record((state, &access.environment, &published), VALUES);
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
pub(crate) struct Summary {
    key: String,
    /// Whether it is enabled and has not expired
    enabled: bool,
    /// The percentage of users for whom the flag's own serve turns it on, or serves the one variant that is rolled out, without rules and
    /// overrides; null if it rolls nothing out: it is broken, splits users between variants, or serves its off variant
    #[schema(value_type = Option<f64>, required = true)]
    rollout_percentage: Option<serde_json::Value>,
}

/// Reads the summary of a flag: whether it is on, and for what share of users
///
/// If an admin has made the environment public (`publicValues`), pages get those of flags marked `clientSide` without a key.
#[utoipa::path(
    get, path = "/api/v1/projects/{project}/environments/{environment}/flags/{key}/summary",
    tag = "evaluation", operation_id = "readFlagSummary",
    responses((status = OK, description = "Whether the flag is on, and its rollout percentage", body = Summary)),
    security(("bearer" = ["server", "viewer", "editor", "admin"])),
)]
pub(crate) async fn summary(
    access: ValuesAccess,
    State(state): State<Arc<EvaluationState>>,
) -> Result<Json<Summary>, ApiError> {
    access.require_unless_public(&state, &[CredentialKind::Server])?;
    let key = access.names.get("key").cloned().unwrap_or_default();
    let published = access.environment.current();
    let snapshot = access.visible().snapshot_of(&published, &key);
    let summary = summarize(snapshot, &key, state.now());
    let summary = summary.ok_or_else(|| missing(&key))?;
    Ok(Json(Summary {
        key,
        enabled: summary.enabled,
        // 25 rather than 25.0, as people write it.
        rollout_percentage: summary
            .rollout_percentage
            .map(|percentage| safe_integer(percentage).map_or(percentage.into(), Into::into)),
    }))
}
