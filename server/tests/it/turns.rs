//! How long one request keeps the thread on which others wait for their turn: by processor time, which a busy machine does not change

use std::fmt::Write as _;
use std::io::Write as _;
use std::pin::pin;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{DOCUMENT, Server};

/// Nanoseconds for which this thread has run
fn ran() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}

/// What work comes to, and for how long it had the thread at most before others had their turn
async fn longest_turn<T>(work: impl Future<Output = T>) -> (T, u64) {
    let (mut work, mut longest) = (pin!(work), 0);
    loop {
        let before = ran();
        let done = tokio::select! {
            biased;
            done = &mut work => Some(done),
            // Everything else on this thread is polled before this is again.
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

async fn send(router: Router, request: Request<Body>) -> Vec<u8> {
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap();
    body.to_bytes().to_vec()
}

/// One thread serves everybody here, as two do on a small machine
#[tokio::test]
async fn a_large_document_is_read_written_and_sent_while_others_are_served() {
    if !std::fs::exists("/proc/thread-self/schedstat").unwrap() {
        let reason = "skipped: this kernel does not tell for how long a thread has run";
        let _ = writeln!(std::io::stderr(), "{reason}");
        return;
    }
    let server = Server::new().await;
    let router = flagstaff_server::app(server.state.clone());
    let text = document("off");
    let before = ran();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    // What is done row by row is not done in one go, and what a parser takes is the measure of what is.
    let parse = ran().saturating_sub(before).saturating_mul(2);
    assert_eq!(parsed["flags"].as_object().unwrap().len(), 1_500);
    let request =
        |method: Method, path: &str, key: KeyKind, headers: &[(&str, &str)], body: String| {
            let mut request = Request::builder().method(method).uri(path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request
                .header("authorization", format!("Bearer {}", key.name()))
                .body(Body::from(body))
                .unwrap()
        };
    let dry = format!("{DOCUMENT}?dryRun=true");
    let compare = "/api/v1/projects/default/environments/staging/compare?with=production";
    let snapshot = "/api/v1/sdk/snapshot";
    let (admin, page) = (KeyKind::Admin, KeyKind::ClientLocal);
    let steps = [
        (
            "write",
            request(Method::PUT, DOCUMENT, admin, &[], text.clone()),
        ),
        (
            "dry run",
            request(Method::PUT, &dry, admin, &[], document("on")),
        ),
        (
            "write again",
            request(Method::PUT, DOCUMENT, admin, &[], document("on")),
        ),
        (
            "compare",
            request(Method::GET, compare, admin, &[], String::new()),
        ),
        (
            "read",
            request(Method::GET, DOCUMENT, admin, &[], String::new()),
        ),
        (
            "read YAML",
            request(
                Method::GET,
                DOCUMENT,
                admin,
                &[("accept", "application/yaml")],
                String::new(),
            ),
        ),
        (
            "snapshot",
            request(
                Method::GET,
                snapshot,
                page,
                &[("accept-encoding", "gzip")],
                String::new(),
            ),
        ),
    ];
    let mut turns = String::new();
    for (name, request) in steps {
        let (body, turn) = longest_turn(send(router.clone(), request)).await;
        assert!(!body.is_empty(), "{name}");
        let _ = write!(turns, "{name} {} ‰, ", turn * 1_000 / parse);
        assert!(turn < parse, "{name}: {turn} ns of {parse} ns; {turns}");
    }
    // What another node has written, and a start.
    let environment = server.state.environment(1).unwrap();
    let heads = server.state.store().heads().await.unwrap();
    let epoch = "another lineage".into();
    let (refreshed, turn) = longest_turn(environment.refresh(&epoch, heads.revisions[&1])).await;
    refreshed.unwrap();
    assert!(turn < parse, "load: {turn} ns of {parse} ns; {turns}");
}
