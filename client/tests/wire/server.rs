//! A server that answers what a test tells it to, over real HTTP

#![expect(
    clippy::unwrap_used,
    reason = "a server that cannot serve fails its test"
)]

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use flagstaff_core::object::state_hash;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, oneshot};

const PATIENCE: Duration = Duration::from_secs(20);

/// One answer
pub(crate) enum Reply {
    Status(u16, Vec<(&'static str, &'static str)>),
    /// An error as Flagstaff describes it
    Problem(u16, &'static str),
    /// An event stream of this text, and then of what the test sends
    Stream(String),
    /// An event stream, byte by byte, and then silence
    Pieces(Vec<u8>),
    /// A document with one flag, and its entity tag
    Document(&'static str, &'static str),
}

/// What a request said
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) authorization: String,
    pub(crate) last_event_id: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) query: String,
}

/// What a client told
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) body: Value,
}

struct Script {
    streams: Mutex<VecDeque<Reply>>,
    polls: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<Seen>>,
    polled: Mutex<Vec<Seen>>,
    posts: Mutex<Vec<Post>>,
    // How reports are answered; 204 where nothing is said.
    statuses: Mutex<VecDeque<u16>>,
    events: broadcast::Sender<String>,
    open: AtomicUsize,
    // Notified with `polled` whenever something that tests wait for has happened.
    happened: Condvar,
}

