//! Connections, from the listener to the routes
//!
//! axum's own loop has no timer and no limit: clients that send nothing, or the head of a request a byte at a time, would hold connections
//! for ever, and one client could hold as many as there are descriptors.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use axum::serve::Listener;
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
#[cfg(target_os = "linux")]
use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::http::client_address::Peer;
use crate::http::tls::{self, Tls};
use crate::metrics::Metrics;

mod bodies;
mod open;
mod socket;

use bodies::{Exchanges, RequestBody, ResponseBody};
pub use open::ConnectionLimits;
use open::{Admission, Place};
pub(crate) use open::{Beyond, CarriedStream, Connection, Connections, SPARE};
use socket::Socket;

/// The time limit for the head of a request, from the end of the previous response. Load balancers keep connections open for a minute, and
/// a connection that is closed just when the next request arrives costs that request.
const HEAD: Duration = Duration::from_secs(75);
/// The same for a connection beyond the limits
const SPARE_HEAD: Duration = Duration::from_secs(2);
/// How long such a connection stays open at most
const SPARE_LIFE: Duration = Duration::from_secs(5);

/// How long a new connection may take to send its request after the listener has closed
const FIRST_REQUEST: Duration = Duration::from_millis(500);
/// Requests of one connection at a time, over HTTP/2
const MAX_CONCURRENT_REQUESTS: u32 = 100;
/// Bytes of the head of a request over HTTP/2
const MAX_HEAD_BYTES: u32 = 64 << 10;
/// Bytes of a request's body, and of all those of a connection, that are sent before they are read, over HTTP/2
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// After this time without a frame an HTTP/2 client gets a PING, and it has as much time again to answer it
const PING: Duration = Duration::from_secs(30);

/// Milliseconds within which a client must acknowledge sent data, otherwise its connection is closed. Without this limit TCP sends the data
/// again for a quarter of an hour, and the stream of a client that is gone would occupy its place.
#[cfg(target_os = "linux")]
const MAX_UNACKNOWLEDGED_MILLIS: u32 = 60_000;

/// The routers for connections
#[derive(Debug, Clone)]
pub(crate) struct Services {
    /// The routes
    pub(crate) app: Router,
    /// The routes for connections beyond the limits
    pub(crate) spare: Router,
    /// What encrypts them, if anything does
    pub(crate) tls: Option<Tls>,
    /// Cancelled when clients should use other nodes: each connection then ends with its next response
    pub(crate) leaving: CancellationToken,
}

/// Serves connections until `stopping` is cancelled and the requests in progress have ended
pub(crate) async fn serve_connections(
    mut listener: TcpListener,
    services: Services,
    (connections, metrics): (Arc<Connections>, Arc<Metrics>),
    stopping: CancellationToken,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&mut listener) => accepted,
            () = stopping.cancelled() => break,
        };
        match connections.admit(peer) {
            Admission::Served(place) => {
                let serving = serve(stream, place, services.clone(), graceful.watcher());
                let metrics = Arc::clone(&metrics);
                tokio::spawn(async move {
                    if let Some(reason) = serving.await {
                        metrics.closed_connection(reason.name());
                    }
                });
            }
            Admission::Spare(place, beyond) => {
                metrics.refused_connection(beyond.name());
                let serving = serve_once(stream, place, services.clone(), graceful.watcher());
                tokio::spawn(tokio::time::timeout(SPARE_LIFE, serving));
            }
            Admission::Refused(beyond) => {
                metrics.refused_connection(beyond.name());
                // Over TLS nothing can be sent before the handshake.
                if services.tls.is_none() {
                    turn_away(stream);
                }
            }
        }
    }
    // Those that wait to be accepted would be reset with their requests.
    while let Some((stream, peer)) = accept(&mut listener).now_or_never() {
        if let Admission::Served(place) = connections.admit(peer) {
            tokio::spawn(serve(stream, place, services.clone(), graceful.watcher()));
        }
    }
    drop(listener);
    if services.leaving.is_cancelled() {
        // A new connection of which nothing has been read would be closed, and its request be lost.
        tokio::time::sleep(FIRST_REQUEST).await;
    }
    graceful.shutdown().await;
}

