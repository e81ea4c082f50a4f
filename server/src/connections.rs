//! Connections, from the listener to the routes
//!
//! axum's own loop sets no timer, so that a client which sends the head of a request a byte at a time would hold a connection for
//! ever.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::serve::Listener as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::client_address::Peer;
use crate::timeout::WriteTimeout;

/// How long the head of a request may take, from the end of the answer before. Load balancers keep connections open for a minute, and
/// one that is closed at the very moment of the next request costs that request.
const HEAD: Duration = Duration::from_secs(75);

/// Serves connections until `stopping` is cancelled and what was under way then has ended
pub(crate) async fn serve_connections(
    mut listener: WriteTimeout,
    app: Router,
    stopping: CancellationToken,
) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let graceful = GracefulShutdown::new();
    loop {
        let (io, address) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        let service = app.clone().map_request(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(address));
            request
        });
        let connection =
            builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection failed");
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}
