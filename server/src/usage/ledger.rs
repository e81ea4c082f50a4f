//! What a node has counted of one environment and not stored yet

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use flagstaff_core::{Outcome, Snapshot, Timestamp, limits};

use super::report::Report;
use super::sketch::Sketch;
use super::tally::Tally;
use super::{HOUR, hour_of};
use crate::published::Published;
use crate::store::{SeenFlag, UnknownFlag, UsageCounts, UsageRow};
use crate::view::Scope;

/// Counts of hours that have ended so long ago are given up if they could not be stored
const OLDEST: i64 = 24 * HOUR;
/// Tallies of former snapshots that may wait for the next time that something is stored
const RETIRED: usize = 4;

/// The counts of one environment
#[derive(Debug)]
pub(crate) struct Ledger {
    environment: i64,
    // Of the snapshot that was asked last.
    tally: ArcSwapOption<Tally>,
    open: Mutex<Open>,
    // When flags were last asked for, by what the store says too.
    seen: Mutex<HashMap<Arc<str>, Timestamp>>,
}

/// The flag, the variant, the hour
type Key = (Arc<str>, Option<Arc<str>>, Timestamp);

#[derive(Debug, Default)]
struct Open {
    // Of former snapshots; a request that began before a change may still count there.
    retired: Vec<Arc<Tally>>,
    // INVARIANT: of flags and variants that some snapshot had, and of 25 hours, so that it is bounded.
    reported: HashMap<Key, u64>,
    seen: HashMap<Arc<str>, Timestamp>,
    unknown: Sketch,
}

impl Open {
    /// Takes over what a tally has counted
    fn drain(&mut self, tally: &Tally, now: Timestamp) {
        let hour = hour_of(now);
        tally.drain(|flag, variant, count| {
            let key = (Arc::clone(flag), variant.map(Arc::clone), hour);
            add(&mut self.reported, key, count);
            see(&mut self.seen, flag, now);
        });
    }

    /// Counts a flag that does not exist, unless no flag could have such a name: anybody may ask for anything
    fn count_unknown(&mut self, flag: &str, times: u64, (sdk, at): (&Arc<str>, Timestamp)) {
        if flag.chars().nth(limits::KEY_LENGTH).is_none() {
            self.unknown.count(flag, times, sdk, at);
        }
    }

    /// Takes over what former snapshots' tallies have counted, and lets go of those that nobody counts in any more
    fn settle(&mut self, now: Timestamp) {
        for tally in std::mem::take(&mut self.retired) {
            // Looked at before the drain: who lets go of it afterwards has counted before.
            let is_in_use = Arc::strong_count(&tally) > 1;
            self.drain(&tally, now);
            if is_in_use {
                self.retired.push(tally);
            }
        }
    }
}

impl Ledger {
    pub(super) fn new(environment: i64) -> Self {
        Self {
            environment,
            tally: ArcSwapOption::empty(),
            open: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// Counts the answer to who asked for one flag
    pub(crate) fn answered(
        &self,
        snapshot: &Arc<Snapshot>,
        (flag, outcome): (&str, &Outcome<'_>),
        (protocol, now): (&str, Timestamp),
    ) {
        match snapshot.slot_of(flag, outcome) {
            Some(slot) => self.tally(snapshot, now).add(std::iter::once(slot)),
            None => self.open().count_unknown(flag, 1, (&protocol.into(), now)),
        }
    }

    /// Counts answers by their slots
    pub(crate) fn answered_all(
        &self,
        snapshot: &Arc<Snapshot>,
        slots: impl Iterator<Item = usize>,
        now: Timestamp,
    ) {
        self.tally(snapshot, now).add(slots);
    }

    /// Counts the answers of one request to who asked for flags that do not exist, each with how often
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

    /// Counts what an SDK has counted, of flags that it sees
    pub(super) fn reported(
        &self,
        (published, scope): (&Published, Scope),
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
                // Neither evaluated nor unknown: to the SDK it does not exist, and it is none that somebody has to make.
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

    /// When a flag was last asked for, as far as it is stored
    pub(crate) fn last_seen(&self, flag: &str) -> Option<Timestamp> {
        lock(&self.seen).get(flag).copied()
    }

    /// Takes note of what the store says
    pub(super) fn saw(&self, flag: &Arc<str>, at: Timestamp) {
        see(&mut lock(&self.seen), flag, at);
    }

    /// Takes everything that is to be stored
    pub(super) fn take(&self, counts: &mut UsageCounts, now: Timestamp) {
        let mut open = self.open();
        if let Some(tally) = &*self.tally.load() {
            open.drain(tally, now);
        }
        open.settle(now);
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
    }

    /// Takes evaluations back that could not be stored
    pub(super) fn put_back(&self, row: UsageRow, now: Timestamp) {
        if row.began_at >= hour_of(earliest(now)) {
            let key = (row.flag, row.variant, row.began_at);
            add(&mut self.open().reported, key, row.evaluations);
        }
    }

    /// The same, of when a flag was asked for
    pub(super) fn put_back_seen(&self, row: &SeenFlag) {
        see(&mut self.open().seen, &row.flag, row.seen_at);
    }

    /// The counters of a snapshot
    fn tally(&self, snapshot: &Arc<Snapshot>, now: Timestamp) -> Arc<Tally> {
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
            open.settle(now);
        }
        let tally = Arc::new(Tally::new(snapshot));
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
        let ledger = Ledger::new(1);
        let names = ["a", "b", "a"];
        let flags = names.iter().map(|name| {
            assert!(
                ledger.open.try_lock().is_err(),
                "it is held from the first to the last"
            );
            (*name, 2)
        });
        ledger.answered_unknown(flags, ("test", NOW));
        let mut counts = UsageCounts::default();
        ledger.take(&mut counts, NOW);
        let mut counts: Vec<_> = counts
            .unknown
            .iter()
            .map(|row| (&*row.flag, row.evaluations))
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, [("a", 4), ("b", 2)]);
    }
}
