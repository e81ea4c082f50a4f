//! One connection of the stream
//!
//! There is no queue: a connection knows the revision that it was last sent. Whenever its socket has room, the server sends the changes
//! from that revision to the current one. So publishing never waits, a slow client gets fewer and larger transfers, and a client that does
//! not read at all is disconnected ([`crate::http::connections`]).

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::Extensions;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::access::auth::Principal;
use crate::engine::coding::{ContentCoding, Encoder, SharedBytes};
use crate::engine::environment::Environment;
use crate::engine::published::PublishedRevision;
use crate::engine::transfer::Intent;
use crate::http::api_error::ApiError;
use crate::http::client_address::client_address;
use crate::http::connections::{CarriedStream, Connection as HttpConnection};
use crate::instances::{InstanceGuard, InstanceInfo};
use crate::metrics::{OpenStream, OpenedStream};
use crate::streams::state::StreamState;
use crate::streams::subscription::{InitialEvents, StreamKind, Subscription};

mod slots;

pub use slots::{StreamBound, StreamLimits};
pub(crate) use slots::{StreamGroup, StreamSlot, StreamSlots};

static HEARTBEAT: LazyLock<SharedBytes> =
    LazyLock::new(|| SharedBytes::new(&b": heartbeat\n\n"[..]));

/// The request for a stream
#[derive(Debug, Clone)]
pub(crate) struct StreamRequest<'a> {
    pub(crate) identity: InstanceInfo,
    pub(crate) kind: StreamKind,
    /// The cursor of the state that the client has, if it has one
    pub(crate) cursor: Option<&'a str>,
    pub(crate) coding: ContentCoding,
    /// The request's extensions
    pub(crate) extensions: &'a Extensions,
}

/// Opens a stream that begins with the transfer for a client that holds the cursor; returns the number of bytes of that transfer too
pub(crate) async fn open(
    state: &Arc<StreamState>,
    environment: &Environment,
    principal: &Principal,
    request: StreamRequest<'_>,
) -> Result<(Body, usize), ApiError> {
    if state.stopping.is_cancelled() {
        return Err(ApiError::unavailable("the server is stopping"));
    }
    let id = environment.row().id;
    let group = match request.kind {
        StreamKind::Objects(_) => StreamGroup::Objects(id),
        StreamKind::Notices => StreamGroup::Notices(id),
    };
    let slot = take_slot(state, principal, group, request.extensions)?;
    // Subscribe first, then read: a revision published in between wakes the first wait.
    let mut changes = environment.subscribe();
    let published = Arc::clone(&changes.borrow_and_update());
    let InitialEvents {
        subscription,
        intent,
        unsent,
    } = Subscription::begin(
        (request.kind, request.coding),
        &published,
        request.cursor,
        state.access.engine.now(),
    )
    .await?;
    let bytes = unsent.iter().map(|part| part.plain().len()).sum();
    let present = match request.kind {
        StreamKind::Notices => None,
        StreamKind::Objects(_) => {
            let registry = state.instances.of(environment.row().id);
            let present = registry.register(request.identity, state.access.engine.now());
            present.offered(published.revision());
            Some(present)
        }
    };
    let metrics = &state.access.http.metrics;
    let connection = Connection {
        present,
        _open: metrics.record_stream(environment.row(), stream_kind(request.kind, intent)),
        subscription,
        unsent,
        encoder: Encoder::new(request.coding),
        changes,
        heartbeat: heartbeat(state.heartbeat),
        state: state.clone(),
        key_ended: principal.revoked().clone(),
        is_over: false,
        slot,
        _carried: request
            .extensions
            .get::<Arc<HttpConnection>>()
            .map(HttpConnection::carry_stream),
    };
    let body = Body::from_stream(stream::unfold(connection, |mut connection| async {
        connection
            .next()
            .await
            .map(|bytes| (Ok::<_, Infallible>(bytes), connection))
    }));
    Ok((body, bytes))
}

fn stream_kind(kind: StreamKind, intent: Intent) -> OpenedStream {
    let transfer = match intent {
        Intent::Full(_) => "full",
        Intent::Changes => "changes",
        Intent::Nothing => "none",
    };
    match kind {
        StreamKind::Notices => OpenedStream {
            kind: "notices",
            transfer: None,
        },
        StreamKind::Objects(_) => OpenedStream {
            kind: "objects",
            transfer: Some(transfer),
        },
    }
}

fn heartbeat(period: Duration) -> Interval {
    let now = Instant::now();
    let first = now.checked_add(period).unwrap_or(now);
    let mut heartbeat = tokio::time::interval_at(first, period);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat
}

/// Takes a slot for a stream, or refuses it
pub(crate) fn take_slot(
    state: &StreamState,
    principal: &Principal,
    group: StreamGroup,
    extensions: &Extensions,
) -> Result<StreamSlot, ApiError> {
    let taken = state
        .slots
        .take(principal, client_address(extensions), group);
    taken.map_err(|bound| {
        state.access.http.metrics.refused_stream(bound.name());
        ApiError::TooManyStreams {
            detail: bound.detail(),
            is_callers: bound.is_callers(),
            retry_after: rand::random_range(5..=15),
        }
    })
}

struct Connection {
    subscription: Subscription,
    // In reverse order: the next part is the last element.
    unsent: Vec<SharedBytes>,
    encoder: Encoder,
    changes: watch::Receiver<Arc<PublishedRevision>>,
    heartbeat: Interval,
    state: Arc<StreamState>,
    key_ended: CancellationToken,
    is_over: bool,
    _open: OpenStream,
    // Only for a stream of objects.
    present: Option<InstanceGuard>,
    slot: StreamSlot,
    _carried: Option<CarriedStream>,
}

impl Connection {
    /// The next bytes; called when the socket has taken the previous ones
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(part) = self.unsent.pop() {
                return Some(self.encoder.encode(&part));
            }
            if self.is_over {
                return None;
            }
            // The socket asks for more only when it has taken everything before.
            if let Some((present, revision)) =
                self.present.as_ref().zip(self.subscription.revision())
            {
                present.sent(revision);
            }
            let due = self.subscription.due();
            tokio::select! {
                biased;
                () = self.state.stopping.cancelled() => {
                    return Some(self.goodbye("the server is stopping", rand::random_range(500..=3_000)));
                }
                () = self.key_ended.cancelled() => {
                    return Some(self.goodbye("the key was revoked, has expired, or is for other pages now", rand::random_range(0..=1_000)));
                }
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        return Some(self.goodbye("the environment was renamed or deleted", rand::random_range(0..=1_000)));
                    }
                    let published = Arc::clone(&self.changes.borrow_and_update());
                    let changed = self.subscription.changed(&published, self.slot.alike()).await;
                    self.unsent = changed.ok()?;
                    if let Some(present) = &self.present {
                        present.offered(published.revision());
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    let published = Arc::clone(&self.changes.borrow_and_update());
                    self.unsent.push(self.subscription.take_due(&published, self.state.access.engine.now()));
                }
                _ = self.heartbeat.tick() => return Some(self.encoder.encode(&HEARTBEAT)),
            }
            self.heartbeat.reset();
        }
    }

    fn goodbye(&mut self, reason: &str, retry_after_ms: u64) -> Bytes {
        self.is_over = true;
        let goodbye = self.subscription.goodbye(reason, retry_after_ms);
        self.encoder.encode_last(&goodbye)
    }
}
