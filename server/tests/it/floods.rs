//! What comes too often, too long or too slowly: each has a bound, and nobody else feels it

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::store::Store;
use flagstaff_server::{AppState, Clock, Limits, Peer, Rates};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::live::Live;
use crate::process::Process;
use crate::support::{Answer, Database, FLAGS, NOW, Server, http, keys, state};

const BULK: &str = "/ofrep/v1/evaluate/flags";
const EVALUATE: &str = "/api/v1/evaluate";

fn rates(rates: Rates) -> Limits {
    Limits {
        rates,
        ..Limits::default()
    }
}

/// A request that comes from an address
async fn from(server: &Server, address: &str, token: &str, path: &str) -> Answer {
    let is_stream = path.starts_with("/ofrep/v1/events");
    let mut request = Request::builder()
        .method(if is_stream { Method::GET } else { Method::POST })
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from("{}"))
        .unwrap();
    let address = (address.parse::<std::net::IpAddr>().unwrap(), 4_000);
    request.extensions_mut().insert(Peer(address.into()));
    server.send(request).await
}

fn assert_too_often(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("content-type"), "application/problem+json");
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
async fn a_flood_of_bad_tokens_is_cut_off_and_asks_the_database_nothing() {
    let database = Database::new();
    let store = database.open().await;
    keys(&store).await;
    let limits = rates(Rates {
        failures: 1,
        ..Rates::default()
    });
    let clock = Clock::Manual(Arc::new(AtomicU64::new(NOW)));
    let state = AppState::load(Arc::new(store.clone()), limits, clock);
    let server = Server::of(state.await.unwrap(), database);
    store.close().await;
    assert!(store.heads().await.is_err(), "whoever asks it fails");
    for number in 0..10 {
        let answer = from(&server, "192.0.2.1", &format!("fs_admin_{number}"), BULK).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    for number in 10..1_000 {
        let path = [BULK, EVALUATE, FLAGS, "/ofrep/v1/events?token=a.1.b"][number % 4];
        assert_too_often(&from(&server, "192.0.2.1", &number.to_string(), path).await);
    }
    let known = from(&server, "192.0.2.1", "client", BULK).await;
    assert_eq!(known.status, StatusCode::OK, "behind the same address");
    let other = from(&server, "192.0.2.2", "wrong", BULK).await;
    assert_eq!(other.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_evaluates_so_often_and_others_go_on() {
    let server = Server::with(rates(Rates {
        key: 1,
        ..Rates::default()
    }))
    .await;
    for number in 0..10_u8 {
        // From wherever it comes.
        let address = format!("192.0.2.{number}");
        let path = [BULK, EVALUATE, "/ofrep/v1/evaluate/flags/none"][usize::from(number) % 3];
        let answer = from(&server, &address, "client", path).await;
        assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    }
    for path in [BULK, EVALUATE, "/ofrep/v1/evaluate/flags/none"] {
        assert_too_often(&from(&server, "192.0.2.99", "client", path).await);
    }
    let other = from(&server, "192.0.2.1", "server", BULK).await;
    assert_eq!(other.status, StatusCode::OK);
    server.clock.fetch_add(1_000, Ordering::Relaxed);
    let later = from(&server, "192.0.2.99", "client", BULK).await;
    assert_eq!(later.status, StatusCode::OK);
}

#[tokio::test]
async fn an_address_evaluates_so_often_with_keys_that_are_no_secret() {
    let server = Server::with(rates(Rates {
        address: 1,
        ..Rates::default()
    }))
    .await;
    for _ in 0..10 {
        let answer = from(&server, "192.0.2.1", "client", BULK).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_too_often(&from(&server, "192.0.2.1", "client", BULK).await);
    for (address, key) in [("192.0.2.2", "client"), ("192.0.2.1", "server")] {
        let answer = from(&server, address, key, BULK).await;
        assert_eq!(answer.status, StatusCode::OK, "{address} {key}");
    }
}

#[tokio::test]
async fn a_token_writes_so_often_and_reads_as_it_likes() {
    let server = Server::with(rates(Rates {
        writes: 1,
        ..Rates::default()
    }))
    .await;
    let on = json!({"enabled": true});
    for number in 0..10 {
        let flag = format!("{FLAGS}/flag{number}");
        let answer = server.admin(Method::PUT, &flag, &on).await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
    let flag = format!("{FLAGS}/one-more");
    assert_too_often(&server.admin(Method::PUT, &flag, &on).await);
    assert_eq!(server.get(&flag).await.status, StatusCode::NOT_FOUND);
    for _ in 0..50 {
        assert_eq!(server.get(FLAGS).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_flood_of_flags_that_do_not_exist_leaves_nothing_behind() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let client = http();
    let url = |path: &str| format!("http://{}{path}", live.host());
    let series = async || {
        let told = client.get(url("/metrics")).send().await.unwrap();
        told.text().await.unwrap().lines().count()
    };
    let ask = async |number: u32| {
        let request = client.post(url(&format!("{BULK}/nothing-{number}")));
        let request = request.bearer_auth("client").body("{}");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert!(answer.text().await.unwrap().contains("FLAG_NOT_FOUND"));
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
async fn ten_megabytes_are_refused_wherever_they_are_sent() {
    let server = Server::new().await;
    for (key, method, path) in [
        ("client", Method::POST, BULK),
        ("client", Method::POST, "/ofrep/v1/evaluate/flags/a"),
        ("client", Method::POST, EVALUATE),
        ("admin", Method::POST, FLAGS),
        ("admin", Method::POST, "/api/v1/projects/default/tokens"),
    ] {
        // Without a length, so that it is noticed while it comes.
        let piece = Bytes::from(vec![b' '; 1 << 16]);
        let pieces = stream::iter(std::iter::repeat_n(piece, 160));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .body(Body::from_stream(pieces.map(Ok::<_, std::io::Error>)));
        let answer = server.send(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(
            answer.json()["detail"],
            "the body is longer than 1048576 bytes"
        );
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    let load = format!("{FLAGS}/a/overrides/bulk");
    tokio::time::pause();
    for (key, path, seconds) in [
        ("client", BULK, 30),
        ("admin", FLAGS, 30),
        ("admin", &load, 671),
    ] {
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from("{"))]);
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("authorization", format!("Bearer {key}"))
            .body(Body::from_stream(begun.chain(stream::pending())));
        let answer = server.send(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(
            answer.json()["detail"],
            format!("the body took longer than {seconds} seconds")
        );
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
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
async fn the_other_end_of_a_connection_is_who_is_counted() {
    let limits = rates(Rates {
        failures: 1,
        ..Rates::default()
    });
    let clock = Clock::Manual(Arc::new(AtomicU64::new(NOW)));
    let live = Live::serve(state(&Database::new(), limits, clock).await).await;
    let ask = async |number: u8| {
        let request = http()
            .get(format!("http://{}/api/v1/projects", live.host()))
            // It is no proxy to be trusted.
            .header("x-forwarded-for", format!("192.0.2.{number}"))
            .bearer_auth("wrong");
        request.send().await.unwrap().status()
    };
    for number in 0..10 {
        assert_eq!(ask(number).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(ask(10).await, StatusCode::TOO_MANY_REQUESTS);
    live.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn memory_comes_back_after_a_flood() {
    const BYTES: usize = 1_000_000;
    let folder = tempfile::tempdir().unwrap();
    let key = "fs_client_of-a-test-of-memory";
    let arguments = ["--client-key", key, "--max-connections-address", "0"];
    let process = Process::start(folder.path(), &arguments);
    let host = process.address.strip_prefix("http://").unwrap();
    // Bodies that the server holds since their last bytes do not come.
    let flood = async |count: usize| {
        let mut held = Vec::new();
        for _ in 0..count {
            let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
            let head = format!(
                "POST /api/v1/evaluate HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n",
                BYTES + 1
            );
            stream.write_all(head.as_bytes()).await.unwrap();
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
    // What it takes once and for all.
    drop(flood(4).await);
    let before = process.resident_megabytes();
    let held = flood(150).await;
    until("the bodies are held", &|now| now > before + 100).await;
    drop(held);
    until("it is given back", &|now| now < before + 32).await;
    process.stop();
}
