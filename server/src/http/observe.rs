//! The id, the log line and the duration of every request

use std::sync::{Arc, OnceLock};

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::http::api_error::ApiError;
use crate::http::budget::{Caller, FREE, Hold};
use crate::http::client_address;
use crate::http::rate::RateLimitKeys;
use crate::http::state::HttpState;
use crate::store::Origin;

/// The id of a request, also of the response
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// Longer ids are replaced: they would be repeated in every line of the log
const ID_LENGTH: usize = 128;

/// What is known about a request until its response is made
#[derive(Debug, Clone, Default)]
struct Noted(Arc<Notes>);

#[derive(Debug, Default)]
struct Notes {
    /// The rate-limit keys, once the caller is known; the length of the response is charged to them
    rate_limit_keys: OnceLock<RateLimitKeys>,
    /// The room for the request's body
    body: OnceLock<Hold>,
    /// The caller's name in the audit
    actor: OnceLock<Arc<str>>,
}

/// Marks the response to a write that was applied
#[derive(Debug, Clone, Copy)]
struct Applied;

/// Marks what a route of people answers to a write, so that it is logged; a dry run writes nothing
pub(crate) async fn mark_write(request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let is_dry_run = query.split('&').any(|parameter| parameter == "dryRun=true");
    let is_write = !request.method().is_safe() && !is_dry_run;
    let mut response = next.run(request).await;
    if is_write && response.status().is_success() {
        response.extensions_mut().insert(Applied);
    }
    response
}

/// Records the caller of a request
pub(crate) fn record_actor(extensions: &Extensions, actor: Arc<str>) {
    if let Some(Noted(notes)) = extensions.get() {
        // A request is admitted once.
        let _ = notes.actor.set(actor);
    }
}

/// The size of a response before compression, if producing it is more work than its length indicates
#[derive(Debug, Clone, Copy)]
pub(crate) struct UncodedBytes(pub(crate) usize);

/// Sets whom to charge for the response
pub(crate) fn note_rate_limit_keys(extensions: &Extensions, rate_limit_keys: &RateLimitKeys) {
    if let Some(Noted(notes)) = extensions.get() {
        // A request is admitted only once.
        let _ = notes.rate_limit_keys.set(rate_limit_keys.clone());
    }
}

/// Waits for room for this many bytes of the request's body, which is kept until the response is made: what is parsed from the body takes
/// as much
pub(crate) async fn hold_body(
    extensions: &Extensions,
    state: &HttpState,
    bytes: usize,
) -> Result<(), ApiError> {
    let Some(Noted(notes)) = extensions.get() else {
        return Ok(());
    };
    if bytes <= FREE || notes.body.get().is_some() {
        return Ok(());
    }
    let caller = notes
        .rate_limit_keys
        .get()
        .map_or(Caller::Public(None), RateLimitKeys::caller);
    let hold = state.budget.hold(caller, bytes).await?;
    // Nobody reads a body twice at the same time.
    let _ = notes.body.set(hold);
    Ok(())
}

/// The size of a response; 0 if it is made while it is sent
fn response_bytes(response: &Response) -> usize {
    let uncoded = response
        .extensions()
        .get()
        .map(|UncodedBytes(bytes)| *bytes);
    let exact = || usize::try_from(response.body().size_hint().exact()?).ok();
    uncoded.or_else(exact).unwrap_or_default()
}

/// Counts and times a request, and logs it with its id
pub(crate) async fn observe(
    State(state): State<Arc<HttpState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let id = request_id(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let client = client_address::record(&mut request, &state.proxies);
    request.extensions_mut().insert(Origin {
        address: client.map(|address| address.to_string().into()),
        request_id: id.to_str().ok().map(Arc::from),
        claim: None,
    });
    let noted = Noted::default();
    request.extensions_mut().insert(noted.clone());
    let span = tracing::info_span!(
        "request",
        %method,
        // Without the query, which may contain personal data.
        path = request.uri().path(),
        request_id = id.to_str().unwrap_or_default(),
        client = client.map(tracing::field::display),
        trace_id = Empty,
    );
    if let Some(trace) = trace_id(request.headers()) {
        span.record("trace_id", trace);
    }
    let mut response = next.run(request).instrument(span.clone()).await;
    let duration = begun.elapsed();
    if let Some(rate_limit_keys) = noted.0.rate_limit_keys.get() {
        state
            .limiter
            .add_bytes(rate_limit_keys, response_bytes(&response));
    }
    let status = response.status().as_u16();
    let route = route.as_ref().map(MatchedPath::as_str);
    state
        .metrics
        .record_request(&method, route, status, duration);
    tracing::debug!(parent: &span, status, ?duration, "answered");
    if response.extensions().get::<Applied>().is_some() {
        let actor = noted.0.actor.get().map(|actor| &**actor);
        tracing::info!(parent: &span, status, actor, ?duration, "written");
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The id that the request came with, if it is usable, or a new one
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_usable = |id: &&HeaderValue| {
        (1..=ID_LENGTH).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    let given = headers.get(REQUEST_ID).filter(is_usable).cloned();
    given.unwrap_or_else(|| {
        HeaderValue::try_from(format!("{:032x}", rand::random::<u128>()))
            .unwrap_or(HeaderValue::from_static("none"))
    })
}

/// The trace id of the request (W3C Trace Context, version 00)
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut parts = headers.get(TRACE_PARENT)?.to_str().ok()?.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let is_hex = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_trace = trace.len() == 32 && is_hex(trace) && trace.bytes().any(|byte| byte != b'0');
    (version.len() == 2 && is_hex(version) && version != "ff" && is_trace).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn an_id_that_can_be_repeated_is_kept() {
        let long = "a".repeat(ID_LENGTH);
        for id in ["1", "0b9c-4f/7:a", &long] {
            assert_eq!(request_id(&headers(REQUEST_ID, id)), id);
        }
        for id in ["", "two words", "b\tc", &format!("{long}a")] {
            let made = request_id(&headers(REQUEST_ID, id));
            assert!(made != id && made.len() == 32, "{id}: {made:?}");
        }
    }

    #[test]
    fn a_trace_is_taken_only_from_what_is_one() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(trace_id(&headers(TRACE_PARENT, &parent)), Some(trace));
        for other in [
            "",
            "00",
            &parent.replace(trace, "4bf9"),
            &parent.replace(trace, &"0".repeat(32)),
            &parent.to_uppercase(),
            &parent.replacen("00", "ff", 1),
        ] {
            assert_eq!(trace_id(&headers(TRACE_PARENT, other)), None, "{other}");
        }
    }
}
