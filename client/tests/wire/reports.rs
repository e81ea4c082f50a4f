//! What a client tells the server: how often it answered what

use std::time::Duration;

use flagstaff::{Client, Context, Readiness, Timing};
use serde_json::{Value, json};

use crate::server::{Reply, Server, transfer};
use crate::{PATIENCE, quick, serves};

const USAGE: &str = "/api/v1/sdk/usage";
const APPLIED: &str = "/api/v1/sdk/applied";

fn client(server: &Server, is_counting: bool) -> Client {
    let timing = Timing {
        usage_interval: Duration::from_millis(20),
        ..quick()
    };
    let builder = Client::builder(server.url(), "fs_server_test").timing(timing);
    let client = builder.usage(is_counting).build().unwrap();
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    client
}

/// How often a flag was answered with a variant, by all reports
fn told(reports: &[Value], flag: &str, variant: &Value) -> u64 {
    let counts = reports
        .iter()
        .flat_map(|report| report["counts"].as_array().unwrap());
    let of_flag = counts.filter(|count| count["flag"] == flag && count["variant"] == *variant);
    of_flag.map(|count| count["count"].as_u64().unwrap()).sum()
}

#[test]
fn what_getters_answer_is_reported_with_who_counted_it() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let client = client(&server, true);
    let context = Context::new("u1");
    for _ in 0..3 {
        assert!(serves(&client, "a"));
    }
    assert!(!serves(&client, "unknown"));
    client.get_boolean_details("a", false, &context);
    client.evaluate_all(&context);
    // Of another type: the caller's default.
    client.get_string_value("a", "", &context);
    client.close();
    let mut reports = Vec::new();
    while told(&reports, "a", &Value::Null) == 0 || told(&reports, "a", &json!("on")) < 5 {
        let posts = server.until_posts(USAGE, reports.len().saturating_add(1));
        assert!(
            posts
                .iter()
                .all(|post| post.authorization == "Bearer fs_server_test")
        );
        reports = posts.into_iter().map(|post| post.body).collect();
    }
    assert_eq!(told(&reports, "a", &json!("on")), 5);
    assert_eq!(told(&reports, "a", &Value::Null), 1);
    assert_eq!(told(&reports, "unknown", &Value::Null), 1);
    let first = &reports[0];
    assert_eq!(
        first["sdk"],
        json!({"name": "flagstaff-rust", "version": env!("CARGO_PKG_VERSION")})
    );
    assert_eq!((&first["sequence"], &first["lost"]), (&json!(1), &json!(0)));
    assert_eq!(first["instance"].as_str().unwrap().len(), 16);
    assert!(first["from"].as_str().unwrap() <= first["until"].as_str().unwrap());
}

#[test]
fn a_stream_says_who_opens_it_and_what_it_brought_is_acknowledged() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let client = client(&server, true);
    let posts = server.until_posts(APPLIED, 1);
    assert_eq!(posts[0].authorization, "Bearer fs_server_test");
    let acknowledged = &posts[0].body;
    assert_eq!(acknowledged["cursor"], "cursor-1");
    let instance = acknowledged["instance"].as_str().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("instance={instance}&sdk=flagstaff-rust%2F{version}");
    assert_eq!(server.requests()[0].query, expected);
    assert!(serves(&client, "a"));
    let reports = server.until_posts(USAGE, 1);
    assert_eq!(reports[0].body["instance"], instance);
}

#[test]
fn a_report_that_was_not_answered_is_sent_again_as_it_was() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    server.answer_reports([503, 500]);
    let client = client(&server, true);
    assert!(serves(&client, "a"));
    let posts = server.until_posts(USAGE, 3);
    assert!(posts[0].body == posts[1].body && posts[1].body == posts[2].body);
    assert!(serves(&client, "a"));
    let posts = server.until_posts(USAGE, 4);
    assert_eq!(posts[3].body["sequence"], 2);
}

#[test]
fn a_report_that_the_server_does_not_take_is_counted_as_lost() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    server.answer_reports([422]);
    let client = client(&server, true);
    for _ in 0..4 {
        assert!(serves(&client, "a"));
    }
    let posts = server.until_posts(USAGE, 2);
    let refused = told(&[posts[0].body.clone()], "a", &json!("on"));
    assert_eq!(posts[1].body["lost"], refused);
}

#[test]
fn a_client_that_is_not_to_count_reports_nothing() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let silent = client(&server, false);
    assert!(serves(&silent, "a"));
    silent.close();
    server.until_disconnected();
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    // One that counts and was asked nothing has nothing to say, either.
    client(&server, true).close();
    server.until_disconnected();
    assert_eq!(server.until_posts(USAGE, 0).len(), 0);
}

#[test]
fn a_flush_and_a_close_that_waits_send_what_was_counted() {
    let server = Server::start([Reply::Stream(transfer("a", 1))], []);
    let builder = Client::builder(server.url(), "fs_server_test").timing(quick());
    let client = builder.build().unwrap();
    assert!(!client.flush(PATIENCE), "nothing is sent before the start");
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    for sent in 1..=3 {
        assert!(serves(&client, "a"));
        // By a flush, by another one, and by the close.
        let is_sent = if sent < 3 {
            client.flush(PATIENCE)
        } else {
            client.close_within(PATIENCE)
        };
        assert!(is_sent);
        let posts = server.until_posts(USAGE, sent);
        let reports: Vec<_> = posts.into_iter().map(|post| post.body).collect();
        assert_eq!(
            (reports.len(), told(&reports, "a", &json!("on"))),
            (sent, sent as u64)
        );
    }
    assert!(client.close_within(PATIENCE), "there is nothing left");
    assert!(!client.flush(PATIENCE));
}
