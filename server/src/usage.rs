//! How often flags are evaluated, here and in SDKs, when each was last evaluated, which unknown flags were asked for, and which
//! attributes contexts have
//!
//! ```text
//! OFREP, /api/v1/evaluate ─► SnapshotCounters (a counter for each variant) ─┐
//! SDKs: POST /api/v1/sdk/usage ─► Report ───────────────────────────────────┴─► UsageBuffer ─► every 10 s: Store, hour by hour
//! ```
//!
//! An evaluation only adds to a counter in memory; counts that cannot be stored are kept and stored later.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use flagstaff_core::Timestamp;
use imbl::OrdMap;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::access::auth::Principal;
use crate::engine::environment::Environment;
use crate::engine::state::EngineState;
use crate::engine::visibility::Visibility;
use crate::metrics::Metrics;
use crate::runtime::logging::error_chain;
use crate::store::{StoreError, UsageCounts};

mod attributes;
mod ledger;
mod report;
pub(crate) mod routes;
mod sketch;
mod tally;

pub(crate) use ledger::UsageBuffer;
pub(crate) use report::{INSTANCE, Report, ReportWire, is_instance};

/// Milliseconds of an hour
pub(crate) const HOUR: i64 = 3_600_000;
/// How often counts are stored
const STORED: Duration = Duration::from_secs(10);
/// How often counts past their retention are deleted
const FORGOTTEN: Duration = Duration::from_hours(1);
/// How long the store may take for the last counts when the process stops
pub(crate) const LAST: Duration = Duration::from_secs(3);
/// The maximum difference of nodes' clocks with which a node still notices that another one has evaluated a flag
const CLOCKS_DIFFER: i64 = 5 * 60_000;

/// The hour of an instant
pub(crate) fn hour_of(at: Timestamp) -> Timestamp {
    let millis = at.as_millis();
    Timestamp::from_millis(millis.saturating_sub(millis.rem_euclid(HOUR)))
}

/// The counts of each environment
#[derive(Debug, Default)]
struct Buffers {
    // An immutable map: adding 10,000 environments one by one does not copy it each time.
    by_environment: ArcSwap<OrdMap<i64, Arc<UsageBuffer>>>,
    adding: Mutex<()>,
}

impl Buffers {
    fn of(&self, environment: i64) -> Arc<UsageBuffer> {
        if let Some(buffer) = self.by_environment.load().get(&environment) {
            return Arc::clone(buffer);
        }
        let _turn = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffers = OrdMap::clone(&self.by_environment.load());
        let buffer = buffers
            .entry(environment)
            .or_insert_with(|| Arc::new(UsageBuffer::new(environment)));
        let buffer = Arc::clone(buffer);
        self.by_environment.store(Arc::new(buffers));
        buffer
    }
}

/// What a node has counted
#[derive(Debug)]
pub struct Usage {
    engine: Arc<EngineState>,
    metrics: Arc<Metrics>,
    // How long counts are stored.
    kept: Duration,
    buffers: Buffers,
    received: report::SeenReports,
    // Until when the store has been asked which flags were evaluated. Held while counts are stored, one call at a time.
    seen_until: tokio::sync::Mutex<Option<Timestamp>>,
}

impl Usage {
    pub(crate) fn new(engine: Arc<EngineState>, metrics: Arc<Metrics>, kept: Duration) -> Self {
        Self {
            engine,
            metrics,
            kept,
            buffers: Buffers::default(),
            received: report::SeenReports::default(),
            seen_until: tokio::sync::Mutex::default(),
        }
    }

    /// The counts of an environment
    pub(crate) fn of(&self, environment: i64) -> Arc<UsageBuffer> {
        self.buffers.of(environment)
    }

    /// Counts a report, unless it was counted before
    pub(crate) fn receive(
        &self,
        (environment, principal): (&Environment, &Principal),
        report: &Report,
    ) {
        let row = environment.row();
        let is_new = self
            .received
            .insert(principal.rate_limit_subject(), report, Instant::now());
        if is_new {
            let view = (&*environment.current(), Visibility::of(principal.kind()));
            let buffer = self.of(row.id);
            buffer.reported(view, report, self.engine.now());
        }
        let lost = if is_new { report.lost } else { 0 };
        self.metrics.reported(row, lost);
    }
}

