//! How people sign in to the admin UI: with the identity provider, or by a one-time link; what they get is a session

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::ORIGIN;

mod attempt;
pub(crate) mod links;
mod provider;

pub(crate) use attempt::{Attempt, LIFETIME as ATTEMPT_LIFETIME};
pub use provider::{Provider, ProviderError, ProviderOptions};
pub(crate) use provider::{SignInError, SignedIn};

/// How people sign in, and for how long
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The origin of the admin UI as browsers see it, if it is known
    pub origin: Option<String>,
    /// Whether browsers reach the server only encrypted
    pub is_https: bool,
    /// How long a session lasts
    pub lifetime: Duration,
    /// How long a session lasts without requests
    pub idle: Duration,
    /// The identity provider
    pub provider: Option<Arc<Provider>>,
}

impl Default for SignIn {
    fn default() -> Self {
        Self {
            origin: None,
            is_https: false,
            lifetime: Duration::from_hours(12),
            idle: Duration::from_hours(2),
            provider: None,
        }
    }
}

impl SignIn {
    /// Whether a request came encrypted; a proxy in front of the server may have decrypted it, which only the page's origin then tells
    pub(crate) fn is_https(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        self.is_https || origin.is_some_and(|origin| origin.starts_with("https://"))
    }
}
