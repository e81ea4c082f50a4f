//! Usage: what SDKs report and what is evaluated here, by flag, variant and hour; flags that are asked for and do not exist

use std::sync::atomic::Ordering;

use axum::http::Method;
use flagstaff_server::auth::KeyKind;
use flagstaff_server::{Clock, Limits, usage};
use serde_json::{Value, json};

use crate::postgres::Cluster;
use crate::support::{Answer, Database, FLAGS, NOW, Server, state};

mod store;

const REPORT: &str = "/api/v1/sdk/usage";
const UNKNOWN: &str = "/api/v1/projects/default/environments/production/unknown-flags";
const BULK: &str = "/ofrep/v1/evaluate/flags";
const HOUR: u64 = 3_600_000;

/// What an instance has counted up to 2026-01-01T00:00:00Z
fn report(sequence: u64, counts: &Value) -> Value {
    json!({"instance": "i-1", "sequence": sequence, "sdk": {"name": "flagstaff-rust", "version": "0.1.0"},
        "from": "2025-12-31T23:59:00Z", "until": "2026-01-01T00:00:00Z", "counts": counts})
}

async fn send(server: &Server, report: &Value) -> Answer {
    send_with(server, KeyKind::Server, report).await
}

async fn send_with(server: &Server, key: KeyKind, report: &Value) -> Answer {
    server.call(key, Method::POST, REPORT, report, &[]).await
}

async fn ask(server: &Server, path: &str) -> Answer {
    let body = json!({"context": {"targetingKey": "u"}});
    let key = KeyKind::Client;
    server.call(key, Method::POST, path, &body, &[]).await
}

async fn with_flags() -> Server {
    let server = Server::new().await;
    let flag = json!({"type": "boolean", "enabled": true, "serve": "on"});
    for key in ["one", "two"] {
        assert!(server.put(key, &flag).await.status.is_success());
    }
    server
}

/// The counts of a flag by variant, as stored
async fn counts(server: &Server, flag: &str) -> Value {
    usage::store(&server.state).await.unwrap();
    let usage = server
        .get(&format!("{FLAGS}/{flag}/usage?to=2026-01-01T02:00:00Z"))
        .await
        .json();
    let variants = usage["variants"]
        .as_array()
        .unwrap_or_else(|| panic!("{usage}"));
    let pair = |told: &Value| json!([told["variant"], told["count"]]);
    variants.iter().map(pair).collect()
}

#[tokio::test]
async fn reports_add_up_and_one_that_is_sent_again_is_counted_once() {
    let server = with_flags().await;
    let first = report(
        1,
        &json!([{"flag": "one", "variant": "on", "count": 3}, {"flag": "one", "count": 1}]),
    );
    for _ in 0..2 {
        assert_eq!(send(&server, &first).await.status, 204);
    }
    assert_eq!(counts(&server, "one").await, json!([[null, 1], ["on", 3]]));
    let next = report(2, &json!([{"flag": "one", "variant": "on", "count": 4}]));
    assert_eq!(send(&server, &next).await.status, 204);
    let mut other = next;
    other["instance"] = "i-2".into();
    assert_eq!(send(&server, &other).await.status, 204);
    assert_eq!(counts(&server, "one").await, json!([[null, 1], ["on", 11]]));
    assert_eq!(counts(&server, "two").await, json!([]));
}

#[tokio::test]
async fn who_knows_an_instances_id_does_not_silence_it_with_another_key() {
    let server = with_flags().await;
    let forged = report(u64::MAX, &json!([]));
    let answer = send_with(&server, KeyKind::ClientLocal, &forged).await;
    assert_eq!(answer.status, 204);
    let own = report(1, &json!([{"flag": "one", "variant": "on", "count": 3}]));
    assert_eq!(send(&server, &own).await.status, 204);
    assert_eq!(counts(&server, "one").await, json!([["on", 3]]));
}

