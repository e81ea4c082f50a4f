//! Makes clients of a server: settings in, a [`Client`] out

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flagstaff_core::{AttributePath, Snapshot};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::cache::Cache;
use crate::change::{ChangeCallback, ClientChange};
use crate::client::Client;
use crate::config::{Config, ServerEndpoints, UpdateMode};
use crate::error::ClientError;
use crate::instance::SdkInfo;
use crate::timing::Timing;
use crate::usage::Usage;

impl Client {
    /// Settings of a client of the server at `url`, which authenticates with `key`: an SDK key that can read snapshots (`fs_server_…` or
    /// `fs_local_…`)
    pub fn builder(url: impl Into<String>, key: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            url: url.into(),
            key: key.into(),
            timing: Timing::default(),
            bootstrap: None,
            on_change: None,
            sdk: SdkInfo::default(),
            is_counting: true,
            mode: UpdateMode::default(),
            cache: None,
            ca_bundle: None,
            targeting_key_attribute: None,
        }
    }
}

/// The settings of a [`Client`]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    url: String,
    key: String,
    timing: Timing,
    bootstrap: Option<String>,
    on_change: Option<ChangeCallback>,
    sdk: SdkInfo,
    is_counting: bool,
    mode: UpdateMode,
    cache: Option<PathBuf>,
    ca_bundle: Option<PathBuf>,
    targeting_key_attribute: Option<String>,
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
    /// Replaces the default delays
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// A document to evaluate until the first response of the server; the client is [`Stale`](crate::Status::Stale) until then
    pub fn bootstrap(mut self, document: impl Into<String>) -> Self {
        self.bootstrap = Some(document.into());
        self
    }

    /// How the client receives flags; by a stream by default
    pub fn mode(mut self, mode: UpdateMode) -> Self {
        self.mode = mode;
        self
    }

    /// A file that the client writes some seconds after each change, and reads when it is built, so that it has flags although the server
    /// is unreachable; the client is [`Stale`](crate::Status::Stale) until the server's first response
    ///
    /// Only clients of the same URL and key read it. It contains the rules of flags, so its owner alone can read it.
    pub fn cache(mut self, path: impl Into<PathBuf>) -> Self {
        self.cache = Some(path.into());
        self
    }

    /// A file of certificate authorities, in PEM, which the client trusts besides those of the machine and the bundled ones
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_bundle = Some(path.into());
        self
    }

    /// The attribute that is the key of the user in contexts without a `targetingKey`: a name such as `userId`, or a JSON pointer
    ///
    /// Its value is a text that is not empty, or an integer. Without this, the client logs once if a context seems to name its user by
    /// another word than `targetingKey`.
    pub fn targeting_key_attribute(mut self, attribute: impl Into<String>) -> Self {
        self.targeting_key_attribute = Some(attribute.into());
        self
    }

    /// Whether the client counts evaluations and reports the counts; `true` by default
    ///
    /// Every [`Timing::usage_interval`] the client reports how often each flag was evaluated to each variant, and which unknown flags were
    /// asked for; nothing of a context. Counting takes no lock and does no I/O during an evaluation. Counts that cannot be reported are
    /// stored, within bounds, and sent later.
    pub fn usage(mut self, is_counting: bool) -> Self {
        self.is_counting = is_counting;
        self
    }

    /// Name and version that the client reports to the server, for SDKs that are built on this one
    pub fn sdk(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.sdk = SdkInfo {
            name: name.into(),
            version: version.into(),
        };
        self
    }

    /// A function that is called with every change, on the client's background thread
    ///
    /// Nothing is received while it runs, so it must be quick and must not block. It gets the changes of [`Client::changes`], but never
    /// misses one.
    pub fn on_change(mut self, callback: impl Fn(&ClientChange) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Arc::new(callback));
        self
    }

    /// Checks the settings, and reads the files that they name; starts no thread, which [`Client::start`] does
    pub fn build(self) -> Result<Client, ClientError> {
        let cache = |path| Cache::new(path, &self.url, &self.key);
        let cache = self.cache.map(cache);
        let endpoints = ServerEndpoints::new(self.url, &self.key)?;
        let bootstrap = self.bootstrap.as_deref().map(Snapshot::from_json);
        let snapshot = newer(bootstrap.transpose()?, cache.as_ref().and_then(Cache::read));
        let roots = self.ca_bundle.map(|path| read_certificates(&path));
        let config = Config {
            endpoints,
            timing: self.timing,
            on_change: self.on_change,
            sdk: self.sdk,
            mode: self.mode,
            cache,
            roots: roots.transpose()?.unwrap_or_default(),
        };
        let user_key = self.targeting_key_attribute.map(|attribute| {
            AttributePath::parse(&attribute)
                .map_err(|source| ClientError::InvalidTargetingKeyAttribute { attribute, source })
        });
        let usage = self.is_counting.then(Usage::default);
        Ok(Client::remote(
            config,
            snapshot,
            usage,
            user_key.transpose()?,
        ))
    }
}

/// The bootstrap document may be older than the cache, and the cache than the program that contains the bootstrap document
fn newer(bootstrap: Option<Snapshot>, cached: Option<Snapshot>) -> Option<Snapshot> {
    match (bootstrap, cached) {
        (Some(bootstrap), Some(cached)) if bootstrap.revision() > cached.revision() => {
            Some(bootstrap)
        }
        (bootstrap, cached) => cached.or(bootstrap),
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let pem = fs::read(path).map_err(|source| ClientError::File {
        path: path.to_owned(),
        source,
    })?;
    let invalid = || ClientError::InvalidCaBundle {
        path: path.to_owned(),
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_cannot_be_reached_by_http_is_refused() {
        assert!(matches!(
            Client::builder("not a url", "k").build(),
            Err(ClientError::InvalidUrl { .. })
        ));
        assert!(matches!(
            Client::builder("file:///etc/flags", "k").build(),
            Err(ClientError::UnsupportedScheme { .. })
        ));
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused() {
        for key in ["", "line\nbreak"] {
            assert!(matches!(
                Client::builder("http://localhost", key).build(),
                Err(ClientError::InvalidKey)
            ));
        }
    }

    #[test]
    fn a_targeting_key_attribute_that_is_no_path_is_refused() {
        for attribute in ["", "/a~2"] {
            let builder = Client::builder("http://localhost", "k");
            assert!(matches!(
                builder.targeting_key_attribute(attribute).build(),
                Err(ClientError::InvalidTargetingKeyAttribute { .. })
            ));
        }
    }

    #[test]
    fn a_bootstrap_that_is_not_a_document_is_refused() {
        let builder = Client::builder("http://localhost", "k").bootstrap("{");
        assert!(matches!(builder.build(), Err(ClientError::Document(_))));
    }

    #[test]
    fn debug_output_does_not_contain_the_key() {
        let builder = Client::builder("http://localhost", "fs_server_secret");
        assert!(!format!("{builder:?}").contains("secret"));
        let client = builder.build().unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }
}
