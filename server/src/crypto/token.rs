//! Bearer tokens: generating one, and the hash that is stored

use rand::distr::{Alphanumeric, SampleString as _};
use sha2::{Digest as _, Sha256};

/// Random characters of a token: 62^32 possibilities, about 190 bits
const TOKEN_LENGTH: usize = 32;
/// Characters of a token that are shown later
const HINT_LENGTH: usize = 4;

/// The hash of a token, which is stored instead of the token
///
/// Tokens are random and long, so one round without salt is enough, and the time of a look-up by hash reveals nothing about the token.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// A new token with a prefix
pub(crate) fn generate(prefix: &str) -> String {
    let random = Alphanumeric.sample_string(&mut rand::rng(), TOKEN_LENGTH);
    format!("{prefix}{random}")
}

/// The end of a token, which is shown later; empty if the token is too short
pub(crate) fn hint(token: &str) -> &str {
    let start = token.len().saturating_sub(HINT_LENGTH);
    let is_long = token.len() >= TOKEN_LENGTH;
    token.get(start..).filter(|_| is_long).unwrap_or_default()
}
