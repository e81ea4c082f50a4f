//! `…/instances`, `…/convergence` and `POST /api/v1/sdk/applied`: which instances are connected, and whether all have a revision

use std::sync::Arc;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout_at};
use utoipa::{IntoParams, ToSchema};

use crate::access::auth::Principal;
use crate::access::guards::{EnvironmentAccess, key_environment};
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::paging::{Page, PageQuery, cursor_of, page_size, read_cursor};
use crate::instances::{ClusterInstances, Instance, InstanceInfo, InstanceRegistry, Unfounded};
use crate::store::CredentialKind;
use crate::streams::state::StreamState;
use crate::streams::subscription::spread;
use crate::usage::{INSTANCE, is_instance};

/// The maximum number of instances behind that one response names
const NAMED: usize = 100;
/// The maximum time that a client may wait, in seconds
const LONGEST_WAIT: u64 = 30;
/// Acknowledgements arrive in bursts; those who wait for the last one check once for all of them
const COALESCE: Duration = Duration::from_millis(50);
/// The maximum length of an SDK's name and version, in characters
const SDK_LENGTH: usize = 129;

/// The instance that opens the stream
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The id of the instance, drawn at random when it starts. An instance that sends one acknowledges what it applies
    #[param(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9._-]{1,64}$",
        nullable = false
    )]
    instance: Option<String>,
    /// The name and the version of its SDK, as `flagstaff-rust/0.1.0`
    #[param(
        min_length = 1,
        max_length = 129,
        pattern = "^[!-~]{1,129}$",
        nullable = false
    )]
    sdk: Option<String>,
}

impl StreamQuery {
    /// Checks the query; the stream is opened with the key of this id
    pub(crate) fn identity(self, key: &str) -> Result<InstanceInfo, ApiError> {
        if self.instance.as_deref().is_some_and(|id| !is_instance(id)) {
            return Err(ApiError::invalid(
                "?instance",
                format!("expected {INSTANCE}"),
            ));
        }
        let is_word = |text: &str| {
            let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
            (1..=SDK_LENGTH).contains(&text.len()) && is_visible
        };
        if self.sdk.as_deref().is_some_and(|sdk| !is_word(sdk)) {
            let expected = format!("expected 1 to {SDK_LENGTH} visible ASCII characters");
            return Err(ApiError::invalid("?sdk", expected));
        }
        Ok(InstanceInfo {
            key: key.into(),
            instance: self.instance,
            sdk: self.sdk,
        })
    }
}

/// The acknowledgement of a revision
#[derive(Deserialize, ToSchema)]
#[schema(as = AppliedRevision)]
pub(crate) struct Acknowledgement {
    /// The instance's id, as on its stream
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    instance: String,
    /// The `id` of the last `payload-transferred` event that it has applied
    #[schema(min_length = 1, max_length = 100)]
    cursor: String,
}

/// How to send the next acknowledgement
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Acknowledged {
    /// Wait a random time up to this before the next acknowledgement, in milliseconds
    spread_ms: u64,
}

/// Acknowledges that an instance has applied a revision
///
/// Must come with the key with which the instance's stream was opened, for a revision that was sent to it.
#[utoipa::path(
    post, path = "/api/v1/sdk/applied", tag = "sdk", operation_id = "acknowledge",
    request_body(content = Acknowledgement, example = json!({"instance": "3c59dc04", "cursor": "0123456789abcdef.42.0000000000000000"})),
    responses((status = OK, description = "It is noted", body = Acknowledged)),
    security(("bearer" = ["server", "client-local"])),
)]
pub(crate) async fn applied(
    principal: Principal,
    State(state): State<Arc<StreamState>>,
    Body(applied): Body<Acknowledgement>,
) -> Result<Json<Acknowledged>, ApiError> {
    let principal = principal.require(&[CredentialKind::Server, CredentialKind::ClientLocal])?;
    let environment = key_environment(&principal, &state.access.engine)?;
    if !is_instance(&applied.instance) {
        return Err(ApiError::invalid(
            "/instance",
            format!("expected {INSTANCE}"),
        ));
    }
    let mut parts = applied.cursor.split('.');
    let (epoch, revision) = (
        parts.next(),
        parts.next().and_then(|text| text.parse().ok()),
    );
    let (Some(epoch), Some(revision)) = (epoch, revision) else {
        return Err(ApiError::invalid(
            "/cursor",
            "expected the `id` of a `payload-transferred`",
        ));
    };
    let current = environment.current();
    // A state of another epoch is no longer in use when the acknowledgement arrives.
    if epoch == &*current.identity().epoch {
        // Another node may be ahead of this one, and the instance's own node knows what it sent.
        if revision > current.revision() && !state.access.engine.store().is_shared() {
            return Err(unsent(revision));
        }
        let registry = state.instances.of(environment.row().id);
        let key = principal.key()?.row().id().into();
        registry
            .mark_applied(&key, &applied.instance, revision)
            .map_err(|unfounded| match unfounded {
                Unfounded::OtherKey => ApiError::Forbidden(
                    "the instance follows with another key, and only that one acknowledges for it",
                ),
                Unfounded::Unsent => unsent(revision),
            })?;
    }
    let spread = spread(state.slots.count());
    Ok(Json(Acknowledged {
        spread_ms: u64::try_from(spread.as_millis()).unwrap_or_default(),
    }))
}

