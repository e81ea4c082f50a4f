//! The identity provider: `OpenID` Connect by the authorization code flow with PKCE, and its configuration by discovery

use std::fmt;
use std::sync::Arc;

use flagstaff_core::Timestamp;
use futures_util::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EndpointNotSet, EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse,
    PkceCodeChallenge, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tokio::sync::Mutex;

use super::attempt::Attempt;
use crate::access::identity::fetch::{Fetcher, configuration_of, secure};
use crate::access::identity::{
    FetchError, Issuer, JwksError, JwtError, JwtIdentity, Logout, LogoutError, RoleMapping,
};

/// For how many milliseconds the provider's configuration is used
const FRESH: u64 = 10 * 60_000;
/// The path to which the provider sends people back
pub(crate) const CALLBACK: &str = "/api/v1/sign-in/oidc/callback";

/// The identity provider
pub struct Provider {
    issuer: Issuer,
    name: String,
    label: String,
    configuration: Url,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    scopes: Vec<Scope>,
    // The address of the admin UI.
    home: String,
    redirect: RedirectUrl,
    fetcher: Fetcher,
    endpoints: Mutex<Option<(i64, Arc<Endpoints>)>>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Provider").field(&self.name).finish()
    }
}

/// What an operator says about the identity provider
#[derive(Debug, Clone)]
pub struct ProviderOptions {
    /// Its name, as its tokens have it in `iss`
    pub issuer: String,
    /// Its name for this server
    pub client_id: String,
    /// The secret that this server has with it
    pub client_secret: Option<String>,
    /// What is asked for besides `openid`
    pub scopes: Vec<String>,
    /// The claim that roles are read from
    pub role_claim: String,
    /// The roles that its values grant; without any, its values are roles
    pub role_mappings: Vec<RoleMapping>,
    /// What the button is called
    pub label: String,
    /// The address of the admin UI, without a slash at the end
    pub home: String,
}

