//! The checked settings of a client

use std::fmt;

use http::HeaderValue;
use reqwest::Url;
use rustls::pki_types::CertificateDer;

use crate::cache::Cache;
use crate::change::ChangeCallback;
use crate::error::ClientError;
use crate::instance::SdkInfo;
use crate::timing::Timing;

/// All settings that the background thread needs
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) endpoints: ServerEndpoints,
    pub(crate) timing: Timing,
    pub(crate) on_change: Option<ChangeCallback>,
    pub(crate) sdk: SdkInfo,
    pub(crate) mode: UpdateMode,
    pub(crate) cache: Option<Cache>,
    /// Further certificate authorities
    pub(crate) roots: Vec<CertificateDer<'static>>,
}

/// How a client of a server receives flags
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UpdateMode {
    /// By a stream, within a second; while the stream is down, by polls
    #[default]
    Stream,
    /// By polls alone, every [`Timing::poll_interval`]
    Poll,
    /// Not at all: the flags are those of the bootstrap document or of the cache
    Offline,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("endpoints", &self.endpoints)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

/// The URLs of a server's API for SDKs, and the header that authenticates the client
#[derive(Debug, Clone)]
pub(crate) struct ServerEndpoints {
    pub(crate) stream: Url,
    pub(crate) snapshot: Url,
    pub(crate) usage: Url,
    pub(crate) applied: Url,
    // Marked sensitive: its Debug output hides the key.
    pub(crate) authorization: HeaderValue,
}

impl ServerEndpoints {
    /// Checks a server's URL and an SDK key
    pub(crate) fn new(url: String, key: &str) -> Result<Self, ClientError> {
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| ClientError::InvalidKey)?;
        authorization.set_sensitive(true);
        if key.is_empty() {
            return Err(ClientError::InvalidKey);
        }
        let base = parse_base(url)?;
        Ok(Self {
            stream: endpoint(&base, "stream"),
            snapshot: endpoint(&base, "snapshot"),
            usage: endpoint(&base, "usage"),
            applied: endpoint(&base, "applied"),
            authorization,
        })
    }
}

fn parse_base(text: String) -> Result<Url, ClientError> {
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err(ClientError::UnsupportedScheme { url: text }),
        Err(source) => Err(ClientError::InvalidUrl {
            url: text,
            source: Box::new(source),
        }),
    }
}

/// The server may be mounted below a path of its host, as `https://example.com/flags`
fn endpoint(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!(
        "{}/api/v1/sdk/{name}",
        base.path().trim_end_matches('/')
    ));
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_lie_below_the_path_of_the_url() {
        for (url, expected) in [
            (
                "http://127.0.0.1:8080",
                "http://127.0.0.1:8080/api/v1/sdk/stream",
            ),
            (
                "https://example.com/",
                "https://example.com/api/v1/sdk/stream",
            ),
            (
                "https://example.com/flags/?x=1#y",
                "https://example.com/flags/api/v1/sdk/stream",
            ),
        ] {
            let endpoints = ServerEndpoints::new(url.into(), "k").unwrap();
            assert_eq!(endpoints.stream.as_str(), expected);
        }
    }
}
