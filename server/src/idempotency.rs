//! `Idempotency-Key`: a write that is sent again gets its first response again and is never applied twice
//!
//! ```text
//! admit ─► read the body ─► claim ─► the write, whose transaction marks the claim as applied ─► store the response
//! ```
//!
//! Nothing is read or stored for a caller who may not use the route or writes too often; a repetition counts as a write.
//!
//! A claimed write is completed even if the caller disconnects, since that is when callers retry. A claim is a lease, which the node that
//! runs the write renews: after a crash before the transaction the key is free again within [`LEASE`]; after a crash between transaction
//! and response the write is known to have been applied.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use crate::access::auth::bearer_or_cookie;
use crate::access::guards::WriteAccess;
use crate::access::state::AccessState;
use crate::crypto::token_encryption;
use crate::http::api_error::ApiError;
use crate::http::body::whole_body;
use crate::runtime::logging::error_chain;
use crate::runtime::offload::{Ended, offload};
use crate::store::{Claim, ClaimResult, NewClaim};

/// The header of the request
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Set on a response that is a repetition
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long a key is remembered
const KEPT: Duration = Duration::from_hours(24);
/// If a claim was not renewed for this long, its node has stopped, or hangs and will find that another attempt has the claim
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// Renewals within one lease, so that one of them may be late
const RENEWALS: u32 = 3;
/// The maximum number of remembered keys per token
const MOST: u32 = 10_000;
/// The maximum size of a stored response; for a larger one, only the fact that the write was applied is stored
const ANSWER_BYTES: usize = 1 << 20;
/// A body up to this size is hashed faster than it could be handed to another thread
const SMALL: usize = 64 << 10;
/// The headers that are stored with a response
const HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// A stored response
#[derive(Serialize, Deserialize)]
struct StoredResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Responds to a write whose key has been seen with the first response
pub(crate) async fn replay_layer(
    State((state, lease, access)): State<(Arc<AccessState>, Duration, WriteAccess)>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match begin(&state, (lease, access), &mut parts, body).await {
        Ok(Begun::New(attempt, bytes)) => {
            let request = Request::from_parts(parts, Body::from(bytes));
            // A task of its own, which runs to its end even if the caller disconnects.
            let finished = tokio::spawn(async move {
                // Ends when the set is dropped, also if the write panics.
                let mut renewing = JoinSet::new();
                renewing.spawn(renew_loop(Arc::clone(&state), lease, attempt.claim.clone()));
                let response = next.run(request).await;
                drop(renewing);
                attempt.finish(&state, response).await
            });
            let finished = finished.await;
            finished.unwrap_or_else(|error| ApiError::Internal(Box::new(error)).into_response())
        }
        Ok(Begun::Before(response)) => response,
        Err(error) => error.into_response(),
    }
}

enum Begun {
    New(Attempt, Bytes),
    Before(Response),
}

/// A write in progress, and what its stored response is encrypted with
struct Attempt {
    claim: Claim,
    token: String,
}

async fn begin(
    state: &Arc<AccessState>,
    (lease, access): (Duration, WriteAccess),
    parts: &mut Parts,
    body: Body,
) -> Result<Begun, ApiError> {
    let principal = access.admit(parts, state).await?;
    let key = key(&parts.headers)?;
    if state.engine.store_health().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    let bytes = whole_body(&parts.extensions, &state.http, (body, access.body_bytes)).await?;
    let token = bearer_or_cookie(parts, state)
        .unwrap_or_default()
        .to_owned();
    let claim = Claim {
        scope: principal.idempotency_scope(),
        key: key.into(),
        id: format!("{:032x}", rand::random::<u128>()).into(),
    };
    let now = state.engine.now();
    let new = NewClaim {
        claim: claim.clone(),
        fingerprint: fingerprint(parts, &bytes).await?,
        at: now,
        expires_at: shifted(now, KEPT, i64::saturating_add),
        abandoned_before: shifted(now, lease, i64::saturating_sub),
        most: MOST,
    };
    let attempt = Attempt { claim, token };
    match state.engine.store().claim(new).await? {
        ClaimResult::Mine => {
            parts
                .extensions
                .insert(principal.with_claim(attempt.claim.clone()));
            Ok(Begun::New(attempt, bytes))
        }
        ClaimResult::Answered(sealed) => {
            let kept = attempt.open(&sealed).ok_or(ApiError::AppliedBefore)?;
            Ok(Begun::Before(kept.answer()))
        }
        ClaimResult::Applied => Err(ApiError::AppliedBefore),
        ClaimResult::UnderWay { since } => Err(ApiError::UnderWay {
            retry_after: retry_after(shifted(since, lease, i64::saturating_add), now),
        }),
        ClaimResult::Reused => Err(ApiError::KeyReused),
        ClaimResult::TooMany => Err(ApiError::TooManyIdempotencyKeys { limit: MOST }),
    }
}