/// Why the options of a provider cannot be used
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The issuer is not usable
    #[error("expected an issuer with https, or with http on this machine")]
    Issuer,
    /// The address of the admin UI is not usable
    #[error(transparent)]
    Address(#[from] oauth2::url::ParseError),
    /// The keys cannot be fetched
    #[error(transparent)]
    Keys(#[from] JwksError),
    /// There is no client for requests
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

/// A person who has signed in with the provider
pub(crate) struct SignedIn {
    /// The person
    pub(crate) identity: JwtIdentity,
    /// The ID token, with which they sign out at the provider
    pub(crate) id_token: String,
    /// The provider's id of its session, if it says one
    pub(crate) sid: Option<String>,
}

/// Why somebody could not be signed in
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    #[error("the identity provider does not answer")]
    Unreachable(#[source] FetchError),
    #[error("the configuration of the identity provider cannot be used: {0}")]
    Configuration(&'static str),
    #[error("the sign-in was begun in another browser or too long ago, or is finished already")]
    State,
    #[error("the identity provider has refused: {0}")]
    Refused(String),
    #[error("the identity provider does not accept the code or this client: {0}")]
    Code(String),
    #[error("the ID token is not accepted: {0}")]
    Token(#[from] JwtError),
    #[error("the person has no role in any project")]
    NoRole,
    #[error("the session could not be stored")]
    Store(#[source] crate::http::api_error::ApiError),
    #[error("too many sign-ins of this address have failed")]
    TooMany,
}

impl SignInError {
    /// The code by which the admin UI knows it
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "provider-unreachable",
            Self::Configuration(_) => "provider-configuration",
            Self::State => "state",
            Self::Refused(_) => "refused",
            Self::Code(_) => "code",
            Self::Token(JwtError::Audience | JwtError::Client) => "audience",
            Self::Token(_) => "token",
            Self::NoRole => "no-role",
            Self::Store(_) => "unavailable",
            Self::TooMany => "rate-limited",
        }
    }
}

/// What the provider publishes about itself (`OpenID` Connect Discovery 1.0, section 3)
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

struct Endpoints {
    client: CodeClient,
    userinfo: Option<Url>,
    end_session: Option<Url>,
}

#[derive(Debug, Serialize, Deserialize)]
struct IdToken {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdToken {}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = BoxFuture<'c, Result<HttpResponse, FetchError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

type CodeClient = Client<
    BasicErrorResponse,
    StandardTokenResponse<IdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Provider {
    /// A provider, of which nothing is asked yet
    pub fn new(options: ProviderOptions) -> Result<Self, ProviderError> {
        let issuer = Issuer::with_discovery(options.issuer.clone(), options.client_id.clone())?;
        Ok(Self {
            issuer: issuer
                .with_role_claim(options.role_claim)
                .with_role_mappings(options.role_mappings),
            configuration: configuration_of(&options.issuer).ok_or(ProviderError::Issuer)?,
            name: options.issuer,
            label: options.label,
            client_id: ClientId::new(options.client_id),
            client_secret: options.client_secret.map(ClientSecret::new),
            scopes: options.scopes.into_iter().map(Scope::new).collect(),
            redirect: RedirectUrl::new(format!("{}{CALLBACK}", options.home))?,
            home: options.home,
            fetcher: Fetcher::new()?,
            endpoints: Mutex::default(),
        })
    }

    /// What the button is called
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The address of the admin UI
    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// Whether an answer that names its issuer is of this one (RFC 9207)
    pub(crate) fn is_issuer(&self, name: Option<&str>) -> bool {
        name.is_none_or(|name| name == self.name)
    }

    /// Where a person signs in
    pub(crate) async fn authorization_url(
        &self,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<Url, SignInError> {
        let endpoints = self.endpoints(now).await?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&attempt.verifier());
        let (address, _) = endpoints
            .client
            .authorize_url(|| CsrfToken::new(attempt.state()))
            .add_scope(Scope::new("openid".to_owned()))
            .add_scopes(self.scopes.iter().cloned())
            .add_extra_param("nonce", attempt.nonce())
            .set_pkce_challenge(challenge)
            .url();
        Ok(address)
    }

    /// Exchanges a code for the person who has signed in
    pub(crate) async fn exchange(
        &self,
        code: String,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        let endpoints = self.endpoints(now).await?;
        let request = endpoints
            .client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(attempt.verifier());
        let answered: BoxFuture<'_, _> = Box::pin(request.request_async(&self.fetcher));
        let response = answered.await.map_err(refused)?;
        let id_token = response.extra_fields().id_token.clone();
        let id_token = id_token.ok_or(SignInError::Token(JwtError::Malformed))?;
        let nonce = attempt.nonce();
        let verified = self.issuer.verify_id_token(&id_token, &nonce, now);
        let mut claims = verified.await?;
        let sid = claims.sid().map(str::to_owned);
        // Many providers say in the ID token only who it is.
        if let Some(userinfo) = &endpoints.userinfo
            && self.issuer.is_incomplete(&claims)
        {
            let token = response.access_token().secret();
            let text = self.fetcher.get_with(userinfo.clone(), token).await;
            let text = text.map_err(SignInError::Unreachable)?;
            let found: Map<String, Json> = serde_json::from_slice(&text)
                .map_err(|_| SignInError::Configuration("its userinfo is no JSON object"))?;
            let whole = claims.with_userinfo(found);
            claims = whole.ok_or(SignInError::Configuration(
                "its userinfo is of another person",
            ))?;
        }
        let identity = self.issuer.identity(claims);
        Ok(SignedIn {
            identity: identity.ok_or(JwtError::Malformed)?,
            id_token,
            sid,
        })
    }

    /// Whose sessions end, of a logout token of the provider
    pub(crate) async fn verify_logout(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Logout, LogoutError> {
        self.issuer.verify_logout(token, now).await
    }

    /// Where a person signs out at the provider (`OpenID` Connect RP-Initiated Logout 1.0), if it has such a page
    pub(crate) async fn end_session_url(&self, id_token: &str, now: Timestamp) -> Option<Url> {
        let endpoints = self.endpoints(now).await.ok()?;
        let mut address = endpoints.end_session.clone()?;
        let mut query = address.query_pairs_mut();
        query.append_pair("client_id", &self.client_id);
        query.append_pair("post_logout_redirect_uri", &format!("{}/", self.home));
        query.append_pair("id_token_hint", id_token);
        drop(query);
        Some(address)
    }

    async fn endpoints(&self, now: Timestamp) -> Result<Arc<Endpoints>, SignInError> {
        // Of several people who come at once, one asks.
        let mut held = self.endpoints.lock().await;
        let now = now.as_millis();
        if let Some((at, endpoints)) = &*held
            && now.abs_diff(*at) < FRESH
        {
            return Ok(Arc::clone(endpoints));
        }
        let text = self.fetcher.get(self.configuration.clone()).await;
        let text = text.map_err(SignInError::Unreachable)?;
        let found: Configuration = serde_json::from_slice(&text)
            .map_err(|_| SignInError::Configuration("it lacks what sign-in needs"))?;
        let endpoints = Arc::new(self.read(found)?);
        *held = Some((now, Arc::clone(&endpoints)));
        Ok(endpoints)
    }

    fn read(&self, found: Configuration) -> Result<Endpoints, SignInError> {
        if found.issuer != self.name {
            return Err(SignInError::Configuration("it is of another issuer"));
        }
        let address = |text: &str| {
            secure(text).ok_or(SignInError::Configuration(
                "it has an address without https",
            ))
        };
        let optional = |text: Option<String>| text.as_deref().map(address).transpose();
        // Section 3: the default is `client_secret_basic`.
        let methods = found.token_endpoint_auth_methods_supported;
        let is_basic = methods.is_none_or(|all| all.iter().any(|it| it == "client_secret_basic"));
        let mut client = Client::new(self.client_id.clone())
            .set_auth_type(if is_basic {
                AuthType::BasicAuth
            } else {
                AuthType::RequestBody
            })
            .set_auth_uri(AuthUrl::from_url(address(&found.authorization_endpoint)?))
            .set_token_uri(TokenUrl::from_url(address(&found.token_endpoint)?))
            .set_redirect_uri(self.redirect.clone());
        if let Some(secret) = &self.client_secret {
            client = client.set_client_secret(secret.clone());
        }
        Ok(Endpoints {
            client,
            userinfo: optional(found.userinfo_endpoint)?,
            end_session: optional(found.end_session_endpoint)?,
        })
    }
}

fn refused(error: RequestTokenError<FetchError, BasicErrorResponse>) -> SignInError {
    match error {
        RequestTokenError::Request(error) => SignInError::Unreachable(error),
        RequestTokenError::ServerResponse(response) => match response.error() {
            BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
                SignInError::Configuration("it does not accept the client's id or secret")
            }
            _ => SignInError::Code(response.to_string()),
        },
        // The response may contain tokens: nothing of it is repeated.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            SignInError::Configuration("its response to the code cannot be read")
        }
    }
}
