//! The client against a real HTTP server on a loopback port: what can go wrong on the wire, and that flags survive it

#![expect(
    clippy::unwrap_used,
    reason = "a client that cannot be built fails its test"
)]

#[path = "wire/reports.rs"]
mod reports;
#[path = "wire/restart.rs"]
mod restart;
#[path = "wire/server.rs"]
mod server;
#[path = "wire/sources.rs"]
mod sources;

use std::time::Duration;

use flagstaff::{ChangeReceiver, Client, ClientChange, Context, Readiness, Status, Timing};
use server::{Reply, Server, comment, delta, event, put, transfer};

/// Long enough for any machine; a test that waits so long has failed
const PATIENCE: Duration = Duration::from_secs(20);

fn quick() -> Timing {
    Timing {
        reconnect_base: Duration::from_millis(5),
        reconnect_max: Duration::from_millis(20),
        refused_retry: Duration::from_millis(30),
        poll_interval: Duration::from_millis(20),
        ..Timing::default()
    }
}

fn client(server: &Server) -> Client {
    Client::builder(server.url(), "fs_server_test")
        .timing(quick())
        .build()
        .unwrap()
}

fn serves(client: &Client, flag: &str) -> bool {
    client.get_boolean_value(flag, false, &Context::new("u1"))
}

/// Waits until the client serves a flag, without sleeping
fn until_served(client: &Client, changes: &mut ChangeReceiver, flag: &str) {
    while !serves(client, flag) {
        assert!(
            changes.next_timeout(PATIENCE).is_some(),
            "`{flag}` is never served"
        );
    }
}

fn until_status(client: &Client, changes: &mut ChangeReceiver, status: Status) {
    while client.status() != status {
        assert!(
            changes.next_timeout(PATIENCE).is_some(),
            "the status is never {status}"
        );
    }
}

#[test]
fn a_client_follows_the_stream() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let client = client(&server);
    assert_eq!(client.status(), Status::NotReady);
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    assert!(serves(&client, "a"));
    let mut changes = client.changes();
    server.send(&delta("b", 2, "a", 1));
    until_served(&client, &mut changes, "b");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].authorization, "Bearer fs_server_test");
    assert_eq!(requests[0].last_event_id, None);
}

#[test]
fn delays_that_never_end_are_delays_like_others() {
    let never = Timing {
        reconnect_base: Duration::MAX,
        reconnect_max: Duration::MAX,
        healthy_after: Duration::MAX,
        refused_retry: Duration::MAX,
        poll_after_failures: 1,
        poll_interval: Duration::MAX,
        read_timeout: Duration::MAX,
        connect_timeout: Duration::MAX,
        usage_interval: Duration::MAX,
    };
    // The client polls once, and neither comes back nor polls again; it has not panicked, and closes as any other.
    let server = Server::start([], [Reply::Document("a", "\"1\"")]);
    let builder = Client::builder(server.url(), "fs_server_test").timing(never);
    let client = builder.build().unwrap();
    assert_eq!(client.ready(Duration::MAX), Readiness::Ready);
    assert!(serves(&client, "a"));
    client.close();
    let posts = server.until_posts("/api/v1/sdk/usage", 1);
    assert_eq!(posts[0].body["counts"][0]["count"], 1);
}

#[test]
fn an_observer_that_panics_keeps_no_flag_from_the_client() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let client = Client::builder(server.url(), "fs_server_test")
        .timing(quick())
        .on_change(|_| std::panic::resume_unwind(Box::new("a mistake of the callback")))
        .build()
        .unwrap();
    let mut changes = client.changes();
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    server.send(&delta("b", 2, "a", 1));
    until_served(&client, &mut changes, "b");
    assert_eq!(
        server.requests().len(),
        1,
        "nothing had to be started again"
    );
}

#[test]
fn events_in_pieces_with_crlf_and_a_byte_order_mark_are_read() {
    let text = transfer("a", 1)
        .replace("\"test\"", "\"tést-🚩\"")
        .replace('\n', "\r\n");
    let server = Server::start([Reply::Pieces(format!("\u{feff}{text}").into_bytes())], []);
    let client = client(&server);
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    assert_eq!(client.snapshot().environment(), "tést-🚩");
}

