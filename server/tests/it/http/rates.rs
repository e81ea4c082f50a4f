//! Rates, and bodies that are too long or too slow

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::body::{Body, Bytes};
use axum::http::Method;
use flagstaff_server::store::Store;
use flagstaff_server::{AppState, Clock, Rates, RuntimeConfig};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{
    Answer, Call, Database, FLAGS, Live, NOW, Process, Requests as _, Server, on, state, store_keys,
};

const BULK: &str = "/ofrep/v1/evaluate/flags";
const EVALUATE: &str = "/api/v1/evaluate";

/// One failed authentication a second from one address
fn few_failures() -> RuntimeConfig {
    let rates = Rates {
        failures: 1,
        ..Rates::default()
    };
    RuntimeConfig {
        rates,
        ..RuntimeConfig::default()
    }
}

/// An evaluation, or a refetch stream, from an address
fn from(server: &Server, address: &str, token: &str, path: &str) -> Call {
    let is_stream = path.starts_with("/ofrep/v1/events");
    let method = if is_stream { Method::GET } else { Method::POST };
    let request = server.request(method, path).body("{}");
    request.token(token).from(address)
}

fn expect_too_often(answer: Answer) {
    let answer = answer.expect_problem(429, "rate-limited");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(
        answer.json(),
        json!({
            "type": "urn:flagstaff:problem:rate-limited",
            "title": "Too Many Requests",
            "status": 429,
            "detail": "too many requests: wait 1 s",
        })
    );
}

#[tokio::test]
async fn unknown_tokens_are_limited_by_address_and_cause_no_query() {
    let database = Database::new();
    let store = database.open().await;
    store_keys(&store).await;
    let limits = few_failures();
    let clock = Clock::Manual(Arc::new(AtomicU64::new(NOW)));
    let state = AppState::load(Arc::new(store.clone()), limits, clock);
    let server = Server::of(state.await.unwrap(), database);
    store.close().await;
    assert!(store.heads().await.is_err(), "whoever asks it fails");
    for number in 0..10 {
        from(&server, "192.0.2.1", &format!("fs_admin_{number}"), BULK)
            .await
            .expect(401);
    }
    for number in 10..1_000 {
        let path = [BULK, EVALUATE, FLAGS, "/ofrep/v1/events?token=a.1.b"][number % 4];
        expect_too_often(from(&server, "192.0.2.1", &number.to_string(), path).await);
    }
    from(&server, "192.0.2.1", "client", BULK).await.expect(200);
    from(&server, "192.0.2.2", "wrong", BULK).await.expect(401);
}

#[tokio::test]
async fn evaluations_are_limited_by_key() {
    let server = Server::with_rates(Rates {
        key: 1,
        ..Rates::default()
    })
    .await;
    for number in 0..10_u8 {
        // The address does not matter.
        let address = format!("192.0.2.{number}");
        let path = [BULK, EVALUATE, "/ofrep/v1/evaluate/flags/none"][usize::from(number) % 3];
        let answer = from(&server, &address, "client", path).await;
        assert_ne!(answer.status, 429);
    }
    for path in [BULK, EVALUATE, "/ofrep/v1/evaluate/flags/none"] {
        expect_too_often(from(&server, "192.0.2.99", "client", path).await);
    }
    from(&server, "192.0.2.1", "server", BULK).await.expect(200);
    server.wait(1_000);
    from(&server, "192.0.2.99", "client", BULK)
        .await
        .expect(200);
}

#[tokio::test]
async fn evaluations_with_public_keys_are_limited_by_address() {
    let server = Server::with_rates(Rates {
        address: 1,
        ..Rates::default()
    })
    .await;
    for _ in 0..10 {
        from(&server, "192.0.2.1", "client", BULK).await.expect(200);
    }
    expect_too_often(from(&server, "192.0.2.1", "client", BULK).await);
    for (address, key) in [("192.0.2.2", "client"), ("192.0.2.1", "server")] {
        from(&server, address, key, BULK).await.expect(200);
    }
}

#[tokio::test]
async fn writes_are_limited_by_token_and_reads_are_not() {
    let server = Server::with_rates(Rates {
        writes: 1,
        ..Rates::default()
    })
    .await;
    for number in 0..10 {
        let flag = format!("flags/flag{number}");
        server.put(&flag, on()).await.expect(201);
    }
    expect_too_often(server.put("flags/one-more", on()).await);
    server.get("flags/one-more").await.expect(404);
    for _ in 0..50 {
        server.get("flags").await.expect(200);
    }
}

