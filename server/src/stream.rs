//! One connection of the stream
//!
//! There is no queue: a connection knows the revision that it was last sent and, whenever its socket has room, is sent what
//! makes that the current one. So the publisher waits for nobody, a slow reader gets fewer and larger transfers, and one that
//! does not read at all is dropped by the socket's write timeout ([`crate::timeout`]).

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::api_error::ApiError;
use crate::auth::Grant;
use crate::coding::{Coding, Encoder, Shared};
use crate::environment::Environment;
use crate::metrics::OpenStream;
use crate::published::{Published, Transfer};
use crate::state::AppState;
use crate::transfer::{self, Intent};
use crate::view::Scope;

static HEARTBEAT: LazyLock<Shared> = LazyLock::new(|| Shared::new(&b": heartbeat\n\n"[..]));

/// Opens a stream that begins with what a client that holds `cursor` needs
pub(crate) fn open(
    state: &AppState,
    environment: &Environment,
    grant: &Grant,
    cursor: Option<&str>,
    coding: Coding,
) -> Result<Body, ApiError> {
    let scope = Scope::of(grant.kind());
    if state.stopping().is_cancelled() {
        return Err(ApiError::unavailable("the server is stopping"));
    }
    let permit = Arc::clone(state.streams()).try_acquire_owned();
    let permit = permit.map_err(|_| {
        state.metrics().refused_stream();
        ApiError::TooManyStreams {
            retry_after: rand::random_range(5..=15),
        }
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
    let transfer = published.transfer(scope, cursor);
    let open = state.metrics().opened(environment.row(), transfer.intent);
    let connection = Connection {
        scope,
        revision: published.revision(),
        unsent: greeting(transfer),
        encoder: Encoder::new(coding),
        is_over: false,
        changes,
        heartbeat,
        stopping: state.stopping().clone(),
        key_ended: grant.ended().clone(),
        _permit: permit,
        _open: open,
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
fn greeting(transfer: Transfer) -> Vec<Shared> {
    // Spread over a range, or all clients of a server that went away come back at one instant.
    let retry = format!("retry: {}\n\n", rand::random_range(1_000..=3_000));
    let intent = Shared::new(transfer::intent(transfer.intent));
    let parts = [transfer.events, Some(intent), Some(Shared::new(retry))];
    parts.into_iter().flatten().collect()
}

struct Connection {
    scope: Scope,
    // What the client has when it has read all that was sent.
    revision: u64,
    // The last part first.
    unsent: Vec<Shared>,
    encoder: Encoder,
    changes: watch::Receiver<Arc<Published>>,
    heartbeat: Interval,
    stopping: CancellationToken,
    key_ended: CancellationToken,
    is_over: bool,
    _permit: OwnedSemaphorePermit,
    _open: OpenStream,
}

impl Connection {
    /// The next bytes; asked for only when the socket has taken the ones before
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(part) = self.unsent.pop() {
            return Some(self.encoder.encode(&part));
        }
        if self.is_over {
            return None;
        }
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => {
                Some(self.goodbye("the server is stopping", rand::random_range(500..=3_000)))
            }
            () = self.key_ended.cancelled() => {
                Some(self.goodbye("the key was revoked or has expired", rand::random_range(0..=1_000)))
            }
            changed = self.changes.changed() => {
                // The environment lives as long as the server, so its end is the server's.
                changed.ok()?;
                let part = self.catch_up();
                Some(self.encoder.encode(&part))
            }
            _ = self.heartbeat.tick() => Some(self.encoder.encode(&HEARTBEAT)),
        }
    }

    fn goodbye(&mut self, reason: &str, retry_after_ms: u64) -> Bytes {
        self.is_over = true;
        let goodbye = Shared::new(transfer::goodbye(reason, retry_after_ms));
        self.encoder.encode_last(&goodbye)
    }

    fn catch_up(&mut self) -> Shared {
        let published = Arc::clone(&self.changes.borrow_and_update());
        let delta = published.since(self.scope, self.revision);
        self.revision = published.revision();
        self.heartbeat.reset();
        delta.unwrap_or_else(|| {
            self.unsent.push(published.full(self.scope));
            Shared::new(transfer::intent(Intent::Full("the reader was too slow")))
        })
    }
}
