use std::sync::Arc;

use flagstaff_core::{Context, ErrorCode, Snapshot, Timestamp, ValueType};

use super::*;
use crate::store::Store;

const FLAGS: &str = r#"{"schemaVersion": 1, "flags": {
    "flag": {"type": "boolean", "enabled": true, "serve": "on"}, "other": {"type": "boolean", "enabled": false}}}"#;

fn snapshot() -> Snapshot {
    Snapshot::from_json(FLAGS).unwrap()
}

fn store() -> Store {
    Store::new(Some(snapshot()), Some(Usage::default()))
}

/// Asks as a getter does
fn ask(store: &Store, flag: &str) {
    let mut reader = store.reader();
    let (snapshot, mut counter) = reader.open(store.usage());
    let now = || Timestamp::from_millis(0);
    let answer = snapshot.value(flag, Some(ValueType::Boolean), &Context::new("u"), now);
    counter.count(flag, &answer);
    drop(answer);
    reader.finish();
}

fn collected(harvest: &mut Harvest, store: &Store) -> Vec<(String, Option<String>, u64)> {
    harvest.collect(store.usage().unwrap(), &store.snapshot());
    let (counts, lost) = harvest.take(usize::MAX).unwrap_or_default();
    assert_eq!(lost, 0);
    let plain = |((flag, variant), count): (Key, u64)| {
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
fn every_answer_is_collected_once_from_however_many_threads() {
    let (store, mut harvest) = (store(), Harvest::default());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..1_000).for_each(|_| ask(&store, "flag")));
        }
    });
    ask(&store, "other");
    let off = ("other".to_owned(), Some("off".to_owned()), 1);
    assert_eq!(collected(&mut harvest, &store), [on(8_000), off]);
    assert_eq!(collected(&mut harvest, &store), []);
    ask(&store, "flag");
    assert_eq!(collected(&mut harvest, &store), [on(1)]);
}

#[test]
fn threads_that_come_and_go_leave_no_more_than_were_there_at_once() {
    let store = store();
    for _ in 0..50 {
        std::thread::scope(|scope| {
            scope.spawn(|| (0..3).for_each(|_| ask(&store, "flag")));
        });
    }
    // A thread gives its tally back a moment after it has ended.
    let tallies = store.usage().unwrap().tallies.load().len();
    assert!((2..10).contains(&tallies), "{tallies}");
    assert_eq!(collected(&mut Harvest::default(), &store), [on(150)]);
}

#[test]
fn counts_of_a_snapshot_that_was_replaced_are_collected_and_its_memory_goes() {
    let (store, mut harvest) = (store(), Harvest::default());
    let mut expected = 0;
    for _ in 0..20 {
        (0..3).for_each(|_| ask(&store, "flag"));
        expected += 3;
        store.swap(Arc::new(snapshot()));
    }
    let told: u64 = collected(&mut harvest, &store)
        .iter()
        .map(|(.., count)| count)
        .sum();
    assert_eq!(told, expected);
    ask(&store, "flag");
    let old = Arc::downgrade(&harvest.known[0].tally);
    assert_eq!(collected(&mut harvest, &store), [on(1)]);
    assert!(old.upgrade().is_none());
    assert!(store.usage().unwrap().tallies.load().len() <= 2);
}

#[test]
fn clients_that_are_asked_in_turns_take_turns_in_one_tally() {
    let (one, other) = (store(), store());
    for _ in 0..100 {
        ask(&one, "flag");
        ask(&other, "flag");
    }
    for store in [&one, &other] {
        assert_eq!(store.usage().unwrap().tallies.load().len(), 1);
        assert_eq!(collected(&mut Harvest::default(), store), [on(100)]);
    }
}

#[test]
fn strangers_are_counted_by_name_as_far_as_there_is_room() {
    let (store, mut harvest) = (store(), Harvest::default());
    for _ in 0..2 {
        (0..150).for_each(|number| ask(&store, &format!("stranger-{number}")));
    }
    ask(&store, "");
    ask(&store, &"x".repeat(101));
    harvest.collect(store.usage().unwrap(), &store.snapshot());
    let (counts, lost) = harvest.take(usize::MAX).unwrap();
    assert_eq!((counts.len(), lost), (100, 100));
    assert!(
        counts
            .iter()
            .all(|((_, variant), count)| variant.is_none() && *count == 2)
    );
}

#[test]
fn a_context_that_is_refused_is_no_question_about_a_flag() {
    let store = store();
    let mut reader = store.reader();
    let (snapshot, mut counter) = reader.open(store.usage());
    let context = Context::from_json("[]");
    let answer = snapshot.value("flag", None, &context, || Timestamp::from_millis(0));
    assert_eq!(
        answer.value.as_ref().err(),
        Some(&ErrorCode::InvalidContext)
    );
    counter.count("flag", &answer);
    assert_eq!(collected(&mut Harvest::default(), &store), []);
}

#[test]
fn what_was_counted_before_a_fork_is_for_the_parent_to_report() {
    let store = store();
    (0..3).for_each(|_| ask(&store, "flag"));
    ask(&store, "stranger");
    // In the child, which inherits everything but the thread that reports.
    store.forget_counts();
    ask(&store, "flag");
    assert_eq!(collected(&mut Harvest::default(), &store), [on(1)]);
}

#[test]
fn a_fork_gives_back_the_tallies_of_the_threads_that_it_ends() {
    let store = store();
    ask(&store, "flag");
    // Threads that are gone without having ended, as after a fork: what they have taken stays taken.
    for _ in 0..300 {
        std::mem::forget(store.usage().unwrap().take(&store.snapshot()));
    }
    assert_eq!(
        store.usage().unwrap().tallies.load().len(),
        super::super::THREADS
    );
    let (mut harvest, flags) = (Harvest::default(), store.snapshot());
    store.forget_counts();
    assert_eq!(store.usage().unwrap().tallies.load().len(), 0);
    (0..3).for_each(|_| ask(&store, "flag"));
    let tallies = store.usage().unwrap().tallies.load_full();
    assert!(tallies.iter().all(|tally| !tally.is_shared) && tallies.len() == 1);
    assert_eq!(collected(&mut harvest, &store), [on(3)]);
    assert_eq!(store.snapshot().revision(), flags.revision());
}

#[test]
fn reports_are_taken_in_parts_and_nothing_is_taken_twice() {
    let (store, mut harvest) = (store(), Harvest::default());
    ask(&store, "flag");
    ask(&store, "other");
    harvest.collect(store.usage().unwrap(), &store.snapshot());
    assert_eq!(harvest.take(1).unwrap().0.len(), 1);
    assert_eq!(harvest.take(1).unwrap().0.len(), 1);
    assert!(harvest.take(1).is_none());
}
