//! A server whose log nobody reads: its pipe holds 64 KiB

use std::time::Duration;

use serde_json::{Value, json};

use crate::metrics::scrape;
use crate::support::{ADMIN, Process, Requests as _, on, until};

const ARGUMENTS: [&str; 4] = ["--database", "sqlite://flags.db", "--admin-token", ADMIN];
const DROPPED: &str = "flagstaff_log_lines_dropped_total";
/// The bytes that a pipe holds on Linux
const PIPE: usize = 64 << 10;
/// Each write leaves a line with the id of its request, so these lines do not fit into the pipe
const WRITES: usize = 300;

async fn write(server: &Process, index: usize) {
    let id = format!("{index:0>128}");
    let path = format!("flags/flag-{index}");
    let written = server.put(&path, on()).header("x-request-id", &id);
    written.await.expect(201);
}

#[tokio::test]
async fn a_server_whose_log_nobody_reads_goes_on_and_loses_no_line_that_fits_into_its_queue() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start_unread(folder.path(), &ARGUMENTS);
    for index in 0..WRITES {
        write(&server, index).await;
    }
    server.get("flags").await.expect(200);
    assert!(scrape(&server).await[DROPPED] < 1.0);
    let (_, log) = server.stop();
    assert!(log.len() > PIPE, "{}", log.len());
    let written = log.lines().filter(|line| line.contains("written"));
    assert_eq!(written.count(), WRITES);
    assert!(log.lines().last().unwrap().contains("stopped"), "{log}");
}

#[tokio::test]
async fn lines_that_nobody_reads_are_dropped_and_counted_and_reported_when_somebody_reads_again() {
    let folder = tempfile::tempdir().unwrap();
    // More lines than the pipe and the queue hold: one for each flag that is not valid.
    let invalid = json!({"type": "boolean", "enabled": true, "serve": "maybe"});
    let flags = (0..15_000).map(|index| (format!("flag-{index}"), invalid.clone()));
    let flags: serde_json::Map<String, Value> = flags.collect();
    let seed = json!({"schemaVersion": 1, "flags": flags});
    std::fs::write(folder.path().join("seed.json"), seed.to_string()).unwrap();
    let arguments = [&ARGUMENTS[..], &["--seed", "seed.json"]].concat();
    let mut server = Process::start_unread(folder.path(), &arguments);
    server.get("flags").await.expect(200);
    assert!(scrape(&server).await[DROPPED] >= 1.0);
    server.read_log();
    // The server tries to report once a second, and each report for which there is no room is one more.
    until("no more lines are dropped", async || {
        let before = scrape(&server).await[DROPPED];
        tokio::time::sleep(Duration::from_secs(2)).await;
        (scrape(&server).await[DROPPED] - before).abs() < 1.0
    })
    .await;
    let (_, log) = server.stop();
    assert!(log.contains("log lines were dropped"));
}

#[tokio::test]
async fn a_server_whose_log_nobody_reads_stops_when_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start_unread(folder.path(), &ARGUMENTS);
    for index in 0..WRITES {
        write(&server, index).await;
    }
    server.stop_unread();
}
