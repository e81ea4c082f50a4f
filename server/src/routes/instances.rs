//! `…/instances`, `…/convergence` and `POST /api/v1/sdk/applied`: who follows an environment, and whether a change has reached everyone

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, timeout_at};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::auth::{Grant, KeyKind};
use crate::extract::{AdminScope, Body, Parameters, key_environment, page_size};
use crate::feed::spread;
use crate::instances::{Identity, Instance, Overview, Roster, Unfounded};
use crate::list::Page;
use crate::state::AppState;
use crate::usage::{INSTANCE, is_instance};

/// Instances behind that are named in one answer
const NAMED: usize = 100;
/// Seconds that a client may wait
const LONGEST_WAIT: u64 = 30;
/// Many acknowledgements come at once, and who waits for the last looks at them together
const COALESCE: Duration = Duration::from_millis(50);
/// Characters of what a client calls itself
const SDK_LENGTH: usize = 129;

/// Who opens a stream
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StreamQuery {
    /// The id of the instance that follows, drawn at random when it starts. An instance that sends one acknowledges what it applies
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
    /// Checks everything; the stream is opened with the key of this id
    pub(super) fn identity(self, key: &str) -> Result<Identity, ApiError> {
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
        Ok(Identity {
            key: key.into(),
            instance: self.instance,
            sdk: self.sdk,
        })
    }
}

/// What an instance says that it applied
#[derive(Deserialize, ToSchema)]
#[schema(as = AppliedRevision)]
pub(super) struct Applied {
    /// The instance's id, as on its stream
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    instance: String,
    /// The `id` of the last `payload-transferred` that is in use
    #[schema(min_length = 1, max_length = 100)]
    cursor: String,
}

/// How the next acknowledgement is to be sent
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Acknowledged {
    /// Of how many milliseconds after the next change one is to be drawn at random to tell of it
    spread_ms: u64,
}

/// Acknowledges a state that an instance has applied
///
/// With the key that the instance's stream was opened with, and a state that was sent to it.
#[utoipa::path(
    post, path = "/api/v1/sdk/applied", tag = "sdk", operation_id = "acknowledge",
    request_body(content = Applied, example = json!({"instance": "3c59dc04", "cursor": "0123456789abcdef.42.0000000000000000"})),
    responses((status = OK, description = "It is noted", body = Acknowledged)),
    security(("bearer" = ["server", "client-local"])),
)]
pub(super) async fn applied(
    grant: Grant,
    State(state): State<AppState>,
    Body(applied): Body<Applied>,
) -> Result<Json<Acknowledged>, ApiError> {
    let grant = grant.require(&[KeyKind::Server, KeyKind::ClientLocal])?;
    let environment = key_environment(&grant, &state)?;
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
    // Of another lineage, it is no longer in use when it arrives.
    if epoch == &*current.identity().epoch {
        // Another node may be ahead of this one, and the node that the instance follows knows what it sent.
        if revision > current.revision() && !state.store().is_shared() {
            return Err(unsent(revision));
        }
        let roster = state.instances().of(environment.row().id);
        let key = grant.key()?.row().id().into();
        roster
            .applied(&key, &applied.instance, revision)
            .map_err(|unfounded| match unfounded {
                Unfounded::OtherKey => ApiError::Forbidden(
                    "the instance follows with another key, and only that one acknowledges for it",
                ),
                Unfounded::Unsent => unsent(revision),
            })?;
    }
    let spread = spread(state.streams().count());
    Ok(Json(Acknowledged {
        spread_ms: u64::try_from(spread.as_millis()).unwrap_or_default(),
    }))
}

fn unsent(revision: u64) -> ApiError {
    let message = format!("revision {revision} has not been sent to the instance");
    ApiError::invalid("/cursor", message)
}

