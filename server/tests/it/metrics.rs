//! `/metrics`, request ids and the log

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{ADMIN, Connection, FLAGS, Process, Requests, boolean, for_pages};

const KEYS: [&str; 6] = [
    "--admin-token",
    ADMIN,
    "--server-key",
    "s",
    "--client-key",
    "c",
];
const IN_PRODUCTION: &str = r#"project="default",environment="production""#;

/// Every sample of `/metrics`: name and labels, and the value
pub(crate) async fn scrape(server: &impl Requests) -> BTreeMap<String, f64> {
    let answer = server.get("/metrics").anonymous().await.expect(200);
    let kind = answer.header("content-type");
    let expected = "application/openmetrics-text; version=1.0.0";
    assert!(kind.starts_with(expected), "{kind}");
    let text = answer.text;
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    samples.map(sample).collect()
}

#[tokio::test]
async fn metrics_count_requests_and_show_the_current_state() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &KEYS);
    let ask = async |path: &str, token: &str| {
        let context = json!({"context": {"targetingKey": "u"}});
        process.post(path, context).token(token).await
    };
    for key in ["one", "two"] {
        process.put_flag(key, for_pages(boolean("on"))).await;
    }
    let mut stream = Connection::open(&process.address, "s", None).await;
    assert_eq!(stream.intent().await, "xfer-full");
    ask("/ofrep/v1/evaluate/flags", "c").await;
    ask("/ofrep/v1/evaluate/flags/one", "c").await;
    ask("/ofrep/v1/evaluate/flags/never-heard-of", "c").await;
    ask("/api/v1/evaluate", "c").await;
    ask("/api/v1/evaluate", "nobody's").await;

    let samples = scrape(&process).await;
    for (name, expected) in [
        (format!("flagstaff_environment_revision{{{IN_PRODUCTION}}}"), 2.0),
        (format!("flagstaff_streams{{{IN_PRODUCTION},subject=\"objects\"}}"), 1.0),
        (format!("flagstaff_stream_transfers_total{{{IN_PRODUCTION},transfer=\"full\"}}"), 1.0),
        (format!("flagstaff_evaluations_total{{{IN_PRODUCTION},reason=\"STATIC\"}}"), 5.0),
        (format!("flagstaff_evaluations_total{{{IN_PRODUCTION},reason=\"ERROR\"}}"), 1.0),
        ("flagstaff_streams_limit".to_owned(), 10_000.0),
        (r#"flagstaff_streams_refused_total{limit="all"}"#.to_owned(), 0.0),
        ("flagstaff_store_up".to_owned(), 1.0),
        (r#"flagstaff_store_connections_limit{pool="write"}"#.to_owned(), 1.0),
        (r#"flagstaff_store_connections{pool="write"}"#.to_owned(), 0.0),
        (r#"flagstaff_http_requests_total{method="POST",route="/ofrep/v1/evaluate/flags/{key}",status="404"}"#.to_owned(), 1.0),
        (r#"flagstaff_http_requests_total{method="POST",route="/api/v1/evaluate",status="401"}"#.to_owned(), 1.0),
        (r#"flagstaff_http_request_duration_seconds_count{method="POST",route="/ofrep/v1/evaluate/flags/{key}"}"#.to_owned(), 2.0),
    ] {
        assert_eq!(samples.get(&name), Some(&expected), "{name}: {samples:#?}");
    }
    assert!(samples["flagstaff_store_staleness_seconds"] >= 0.0);
    let writes = samples[r#"flagstaff_store_duration_seconds_count{pool="write"}"#];
    assert!(writes >= 2.0, "{writes}");
    assert!(
        !samples.contains_key("flagstaff_redis_up"),
        "no Redis is configured"
    );

    drop(stream);
    // The server notices a closed connection some time later.
    while scrape(&process).await
        [&format!("flagstaff_streams{{{IN_PRODUCTION},subject=\"objects\"}}")]
        > 0.0
    {}
    process.stop();
}

#[tokio::test]
async fn clients_cannot_create_label_values() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &KEYS);
    let try_all = async |word: &str| {
        for path in [
            format!("/{word}"),
            format!("/ofrep/v1/evaluate/flags/{word}"),
            format!("/api/v1/projects/{word}/audit"),
            format!("/example/{word}"),
        ] {
            let method = Method::from_bytes(word.as_bytes()).unwrap();
            for method in [method, Method::POST] {
                let request = process.request(method, &path).token(word);
                request.header("x-request-id", word).body("{}").await;
            }
        }
    };
    try_all("FIRST").await;
    let before: Vec<String> = scrape(&process).await.into_keys().collect();
    try_all("SECOND").await;
    let after: Vec<String> = scrape(&process).await.into_keys().collect();
    assert_eq!(before, after);
    process.stop();
}

#[tokio::test]
async fn metrics_can_have_an_address_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    drop(socket);
    let process = Process::start(
        folder.path(),
        &[&KEYS[..], &["--metrics-listen", &address]].concat(),
    );
    let samples = scrape(&format!("http://{address}")).await;
    assert_eq!(samples.get("flagstaff_store_up"), Some(&1.0));
    process.get("/metrics").await.expect(404);
    process.stop();
}

#[tokio::test]
async fn a_write_leaves_one_line_in_the_log_and_a_read_none() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&KEYS[..], &["--log-format", "json"]].concat();
    let process = Process::start(folder.path(), &arguments);
    let once = [("idempotency-key", "one"), ("x-request-id", "mine")];
    for _ in 0..2 {
        let created = process.post("flags", json!({"key": "a", "enabled": true}));
        created.headers(&once).await.expect(201);
    }
    process.get("flags/a").await.expect(200);
    let copy = process.post(
        "copy?dryRun=true",
        json!({"from": "staging", "flags": ["a"]}),
    );
    copy.await;
    process
        .put("flags/a", json!({"enabled": "no"}))
        .await
        .expect(422);
    process.delete("flags/a").await.expect(204);
    let (_, stderr) = process.stop();
    let lines = stderr
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let written: Vec<Value> = lines
        .filter(|line: &Value| line["message"] == "written")
        .collect();
    let fields: Vec<_> = written
        .iter()
        .map(|line| {
            (
                &line["span"]["method"],
                &line["span"]["path"],
                &line["status"],
            )
        })
        .collect();
    let path = |rest: &str| json!(format!("{FLAGS}{rest}"));
    assert_eq!(
        fields,
        [
            (&json!("POST"), &path(""), &json!(201)),
            (&json!("DELETE"), &path("/a"), &json!(204))
        ]
    );
    assert_eq!(written[0]["span"]["request_id"], "mine");
    assert_eq!(written[0]["actor"], "admin");
    assert_eq!(written[0]["level"], "INFO");
}

#[tokio::test]
async fn the_id_of_a_request_is_in_its_response_and_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start_with(
        folder.path(),
        &[&KEYS[..], &["--log-format", "json"]].concat(),
        &[("FLAGSTAFF_LOG", "flagstaff_server=debug")],
    );
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let ask = async |headers: &[(&str, &str)]| {
        let refused = process.get("flags?limit=no").headers(headers);
        refused.await.expect(422).header("x-request-id").to_owned()
    };
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    assert_eq!(
        ask(&[("x-request-id", "mine-1"), ("traceparent", &parent)]).await,
        "mine-1"
    );
    let made = ask(&[]).await;
    let (_, stderr) = process.stop();
    let lines: Vec<Value> = stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let answered = |id: &str| {
        let line = lines
            .iter()
            .find(|line| line["span"]["request_id"] == id && line["message"] == "answered");
        line.unwrap_or_else(|| panic!("{id}: {stderr}"))
    };
    let line = answered("mine-1");
    assert_eq!(line["span"]["trace_id"], trace);
    assert_eq!(line["span"]["path"], FLAGS, "without its query");
    assert_eq!(line["status"], 422);
    assert_eq!(answered(&made)["span"].get("trace_id"), None);
}
