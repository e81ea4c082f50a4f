//! Responses that are made of many outcomes: bounded in bytes, and large ones made off the threads that serve everybody
//!
//! A request of a few kilobytes may ask for the values of all flags for a thousand contexts. It is written piece by piece and refused
//! when it gets too long, so what it takes is known whatever it asks for. What is large is made by a few blocking threads, of which
//! holders of keys that are no secret have their own, so that they keep nobody else waiting.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::api_error::ApiError;
use crate::auth::KeyKind;
use crate::budget::{FREE, Hold};
use crate::coding::{self, Coding};
use crate::observe::UncodedBytes;
use crate::rate::Bill;
use crate::state::AppState;

/// Bytes of a response, before it is compressed
pub(crate) const MAX_RESPONSE_BYTES: usize = 8 << 20;
/// What is no longer and of no more outcomes than this is made at once by the thread that serves the request: about a millisecond
const MAX_INLINE_BYTES: usize = 256 << 10;
const MAX_INLINE_OUTCOMES: usize = 1_000;
/// How long a large response may wait for its turn, and whatever is long for room
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(10);

/// A body that is written piece by piece, and never longer than it may be
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

    /// Adds text, if there is room for it
    pub(crate) fn push(&mut self, text: &str) -> Result<(), ApiError> {
        self.reserve(text.len())?;
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// Adds a value as JSON, if there is room for it
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

/// Turns of those who want large responses
#[derive(Debug)]
pub(crate) struct Turns {
    public: Arc<Semaphore>,
    secret: Arc<Semaphore>,
}

impl Turns {
    /// For holders of keys that are no secret half of the processors, for all others as many again
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let half = processors.div_ceil(2);
        Self {
            public: Arc::new(Semaphore::new(half)),
            secret: Arc::new(Semaphore::new(half)),
        }
    }

    /// Makes something on a blocking thread when it is its turn; it is finished also if nobody waits for it
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        is_public: bool,
        make: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
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
        let made = tokio::task::spawn_blocking(move || {
            let made = make();
            drop(turn);
            made
        });
        made.await
            .unwrap_or_else(|error| Err(ApiError::Internal(Box::new(error))))
    }
}

/// Who is sent a response that is made of outcomes, and of how many
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) bill: &'a Bill,
    /// `None` for somebody without a key
    pub(crate) kind: Option<KeyKind>,
    pub(crate) outcomes: usize,
    pub(crate) accepted: Coding,
}

/// Makes a body by `write`, which may be called twice and has no other effect, and charges for it; with what `write` tells
pub(crate) async fn respond<T: Send + 'static>(
    state: &AppState,
    request: Request<'_>,
    write: impl Fn(&mut BoundedBody) -> Result<T, ApiError> + Send + 'static,
) -> Result<(Made, T), ApiError> {
    let limiter = state.limiter();
    limiter.charge_outcomes(request.bill, request.outcomes)?;
    let accepted = request.accepted;
    let make = move |limit| {
        let mut body = BoundedBody::new(limit);
        let told = write(&mut body)?;
        let length = body.bytes.len();
        if length > FREE {
            // It grew by doubling, and is held for as long as somebody reads it.
            body.bytes.shrink_to_fit();
        }
        let (coding, bytes) = coding::answer(body.bytes, accepted);
        let made = Made {
            coding,
            bytes,
            length,
        };
        Ok((made, told))
    };
    let is_public = request.kind.is_none_or(KeyKind::is_public);
    let budget = state.budget();
    if request.outcomes <= MAX_INLINE_OUTCOMES {
        match make(MAX_INLINE_BYTES) {
            Err(ApiError::ResponseTooLong { .. }) => {}
            Err(error) => return Err(error),
            Ok((made, told)) => {
                // Where there is no room it is made again when there is: nothing long is held while it waits.
                if let Some(hold) = budget.try_hold(is_public, made.bytes.len()) {
                    return Ok((made.held(hold), told));
                }
            }
        }
    }
    let hold = budget.hold(is_public, MAX_RESPONSE_BYTES).await?;
    let make = move || {
        let (made, told) = make(MAX_RESPONSE_BYTES)?;
        Ok((made.held(hold), told))
    };
    state.turns().run(is_public, make).await
}

/// A body that was made
#[derive(Debug)]
pub(crate) struct Made {
    coding: Coding,
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