/// An instance that follows an environment
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstanceItem {
    /// Its id; null if it does not acknowledge
    #[schema(required = true)]
    instance: Option<String>,
    /// What it calls itself
    #[schema(required = true)]
    sdk: Option<String>,
    /// The version of that
    #[schema(required = true)]
    version: Option<String>,
    /// The node that it is connected to
    node: String,
    /// The revision that it said it uses; without an id, the one that was sent to it
    #[schema(required = true)]
    revision: Option<u64>,
    /// `applied` if the revision is what it said, `sent` if it says nothing
    #[schema(inline)]
    confirmation: Confirmation,
    /// The revision that was sent to it
    sent: u64,
    /// Since when it is connected
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// For how long there has been something newer than its revision, in milliseconds
    stale_ms: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Confirmation {
    Applied,
    Sent,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Items of a page
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of an earlier page
    #[param(nullable = false)]
    cursor: Option<String>,
}

/// Lists the instances that follow the environment, at all nodes
///
/// Of another node at most 1,000 are listed, those furthest behind; `total` counts all.
#[utoipa::path(
    get, path = "/instances", tag = "usage", operation_id = "listInstances",
    params(ListQuery),
    responses((status = OK, description = "Instances", body = Page<InstanceItem>)),
)]
pub(super) async fn list(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Page<InstanceItem>>, ApiError> {
    let limit = page_size(query.limit)?;
    let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let watch = Watch::new(&scope, &state);
    let overview = watch.overview();
    let mut listed: Vec<(String, Instance)> = Vec::new();
    for (node, told) in &overview.nodes {
        // Of this node all are known, and not only those that are told to others.
        let own = (node == state.instances().node()).then(|| watch.roster.instances());
        let instances = own.unwrap_or_else(|| told.listed.clone());
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
    let last = listed
        .get(limit.saturating_sub(1))
        .filter(|_| listed.len() > limit);
    let next = last.map(|(node, instance)| format!("{node}.{}", instance.number));
    listed.truncate(limit);
    let total = overview.standing(0).instances;
    Ok(Json(Page {
        items: listed
            .iter()
            .map(|(node, instance)| watch.item(node, instance))
            .collect(),
        total: usize::try_from(total).ok(),
        next,
    }))
}

fn parse_cursor(cursor: &str) -> Result<(String, u64), ApiError> {
    let parsed = cursor.split_once('.');
    let parsed = parsed.and_then(|(node, number)| Some((node.to_owned(), number.parse().ok()?)));
    parsed.ok_or_else(|| ApiError::invalid("?cursor", "expected the `next` of an earlier page"))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ConvergenceQuery {
    /// The revision that all are to have; the current one unless told otherwise
    #[param(nullable = false, format = "uint64")]
    revision: Option<u64>,
    /// For how many seconds the answer may wait until all have it
    #[param(minimum = 0, maximum = 30, default = 0, nullable = false)]
    timeout: Option<u64>,
}

/// Whether a revision has reached everyone
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Convergence {
    /// The revision
    revision: u64,
    /// How many instances follow
    instances: u64,
    /// How many of them said that they use it, or a newer one
    applied: u64,
    /// To how many that say nothing it was sent
    sent: u64,
    /// Whether nobody is behind, at any node
    converged: bool,
    /// Whether it is known of all nodes; false while they cannot be heard
    complete: bool,
    /// Some of those that are behind, those furthest behind first
    behind: Vec<InstanceItem>,
}

/// Waits until a revision has reached everyone, or the time is over
#[utoipa::path(
    get, path = "/convergence", tag = "usage", operation_id = "awaitConvergence",
    params(ConvergenceQuery),
    responses((status = OK, description = "How far it has got", body = Convergence)),
)]
pub(super) async fn converge(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ConvergenceQuery>,
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
    let mut moves = watch.roster.subscribe();
    loop {
        moves.borrow_and_update();
        let convergence = watch.convergence(revision);
        let is_over = convergence.converged || state.stopping().is_cancelled();
        if is_over || timeout_at(deadline, moves.changed()).await.is_err() {
            return Ok(Json(convergence));
        }
        sleep(COALESCE).await;
    }
}

/// What is needed to tell of an environment's instances
struct Watch<'a> {
    environment: i64,
    roster: std::sync::Arc<Roster>,
    state: &'a AppState,
}

impl<'a> Watch<'a> {
    fn new(scope: &AdminScope, state: &'a AppState) -> Self {
        let environment = scope.environment.row().id;
        let roster = state.instances().of(environment);
        roster.made(scope.environment.current().revision(), state.now());
        Self {
            environment,
            roster,
            state,
        }
    }

    fn overview(&self) -> Overview {
        let is_shared = self.state.store().is_shared();
        self.state.instances().overview(self.environment, is_shared)
    }

    fn convergence(&self, revision: u64) -> Convergence {
        let overview = self.overview();
        let standing = overview.standing(revision);
        let listed = overview.nodes.iter();
        let listed = listed
            .flat_map(|(node, told)| told.listed.iter().map(move |instance| (node, instance)));
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
            stale_ms: self.roster.stale_for(instance.revision(), self.state.now()),
        }
    }
}
