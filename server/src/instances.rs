//! The instances that are connected in each environment, the revision that each has applied, and whether all have a revision, at all nodes
//!
//! The server knows which revision a stream was sent; the instance itself acknowledges by `POST /api/v1/sdk/applied` which one it has
//! applied. Every second a node writes its changes to the store, in bounded size, and reads those of the others; clocks are never compared.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use imbl::OrdMap;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::engine::state::EngineState;
use crate::runtime::logging::error_chain;
use crate::store::{NodeInstances, StoreError};

mod acknowledgements;
mod registry;
mod report;

pub(crate) use registry::{InstanceGuard, InstanceInfo, InstanceRegistry, Unfounded};
pub(crate) use report::{ConvergenceCounts, Instance, NodeReport};

/// How often a node writes its report if it has changed
const TELL: Duration = Duration::from_secs(1);
/// How often a node writes its report if it has not changed
const BEAT: Duration = Duration::from_secs(5);
/// A node that has written nothing for this long counts as stopped, without streams
const GONE: Duration = Duration::from_secs(15);
/// After this time any node deletes the report of a node that is gone
const FORGET: Duration = Duration::from_mins(5);

/// The instances of all environments
#[derive(Debug)]
pub(crate) struct Instances {
    engine: Arc<EngineState>,
    node: String,
    // An immutable map: adding 10,000 environments one by one does not copy it each time.
    registries: ArcSwap<OrdMap<i64, Arc<InstanceRegistry>>>,
    adding: Mutex<()>,
    // `None` until the reports of the other nodes have been read.
    others: ArcSwap<Option<RemoteNodes>>,
}

/// The reports of the other nodes
#[derive(Debug)]
struct RemoteNodes {
    heard_at: Instant,
    nodes: BTreeMap<(String, i64), Arc<RemoteNode>>,
}

#[derive(Debug)]
struct RemoteNode {
    beat: u64,
    since: Instant,
    report: Arc<NodeReport>,
}

/// All that is known about an environment's instances, at this node and the others
#[derive(Debug)]
pub(crate) struct ClusterInstances {
    /// Each node and its report; this node comes first
    pub(crate) nodes: Vec<(String, Arc<NodeReport>)>,
    /// Whether the reports of all nodes are known
    pub(crate) is_complete: bool,
}

impl ClusterInstances {
    /// How many instances have a revision
    pub(crate) fn standing(&self, revision: u64) -> ConvergenceCounts {
        let standings = self
            .nodes
            .iter()
            .map(|(_, report)| report.standing(revision));
        standings.fold(ConvergenceCounts::default(), ConvergenceCounts::with)
    }
}

impl Instances {
    pub(crate) fn new(engine: Arc<EngineState>) -> Self {
        Self {
            engine,
            node: hex::encode(rand::random::<[u8; 8]>()),
            registries: ArcSwap::default(),
            adding: Mutex::default(),
            others: ArcSwap::from_pointee(None),
        }
    }

    /// The name of this node
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// The instances of an environment at this node
    pub(crate) fn of(&self, environment: i64) -> Arc<InstanceRegistry> {
        if let Some(registry) = self.registries.load().get(&environment) {
            return Arc::clone(registry);
        }
        let _turn = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut registries = OrdMap::clone(&self.registries.load());
        let registry = registries
            .entry(environment)
            .or_insert_with(|| Arc::new(InstanceRegistry::new()));
        let registry = Arc::clone(registry);
        self.registries.store(Arc::new(registries));
        registry
    }

    /// What is known about an environment's instances
    pub(crate) fn overview(&self, environment: i64, is_shared: bool) -> ClusterInstances {
        let own = NodeReport::new(self.of(environment).instances(), Vec::new());
        let mut nodes = vec![(self.node.clone(), Arc::new(own))];
        let others = self.others.load();
        let Some(others) = &**others else {
            let is_complete = !is_shared;
            return ClusterInstances { nodes, is_complete };
        };
        for ((node, of), other) in &others.nodes {
            if *of == environment && other.since.elapsed() < GONE {
                nodes.push((node.clone(), Arc::clone(&other.report)));
            }
        }
        ClusterInstances {
            nodes,
            is_complete: others.heard_at.elapsed() < GONE,
        }
    }

