//! Connections, from the listener to the routes
//!
//! axum's own loop sets no timer and no limit, so that clients which send nothing, or the head of a request a byte at a time, would
//! hold connections for ever, and one client as many as there are descriptors.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
#[cfg(target_os = "linux")]
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::client_address::Peer;
use crate::state::AppState;

mod open;
mod socket;

pub use open::ConnectionLimits;
use open::{Admission, Place};
pub(crate) use open::{Beyond, CarriedStream, Connection, Connections, SPARE};
use socket::Socket;

/// How long the head of a request may take, from the end of the answer before. Load balancers keep connections open for a minute, and
/// one that is closed at the very moment of the next request costs that request.
const HEAD: Duration = Duration::from_secs(75);
/// The same of a connection for which there was no room
const SPARE_HEAD: Duration = Duration::from_secs(2);
/// How long one of those is open at most
const SPARE_LIFE: Duration = Duration::from_secs(5);

/// What was sent is acknowledged within so many milliseconds, or the client is gone. By itself TCP sends it again for a quarter of an hour, for which
/// a stream of a client that has vanished would take its place.
#[cfg(target_os = "linux")]
const MAX_UNACKNOWLEDGED_MILLIS: u32 = 60_000;

/// What a listener's connections lead to
#[derive(Debug, Clone)]
pub(crate) struct Services {
    /// The routes
    pub(crate) app: Router,
    /// What those get for which there is no room
    pub(crate) spare: Router,
}

/// Serves connections until `stopping` is cancelled and what was under way then has ended
pub(crate) async fn serve_connections(
    mut listener: TcpListener,
    services: Services,
    (connections, state): (Arc<Connections>, AppState),
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
                let serving = serve(stream, place, services.app.clone(), graceful.watcher());
                let state = state.clone();
                tokio::spawn(async move {
                    if let Some(reason) = serving.await {
                        state.metrics().closed_connection(reason);
                    }
                });
            }
            Admission::Spare(place, beyond) => {
                state.metrics().refused_connection(beyond);
                let serving = serve_once(stream, place, services.spare.clone(), graceful.watcher());
                tokio::spawn(tokio::time::timeout(SPARE_LIFE, serving));
            }
            Admission::Refused(beyond) => {
                state.metrics().refused_connection(beyond);
                turn_away(stream);
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The next connection, with its options set
async fn accept(listener: &mut TcpListener) -> (TcpStream, SocketAddr) {
    // axum's own accept, which logs errors and waits where descriptors run out all the same.
    let (stream, peer) = Listener::accept(listener).await;
    // An event is small and wanted now.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = sockopt::set_tcp_user_timeout(&stream, MAX_UNACKNOWLEDGED_MILLIS) {
        tracing::debug!(%error, "cannot set TCP_USER_TIMEOUT");
    }
    (stream, peer)
}

/// Why a connection was closed that its client did not close
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// No request came
    Idle,
    /// The head of a request began and did not end
    SlowHead,
    /// The client did not read what it had asked for
    SlowReader,
    /// The client's system did not acknowledge what was sent
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
        // Our own time-out has no number of the system's.
        let is_of_system = error.raw_os_error().is_some();
        Some(if is_of_system {
            Self::Unreachable
        } else {
            Self::SlowReader
        })
    }
}

/// Serves one connection to its end; why it was closed, if the client did not do it
async fn serve(
    stream: TcpStream,
    place: Place,
    app: Router,
    watcher: Watcher,
) -> Option<CloseReason> {
    let connection = &place.0;
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let socket = TokioIo::new(Socket::new(stream, Arc::clone(&connection.activity)));
    let served = builder.serve_connection(socket, service(app, connection));
    let error = watcher.watch(served).await.err()?;
    tracing::trace!(%error, "a connection failed");
    CloseReason::of(&error, connection)
}

/// Answers one request
async fn serve_once(stream: TcpStream, place: Place, app: Router, watcher: Watcher) {
    let connection = &place.0;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(SPARE_HEAD)
        .keep_alive(false);
    let served = builder.serve_connection(TokioIo::new(stream), service(app, connection));
    if let Err(error) = watcher.watch(served).await {
        tracing::trace!(%error, "a connection failed");
    }
}

/// The routes for the requests of a connection
fn service(
    app: Router,
    connection: &Arc<Connection>,
) -> TowerToHyperService<
    impl tower::Service<
        Request<Incoming>,
        Response = axum::response::Response,
        Error = std::convert::Infallible,
        Future: Send,
    > + Clone
    + Send,
> {
    let connection = Arc::clone(connection);
    let answered = Arc::clone(&connection);
    let service = app
        .map_request(move |request: Request<Incoming>| {
            connection.begin(request.method(), request.uri().path());
            let mut request = request.map(Body::new);
            let extensions = request.extensions_mut();
            extensions.insert(Peer(connection.peer()));
            extensions.insert(Arc::clone(&connection));
            request
        })
        .map_response(move |response: axum::response::Response| {
            answered.answered();
            response
        });
    TowerToHyperService::new(service)
}

/// Says that there is no room, to a client of which nothing is read
fn turn_away(stream: TcpStream) {
    let retry_after = rand::random_range(5..=15);
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    // Past tokio, which knows nothing of a new socket yet: it has room for so little, and a client that has gone does not matter.
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