#[tokio::test]
async fn a_key_of_pages_reports_of_the_flags_that_it_sees_only() {
    let server = with_flags().await;
    let needed = json!({"type": "boolean", "enabled": true, "serve": "on"});
    server.put("needed", &needed).await;
    let shown = json!({"type": "boolean", "enabled": true, "serve": "on", "clientSide": true,
        "prerequisites": [{"flag": "needed", "variants": ["on"]}]});
    let put = server.put("shown", &shown).await;
    assert!(put.status.is_success(), "{}", put.text);
    let flags = ["one", "shown", "needed", "typo"];
    let of_each = flags.map(|flag| json!({"flag": flag, "variant": "on", "count": 3}));
    let report = report(1, &json!(of_each));
    let answer = send_with(&server, KeyKind::ClientLocal, &report).await;
    assert_eq!(answer.status, 204, "it is told nothing");
    assert_eq!(counts(&server, "one").await, json!([]));
    let one = server.get(&format!("{FLAGS}/one")).await.json();
    assert_eq!(one["lastSeenAt"], Value::Null);
    for flag in ["shown", "needed"] {
        assert_eq!(counts(&server, flag).await, json!([["on", 3]]), "{flag}");
    }
    let path = format!("{FLAGS}/one");
    let deleted = server.admin(Method::DELETE, &path, &Value::Null).await;
    assert!(deleted.status.is_success(), "{}", deleted.text);
    let unknown = server.get(UNKNOWN).await.json();
    assert_eq!(unknown["total"], 1, "{unknown}");
    assert_eq!(unknown["items"][0]["key"], "typo");
}

#[tokio::test]
async fn a_variant_that_the_flag_does_not_have_is_counted_without_its_name() {
    let server = with_flags().await;
    let made_up: Vec<_> = (0..1_000)
        .map(|number| json!({"flag": "one", "variant": format!("v{number}"), "count": 1}))
        .collect();
    send(&server, &report(1, &made_up.into())).await;
    assert_eq!(counts(&server, "one").await, json!([[null, 1_000]]));
}

#[tokio::test]
async fn what_is_evaluated_here_is_counted_too() {
    let server = with_flags().await;
    ask(&server, BULK).await;
    ask(&server, &format!("{BULK}/one")).await;
    ask(&server, "/api/v1/evaluate").await;
    let off = json!({"type": "boolean", "enabled": false, "serve": "on"});
    server.put("one", &off).await;
    ask(&server, &format!("{BULK}/one")).await;
    assert_eq!(counts(&server, "one").await, json!([["off", 1], ["on", 3]]));
    assert_eq!(counts(&server, "two").await, json!([["on", 2]]));
    // What is stored is not stored again.
    assert_eq!(counts(&server, "two").await, json!([["on", 2]]));
}

#[tokio::test]
async fn counts_are_kept_by_the_hour_and_told_by_steps() {
    let server = with_flags().await;
    for hour in [0, 1, 30] {
        server.clock.store(NOW + hour * HOUR, Ordering::Relaxed);
        ask(&server, &format!("{BULK}/one")).await;
        usage::store(&server.state).await.unwrap();
    }
    let path = format!("{FLAGS}/one/usage?from=2026-01-01T00:30:00Z&to=2026-01-03T00:00:00Z");
    let by_hour = server.get(&path).await.json();
    assert_eq!(
        by_hour["from"], "2026-01-01T00:00:00.000Z",
        "hours are counted whole"
    );
    assert_eq!(by_hour["count"], 3);
    assert_eq!(by_hour["lastSeenAt"], "2026-01-02T06:00:00.000Z");
    let at = |text: &str, count: u64| json!({"at": text, "count": count});
    assert_eq!(
        by_hour["variants"],
        json!([{"variant": "on", "count": 3, "steps": [
            at("2026-01-01T00:00:00.000Z", 1), at("2026-01-01T01:00:00.000Z", 1), at("2026-01-02T06:00:00.000Z", 1)]}])
    );
    let by_day = server.get(&format!("{path}&step=day")).await.json();
    assert_eq!(
        by_day["variants"][0]["steps"],
        json!([
            at("2026-01-01T00:00:00.000Z", 2),
            at("2026-01-02T00:00:00.000Z", 1)
        ])
    );
    let late = NOW + 30 * HOUR + 1;
    server.clock.store(late, Ordering::Relaxed);
    let yesterday = server.get(&format!("{FLAGS}/one/usage")).await.json();
    assert_eq!(
        yesterday["count"], 1,
        "the last 24 hours unless told otherwise"
    );
}