    /// The reports to write: of all environments at the regular interval, otherwise of those that changed
    fn changed_reports(&self, beat: u64, is_due: bool) -> Vec<NodeInstances> {
        let registries = self.registries.load();
        let news = registries.iter().filter_map(|(environment, registry)| {
            let body = serde_json::to_string(&registry.changed_reports(is_due)?).ok()?;
            Some(NodeInstances {
                node: self.node.clone(),
                environment: *environment,
                beat,
                body,
            })
        });
        news.collect()
    }

    /// Stores the reports of the other nodes; returns the nodes that have stopped, each with its last beat
    fn hear(&self, rows: Vec<NodeInstances>) -> Vec<(String, u64)> {
        let before = self.others.load();
        let before = before.as_ref().as_ref().map(|others| &others.nodes);
        let (mut nodes, mut gone) = (BTreeMap::new(), Vec::new());
        for row in rows {
            let key = (row.node, row.environment);
            let known = before.and_then(|before| before.get(&key));
            let other = match known {
                Some(known) if known.beat == row.beat => Arc::clone(known),
                _ => {
                    // A report in the format of a newer release cannot be read, and its node is not counted.
                    let Ok(report) = serde_json::from_str::<NodeReport>(&row.body) else {
                        continue;
                    };
                    let registry = self.of(row.environment);
                    registry.merge_acks(&report.acknowledged);
                    registry.notify();
                    Arc::new(RemoteNode {
                        beat: row.beat,
                        since: Instant::now(),
                        report: Arc::new(report),
                    })
                }
            };
            if other.since.elapsed() > FORGET {
                gone.push((key.0.clone(), other.beat));
            }
            nodes.insert(key, other);
        }
        let heard_at = Instant::now();
        self.others
            .store(Arc::new(Some(RemoteNodes { heard_at, nodes })));
        gone
    }
}

/// Records when revisions were published, and exchanges reports with the other nodes, until the server stops
pub(crate) async fn run(instances: &Instances, stopping: &CancellationToken) {
    tokio::select! {
        () = stopping.cancelled() => {}
        () = exchange_loop(instances) => {}
    }
    let engine = &instances.engine;
    if engine.store().is_shared() && !engine.store_health().is_lost() {
        // Otherwise the other nodes would count this node's streams for a few seconds more.
        let forgotten = engine.store();
        drop(
            forgotten
                .forget_instances(instances.node(), u64::MAX >> 1)
                .await,
        );
    }
}

async fn exchange_loop(instances: &Instances) {
    let engine = &instances.engine;
    let mut tick = tokio::time::interval(TELL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told_at: Option<Instant> = None;
    for beat in 1.. {
        tick.tick().await;
        for environment in engine.environments() {
            let registry = instances.of(environment.row().id);
            registry.record_revision(environment.current().revision(), engine.now());
        }
        if !engine.store().is_shared() || engine.store_health().is_lost() {
            continue;
        }
        let is_due = told_at.is_none_or(|at| at.elapsed() >= BEAT);
        match exchange(instances, beat, is_due).await {
            Ok(()) if is_due => told_at = Some(Instant::now()),
            Ok(()) => {}
            Err(error) => {
                told_at = None;
                tracing::debug!(
                    error = error_chain(&error),
                    "the instances of this node could not be reported to the others"
                );
            }
        }
    }
}

async fn exchange(instances: &Instances, beat: u64, is_due: bool) -> Result<(), StoreError> {
    let store = instances.engine.store();
    let news = instances.changed_reports(beat, is_due);
    if !news.is_empty() {
        store.put_node_reports(news).await?;
    }
    let rows = store.node_reports(instances.node()).await?;
    for (node, beat) in instances.hear(rows) {
        store.forget_instances(&node, beat).await?;
    }
    Ok(())
}
