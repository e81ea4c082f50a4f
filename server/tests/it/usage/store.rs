//! Usage in the store, on both databases

use std::sync::Arc;

use flagstaff_core::Timestamp;
use flagstaff_server::store::{
    FlagUsagePoint, FlagsUsageQuery, KEPT_UNKNOWN, MAX_EVALUATIONS, SeenFlag, SqlStore,
    UnknownFlag, UsageQuery, UsageRow, UsageStore as _,
};

use crate::support::{Cluster, Database, execute, simultaneously};

const HOUR: i64 = 3_600_000;

async fn stores() -> [(SqlStore, Database); 2] {
    let (sqlite, postgres) = (Database::new(), Database::postgres(Cluster::shared()).await);
    [
        (sqlite.open().await, sqlite),
        (postgres.open().await, postgres),
    ]
}

fn at(hour: i64) -> Timestamp {
    Timestamp::from_millis(hour.saturating_mul(HOUR))
}

fn row(flag: &str, variant: Option<&str>, hour: i64, evaluations: u64) -> UsageRow {
    UsageRow {
        environment: 1,
        flag: flag.into(),
        variant: variant.map(Arc::from),
        began_at: at(hour),
        evaluations,
    }
}

fn unknown(flag: &str, evaluations: u64, hour: i64) -> UnknownFlag {
    UnknownFlag {
        environment: 1,
        flag: flag.into(),
        evaluations,
        first_seen_at: at(hour),
        last_seen_at: at(hour),
        sdk: "test/1".into(),
    }
}

fn query(flag: &str, hours: std::ops::Range<i64>, step: i64) -> UsageQuery {
    UsageQuery {
        environment: 1,
        flag: flag.to_owned(),
        from: at(hours.start),
        until: at(hours.end),
        step,
    }
}

async fn counts(store: &SqlStore, query: UsageQuery) -> Vec<(i64, Option<String>, u64)> {
    let steps = store.usage(query).await.unwrap();
    let counts = |step: flagstaff_server::store::UsagePoint| {
        (
            step.began_at.as_millis() / HOUR,
            step.variant,
            step.evaluations,
        )
    };
    steps.into_iter().map(counts).collect()
}

#[tokio::test]
async fn counts_add_up_by_flag_variant_and_hour() {
    for (store, _keep) in stores().await {
        let rows = vec![
            row("a", Some("on"), 1, 2),
            row("a", None, 1, 1),
            row("b", Some("on"), 1, 9),
        ];
        store.add_evaluations(rows).await.unwrap();
        let rows = vec![
            row("a", Some("on"), 1, 3),
            row("a", Some("on"), 2, 4),
            row("a", Some("x\0y"), 2, 4),
        ];
        store.add_evaluations(rows).await.unwrap();
        let on = || Some("on".to_owned());
        let expected = [(1, None, 1), (1, on(), 5), (2, on(), 4)];
        assert_eq!(counts(&store, query("a", 0..24, HOUR)).await, expected);
        assert_eq!(counts(&store, query("a", 0..2, HOUR)).await, expected[..2]);
        let by_day = [(0, None, 1), (0, on(), 9)];
        assert_eq!(counts(&store, query("a", 0..24, 24 * HOUR)).await, by_day);
        let of_all = FlagsUsageQuery {
            environment: 1,
            from: at(0),
            step: 24 * HOUR,
        };
        let mut of_all = store.usage_of_flags(of_all).await.unwrap();
        of_all.sort_by(|one, other| one.flag.cmp(&other.flag));
        let day = |flag: &str, evaluations| FlagUsagePoint {
            flag: flag.to_owned(),
            began_at: at(0),
            evaluations,
        };
        assert_eq!(of_all, [day("a", 10), day("b", 9)]);
        store.forget_usage(at(2)).await.unwrap();
        assert_eq!(counts(&store, query("a", 0..24, HOUR)).await, expected[2..]);
    }
}

#[tokio::test]
async fn the_latest_time_of_a_flag_is_stored() {
    for (store, _keep) in stores().await {
        let seen = |flag: &str, hour| SeenFlag {
            environment: 1,
            flag: flag.into(),
            seen_at: at(hour),
        };
        for hour in [3, 5, 4] {
            let seen = vec![seen("a", hour), seen("b", 1)];
            store.add_seen(seen).await.unwrap();
        }
        assert_eq!(
            store.seen_flags(at(0)).await.unwrap(),
            [seen("a", 5), seen("b", 1)]
        );
        assert_eq!(store.seen_flags(at(2)).await.unwrap(), [seen("a", 5)]);
    }
}