#[tokio::test]
async fn a_flag_says_when_it_was_last_asked_for() {
    let server = with_flags().await;
    let late = NOW + 90_000;
    server.clock.store(late, Ordering::Relaxed);
    ask(&server, &format!("{BULK}/one")).await;
    // Of an instance whose clock is wrong: nothing is seen in the future.
    let mut early = report(1, &json!([{"flag": "two", "variant": "on", "count": 1}]));
    early["until"] = "2030-01-01T00:00:00Z".into();
    send(&server, &early).await;
    usage::store(&server.state).await.unwrap();
    let page = server.get(FLAGS).await.json();
    let seen: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| &flag["lastSeenAt"])
        .collect();
    assert_eq!(seen, ["2026-01-01T00:01:30.000Z"; 2]);
    let put = server
        .put(
            "three",
            &json!({"type": "boolean", "enabled": true, "serve": "on"}),
        )
        .await;
    assert!(put.status.is_success());
    let three = server.get(&format!("{FLAGS}/three")).await;
    assert_eq!(three.json()["lastSeenAt"], Value::Null);
    // What was read can be written back.
    let one = server.get(&format!("{FLAGS}/one")).await.json();
    let back = server.put("one", &one).await;
    assert!(back.status.is_success(), "{}", back.text);
}

#[tokio::test]
async fn unknown_flags_are_listed_until_they_exist() {
    let server = with_flags().await;
    ask(&server, &format!("{BULK}/typo")).await;
    let counts = json!([{"flag": "typo", "count": 2}, {"flag": "soon", "count": 1}, {"flag": "later", "count": 1}]);
    send(&server, &report(1, &counts)).await;
    usage::store(&server.state).await.unwrap();
    let page = server.get(&format!("{UNKNOWN}?limit=2")).await.json();
    assert_eq!(page["total"], 3);
    assert_eq!(
        page["items"],
        json!([
            {"key": "typo", "count": 3, "firstSeenAt": "2026-01-01T00:00:00.000Z",
                "lastSeenAt": "2026-01-01T00:00:00.000Z", "sdk": "flagstaff-rust/0.1.0"},
            {"key": "later", "count": 1, "firstSeenAt": "2026-01-01T00:00:00.000Z",
                "lastSeenAt": "2026-01-01T00:00:00.000Z", "sdk": "flagstaff-rust/0.1.0"}
        ])
    );
    let next = page["next"].as_str().unwrap();
    let rest = server
        .get(&format!("{UNKNOWN}?limit=2&cursor={next}"))
        .await
        .json();
    assert_eq!(
        (&rest["items"][0]["key"], &rest["next"]),
        (&"soon".into(), &Value::Null)
    );
    server
        .put(
            "soon",
            &json!({"type": "boolean", "enabled": true, "serve": "on"}),
        )
        .await;
    assert_eq!(server.get(UNKNOWN).await.json()["total"], 2);
}

#[tokio::test]
async fn a_batch_counts_an_unknown_flag_for_each_context() {
    let server = with_flags().await;
    let contexts: Vec<_> = (0..1_000)
        .map(|number| json!({"targetingKey": format!("u{number}")}))
        .collect();
    let batch = json!({"flags": ["typo", "one", "soon", "typo"], "contexts": contexts});
    let path = "/api/v1/evaluate/batch";
    let answer = server
        .call(KeyKind::Client, Method::POST, path, &batch, &[])
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(counts(&server, "one").await, json!([["on", 1_000]]));
    let page = server.get(UNKNOWN).await.json();
    assert_eq!(page["total"], 2);
    for (item, key) in [(&page["items"][0], "soon"), (&page["items"][1], "typo")] {
        assert_eq!((&item["key"], &item["count"]), (&json!(key), &json!(1_000)));
    }
}

