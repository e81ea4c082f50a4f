//! What is not counted but looked up when it is asked for

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::{EnvironmentLabels, PREFIX};
use crate::state::AppState;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InstanceLabels {
    project: String,
    environment: String,
    state: &'static str,
}

/// How many have said that they use what is served, were sent it and say nothing, or are behind
fn instances(state: &AppState) -> Family<InstanceLabels, Gauge> {
    let instances = Family::<InstanceLabels, Gauge>::default();
    for environment in state.environments() {
        let row = environment.row();
        let revision = environment.current().revision();
        let standing = state.instances().of(row.id).standing(revision);
        for (name, count) in [
            ("applied", standing.applied),
            ("sent", standing.sent),
            ("behind", standing.behind()),
        ] {
            let EnvironmentLabels {
                project,
                environment,
            } = state.metrics().labels(row);
            let labels = InstanceLabels {
                project,
                environment,
                state: name,
            };
            instances.get_or_create(&labels).inc_by(signed(count));
        }
    }
    instances
}

/// The revision of each environment; one of several together would say nothing
fn revisions(state: &AppState) -> Family<EnvironmentLabels, Gauge> {
    let revisions = Family::<EnvironmentLabels, Gauge>::default();
    for environment in state.environments() {
        let row = environment.row();
        if state.metrics().is_labelled(row) {
            let revision = environment.current().revision();
            let labels = state.metrics().labels(row);
            revisions.get_or_create(&labels).set(signed(revision));
        }
    }
    revisions
}

fn signed<T: TryInto<i64>>(count: T) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// What is not counted but looked up
pub(super) fn registry(state: &AppState) -> Registry {
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
    let (limits, connections) = state.connections().plain();
    for (name, help, value) in [
        (
            "environments",
            "Environments that this node serves",
            state.environments().len(),
        ),
        (
            "streams_limit",
            "Streams that may be open at a time",
            state.limits().streams.all,
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
    register_store(&mut registry, state);
    registry
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    reason: &'static str,
}

/// Whether the store is there, and takes writes
fn register_store(registry: &mut Registry, state: &AppState) {
    let contact = state.contact();
    registry.register(
        "store_up",
        "1 if the store answered when it was last asked, else 0",
        ConstGauge::new(i64::from(!contact.is_lost())),
    );
    let writes = state.store().writes();
    let is_failing = contact.is_lost() || writes.are_failing();
    registry.register(
        "store_writes_up",
        "0 if the last write failed and the next one would too, or the store is down, else 1",
        ConstGauge::new(i64::from(!is_failing)),
    );
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
    staleness.set(contact.stale_for().as_secs_f64());
    registry.register_with_unit(
        "store_staleness",
        "How long ago this node is known to have had everything that the store has",
        Unit::Seconds,
        staleness,
    );
}
