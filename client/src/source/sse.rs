//! One connection to the stream
//!
//! eventsource-client can reconnect by itself, but it would send the id of the last event that it saw, and the cursor is the replica's
//! to forget; it knows no `Retry-After`; and its delays cannot be tested without waiting. So it serves one connection at a time.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use eventsource_client::{Client as _, ClientBuilder, Error, ReconnectOptions, SSE};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Request, Response};
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture, TransportError};
use sync_wrapper::{SyncFuture, SyncStream};

use super::{Events, Failure, WireEvent};
use crate::backoff::parse_retry_after;
use crate::config::Remote;

type SseStream = Pin<Box<dyn futures_util::Stream<Item = Result<SSE, Error>> + Send + Sync>>;

/// The events of one connection
pub(crate) struct EventStream {
    events: SseStream,
}

impl EventStream {
    pub(super) async fn open(
        client: reqwest::Client,
        remote: &Remote,
        cursor: Option<&str>,
    ) -> Result<Self, Failure> {
        // The key was checked to be a header's text when the client was built.
        let authorization = remote
            .authorization
            .to_str()
            .map_err(|error| Failure::Unreachable(Box::new(error)))?;
        let mut builder = ClientBuilder::for_url(remote.stream.as_str()).map_err(failure)?;
        builder = builder
            .header("authorization", authorization)
            .map_err(failure)?;
        // reqwest follows redirects, and drops the key where one leads to another host.
        builder = builder.redirect_limit(0).reconnect(
            ReconnectOptions::reconnect(false)
                .retry_initial(false)
                .build(),
        );
        if let Some(cursor) = cursor {
            builder = builder.last_event_id(cursor.to_owned());
        }
        let mut events = builder.build_with_transport(Transport(client)).stream();
        match events.next().await {
            Some(Ok(SSE::Connected(details))) => {
                let content_type = header(details.response(), "content-type").unwrap_or_default();
                if content_type.starts_with("text/event-stream") {
                    Ok(Self { events })
                } else {
                    Err(Failure::NotAStream {
                        content_type: content_type.to_owned(),
                    })
                }
            }
            Some(Err(error)) => Err(failure(error)),
            Some(Ok(SSE::Event(_) | SSE::Comment(_))) | None => Err(Failure::Ended),
        }
    }
}

impl Events for EventStream {
    async fn next(&mut self) -> Result<WireEvent, Failure> {
        loop {
            match self.events.next().await {
                Some(Ok(SSE::Event(event))) => {
                    // The id stays the last one seen where an event has none of its own. Only commits have one, and each has (PR-7).
                    let retry = event.retry.map(Duration::from_millis);
                    return Ok(WireEvent {
                        name: event.event_type,
                        data: event.data,
                        id: event.id,
                        retry,
                    });
                }
                Some(Ok(SSE::Comment(_) | SSE::Connected(_))) => {}
                Some(Err(error)) => return Err(failure(error)),
                None => return Err(Failure::Ended),
            }
        }
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::UnexpectedResponse(response, _) => {
            let retry_after = header(&response, "retry-after")
                .and_then(|text| parse_retry_after(text, SystemTime::now()));
            Failure::of_status(response.status(), retry_after)
        }
        Error::Eof | Error::UnexpectedEof => Failure::Ended,
        error => Failure::Unreachable(Box::new(error)),
    }
}

fn header<'a>(response: &'a eventsource_client::Response, name: &str) -> Option<&'a str> {
    response.get_header_value(name).ok().flatten()
}

/// eventsource-client's requests, sent by reqwest
#[derive(Clone)]
struct Transport(reqwest::Client);

impl HttpTransport for Transport {
    fn request(&self, request: Request<Option<Bytes>>) -> ResponseFuture {
        let client = self.0.clone();
        // The trait asks for Sync, which reqwest's futures are not; nothing is ever polled from two threads.
        Box::pin(SyncFuture::new(async move {
            let request = request.map(Option::unwrap_or_default);
            let request = reqwest::Request::try_from(request).map_err(TransportError::new)?;
            let response = client.execute(request).await.map_err(TransportError::new)?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body: ByteStream = Box::pin(SyncStream::new(
                response.bytes_stream().map_err(TransportError::new),
            ));
            let mut answer = Response::new(body);
            *answer.status_mut() = status;
            *answer.headers_mut() = headers;
            Ok(answer)
        }))
    }
}
