//! Options about people whom somebody else knows

use clap::Args;

use crate::config::{Secret, SecretParser};
use crate::identity::{Issuer, JwksError};

/// Whose tokens say who people are
#[derive(Debug, Clone, Args)]
pub struct IdentityOptions {
    /// Issuer of JSON Web Tokens for people, as its tokens name it in `iss`
    #[arg(
        long,
        env = "FLAGSTAFF_JWT_ISSUER",
        requires_all = ["jwt_audience", "jwt_key"],
        value_name = "ISSUER"
    )]
    pub jwt_issuer: Option<String>,

    /// What its tokens for this server name in `aud`
    #[arg(
        long,
        env = "FLAGSTAFF_JWT_AUDIENCE",
        requires = "jwt_issuer",
        value_name = "AUDIENCE"
    )]
    pub jwt_audience: Option<String>,

    /// Where the issuer publishes its keys, for RS256 and ES256
    #[arg(
        long,
        env = "FLAGSTAFF_JWT_JWKS_URL",
        group = "jwt_key",
        requires = "jwt_issuer",
        value_name = "URL"
    )]
    pub jwt_jwks_url: Option<String>,

    /// Secret that is shared with the issuer, for HS256: 32 characters or more
    #[arg(
        long,
        env = "FLAGSTAFF_JWT_SECRET",
        hide_env_values = true,
        value_parser = SecretParser::TOKEN,
        group = "jwt_key",
        requires = "jwt_issuer",
        value_name = "SECRET"
    )]
    pub jwt_secret: Option<Secret>,

    /// The claim with the role: its name, or a JSON pointer as `/flagstaff/projects`
    #[arg(
        long,
        env = "FLAGSTAFF_JWT_ROLE_CLAIM",
        default_value = "flagstaff_role",
        value_name = "CLAIM"
    )]
    pub jwt_role_claim: String,
}

/// Why the issuer cannot be used
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
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
        let (Some(name), Some(audience)) = (&self.jwt_issuer, &self.jwt_audience) else {
            return Ok(None);
        };
        let (name, audience) = (name.clone(), audience.clone());
        let issuer = match (&self.jwt_jwks_url, &self.jwt_secret) {
            (Some(address), _) => Issuer::with_published_keys(name, audience, address)?,
            (None, Some(secret)) if secret.reveal().len() >= SECRET_LENGTH => {
                Issuer::with_secret(name, audience, secret.reveal().as_bytes())
            }
            (None, Some(_)) => return Err(IdentityError::Secret),
            (None, None) => return Ok(None),
        };
        Ok(Some(issuer.with_role_claim(self.jwt_role_claim.clone())))
    }
}