#[test]
fn a_cut_in_the_middle_of_a_transfer_keeps_the_flags_and_resumes() {
    let server = Server::start(
        [
            Reply::Stream(transfer("a", 1)),
            Reply::Stream(delta("b", 2, "a", 1)),
        ],
        [],
    );
    let client = client(&server);
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    let mut changes = client.changes();
    server.send(&put("c", 2));
    server.cut();
    until_served(&client, &mut changes, "b");
    assert!(serves(&client, "a") && !serves(&client, "c"));
    let ids: Vec<_> = server
        .requests()
        .into_iter()
        .map(|request| request.last_event_id)
        .collect();
    assert_eq!(ids, [None, Some("cursor-1".to_owned())]);
}

#[test]
fn a_malformed_event_costs_the_cursor_and_not_the_flags() {
    let bad = transfer("a", 1) + &event("put-object", "{\"kind\":", None);
    let server = Server::start([Reply::Stream(bad), Reply::Stream(transfer("b", 2))], []);
    let client = client(&server);
    let mut changes = client.changes();
    client.start();
    until_served(&client, &mut changes, "b");
    assert!(!serves(&client, "a"));
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.last_event_id.is_none())
    );
}

#[test]
fn bytes_that_are_no_utf_8_end_one_connection_only() {
    let bad = [transfer("a", 1).as_bytes(), b"data: \xff\xfe\n\n"].concat();
    let server = Server::start([Reply::Pieces(bad), Reply::Stream(transfer("b", 2))], []);
    let client = client(&server);
    let mut changes = client.changes();
    client.start();
    until_served(&client, &mut changes, "b");
}

#[test]
fn a_transfer_with_the_wrong_hash_is_not_applied() {
    let wrong = transfer("a", 1).replace("\"hash\": \"", "\"hash\": \"f");
    let server = Server::start([Reply::Stream(wrong), Reply::Stream(transfer("b", 2))], []);
    let client = client(&server);
    let mut changes = client.changes();
    client.start();
    until_served(&client, &mut changes, "b");
    assert!(!serves(&client, "a"));
    assert_eq!(server.requests()[1].last_event_id, None);
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let busy = Reply::Status(503, vec![("retry-after", "0")]);
    let server = Server::start([busy, Reply::Stream(transfer("a", 1))], []);
    assert_eq!(client(&server).ready(PATIENCE), Readiness::Ready);
}

#[test]
fn a_refusal_ends_the_wait_but_not_the_trying() {
    let server = Server::start(
        [
            Reply::Problem(401, "the token is unknown"),
            Reply::Stream(transfer("a", 1)),
        ],
        [],
    );
    let client = client(&server);
    let mut changes = client.changes();
    assert_eq!(client.ready(PATIENCE), Readiness::Failed);
    until_served(&client, &mut changes, "a");
    until_status(&client, &mut changes, Status::Ready);
}

#[test]
fn an_answer_that_is_no_stream_is_a_failure() {
    let portal = Reply::Status(200, vec![("content-type", "text/html")]);
    let server = Server::start([portal, Reply::Stream(transfer("a", 1))], []);
    assert_eq!(client(&server).ready(PATIENCE), Readiness::Ready);
}

#[test]
fn a_redirect_is_followed() {
    let server = Server::start(
        [
            Reply::Status(307, vec![("location", "/api/v1/sdk/stream?moved")]),
            Reply::Stream(transfer("a", 1)),
        ],
        [],
    );
    assert_eq!(client(&server).ready(PATIENCE), Readiness::Ready);
    assert_eq!(server.requests()[1].authorization, "Bearer fs_server_test");
}

#[test]
fn after_three_failures_the_snapshot_is_polled() {
    let failures = || (0..200).map(|_| Reply::Status(500, vec![]));
    let server = Server::start(
        failures(),
        [
            Reply::Status(500, vec![]),
            Reply::Document("polled", "\"e.1\""),
        ],
    );
    let client = client(&server);
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    assert!(serves(&client, "polled"));
    // The script of polls is over: from here the server answers 304 to this tag, and nothing else.
    let polls = server.until_polls(3);
    assert_eq!(polls[2].if_none_match.as_deref(), Some("\"e.1\""));
    assert_eq!(client.status(), Status::Ready);
}

#[test]
fn a_goodbye_is_followed_by_a_return() {
    let goodbye = transfer("a", 1)
        + &event(
            "goodbye",
            r#"{"reason": "restart", "retryAfterMs": 1}"#,
            None,
        );
    let server = Server::start(
        [Reply::Stream(goodbye), Reply::Stream(delta("b", 2, "a", 1))],
        [],
    );
    let client = client(&server);
    let mut changes = client.changes();
    client.start();
    until_served(&client, &mut changes, "b");
    assert!(
        !std::iter::from_fn(|| changes.next_timeout(Duration::ZERO))
            .any(|change| change == ClientChange::Status(Status::Stale))
    );
}

