//! Responses that consist of many outcomes: limited in size, and made on blocking threads if they are large
//!
//! A request of a few kilobytes may ask for the values of all flags for a thousand contexts. The response is written piece by piece and
//! refused when it becomes too long, so its memory is bounded for every request. Large responses are made by a few blocking threads; public
//! keys have their own threads, so that they do not delay other callers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::engine::coding::{self, ContentCoding};
use crate::http::api_error::ApiError;
use crate::http::budget::{FREE, Hold};
use crate::http::observe::UncodedBytes;
use crate::http::rate::RateLimitKeys;
use crate::http::state::HttpState;
use crate::runtime::offload::offload;

/// The maximum size of a response, before compression
pub(crate) const MAX_RESPONSE_BYTES: usize = 8 << 20;
/// A response up to this size and number of outcomes is made at once by the thread that serves the request: it takes about a millisecond
const MAX_INLINE_BYTES: usize = 256 << 10;
const MAX_INLINE_OUTCOMES: usize = 1_000;
/// How long a large response may wait for its turn, and any long one for room
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(10);

/// A body that is written piece by piece, up to a maximum size
#[derive(Debug)]
pub(crate) struct BoundedBody {
    bytes: Vec<u8>,
    limit: usize,
}

impl BoundedBody {
    fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
        }
    }

    /// Adds text, if there is room
    pub(crate) fn push(&mut self, text: &str) -> Result<(), ApiError> {
        self.reserve(text.len())?;
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// Adds a value as JSON, if there is room
    pub(crate) fn push_json(&mut self, value: &impl Serialize) -> Result<(), ApiError> {
        serde_json::to_writer(&mut *self, value).map_err(|error| {
            if error.is_io() {
                self.too_long()
            } else {
                ApiError::Internal(Box::new(error))
            }
        })
    }

    fn reserve(&self, more: usize) -> Result<(), ApiError> {
        if self.bytes.len().saturating_add(more) > self.limit {
            Err(self.too_long())
        } else {
            Ok(())
        }
    }

    fn too_long(&self) -> ApiError {
        ApiError::ResponseTooLong { limit: self.limit }
    }
}

impl io::Write for BoundedBody {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.reserve(piece.len())
            .map_err(|error| io::Error::new(io::ErrorKind::FileTooLarge, error))?;
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The turns of large responses
#[derive(Debug)]
pub(crate) struct Turns {
    public: Arc<Semaphore>,
    secret: Arc<Semaphore>,
}

impl Turns {
    /// Half of the processors for public keys, and as many for all others
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let half = processors.div_ceil(2);
        Self {
            public: Arc::new(Semaphore::new(half)),
            secret: Arc::new(Semaphore::new(half)),
        }
    }

    /// Runs `work` on a blocking thread when it has its turn; it runs to its end even if nobody waits for the result
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        is_public: bool,
        work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let turns = if is_public {
            &self.public
        } else {
            &self.secret
        };
        let turn = tokio::time::timeout(MAX_WAIT, Arc::clone(turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(ApiError::unavailable(
                "too many large responses are asked for at once: try again",
            ));
        };
        offload(move || {
            let done = work();
            drop(turn);
            done
        })
        .await?
    }
}

/// The caller of a response that consists of outcomes, and the number of outcomes
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) rate_limit_keys: &'a RateLimitKeys,
    pub(crate) outcomes: usize,
    pub(crate) accepted: ContentCoding,
}

/// Makes a body by `write`, which may be called twice and must not have other effects, and charges for it; also returns the result of
/// `write`
pub(crate) async fn respond<T: Send + 'static>(
    state: &HttpState,
    request: Request<'_>,
    write: impl Fn(&mut BoundedBody) -> Result<T, ApiError> + Send + 'static,
) -> Result<(Made, T), ApiError> {
    let limiter = &state.limiter;
    limiter.charge_outcomes(request.rate_limit_keys, request.outcomes)?;
    let accepted = request.accepted;
    let render = move |limit| {
        let mut body = BoundedBody::new(limit);
        let result = write(&mut body)?;
        let length = body.bytes.len();
        if length > FREE {
            // It grew by doubling, and is held until it has been read.
            body.bytes.shrink_to_fit();
        }
        let (coding, bytes) = coding::encode(body.bytes, accepted);
        let made = Made {
            coding,
            bytes,
            length,
        };
        Ok((made, result))
    };
    let caller = request.rate_limit_keys.caller();
    let budget = &state.budget;
    if request.outcomes <= MAX_INLINE_OUTCOMES {
        match render(MAX_INLINE_BYTES) {
            Err(ApiError::ResponseTooLong { .. }) => {}
            Err(error) => return Err(error),
            Ok((made, result)) => {
                // If there is no room, the body is dropped and made again later: nothing long is held while waiting.
                if let Some(hold) = budget.try_hold(caller, made.bytes.len()) {
                    return Ok((made.held(hold), result));
                }
            }
        }
    }
    let hold = budget.hold(caller, MAX_RESPONSE_BYTES).await?;
    let work = move || {
        let (made, result) = render(MAX_RESPONSE_BYTES)?;
        Ok((made.held(hold), result))
    };
    state.turns.run(caller.is_public(), work).await
}

/// A finished body
#[derive(Debug)]
pub(crate) struct Made {
    coding: ContentCoding,
    bytes: Bytes,
    length: usize,
}

impl Made {
    fn held(self, hold: Hold) -> Self {
        Self {
            bytes: hold.keep(self.bytes),
            ..self
        }
    }
}

impl IntoResponse for Made {
    fn into_response(self) -> Response {
        let mut response = (self.coding.header(), self.bytes).into_response();
        response.extensions_mut().insert(UncodedBytes(self.length));
        response
    }
}