/// Accepts a connection and sets its options
async fn accept(listener: &mut TcpListener) -> (TcpStream, SocketAddr) {
    // axum's own accept, which logs errors and waits if descriptors run out.
    let (stream, peer) = Listener::accept(listener).await;
    // Events are small and urgent.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = sockopt::set_tcp_user_timeout(&stream, MAX_UNACKNOWLEDGED_MILLIS) {
        tracing::debug!(%error, "cannot set TCP_USER_TIMEOUT");
    }
    (stream, peer)
}

/// Why the server closed a connection
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// No request arrived
    Idle,
    /// The head of a request did not arrive in time
    SlowHead,
    /// The client did not read its response
    SlowReader,
    /// The client did not acknowledge what was sent
    Unreachable,
}

impl CloseReason {
    pub(crate) const ALL: [Self; 4] = [
        Self::Idle,
        Self::SlowHead,
        Self::SlowReader,
        Self::Unreachable,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::SlowHead => "slow-head",
            Self::SlowReader => "slow-reader",
            Self::Unreachable => "unreachable",
        }
    }

    fn of(error: &hyper::Error, connection: &Connection) -> Option<Self> {
        if error.is_timeout() {
            let has_begun = connection.activity.has_unanswered_bytes();
            return Some(if has_begun {
                Self::SlowHead
            } else {
                Self::Idle
            });
        }
        Self::of_socket(std::error::Error::source(error)?.downcast_ref()?)
    }

    fn of_socket(error: &io::Error) -> Option<Self> {
        if error.kind() != io::ErrorKind::TimedOut {
            return None;
        }
        // The server's own timeout has no OS error number.
        let is_of_system = error.raw_os_error().is_some();
        Some(if is_of_system {
            Self::Unreachable
        } else {
            Self::SlowReader
        })
    }
}

/// Serves one connection to its end; returns why it was closed, unless the client closed it
async fn serve(
    stream: TcpStream,
    place: Place,
    services: Services,
    watcher: Watcher,
) -> Option<CloseReason> {
    let (app, head, leaving) = (services.app, HEAD, services.leaving);
    let http1 = Http1 { app, head, leaving };
    let connection = &place.0;
    let Some(tls) = services.tls else {
        return serve_http1(stream, http1, connection, watcher).await;
    };
    match tls.accept(stream).await {
        Ok(stream) if tls::is_http2(&stream) => {
            serve_http2(stream, http1.app, connection, watcher).await
        }
        Ok(stream) => serve_http1(stream, http1, connection, watcher).await,
        Err(error) => {
            tracing::trace!(%error, "a connection failed");
            None
        }
    }
}

/// The routes for a connection of HTTP/1.1, and how long it waits for a request
struct Http1 {
    app: Router,
    head: Duration,
    leaving: CancellationToken,
}

async fn serve_http1<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    Http1 { app, head, leaving }: Http1,
    connection: &Arc<Connection>,
    watcher: Watcher,
) -> Option<CloseReason> {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .keep_alive(head == HEAD);
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&connection.activity)));
    let is_unread = Arc::new(AtomicBool::default());
    let own = Arc::clone(connection);
    let service = service_fn(move |request: Request<Incoming>| {
        let is_unread = Arc::clone(&is_unread);
        let note = Arc::clone(&is_unread);
        let request = request.map(|body| RequestBody::new(body, note));
        let (answer, leaving) = (answer(&app, &own, request), leaving.clone());
        async move {
            let mut response = answer.await;
            // The rest of a refused request is not read: the connection ends, and the response says so.
            let is_refusal = response.status().as_u16() >= 400;
            if is_refusal && is_unread.load(Ordering::Relaxed) || leaving.is_cancelled() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let served = watcher.watch(builder.serve_connection(socket, service));
    failure(served.await, connection)
}

async fn serve_http2<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    app: Router,
    connection: &Arc<Connection>,
    watcher: Watcher,
) -> Option<CloseReason> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CONCURRENT_REQUESTS)
        .max_header_list_size(MAX_HEAD_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&connection.activity)));
    let exchanges = Arc::new(Exchanges::default());
    let (all, own) = (Arc::clone(&exchanges), Arc::clone(connection));
    let service = service_fn(move |request: Request<Incoming>| {
        let exchange = all.begin();
        let answer = answer(&app, &own, request);
        async move {
            let response = answer.await;
            Ok::<_, Infallible>(response.map(|body| ResponseBody::new(body, exchange)))
        }
    });
    let served = watcher.watch(builder.serve_connection(socket, service));
    tokio::select! {
        result = served => failure(result, connection),
        reason = exchanges.overdue() => Some(reason),
    }
}

