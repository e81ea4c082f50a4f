//! Usage: counts of SDKs and of the server by flag, variant and hour, and unknown flags

use flagstaff_server::{Clock, RuntimeConfig, usage};
use serde_json::{Value, json};

use crate::support::{Call, Cluster, Database, NOW, Requests as _, Server, boolean, on, state};

mod attributes;
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

fn send(server: &Server, report: &Value) -> Call {
    server.post(REPORT, report).token("server")
}

fn evaluate(server: &Server, path: &str) -> Call {
    let body = json!({"context": {"targetingKey": "u"}});
    server.post(path, body).token("server")
}

async fn with_flags() -> Server {
    let server = Server::new().await;
    for key in ["one", "two"] {
        server.put_flag(key, boolean("on")).await;
    }
    server
}

/// The stored counts of a flag by variant
async fn counts(server: &Server, flag: &str) -> Value {
    usage::store(server.state.usage()).await.unwrap();
    let usage = server
        .get(&format!("flags/{flag}/usage?until=2026-01-01T02:00:00Z"))
        .await
        .json();
    let variants = usage["variants"]
        .as_array()
        .unwrap_or_else(|| panic!("{usage}"));
    let pair = |row: &Value| json!([row["variant"], row["count"]]);
    variants.iter().map(pair).collect()
}

#[tokio::test]
async fn reports_add_up_and_a_repeated_one_counts_once() {
    let server = with_flags().await;
    let first = report(
        1,
        &json!([{"flag": "one", "variant": "on", "count": 3}, {"flag": "one", "count": 1}]),
    );
    for _ in 0..2 {
        send(&server, &first).await.expect(204);
    }
    assert_eq!(counts(&server, "one").await, json!([[null, 1], ["on", 3]]));
    let next = report(2, &json!([{"flag": "one", "variant": "on", "count": 4}]));
    send(&server, &next).await.expect(204);
    let mut other = next;
    other["instance"] = "i-2".into();
    send(&server, &other).await.expect(204);
    assert_eq!(counts(&server, "one").await, json!([[null, 1], ["on", 11]]));
    assert_eq!(counts(&server, "two").await, json!([]));
}

#[tokio::test]
async fn a_report_with_another_key_hides_none_of_an_instance() {
    let server = with_flags().await;
    let forged = report(u64::MAX, &json!([]));
    server
        .post(REPORT, &forged)
        .token("client-local")
        .await
        .expect(204);
    let own = report(1, &json!([{"flag": "one", "variant": "on", "count": 3}]));
    send(&server, &own).await.expect(204);
    assert_eq!(counts(&server, "one").await, json!([["on", 3]]));
}