#[tokio::test]
async fn evaluations_of_unknown_flags_create_no_metric_series() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let series = async || {
        let metrics = live.get("/metrics").await.expect(200);
        metrics.text.lines().count()
    };
    let ask = async |number: u32| {
        let evaluation = live.post(&format!("{BULK}/nothing-{number}"), "{}");
        let missing = evaluation.token("client").await.expect(404);
        assert!(missing.text.contains("FLAG_NOT_FOUND"));
    };
    ask(0).await;
    series().await;
    let before = series().await;
    for number in 1..500 {
        ask(number).await;
    }
    assert_eq!(series().await, before);
    live.stop().await;
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_by_every_route() {
    let server = Server::new().await;
    for (key, path) in [
        ("client", BULK),
        ("client", "/ofrep/v1/evaluate/flags/a"),
        ("client", EVALUATE),
        ("admin", "flags"),
        ("admin", "/api/v1/projects/default/tokens"),
    ] {
        // Without a length, so that the limit is reached while the body arrives.
        let piece = Bytes::from(vec![b' '; 1 << 16]);
        let pieces = stream::iter(std::iter::repeat_n(piece, 160));
        let body = Body::from_stream(pieces.map(Ok::<_, std::io::Error>));
        let answer = server.post(path, body).token(key).await.expect(413);
        assert_eq!(answer["detail"], "the body is longer than 1048576 bytes");
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_ends_its_request() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    tokio::time::pause();
    for (key, path, seconds) in [
        ("client", BULK, 30),
        ("admin", "flags", 30),
        ("admin", "flags/a/overrides/bulk", 671),
    ] {
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from("{"))]);
        let body = Body::from_stream(begun.chain(stream::pending()));
        let answer = server.post(path, body).token(key).await.expect(408);
        assert_eq!(
            answer["detail"],
            format!("the body took longer than {seconds} seconds")
        );
    }
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let mut whole = tokio::net::TcpStream::connect(live.host()).await.unwrap();
    let mut begun = tokio::net::TcpStream::connect(live.host()).await.unwrap();
    let mut silent = tokio::net::TcpStream::connect(live.host()).await.unwrap();
    begun
        .write_all(b"GET /healthz HTTP/1.1\r\nX-")
        .await
        .unwrap();
    whole
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::pause();
    let mut answer = String::new();
    for connection in [&mut silent, &mut begun, &mut whole] {
        answer.clear();
        // Ends only if the server closes it.
        connection.read_to_string(&mut answer).await.unwrap();
    }
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test]
async fn requests_are_counted_by_the_address_of_the_peer() {
    let limits = few_failures();
    let clock = Clock::Manual(Arc::new(AtomicU64::new(NOW)));
    let live = Live::serve(state(&Database::new(), limits, clock).await).await;
    let ask = |number: u8| {
        let request = live.get("/api/v1/projects").token("wrong");
        // The client is not a trusted proxy.
        request.header("x-forwarded-for", &format!("192.0.2.{number}"))
    };
    for number in 0..10 {
        ask(number).await.expect(401);
    }
    ask(10).await.expect(429);
    live.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_is_released_after_a_flood() {
    const BYTES: usize = 1_000_000;
    let folder = tempfile::tempdir().unwrap();
    // All from one address, of which public keys would hold less.
    let key = "fs_server_of-a-test-of-memory";
    let arguments = ["--server-key", key, "--max-connections-address", "0"];
    let process = Process::start(folder.path(), &arguments);
    let host = process.address.strip_prefix("http://").unwrap();
    // Bodies that stay in memory, because their last bytes do not arrive.
    let flood = async |count: usize| {
        let mut held = Vec::new();
        for _ in 0..count {
            let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
            let start = format!(
                "POST /api/v1/evaluate HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n",
                BYTES + 1
            );
            stream.write_all(start.as_bytes()).await.unwrap();
            stream.write_all(&vec![b' '; BYTES]).await.unwrap();
            held.push(stream);
        }
        held
    };
    let until = async |what: &str, is_so: &dyn Fn(u64) -> bool| {
        let waiting = async {
            while !is_so(process.resident_megabytes()) {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_mins(1), waiting).await;
        let now = process.resident_megabytes();
        assert!(waited.is_ok(), "{what}: {now} MB");
    };
    // The memory that stays.
    drop(flood(4).await);
    let before = process.resident_megabytes();
    let held = flood(120).await;
    until("the bodies are held", &|now| now > before + 80).await;
    drop(held);
    until("it is given back", &|now| now < before + 32).await;
    process.stop();
}