/// Counts a stream as open for as long as its body lives
struct Open(Arc<Script>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
        drop(lock(&self.0.polled));
        self.0.happened.notify_all();
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    script: Arc<Script>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl Server {
    pub(crate) fn start(
        streams: impl IntoIterator<Item = Reply>,
        polls: impl IntoIterator<Item = Reply>,
    ) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), streams, polls)
    }

    pub(crate) fn start_at(
        address: SocketAddr,
        streams: impl IntoIterator<Item = Reply>,
        polls: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let script = Arc::new(Script {
            streams: Mutex::new(streams.into_iter().collect()),
            polls: Mutex::new(polls.into_iter().collect()),
            requests: Mutex::default(),
            polled: Mutex::default(),
            posts: Mutex::default(),
            statuses: Mutex::default(),
            events: broadcast::Sender::new(64),
            open: AtomicUsize::new(0),
            happened: Condvar::new(),
        });
        // Bound here, with address reuse, so that the port is known and open when this returns.
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = Router::new()
            .route("/api/v1/sdk/stream", get(stream))
            .route("/api/v1/sdk/snapshot", get(snapshot))
            .route("/api/v1/sdk/usage", post(told))
            .route("/api/v1/sdk/applied", post(told))
            .with_state(Arc::clone(&script));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                // Not gracefully: a server that goes away takes its connections along.
                tokio::select! {
                    _ = stopped => {}
                    result = axum::serve(listener, routes) => result.unwrap(),
                }
            });
        });
        Self {
            address,
            script,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends on all open streams
    pub(crate) fn send(&self, text: &str) {
        assert!(
            self.script.events.send(text.to_owned()).is_ok(),
            "no stream is open"
        );
    }

    /// Breaks all open streams off
    pub(crate) fn cut(&self) {
        assert!(
            self.script.events.send(String::new()).is_ok(),
            "no stream is open"
        );
    }

    /// The requests for the stream so far
    pub(crate) fn requests(&self) -> Vec<Seen> {
        lock(&self.script.requests).clone()
    }

    /// Waits for so many polls
    pub(crate) fn until_polls(&self, count: usize) -> Vec<Seen> {
        self.until(|_, polled| polled.len() >= count)
    }

    /// Answers the next reports with these statuses
    pub(crate) fn answer_reports(&self, statuses: impl IntoIterator<Item = u16>) {
        lock(&self.script.statuses).extend(statuses);
    }

    /// Waits until a path was posted to so often
    pub(crate) fn until_posts(&self, path: &str, count: usize) -> Vec<Post> {
        let posts = |script: &Script| -> Vec<Post> {
            let posts = lock(&script.posts);
            posts
                .iter()
                .filter(|post| post.path == path)
                .cloned()
                .collect()
        };
        self.until(|script, _| posts(script).len() >= count);
        posts(&self.script)
    }

    /// Waits until no stream is open
    pub(crate) fn until_disconnected(&self) {
        self.until(|script, _| script.open.load(Ordering::SeqCst) == 0);
    }

    fn until(&self, condition: impl Fn(&Script, &[Seen]) -> bool) -> Vec<Seen> {
        let polled = lock(&self.script.polled);
        let waited = self
            .script
            .happened
            .wait_timeout_while(polled, PATIENCE, |polled| !condition(&self.script, polled));
        let (polled, result) = waited.unwrap();
        assert!(!result.timed_out(), "it never happens");
        polled.clone()
    }

    /// Closes the port and every connection
    pub(crate) fn stop(mut self) -> SocketAddr {
        self.end();
        self.address
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn seen(headers: &HeaderMap) -> Seen {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    Seen {
        authorization: text("authorization").unwrap_or_default(),
        last_event_id: text("last-event-id"),
        if_none_match: text("if-none-match"),
        query: String::new(),
    }
}

async fn stream(State(script): State<Arc<Script>>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    lock(&script.requests).push(Seen {
        query,
        ..seen(request.headers())
    });
    // Before the reply is looked up, so that nothing the test sends from here on is lost.
    let events = script.events.subscribe();
    let reply = lock(&script.streams).pop_front();
    reply.map_or_else(|| empty(503), |reply| answer(&script, reply, events))
}

async fn snapshot(State(script): State<Arc<Script>>, headers: HeaderMap) -> Response<Body> {
    let events = script.events.subscribe();
    let reply = lock(&script.polls).pop_front();
    lock(&script.polled).push(seen(&headers));
    script.happened.notify_all();
    reply.map_or_else(|| empty(304), |reply| answer(&script, reply, events))
}

async fn told(State(script): State<Arc<Script>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let authorization = seen(request.headers()).authorization;
    let body = axum::body::to_bytes(request.into_body(), 1 << 20)
        .await
        .unwrap();
    let is_report = path.ends_with("usage");
    let status = is_report
        .then(|| lock(&script.statuses).pop_front())
        .flatten();
    lock(&script.posts).push(Post {
        path,
        authorization,
        body: serde_json::from_slice(&body).unwrap(),
    });
    drop(lock(&script.polled));
    script.happened.notify_all();
    empty(status.unwrap_or(204))
}

fn empty(status: u16) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(Body::empty())
        .unwrap()
}

fn answer(
    script: &Arc<Script>,
    reply: Reply,
    events: broadcast::Receiver<String>,
) -> Response<Body> {
    let builder = Response::builder().status(StatusCode::OK);
    match reply {
        Reply::Status(status, headers) => {
            let builder = Response::builder().status(status);
            headers
                .into_iter()
                .fold(builder, |builder, (name, value)| {
                    builder.header(name, value)
                })
                .body(Body::empty())
                .unwrap()
        }
        Reply::Problem(status, detail) => {
            let problem = serde_json::json!({"type": "urn:flagstaff:problem:x", "detail": detail});
            Response::builder()
                .status(status)
                .header("content-type", "application/problem+json")
                .body(problem.to_string().into())
                .unwrap()
        }
        Reply::Document(flag, entity_tag) => builder
            .header("etag", entity_tag)
            .body(document(flag).into())
            .unwrap(),
        Reply::Stream(text) => {
            let pieces = vec![Bytes::from(text)];
            builder
                .header("content-type", "text/event-stream")
                .body(body(script, pieces, events))
                .unwrap()
        }
        Reply::Pieces(bytes) => {
            let pieces = bytes
                .into_iter()
                .map(|byte| Bytes::from(vec![byte]))
                .collect();
            builder
                .header("content-type", "text/event-stream; charset=utf-8")
                .body(body(script, pieces, events))
                .unwrap()
        }
    }
}

fn body(script: &Arc<Script>, pieces: Vec<Bytes>, events: broadcast::Receiver<String>) -> Body {
    script.open.fetch_add(1, Ordering::SeqCst);
    let open = Open(Arc::clone(script));
    let first = stream::iter(pieces).map(Ok);
    let later = stream::unfold((events, open), |(mut events, open)| async move {
        let text = events.recv().await.ok()?;
        let piece = if text.is_empty() {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        } else {
            Ok(Bytes::from(text))
        };
        Some((piece, (events, open)))
    });
    Body::from_stream(first.chain(later))
}

const FLAG: &str = r#"{"type": "boolean", "enabled": true, "salt": "s", "serve": "on"}"#;

fn document(flag: &str) -> String {
    format!(
        r#"{{"schemaVersion": 1, "environment": "test", "revision": 1, "flags": {{"{flag}": {FLAG}}}}}"#
    )
}

/// One server-sent event
pub(crate) fn event(name: &str, data: &str, id: Option<&str>) -> String {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n")
}

/// What a server sends every 15 seconds
pub(crate) fn comment() -> String {
    ":\n\n".to_owned()
}

/// A change that is not closed by a commit
pub(crate) fn put(flag: &str, version: u64) -> String {
    let data =
        format!(r#"{{"kind": "flag", "key": "{flag}", "version": {version}, "object": {FLAG}}}"#);
    event("put-object", &data, None)
}

fn committed(revision: u64, objects: &[(&str, u64)]) -> String {
    let hash = objects.iter().fold(0_u64, |sum, (key, version)| {
        sum.wrapping_add(state_hash("flag", key, *version))
    });
    let data = format!(
        r#"{{"schemaVersion": 1, "environment": "test", "revision": {revision}, "hash": "{hash:016x}"}}"#
    );
    event(
        "payload-transferred",
        &data,
        Some(&format!("cursor-{revision}")),
    )
}

/// A full transfer of one flag that is on; its version and the revision are the same
pub(crate) fn transfer(flag: &str, revision: u64) -> String {
    event("server-intent", r#"{"intent": "xfer-full"}"#, None)
        + &put(flag, revision)
        + &committed(revision, &[(flag, revision)])
}

/// A change that adds one flag to another
pub(crate) fn delta(flag: &str, revision: u64, other: &str, version: u64) -> String {
    put(flag, revision) + &committed(revision, &[(flag, revision), (other, version)])
}