#[tokio::test]
async fn a_client_local_key_reports_only_the_flags_that_it_sees() {
    let server = with_flags().await;
    let needed = boolean("on");
    server.put_flag("needed", &needed).await;
    let shown = json!({"type": "boolean", "enabled": true, "serve": "on", "clientSide": true,
        "prerequisites": [{"flag": "needed", "variants": ["on"]}]});
    server.put_flag("shown", &shown).await;
    let flags = ["one", "shown", "needed", "typo"];
    let of_each = flags.map(|flag| json!({"flag": flag, "variant": "on", "count": 3}));
    let report = report(1, &json!(of_each));
    server
        .post(REPORT, &report)
        .token("client-local")
        .await
        .expect(204);
    assert_eq!(counts(&server, "one").await, json!([]));
    let one = server.get("flags/one").await.json();
    assert_eq!(one["lastSeenAt"], Value::Null);
    for flag in ["shown", "needed"] {
        assert_eq!(counts(&server, flag).await, json!([["on", 3]]), "{flag}");
    }
    let path = "flags/one";
    server.delete(path).await.expect_success();
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
async fn evaluations_of_the_server_are_counted_too() {
    let server = with_flags().await;
    evaluate(&server, BULK).await;
    evaluate(&server, &format!("{BULK}/one")).await;
    evaluate(&server, "/api/v1/evaluate").await;
    let off = json!({"type": "boolean", "enabled": false, "serve": "on"});
    server.put_flag("one", &off).await;
    evaluate(&server, &format!("{BULK}/one")).await;
    assert_eq!(counts(&server, "one").await, json!([["off", 1], ["on", 3]]));
    assert_eq!(counts(&server, "two").await, json!([["on", 2]]));
    // Stored counts are not stored again.
    assert_eq!(counts(&server, "two").await, json!([["on", 2]]));
}

#[tokio::test]
async fn counts_are_stored_by_hour_and_returned_by_interval() {
    let server = with_flags().await;
    for hour in [0, 1, 30] {
        server.set_clock(NOW + hour * HOUR);
        evaluate(&server, &format!("{BULK}/one")).await;
        usage::store(server.state.usage()).await.unwrap();
    }
    let path = "flags/one/usage?from=2026-01-01T00:30:00Z&until=2026-01-03T00:00:00Z";
    let by_hour = server.get(path).await;
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
    let by_day = server.get(&format!("{path}&step=day")).await;
    assert_eq!(
        by_day["variants"][0]["steps"],
        json!([
            at("2026-01-01T00:00:00.000Z", 2),
            at("2026-01-02T00:00:00.000Z", 1)
        ])
    );
    let late = NOW + 30 * HOUR + 1;
    server.set_clock(late);
    let yesterday = server.get("flags/one/usage").await;
    assert_eq!(yesterday["count"], 1, "the last 24 hours by default");
}

#[tokio::test]
async fn the_flags_of_a_project_have_their_counts_of_the_last_week_by_day() {
    const USAGE: &str = "/api/v1/projects/default/usage";
    let server = with_flags().await;
    server.put_flag("gone", boolean("on")).await;
    for (day, flag) in [(0, "one"), (5, "one"), (5, "two"), (5, "gone"), (7, "one")] {
        server.set_clock(NOW + day * 24 * HOUR + HOUR);
        evaluate(&server, &format!("{BULK}/{flag}")).await;
        usage::store(server.state.usage()).await.unwrap();
    }
    server.delete("flags/gone").await.expect_success();
    let week = server.get(USAGE).await.json();
    // The eighth day of January is the last of the week, and its first evaluation was seven days before.
    let expected = json!({"from": "2026-01-02T00:00:00.000Z",
        "flags": {"one": [0, 0, 0, 0, 1, 0, 1], "two": [0, 0, 0, 0, 1, 0, 0]}});
    assert_eq!(week, expected);
}

#[tokio::test]
async fn a_flag_has_the_time_of_its_last_evaluation() {
    let server = with_flags().await;
    let late = NOW + 90_000;
    server.set_clock(late);
    evaluate(&server, &format!("{BULK}/one")).await;
    // The clock of the instance is wrong: no time is in the future.
    let mut early = report(1, &json!([{"flag": "two", "variant": "on", "count": 1}]));
    early["until"] = "2030-01-01T00:00:00Z".into();
    send(&server, &early).await;
    usage::store(server.state.usage()).await.unwrap();
    let page = server.get("flags").await;
    let seen: Vec<_> = page
        .items()
        .iter()
        .map(|flag| &flag["lastSeenAt"])
        .collect();
    assert_eq!(seen, ["2026-01-01T00:01:30.000Z"; 2]);
    server.put_flag("three", boolean("on")).await;
    let three = server.get("flags/three").await;
    assert_eq!(three["lastSeenAt"], Value::Null);
    // A flag that was read can be written back.
    let one = server.get("flags/one").await.json();
    server.put_flag("one", &one).await;
}

#[tokio::test]
async fn unknown_flags_are_listed_until_they_exist() {
    let server = with_flags().await;
    evaluate(&server, &format!("{BULK}/typo")).await;
    let counts = json!([{"flag": "typo", "count": 2}, {"flag": "soon", "count": 1}, {"flag": "later", "count": 1}]);
    send(&server, &report(1, &counts)).await;
    usage::store(server.state.usage()).await.unwrap();
    let pages = server.pages(&format!("{UNKNOWN}?limit=2")).await;
    let page = &pages[0];
    assert_eq!(page["total"], 3);
    assert_eq!(
        page["items"],
        json!([
            {"key": "typo", "count": 3, "firstSeenAt": "2026-01-01T00:00:00.000Z",
                "lastSeenAt": "2026-01-01T00:00:00.000Z", "sdk": "flagstaff-rust/0.1.0", "hidden": false},
            {"key": "later", "count": 1, "firstSeenAt": "2026-01-01T00:00:00.000Z",
                "lastSeenAt": "2026-01-01T00:00:00.000Z", "sdk": "flagstaff-rust/0.1.0", "hidden": false}
        ])
    );
    assert_eq!(pages[1].column("key"), ["soon"]);
    server.put_flag("soon", boolean("on")).await;
    assert_eq!(server.get(UNKNOWN).await["total"], 2);
}

#[tokio::test]
async fn a_batch_counts_an_unknown_flag_for_each_context() {
    let server = with_flags().await;
    let contexts: Vec<_> = (0..1_000)
        .map(|number| json!({"targetingKey": format!("u{number}")}))
        .collect();
    let batch = json!({"flags": ["typo", "one", "soon", "typo"], "contexts": contexts});
    let path = "/api/v1/evaluate/batch";
    server.post(path, &batch).token("server").await.expect(200);
    assert_eq!(counts(&server, "one").await, json!([["on", 1_000]]));
    let page = server.get(UNKNOWN).await;
    assert_eq!(page["total"], 2);
    for (item, key) in [(&page["items"][0], "soon"), (&page["items"][1], "typo")] {
        assert_eq!(item["key"], json!(key));
        assert_eq!(item["count"], 1_000);
    }
}

#[tokio::test]
async fn random_flag_keys_are_counted_in_bounded_memory_and_frequent_ones_stay() {
    let server = with_flags().await;
    for round in 0..10 {
        let mut counts: Vec<_> = (0..2_000)
            .map(|key| json!({"flag": format!("random-{round}-{key}"), "count": 1}))
            .collect();
        counts.push(json!({"flag": "typo", "count": 500}));
        send(&server, &report(round, &counts.into()))
            .await
            .expect(204);
        usage::store(server.state.usage()).await.unwrap();
    }
    let page = server.get(&format!("{UNKNOWN}?limit=200")).await;
    let total = page["total"].as_u64().unwrap();
    assert!((1..=200).contains(&total), "{total}");
    assert_eq!(page["items"][0]["key"], "typo");
    assert_eq!(page["items"][0]["count"], 5_000);
}

#[tokio::test]
async fn errors_of_a_report_are_reported() {
    let server = with_flags().await;
    let mut wrong = report(
        1,
        &json!([{"flag": "one", "count": 1}, {"flag": "", "count": 1}]),
    );
    wrong["instance"] = "no spaces".into();
    wrong["sdk"]["name"] = "".into();
    wrong["from"] = "2026-01-02T00:00:00Z".into();
    send(&server, &wrong)
        .await
        .expect_errors(["/instance", "/sdk/name", "/until", "/counts/1"]);
    assert_eq!(
        counts(&server, "one").await,
        json!([]),
        "nothing of it is counted"
    );
    let many: Vec<_> = (0..10_001)
        .map(|_| json!({"flag": "one", "count": 1}))
        .collect();
    send(&server, &report(2, &many.into()))
        .await
        .expect_errors(["/counts"]);
    let huge = report(3, &json!([{"flag": "one", "count": u64::MAX}]));
    send(&server, &huge).await.expect_errors(["/counts/0"]);
    let path = "flags/one/usage?from=2020-01-01T00:00:00Z";
    server.get(path).await.expect_errors(["?until"]);
    server
        .post(REPORT, report(4, &json!([])))
        .token("client")
        .await
        .expect(403);
    server.get("flags/none/usage").await.expect(404);
}

#[tokio::test]
async fn a_flag_key_that_is_too_long_stops_no_other_counts() {
    // More than an index row of PostgreSQL can hold, also after compression.
    let long: String = (0..6_000_u32)
        .map(|n| char::from(b'a' + u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap() % 26))
        .collect();
    let longest = "k".repeat(100);
    for database in [Database::new(), Database::postgres(Cluster::shared()).await] {
        let state = state(&database, RuntimeConfig::default(), Clock::System).await;
        let server = Server::of(state, database);
        server.put_flag("one", on()).await;
        for key in ["one", &long, "typo", &longest, &format!("{longest}k")] {
            evaluate(&server, &format!("{BULK}/{key}")).await;
            let flags = json!({"flags": [key], "contexts": [{"targetingKey": "u"}]});
            let path = "/api/v1/evaluate/batch";
            let batch = server.post(path, &flags).token("server");
            batch.await.expect(200);
        }
        usage::store(server.state.usage()).await.unwrap();
        let page = server.get(UNKNOWN).await;
        let keys: Vec<_> = page.items().iter().map(|item| &item["key"]).collect();
        assert_eq!(keys, [&json!(longest), &json!("typo")]);
        let seen = server.get("flags/one").await.json();
        assert!(seen["lastSeenAt"].is_string(), "{seen}");
    }
}
