//! Signatures of contexts, for keys that require them: docs/signed-contexts.md

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use flagstaff_core::{Context, Value};
use ring::{digest, hmac};

/// The first line of the signed text, which identifies its format
const FORMAT: &str = "flagstaff-context-1";
/// The bytes of a key's hash that are its id
const ID_BYTES: usize = 8;

/// The signature of a context, for a page whose `client` key requires signed contexts
///
/// `secret` is one of the key's secrets, and `key` the key itself, which the page has. The page sends the signature with exactly this
/// context. It expires at most 24 hours from now, by the server's clock; fractions of a second do not count.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use flagstaff::{Context, sign_context};
///
/// let context = Context::new("user-1").with("plan", "pro");
/// let expires = SystemTime::now() + Duration::from_secs(3600);
/// let signature = sign_context("fs_signing_…", "fs_client_…", &context, expires);
/// assert_eq!(signature.split_once('.').map(|(_, mac)| mac.len()), Some(64));
/// ```
pub fn sign_context(secret: &str, key: &str, context: &Context, expires: SystemTime) -> String {
    let expires = expires.duration_since(UNIX_EPOCH).unwrap_or_default();
    let expires = expires.as_secs();
    let hash = digest::digest(&digest::SHA256, key.as_bytes());
    let id = hex(hash.as_ref().iter().take(ID_BYTES));
    let context = Value::Object(context.members().into()).to_canonical();
    let message = format!("{FORMAT}\n{id}\n{expires}\n{context}");
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mac = hmac::sign(&secret, message.as_bytes());
    format!("{expires}.{}", hex(mac.as_ref()))
}

/// Lower-case hexadecimal digits
fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    bytes.into_iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
