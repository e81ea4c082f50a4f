//! Options about signing in to the admin UI

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use oauth2::url::Url;

use crate::access::identity::RoleMapping;
use crate::access::sign_in::{Provider, ProviderError, ProviderOptions, SignIn};
use crate::config::{Secret, SecretParser};
use crate::http::base_path::BasePath;

/// How people sign in to the admin UI
#[derive(Debug, Clone, Args)]
pub struct SignInOptions {
    /// Address of the server as browsers see it, as `https://flags.example.com` or `https://example.com/flags`; needed for an identity
    /// provider, and behind a proxy that decrypts or that gives the server a path
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// Identity provider that people sign in with (`OpenID` Connect), by the name that it gives itself: its configuration is at
    /// `ISSUER/.well-known/openid-configuration`
    #[arg(long, value_name = "ISSUER")]
    pub oidc_issuer: Option<String>,

    /// The provider's id for this server
    #[arg(long, value_name = "ID")]
    pub oidc_client_id: Option<String>,

    /// The secret that this server has with the provider; none for a public client
    #[arg(
        long,
        value_parser = SecretParser::TOKEN,
        value_name = "SECRET"
    )]
    pub oidc_client_secret: Option<Secret>,

    /// What the provider is asked for besides `openid`, separated by commas: groups often need a scope of their own
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "profile,email",
        value_name = "SCOPES"
    )]
    pub oidc_scopes: Vec<String>,

    /// The claim with roles or groups: its name, or a JSON pointer as `/realm_access/roles`
    #[arg(long, default_value = "flagstaff_role", value_name = "CLAIM")]
    pub oidc_role_claim: String,

    /// The roles that values of the claim grant, separated by commas: `platform=admin,developers=editor@shop`; without any, its values
    /// are roles
    #[arg(long, value_delimiter = ',', value_name = "GROUP=ROLE[@PROJECT]")]
    pub oidc_roles: Vec<RoleMapping>,

    /// What the button says after "Sign in with"
    #[arg(long, default_value = "your company's account", value_name = "TEXT")]
    pub oidc_label: String,

    /// How many seconds somebody stays signed in
    #[arg(
        long,
        default_value_t = 43_200,
        value_parser = clap::value_parser!(u32).range(60..=2_592_000),
        value_name = "SECONDS"
    )]
    pub session_lifetime: u32,

    /// How many seconds somebody stays signed in without using the admin UI
    #[arg(
        long,
        default_value_t = 7_200,
        value_parser = clap::value_parser!(u32).range(300..=2_592_000),
        value_name = "SECONDS"
    )]
    pub session_idle: u32,

    /// Print a link at the start that signs in once, as admin of all projects; only where the server listens on this machine alone
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_name = "BOOLEAN"
    )]
    pub sign_in_link: bool,
}

/// Why the options about signing in cannot be used
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInOptionsError {
    /// An option without another one
    #[error("`--{given}` needs `--{needed}` too")]
    Missing {
        /// The option that is there
        given: &'static str,
        /// The one that is not
        needed: &'static str,
    },
    /// The address of the server is not one
    #[error(
        "`--public-url`: expected `https://HOST` or `https://HOST/PATH`, where the path has letters, digits and `-._~`, and does not begin \
         with a name of the server's own paths, as `/api`"
    )]
    PublicUrl,
    /// Two issuers could give two people the same `sub`
    #[error(
        "`--oidc-issuer` and `--jwt-issuer` must be the same: members of projects are known by the issuer's id of them"
    )]
    TwoIssuers,
    /// The provider cannot be used
    #[error("`--oidc-issuer`")]
    Provider(#[from] ProviderError),
    /// Anybody on the network could read the link's session
    #[error(
        "`--sign-in-link` needs a loopback address in `--listen`; elsewhere use `flagstaff sign-in-link`"
    )]
    LinkNotHere,
}

impl SignInOptions {
    /// The settings; `is_tls` says whether the server itself encrypts, and `jwt_issuer` who else names people
    pub(crate) fn settings(
        &self,
        is_tls: bool,
        jwt_issuer: Option<&str>,
    ) -> Result<SignIn, SignInOptionsError> {
        let public = self.public()?;
        let is_https = is_tls || public.as_ref().is_some_and(PublicUrl::is_https);
        Ok(SignIn {
            provider: self.provider(public.as_ref(), jwt_issuer)?.map(Into::into),
            origin: public.map(|public| public.origin),
            is_https,
            lifetime: Duration::from_secs(self.session_lifetime.into()),
            idle: Duration::from_secs(self.session_idle.into()),
        })
    }

    /// The address of the server as browsers see it, if it is known
    pub(crate) fn public(&self) -> Result<Option<PublicUrl>, SignInOptionsError> {
        self.public_url.as_deref().map(str::parse).transpose()
    }

    fn provider(
        &self,
        public: Option<&PublicUrl>,
        jwt_issuer: Option<&str>,
    ) -> Result<Option<Provider>, SignInOptionsError> {
        let missing = |given, needed| Err(SignInOptionsError::Missing { given, needed });
        let Some(issuer) = &self.oidc_issuer else {
            return match (&self.oidc_client_id, &self.oidc_client_secret) {
                (Some(_), _) => missing("oidc-client-id", "oidc-issuer"),
                (None, Some(_)) => missing("oidc-client-secret", "oidc-issuer"),
                (None, None) if !self.oidc_roles.is_empty() => missing("oidc-roles", "oidc-issuer"),
                (None, None) => Ok(None),
            };
        };
        let Some(client_id) = &self.oidc_client_id else {
            return missing("oidc-issuer", "oidc-client-id");
        };
        let Some(public) = public else {
            return missing("oidc-issuer", "public-url");
        };
        if jwt_issuer.is_some_and(|other| other != issuer) {
            return Err(SignInOptionsError::TwoIssuers);
        }
        let secret = self.oidc_client_secret.as_ref();
        let provider = Provider::new(ProviderOptions {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            client_secret: secret.map(|secret| secret.reveal().to_owned()),
            scopes: self.oidc_scopes.clone(),
            role_claim: self.oidc_role_claim.clone(),
            role_mappings: self.oidc_roles.clone(),
            label: self.oidc_label.clone(),
            home: public.to_string(),
        })?;
        Ok(Some(provider))
    }
}

/// The address of the server as browsers see it; as a text it has no slash at the end
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    /// The scheme, the host and the port
    pub(crate) origin: String,
    /// The path, where the host has other servers too
    pub(crate) base_path: BasePath,
}

impl PublicUrl {
    fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }
}

impl FromStr for PublicUrl {
    type Err = SignInOptionsError;

    fn from_str(address: &str) -> Result<Self, Self::Err> {
        let url: Url = address.parse().map_err(|_| SignInOptionsError::PublicUrl)?;
        let is_web = ["http", "https"].contains(&url.scheme());
        let origin = url.origin().ascii_serialization();
        let has_no_more = url.as_str() == format!("{origin}{}", url.path());
        let base_path = BasePath::parse(url.path());
        let base_path = base_path.filter(|_| is_web && has_no_more);
        let base_path = base_path.ok_or(SignInOptionsError::PublicUrl)?;
        Ok(Self { origin, base_path })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.origin, self.base_path.as_str())
    }
}
