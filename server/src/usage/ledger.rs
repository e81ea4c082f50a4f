//! The counts of a node in one environment that are not stored yet

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use flagstaff_core::{Context, Outcome, Snapshot, Timestamp, limits};

use super::attributes::AttributeSample;
use super::report::Report;
use super::sketch::SpaceSavingSketch;
use super::tally::SnapshotCounters;
use super::{HOUR, hour_of};
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::store::{AttributeSettings, SeenFlag, UnknownFlag, UsageCounts, UsageRow};

/// Counts of hours that ended earlier than this are dropped if they could not be stored
const OLDEST: i64 = 24 * HOUR;
/// Counters of earlier snapshots that are kept until the next time that counts are stored
const RETIRED: usize = 4;

/// The counts of one environment
#[derive(Debug)]
pub(crate) struct UsageBuffer {
    environment: i64,
    // The counters of the snapshot that was evaluated last.
    tally: ArcSwapOption<SnapshotCounters>,
    open: Mutex<Open>,
    // When each flag was last evaluated, including what the store says.
    seen: Mutex<HashMap<Arc<str>, Timestamp>>,
    attributes: AttributeSample,
}

/// Flag, variant and hour
type Key = (Arc<str>, Option<Arc<str>>, Timestamp);

#[derive(Debug, Default)]
struct Open {
    // Counters of earlier snapshots, in which requests that began before a change may still count.
    retired: Vec<Arc<SnapshotCounters>>,
    // INVARIANT: bounded, since it has only flags and variants that some snapshot had, and 25 hours.
    reported: HashMap<Key, u64>,
    seen: HashMap<Arc<str>, Timestamp>,
    unknown: SpaceSavingSketch,
}

impl Open {
    /// Takes over the counts of one snapshot
    fn drain(&mut self, tally: &SnapshotCounters, now: Timestamp) {
        let hour = hour_of(now);
        tally.drain(|flag, variant, count| {
            let key = (Arc::clone(flag), variant.map(Arc::clone), hour);
            add(&mut self.reported, key, count);
            see(&mut self.seen, flag, now);
        });
    }

    /// Counts an evaluation of an unknown flag, unless its name is longer than any flag's: callers can send any name
    fn count_unknown(&mut self, flag: &str, times: u64, (sdk, at): (&Arc<str>, Timestamp)) {
        if flag.chars().nth(limits::MAX_KEY_LENGTH).is_none() {
            self.unknown.count(flag, times, sdk, at);
        }
    }

    /// Takes over the counts of earlier snapshots, and drops counters that no request uses any more
    fn drain_retired(&mut self, now: Timestamp) {
        for tally in std::mem::take(&mut self.retired) {
            // Read before draining: a request that drops its reference later has counted before.
            let is_in_use = Arc::strong_count(&tally) > 1;
            self.drain(&tally, now);
            if is_in_use {
                self.retired.push(tally);
            }
        }
    }
}

impl UsageBuffer {
    pub(super) fn new(environment: i64) -> Self {
        Self {
            environment,
            tally: ArcSwapOption::empty(),
            open: Mutex::default(),
            seen: Mutex::default(),
            attributes: AttributeSample::default(),
        }
    }

