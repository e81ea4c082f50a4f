//! How long a request blocks its thread, in processor time, which does not depend on the load of the machine

use std::fmt::Write as _;
use std::io::Write as _;
use std::pin::pin;

use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::support::{Call, Requests as _, Server};

/// Nanoseconds for which this thread has run
fn ran() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

/// The result of work, and the longest time for which it did not yield
async fn longest_turn<T>(work: impl Future<Output = T>) -> (T, u64) {
    let (mut work, mut longest) = (pin!(work), 0);
    loop {
        let before = ran();
        let done = tokio::select! {
            biased;
            done = &mut work => Some(done),
            // All other tasks of this thread are polled before this one is polled again.
            () = tokio::task::yield_now() => None,
        };
        longest = longest.max(ran().saturating_sub(before));
        if let Some(done) = done {
            return (done, longest);
        }
    }
}

fn document(serve: &str) -> String {
    let flag = |number: u32| {
        let flag = json!({
            "type": "boolean", "enabled": true, "serve": serve, "clientSide": true, "salt": format!("s{number}"),
            "rules": [{"id": "r", "when": {"attribute": "plan", "op": "equals", "value": "enterprise-or-more"}, "serve": "on"}],
        });
        (format!("flag-{number}"), flag)
    };
    let flags: serde_json::Map<String, Value> = (0..1_500).map(flag).collect();
    json!({"schemaVersion": 1, "flags": flags}).to_string()
}

async fn send(request: Call) -> Vec<u8> {
    let response = request.response().await;
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap();
    body.to_bytes().to_vec()
}

/// One thread serves all requests, as two do on a small machine
#[tokio::test]
async fn a_large_document_is_read_written_and_sent_while_others_are_served() {
    if !std::fs::exists("/proc/thread-self/schedstat").unwrap() {
        let reason = "skipped: this kernel does not tell for how long a thread has run";
        let _ = writeln!(std::io::stderr(), "{reason}");
        return;
    }
    let server = Server::new().await;
    let text = document("off");
    let before = ran();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    // The time of a parser is the measure: work per row must yield in between.
    let parse = ran().saturating_sub(before).saturating_mul(2);
    assert_eq!(parsed["flags"].as_object().unwrap().len(), 1_500);
    let compare = "/api/v1/projects/default/environments/staging/compare?with=production";
    let snapshot = server.get("/api/v1/sdk/snapshot").token("client-local");
    let yaml = ("accept", "application/yaml");
    let steps = [
        ("write", server.put("document", text)),
        (
            "dry run",
            server.put("document?dryRun=true", document("on")),
        ),
        ("write again", server.put("document", document("on"))),
        ("compare", server.get(compare)),
        ("read", server.get("document")),
        ("read YAML", server.get("document").headers(&[yaml])),
        ("snapshot", snapshot.header("accept-encoding", "gzip")),
    ];
    let mut turns = String::new();
    for (name, request) in steps {
        let (body, turn) = longest_turn(send(request)).await;
        assert!(!body.is_empty(), "{name}");
        let _ = write!(turns, "{name} {} ‰, ", turn * 1_000 / parse);
        assert!(turn < parse, "{name}: {turn} ns of {parse} ns; {turns}");
    }
    // Loading what another node has written, as at a start.
    let environment = server.state.environment(1).unwrap();
    let heads = server.state.store().heads().await.unwrap();
    let epoch = "another lineage".into();
    let (refreshed, turn) = longest_turn(environment.refresh(&epoch, heads.revisions[&1])).await;
    refreshed.unwrap();
    assert!(turn < parse, "load: {turn} ns of {parse} ns; {turns}");
}