fn failure(served: Result<(), hyper::Error>, connection: &Connection) -> Option<CloseReason> {
    let error = served.err()?;
    tracing::trace!(%error, "a connection failed");
    CloseReason::of(&error, connection)
}

/// Serves one request
async fn serve_once(stream: TcpStream, place: Place, services: Services, watcher: Watcher) {
    let (app, head, leaving) = (services.spare, SPARE_HEAD, services.leaving);
    let (http1, connection) = (Http1 { app, head, leaving }, &place.0);
    let Some(tls) = services.tls else {
        serve_http1(stream, http1, connection, watcher).await;
        return;
    };
    // A client that chose HTTP/2 gets no response: it could send many requests on this connection.
    if let Ok(stream) = tls.accept(stream).await
        && !tls::is_http2(&stream)
    {
        serve_http1(stream, http1, connection, watcher).await;
    }
}

/// The response of the routes to a request
fn answer<B: HttpBody<Data = Bytes, Error = hyper::Error> + Send + 'static>(
    app: &Router,
    connection: &Arc<Connection>,
    request: Request<B>,
) -> impl Future<Output = Response> + Send + use<B> {
    connection.begin(request.method(), request.uri().path());
    let mut request = request.map(Body::new);
    let extensions = request.extensions_mut();
    extensions.insert(Peer(connection.peer()));
    extensions.insert(Arc::clone(connection));
    let (app, connection) = (app.clone(), Arc::clone(connection));
    async move {
        let Ok(response) = app.oneshot(request).await;
        connection.answered();
        response
    }
}

/// Sends a 503 to a client without reading anything from it
fn turn_away(stream: TcpStream) {
    let retry_after = rand::random_range(5..=15);
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    // Written directly: tokio does not know the socket yet, its buffer has room for this, and a client that is gone does not matter.
    let written = stream
        .into_std()
        .and_then(|mut stream| stream.write_all(answer.as_bytes()));
    if let Err(error) = written {
        tracing::trace!(%error, "a connection failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_a_client_does_not_acknowledge_within_a_minute_ends_its_connection() {
        let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, (accepted, peer)) =
            tokio::join!(TcpStream::connect(address), accept(&mut listener));
        let client = client.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        assert_eq!(sockopt::tcp_user_timeout(&accepted).unwrap(), 60_000);
        assert_eq!(
            sockopt::tcp_user_timeout(&client).unwrap(),
            0,
            "the system's"
        );
        assert!(accepted.nodelay().unwrap());
    }

    #[test]
    fn a_client_that_is_gone_is_told_from_one_that_does_not_read() {
        let of_system = io::Error::from(rustix::io::Errno::TIMEDOUT);
        let own = io::ErrorKind::TimedOut.into();
        let reset = io::Error::from(rustix::io::Errno::CONNRESET);
        let reason = |error: &io::Error| CloseReason::of_socket(error);
        assert_eq!(reason(&of_system), Some(CloseReason::Unreachable));
        assert_eq!(reason(&own), Some(CloseReason::SlowReader));
        assert_eq!(reason(&reset), None);
    }
}
