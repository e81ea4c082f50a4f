//! Signed contexts: a key that anybody can read out of a page evaluates only for whom the customer's own server has signed
//!
//! `x-flagstaff-signature: EXPIRES.MAC`, in docs/signed-contexts.md.

use axum::http::{HeaderName, HeaderValue};
use flagstaff_core::{Context, Timestamp, Value};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use utoipa::IntoParams;

use crate::api_error::ApiError;
use crate::auth::{Grant, unhex};

/// Carries the signature of the context in the body
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-flagstaff-signature");
/// Of what is signed: another form has another first line
const FORM: &str = "flagstaff-context-1";
/// Milliseconds from now in which a signature must end: one that leaks is of use for no longer
const LONGEST: i64 = 86_400_000;

/// The signature, as it is told of
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `check` reads")]
pub(crate) struct Signed {
    /// The signature of the context, where the key takes signed contexts only: `EXPIRES.MAC`
    #[param(rename = "x-flagstaff-signature", nullable = false)]
    signature: Option<String>,
}

/// Refuses a context that nobody has signed, from a key that takes no others; one that cannot be read (`None`) nobody can have signed
pub(crate) fn check(
    grant: &Grant,
    given: Option<&HeaderValue>,
    context: Option<&Context>,
    now: Timestamp,
) -> Result<(), ApiError> {
    let key = grant.key()?;
    if !key.row().rules.signed_contexts {
        return Ok(());
    }
    let given = given.ok_or(ApiError::Signature(
        "the key takes signed contexts only: send `x-flagstaff-signature`",
    ))?;
    let parts = given.to_str().ok().and_then(|given| given.split_once('.'));
    let read = parts.and_then(|(expires, mac)| {
        let is_plain = !expires.is_empty() && expires.bytes().all(|byte| byte.is_ascii_digit());
        let seconds: i64 = expires.parse().ok().filter(|_| is_plain)?;
        Some((expires, seconds, unhex(mac)?))
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
        // It may be genuine, and the caller can do nothing about it.
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

/// Whether a route answers nothing of a context that it has not checked: a new one must say so here, or no key that takes signed
/// contexts only is let in
pub(crate) fn is_checked_at(path: &str) -> bool {
    let evaluates = ["/ofrep/v1/evaluate/flags", "/api/v1/evaluate"];
    let tells_no_values = ["/ofrep/v1/events", "/api/v1/sdk/usage"];
    let of_one_flag = path.strip_prefix("/ofrep/v1/evaluate/flags/");
    let is_one_flag = of_one_flag.is_some_and(|key| !key.trim_end_matches('/').contains('/'));
    is_one_flag || evaluates.contains(&path) || tells_no_values.contains(&path)
}

/// What is signed: for which key, until when, and the whole context in canonical JSON (RFC 8785)
fn message(key: &str, expires: &str, context: &Context) -> String {
    let context = Value::Object(context.members().into()).to_canonical();
    format!("{FORM}\n{key}\n{expires}\n{context}")
}

fn verifies(secret: &str, message: &str, mac: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).is_ok_and(|mut hmac| {
        hmac.update(message.as_bytes());
        // In constant time.
        hmac.verify_slice(mac).is_ok()
    })
}
