//! Which instances follow which environment, how far each is, and whether all have a revision: here and at the other nodes
//!
//! A stream shows what was sent. That it is used says the instance itself, by `POST /api/v1/sdk/applied`. Every second a node writes what has
//! changed of its own to the store, in bounded size, and reads what the others wrote; nobody compares clocks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use imbl::OrdMap;
use tokio::time::MissedTickBehavior;

use crate::api_error::chain;
use crate::auth::hex;
use crate::state::AppState;
use crate::store::{NodeInstances, StoreError};

mod elsewhere;
mod roster;
mod told;

pub(crate) use roster::{Identity, Present, Roster, Unfounded};
pub(crate) use told::{Instance, Standing, Told};

/// How often nodes tell one another what has changed
const TELL: Duration = Duration::from_secs(1);
/// How often they do when nothing has
const BEAT: Duration = Duration::from_secs(5);
/// A node that has told nothing for so long is gone, and so are its streams
const GONE: Duration = Duration::from_secs(15);
/// What it told is removed later, by whoever notices
const FORGET: Duration = Duration::from_mins(5);

/// The instances of all environments
#[derive(Debug)]
pub(crate) struct Instances {
    node: String,
    // A map that is copied at no cost: a server of 10,000 environments adds as many one by one.
    rosters: ArcSwap<OrdMap<i64, Arc<Roster>>>,
    adding: Mutex<()>,
    // `None` until the other nodes have been heard.
    others: ArcSwap<Option<Others>>,
}

/// What the other nodes have told
#[derive(Debug)]
struct Others {
    heard_at: Instant,
    nodes: BTreeMap<(String, i64), Arc<Other>>,
}

#[derive(Debug)]
struct Other {
    beat: u64,
    since: Instant,
    told: Arc<Told>,
}

impl Default for Instances {
    fn default() -> Self {
        Self {
            node: hex(&rand::random::<[u8; 8]>()),
            rosters: ArcSwap::default(),
            adding: Mutex::default(),
            others: ArcSwap::from_pointee(None),
        }
    }
}

/// All that is known of an environment's instances, here and elsewhere
#[derive(Debug)]
pub(crate) struct Overview {
    /// Each node with what it tells; that which is asked comes first
    pub(crate) nodes: Vec<(String, Arc<Told>)>,
    /// Whether it is known of all nodes
    pub(crate) is_complete: bool,
}

impl Overview {
    /// How all instances stand towards a revision
    pub(crate) fn standing(&self, revision: u64) -> Standing {
        let standings = self.nodes.iter().map(|(_, told)| told.standing(revision));
        standings.fold(Standing::default(), Standing::with)
    }
}

impl Instances {
    /// What this node is called
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// The instances of an environment at this node
    pub(crate) fn of(&self, environment: i64) -> Arc<Roster> {
        if let Some(roster) = self.rosters.load().get(&environment) {
            return Arc::clone(roster);
        }
        let _turn = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rosters = OrdMap::clone(&self.rosters.load());
        let roster = rosters
            .entry(environment)
            .or_insert_with(|| Arc::new(Roster::new()));
        let roster = Arc::clone(roster);
        self.rosters.store(Arc::new(rosters));
        roster
    }

    /// What is known of an environment's instances
    pub(crate) fn overview(&self, environment: i64, is_shared: bool) -> Overview {
        let own = Told::new(self.of(environment).instances(), Vec::new());
        let mut nodes = vec![(self.node.clone(), Arc::new(own))];
        let others = self.others.load();
        let Some(others) = &**others else {
            let is_complete = !is_shared;
            return Overview { nodes, is_complete };
        };
        for ((node, of), other) in &others.nodes {
            if *of == environment && other.since.elapsed() < GONE {
                nodes.push((node.clone(), Arc::clone(&other.told)));
            }
        }
        Overview {
            nodes,
            is_complete: others.heard_at.elapsed() < GONE,
        }
    }

    /// What is to be told to the others; of every environment where it is time, else of those where something has changed
    fn news(&self, beat: u64, is_due: bool) -> Vec<NodeInstances> {
        let rosters = self.rosters.load();
        let news = rosters.iter().filter_map(|(environment, roster)| {
            let body = serde_json::to_string(&roster.news(is_due)?).ok()?;
            Some(NodeInstances {
                node: self.node.clone(),
                environment: *environment,
                beat,
                body,
            })
        });
        news.collect()
    }

    /// Takes note of what the others have told; answers those that are gone, with their last beats
    fn hear(&self, told: Vec<NodeInstances>) -> Vec<(String, u64)> {
        let before = self.others.load();
        let before = before.as_ref().as_ref().map(|others| &others.nodes);
        let (mut nodes, mut gone) = (BTreeMap::new(), Vec::new());
        for row in told {
            let key = (row.node, row.environment);
            let known = before.and_then(|before| before.get(&key));
            let other = match known {
                Some(known) if known.beat == row.beat => Arc::clone(known),
                _ => {
                    // What a newer release tells in other words is not understood, and its node not counted.
                    let Ok(told) = serde_json::from_str::<Told>(&row.body) else {
                        continue;
                    };
                    let roster = self.of(row.environment);
                    roster.heard(&told.acknowledged);
                    roster.moved_elsewhere();
                    Arc::new(Other {
                        beat: row.beat,
                        since: Instant::now(),
                        told: Arc::new(told),
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
            .store(Arc::new(Some(Others { heard_at, nodes })));
        gone
    }
}

/// Notes when revisions were made, and exchanges with the other nodes what there is to tell, until the server stops
pub(crate) async fn keep(state: AppState) {
    let stopping = state.stopping().clone();
    tokio::select! {
        () = stopping.cancelled() => {}
        () = exchange_again(&state) => {}
    }
    let node = state.instances().node();
    if state.store().is_shared() && !state.contact().is_lost() {
        // Else the others count its streams for a few seconds more.
        drop(state.store().forget_instances(node, u64::MAX >> 1).await);
    }
}

async fn exchange_again(state: &AppState) {
    let mut tick = tokio::time::interval(TELL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told_at: Option<Instant> = None;
    for beat in 1.. {
        tick.tick().await;
        for environment in state.environments() {
            let roster = state.instances().of(environment.row().id);
            roster.made(environment.current().revision(), state.now());
        }
        if !state.store().is_shared() || state.contact().is_lost() {
            continue;
        }
        let is_due = told_at.is_none_or(|at| at.elapsed() >= BEAT);
        match exchange(state, beat, is_due).await {
            Ok(()) if is_due => told_at = Some(Instant::now()),
            Ok(()) => {}
            Err(error) => {
                told_at = None;
                tracing::debug!(
                    error = chain(&error),
                    "nodes could not be told of instances"
                );
            }
        }
    }
}

async fn exchange(state: &AppState, beat: u64, is_due: bool) -> Result<(), StoreError> {
    let instances = state.instances();
    let news = instances.news(beat, is_due);
    if !news.is_empty() {
        state.store().tell_instances(news).await?;
    }
    let told = state.store().told_instances(instances.node()).await?;
    for (node, beat) in instances.hear(told) {
        state.store().forget_instances(&node, beat).await?;
    }
    Ok(())
}
