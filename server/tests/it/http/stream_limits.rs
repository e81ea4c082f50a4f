//! Limits of open streams

use axum::body::Body;
use flagstaff_server::{AppState, Clock, RuntimeConfig, StreamLimits};
use serde_json::Value;

use crate::metrics::scrape;
use crate::support::{ADMIN, Database, Live, Process, Requests as _, plain, state};

const KEYS: [&str; 4] = ["--admin-token", ADMIN, "--server-key", "server"];

#[tokio::test]
async fn the_log_names_the_limit_of_streams_that_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--client-local-key", "page", "--max-streams", "2"];
    let arguments = [&KEYS[..], &arguments, &["--max-streams-address", "1"]].concat();
    let process = Process::start(folder.path(), &arguments);
    let mut open = Vec::new();
    for (token, status) in [
        ("page", 200),
        ("page", 429),
        ("page", 429),
        ("server", 200),
        ("server", 503),
    ] {
        let stream = process.get("/api/v1/sdk/stream").token(token);
        let answer = stream.try_send().await.unwrap();
        assert_eq!(answer.status(), status, "{token}");
        open.push(answer);
    }
    drop(open);
    let (_, stderr) = process.stop();
    let log = plain(&stderr);
    let line = |text: &str| log.lines().find(|line| line.contains(text));
    let of_address = line("an address has as many streams of public keys as one may have");
    let of_address = of_address.unwrap_or_else(|| panic!("{log}"));
    assert!(of_address.contains("address=127.0.0.1"), "{of_address}");
    assert!(of_address.contains("limit=1"), "{of_address}");
    assert!(line("the limit of streams is reached").is_some(), "{log}");
}

/// A stream opened from an address, or the status and the detail of the refusal
async fn stream(state: &AppState, token: &str, address: &str) -> Result<Body, (u16, Value)> {
    let path = if token == "client" {
        "/ofrep/v1/events"
    } else {
        "/api/v1/sdk/stream"
    };
    let request = state.get(path).token(token).from(address);
    let response = request.response().await;
    let status = response.status();
    if status == 200 {
        return Ok(response.into_body());
    }
    assert!(response.headers().contains_key("retry-after"));
    let body = axum::body::to_bytes(response.into_body(), 1 << 16).await;
    let problem: Value = serde_json::from_slice(&body.unwrap()).unwrap();
    Err((status.as_u16(), problem["detail"].clone()))
}

#[tokio::test]
async fn public_keys_and_addresses_have_a_maximum_of_streams_and_some_are_reserved_for_server_keys()
{
    let database = Database::new();
    let limits = RuntimeConfig {
        streams: StreamLimits {
            all: 10,
            public: 8,
            key: 6,
            address: 4,
        },
        ..RuntimeConfig::default()
    };
    let state = state(&database, limits, Clock::System).await;
    let mut open = Vec::new();
    for (token, address, status, count) in [
        ("client", "192.0.2.1", 200, 4),
        ("client", "192.0.2.1", 429, 1),
        // The key does not matter.
        ("client-local", "192.0.2.1", 429, 1),
        ("client", "2001:db8::1", 200, 2),
        ("client", "2001:db8::2", 429, 1),
        ("client-local", "2001:db8::3", 200, 2),
        ("client-local", "192.0.2.9", 503, 1),
        ("server", "192.0.2.1", 200, 2),
        ("server", "192.0.2.1", 503, 1),
    ] {
        for _ in 0..count {
            let result = stream(&state, token, address).await;
            let actual = result.as_ref().map_or_else(|(status, _)| *status, |_| 200);
            assert_eq!(actual, status, "{token} {address}: {result:?}");
            open.extend(result);
        }
    }
    open.truncate(9);
    assert!(stream(&state, "server", "192.0.2.2").await.is_ok());
    drop(open.remove(0));
    let again = stream(&state, "client", "192.0.2.1").await;
    assert!(again.is_ok(), "what has ended is not counted");
}

#[tokio::test]
async fn refused_streams_are_counted_by_the_limit_that_refused_them() {
    let database = Database::new();
    let limits = RuntimeConfig {
        streams: StreamLimits {
            all: 3,
            public: 2,
            key: 1,
            address: 1,
        },
        ..RuntimeConfig::default()
    };
    let state = state(&database, limits, Clock::System).await;
    let live = Live::serve(state.clone()).await;
    let mut open = Vec::new();
    for (token, address, limit) in [
        ("client", "192.0.2.1", None),
        ("client", "192.0.2.1", Some("from your address")),
        ("client", "192.0.2.2", Some("of this key")),
        ("client-local", "192.0.2.2", None),
        ("server", "192.0.2.2", None),
        ("server", "192.0.2.2", Some("open streams is reached")),
    ] {
        let result = stream(&state, token, address).await;
        let detail = result.as_ref().err().map(|(_, detail)| detail.to_string());
        assert_eq!(detail.is_some(), limit.is_some(), "{token} {address}");
        assert!(
            detail
                .unwrap_or_default()
                .contains(limit.unwrap_or_default())
        );
        open.extend(result);
    }
    let samples = scrape(&live).await;
    for (limit, count) in [
        ("all", 1.0),
        ("public", 0.0),
        ("key", 1.0),
        ("address", 1.0),
    ] {
        let name = format!("flagstaff_streams_refused_total{{limit=\"{limit}\"}}");
        assert_eq!(samples.get(&name), Some(&count), "{samples:#?}");
    }
    drop(open);
    live.stop().await;
}
