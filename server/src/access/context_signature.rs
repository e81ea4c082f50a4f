//! Signed contexts: a key that is public in a page evaluates only contexts that the customer's own server has signed
//!
//! `x-flagstaff-signature: EXPIRES.MAC`, described in docs/signed-contexts.md.

use axum::http::{HeaderMap, HeaderName};
use flagstaff_core::{Context, Timestamp, Value};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use utoipa::IntoParams;

use crate::access::auth::Principal;
use crate::http::api_error::ApiError;

/// The header with the signature of the context in the body
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-flagstaff-signature");
/// The first line of the signed text, which identifies its format
const FORMAT: &str = "flagstaff-context-1";
/// The maximum lifetime of a signature in milliseconds: a leaked one is of no use for longer
const LONGEST: i64 = 86_400_000;

/// The signature, for the `OpenAPI` document
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `check` reads")]
pub(crate) struct SignatureHeader {
    /// The signature of the context, if the key requires signed contexts: `EXPIRES.MAC`
    #[param(rename = "x-flagstaff-signature", nullable = false)]
    signature: Option<String>,
}

/// The signature in the header; empty if the header is not text
pub(crate) fn in_header(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(SIGNATURE)?;
    Some(given.to_str().unwrap_or_default())
}

/// Whether the caller has a key that requires signed contexts
pub(crate) fn is_required(principal: &Principal) -> bool {
    let key = principal.key();
    key.is_ok_and(|key| key.row().rules.signed_contexts)
}

/// Refuses a context without a valid signature if the key requires one; a context that cannot be parsed (`None`) cannot be signed
pub(crate) fn check(
    principal: &Principal,
    given: Option<&str>,
    context: Option<&Context>,
    now: Timestamp,
) -> Result<(), ApiError> {
    if !is_required(principal) {
        return Ok(());
    }
    let key = principal.key()?;
    let given = given.ok_or(ApiError::Signature(
        "the key takes signed contexts only: send `x-flagstaff-signature`",
    ))?;
    let parts = given.split_once('.');
    let read = parts.and_then(|(expires, mac)| {
        let is_plain = !expires.is_empty() && expires.bytes().all(|byte| byte.is_ascii_digit());
        let seconds: i64 = expires.parse().ok().filter(|_| is_plain)?;
        Some((expires, seconds, hex::decode(mac).ok()?))
    });
    let (expires, seconds, mac) = read.ok_or(ApiError::Signature(
        "the signature cannot be read: expected `EXPIRES.MAC`, seconds since 1970 and hexadecimal digits",
    ))?;
    let is_genuine = context.is_some_and(|context| {
        let message = message(key.row().id(), expires, context);
        let is_with = |secret: &String| verifies(secret, &message, &mac);
        key.secrets().iter().flatten().any(is_with)
    });
    if !is_genuine {
        // It may be genuine, but the server cannot decrypt the secret; the caller cannot do anything about that.
        if let Some(error) = key
            .secrets()
            .iter()
            .find_map(|secret| secret.as_ref().err())
        {
            return Err(ApiError::Internal(Box::new(error.clone())));
        }
        return Err(ApiError::Signature(
            "the signature is not of this context, key and time",
        ));
    }
    let left = seconds
        .saturating_mul(1_000)
        .saturating_sub(now.as_millis());
    if left <= 0 {
        return Err(ApiError::Signature("the signature has expired"));
    }
    if left > LONGEST {
        return Err(ApiError::Signature(
            "the signature ends more than 24 hours from now: sign for less",
        ));
    }
    Ok(())
}

/// Whether the route at this path checks signatures itself. A new route that does must be listed here; all others refuse keys that require
/// signed contexts
pub(crate) fn is_checked_at(path: &str) -> bool {
    let evaluates = [
        "/ofrep/v1/evaluate/flags",
        "/api/v1/evaluate",
        "/api/v1/evaluate/batch",
    ];
    let of_environment = path.strip_prefix("/api/v1/projects/").unwrap_or_default();
    let of_environment: Vec<&str> = of_environment.split('/').collect();
    if matches!(of_environment[..], [_, "environments", _, "values"]) {
        return true;
    }
    let tells_no_values = ["/ofrep/v1/events", "/api/v1/sdk/usage"];
    let of_one_flag = path.strip_prefix("/ofrep/v1/evaluate/flags/");
    let is_one_flag = of_one_flag.is_some_and(|key| !key.trim_end_matches('/').contains('/'));
    is_one_flag || evaluates.contains(&path) || tells_no_values.contains(&path)
}

/// The signed text: the key, the end of validity, and the whole context in canonical JSON (RFC 8785)
fn message(key: &str, expires: &str, context: &Context) -> String {
    let context = Value::Object(context.members().into()).to_canonical();
    format!("{FORMAT}\n{key}\n{expires}\n{context}")
}

fn verifies(secret: &str, message: &str, mac: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).is_ok_and(|mut hmac| {
        hmac.update(message.as_bytes());
        // In constant time.
        hmac.verify_slice(mac).is_ok()
    })
}