/// Seconds until a lease ends unless it is renewed; by then the write has ended, is still running, or another attempt may take over
fn retry_after(end: Timestamp, now: Timestamp) -> u64 {
    let millis = end.as_millis().saturating_sub(now.as_millis());
    let millis = u64::try_from(millis).unwrap_or_default();
    millis.div_ceil(1_000).clamp(1, LEASE.as_secs())
}

/// Renews the lease of a claim until it is applied, released or taken by another attempt
async fn renew_loop(state: Arc<AccessState>, lease: Duration, claim: Claim) {
    let pause = lease.checked_div(RENEWALS).unwrap_or(lease);
    loop {
        tokio::time::sleep(pause).await;
        match state.engine.store().renew(&claim, state.engine.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            // The next renewal may succeed.
            Err(error) => tracing::debug!(error = error_chain(&error), "a claim was not renewed"),
        }
    }
}

impl Attempt {
    /// Stores the response and returns it
    async fn finish(self, state: &AccessState, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let Ok(bytes) = to_bytes(body, usize::MAX).await else {
            return ApiError::Internal("an answer that has no end".into()).into_response();
        };
        // A refused write may be sent again, and is then decided again.
        let stored = if parts.status.is_success() {
            match self.seal(parts.status, &parts.headers, &bytes) {
                Some(answer) => {
                    state
                        .engine
                        .store()
                        .store_response(&self.claim, answer)
                        .await
                }
                None => Ok(()),
            }
        } else {
            state.engine.store().release(&self.claim).await
        };
        if let Err(error) = stored {
            // A retry gets the response that the write was applied, or waits until this claim expires.
            tracing::warn!(error = error_chain(&error), "an answer could not be kept");
        }
        Response::from_parts(parts, Body::from(bytes))
    }

    fn seal(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<String> {
        if body.len() > ANSWER_BYTES {
            return None;
        }
        let header = |name: &HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        };
        let kept = StoredResponse {
            status: status.as_u16(),
            headers: HEADERS.iter().filter_map(header).collect(),
            body: String::from_utf8(body.to_vec()).ok()?,
        };
        token_encryption::encrypt(
            &self.token,
            &self.purpose(),
            serde_json::to_vec(&kept).ok()?,
        )
    }

    fn open(&self, sealed: &str) -> Option<StoredResponse> {
        let text = token_encryption::decrypt(&self.token, &self.purpose(), sealed)?;
        serde_json::from_slice(&text).ok()
    }

    /// The purpose of the encryption: each response decrypts only for its own request
    fn purpose(&self) -> String {
        format!("idempotency {} {}", self.claim.scope, self.claim.key)
    }
}

impl StoredResponse {
    fn answer(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, self.body).into_response();
        let headers = response.headers_mut();
        headers.remove(CONTENT_TYPE);
        for (name, value) in self.headers {
            let name = HeaderName::try_from(name).ok();
            if let Some((name, value)) = name.zip(HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

/// The key: a string of structured headers, in double quotes, or its characters alone
fn key(headers: &HeaderMap) -> Result<String, ApiError> {
    let expected = "expected 1 to 255 visible ASCII characters, best random ones";
    let wrong = || ApiError::invalid("Idempotency-Key", expected);
    let mut values = headers.get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(wrong());
    };
    let text = value.to_str().map_err(|_| wrong())?.trim();
    let bare = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let key = bare.unwrap_or(text);
    let is_usable =
        (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if is_usable {
        Ok(key.to_owned())
    } else {
        Err(wrong())
    }
}

/// A hash of everything in which two requests can differ
async fn fingerprint(parts: &Parts, body: &Bytes) -> Result<String, Ended> {
    let mut hash = Sha256::new();
    let if_match = parts.headers.get(IF_MATCH).map(HeaderValue::as_bytes);
    let address = parts.extensions.get::<axum::extract::OriginalUri>();
    let address = address
        .map_or(&parts.uri, |original| &original.0)
        .to_string();
    let pieces = [
        parts.method.as_str().as_bytes(),
        address.as_bytes(),
        if_match.unwrap_or_default(),
    ];
    for piece in pieces {
        add(&mut hash, piece);
    }
    let body = body.clone();
    let length = body.len();
    let finish = move || {
        add(&mut hash, &body);
        hex::encode(hash.finalize())
    };
    if length < SMALL {
        Ok(finish())
    } else {
        offload(finish).await
    }
}

/// Adds a piece with its length, so that it cannot be confused with a part of the next piece
fn add(hash: &mut Sha256, piece: &[u8]) {
    hash.update(piece.len().to_be_bytes());
    hash.update(piece);
}

fn shifted(at: Timestamp, by: Duration, shift: fn(i64, i64) -> i64) -> Timestamp {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(shift(at.as_millis(), millis))
}
