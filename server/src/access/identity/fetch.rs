//! Requests to an issuer: limited in time and size, and only encrypted or on this machine

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};

/// The time limit of a request
const FETCH: Duration = Duration::from_secs(5);
/// The maximum size of a response
const MAX_BYTES: usize = 256 << 10;

/// A client for requests to an issuer; follows no redirect
#[derive(Debug)]
pub(crate) struct Fetcher(Client);

/// Why a request to an issuer failed
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There was no response, or one with another status than success
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    /// The response is too long
    #[error("the response is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// The response cannot be represented
    #[error("the response is not valid")]
    Invalid(#[from] axum::http::Error),
}

impl Fetcher {
    pub(crate) fn new() -> Result<Self, FetchError> {
        // An error means that the process has one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).timeout(FETCH);
        Ok(Self(client.build()?))
    }

    /// The body of a successful response
    pub(crate) async fn get(&self, address: Url) -> Result<Vec<u8>, FetchError> {
        body(self.0.get(address)).await
    }

    /// The same with an access token
    pub(crate) async fn get_with(&self, address: Url, token: &str) -> Result<Vec<u8>, FetchError> {
        body(self.0.get(address).bearer_auth(token)).await
    }

    /// Sends a request, and returns the response whatever its status is
    pub(crate) async fn send(
        &self,
        request: axum::http::Request<Vec<u8>>,
    ) -> Result<axum::http::Response<Vec<u8>>, FetchError> {
        let response = self.0.execute(request.try_into()?).await?;
        let mut answer = axum::http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        Ok(answer.body(read(response).await?)?)
    }
}

async fn body(request: RequestBuilder) -> Result<Vec<u8>, FetchError> {
    read(request.send().await?.error_for_status()?).await
}

async fn read(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut text = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if text.len().saturating_add(piece.len()) > MAX_BYTES {
            return Err(FetchError::TooLong);
        }
        text.extend_from_slice(&piece);
    }
    Ok(text)
}

/// An address with https, or on this machine
pub(crate) fn secure(address: &str) -> Option<Url> {
    let address: Url = address.parse().ok()?;
    let is_here = ["localhost", "127.0.0.1", "[::1]"];
    let is_here = address
        .host_str()
        .is_some_and(|host| is_here.contains(&host));
    let is_secure = address.scheme() == "https" || (address.scheme() == "http" && is_here);
    is_secure.then_some(address)
}

/// Where an issuer publishes its configuration (`OpenID` Connect Discovery 1.0, section 4)
pub(crate) fn configuration_of(issuer: &str) -> Option<Url> {
    let base = issuer.trim_end_matches('/');
    secure(&format!("{base}/.well-known/openid-configuration"))
}