    /// Counts the evaluation of one flag
    pub(crate) fn record_evaluation(
        &self,
        snapshot: &Arc<Snapshot>,
        (flag, outcome): (&str, &Outcome<'_>),
        (protocol, now): (&str, Timestamp),
    ) {
        match snapshot.counter_of(flag, outcome) {
            Some(slot) => self.tally(snapshot, now).add(std::iter::once(slot)),
            None => self.open().count_unknown(flag, 1, (&protocol.into(), now)),
        }
    }

    /// Counts evaluations by the index of their counter
    pub(crate) fn answered_all(
        &self,
        snapshot: &Arc<Snapshot>,
        slots: impl Iterator<Item = usize>,
        now: Timestamp,
    ) {
        self.tally(snapshot, now).add(slots);
    }

    /// Counts the unknown flags of one request, each with its number of evaluations
    pub(crate) fn answered_unknown<'a>(
        &self,
        flags: impl ExactSizeIterator<Item = (&'a str, u64)>,
        (protocol, now): (&str, Timestamp),
    ) {
        if flags.len() == 0 {
            return;
        }
        let protocol = protocol.into();
        let mut open = self.open();
        for (flag, times) in flags {
            open.count_unknown(flag, times, (&protocol, now));
        }
    }

    /// Counts what an SDK reports about the flags that it sees
    pub(super) fn reported(
        &self,
        (published, scope): (&PublishedRevision, Visibility),
        report: &Report,
        now: Timestamp,
    ) {
        let at = report.until.clamp(earliest(now), now);
        let hour = hour_of(at);
        let mut open = self.open();
        for count in &report.counts {
            let names = published
                .snapshot()
                .names(&count.flag, count.variant.as_deref());
            match names {
                // The flag exists but the SDK does not see it: it is neither counted nor listed as unknown.
                Some((flag, _)) if !published.state().has_flag(scope, flag) => {}
                Some((flag, variant)) => {
                    let key = (Arc::clone(flag), variant.map(Arc::clone), hour);
                    add(&mut open.reported, key, count.times);
                    see(&mut open.seen, flag, at);
                }
                None => open.count_unknown(&count.flag, count.times, (&report.sdk, at)),
            }
        }
    }

    /// Records which attributes a context has, within the settings of the environment
    pub(crate) fn record_attributes(
        &self,
        context: &Context,
        settings: &Arc<AttributeSettings>,
        now: Timestamp,
    ) {
        self.attributes
            .look_at(self.environment, (context, settings), now);
    }

    /// Records the attributes of later contexts anew, since those before could not be stored
    pub(super) fn forget_attributes(&self) {
        self.attributes.forget();
    }

    /// When a flag was last evaluated, according to the store
    pub(crate) fn last_seen(&self, flag: &str) -> Option<Timestamp> {
        lock(&self.seen).get(flag).copied()
    }

    /// Records when a flag was last evaluated, according to the store
    pub(super) fn mark_seen(&self, flag: &Arc<str>, at: Timestamp) {
        see(&mut lock(&self.seen), flag, at);
    }

    /// Takes everything that has to be stored
    pub(super) fn take(&self, counts: &mut UsageCounts, now: Timestamp) {
        let mut open = self.open();
        if let Some(tally) = &*self.tally.load() {
            open.drain(tally, now);
        }
        open.drain_retired(now);
        let environment = self.environment;
        let rows = open.reported.drain();
        counts.evaluations.extend(
            rows.map(|((flag, variant, began_at), evaluations)| UsageRow {
                environment,
                flag,
                variant,
                began_at,
                evaluations,
            }),
        );
        counts
            .seen
            .extend(open.seen.drain().map(|(flag, seen_at)| SeenFlag {
                environment,
                flag,
                seen_at,
            }));
        let strangers = open.unknown.take().into_iter();
        counts
            .unknown
            .extend(strangers.map(|(flag, counted)| UnknownFlag {
                environment,
                flag,
                evaluations: counted.at_least(),
                first_seen_at: counted.first_seen_at,
                last_seen_at: counted.last_seen_at,
                sdk: counted.sdk,
            }));
        counts.attributes.extend(self.attributes.take());
    }

    /// Puts evaluations back that could not be stored
    pub(super) fn put_back(&self, row: UsageRow, now: Timestamp) {
        if row.began_at >= hour_of(earliest(now)) {
            let key = (row.flag, row.variant, row.began_at);
            add(&mut self.open().reported, key, row.evaluations);
        }
    }

    /// Puts back when a flag was evaluated, if that could not be stored
    pub(super) fn put_back_seen(&self, row: &SeenFlag) {
        see(&mut self.open().seen, &row.flag, row.seen_at);
    }

    /// The counters of a snapshot
    fn tally(&self, snapshot: &Arc<Snapshot>, now: Timestamp) -> Arc<SnapshotCounters> {
        if let Some(tally) = &*self.tally.load()
            && tally.is_of(snapshot)
        {
            return Arc::clone(tally);
        }
        let mut open = self.open();
        let current = self.tally.load_full();
        let mut known = open.retired.iter().chain(&current);
        if let Some(tally) = known.find(|tally| tally.is_of(snapshot)) {
            return Arc::clone(tally);
        }
        if open.retired.len() >= RETIRED {
            open.drain_retired(now);
        }
        let tally = Arc::new(SnapshotCounters::new(snapshot));
        open.retired
            .extend(self.tally.swap(Some(Arc::clone(&tally))));
        tally
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        lock(&self.open)
    }
}

fn earliest(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.as_millis().saturating_sub(OLDEST))
}

fn add(counts: &mut HashMap<Key, u64>, key: Key, times: u64) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(times);
}

fn see(seen: &mut HashMap<Arc<str>, Timestamp>, flag: &Arc<str>, at: Timestamp) {
    match seen.get_mut(flag) {
        Some(last) => *last = at.max(*last),
        None => {
            seen.insert(Arc::clone(flag), at);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    #[test]
    fn the_unknown_flags_of_a_request_are_counted_under_one_lock() {
        let buffer = UsageBuffer::new(1);
        let names = ["a", "b", "a"];
        let flags = names.iter().map(|name| {
            assert!(
                buffer.open.try_lock().is_err(),
                "it is held from the first to the last"
            );
            (*name, 2)
        });
        buffer.answered_unknown(flags, ("test", NOW));
        let mut counts = UsageCounts::default();
        buffer.take(&mut counts, NOW);
        let mut counts: Vec<_> = counts
            .unknown
            .iter()
            .map(|row| (&*row.flag, row.evaluations))
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, [("a", 4), ("b", 2)]);
    }
}
