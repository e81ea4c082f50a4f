//! Bodies of requests and responses that record whether a request was read completely, and whether a client reads its response
//!
//! Over HTTP/1.1 the socket shows that a client does not read. Over HTTP/2 a client can read its connection and still take nothing of one
//! response; then hyper stops polling the body of that response.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, sleep};

use super::socket::{BYTE_TIME, MAX_WAIT};
use super::{CloseReason, HEAD};

/// Bytes of a response that are passed to HTTP/2 at a time, since it holds them until the client takes them
const PART: usize = 16 << 10;
/// How often the responses of a connection are checked
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// The body of a request, which notes when it has been read
#[derive(Debug)]
pub(super) struct RequestBody {
    incoming: Incoming,
    is_unread: Arc<AtomicBool>,
}

impl RequestBody {
    /// A body; `is_unread` is set until it has been read
    pub(super) fn new(incoming: Incoming, is_unread: Arc<AtomicBool>) -> Self {
        is_unread.store(!incoming.is_end_stream(), Ordering::Relaxed);
        Self {
            incoming,
            is_unread,
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(context));
        if frame.is_none() || self.incoming.is_end_stream() {
            self.is_unread.store(false, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// The requests in progress on a connection of HTTP/2
#[derive(Debug)]
pub(super) struct Exchanges(Mutex<Open>);

#[derive(Debug)]
struct Open {
    last_id: u64,
    idle_since: Instant,
    exchanges: HashMap<u64, Wait>,
}

/// How long a response has waited for its client
#[derive(Debug, Default)]
struct Wait {
    waited: Duration,
    since: Option<Instant>,
}

/// One request; its end is that of its response
#[derive(Debug)]
pub(super) struct Exchange {
    all: Arc<Exchanges>,
    id: u64,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self(Mutex::new(Open {
            last_id: 0,
            idle_since: Instant::now(),
            exchanges: HashMap::new(),
        }))
    }
}

impl Exchanges {
    /// Notes a request
    pub(super) fn begin(self: &Arc<Self>) -> Exchange {
        let mut open = self.open();
        open.last_id = open.last_id.wrapping_add(1);
        let id = open.last_id;
        open.exchanges.insert(id, Wait::default());
        Exchange {
            all: Arc::clone(self),
            id,
        }
    }

    /// Ends when no request has arrived for too long, or when a client does not read a response
    pub(super) async fn overdue(&self) -> CloseReason {
        loop {
            sleep(CHECK_INTERVAL).await;
            let open = self.open();
            if open.exchanges.is_empty() && open.idle_since.elapsed() >= HEAD {
                return CloseReason::Idle;
            }
            let mut waits = open.exchanges.values();
            if waits.any(|wait| wait.total() >= MAX_WAIT) {
                return CloseReason::SlowReader;
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    fn total(&self) -> Duration {
        let now = self.since.map(|since| since.elapsed());
        self.waited.saturating_add(now.unwrap_or_default())
    }
}

impl Exchange {
    fn update(&self, change: impl FnOnce(&mut Wait)) {
        if let Some(wait) = self.all.open().exchanges.get_mut(&self.id) {
            change(wait);
        }
    }

    /// The client takes more
    fn resume(&self) {
        self.update(|wait| {
            wait.waited = wait.total();
            wait.since = None;
        });
    }

    /// Records that this many bytes are ready for the client
    fn offer(&self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.update(|wait| {
            wait.waited = wait.waited.saturating_sub(BYTE_TIME.saturating_mul(bytes));
            wait.since = Some(Instant::now());
        });
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut open = self.all.open();
        open.exchanges.remove(&self.id);
        open.idle_since = Instant::now();
    }
}

/// The body of a response over HTTP/2: in parts, and watched
#[derive(Debug)]
pub(super) struct ResponseBody {
    body: Body,
    rest: Bytes,
    exchange: Exchange,
}

impl ResponseBody {
    pub(super) fn new(body: Body, exchange: Exchange) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            exchange,
        }
    }

    fn part(&mut self) -> Frame<Bytes> {
        let part = self.rest.split_to(PART.min(self.rest.len()));
        self.exchange.offer(part.len());
        Frame::data(part)
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.exchange.resume();
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.part())));
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(data) => {
                self.rest = data;
                self.part()
            }
            Err(trailers) => trailers,
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_response_that_is_not_taken_is_overdue_and_one_that_is_taken_or_waits_is_not() {
        let exchanges = Arc::new(Exchanges::default());
        let body = Body::from(vec![7; 100_000]);
        let mut taken = ResponseBody::new(body, exchanges.begin());
        let mut lengths = Vec::new();
        while let Some(frame) = taken.frame().await {
            lengths.push(frame.unwrap().into_data().unwrap().len());
            sleep(Duration::from_secs(16)).await;
        }
        assert_eq!(lengths.iter().sum::<usize>(), 100_000);
        assert_eq!(lengths.iter().max(), Some(&PART));
        drop(taken);

        let events = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let mut silent = ResponseBody::new(Body::from_stream(events), exchanges.begin());
        let waiting = tokio::time::timeout(Duration::from_mins(10), silent.frame());
        let overdue = exchanges.overdue();
        tokio::select! {
            reason = overdue => panic!("{reason:?}"),
            silence = waiting => assert!(silence.is_err()),
        }
        let body = Body::from(vec![7; 100_000]);
        let mut ignored = ResponseBody::new(body, exchanges.begin());
        ignored.frame().await.unwrap().unwrap();
        let began = Instant::now();
        assert_eq!(exchanges.overdue().await, CloseReason::SlowReader);
        assert!(began.elapsed() >= MAX_WAIT);
        drop(ignored);
        drop(silent);
        let began = Instant::now();
        assert_eq!(exchanges.overdue().await, CloseReason::Idle);
        assert!(began.elapsed() >= HEAD);
    }
}
