//! Who takes connections, streams and descriptors from others, and what is left to those

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use flagstaff_server::{AppState, Clock, ConnectionLimits, Limits, Peer, StreamLimits, app};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tower::ServiceExt as _;

use crate::live::{Live, PATIENCE};
use crate::process::{ADMIN, Process};
use crate::support::{Database, FLAGS, http, key, state};

const KEYS: [&str; 4] = ["--admin-token", ADMIN, "--server-key", "server"];
const SNAPSHOT: &str = "/api/v1/sdk/snapshot";

/// A server that may open so many files; `None` where there is no `prlimit`
fn limited(folder: &Path, limit: &str) -> Option<Process> {
    let version = Command::new("prlimit")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if version.is_ok_and(|status| status.success()) {
        return Some(Process::start_with_descriptors(folder, limit, &KEYS));
    }
    let mut stderr = std::io::stderr();
    writeln!(stderr, "skipped: prlimit is not installed").unwrap();
    None
}

/// A connection of an address of this machine, over which one request after the other is sent
struct Raw(TcpStream);

/// The head of an answer in lower case, and its body
struct RawAnswer {
    head: String,
    body: String,
}

impl RawAnswer {
    fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1).unwrap_or_default();
        status.parse().unwrap_or_else(|_| panic!("{}", self.head))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        let mut pairs = lines.filter_map(|line| line.split_once(": "));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    }
}

impl Raw {
    /// `host` is the server's address, `number` the last of the client's
    async fn connect(host: &str, number: u8) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // What is not read must not find room in a buffer that grows.
        socket.set_recv_buffer_size(1 << 16).unwrap();
        let client = SocketAddr::new(Ipv4Addr::new(127, 0, 0, number).into(), 0);
        socket.bind(client).unwrap();
        let server = host.trim_start_matches("http://").parse().unwrap();
        let connected = tokio::time::timeout(PATIENCE, socket.connect(server));
        Self(connected.await.expect("the listener answers").unwrap())
    }

    async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a request; `None` if there is no whole answer
    async fn try_ask(&mut self, method: &str, path: &str, body: &Value) -> Option<RawAnswer> {
        let body = body.to_string();
        let length = body.len();
        let token = if method == "GET" { "server" } else { ADMIN };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.0.write_all(request.as_bytes()).await.ok()?;
        let mut text = String::new();
        while !text.contains("\r\n\r\n") {
            self.read_some(&mut text).await?;
        }
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let (head, mut body) = (head.to_ascii_lowercase(), body.to_owned());
        let answer = RawAnswer {
            head,
            body: String::new(),
        };
        let length: usize = answer.header("content-length")?.parse().unwrap();
        while body.len() < length {
            self.read_some(&mut body).await?;
        }
        Some(RawAnswer { body, ..answer })
    }

    async fn ask(&mut self, method: &str, path: &str, body: &Value) -> RawAnswer {
        let answer = self.try_ask(method, path, body).await;
        answer.unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    async fn read_some(&mut self, text: &mut String) -> Option<()> {
        let mut buffer = [0; 4_096];
        let read = tokio::time::timeout(PATIENCE, self.0.read(&mut buffer));
        let read = read.await.expect("it answers in time").ok()?;
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        (read > 0).then_some(())
    }
}

async fn put(connection: &mut Raw, flag: &str) -> u16 {
    let path = format!("{FLAGS}/{flag}");
    let answer = connection
        .ask("PUT", &path, &json!({"enabled": true}))
        .await;
    answer.status()
}

#[tokio::test]
async fn the_soft_limit_of_open_files_is_raised_and_the_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let Some(process) = limited(folder.path(), "64:4096") else {
        return;
    };
    let mut connections = Vec::new();
    for _ in 0..100 {
        let mut connection = Raw::connect(&process.address, 1).await;
        let answer = connection.ask("GET", "/healthz", &Value::Null).await;
        assert_eq!(answer.status(), 200);
        connections.push(connection);
    }
    assert!(process.descriptors() > 100);
    drop(connections);
    let (_, stderr) = process.stop();
    for part in [
        "limit of open files raised",
        "before=\"64\"",
        "limit=\"4096\"",
        "too few open files are allowed",
        "streams=2880",
        "connections=960",
    ] {
        assert!(plain(&stderr).contains(part), "{part}: {stderr}");
    }
}

