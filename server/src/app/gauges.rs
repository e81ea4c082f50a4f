//! Metrics that are computed when they are read

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::app::AppState;
use crate::metrics::{EnvironmentLabels, PREFIX};
use crate::runtime::logging;
use crate::store::{PoolLabels, PoolUse};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InstanceLabels {
    #[prometheus(flatten)]
    environment: EnvironmentLabels,
    state: &'static str,
}

/// Instances that have acknowledged the served revision, that were sent it and do not acknowledge, or that are behind
fn instances(state: &AppState) -> Family<InstanceLabels, Gauge> {
    let instances = Family::<InstanceLabels, Gauge>::default();
    for environment in state.environments() {
        let row = environment.row();
        let revision = environment.current().revision();
        let standing = state.instances.of(row.id).standing(revision);
        for (name, count) in [
            ("applied", standing.applied),
            ("sent", standing.sent),
            ("behind", standing.behind()),
        ] {
            let labels = InstanceLabels {
                environment: state.http.metrics.labels(row),
                state: name,
            };
            instances.get_or_create(&labels).inc_by(signed(count));
        }
    }
    instances
}

/// The revision of each environment; there is no total, since a sum of revisions has no meaning
fn revisions(state: &AppState) -> Family<EnvironmentLabels, Gauge> {
    let revisions = Family::<EnvironmentLabels, Gauge>::default();
    for environment in state.environments() {
        let row = environment.row();
        if state.http.metrics.is_labelled(row) {
            let revision = environment.current().revision();
            let labels = state.http.metrics.labels(row);
            revisions.get_or_create(&labels).set(signed(revision));
        }
    }
    revisions
}

fn signed<T: TryInto<i64>>(count: T) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// The metrics that are computed when they are read
pub(crate) fn registry(state: &AppState) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The server", version);
    registry.register(
        "environment_revision",
        "The revision that this node serves",
        revisions(state),
    );
    registry.register(
        "instances",
        "Instances that follow at this node, by how they stand towards the revision that it serves",
        instances(state),
    );
    let (limits, connections) = state.connections.plain();
    for (name, help, value) in [
        (
            "environments",
            "Environments that this node serves",
            state.environments().len(),
        ),
        (
            "streams_limit",
            "Streams that may be open at a time",
            state.config().streams.all,
        ),
        (
            "connections",
            "Connections that are open and carry no stream",
            connections,
        ),
        (
            "connections_limit",
            "Connections that may be open at a time and carry no stream",
            limits.plain,
        ),
    ] {
        registry.register(name, help, ConstGauge::new(signed(value)));
    }
    if let Some(is_up) = state.http.metrics.redis_up() {
        registry.register(
            "redis_up",
            "1 if Redis answered when the copy was last updated, else 0",
            ConstGauge::new(is_up),
        );
    }
    let dropped = ConstCounter::new(u64::try_from(logging::dropped_lines()).unwrap_or(u64::MAX));
    registry.register(
        "log_lines_dropped",
        "Lines of the log that were dropped because stderr was not read in time",
        dropped,
    );
    register_store(&mut registry, state);
    registry
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    reason: &'static str,
}

/// The connections to the database, and how long their work takes
fn register_pools(registry: &mut Registry, state: &AppState) {
    let (in_use, limits) = (
        Family::<PoolLabels, Gauge>::default(),
        Family::<PoolLabels, Gauge>::default(),
    );
    let durations = state.store().durations();
    for PoolUse {
        pool,
        in_use: count,
        limit,
    } in state.store().pools()
    {
        let labels = PoolLabels { pool };
        // Created for a pool without work too, so that its rate is defined from the first event on.
        drop(durations.get_or_create(&labels));
        in_use.get_or_create(&labels).set(signed(count));
        limits.get_or_create(&labels).set(signed(limit));
    }
    registry.register(
        "store_connections",
        "Connections to the database that are in use",
        in_use,
    );
    registry.register(
        "store_connections_limit",
        "Connections to the database that may be in use at a time",
        limits,
    );
    registry.register_with_unit(
        "store_duration",
        "How long work of the database took, with the time that it waited for a connection",
        Unit::Seconds,
        durations.clone(),
    );
}

/// Whether the store is reachable and accepts writes
fn register_store(registry: &mut Registry, state: &AppState) {
    let store_health = state.store_health();
    registry.register(
        "store_up",
        "1 if the store answered when it was last asked, else 0",
        ConstGauge::new(i64::from(!store_health.is_lost())),
    );
    let writes = state.store().writes();
    let is_failing = store_health.is_lost() || writes.are_failing();
    registry.register(
        "store_writes_up",
        "0 if the last write failed and the next one would too, or the store is down, else 1",
        ConstGauge::new(i64::from(!is_failing)),
    );
    register_pools(registry, state);
    let failures = Family::<FailureLabels, Counter>::default();
    for (failure, count) in writes.failures() {
        let reason = failure.name();
        let labels = FailureLabels { reason };
        failures.get_or_create(&labels).inc_by(count);
    }
    registry.register(
        "store_write_failures",
        "Writes that the store failed",
        failures,
    );
    let staleness = Gauge::<f64, AtomicU64>::default();
    staleness.set(store_health.stale_for().as_secs_f64());
    registry.register_with_unit(
        "store_staleness",
        "How long ago this node is known to have had everything that the store has",
        Unit::Seconds,
        staleness,
    );
}
