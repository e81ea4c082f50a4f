//! Where else flags come from: polls alone, the cache, a file that changes; and what is between a client and its server

use std::path::PathBuf;
use std::time::Duration;

use flagstaff::{Client, ClientBuilder, ClientError, Readiness, Status, Timing, UpdateMode};

use crate::server::{Reply, Server, transfer};
use crate::{PATIENCE, quick, serves, until_served, until_status};

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("flagstaff-{}-{name}", std::process::id()))
}

fn builder(url: String) -> ClientBuilder {
    Client::builder(url, "fs_server_test").timing(quick())
}

#[test]
fn a_client_that_polls_opens_no_stream() {
    let documents = [
        Reply::Document("a", "\"e.1\""),
        Reply::Status(500, vec![]),
        Reply::Document("b", "\"e.2\""),
    ];
    let server = Server::start([], documents);
    let client = builder(server.url())
        .mode(UpdateMode::Poll)
        .build()
        .unwrap();
    let mut changes = client.changes();
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    until_served(&client, &mut changes, "b");
    until_status(&client, &mut changes, Status::Ready);
    assert!(server.requests().is_empty());
}

#[test]
fn the_cache_serves_a_client_that_starts_without_its_server() {
    let file = path("cache.json");
    let server = Server::start(
        [Reply::Stream(transfer("a", 1))],
        [Reply::Document("a", "\"e.1\"")],
    );
    let url = server.url();
    let cached = || builder(url.clone()).cache(&file);
    // It polls, since the document is fetched at once then, and not some seconds later.
    let first = cached().mode(UpdateMode::Poll).build().unwrap();
    assert_eq!(first.ready(PATIENCE), Readiness::Ready);
    first.close_within(PATIENCE);
    drop(server);
    let second = cached().build().unwrap();
    assert_eq!(second.status(), Status::Stale);
    assert!(serves(&second, "a"));
    assert_eq!(second.ready(Duration::MAX), Readiness::Stale);
    let offline = cached().mode(UpdateMode::Offline).build().unwrap();
    assert_eq!(offline.ready(PATIENCE), Readiness::Ready);
    assert!(serves(&offline, "a"));
    // Of another environment.
    let other = Client::builder(url, "fs_server_other")
        .cache(&file)
        .build()
        .unwrap();
    assert_eq!(other.status(), Status::NotReady);
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn the_newer_one_of_bootstrap_and_cache_is_used_and_the_server_is_before_both() {
    let file = path("older.json");
    let server = Server::start(
        [Reply::Stream(transfer("c", 1))],
        [Reply::Document("a", "\"e.1\"")],
    );
    let cached = || builder(server.url()).cache(&file);
    let first = cached().mode(UpdateMode::Poll).build().unwrap();
    assert_eq!(first.ready(PATIENCE), Readiness::Ready);
    first.close_within(PATIENCE);
    for (revision, flag) in [(1_000, "b"), (0, "a")] {
        let document = format!(
            r#"{{"schemaVersion": 1, "revision": {revision}, "flags": {{"b": {{"type": "boolean", "enabled": true, "serve": "on"}}}}}}"#
        );
        let client = cached().bootstrap(document).build().unwrap();
        assert!(serves(&client, flag), "{flag}");
        assert_eq!(client.status(), Status::Stale);
        if flag == "a" {
            assert_eq!(client.ready(PATIENCE), Readiness::Ready);
            assert!(serves(&client, "c") && !serves(&client, "a"));
        }
    }
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_file_that_changes_is_read_again() {
    let file = path("watched.json");
    let write = |flag: &str| {
        let text = format!(
            r#"{{"schemaVersion": 1, "flags": {{"{flag}": {{"type": "boolean", "enabled": true, "serve": "on"}}}}}}"#
        );
        std::fs::write(&file, text).unwrap();
    };
    write("a");
    let client = Client::watch_file(&file, |_| {}).unwrap();
    let mut changes = client.changes();
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    assert!(serves(&client, "a"));
    write("longer");
    until_served(&client, &mut changes, "longer");
    assert!(!serves(&client, "a"));
    std::fs::write(&file, "{").unwrap();
    until_status(&client, &mut changes, Status::Stale);
    assert!(serves(&client, "longer"));
    write("b");
    until_served(&client, &mut changes, "b");
    std::fs::remove_file(&file).unwrap();
    until_status(&client, &mut changes, Status::Stale);
    assert!(serves(&client, "b"));
    assert!(client.close_within(PATIENCE));
    assert!(matches!(
        Client::watch_file(&file, |_| {}),
        Err(ClientError::File { .. })
    ));
}

#[test]
fn a_bundle_of_certificate_authorities_is_checked_when_the_client_is_made() {
    let file = path("bundle.pem");
    for text in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&file, text).unwrap();
        let client = Client::builder("https://localhost", "k")
            .ca_bundle(&file)
            .build();
        assert!(
            matches!(client, Err(ClientError::InvalidCaBundle { .. })),
            "{text}"
        );
    }
    std::fs::remove_file(&file).unwrap();
    let client = Client::builder("https://localhost", "k")
        .ca_bundle(&file)
        .build();
    assert!(matches!(client, Err(ClientError::File { .. })));
}

#[test]
fn a_refusal_by_something_that_is_not_flagstaff_is_a_failure_like_others() {
    let statuses = [401, 403, 404].map(|status| Reply::Status(status, vec![]));
    let stream = Reply::Stream(transfer("a", 1));
    let server = Server::start(statuses.into_iter().chain([stream]), []);
    let timing = Timing {
        refused_retry: Duration::MAX,
        poll_after_failures: u32::MAX,
        ..quick()
    };
    let builder = Client::builder(server.url(), "fs_server_test").timing(timing);
    let client = builder.build().unwrap();
    // Nothing ends the wait, and the next attempts come soon.
    assert_eq!(client.ready(PATIENCE), Readiness::Ready);
    assert!(serves(&client, "a"));
}
