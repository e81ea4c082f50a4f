//! Limits of connections and file descriptors

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use flagstaff_server::auth::CredentialKind;
use flagstaff_server::store::{CredentialRow, Store as _};
use flagstaff_server::{ConnectionLimits, RuntimeConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::metrics::scrape;
use crate::support::{ADMIN, Database, FLAGS, Live, Process, Requests, in_time, key, plain};

const KEYS: [&str; 4] = ["--admin-token", ADMIN, "--server-key", "server"];
const SNAPSHOT: &str = "/api/v1/sdk/snapshot";

/// A server with a limit of open files; `None` without `prlimit`
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

/// A connection from an address of this machine, for one request after the other
struct Raw(TcpStream);

/// The head of a response in lower case, and its body
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
    /// Connects to the address of a server from 127.0.0.`number`
    async fn connect(host: &str, number: u8) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // The receive buffer must not grow to hold what is not read.
        socket.set_recv_buffer_size(1 << 16).unwrap();
        let client = SocketAddr::new(Ipv4Addr::new(127, 0, 0, number).into(), 0);
        socket.bind(client).unwrap();
        let server = host.trim_start_matches("http://").parse().unwrap();
        let connected = in_time(socket.connect(server));
        Self(connected.await.unwrap())
    }

    async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a request; `None` if there is no complete response
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
        let read = in_time(self.0.read(&mut buffer));
        let read = read.await.ok()?;
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
async fn the_soft_limit_of_open_files_is_raised_and_logged() {
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

#[tokio::test]
async fn during_a_flood_of_connections_health_checks_writes_and_open_connections_work() {
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
    // Connections beyond the limit are closed within seconds, and then a health check is answered.
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

/// Flags that the buffers of a kernel do not hold
async fn put_long_flags(server: &impl Requests) {
    let long = "x".repeat(800_000);
    let flag = json!({
        "type": "string",
        "enabled": true,
        "variants": {"long": long, "short": ""},
        "serve": "long",
        "offVariant": "short",
    });
    for number in 0..10 {
        server.put_flag(&format!("long{number}"), &flag).await;
    }
}

/// Requests all long flags, and reads only the first piece of the response
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
async fn closed_connections_are_counted_by_reason() {
    let database = Database::new();
    let live = Live::start(&database).await;
    put_long_flags(&live).await;
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
    let samples = scrape(&live).await;
    for reason in ["idle", "slow-head", "slow-reader"] {
        let name = format!("flagstaff_connections_closed_total{{reason=\"{reason}\"}}");
        assert_eq!(samples.get(&name), Some(&1.0), "{samples:#?}");
    }
    drop(slow_reader);
    live.stop().await;
}

#[tokio::test]
async fn the_metric_of_connections_has_their_limit_and_leaves_out_streams() {
    let limits = RuntimeConfig {
        connections: ConnectionLimits {
            plain: 4,
            address: 0,
        },
        ..RuntimeConfig::default()
    };
    let database = Database::new();
    let live = Live::with(&database, limits).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(live.connect("server", None).await);
    }
    let mut idle = Vec::new();
    for number in 1..=3 {
        idle.push(Raw::connect(live.host(), number).await);
    }
    let samples = scrape(&live).await;
    for (name, expected) in [
        ("flagstaff_connections_limit", 4.0),
        ("flagstaff_connections", 4.0),
        ("flagstaff_connections_refused_total{limit=\"all\"}", 0.0),
    ] {
        assert_eq!(samples.get(name), Some(&expected), "{samples:#?}");
    }
    // When the connection of the scrape closes, there is room for one.
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
async fn a_stop_does_not_wait_for_slow_clients_and_logs_the_requests_that_it_cuts_off() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &KEYS);
    put_long_flags(&process).await;
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
async fn metric_series_are_bounded_for_any_number_of_environments() {
    let database = Database::new();
    let live = Live::start(&database).await;
    live.stop().await;
    let mut counts = Vec::new();
    for last in [600_u16, 700] {
        let environments = format!(
            "INSERT INTO environment (id, project_id, name, revision) \
             WITH RECURSIVE n(id) AS (SELECT COALESCE(MAX(id), 0) + 1 FROM environment UNION ALL SELECT id + 1 FROM n WHERE id < {last}) \
             SELECT id, 1, 'e' || id, 7 FROM n"
        );
        database.sql(&environments).await;
        let store = database.open().await;
        let token = format!("s{last}");
        let in_last = CredentialRow {
            environment_id: Some(last.into()),
            ..key(CredentialKind::Server, &token)
        };
        store.ensure_key(in_last).await.unwrap();
        let live = Live::start(&database).await;
        let mut stream = live.connect(&token, None).await;
        stream.intent().await;
        scrape(&live).await;
        let samples = scrape(&live).await;
        let environments = samples.get("flagstaff_environments");
        assert_eq!(environments, Some(&f64::from(last)));
        let others = r#"{project="_other",environment="_other""#;
        let streams = format!("flagstaff_streams{others},subject=\"objects\"}}");
        assert_eq!(samples.get(&streams), Some(&1.0), "{samples:#?}");
        let revisions = samples.keys();
        let revisions = revisions.filter(|name| name.starts_with("flagstaff_environment_revision"));
        assert_eq!(revisions.count(), 500);
        counts.push(samples.len());
        live.stop().await;
    }
    assert_eq!(counts[0], counts[1]);
}