#[tokio::test]
async fn the_most_frequent_unknown_flags_are_stored() {
    for (store, _keep) in stores().await {
        let add = async |unknown| store.add_unknown(unknown).await.unwrap();
        add(vec![unknown("typo", 5, 1), unknown("rare", 1, 1)]).await;
        let flood = (0..KEPT_UNKNOWN).map(|number| unknown(&format!("x{number}"), 2, 2));
        add(flood.chain([unknown("typo", 5, 2)]).collect()).await;
        let kept = store.unknown_flags(1).await.unwrap();
        assert_eq!(kept.len(), KEPT_UNKNOWN);
        let typo = UnknownFlag {
            first_seen_at: at(1),
            ..unknown("typo", 10, 2)
        };
        assert_eq!(kept[0], typo);
        assert!(kept.iter().all(|row| &*row.flag != "rare"));
        assert_eq!(store.unknown_flags(2).await.unwrap(), []);
        store.forget_usage(at(3)).await.unwrap();
        assert_eq!(store.unknown_flags(1).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn simultaneous_writes_of_two_nodes_add_up() {
    for (store, _keep) in stores().await {
        let nodes = (0..8).map(|node| {
            let store = store.clone();
            async move {
                for round in 0..5 {
                    // Each node uses another order.
                    let flags = (0..20).map(|flag| format!("f{}", (flag * (node + 1)) % 20));
                    let rows = flags.clone().collect::<std::collections::BTreeSet<_>>();
                    let rows = rows.iter().rev().map(|flag| row(flag, Some("on"), 1, 1));
                    store.add_evaluations(rows.collect()).await.unwrap();
                    let unknown = vec![unknown(&format!("u{node}-{round}"), 1, 1)];
                    store.add_unknown(unknown).await.unwrap();
                }
            }
        });
        simultaneously(nodes).await;
        assert_eq!(
            counts(&store, query("f0", 0..2, HOUR)).await,
            [(1, Some("on".to_owned()), 40)]
        );
        assert_eq!(store.unknown_flags(1).await.unwrap().len(), 40);
    }
}

#[tokio::test]
async fn a_sum_stops_at_the_maximum_count() {
    for (store, _keep) in stores().await {
        for _ in 0..3 {
            let rows = vec![row("a", Some("on"), 1, u64::MAX), row("b", None, 1, 1)];
            store.add_evaluations(rows).await.unwrap();
            let unknown = vec![unknown("c", u64::MAX, 1)];
            store.add_unknown(unknown).await.unwrap();
        }
        let most = [(1, Some("on".to_owned()), MAX_EVALUATIONS)];
        assert_eq!(counts(&store, query("a", 0..2, HOUR)).await, most);
        assert_eq!(counts(&store, query("b", 0..2, HOUR)).await, [(1, None, 3)]);
        let kept = store.unknown_flags(1).await.unwrap();
        assert_eq!(kept[0].evaluations, MAX_EVALUATIONS);
    }
}

#[tokio::test]
async fn invalid_flag_keys_are_left_out_and_the_others_stored() {
    let long = "x".repeat(101);
    // More than an index row of PostgreSQL can hold, also after compression.
    let huge: String = (0..6_000_u32)
        .map(|n| char::from(b'a' + u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap() % 26))
        .collect();
    for (store, _keep) in stores().await {
        for bad in ["", "a\0b", &*long, &*huge] {
            let rows = vec![row("a", Some("on"), 1, 1), row(bad, None, 1, 1)];
            store.add_evaluations(rows).await.unwrap();
            let seen_at = at(1);
            let seen = |flag: &str| SeenFlag {
                environment: 1,
                flag: flag.into(),
                seen_at,
            };
            store.add_seen(vec![seen(bad), seen("a")]).await.unwrap();
            let unknown = vec![unknown(bad, 9, 1), unknown("b", 1, 1)];
            store.add_unknown(unknown).await.unwrap();
        }
        let on = [(1, Some("on".to_owned()), 4)];
        assert_eq!(counts(&store, query("a", 0..2, HOUR)).await, on);
        assert_eq!(store.seen_flags(at(0)).await.unwrap().len(), 1);
        assert_eq!(store.unknown_flags(1).await.unwrap(), [unknown("b", 4, 1)]);
    }
}

#[tokio::test]
async fn a_row_that_the_database_refuses_stops_no_other() {
    // An unforeseen reason, here a constraint of the database.
    let refusals = [
        "CREATE TRIGGER no_poison BEFORE INSERT ON usage_hour WHEN NEW.flag LIKE 'poison%' \
         BEGIN SELECT RAISE(ABORT, 'poison') ; END",
        "ALTER TABLE usage_hour ADD CONSTRAINT no_poison CHECK (flag NOT LIKE 'poison%')",
    ];
    for ((store, database), refusal) in stores().await.into_iter().zip(refusals) {
        execute(database.address(), refusal).await;
        for poisoned in [1, 150] {
            let good = (0..100).map(|n| row(&format!("good{n}"), None, 1, 1));
            let bad = (0..poisoned).map(|n| row(&format!("poison{n}"), None, 1, 1));
            store
                .add_evaluations(good.chain(bad).collect())
                .await
                .unwrap();
        }
        for flag in ["good0", "good50", "good99"] {
            assert_eq!(
                counts(&store, query(flag, 0..2, HOUR)).await,
                [(1, None, 2)],
                "{flag}"
            );
        }
        assert_eq!(counts(&store, query("poison0", 0..2, HOUR)).await, []);
    }
}
