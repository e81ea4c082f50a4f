//! Usage in the store; both databases run the same tests

use std::sync::Arc;

use flagstaff_core::Timestamp;
use flagstaff_server::store::{
    KEPT_UNKNOWN, SeenFlag, SqlStore, UnknownFlag, UsageCounts, UsageQuery, UsageRow,
    UsageStore as _,
};

use crate::postgres::Cluster;
use crate::support::Database;

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

fn evaluations(rows: Vec<UsageRow>) -> UsageCounts {
    UsageCounts {
        evaluations: rows,
        ..UsageCounts::default()
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

async fn told(store: &SqlStore, query: UsageQuery) -> Vec<(i64, Option<String>, u64)> {
    let steps = store.usage(query).await.unwrap();
    let told = |step: flagstaff_server::store::UsageStep| {
        (
            step.began_at.as_millis() / HOUR,
            step.variant,
            step.evaluations,
        )
    };
    steps.into_iter().map(told).collect()
}

#[tokio::test]
async fn counts_add_up_by_flag_variant_and_hour() {
    for (store, _keep) in stores().await {
        let rows = vec![
            row("a", Some("on"), 1, 2),
            row("a", None, 1, 1),
            row("b", Some("on"), 1, 9),
        ];
        store.add_usage(evaluations(rows)).await.unwrap();
        let rows = vec![
            row("a", Some("on"), 1, 3),
            row("a", Some("on"), 2, 4),
            row("a", Some("x\0y"), 2, 4),
        ];
        store.add_usage(evaluations(rows)).await.unwrap();
        let on = || Some("on".to_owned());
        let expected = [(1, None, 1), (1, on(), 5), (2, on(), 4)];
        assert_eq!(told(&store, query("a", 0..24, HOUR)).await, expected);
        assert_eq!(told(&store, query("a", 0..2, HOUR)).await, expected[..2]);
        let by_day = [(0, None, 1), (0, on(), 9)];
        assert_eq!(told(&store, query("a", 0..24, 24 * HOUR)).await, by_day);
        store.forget_usage(at(2)).await.unwrap();
        assert_eq!(told(&store, query("a", 0..24, HOUR)).await, expected[2..]);
    }
}

#[tokio::test]
async fn a_flag_was_seen_last_when_it_was_seen_latest() {
    for (store, _keep) in stores().await {
        let seen = |flag: &str, hour| SeenFlag {
            environment: 1,
            flag: flag.into(),
            seen_at: at(hour),
        };
        for hour in [3, 5, 4] {
            let seen = vec![seen("a", hour), seen("b", 1)];
            let counts = UsageCounts {
                seen,
                ..UsageCounts::default()
            };
            store.add_usage(counts).await.unwrap();
        }
        assert_eq!(
            store.seen_flags(at(0)).await.unwrap(),
            [seen("a", 5), seen("b", 1)]
        );
        assert_eq!(store.seen_flags(at(2)).await.unwrap(), [seen("a", 5)]);
    }
}

#[tokio::test]
async fn of_unknown_flags_those_asked_for_most_are_kept() {
    for (store, _keep) in stores().await {
        let add = async |unknown: Vec<UnknownFlag>| {
            let counts = UsageCounts {
                unknown,
                ..UsageCounts::default()
            };
            store.add_usage(counts).await.unwrap();
        };
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
async fn nodes_that_store_at_once_lose_nothing() {
    for (store, _keep) in stores().await {
        let nodes = (0..8).map(|node| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..5 {
                    // In another order at each.
                    let flags = (0..20).map(|flag| format!("f{}", (flag * (node + 1)) % 20));
                    let rows = flags.clone().collect::<std::collections::BTreeSet<_>>();
                    let counts = UsageCounts {
                        evaluations: rows
                            .iter()
                            .rev()
                            .map(|flag| row(flag, Some("on"), 1, 1))
                            .collect(),
                        unknown: vec![unknown(&format!("u{node}-{round}"), 1, 1)],
                        ..UsageCounts::default()
                    };
                    store.add_usage(counts).await.unwrap();
                }
            })
        });
        for node in nodes.collect::<Vec<_>>() {
            node.await.unwrap();
        }
        assert_eq!(
            told(&store, query("f0", 0..2, HOUR)).await,
            [(1, Some("on".to_owned()), 40)]
        );
        assert_eq!(store.unknown_flags(1).await.unwrap().len(), 40);
    }
}
