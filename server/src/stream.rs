//! One connection of the stream
//!
//! There is no queue: a connection knows the revision that it was last sent and, whenever its socket has room, is sent what
//! makes that the current one. So the publisher waits for nobody, a slow reader gets fewer and larger transfers, and one that
//! does not read at all is dropped by its socket ([`crate::connections`]).

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

use crate::api_error::ApiError;
use crate::auth::Grant;
use crate::client_address::client_address;
use crate::coding::{Coding, Encoder, Shared};
use crate::connections::{CarriedStream, Connection as HttpConnection};
use crate::environment::Environment;
use crate::feed::{Beginning, Feed, Subject};
use crate::instances::{Identity, Present};
use crate::metrics::OpenStream;
use crate::published::Published;
use crate::state::AppState;

mod slots;

pub use slots::{StreamBound, StreamLimits};
pub(crate) use slots::{StreamSlot, StreamSlots};

static HEARTBEAT: LazyLock<Shared> = LazyLock::new(|| Shared::new(&b": heartbeat\n\n"[..]));

/// What a client asks for, and how
#[derive(Debug, Clone)]
pub(crate) struct Opening<'a> {
    pub(crate) identity: Identity,
    pub(crate) subject: Subject,
    /// What it has already, if it says so
    pub(crate) cursor: Option<&'a str>,
    pub(crate) coding: Coding,
    /// Of the request
    pub(crate) extensions: &'a Extensions,
}

/// Opens a stream that begins with what a client that holds the cursor needs; with the bytes that it begins with
pub(crate) async fn open(
    state: &AppState,
    environment: &Environment,
    grant: &Grant,
    opening: Opening<'_>,
) -> Result<(Body, usize), ApiError> {
    if state.stopping().is_cancelled() {
        return Err(ApiError::unavailable("the server is stopping"));
    }
    let slot = take_slot(state, environment, grant, &opening)?;
    // Subscribe, then read: what is published in between is seen by the first wait.
    let mut changes = environment.subscribe();
    let published = Arc::clone(&changes.borrow_and_update());
    let Beginning {
        feed,
        intent,
        unsent,
    } = Feed::begin(
        (opening.subject, opening.coding),
        &published,
        opening.cursor,
        state.now(),
    )
    .await?;
    let bytes = unsent.iter().map(|part| part.plain().len()).sum();
    let present = match opening.subject {
        Subject::Notices => None,
        Subject::Objects(_) => {
            let roster = state.instances().of(environment.row().id);
            let present = roster.enter(opening.identity, state.now());
            present.offered(published.revision());
            Some(present)
        }
    };
    let connection = Connection {
        present,
        _open: state
            .metrics()
            .opened(environment.row(), opening.subject, intent),
        feed,
        unsent,
        encoder: Encoder::new(opening.coding),
        changes,
        heartbeat: heartbeat(state.limits().heartbeat),
        state: state.clone(),
        key_ended: grant.ended().clone(),
        is_over: false,
        slot,
        _carried: opening
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

fn heartbeat(period: Duration) -> Interval {
    let now = Instant::now();
    let first = now.checked_add(period).unwrap_or(now);
    let mut heartbeat = tokio::time::interval_at(first, period);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat
}

/// A place for a stream, or why there is none
fn take_slot(
    state: &AppState,
    environment: &Environment,
    grant: &Grant,
    opening: &Opening<'_>,
) -> Result<StreamSlot, ApiError> {
    let address = client_address(opening.extensions);
    let feed = (environment.row().id, opening.subject);
    let taken = state.streams().take(grant, address, feed);
    taken.map_err(|bound| {
        state.metrics().refused_stream(bound);
        ApiError::TooManyStreams {
            bound,
            retry_after: rand::random_range(5..=15),
        }
    })
}

struct Connection {
    feed: Feed,
    // The last part first.
    unsent: Vec<Shared>,
    encoder: Encoder,
    changes: watch::Receiver<Arc<Published>>,
    heartbeat: Interval,
    state: AppState,
    key_ended: CancellationToken,
    is_over: bool,
    _open: OpenStream,
    // Of a stream of objects.
    present: Option<Present>,
    slot: StreamSlot,
    _carried: Option<CarriedStream>,
}

impl Connection {
    /// The next bytes; asked for only when the socket has taken the ones before
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(part) = self.unsent.pop() {
                return Some(self.encoder.encode(&part));
            }
            if self.is_over {
                return None;
            }
            // The socket has taken everything before it asks for more.
            if let Some((present, revision)) = self.present.as_ref().zip(self.feed.revision()) {
                present.sent(revision);
            }
            let due = self.feed.due();
            tokio::select! {
                biased;
                () = self.state.stopping().cancelled() => {
                    return Some(self.goodbye("the server is stopping", rand::random_range(500..=3_000)));
                }
                () = self.key_ended.cancelled() => {
                    return Some(self.goodbye("the key was revoked, has expired, or is for other pages now", rand::random_range(0..=1_000)));
                }
                changed = self.changes.changed() => {
                    // The environment lives as long as the server, so its end is the server's.
                    changed.ok()?;
                    let published = Arc::clone(&self.changes.borrow_and_update());
                    let changed = self.feed.changed(&published, self.slot.alike()).await;
                    self.unsent = changed.ok()?;
                    if let Some(present) = &self.present {
                        present.offered(published.revision());
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    let published = Arc::clone(&self.changes.borrow_and_update());
                    self.unsent.push(self.feed.take_due(&published, self.state.now()));
                }
                _ = self.heartbeat.tick() => return Some(self.encoder.encode(&HEARTBEAT)),
            }
            self.heartbeat.reset();
        }
    }

    fn goodbye(&mut self, reason: &str, retry_after_ms: u64) -> Bytes {
        self.is_over = true;
        let goodbye = self.feed.goodbye(reason, retry_after_ms);
        self.encoder.encode_last(&goodbye)
    }
}
