//! Options about the identity provider whose tokens people may use

use clap::Args;

use crate::access::identity::{Issuer, JwksError};
use crate::config::{Secret, SecretParser};

/// The identity provider
#[derive(Debug, Clone, Args)]
pub struct IdentityOptions {
    /// Expected `iss` claim of the JSON Web Tokens of people
    #[arg(long, value_name = "ISSUER")]
    pub jwt_issuer: Option<String>,

    /// Expected `aud` claim of these tokens
    #[arg(long, value_name = "AUDIENCE")]
    pub jwt_audience: Option<String>,

    /// URL of the issuer's public keys, for RS256 and ES256; without it and a secret, the server reads it from
    /// `ISSUER/.well-known/openid-configuration` (`OpenID` Connect Discovery)
    #[arg(long, conflicts_with = "jwt_secret", value_name = "URL")]
    pub jwt_jwks_url: Option<String>,

    /// Secret that is shared with the issuer, for HS256: 32 characters or more
    #[arg(long, value_parser = SecretParser::TOKEN, value_name = "SECRET")]
    pub jwt_secret: Option<Secret>,

    /// The claim that contains the role: its name, or a JSON pointer as `/flagstaff/projects`
    #[arg(long, default_value = "flagstaff_role", value_name = "CLAIM")]
    pub jwt_role_claim: String,
}

/// Why the identity provider cannot be used
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// An option without another one
    #[error("`--{given}` needs `--{needed}` too")]
    Missing {
        /// The option that is there
        given: &'static str,
        /// The one that is not
        needed: &'static str,
    },
    /// Two sources of keys
    #[error("`--jwt-jwks-url` and `--jwt-secret` exclude each other")]
    TwoKeys,
    /// A secret that can be guessed
    #[error("the secret for tokens is shorter than {SECRET_LENGTH} characters")]
    Secret,
    /// Where its keys are
    #[error(transparent)]
    Keys(#[from] JwksError),
}

/// As many as HMAC-SHA256 has bytes (RFC 7518, section 3.2)
const SECRET_LENGTH: usize = 32;

impl IdentityOptions {
    pub(crate) fn issuer(&self) -> Result<Option<Issuer>, IdentityError> {
        let missing = |given, needed| Err(IdentityError::Missing { given, needed });
        let (name, audience) = match (&self.jwt_issuer, &self.jwt_audience) {
            (Some(name), Some(audience)) => (name.clone(), audience.clone()),
            (Some(_), None) => return missing("jwt-issuer", "jwt-audience"),
            (None, Some(_)) => return missing("jwt-audience", "jwt-issuer"),
            (None, None) if self.jwt_jwks_url.is_some() => {
                return missing("jwt-jwks-url", "jwt-issuer");
            }
            (None, None) if self.jwt_secret.is_some() => {
                return missing("jwt-secret", "jwt-issuer");
            }
            (None, None) => return Ok(None),
        };
        let issuer = match (&self.jwt_jwks_url, &self.jwt_secret) {
            (Some(_), Some(_)) => return Err(IdentityError::TwoKeys),
            (Some(address), None) => Issuer::with_published_keys(name, audience, address)?,
            (None, Some(secret)) if secret.reveal().len() >= SECRET_LENGTH => {
                Issuer::with_secret(name, audience, secret.reveal().as_bytes())
            }
            (None, Some(_)) => return Err(IdentityError::Secret),
            (None, None) => Issuer::with_discovery(name, audience)?,
        };
        Ok(Some(issuer.with_role_claim(self.jwt_role_claim.clone())))
    }
}
