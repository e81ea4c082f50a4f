//! The keys that an issuer publishes (RFC 7517), fetched when they are first needed and kept when they cannot be fetched again

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use flagstaff_core::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::api_error::chain;

/// A whole fetch takes no longer
const FETCH: Duration = Duration::from_secs(5);
/// From one fetch to the next one, in milliseconds, whatever keys tokens name
const PAUSE: u64 = 60_000;
/// After so many milliseconds keys are fetched anew, so that one that the issuer has given up is given up here
const OLD: u64 = 10 * 60_000;
/// Bytes of an answer, and keys in it
const ANSWER_BYTES: usize = 256 << 10;
const KEYS: usize = 100;

/// A key, and the one algorithm that it is for
#[derive(Debug, Clone)]
pub(super) struct VerifyingKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// Keys by their id
#[derive(Debug)]
pub(super) struct Jwks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Url,
    client: Client,
    keys: ArcSwap<BTreeMap<String, VerifyingKey>>,
    // When a fetch last began, in milliseconds since 1970.
    asked_at: AtomicI64,
    fetching: Mutex<()>,
}

/// Why keys could not be had
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The address
    #[error("expected the address of the issuer's keys with https, or with http on this machine")]
    Address,
    /// The network or the issuer
    #[error("the issuer's keys cannot be fetched")]
    Fetch(#[from] reqwest::Error),
    /// Too much
    #[error("the issuer's keys are longer than {ANSWER_BYTES} bytes")]
    TooLong,
    /// Something else
    #[error("what the issuer publishes are no keys")]
    NoKeys(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Json>,
}

impl Jwks {
    pub(super) fn new(address: &str) -> Result<Self, JwksError> {
        let address: Url = address.parse().map_err(|_| JwksError::Address)?;
        let is_here = ["localhost", "127.0.0.1", "[::1]"];
        let is_here = address
            .host_str()
            .is_some_and(|host| is_here.contains(&host));
        if address.scheme() != "https" && !(address.scheme() == "http" && is_here) {
            return Err(JwksError::Address);
        }
        // An error says that the process has one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(FETCH)
            .build()?;
        Ok(Self(Arc::new(Inner {
            address,
            client,
            keys: ArcSwap::default(),
            asked_at: AtomicI64::new(i64::MIN),
            fetching: Mutex::new(()),
        })))
    }

    /// The key of an id; without one, the only key that there is
    pub(super) async fn find(&self, id: Option<&str>, now: Timestamp) -> Option<VerifyingKey> {
        let now = now.as_millis();
        if let Some(key) = self.0.known(id) {
            if self.0.is_older(OLD, now) {
                // Not while somebody waits, and the more so where the issuer is slow.
                self.refresh(now);
            }
            return Some(key);
        }
        // Only a panic could fail it; there is no such key then either.
        let _ = self.refresh(now).await;
        self.0.known(id)
    }

    /// Refreshes the keys whether or not anybody stays to see it: a request that is given up must not take along the only fetch that there
    /// is for a minute
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
        // Also where the clock was set back, but not where somebody who read it earlier has come later.
        now.abs_diff(asked_at) >= age
    }

    /// Fetches the keys unless that was tried a moment ago; keeps those that there are if it fails
    async fn refresh(&self, now: i64) {
        // Whoever comes meanwhile waits for the same fetch.
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
                tracing::warn!(error = chain(&error), "the issuer's keys stay as they were");
            }
        }
    }

    async fn fetch(&self) -> Result<BTreeMap<String, VerifyingKey>, JwksError> {
        let request = self.client.get(self.address.clone());
        let mut response = request.send().await?.error_for_status()?;
        let mut text = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if text.len().saturating_add(piece.len()) > ANSWER_BYTES {
                return Err(JwksError::TooLong);
            }
            text.extend_from_slice(&piece);
        }
        let published: Published = serde_json::from_slice(&text)?;
        let keys = published.keys.iter().filter_map(read);
        Ok(keys.take(KEYS).collect())
    }
}

/// A key that is for signatures of a kind that is taken; the others of a set are nothing to us
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