/// Stores what was counted, and reads when flags were evaluated at other nodes
pub async fn store(usage: &Usage) -> Result<(), StoreError> {
    let engine = &usage.engine;
    let mut seen_until = usage.seen_until.lock().await;
    let now = engine.now();
    let mut counts = UsageCounts::default();
    for buffer in usage.buffers.by_environment.load().values() {
        buffer.take(&mut counts, now);
    }
    let UsageCounts {
        evaluations,
        seen,
        unknown,
        attributes,
    } = counts;
    // One after the other and independently: an error in one does not keep the others from being stored.
    let added = engine.store().add_evaluations(evaluations.clone()).await;
    if added.is_err() {
        for row in evaluations {
            usage.of(row.environment).put_back(row, now);
        }
    }
    let added_seen = engine.store().add_seen(seen.clone()).await;
    if added_seen.is_err() {
        for row in seen {
            usage.of(row.environment).put_back_seen(&row);
        }
    }
    let added_unknown = engine.store().add_unknown(unknown).await;
    let environments: BTreeSet<i64> = attributes.iter().map(|row| row.environment).collect();
    let added_attributes = engine.store().add_attributes(attributes).await;
    if added_attributes.is_err() {
        for environment in environments {
            usage.of(environment).forget_attributes();
        }
    }
    added
        .and(added_seen)
        .and(added_unknown)
        .and(added_attributes)?;
    let since = seen_until.map_or(i64::MIN, |until| {
        until.as_millis().saturating_sub(CLOCKS_DIFFER)
    });
    let seen = engine
        .store()
        .seen_flags(Timestamp::from_millis(since))
        .await?;
    for row in seen {
        usage.of(row.environment).mark_seen(&row.flag, row.seen_at);
    }
    *seen_until = Some(now);
    Ok(())
}

/// Stores counts periodically and deletes old ones, until the server stops
pub(crate) async fn run(usage: &Usage, stopping: &CancellationToken) {
    tokio::join!(
        store_loop(usage, stopping),
        delete_old_loop(usage, stopping)
    );
}

/// Waits for the next tick; `false` if the server stops first. Storing itself is never cancelled, so that no counts are lost
async fn is_time(tick: &mut Interval, stopping: &CancellationToken) -> bool {
    tokio::select! {
        _ = tick.tick() => true,
        () = stopping.cancelled() => false,
    }
}

/// Stores the last counts, if the store takes them in time
pub(crate) async fn finish(usage: &Usage) {
    let stored = tokio::time::timeout(LAST, store(usage)).await;
    if !matches!(stored, Ok(Ok(()))) {
        tracing::warn!("the last counts of evaluations could not be stored and are lost");
    }
}

async fn store_loop(usage: &Usage, stopping: &CancellationToken) {
    let mut tick = tokio::time::interval(STORED);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_failed = false;
    while is_time(&mut tick, stopping).await {
        if usage.engine.store_health().is_lost() {
            continue;
        }
        let stored = store(usage).await;
        if let Err(error) = &stored
            && !has_failed
        {
            let error = error_chain(error);
            tracing::warn!(
                error,
                "counts of evaluations could not be stored: they are kept for a day"
            );
        }
        has_failed = stored.is_err();
    }
}

async fn delete_old_loop(usage: &Usage, stopping: &CancellationToken) {
    let mut tick = tokio::time::interval(FORGOTTEN);
    let engine = &usage.engine;
    while is_time(&mut tick, stopping).await {
        let kept = i64::try_from(usage.kept.as_millis()).unwrap_or(i64::MAX);
        let before = engine.now().as_millis().saturating_sub(kept);
        let before = Timestamp::from_millis(before);
        if !engine.store_health().is_lost()
            && let Err(error) = engine.store().forget_usage(before).await
        {
            tracing::warn!(
                error = error_chain(&error),
                "old counts could not be removed"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_environment_costs_no_copy_of_all_others() {
        let buffers = Buffers::default();
        for environment in 0..2_000 {
            buffers.of(environment);
        }
        let before = buffers.by_environment.load_full();
        let added = buffers.of(2_000);
        assert!(Arc::ptr_eq(&added, &buffers.of(2_000)));
        assert_eq!(
            (before.len(), buffers.by_environment.load().len()),
            (2_000, 2_001)
        );
        // What was copied is held by both maps; what they share is held once.
        let copied = before
            .values()
            .filter(|buffer| Arc::strong_count(buffer) > 1);
        assert!(copied.count() < 200);
    }
}
