//! What a client is told: where, with which key, and how patiently

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::Snapshot;
use http::HeaderValue;
use reqwest::Url;

use crate::change::Change;
use crate::client::Client;
use crate::error::ClientError;
use crate::usage::Usage;

/// The delays of a client; the defaults are the protocol's (PR-13, PR-15)
#[derive(Debug, Clone)]
pub struct Timing {
    /// The ceiling of the first delay before a reconnection; it doubles with each further attempt
    pub reconnect_base: Duration,
    /// The ceiling of all delays before a reconnection
    pub reconnect_max: Duration,
    /// A stream that lasted so long makes the delays short again
    pub healthy_after: Duration,
    /// The delay after 401, 403 and 404, and the longest that a server can ask for
    pub refused_retry: Duration,
    /// Failures in a row after which the client polls as well
    pub poll_after_failures: u32,
    /// The mean delay between polls
    pub poll_interval: Duration,
    /// A connection that is silent for so long is given up
    pub read_timeout: Duration,
    /// How long connecting may take
    pub connect_timeout: Duration,
    /// The mean delay between reports of what was evaluated
    pub usage_interval: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            reconnect_base: Duration::from_secs(1),
            reconnect_max: Duration::from_secs(30),
            healthy_after: Duration::from_mins(1),
            refused_retry: Duration::from_mins(5),
            poll_after_failures: 3,
            poll_interval: Duration::from_secs(30),
            read_timeout: Duration::from_secs(45),
            connect_timeout: Duration::from_secs(10),
            usage_interval: Duration::from_mins(1),
        }
    }
}

pub(crate) type Observer = Arc<dyn Fn(&Change) + Send + Sync>;

/// Where a client gets its flags
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) stream: Url,
    pub(crate) snapshot: Url,
    pub(crate) usage: Url,
    pub(crate) applied: Url,
    // Marked sensitive: its Debug shows nothing.
    pub(crate) authorization: HeaderValue,
}

/// What a client calls itself
#[derive(Debug, Clone)]
pub(crate) struct Sdk {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Default for Sdk {
    fn default() -> Self {
        Self {
            name: "flagstaff-rust".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// All that the background task is told
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) remote: Remote,
    pub(crate) timing: Timing,
    pub(crate) observer: Option<Observer>,
    pub(crate) sdk: Sdk,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("remote", &self.remote)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Client`] to be
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    url: String,
    key: String,
    timing: Timing,
    bootstrap: Option<String>,
    observer: Option<Observer>,
    sdk: Sdk,
    is_counting: bool,
}

impl fmt::Debug for ClientBuilder {
    /// Without the key
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientBuilder")
            .field("url", &self.url)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    pub(crate) fn new(url: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            key: key.into(),
            timing: Timing::default(),
            bootstrap: None,
            observer: None,
            sdk: Sdk::default(),
            is_counting: true,
        }
    }

    /// Other delays than the protocol's
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// A document to evaluate until the server has answered; the client is [`Stale`](crate::Status::Stale) meanwhile
    pub fn bootstrap(mut self, document: impl Into<String>) -> Self {
        self.bootstrap = Some(document.into());
        self
    }

    /// Whether the client counts what it answers, and reports it; `true` unless told otherwise
    ///
    /// Every [`Timing::usage_interval`] the server is told how often each flag was answered with each variant, and which flags were asked
    /// for that do not exist; nothing of a context. Counting takes no lock and sends nothing on the way of an evaluation. What cannot
    /// be reported is kept, within bounds, and sent later.
    pub fn usage(mut self, is_counting: bool) -> Self {
        self.is_counting = is_counting;
        self
    }

    /// What the client calls itself to the server, for SDKs that are made of this one
    pub fn sdk(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.sdk = Sdk {
            name: name.into(),
            version: version.into(),
        };
        self
    }

    /// A function that is told of every change, on the client's own thread
    ///
    /// Nothing is received while it runs, so it must be quick and must not block. Its changes are those of [`Client::changes`], but none
    /// is ever missed.
    pub fn observer(mut self, observer: impl Fn(&Change) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Checks the settings; no I/O happens and no thread starts before [`Client::start`]
    pub fn build(self) -> Result<Client, ClientError> {
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {}", self.key)).map_err(|_| ClientError::Key)?;
        authorization.set_sensitive(true);
        if self.key.is_empty() {
            return Err(ClientError::Key);
        }
        let base = parse_base(self.url)?;
        let remote = Remote {
            stream: endpoint(&base, "stream"),
            snapshot: endpoint(&base, "snapshot"),
            usage: endpoint(&base, "usage"),
            applied: endpoint(&base, "applied"),
            authorization,
        };
        let snapshot = self
            .bootstrap
            .as_deref()
            .map(Snapshot::from_json)
            .transpose()?;
        Ok(Client::remote(
            Config {
                remote,
                timing: self.timing,
                observer: self.observer,
                sdk: self.sdk,
            },
            snapshot,
            self.is_counting.then(Usage::default),
        ))
    }
}

fn parse_base(text: String) -> Result<Url, ClientError> {
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err(ClientError::Scheme { url: text }),
        Err(source) => Err(ClientError::Url {
            url: text,
            source: Box::new(source),
        }),
    }
}

/// The server may live below a path of its host: `https://example.com/flags`
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
            assert_eq!(
                endpoint(&parse_base(url.into()).unwrap(), "stream").as_str(),
                expected
            );
        }
    }

    #[test]
    fn a_url_that_cannot_be_reached_by_http_is_refused() {
        assert!(matches!(
            ClientBuilder::new("not a url", "k").build(),
            Err(ClientError::Url { .. })
        ));
        assert!(matches!(
            ClientBuilder::new("file:///etc/flags", "k").build(),
            Err(ClientError::Scheme { .. })
        ));
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused() {
        for key in ["", "line\nbreak"] {
            assert!(matches!(
                ClientBuilder::new("http://localhost", key).build(),
                Err(ClientError::Key)
            ));
        }
    }

    #[test]
    fn a_bootstrap_that_is_no_document_is_refused() {
        let builder = ClientBuilder::new("http://localhost", "k").bootstrap("{");
        assert!(matches!(builder.build(), Err(ClientError::Document(_))));
    }

    #[test]
    fn debug_output_does_not_contain_the_key() {
        let builder = ClientBuilder::new("http://localhost", "fs_server_secret");
        assert!(!format!("{builder:?}").contains("secret"));
        let client = builder.build().unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }
}
