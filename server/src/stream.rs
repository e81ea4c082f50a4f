//! One connection of the stream
//!
//! There is no queue: a connection knows the revision that it was last sent and, whenever its socket has room, is sent what
//! makes that the current one. So the publisher waits for nobody, a slow reader gets fewer and larger transfers, and one that
//! does not read at all is dropped by the socket's write timeout ([`crate::timeout`]).

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::api_error::ApiError;
use crate::auth::Grant;
use crate::environment::Environment;
use crate::published::Published;
use crate::state::AppState;
use crate::transfer::{self, Intent};
use crate::view::Scope;

/// Opens a stream that begins with what a client that holds `cursor` needs
pub(crate) fn open(
    state: &AppState,
    environment: &Environment,
    grant: &Grant,
    cursor: Option<&str>,
) -> Result<Body, ApiError> {
    let scope = Scope::of(grant.kind());
    if state.stopping().is_cancelled() {
        return Err(ApiError::unavailable("the server is stopping"));
    }
    let permit = Arc::clone(state.streams()).try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::TooManyStreams {
        retry_after: rand::random_range(5..=15),
    })?;
    // Subscribe, then read: what is published in between is seen by the first wait.
    let mut changes = environment.subscribe();
    let published = Arc::clone(&changes.borrow_and_update());
    let period = state.limits().heartbeat;
    let mut heartbeat = tokio::time::interval_at(
        Instant::now()
            .checked_add(period)
            .unwrap_or_else(Instant::now),
        period,
    );
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let connection = Connection {
        scope,
        revision: published.revision(),
        unsent: greeting(&published, scope, cursor),
        changes,
        heartbeat,
        stopping: state.stopping().clone(),
        key_ended: grant.ended().clone(),
        is_over: false,
        _permit: permit,
    };
    Ok(Body::from_stream(stream::unfold(
        connection,
        |mut connection| async {
            connection
                .next()
                .await
                .map(|bytes| (Ok::<_, Infallible>(bytes), connection))
        },
    )))
}

/// What a new connection is sent at once, the last part first
fn greeting(published: &Published, scope: Scope, cursor: Option<&str>) -> Vec<Bytes> {
    let transfer = published.transfer(scope, cursor);
    // Spread over a range, or all clients of a server that went away come back at one instant.
    let retry = format!("retry: {}\n\n", rand::random_range(1_000..=3_000));
    let mut parts = vec![
        transfer.events,
        transfer::intent(transfer.intent),
        retry.into(),
    ];
    parts.retain(|part| !part.is_empty());
    parts
}

struct Connection {
    scope: Scope,
    // What the client has when it has read all that was sent.
    revision: u64,
    // The last part first.
    unsent: Vec<Bytes>,
    changes: watch::Receiver<Arc<Published>>,
    heartbeat: Interval,
    stopping: CancellationToken,
    key_ended: CancellationToken,
    is_over: bool,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    /// The next bytes; asked for only when the socket has taken the ones before
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(part) = self.unsent.pop() {
            return Some(part);
        }
        if self.is_over {
            return None;
        }
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => {
                self.is_over = true;
                Some(transfer::goodbye("the server is stopping", rand::random_range(500..=3_000)))
            }
            () = self.key_ended.cancelled() => {
                self.is_over = true;
                Some(transfer::goodbye("the key was revoked or has expired", rand::random_range(0..=1_000)))
            }
            changed = self.changes.changed() => {
                // The environment lives as long as the server, so its end is the server's.
                changed.ok()?;
                Some(self.catch_up())
            }
            _ = self.heartbeat.tick() => Some(Bytes::from_static(b": heartbeat\n\n")),
        }
    }

    fn catch_up(&mut self) -> Bytes {
        let published = Arc::clone(&self.changes.borrow_and_update());
        let delta = published.since(self.scope, self.revision);
        self.revision = published.revision();
        self.heartbeat.reset();
        delta.unwrap_or_else(|| {
            self.unsent.push(published.full(self.scope));
            transfer::intent(Intent::Full("the reader was too slow"))
        })
    }
}
