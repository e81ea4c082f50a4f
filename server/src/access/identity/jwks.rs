//! The keys that an issuer publishes (RFC 7517), fetched when they are first needed, and kept if they cannot be fetched again

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use flagstaff_core::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::fetch::{FetchError, Fetcher, configuration_of, secure};
use crate::runtime::logging::error_chain;

/// The minimum time between two fetches in milliseconds, whatever keys tokens name
const PAUSE: u64 = 60_000;
/// The age in milliseconds at which keys are fetched again, so that a key that the issuer has removed stops working
const OLD: u64 = 10 * 60_000;
const KEYS: usize = 100;

/// A key and its algorithm
#[derive(Debug, Clone)]
pub(super) struct VerifyingKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// The keys by id
#[derive(Debug)]
pub(super) struct Jwks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    fetcher: Fetcher,
    keys: ArcSwap<BTreeMap<String, VerifyingKey>>,
    // When the last fetch began, in milliseconds since 1970.
    asked_at: AtomicI64,
    fetching: Mutex<()>,
}

/// The source of the keys' address
#[derive(Debug)]
enum Source {
    Configured(Url),
    // The issuer's configuration, and the issuer as its tokens name it.
    Discovered { configuration: Url, issuer: String },
}

/// The configuration of an issuer (`OpenID` Connect Discovery 1.0, section 3)
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

/// Why keys could not be fetched
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The address is not valid
    #[error("expected the address of the issuer's keys with https, or with http on this machine")]
    Address,
    /// The request failed
    #[error("the issuer's keys cannot be fetched")]
    Fetch(#[from] FetchError),
    /// The response has no keys
    #[error("what the issuer publishes are no keys")]
    NoKeys(#[from] serde_json::Error),
    /// The name of the issuer is not a valid address
    #[error(
        "expected an issuer with https, or with http on this machine; otherwise give the address of its keys"
    )]
    Issuer,
    /// The configuration belongs to another issuer
    #[error("the configuration at the issuer is of another issuer")]
    OtherIssuer,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Json>,
}

impl Jwks {
    /// Keys at a given address
    pub(super) fn new(address: &str) -> Result<Self, JwksError> {
        Self::of(Source::Configured(
            secure(address).ok_or(JwksError::Address)?,
        ))
    }

    /// Keys at an address that the issuer publishes
    pub(super) fn discovered(issuer: &str) -> Result<Self, JwksError> {
        Self::of(Source::Discovered {
            configuration: configuration_of(issuer).ok_or(JwksError::Issuer)?,
            issuer: issuer.to_owned(),
        })
    }

    fn of(source: Source) -> Result<Self, JwksError> {
        Ok(Self(Arc::new(Inner {
            source,
            fetcher: Fetcher::new()?,
            keys: ArcSwap::default(),
            asked_at: AtomicI64::new(i64::MIN),
            fetching: Mutex::new(()),
        })))
    }

    /// The key with this id; without an id, the only key
    pub(super) async fn find(&self, id: Option<&str>, now: Timestamp) -> Option<VerifyingKey> {
        let now = now.as_millis();
        if let Some(key) = self.0.known(id) {
            if self.0.is_older(OLD, now) {
                // In the background: requests must not wait for a slow issuer.
                self.refresh(now);
            }
            return Some(key);
        }
        // Only a panic could make it fail, and then there is no such key.
        let _ = self.refresh(now).await;
        self.0.known(id)
    }

    /// Refreshes the keys in a task of its own: if a request is dropped, the only fetch within a minute must not be dropped with it
    fn refresh(&self, now: i64) -> JoinHandle<()> {
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move { inner.refresh(now).await })
    }
}

impl Inner {
    fn known(&self, id: Option<&str>) -> Option<VerifyingKey> {
        let keys = self.keys.load();
        match id {
            Some(id) => keys.get(id).cloned(),
            None => keys.values().next().filter(|_| keys.len() == 1).cloned(),
        }
    }

    fn is_older(&self, age: u64, now: i64) -> bool {
        let asked_at = self.asked_at.load(Ordering::Relaxed);
        // Also true if the clock was set back, but not for a caller that read the clock a little earlier.
        now.abs_diff(asked_at) >= age
    }

    /// Fetches the keys unless that was tried a moment ago; keeps the current keys if it fails
    async fn refresh(&self, now: i64) {
        // Other callers wait for the same fetch.
        let _turn = self.fetching.lock().await;
        if !self.is_older(PAUSE, now) {
            return;
        }
        self.asked_at.store(now, Ordering::Relaxed);
        match self.fetch().await {
            Ok(keys) => {
                tracing::debug!(keys = keys.len(), "the issuer's keys were fetched");
                self.keys.store(Arc::new(keys));
            }
            Err(error) => {
                tracing::warn!(
                    error = error_chain(&error),
                    "the issuer's keys stay as they were"
                );
            }
        }
    }

    async fn fetch(&self) -> Result<BTreeMap<String, VerifyingKey>, JwksError> {
        let text = match &self.source {
            Source::Configured(address) => self.fetcher.get(address.clone()).await?,
            Source::Discovered {
                configuration,
                issuer,
            } => {
                let text = self.fetcher.get(configuration.clone()).await?;
                let configuration: Configuration = serde_json::from_slice(&text)?;
                if configuration.issuer != *issuer {
                    return Err(JwksError::OtherIssuer);
                }
                let address = secure(&configuration.jwks_uri).ok_or(JwksError::Address)?;
                self.fetcher.get(address).await?
            }
        };
        let published: Published = serde_json::from_slice(&text)?;
        let keys = published.keys.iter().filter_map(read);
        Ok(keys.take(KEYS).collect())
    }
}

/// A usable key of a set; others are ignored
fn read(published: &Json) -> Option<(String, VerifyingKey)> {
    let jwk = Jwk::deserialize(published).ok()?;
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        _ => return None,
    };
    let is_for_signatures = match &jwk.common.public_key_use {
        None | Some(PublicKeyUse::Signature) => true,
        Some(_) => false,
    };
    let is_for_algorithm = matches!(
        (jwk.common.key_algorithm, algorithm),
        (None, _)
            | (Some(KeyAlgorithm::RS256), Algorithm::RS256)
            | (Some(KeyAlgorithm::ES256), Algorithm::ES256)
    );
    if !is_for_signatures || !is_for_algorithm {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let id = jwk.common.key_id.unwrap_or_default();
    Some((id, VerifyingKey { algorithm, key }))
}