fn unsent(revision: u64) -> ApiError {
    let message = format!("revision {revision} has not been sent to the instance");
    ApiError::invalid("/cursor", message)
}

/// An instance that is connected to the environment
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstanceItem {
    /// Its id; null if it does not acknowledge
    #[schema(required = true)]
    instance: Option<String>,
    /// The name of its SDK
    #[schema(required = true)]
    sdk: Option<String>,
    /// The version of its SDK
    #[schema(required = true)]
    version: Option<String>,
    /// The node that it is connected to
    node: String,
    /// The revision that it acknowledged; without an id, the revision that was sent to it
    #[schema(required = true)]
    revision: Option<u64>,
    /// `applied` if it acknowledged the revision, `sent` if it does not acknowledge
    #[schema(inline)]
    confirmation: Confirmation,
    /// The revision that was sent to it
    sent: u64,
    /// When it connected
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// For how many milliseconds a newer revision than its own has existed
    stale_ms: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Confirmation {
    Applied,
    Sent,
}

/// Lists the instances that are connected to the environment, at all nodes
///
/// Of another node at most 1,000 are listed, those furthest behind; `total` counts all.
#[utoipa::path(
    get, path = "/instances", tag = "usage", operation_id = "listInstances",
    params(PageQuery),
    responses((status = OK, description = "Instances", body = Page<InstanceItem>)),
)]
pub(crate) async fn list(
    scope: EnvironmentAccess,
    State(state): State<Arc<StreamState>>,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<Page<InstanceItem>>, ApiError> {
    let limit = page_size(query.limit)?;
    let after = read_cursor::<(String, u64)>(query.cursor.as_deref())?;
    let watch = Watch::new(&scope, &state);
    let overview = watch.overview();
    let mut listed: Vec<(String, Instance)> = Vec::new();
    for (node, report) in &overview.nodes {
        // All instances of this node are known, not only those in its report to the others.
        let own = (node == state.instances.node()).then(|| watch.registry.instances());
        let instances = own.unwrap_or_else(|| report.listed.clone());
        listed.extend(
            instances
                .into_iter()
                .map(|instance| (node.clone(), instance)),
        );
    }
    listed
        .sort_by(|(one, first), (other, second)| (one, first.number).cmp(&(other, second.number)));
    listed.retain(|(node, instance)| {
        let is_after = |(other, number): &(String, u64)| (node, instance.number) > (other, *number);
        after.as_ref().is_none_or(is_after)
    });
    let cursor = |(node, instance): &(String, Instance)| cursor_of(&(node, instance.number));
    let item = |(node, instance): (String, Instance)| watch.item(&node, &instance);
    Ok(Json(Page {
        total: usize::try_from(overview.standing(0).instances).ok(),
        ..Page::of_more(listed, limit, cursor, item)
    }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConvergenceQuery {
    /// The revision to wait for; the current one by default
    #[param(nullable = false, format = "uint64")]
    revision: Option<u64>,
    /// For how many seconds to wait until all instances have it
    #[param(minimum = 0, maximum = 30, default = 0, nullable = false)]
    timeout: Option<u64>,
}

/// Whether all instances have a revision
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Convergence {
    /// The revision
    revision: u64,
    /// The number of connected instances
    instances: u64,
    /// How many of them acknowledged this revision or a newer one
    applied: u64,
    /// How many of them do not acknowledge, and were sent it
    sent: u64,
    /// Whether no instance is behind, at any node
    converged: bool,
    /// Whether the instances of all nodes are known; false while other nodes' reports cannot be read
    complete: bool,
    /// Some of the instances that are behind, those furthest behind first
    behind: Vec<InstanceItem>,
}

/// Waits until all instances have a revision, or the time is over
#[utoipa::path(
    get, path = "/convergence", tag = "usage", operation_id = "awaitConvergence",
    params(ConvergenceQuery),
    responses((status = OK, description = "How far it has got", body = Convergence)),
)]
pub(crate) async fn converge(
    scope: EnvironmentAccess,
    State(state): State<Arc<StreamState>>,
    QueryParams(query): QueryParams<ConvergenceQuery>,
) -> Result<Json<Convergence>, ApiError> {
    let wait = query.timeout.unwrap_or_default();
    if wait > LONGEST_WAIT {
        let expected = format!("expected 0 to {LONGEST_WAIT} seconds, got {wait}");
        return Err(ApiError::invalid("?timeout", expected));
    }
    let watch = Watch::new(&scope, &state);
    let revision = query
        .revision
        .unwrap_or_else(|| scope.environment.current().revision());
    let now = Instant::now();
    let deadline = now.checked_add(Duration::from_secs(wait)).unwrap_or(now);
    let mut moves = watch.registry.subscribe();
    loop {
        moves.borrow_and_update();
        let convergence = watch.convergence(revision);
        let is_over = convergence.converged || state.stopping.is_cancelled();
        if is_over || timeout_at(deadline, moves.changed()).await.is_err() {
            return Ok(Json(convergence));
        }
        sleep(COALESCE).await;
    }
}

/// What is needed to describe an environment's instances
struct Watch<'a> {
    environment: i64,
    registry: std::sync::Arc<InstanceRegistry>,
    state: &'a StreamState,
}

impl<'a> Watch<'a> {
    fn new(scope: &EnvironmentAccess, state: &'a StreamState) -> Self {
        let environment = scope.environment.row().id;
        let registry = state.instances.of(environment);
        registry.record_revision(
            scope.environment.current().revision(),
            state.access.engine.now(),
        );
        Self {
            environment,
            registry,
            state,
        }
    }

    fn overview(&self) -> ClusterInstances {
        let is_shared = self.state.access.engine.store().is_shared();
        self.state.instances.overview(self.environment, is_shared)
    }

    fn convergence(&self, revision: u64) -> Convergence {
        let overview = self.overview();
        let standing = overview.standing(revision);
        let listed = overview.nodes.iter();
        let listed = listed
            .flat_map(|(node, report)| report.listed.iter().map(move |instance| (node, instance)));
        let mut behind: Vec<_> = listed
            .filter(|(_, instance)| instance.revision() < revision)
            .collect();
        behind.sort_by_key(|(_, instance)| instance.revision());
        behind.truncate(NAMED);
        Convergence {
            revision,
            instances: standing.instances,
            applied: standing.applied,
            sent: standing.sent,
            converged: standing.behind() == 0 && overview.is_complete,
            complete: overview.is_complete,
            behind: behind
                .into_iter()
                .map(|(node, instance)| self.item(node, instance))
                .collect(),
        }
    }

    fn item(&self, node: &str, instance: &Instance) -> InstanceItem {
        let (sdk, version) = match instance.sdk.as_deref().map(|sdk| sdk.rsplit_once('/')) {
            Some(Some((name, version))) => (Some(name.to_owned()), Some(version.to_owned())),
            _ => (instance.sdk.clone(), None),
        };
        let (revision, confirmation) = if instance.acknowledges() {
            (instance.applied, Confirmation::Applied)
        } else {
            (Some(instance.sent), Confirmation::Sent)
        };
        InstanceItem {
            instance: instance.id.clone(),
            sdk,
            version,
            node: node.to_owned(),
            revision,
            confirmation,
            sent: instance.sent,
            since: Timestamp::from_millis(instance.since),
            stale_ms: self
                .registry
                .stale_for(instance.revision(), self.state.access.engine.now()),
        }
    }
}
