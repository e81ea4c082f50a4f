//! People, whom somebody else knows: JSON Web Tokens of an issuer (`OpenID` Connect)
//!
//! Which algorithm a token may have is a property of the key that it names, never of the token.

use std::collections::BTreeMap;

use flagstaff_core::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::auth::KeyKind;

mod cryptography;
mod jwks;

pub use jwks::JwksError;
use jwks::{Jwks, VerifyingKey};

/// Longer tokens are not looked at
const TOKEN_BYTES: usize = 16 << 10;
/// Seconds by which the issuer's clock and ours may differ
const LEEWAY: f64 = 60.0;

/// Where the keys of an issuer come from
#[derive(Debug)]
enum Keys {
    Secret(VerifyingKey),
    Published(Jwks),
}

/// Whose tokens are taken, and how they are read
#[derive(Debug)]
pub struct Issuer {
    name: String,
    audience: String,
    role_claim: String,
    keys: Keys,
}

/// What is read of the claims of a token
#[derive(Debug, Deserialize)]
struct Claims {
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

/// Who a token says that somebody is
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The issuer's own name for them
    pub(crate) subject: String,
    /// Their address in lower case, if the issuer has made sure that it is theirs
    pub(crate) email: Option<String>,
    /// What the claim grants them
    pub(crate) granted: Granted,
}

/// The roles that a claim names
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    /// In all projects
    pub(crate) everywhere: Option<KeyKind>,
    /// In some, by name
    pub(crate) projects: BTreeMap<String, KeyKind>,
}

/// Why a token is not taken
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// No token at all
    #[error("it cannot be read")]
    Malformed,
    /// There is no key of its issuer that it names
    #[error("it names no key of the issuer")]
    UnknownKey,
    /// Another algorithm than the key's
    #[error("its algorithm is not the key's")]
    Algorithm,
    /// Not made by the holder of the key, or changed since
    #[error("its signature is wrong")]
    Signature,
    /// Made by somebody else
    #[error("it is of another issuer")]
    Issuer,
    /// Made for somebody else
    #[error("it is for another audience")]
    Audience,
    /// Too late
    #[error("it has expired")]
    Expired,
    /// Too early
    #[error("it is not valid yet")]
    NotYet,
}

impl Issuer {
    /// An issuer that signs with a secret that it shares with us (HS256)
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

    fn new(name: String, audience: String, keys: Keys) -> Self {
        cryptography::install();
        Self {
            name,
            audience,
            role_claim: "flagstaff_role".to_owned(),
            keys,
        }
    }

    /// Reads roles from another claim: its name, or a JSON pointer to it
    #[must_use]
    pub fn with_role_claim(self, role_claim: String) -> Self {
        Self { role_claim, ..self }
    }

    /// Who a token says that somebody is, if it is to be believed
    pub(crate) async fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, Untrusted> {
        if token.len() > TOKEN_BYTES {
            return Err(Untrusted::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Untrusted::Malformed)?;
        // Nothing that is critical is understood here (RFC 7515, section 4.1.11).
        if header.crit.is_some() {
            return Err(Untrusted::Malformed);
        }
        let found = match &self.keys {
            Keys::Secret(key) => Some(key.clone()),
            Keys::Published(keys) => keys.find(header.kid.as_deref(), now).await,
        };
        let key = found.ok_or(Untrusted::UnknownKey)?;
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.name]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // By our clock, below.
        validation.validate_exp = false;
        let read = jsonwebtoken::decode::<Claims>(token, &key.key, &validation);
        let claims = read.map_err(|error| untrusted(&error))?.claims;
        check_time(&claims, now)?;
        self.identity(claims).ok_or(Untrusted::Malformed)
    }

    fn identity(&self, claims: Claims) -> Option<Identity> {
        let granted = self.granted(&claims.others);
        let is_verified = claims.email_verified == Some(Json::Bool(true));
        let email = claims.email.as_ref().and_then(Json::as_str);
        let email = email.filter(|email| is_verified && is_name(email));
        is_name(&claims.sub).then_some(Identity {
            email: email.map(str::to_lowercase),
            subject: claims.sub,
            granted,
        })
    }

    fn granted(&self, claims: &Map<String, Json>) -> Granted {
        let claim = match self.role_claim.split_once('/') {
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
        };
        match claim {
            Some(Json::Object(projects)) => Granted {
                everywhere: None,
                projects: projects
                    .iter()
                    .filter_map(|(project, claim)| Some((project.clone(), role(claim)?)))
                    .collect(),
            },
            claim => Granted {
                everywhere: claim.and_then(role),
                projects: BTreeMap::new(),
            },
        }
    }
}

/// A role, or the greatest of several
fn role(claim: &Json) -> Option<KeyKind> {
    match claim {
        Json::String(name) => KeyKind::role(name),
        Json::Array(names) => names
            .iter()
            .filter_map(|name| KeyKind::role(name.as_str()?))
            .max(),
        _ => None,
    }
}

fn check_time(claims: &Claims, now: Timestamp) -> Result<(), Untrusted> {
    // As doubles, which is what they are in JSON: a millisecond more or less is of no matter.
    #[expect(
        clippy::cast_precision_loss,
        reason = "2^53 milliseconds are 285,000 years"
    )]
    let now = now.as_millis() as f64 / 1_000.0;
    if now >= claims.exp + LEEWAY {
        return Err(Untrusted::Expired);
    }
    if claims.nbf.is_some_and(|begin| now + LEEWAY < begin) {
        return Err(Untrusted::NotYet);
    }
    Ok(())
}

fn untrusted(error: &jsonwebtoken::errors::Error) -> Untrusted {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidAlgorithm => Untrusted::Algorithm,
        ErrorKind::InvalidSignature => Untrusted::Signature,
        ErrorKind::InvalidIssuer => Untrusted::Issuer,
        ErrorKind::InvalidAudience => Untrusted::Audience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "iss" => Untrusted::Issuer,
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => Untrusted::Audience,
        _ => Untrusted::Malformed,
    }
}

/// Characters of what somebody is called
pub(crate) const NAME_LENGTH: usize = 320;

/// Whether somebody may be called so
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_LENGTH).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}
