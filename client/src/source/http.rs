//! The server over HTTP: the stream by eventsource-client, the polls by reqwest, both over one connection pool

use std::time::{Duration, SystemTime};

use flagstaff_core::Value;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use reqwest::Url;

use super::sse::EventStream;
use super::{Failure, Polled, Source, tls};
use crate::acknowledge::spread_of;
use crate::backoff::parse_retry_after;
use crate::config::{Config, Remote};
use crate::usage::report::Sender;

const USER_AGENT: &str = concat!("flagstaff-rust/", env!("CARGO_PKG_VERSION"));

/// A small request is answered by then, or the server is not there
const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest timeout, some 30 years: reqwest adds it to the present instant, which panics where the sum cannot be represented
const NEVER: Duration = Duration::from_hours(24 * 365 * 30);

/// The server over HTTP
#[derive(Debug, Clone)]
pub(crate) struct HttpSource {
    client: reqwest::Client,
    // With who asks in the stream's query.
    remote: Remote,
    instance: String,
}

/// Why there can be no HTTP at all on this machine
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("HTTP cannot be set up")]
    Http(#[from] reqwest::Error),
}

impl HttpSource {
    pub(crate) fn new(config: &Config, sender: &Sender) -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config()?)
            .user_agent(USER_AGENT)
            .connect_timeout(config.timing.connect_timeout.min(NEVER))
            // Between reads, so that it also finds a peer that vanished; no total timeout, which would cut a healthy stream.
            .read_timeout(config.timing.read_timeout.min(NEVER))
            .build()?;
        let mut remote = config.remote.clone();
        let Sender { instance, sdk } = sender;
        let mut query = remote.stream.query_pairs_mut();
        query.append_pair("instance", instance);
        query.append_pair("sdk", &format!("{}/{}", sdk.name, sdk.version));
        drop(query);
        Ok(Self {
            client,
            remote,
            instance: instance.clone(),
        })
    }
}

impl HttpSource {
    /// Tells the server what was evaluated
    pub(crate) async fn report(&self, body: String) -> Result<(), Failure> {
        self.post(self.remote.usage.clone(), body).await.map(drop)
    }

    async fn post(&self, url: Url, body: String) -> Result<reqwest::Response, Failure> {
        let request = self
            .client
            .post(url)
            .header(AUTHORIZATION, &self.remote.authorization)
            .header(CONTENT_TYPE, "application/json")
            .timeout(POST_TIMEOUT)
            .body(body);
        let response = request.send().await.map_err(unreachable)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let retry_after = retry_after(response.headers());
        Err(Failure::of_status(response.status().as_u16(), retry_after))
    }
}

impl Source for HttpSource {
    type Stream = EventStream;

    async fn connect(&self, cursor: Option<&str>) -> Result<EventStream, Failure> {
        EventStream::open(self.client.clone(), &self.remote, cursor).await
    }

    async fn acknowledge(&self, cursor: &str) -> Result<Option<Duration>, Failure> {
        let members = [("instance", &*self.instance), ("cursor", cursor)];
        let body = Value::object(members.map(|(name, text)| (name, Value::from(text))));
        let url = self.remote.applied.clone();
        let answer = self.post(url, body.to_canonical()).await?;
        let answer = answer.text().await.map_err(unreachable)?;
        Ok(spread_of(&answer))
    }

    async fn poll(&self, entity_tag: Option<&str>) -> Result<Polled, Failure> {
        let mut request = self
            .client
            .get(self.remote.snapshot.clone())
            .header(AUTHORIZATION, &self.remote.authorization);
        if let Some(entity_tag) = entity_tag {
            request = request.header(IF_NONE_MATCH, entity_tag);
        }
        let response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers());
        if status == StatusCode::NOT_MODIFIED {
            return Ok(Polled::Unchanged);
        }
        if status != StatusCode::OK {
            return Err(Failure::of_status(status.as_u16(), retry_after(headers)));
        }
        let entity_tag = headers
            .get(ETAG)
            .and_then(|tag| tag.to_str().ok())
            .map(str::to_owned);
        let bytes = response.bytes().await.map_err(unreachable)?;
        // What is no UTF-8 is no JSON either; the replacement makes the document say so.
        Ok(Polled::Document {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            entity_tag,
        })
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| parse_retry_after(text, SystemTime::now()))
}

fn unreachable(error: reqwest::Error) -> Failure {
    Failure::Unreachable(Box::new(error))
}