/// A log without its colours
fn plain(log: &str) -> String {
    let mut pieces = log.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        text + piece.split_once('m').map_or("", |(_, rest)| rest)
    })
}

#[tokio::test]
async fn nobody_takes_the_listener_from_health_checks_the_store_and_those_who_are_connected() {
    let folder = tempfile::tempdir().unwrap();
    // Room for 128 connections, of which 32 carry no stream and 16 are of one address.
    let Some(process) = limited(folder.path(), "256:256") else {
        return;
    };
    let host = &process.address;
    let mut before = Raw::connect(host, 100).await;
    assert_eq!(put(&mut before, "first").await, 201);
    let mut idle = Vec::new();
    for _ in 0..16 {
        idle.push(Raw::connect(host, 1).await);
    }
    let mut refused = Raw::connect(host, 1).await;
    let answer = refused.ask("GET", SNAPSHOT, &Value::Null).await;
    assert_eq!(answer.status(), 503);
    let retry_after: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((5..=15).contains(&retry_after));
    assert_eq!(answer.header("connection"), Some("close"));
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["type"], "urn:flagstaff:problem:unavailable");
    for path in ["/healthz", "/readyz"] {
        let mut check = Raw::connect(host, 1).await;
        let answer = check.ask("GET", path, &Value::Null).await;
        assert_eq!(answer.status(), 200, "{path}, from the same address");
    }
    let mut other = Raw::connect(host, 2).await;
    assert_eq!(put(&mut other, "second").await, 201, "others have room");

    for number in 3..40 {
        for _ in 0..20 {
            idle.push(Raw::connect(host, number).await);
        }
    }
    assert!(process.descriptors() <= 192, "{}", process.descriptors());
    for number in 0..20 {
        let flag = format!("flood{number}");
        assert_eq!(put(&mut before, &flag).await, 201, "the store goes on");
    }
    let mut late = Raw::connect(host, 90).await;
    let answer = late.try_ask("GET", "/healthz", &Value::Null).await;
    assert!(answer.is_none_or(|answer| [200, 503].contains(&answer.status())));
    // Those beyond the limit are sent away within seconds, and then a health check is answered.
    while Raw::connect(host, 91)
        .await
        .try_ask("GET", "/healthz", &Value::Null)
        .await
        .is_none_or(|answer| answer.status() != 200)
    {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let mut late = Raw::connect(host, 92).await;
    let answer = late.ask("GET", SNAPSHOT, &Value::Null).await;
    assert_eq!(answer.status(), 503, "the idle ones are still there");

    drop(idle);
    while Raw::connect(host, 93)
        .await
        .try_ask("GET", SNAPSHOT, &Value::Null)
        .await
        .is_none_or(|answer| answer.status() != 200)
    {}
    let (_, stderr) = process.stop();
    let log = plain(&stderr);
    assert!(log.contains("an address has as many connections as one may have"));
    assert!(!log.contains("Too many open files"), "{log}");
}

