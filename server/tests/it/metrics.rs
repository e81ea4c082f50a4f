//! `/metrics`, request ids and the log, on the real process

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::live::Connection;
use crate::process::{ADMIN, Process};
use crate::support::{FLAGS, http};

const KEYS: [&str; 6] = [
    "--admin-token",
    ADMIN,
    "--server-key",
    "s",
    "--client-key",
    "c",
];
const IN_PRODUCTION: &str = r#"project="default",environment="production""#;

/// Every sample of a scrape: name and labels, and the value
pub(crate) async fn scrape(url: &str) -> BTreeMap<String, f64> {
    let response = http().get(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    let text = response.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    samples.map(sample).collect()
}

#[tokio::test]
async fn what_happens_is_counted_and_how_things_stand_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &KEYS);
    let metrics = format!("{}/metrics", process.address);
    let put = async |key: &str| {
        let flag = json!({"type": "boolean", "enabled": true, "serve": "on"});
        let request = http()
            .put(format!("{}{FLAGS}/{key}", process.address))
            .bearer_auth(ADMIN);
        let answer = request.body(flag.to_string()).send().await.unwrap();
        assert!(answer.status().is_success());
    };
    let ask = async |path: &str, token: &str| {
        let request = http()
            .post(format!("{}{path}", process.address))
            .bearer_auth(token);
        let body = json!({"context": {"targetingKey": "u"}});
        request.body(body.to_string()).send().await.unwrap()
    };
    put("one").await;
    put("two").await;
    let mut stream = Connection::open(&process.address, "s", None).await;
    assert_eq!(stream.intent().await, "xfer-full");
    ask("/ofrep/v1/evaluate/flags", "c").await;
    ask("/ofrep/v1/evaluate/flags/one", "c").await;
    ask("/ofrep/v1/evaluate/flags/never-heard-of", "c").await;
    ask("/api/v1/evaluate", "c").await;
    ask("/api/v1/evaluate", "nobody's").await;

    let told = scrape(&metrics).await;
    for (name, expected) in [
        (format!("flagstaff_environment_revision{{{IN_PRODUCTION}}}"), 2.0),
        (format!("flagstaff_streams{{{IN_PRODUCTION},subject=\"objects\"}}"), 1.0),
        (format!("flagstaff_stream_transfers_total{{{IN_PRODUCTION},transfer=\"full\"}}"), 1.0),
        (format!("flagstaff_evaluations_total{{{IN_PRODUCTION},reason=\"STATIC\"}}"), 5.0),
        (format!("flagstaff_evaluations_total{{{IN_PRODUCTION},reason=\"ERROR\"}}"), 1.0),
        ("flagstaff_streams_limit".to_owned(), 10_000.0),
        (r#"flagstaff_streams_refused_total{limit="all"}"#.to_owned(), 0.0),
        ("flagstaff_store_up".to_owned(), 1.0),
        (r#"flagstaff_http_requests_total{method="POST",route="/ofrep/v1/evaluate/flags/{key}",status="404"}"#.to_owned(), 1.0),
        (r#"flagstaff_http_requests_total{method="POST",route="/api/v1/evaluate",status="401"}"#.to_owned(), 1.0),
        (r#"flagstaff_http_request_duration_seconds_count{method="POST",route="/ofrep/v1/evaluate/flags/{key}"}"#.to_owned(), 2.0),
    ] {
        assert_eq!(told.get(&name), Some(&expected), "{name}: {told:#?}");
    }
    assert!(told["flagstaff_store_staleness_seconds"] >= 0.0);

    drop(stream);
    // The server notices a closed connection in its own time.
    while scrape(&metrics).await
        [&format!("flagstaff_streams{{{IN_PRODUCTION},subject=\"objects\"}}")]
        > 0.0
    {}
    process.stop();
}

#[tokio::test]
async fn no_client_can_make_a_new_label() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &KEYS);
    let metrics = format!("{}/metrics", process.address);
    let try_all = async |word: &str| {
        for path in [
            format!("/{word}"),
            format!("/ofrep/v1/evaluate/flags/{word}"),
            format!("/api/v1/projects/{word}/audit"),
            format!("/example/{word}"),
        ] {
            let method = reqwest::Method::from_bytes(word.as_bytes()).unwrap();
            for method in [method, reqwest::Method::POST] {
                let request = http().request(method, format!("{}{path}", process.address));
                request
                    .bearer_auth(word)
                    .header("x-request-id", word)
                    .body("{}")
                    .send()
                    .await
                    .unwrap();
            }
        }
    };
    try_all("FIRST").await;
    let before: Vec<String> = scrape(&metrics).await.into_keys().collect();
    try_all("SECOND").await;
    let after: Vec<String> = scrape(&metrics).await.into_keys().collect();
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
    let told = scrape(&format!("http://{address}/metrics")).await;
    assert_eq!(told.get("flagstaff_store_up"), Some(&1.0));
    let (status, _) = process.get("/metrics", ADMIN).await;
    assert_eq!(status, 404, "not where everybody can read them");
    process.stop();
}

#[tokio::test]
async fn a_request_is_one_and_the_same_in_its_answer_and_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start_with(
        folder.path(),
        &[&KEYS[..], &["--log-format", "json"]].concat(),
        &[("FLAGSTAFF_LOG", "flagstaff_server=debug")],
    );
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = http().get(format!("{}{FLAGS}?limit=no", process.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.bearer_auth(ADMIN).send().await.unwrap();
        answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned()
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
