//! People who authenticate with a JSON Web Token of an issuer (`OpenID` Connect)
//!
//! The algorithm of a token is decided by the key that it names, never by the token.

use flagstaff_core::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

mod cryptography;
pub(crate) mod fetch;
mod jwks;
mod logout;
mod roles;

pub use fetch::FetchError;
pub use jwks::JwksError;
use jwks::{Jwks, VerifyingKey};
pub(crate) use logout::{Logout, LogoutError};
pub(crate) use roles::ClaimedRoles;
pub use roles::{InvalidMapping, RoleMapping};

/// Longer tokens are refused without parsing
const TOKEN_BYTES: usize = 16 << 10;
/// The maximum difference of the issuer's clock and ours, in seconds
const LEEWAY: f64 = 60.0;

/// The source of an issuer's keys
#[derive(Debug)]
enum Keys {
    Secret(VerifyingKey),
    Published(Jwks),
}

/// The issuer whose tokens are accepted, and how they are read
#[derive(Debug)]
pub struct Issuer {
    name: String,
    audience: String,
    role_claim: String,
    mappings: Vec<RoleMapping>,
    keys: Keys,
}

/// The claims that are read
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    email: Option<Json>,
    #[serde(default)]
    email_verified: Option<Json>,
    #[serde(flatten)]
    others: Map<String, Json>,
}

/// The person that a token describes
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JwtIdentity {
    /// The issuer's id of the person
    pub(crate) subject: String,
    /// The e-mail address in lower case, if the issuer has verified it
    pub(crate) email: Option<String>,
    /// The roles that the claim grants
    pub(crate) granted: ClaimedRoles,
}

/// Why a token is not accepted
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// It is not a JWT
    #[error("it cannot be read")]
    Malformed,
    /// It names a key that the issuer does not have
    #[error("it names no key of the issuer")]
    UnknownKey,
    /// Its algorithm is not the key's
    #[error("its algorithm is not the key's")]
    Algorithm,
    /// Its signature is not valid
    #[error("its signature is wrong")]
    Signature,
    /// It has another issuer
    #[error("it is of another issuer")]
    Issuer,
    /// It has another audience
    #[error("it is for another audience")]
    Audience,
    /// It has expired
    #[error("it has expired")]
    Expired,
    /// It is not valid yet
    #[error("it is not valid yet")]
    NotYet,
    /// It answers another request
    #[error("its nonce is of another sign-in")]
    Nonce,
    /// It was issued to another client
    #[error("it was issued to another client")]
    Client,
    /// It tells of an event, such as a logout, and is not of a person who sends a request
    #[error("it tells of an event, and signs nobody in")]
    Event,
}

