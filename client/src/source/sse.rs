//! One connection to the stream
//!
//! eventsource-client can reconnect by itself, but it would send the id of the last event that it received, whereas the replica may have
//! dropped the cursor; it ignores `Retry-After`; and its delays cannot be tested without waiting. So it is used for one connection at a time.

use std::pin::Pin;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use eventsource_client::{Client as _, ClientBuilder, Error, ReconnectOptions, SSE};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Request, Response};
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture, TransportError};
use sync_wrapper::{SyncFuture, SyncStream};

use super::{EventStream, SourceError, SseEvent, rejection};
use crate::backoff::parse_retry_after;
use crate::config::ServerEndpoints;
use crate::error::chain;

type SseStream = Pin<Box<dyn futures_util::Stream<Item = Result<SSE, Error>> + Send + Sync>>;

/// The events of one connection
pub(crate) struct SseConnection {
    events: SseStream,
}

impl SseConnection {
    pub(super) async fn open(
        client: reqwest::Client,
        endpoints: &ServerEndpoints,
        cursor: Option<&str>,
    ) -> Result<Self, SourceError> {
        // Cannot fail: the builder has checked the key.
        let authorization = endpoints
            .authorization
            .to_str()
            .map_err(|error| SourceError::Unreachable(Box::new(error)))?;
        let mut builder =
            ClientBuilder::for_url(endpoints.stream.as_str()).map_err(source_error)?;
        builder = builder
            .header("authorization", authorization)
            .map_err(source_error)?;
        // reqwest follows redirects, and removes the key when one leads to another host.
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
                    Err(SourceError::NotAStream {
                        content_type: content_type.to_owned(),
                    })
                }
            }
            Some(Err(Error::UnexpectedResponse(response, body))) => {
                let retry_after = header(&response, "retry-after")
                    .and_then(|text| parse_retry_after(text, SystemTime::now()));
                Err(rejection::read(response.status(), retry_after, body.into_stream()).await)
            }
            Some(Err(error)) => Err(source_error(error)),
            Some(Ok(SSE::Event(_) | SSE::Comment(_))) | None => Err(SourceError::Ended),
        }
    }
}

impl EventStream for SseConnection {
    async fn next(&mut self) -> Result<SseEvent, SourceError> {
        loop {
            match self.events.next().await {
                Some(Ok(SSE::Event(event))) => {
                    // An event without an id inherits the last one. That is harmless: all commits have an id, and nothing else has (PR-7).
                    let retry = event.retry.map(Duration::from_millis);
                    return Ok(SseEvent {
                        name: event.event_type,
                        data: event.data,
                        id: event.id,
                        retry,
                    });
                }
                Some(Ok(SSE::Comment(_) | SSE::Connected(_))) => {}
                Some(Err(error)) => return Err(source_error(error)),
                None => return Err(SourceError::Ended),
            }
        }
    }
}

fn source_error(error: Error) -> SourceError {
    match error {
        Error::Eof | Error::UnexpectedEof => SourceError::Ended,
        // Both say "transport error" of their cause, and its own causes are those that tell what to do.
        Error::Transport(error) => SourceError::Unreachable(chain(error.inner()).into()),
        Error::HttpStream(error) => {
            let cause = error.downcast_ref().map(TransportError::inner);
            SourceError::Unreachable(chain(cause.unwrap_or(&*error)).into())
        }
        error => SourceError::Unreachable(Box::new(error)),
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
        // The trait requires Sync, which reqwest's futures are not; they are never polled from two threads.
        Box::pin(SyncFuture::new(async move {
            let request = request.map(Option::unwrap_or_default);
            let request = reqwest::Request::try_from(request).map_err(TransportError::new)?;
            let response = client.execute(request).await.map_err(TransportError::new)?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body: ByteStream = Box::pin(SyncStream::new(
                response.bytes_stream().map_err(TransportError::new),
            ));
            let mut converted = Response::new(body);
            *converted.status_mut() = status;
            *converted.headers_mut() = headers;
            Ok(converted)
        }))
    }
}
