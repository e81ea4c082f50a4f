//! The server over HTTP: the stream by eventsource-client, other requests by reqwest, both over one connection pool

use std::time::{Duration, SystemTime};

use flagstaff_core::Value;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use reqwest::Url;

use super::sse::SseConnection;
use super::{PollResponse, Source, SourceError, rejection, tls};
use crate::backoff::parse_retry_after;
use crate::config::{Config, ServerEndpoints};
use crate::instance::InstanceInfo;
use crate::timing::POST_TIMEOUT;

const USER_AGENT: &str = concat!("flagstaff-rust/", env!("CARGO_PKG_VERSION"));

/// The longest timeout, some 30 years: reqwest adds it to the current time, and panics if the sum overflows
const MAX_TIMEOUT: Duration = Duration::from_hours(24 * 365 * 30);

/// The server over HTTP
#[derive(Debug, Clone)]
pub(crate) struct HttpSource {
    client: reqwest::Client,
    // The stream's query names the instance.
    endpoints: ServerEndpoints,
    instance: String,
}

/// Why there can be no HTTP client
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("cannot configure TLS")]
    Tls(#[from] rustls::Error),
    #[error("cannot make an HTTP client")]
    Http(#[from] reqwest::Error),
}

impl HttpSource {
    pub(crate) fn new(config: &Config, instance: &InstanceInfo) -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(&config.roots)?)
            .user_agent(USER_AGENT)
            .connect_timeout(config.timing.connect_timeout.min(MAX_TIMEOUT))
            // Between reads, so that it also detects a vanished peer; a total timeout would cut a healthy stream.
            .read_timeout(config.timing.read_timeout.min(MAX_TIMEOUT))
            .build()?;
        let mut endpoints = config.endpoints.clone();
        let InstanceInfo { id, sdk } = instance;
        let mut query = endpoints.stream.query_pairs_mut();
        query.append_pair("instance", id);
        query.append_pair("sdk", &format!("{}/{}", sdk.name, sdk.version));
        drop(query);
        Ok(Self {
            client,
            endpoints,
            instance: id.clone(),
        })
    }

    async fn post(&self, url: Url, body: String) -> Result<reqwest::Response, SourceError> {
        let request = self
            .client
            .post(url)
            .header(AUTHORIZATION, &self.endpoints.authorization)
            .header(CONTENT_TYPE, "application/json")
            .timeout(POST_TIMEOUT)
            .body(body);
        let response = request.send().await.map_err(unreachable)?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(rejection(response).await)
    }
}

impl Source for HttpSource {
    type Stream = SseConnection;

    async fn connect(&self, cursor: Option<&str>) -> Result<SseConnection, SourceError> {
        SseConnection::open(self.client.clone(), &self.endpoints, cursor).await
    }

    async fn poll(&self, entity_tag: Option<&str>) -> Result<PollResponse, SourceError> {
        let mut request = self
            .client
            .get(self.endpoints.snapshot.clone())
            .header(AUTHORIZATION, &self.endpoints.authorization);
        if let Some(entity_tag) = entity_tag {
            request = request.header(IF_NONE_MATCH, entity_tag);
        }
        let response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers());
        if status == StatusCode::NOT_MODIFIED {
            return Ok(PollResponse::Unchanged);
        }
        if status != StatusCode::OK {
            return Err(rejection(response).await);
        }
        let entity_tag = headers
            .get(ETAG)
            .and_then(|tag| tag.to_str().ok())
            .map(str::to_owned);
        let bytes = response.bytes().await.map_err(unreachable)?;
        // Text that is not valid UTF-8 is not valid JSON either: with the replacement character the document is refused.
        Ok(PollResponse::Document {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            entity_tag,
        })
    }

    async fn acknowledge(&self, cursor: &str) -> Result<Option<Duration>, SourceError> {
        let members = [("instance", &*self.instance), ("cursor", cursor)];
        let body = Value::object(members.map(|(name, text)| (name, Value::from(text))));
        let url = self.endpoints.applied.clone();
        let response = self.post(url, body.to_canonical()).await?;
        let body = response.text().await.map_err(unreachable)?;
        Ok(parse_spread(&body))
    }

    async fn report(&self, body: String) -> Result<(), SourceError> {
        let url = self.endpoints.usage.clone();
        self.post(url, body).await.map(drop)
    }
}

async fn rejection(response: reqwest::Response) -> SourceError {
    let retry_after = retry_after(response.headers());
    let status = response.status().as_u16();
    rejection::read(status, retry_after, response.bytes_stream()).await
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| parse_retry_after(text, SystemTime::now()))
}

fn unreachable(error: reqwest::Error) -> SourceError {
    SourceError::Unreachable(Box::new(error))
}

/// `spreadMs` in the response to an acknowledgement
fn parse_spread(body: &str) -> Option<Duration> {
    let Value::Object(members) = Value::from_json(body).ok()? else {
        return None;
    };
    match members.get("spreadMs")? {
        Value::Number(millis) => Duration::try_from_secs_f64(millis / 1_000.0).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_without_a_valid_spread_has_none() {
        assert_eq!(
            parse_spread(r#"{"spreadMs": 1500}"#),
            Some(Duration::from_millis(1_500))
        );
        for body in [
            "",
            "{}",
            r#"{"spreadMs": -1}"#,
            r#"{"spreadMs": "1"}"#,
            "[1]",
        ] {
            assert_eq!(parse_spread(body), None, "{body}");
        }
    }
}