#[tokio::test]
async fn a_flood_of_random_keys_stays_bounded_and_does_not_drown_what_is_asked_for_often() {
    let server = with_flags().await;
    for round in 0..10 {
        let mut counts: Vec<_> = (0..2_000)
            .map(|key| json!({"flag": format!("random-{round}-{key}"), "count": 1}))
            .collect();
        counts.push(json!({"flag": "typo", "count": 500}));
        let answer = send(&server, &report(round, &counts.into())).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
        usage::store(&server.state).await.unwrap();
    }
    let page = server.get(&format!("{UNKNOWN}?limit=200")).await.json();
    let total = page["total"].as_u64().unwrap();
    assert!((1..=200).contains(&total), "{total}");
    assert_eq!(page["items"][0]["key"], "typo");
    assert_eq!(page["items"][0]["count"], 5_000);
}

#[tokio::test]
async fn what_is_wrong_with_a_report_is_named() {
    let server = with_flags().await;
    let mut wrong = report(
        1,
        &json!([{"flag": "one", "count": 1}, {"flag": "", "count": 1}]),
    );
    wrong["instance"] = "no spaces".into();
    wrong["sdk"]["name"] = "".into();
    wrong["from"] = "2026-01-02T00:00:00Z".into();
    let answer = send(&server, &wrong).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.pointers(),
        ["/instance", "/sdk/name", "/until", "/counts/1"]
    );
    assert_eq!(
        counts(&server, "one").await,
        json!([]),
        "nothing of it is counted"
    );
    let many: Vec<_> = (0..10_001)
        .map(|_| json!({"flag": "one", "count": 1}))
        .collect();
    assert_eq!(
        send(&server, &report(2, &many.into())).await.pointers(),
        ["/counts"]
    );
    let huge = report(3, &json!([{"flag": "one", "count": u64::MAX}]));
    assert_eq!(send(&server, &huge).await.pointers(), ["/counts/0"]);
    let path = format!("{FLAGS}/one/usage?from=2020-01-01T00:00:00Z");
    assert_eq!(server.get(&path).await.pointers(), ["?to"]);
    let forbidden = server
        .call(
            KeyKind::Client,
            Method::POST,
            REPORT,
            &report(4, &json!([])),
            &[],
        )
        .await;
    assert_eq!(forbidden.status, 403);
    assert_eq!(server.get(&format!("{FLAGS}/none/usage")).await.status, 404);
}

#[tokio::test]
async fn a_name_that_is_too_long_for_a_flag_stops_nobodys_counts() {
    // More than a row of PostgreSQL's indexes holds, and not to be made smaller by compression.
    let long: String = (0..6_000_u32)
        .map(|n| char::from(b'a' + u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap() % 26))
        .collect();
    let longest = "k".repeat(100);
    for database in [Database::new(), Database::postgres(Cluster::shared()).await] {
        let state = state(&database, Limits::default(), Clock::System).await;
        let server = Server::of(state, database);
        server.put("one", &json!({"enabled": true})).await;
        for key in ["one", &long, "typo", &longest, &format!("{longest}k")] {
            ask(&server, &format!("{BULK}/{key}")).await;
            let flags = json!({"flags": [key], "contexts": [{"targetingKey": "u"}]});
            let path = "/api/v1/evaluate/batch";
            let batch = server.call(KeyKind::Client, Method::POST, path, &flags, &[]);
            assert_eq!(batch.await.status, 200);
        }
        usage::store(&server.state).await.unwrap();
        let page = server.get(UNKNOWN).await.json();
        let keys: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["key"])
            .collect();
        assert_eq!(keys, [&json!(longest), &json!("typo")]);
        let seen = server.get(&format!("{FLAGS}/one")).await.json();
        assert!(seen["lastSeenAt"].is_string(), "{seen}");
    }
}