#[tokio::test]
async fn the_log_says_which_limit_of_streams_is_reached() {
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
        let request = http().get(format!("{}/api/v1/sdk/stream", process.address));
        let answer = request.bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{token}");
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

/// A stream opened by a request from an address, or why it was not
async fn stream(state: &AppState, token: &str, address: &str) -> Result<Body, (u16, Value)> {
    let path = if token == "client" {
        "/ofrep/v1/events"
    } else {
        "/api/v1/sdk/stream"
    };
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    let mut request = request.body(Body::empty()).unwrap();
    let address: IpAddr = address.parse().unwrap();
    request.extensions_mut().insert(Peer((address, 1).into()));
    let response = app(state.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    if status == StatusCode::OK {
        return Ok(response.into_body());
    }
    assert!(response.headers().contains_key("retry-after"));
    let body = axum::body::to_bytes(response.into_body(), 1 << 16).await;
    let problem: Value = serde_json::from_slice(&body.unwrap()).unwrap();
    Err((status.as_u16(), problem["detail"].clone()))
}

#[tokio::test]
async fn a_public_key_and_an_address_have_their_share_of_streams_and_server_keys_have_theirs() {
    let database = Database::new();
    let limits = Limits {
        streams: StreamLimits {
            all: 10,
            public: 8,
            key: 6,
            address: 4,
        },
        ..Limits::default()
    };
    let state = state(&database, limits, Clock::System).await;
    let mut open = Vec::new();
    for (token, address, status, count) in [
        ("client", "192.0.2.1", 200, 4),
        ("client", "192.0.2.1", 429, 1),
        // Whichever key it uses.
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
            let told = result.as_ref().map_or_else(|(status, _)| *status, |_| 200);
            assert_eq!(told, status, "{token} {address}: {result:?}");
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
async fn streams_that_are_not_opened_are_told_by_the_limit_that_they_were_beyond() {
    let database = Database::new();
    let limits = Limits {
        streams: StreamLimits {
            all: 3,
            public: 2,
            key: 1,
            address: 1,
        },
        ..Limits::default()
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
    let told = scrape(&live).await;
    for (limit, count) in [("all", 1), ("public", 0), ("key", 1), ("address", 1)] {
        let name = format!("flagstaff_streams_refused_total{{limit=\"{limit}\"}}");
        assert_eq!(
            told.get(&name).map(String::as_str),
            Some(&*count.to_string())
        );
    }
    drop(open);
    live.stop().await;
}

/// Every sample of `/metrics`
async fn scrape(live: &Live) -> BTreeMap<String, String> {
    let url = format!("{}/metrics", live.address());
    let text = http().get(url).send().await.unwrap().text().await.unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.to_owned())
    };
    samples.map(sample).collect()
}

/// Flags that the buffers of a kernel do not hold
async fn put_long_flags(address: &str, token: &str) {
    let long = "x".repeat(800_000);
    let flag = json!({
        "type": "string",
        "enabled": true,
        "variants": {"long": long, "short": ""},
        "serve": "long",
        "offVariant": "short",
    });
    for number in 0..10 {
        let request = http().put(format!("{address}{FLAGS}/long{number}"));
        let request = request.bearer_auth(token).body(flag.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{}", answer.text().await.unwrap());
    }
}

/// Asks for all of them, and reads the first piece
async fn ask_and_not_read(host: &str) -> Raw {
    let mut reader = Raw::connect(host, 1).await;
    let request = format!("GET {SNAPSHOT} HTTP/1.1\r\nHost: a\r\nX-API-Key: server\r\n\r\n");
    reader.write(&request).await;
    let mut text = String::new();
    reader.read_some(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    reader
}

#[tokio::test]
async fn a_connection_that_is_closed_is_told_by_the_reason() {
    let database = Database::new();
    let live = Live::start(&database).await;
    put_long_flags(live.address(), "admin").await;
    let mut idle = Raw::connect(live.host(), 1).await;
    let mut slow_head = Raw::connect(live.host(), 1).await;
    slow_head.write("GET /healthz HTTP/1.1\r\nX-").await;
    let slow_reader = ask_and_not_read(live.host()).await;
    tokio::time::pause();
    for connection in [&mut idle, &mut slow_head] {
        // Ends only if the server closes it.
        let mut answer = Vec::new();
        connection.0.read_to_end(&mut answer).await.unwrap();
    }
    tokio::time::resume();
    let told = scrape(&live).await;
    for reason in ["idle", "slow-head", "slow-reader"] {
        let name = format!("flagstaff_connections_closed_total{{reason=\"{reason}\"}}");
        assert_eq!(told.get(&name).map(String::as_str), Some("1"), "{told:#?}");
    }
    drop(slow_reader);
    live.stop().await;
}

#[tokio::test]
async fn connections_are_told_with_their_limit_and_streams_are_none_of_them() {
    let limits = Limits {
        connections: ConnectionLimits {
            plain: 4,
            address: 0,
        },
        ..Limits::default()
    };
    let database = Database::new();
    let live = Live::serve(state(&database, limits, Clock::System).await).await;
    let streams = [
        live.connect(flagstaff_server::auth::KeyKind::Server, None)
            .await,
        live.connect(flagstaff_server::auth::KeyKind::Server, None)
            .await,
        live.connect(flagstaff_server::auth::KeyKind::Server, None)
            .await,
    ];
    let mut idle = Vec::new();
    for number in 1..=3 {
        idle.push(Raw::connect(live.host(), number).await);
    }
    let told = scrape(&live).await;
    let sample = |name: &str| told.get(name).map(String::as_str);
    assert_eq!(sample("flagstaff_connections_limit"), Some("4"));
    assert_eq!(sample("flagstaff_connections"), Some("4"), "{told:#?}");
    assert_eq!(
        sample("flagstaff_connections_refused_total{limit=\"all\"}"),
        Some("0")
    );
    // The connection of the scrape makes room for one when it closes.
    let mut served = 0;
    loop {
        let mut late = Raw::connect(live.host(), 9).await;
        let answer = late.ask("GET", SNAPSHOT, &Value::Null).await;
        if answer.status() == 503 {
            break;
        }
        served += 1;
        idle.push(late);
    }
    assert!(served <= 1, "{served}");
    drop((streams, idle));
    live.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_slow_readers_and_says_for_whom_it_waited() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &KEYS);
    put_long_flags(&process.address, ADMIN).await;
    let reader = ask_and_not_read(&process.address).await;
    let mut body = Raw::connect(&process.address, 1).await;
    body.write(&format!(
        "POST {FLAGS} HTTP/1.1\r\nHost: a\r\nX-API-Key: {ADMIN}\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"
    ))
    .await;
    // It waits for the body.
    let mut text = String::new();
    body.read_some(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 100 "), "{text}");
    let (_, stderr) = process.stop();
    let log = plain(&stderr);
    let line = |path: &str, waited_for: &str| {
        let mut lines = log.lines().filter(|line| line.contains("request cut off"));
        lines.any(|line| {
            line.contains(&format!("path=\"{path}\""))
                && line.contains(&format!("waited_for=\"{waited_for}\""))
        })
    };
    assert!(line(SNAPSHOT, "the client, to read the answer"), "{log}");
    assert!(line(FLAGS, "the answer"), "{log}");
    assert!(log.contains("stopped"), "{log}");
    drop((reader, body));
}

#[tokio::test]
async fn series_are_bounded_however_many_environments_there_are() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.stop().await;
    let mut counts = Vec::new();
    for last in [600, 700] {
        crate::support::sql(
            database.address(),
            &format!(
                "INSERT INTO environment (id, project_id, name, revision) \
                 WITH RECURSIVE n(id) AS (SELECT COALESCE(MAX(id), 0) + 1 FROM environment UNION ALL SELECT id + 1 FROM n WHERE id < {last}) \
                 SELECT id, 1, 'e' || id, 7 FROM n"
            ),
        )
        .await;
        let store = database.open().await;
        let in_last = flagstaff_server::store::KeyRow {
            environment_id: Some(last),
            ..key(flagstaff_server::auth::KeyKind::Server, &format!("s{last}"))
        };
        flagstaff_server::store::Store::ensure_key(&store, in_last)
            .await
            .unwrap();
        let live = Live::serve(state(&database, Limits::default(), Clock::System).await).await;
        let token = format!("s{last}");
        let mut stream = crate::live::Connection::open(live.address(), &token, None).await;
        stream.intent().await;
        scrape(&live).await;
        let told = scrape(&live).await;
        let total = told.get("flagstaff_environments").map(String::as_str);
        assert_eq!(total, Some(&*last.to_string()));
        let others = r#"{project="_other",environment="_other""#;
        let streams = told.get(&format!("flagstaff_streams{others},subject=\"objects\"}}"));
        assert_eq!(streams.map(String::as_str), Some("1"), "{told:#?}");
        let revisions = told.keys();
        let revisions = revisions.filter(|name| name.starts_with("flagstaff_environment_revision"));
        assert_eq!(revisions.count(), 500);
        counts.push(told.len());
        live.stop().await;
    }
    assert_eq!(counts[0], counts[1]);
}
