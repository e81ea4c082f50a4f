//! `Idempotency-Key`: a write that is sent again is answered as it was, and never applied twice
//!
//! ```text
//! admit ─► read the body ─► claim ─► the write, whose transaction marks the claim as applied ─► keep the answer
//! ```
//!
//! Nothing is read or stored for a caller who may not write by the route, or who writes too often; a repetition counts as a write.
//!
//! What is claimed is finished, also where the caller has gone away: that is when it comes again. A claim is a lease, which the node
//! that runs the write renews: after a crash before the transaction the key is free again within [`LEASE`]; after one between the
//! transaction and the answer the write is known to have been applied.

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

use crate::api_error::{ApiError, chain};
use crate::auth::{hex, token};
use crate::extract::{WriteAccess, whole_body};
use crate::offload::{Ended, offload};
use crate::sealed;
use crate::state::AppState;
use crate::store::{Claim, Claimed, NewClaim};

/// The request's header
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says of an answer that it is one that was given before
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// For so long a key is remembered
const KEPT: Duration = Duration::from_hours(24);
/// A claim that was not renewed for so long is of a node that is gone, or that hangs and will find its claim taken
pub(crate) const LEASE: Duration = Duration::from_secs(15);
/// Renewals within one lease, so that one of them may be late
const RENEWALS: u32 = 3;
/// Keys of one token that are remembered at a time
const MOST: u32 = 10_000;
/// Bytes of an answer that is kept; of a longer one only that there was one
const ANSWER_BYTES: usize = 1 << 20;
/// Bytes of a body that are hashed in less time than it takes to have another thread do it
const SMALL: usize = 64 << 10;
/// What an answer is kept with
const HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// An answer as it is kept
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Answers a write that comes with a key that has been seen as it was answered then
pub(crate) async fn once(
    State((state, access)): State<(AppState, WriteAccess)>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    match begin(&state, access, &mut parts, body).await {
        Ok(Begun::New(attempt, bytes)) => {
            let request = Request::from_parts(parts, Body::from(bytes));
            // A task of its own, which ends also if the caller does not wait.
            let finished = tokio::spawn(async move {
                // Ends with the set, also where the write panics.
                let mut renewing = JoinSet::new();
                renewing.spawn(renew_loop(state.clone(), attempt.claim.clone()));
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

/// A write that is under way, and with what its answer is sealed
struct Attempt {
    claim: Claim,
    token: String,
}

async fn begin(
    state: &AppState,
    access: WriteAccess,
    parts: &mut Parts,
    body: Body,
) -> Result<Begun, ApiError> {
    let grant = access.admit(parts, state).await?;
    let key = key(&parts.headers)?;
    if state.contact().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    let bytes = whole_body(&parts.extensions, state, (body, access.body_bytes)).await?;
    let token = token(parts).unwrap_or_default().to_owned();
    let claim = Claim {
        scope: grant.scope(),
        key: key.into(),
        id: format!("{:032x}", rand::random::<u128>()).into(),
    };
    let now = state.now();
    let lease = state.limits().idempotency_lease;
    let new = NewClaim {
        claim: claim.clone(),
        fingerprint: fingerprint(parts, &bytes).await?,
        at: now,
        expires_at: shifted(now, KEPT, i64::saturating_add),
        abandoned_before: shifted(now, lease, i64::saturating_sub),
        most: MOST,
    };
    let attempt = Attempt { claim, token };
    match state.store().claim(new).await? {
        Claimed::Mine => {
            parts
                .extensions
                .insert(grant.with_claim(attempt.claim.clone()));
            Ok(Begun::New(attempt, bytes))
        }
        Claimed::Answered(sealed) => {
            let kept = attempt.open(&sealed).ok_or(ApiError::AppliedBefore)?;
            Ok(Begun::Before(kept.answer()))
        }
        Claimed::Applied => Err(ApiError::AppliedBefore),
        Claimed::UnderWay { since } => Err(ApiError::UnderWay {
            retry_after: retry_after(shifted(since, lease, i64::saturating_add), now),
        }),
        Claimed::Reused => Err(ApiError::KeyReused),
        Claimed::TooMany => Err(ApiError::TooManyIdempotencyKeys { limit: MOST }),
    }
}

/// Seconds until a lease ends unless it is renewed: by then the write has been answered, goes on, or may be taken over
fn retry_after(end: Timestamp, now: Timestamp) -> u64 {
    let millis = end.as_millis().saturating_sub(now.as_millis());
    let millis = u64::try_from(millis).unwrap_or_default();
    millis.div_ceil(1_000).clamp(1, LEASE.as_secs())
}

/// Renews the lease of a claim until it is applied, given up or taken by another attempt
async fn renew_loop(state: AppState, claim: Claim) {
    let lease = state.limits().idempotency_lease;
    let pause = lease.checked_div(RENEWALS).unwrap_or(lease);
    loop {
        tokio::time::sleep(pause).await;
        match state.store().renew(&claim, state.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            // The next one may succeed.
            Err(error) => tracing::debug!(error = chain(&error), "a claim was not renewed"),
        }
    }
}

impl Attempt {
    /// Keeps what came of it, and answers it
    async fn finish(self, state: &AppState, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let Ok(bytes) = to_bytes(body, usize::MAX).await else {
            return ApiError::Internal("an answer that has no end".into()).into_response();
        };
        // What was refused may be sent again, and is refused again or not.
        let stored = if parts.status.is_success() {
            match self.seal(parts.status, &parts.headers, &bytes) {
                Some(answer) => state.store().keep_answer(&self.claim, answer).await,
                None => Ok(()),
            }
        } else {
            state.store().release(&self.claim).await
        };
        if let Err(error) = stored {
            // The next one is told that it was applied, or waits until this one is forgotten.
            tracing::warn!(error = chain(&error), "an answer could not be kept");
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
        let kept = Kept {
            status: status.as_u16(),
            headers: HEADERS.iter().filter_map(header).collect(),
            body: String::from_utf8(body.to_vec()).ok()?,
        };
        sealed::seal(
            &self.token,
            &self.purpose(),
            serde_json::to_vec(&kept).ok()?,
        )
    }

    fn open(&self, sealed: &str) -> Option<Kept> {
        let text = sealed::open(&self.token, &self.purpose(), sealed)?;
        serde_json::from_slice(&text).ok()
    }

    /// What an answer is sealed for: it opens as no other one's
    fn purpose(&self) -> String {
        format!("idempotency {} {}", self.claim.scope, self.claim.key)
    }
}

impl Kept {
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

/// The key: a string as structured headers have it, in double quotes, or just its characters
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

/// A hash of everything that makes one request another than the next
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
        hex(&hash.finalize())
    };
    if length < SMALL {
        Ok(finish())
    } else {
        offload(finish).await
    }
}

/// A piece with its length, so that it cannot be mistaken for a part of the next one
fn add(hash: &mut Sha256, piece: &[u8]) {
    hash.update(piece.len().to_be_bytes());
    hash.update(piece);
}

fn shifted(at: Timestamp, by: Duration, shift: fn(i64, i64) -> i64) -> Timestamp {
    let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(shift(at.as_millis(), millis))
}
