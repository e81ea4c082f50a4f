//! The answers of the protocol of JSON lines, outcomes apart

use std::fmt::Display;
use std::sync::Arc;

use flagstaff_core::{Issue, Value};

/// `{"ok": true, "issues": […]}`: a document is loaded, and these of its flags are broken
pub fn loaded(issues: &[Issue]) -> Value {
    let issues: Arc<[Value]> = issues.iter().map(issue).collect();
    Value::object([("ok", Value::from(true)), ("issues", Value::Array(issues))])
}

/// `{"ok": false, "issues": […]}`: a document is refused whole
pub fn refused(why: &dyn Display) -> Value {
    let whole = Value::object([
        ("pointer", Value::from("")),
        ("message", why.to_string().into()),
    ]);
    Value::object([("ok", Value::from(false)), ("issues", vec![whole].into())])
}

/// `{"slot": N}`
pub fn slot(slot: u32) -> Value {
    Value::object([("slot", Value::from(slot))])
}

/// `{"error": "…"}`: a request that cannot be answered
pub fn error(why: &dyn Display) -> Value {
    Value::object([("error", Value::from(why.to_string()))])
}

/// The answer to [`Request::Unsupported`](crate::Request::Unsupported)
pub fn unsupported() -> Value {
    error(&"unsupported")
}

/// An issue as every binding tells it: its own serialization
fn issue(issue: &Issue) -> Value {
    let json = serde_json::to_value(issue).and_then(serde_json::from_value);
    json.unwrap_or_default()
}
