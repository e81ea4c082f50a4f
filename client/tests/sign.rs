//! Signatures of contexts, by the vectors of all SDKs

use std::error::Error;
use std::time::{Duration, UNIX_EPOCH};

use flagstaff::{Context, sign_context};
use serde_json::Value;

const VECTORS: &str = include_str!("../../conformance/vectors/signed-contexts.json");

#[test]
fn a_signature_is_that_of_the_vector() -> Result<(), Box<dyn Error>> {
    let file: Value = serde_json::from_str(VECTORS)?;
    let text = |name| file.get(name).and_then(Value::as_str).ok_or("a text");
    let seconds = file.get("expires").and_then(Value::as_u64);
    // Fractions of a second do not count.
    let lifetime = Duration::from_secs(seconds.ok_or("seconds")?) + Duration::from_millis(999);
    let vectors = file.get("vectors").and_then(Value::as_array);
    let vectors = vectors.ok_or("an array")?;
    assert!(vectors.len() >= 6);
    for vector in vectors {
        let context = vector.get("context").ok_or("a context")?;
        let context = Context::from_json(&context.to_string())?;
        let signature = sign_context(
            text("secret")?,
            text("key")?,
            &context,
            UNIX_EPOCH + lifetime,
        );
        assert_eq!(
            Some(&*signature),
            vector.get("signature").and_then(Value::as_str),
            "{vector}"
        );
    }
    Ok(())
}
