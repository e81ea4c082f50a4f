//! How often flags are evaluated, here and in SDKs, when each was last asked for, and what is asked for and does not exist
//!
//! ```text
//! OFREP, /api/v1/evaluate ─► Tally (a counter for each variant) ─┐
//! SDKs: POST /api/v1/sdk/usage ─► Report ────────────────────────┴─► Ledger ─► every 10 s: Store, hour by hour
//! ```
//!
//! Nothing of it is on the way of an evaluation but a count in memory; what cannot be stored is kept and tried again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use flagstaff_core::Timestamp;
use imbl::OrdMap;
use tokio::time::{Interval, MissedTickBehavior};

use crate::api_error::chain;
use crate::auth::Grant;
use crate::environment::Environment;
use crate::state::AppState;
use crate::store::{StoreError, UsageCounts};
use crate::view::Scope;

mod ledger;
mod report;
mod sketch;
mod tally;

pub(crate) use ledger::Ledger;
pub(crate) use report::{INSTANCE, Report, ReportWire, is_instance};

/// Milliseconds of an hour
pub(crate) const HOUR: i64 = 3_600_000;
/// How often counts are stored
const STORED: Duration = Duration::from_secs(10);
/// How often what is too old is removed
const FORGOTTEN: Duration = Duration::from_hours(1);
/// At the end of the process the store gets so long to take the last counts
pub(crate) const LAST: Duration = Duration::from_secs(3);
/// Nodes' clocks may differ by so much before one misses that another has seen a flag
const CLOCKS_DIFFER: i64 = 5 * 60_000;

/// The hour that an instant is in
pub(crate) fn hour_of(at: Timestamp) -> Timestamp {
    let millis = at.as_millis();
    Timestamp::from_millis(millis.saturating_sub(millis.rem_euclid(HOUR)))
}

/// What a node has counted
#[derive(Debug, Default)]
pub struct Usage {
    // A map that is copied at no cost: a server of 10,000 environments adds as many one by one.
    ledgers: ArcSwap<OrdMap<i64, Arc<Ledger>>>,
    received: report::Received,
    // Before which the store has been asked when flags were seen; held while counts are stored, which is done once at a time.
    seen_until: tokio::sync::Mutex<Option<Timestamp>>,
    adding: Mutex<()>,
}

impl Usage {
    /// The counts of an environment
    pub(crate) fn of(&self, environment: i64) -> Arc<Ledger> {
        if let Some(ledger) = self.ledgers.load().get(&environment) {
            return Arc::clone(ledger);
        }
        let _turn = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ledgers = OrdMap::clone(&self.ledgers.load());
        let ledger = ledgers
            .entry(environment)
            .or_insert_with(|| Arc::new(Ledger::new(environment)));
        let ledger = Arc::clone(ledger);
        self.ledgers.store(Arc::new(ledgers));
        ledger
    }

    /// Takes a report, unless it has been taken; how many evaluations its sender had to leave out
    pub(crate) fn receive(
        &self,
        (environment, grant): (&Environment, &Grant),
        report: &Report,
        now: Timestamp,
    ) -> u64 {
        if !self.received.is_new(grant.payer(), report, Instant::now()) {
            return 0;
        }
        let published = environment.current();
        let ledger = self.of(environment.row().id);
        ledger.reported((&published, Scope::of(grant.kind())), report, now);
        report.lost
    }
}

/// Stores what has been counted, and learns when flags were seen elsewhere
pub async fn store(state: &AppState) -> Result<(), StoreError> {
    let usage = state.usage();
    let mut seen_until = usage.seen_until.lock().await;
    let now = state.now();
    let mut counts = UsageCounts::default();
    for ledger in usage.ledgers.load().values() {
        ledger.take(&mut counts, now);
    }
    let UsageCounts {
        evaluations,
        seen,
        unknown,
    } = counts;
    // Each by itself: what keeps one of them from being stored keeps back none of the others.
    let added = state.store().add_evaluations(evaluations.clone()).await;
    if added.is_err() {
        for row in evaluations {
            usage.of(row.environment).put_back(row, now);
        }
    }
    let added_seen = state.store().add_seen(seen.clone()).await;
    if added_seen.is_err() {
        for row in seen {
            usage.of(row.environment).put_back_seen(&row);
        }
    }
    let added_unknown = state.store().add_unknown(unknown).await;
    added.and(added_seen).and(added_unknown)?;
    let since = seen_until.map_or(i64::MIN, |until| {
        until.as_millis().saturating_sub(CLOCKS_DIFFER)
    });
    let seen = state
        .store()
        .seen_flags(Timestamp::from_millis(since))
        .await?;
    for row in seen {
        usage.of(row.environment).saw(&row.flag, row.seen_at);
    }
    *seen_until = Some(now);
    Ok(())
}

/// Stores what has been counted again and again, until the server stops, and forgets what is old
pub(crate) async fn keep(state: AppState) {
    tokio::join!(keep_storing(&state), keep_forgetting(&state));
}

/// Whether the time has come before the server stops; what is done then is not cut short, so that counts under way are not lost
async fn is_time(tick: &mut Interval, state: &AppState) -> bool {
    tokio::select! {
        _ = tick.tick() => true,
        () = state.stopping().cancelled() => false,
    }
}

/// Stores the last counts, if the store takes them soon
pub(crate) async fn finish(state: &AppState) {
    let stored = tokio::time::timeout(LAST, store(state)).await;
    if !matches!(stored, Ok(Ok(()))) {
        tracing::warn!("the last counts of evaluations could not be stored and are lost");
    }
}

async fn keep_storing(state: &AppState) {
    let mut tick = tokio::time::interval(STORED);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_failed = false;
    while is_time(&mut tick, state).await {
        if state.contact().is_lost() {
            continue;
        }
        let stored = store(state).await;
        if let Err(error) = &stored
            && !has_failed
        {
            let error = chain(error);
            tracing::warn!(
                error,
                "counts of evaluations could not be stored: they are kept for a day"
            );
        }
        has_failed = stored.is_err();
    }
}

async fn keep_forgetting(state: &AppState) {
    let mut tick = tokio::time::interval(FORGOTTEN);
    while is_time(&mut tick, state).await {
        let kept = i64::try_from(state.limits().usage_kept.as_millis()).unwrap_or(i64::MAX);
        let before = state.now().as_millis().saturating_sub(kept);
        let before = Timestamp::from_millis(before);
        if !state.contact().is_lost()
            && let Err(error) = state.store().forget_usage(before).await
        {
            tracing::warn!(error = chain(&error), "old counts could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_environment_costs_no_copy_of_all_others() {
        let usage = Usage::default();
        for environment in 0..2_000 {
            usage.of(environment);
        }
        let before = usage.ledgers.load_full();
        let added = usage.of(2_000);
        assert!(Arc::ptr_eq(&added, &usage.of(2_000)));
        assert_eq!((before.len(), usage.ledgers.load().len()), (2_000, 2_001));
        // What was copied is held by both maps; what they share is held once.
        let copied = before
            .values()
            .filter(|ledger| Arc::strong_count(ledger) > 1);
        assert!(copied.count() < 200);
    }
}