#[test]
fn a_connection_that_falls_silent_is_given_up() {
    let server = Server::start(
        [
            Reply::Stream(transfer("a", 1)),
            Reply::Stream(delta("b", 2, "a", 1)),
        ],
        [],
    );
    let timing = Timing {
        read_timeout: Duration::from_millis(300),
        ..quick()
    };
    let client = Client::builder(server.url(), "k")
        .timing(timing)
        .build()
        .unwrap();
    let mut changes = client.changes();
    client.start();
    until_served(&client, &mut changes, "b");
}

#[test]
fn comments_keep_a_connection_alive() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let timing = Timing {
        read_timeout: Duration::from_secs(1),
        ..quick()
    };
    let client = Client::builder(server.url(), "k")
        .timing(timing)
        .build()
        .unwrap();
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    let mut changes = client.changes();
    // 15 times a tenth of the limit: longer than the limit in all.
    for _ in 0..15 {
        server.send(&comment());
        assert_eq!(changes.next_timeout(Duration::from_millis(100)), None);
    }
    server.send(&delta("b", 2, "a", 1));
    until_served(&client, &mut changes, "b");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_that_goes_away_and_comes_back_is_found_again() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let client = client(&server);
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    let mut changes = client.changes();
    let address = server.stop();
    until_status(&client, &mut changes, Status::Stale);
    assert!(serves(&client, "a"));
    let _server = Server::start_at(address, [Reply::Stream(transfer("b", 2))], []);
    until_served(&client, &mut changes, "b");
    until_status(&client, &mut changes, Status::Ready);
}

#[test]
fn nobody_there_is_a_time_out_and_a_bootstrap_is_stale() {
    let server = Server::start([], []);
    let url = server.url();
    server.stop();
    let client = Client::builder(&url, "k").timing(quick()).build().unwrap();
    assert_eq!(client.ready(Duration::from_millis(50)), Readiness::TimedOut);
    let document = r#"{"schemaVersion": 1, "flags": {"a": {"type": "boolean", "enabled": true, "salt": "s", "serve": "on"}}}"#;
    let client = Client::builder(&url, "k")
        .timing(quick())
        .bootstrap(document)
        .build()
        .unwrap();
    // Waiting for a server that is away would be pointless.
    assert_eq!(client.ready(Duration::MAX), Readiness::Stale);
    assert!(serves(&client, "a"));
}

#[test]
fn a_closed_client_keeps_its_flags_ends_its_changes_and_does_not_start_again() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let client = client(&server);
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    let mut changes = client.changes();
    client.close();
    client.close();
    client.start();
    while changes.next_timeout(PATIENCE).is_some() {}
    assert!(serves(&client, "a"));
    server.until_disconnected();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn closing_ends_a_wait() {
    let server = Server::start([], []);
    let url = server.url();
    server.stop();
    let client = Client::builder(&url, "k").timing(quick()).build().unwrap();
    let waiting = client.clone();
    let waiter = std::thread::spawn(move || waiting.ready(Duration::MAX));
    client.close();
    assert_eq!(waiter.join().ok(), Some(Readiness::TimedOut));
}

#[test]
fn a_dropped_client_lets_go_of_the_server() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let client = client(&server);
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    drop(client);
    server.until_disconnected();
}

#[test]
fn an_observer_is_told_what_receivers_are_told() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let builder = Client::builder(server.url(), "k")
        .on_change(move |change| drop(sender.send(change.clone())));
    let client = builder.build().unwrap();
    client.start();
    assert_eq!(
        receiver.recv_timeout(PATIENCE),
        Ok(ClientChange::Flags(["a".into()].into()))
    );
    assert_eq!(
        receiver.recv_timeout(PATIENCE),
        Ok(ClientChange::Status(Status::Ready))
    );
}

#[tokio::test]
async fn a_client_can_be_made_awaited_and_dropped_inside_a_runtime() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let client = client(&server);
    assert_eq!(client.ready_async(PATIENCE).await, Readiness::Ready);
    let mut changes = client.changes();
    server.send(&delta("b", 2, "a", 1));
    assert_eq!(
        changes.next().await,
        Some(ClientChange::Flags(["b".into()].into()))
    );
    drop(client);
    assert_eq!(changes.next().await, None);
}
