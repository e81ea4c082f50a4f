use std::sync::Arc;

use flagstaff_core::{Context, ErrorCode, ExpectedType, Snapshot, Timestamp};

use super::*;
use crate::current_snapshot::CurrentSnapshot;

const FLAGS: &str = r#"{"schemaVersion": 1, "flags": {
    "flag": {"type": "boolean", "enabled": true, "serve": "on"}, "other": {"type": "boolean", "enabled": false}}}"#;

fn snapshot() -> Snapshot {
    Snapshot::from_json(FLAGS).unwrap()
}

fn current() -> CurrentSnapshot {
    CurrentSnapshot::new(Some(snapshot()), Some(Usage::default()))
}

/// Evaluates as a getter does
fn evaluate(current: &CurrentSnapshot, flag: &str) {
    let mut guard = current.guard();
    let (snapshot, mut recorder) = guard.open(current.usage());
    let now = || Timestamp::from_millis(0);
    let evaluated =
        snapshot.evaluate_value(flag, Some(ExpectedType::Boolean), &Context::new("u"), now);
    recorder.count(flag, &evaluated);
    drop(evaluated);
    guard.release();
}

fn collected(
    collector: &mut UsageCollector,
    current: &CurrentSnapshot,
) -> Vec<(String, Option<String>, u64)> {
    collector.collect(current.usage().unwrap(), &current.load());
    let (counts, dropped) = collector.take(usize::MAX).unwrap_or_default();
    assert_eq!(dropped, 0);
    let plain = |((flag, variant), count): (CounterKey, u64)| {
        (
            flag.to_string(),
            variant.map(|name| name.to_string()),
            count,
        )
    };
    counts.into_iter().map(plain).collect()
}

fn on(count: u64) -> (String, Option<String>, u64) {
    ("flag".to_owned(), Some("on".to_owned()), count)
}

#[test]
fn every_evaluation_is_collected_once_from_however_many_threads() {
    let (current, mut collector) = (current(), UsageCollector::default());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..1_000).for_each(|_| evaluate(&current, "flag")));
        }
    });
    evaluate(&current, "other");
    let off = ("other".to_owned(), Some("off".to_owned()), 1);
    assert_eq!(collected(&mut collector, &current), [on(8_000), off]);
    assert_eq!(collected(&mut collector, &current), []);
    evaluate(&current, "flag");
    assert_eq!(collected(&mut collector, &current), [on(1)]);
}

#[test]
fn threads_that_come_and_go_leave_no_more_than_were_there_at_once() {
    let current = current();
    for _ in 0..50 {
        std::thread::scope(|scope| {
            scope.spawn(|| (0..3).for_each(|_| evaluate(&current, "flag")));
        });
    }
    // A thread returns its lease a moment after it has ended.
    let counters = current.usage().unwrap().counters.load().len();
    assert!((2..10).contains(&counters), "{counters}");
    assert_eq!(
        collected(&mut UsageCollector::default(), &current),
        [on(150)]
    );
}

#[test]
fn counts_of_a_snapshot_that_was_replaced_are_collected_and_its_memory_goes() {
    let (current, mut collector) = (current(), UsageCollector::default());
    let mut expected = 0;
    for _ in 0..20 {
        (0..3).for_each(|_| evaluate(&current, "flag"));
        expected += 3;
        current.swap(Arc::new(snapshot()));
    }
    let sum: u64 = collected(&mut collector, &current)
        .iter()
        .map(|(.., count)| count)
        .sum();
    assert_eq!(sum, expected);
    evaluate(&current, "flag");
    let old = Arc::downgrade(&collector.read[0].counters);
    assert_eq!(collected(&mut collector, &current), [on(1)]);
    assert!(old.upgrade().is_none());
    assert!(current.usage().unwrap().counters.load().len() <= 2);
}

#[test]
fn clients_that_one_thread_uses_in_turns_count_in_shared_counters() {
    let (one, other) = (current(), current());
    for _ in 0..100 {
        evaluate(&one, "flag");
        evaluate(&other, "flag");
    }
    for current in [&one, &other] {
        assert_eq!(current.usage().unwrap().counters.load().len(), 1);
        assert_eq!(
            collected(&mut UsageCollector::default(), current),
            [on(100)]
        );
    }
}

#[test]
fn unknown_flags_are_counted_by_name_up_to_a_limit() {
    let (current, mut collector) = (current(), UsageCollector::default());
    for _ in 0..2 {
        (0..150).for_each(|number| evaluate(&current, &format!("unknown-{number}")));
    }
    evaluate(&current, "");
    evaluate(&current, &"x".repeat(101));
    collector.collect(current.usage().unwrap(), &current.load());
    let (counts, dropped) = collector.take(usize::MAX).unwrap();
    assert_eq!((counts.len(), dropped), (100, 100));
    assert!(
        counts
            .iter()
            .all(|((_, variant), count)| variant.is_none() && *count == 2)
    );
}

#[test]
fn an_invalid_context_is_not_counted() {
    let current = current();
    let mut guard = current.guard();
    let (snapshot, mut recorder) = guard.open(current.usage());
    let context = Context::from_json("[]");
    let evaluated = snapshot.evaluate_value("flag", None, &context, || Timestamp::from_millis(0));
    assert_eq!(
        evaluated.value.as_ref().err(),
        Some(&Some(ErrorCode::InvalidContext))
    );
    recorder.count("flag", &evaluated);
    assert_eq!(collected(&mut UsageCollector::default(), &current), []);
}

#[test]
fn the_child_of_a_fork_does_not_report_the_counts_of_its_parent() {
    let current = current();
    (0..3).for_each(|_| evaluate(&current, "flag"));
    evaluate(&current, "unknown");
    // In the child, which inherits everything but the background thread.
    current.reset_counts();
    evaluate(&current, "flag");
    assert_eq!(collected(&mut UsageCollector::default(), &current), [on(1)]);
}

#[test]
fn a_fork_frees_the_counters_of_the_threads_that_it_ends() {
    let current = current();
    evaluate(&current, "flag");
    // Threads that disappear without returning their lease, as in a fork.
    for _ in 0..300 {
        std::mem::forget(current.usage().unwrap().lease(&current.load()));
    }
    assert_eq!(
        current.usage().unwrap().counters.load().len(),
        super::super::MAX_THREADS
    );
    let (mut collector, flags) = (UsageCollector::default(), current.load());
    current.reset_counts();
    assert_eq!(current.usage().unwrap().counters.load().len(), 0);
    (0..3).for_each(|_| evaluate(&current, "flag"));
    let all = current.usage().unwrap().counters.load_full();
    assert!(all.iter().all(|counters| !counters.is_shared) && all.len() == 1);
    assert_eq!(collected(&mut collector, &current), [on(3)]);
    assert_eq!(current.load().revision(), flags.revision());
}

#[test]
fn reports_are_taken_in_parts_and_nothing_is_taken_twice() {
    let (current, mut collector) = (current(), UsageCollector::default());
    evaluate(&current, "flag");
    evaluate(&current, "other");
    collector.collect(current.usage().unwrap(), &current.load());
    assert_eq!(collector.take(1).unwrap().0.len(), 1);
    assert_eq!(collector.take(1).unwrap().0.len(), 1);
    assert!(collector.take(1).is_none());
}