impl Issuer {
    /// An issuer that signs with a shared secret (HS256)
    pub fn with_secret(name: String, audience: String, secret: &[u8]) -> Self {
        let key = VerifyingKey {
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret),
        };
        Self::new(name, audience, Keys::Secret(key))
    }

    /// An issuer that publishes its keys (RS256, ES256)
    pub fn with_published_keys(
        name: String,
        audience: String,
        address: &str,
    ) -> Result<Self, JwksError> {
        let keys = Keys::Published(Jwks::new(address)?);
        Ok(Self::new(name, audience, keys))
    }

    /// An issuer that publishes the address of its keys (`OpenID` Connect Discovery 1.0)
    pub fn with_discovery(name: String, audience: String) -> Result<Self, JwksError> {
        let keys = Keys::Published(Jwks::discovered(&name)?);
        Ok(Self::new(name, audience, keys))
    }

    fn new(name: String, audience: String, keys: Keys) -> Self {
        cryptography::install();
        Self {
            name,
            audience,
            role_claim: "flagstaff_role".to_owned(),
            mappings: Vec::new(),
            keys,
        }
    }

    /// Reads roles from another claim: its name, or a JSON pointer to it
    #[must_use]
    pub fn with_role_claim(self, role_claim: String) -> Self {
        Self { role_claim, ..self }
    }

    /// Reads the values of the claim by these mappings, not as the names of roles
    #[must_use]
    pub fn with_role_mappings(self, mappings: Vec<RoleMapping>) -> Self {
        Self { mappings, ..self }
    }

    /// Verifies a token and returns the person that it describes
    pub(crate) async fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<JwtIdentity, JwtError> {
        let claims = self.claims(token, now).await?;
        // A logout token has the issuer, the audience and the person of an ID token (`OpenID` Connect Back-Channel Logout 1.0, section 4).
        if claims.others.contains_key(logout::EVENTS) {
            return Err(JwtError::Event);
        }
        self.identity(claims).ok_or(JwtError::Malformed)
    }

    /// Verifies an ID token that was requested with this nonce, and returns its claims (`OpenID` Connect Core 1.0, section 3.1.3.7)
    pub(crate) async fn verify_id_token(
        &self,
        token: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Claims, JwtError> {
        let claims = self.claims(token, now).await?;
        if claims.others.get("nonce").and_then(Json::as_str) != Some(nonce) {
            return Err(JwtError::Nonce);
        }
        let azp = claims.others.get("azp").and_then(Json::as_str);
        if azp.is_some_and(|client| client != self.audience) {
            return Err(JwtError::Client);
        }
        Ok(claims)
    }

    async fn claims(&self, token: &str, now: Timestamp) -> Result<Claims, JwtError> {
        let required = &["iss", "aud", "sub", "exp"];
        let claims: Claims = self.signed(token, required, now).await?;
        check_end(claims.exp, now)?;
        if claims
            .nbf
            .is_some_and(|begin| seconds(now) + LEEWAY < begin)
        {
            return Err(JwtError::NotYet);
        }
        Ok(claims)
    }

    /// The claims of a token with a valid signature, of this issuer and for this audience; no time is checked
    async fn signed<C: DeserializeOwned>(
        &self,
        token: &str,
        required: &[&str],
        now: Timestamp,
    ) -> Result<C, JwtError> {
        if token.len() > TOKEN_BYTES {
            return Err(JwtError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| JwtError::Malformed)?;
        // No critical header is supported (RFC 7515, section 4.1.11).
        if header.crit.is_some() {
            return Err(JwtError::Malformed);
        }
        let found = match &self.keys {
            Keys::Secret(key) => Some(key.clone()),
            Keys::Published(keys) => keys.find(header.kid.as_deref(), now).await,
        };
        let key = found.ok_or(JwtError::UnknownKey)?;
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.name]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(required);
        // Checked by the callers, with our clock.
        validation.validate_exp = false;
        let read = jsonwebtoken::decode::<C>(token, &key.key, &validation);
        Ok(read.map_err(|error| untrusted(&error))?.claims)
    }

    /// Whether the claims lack what a person is known by or their role
    pub(crate) fn is_incomplete(&self, claims: &Claims) -> bool {
        claims.email.is_none() || self.role_claim(&claims.others).is_none()
    }

    /// The person that these claims describe
    pub(crate) fn identity(&self, claims: Claims) -> Option<JwtIdentity> {
        let granted = ClaimedRoles::of(self.role_claim(&claims.others), &self.mappings);
        let is_verified = claims.email_verified == Some(Json::Bool(true));
        let email = claims.email.as_ref().and_then(Json::as_str);
        let email = email.filter(|email| is_verified && is_name(email));
        is_name(&claims.sub).then_some(JwtIdentity {
            email: email.map(str::to_lowercase),
            subject: claims.sub,
            granted,
        })
    }

    fn role_claim<'c>(&self, claims: &'c Map<String, Json>) -> Option<&'c Json> {
        match self.role_claim.split_once('/') {
            Some(("", path)) => {
                let (first, rest) = path.split_once('/').unwrap_or((path, ""));
                let rest = if rest.is_empty() {
                    String::new()
                } else {
                    format!("/{rest}")
                };
                let first = first.replace("~1", "/").replace("~0", "~");
                claims.get(&first).and_then(|claim| claim.pointer(&rest))
            }
            _ => claims.get(&self.role_claim),
        }
    }
}

impl Claims {
    /// The provider's id of its session with the person, if it is one that can be stored
    pub(crate) fn sid(&self) -> Option<&str> {
        let sid = self.others.get("sid").and_then(Json::as_str);
        sid.filter(|sid| is_name(sid))
    }

    /// Adds what the provider's userinfo says, where the ID token says nothing; `None` if it is of another person
    pub(crate) fn with_userinfo(mut self, mut userinfo: Map<String, Json>) -> Option<Self> {
        // Section 5.3.2: the userinfo of another person must not be used.
        if userinfo.remove("sub").as_ref().and_then(Json::as_str) != Some(&*self.sub) {
            return None;
        }
        // Together: whether an address is verified is said of that address.
        if self.email.is_none() {
            self.email = userinfo.remove("email");
            self.email_verified = userinfo.remove("email_verified");
        }
        for (name, claim) in userinfo {
            self.others.entry(name).or_insert(claim);
        }
        Some(self)
    }
}

fn check_end(exp: f64, now: Timestamp) -> Result<(), JwtError> {
    if seconds(now) >= exp + LEEWAY {
        return Err(JwtError::Expired);
    }
    Ok(())
}

/// As JSON's doubles: a difference of a millisecond does not matter
#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 milliseconds are 285,000 years"
)]
fn seconds(at: Timestamp) -> f64 {
    at.as_millis() as f64 / 1_000.0
}

fn untrusted(error: &jsonwebtoken::errors::Error) -> JwtError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidAlgorithm => JwtError::Algorithm,
        ErrorKind::InvalidSignature => JwtError::Signature,
        ErrorKind::InvalidIssuer => JwtError::Issuer,
        ErrorKind::InvalidAudience => JwtError::Audience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "iss" => JwtError::Issuer,
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => JwtError::Audience,
        _ => JwtError::Malformed,
    }
}

/// The maximum length of a member's name in characters
pub(crate) const NAME_LENGTH: usize = 320;

/// Whether a text is a valid name of a member
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_LENGTH).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}
