//! What is noted of every request: its id, in the log and in the answer, and how long it took

use std::sync::{Arc, OnceLock};

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::api_error::ApiError;
use crate::budget::{FREE, Hold};
use crate::client_address;
use crate::rate::Bill;
use crate::state::AppState;
use crate::store::Origin;

/// Names a request from where it begins to where it ends
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// Longer ones are replaced: they would be repeated in every line of the log
const ID_LENGTH: usize = 128;

/// What is known of a request until its response is there
#[derive(Debug, Clone, Default)]
struct Noted(Arc<Notes>);

#[derive(Debug, Default)]
struct Notes {
    /// The accounts, once it is known whose it is: the length of its response is charged to them
    bill: OnceLock<Bill>,
    /// Whether it comes with a secret
    is_secret: OnceLock<()>,
    /// The room for its body
    body: OnceLock<Hold>,
}

/// Of a response that was more work than its length tells: the bytes that it is made of
#[derive(Debug, Clone, Copy)]
pub(crate) struct UncodedBytes(pub(crate) usize);

/// Notes whom to charge for the response
pub(crate) fn note_bill(extensions: &Extensions, bill: &Bill) {
    if let Some(Noted(notes)) = extensions.get() {
        // A request is admitted once.
        let _ = notes.bill.set(bill.clone());
    }
}

/// Notes that the request comes with a secret
pub(crate) fn note_secret(extensions: &Extensions) {
    if let Some(Noted(notes)) = extensions.get() {
        let _ = notes.is_secret.set(());
    }
}

/// Waits until there is room for so many bytes of a request's body, which it has until the response is made; what was read from the
/// body takes as much
pub(crate) async fn hold_body(
    extensions: &Extensions,
    state: &AppState,
    bytes: usize,
) -> Result<(), ApiError> {
    let Some(Noted(notes)) = extensions.get() else {
        return Ok(());
    };
    if bytes <= FREE || notes.body.get().is_some() {
        return Ok(());
    }
    let is_public = notes.is_secret.get().is_none();
    let hold = state.budget().hold(is_public, bytes).await?;
    // Nobody reads a body twice at once.
    let _ = notes.body.set(hold);
    Ok(())
}

/// The bytes of a response; of one that is made while it is sent nothing is known yet
fn response_bytes(response: &Response) -> usize {
    let uncoded = response
        .extensions()
        .get()
        .map(|UncodedBytes(bytes)| *bytes);
    let exact = || usize::try_from(response.body().size_hint().exact()?).ok();
    uncoded.or_else(exact).unwrap_or_default()
}

/// Counts and times a request, and logs what happens in it under its id
pub(crate) async fn observe(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let id = request_id(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let client = client_address::note(&mut request, &state.limits().proxies);
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
        // Without the query: what is in there is nobody's business but the audit's.
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
    if let Some(bill) = noted.0.bill.get() {
        state.limiter().add_bytes(bill, response_bytes(&response));
    }
    let status = response.status().as_u16();
    let route = route.as_ref().map(MatchedPath::as_str);
    state.metrics().answered(&method, route, status, duration);
    tracing::debug!(parent: &span, status, ?duration, "answered");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The id that the request came with, if it is one that can be repeated, or a new one
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

/// The trace that the request is part of (W3C Trace Context, version 00)
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
