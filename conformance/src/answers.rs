//! The responses of the protocol of JSON lines, except outcomes

use std::fmt::Display;
use std::sync::Arc;

use flagstaff_core::{Issue, Value};

/// `{"ok": true, "issues": […]}`: a document was loaded, with these issues
pub fn loaded(issues: &[Issue]) -> Value {
    let issues: Arc<[Value]> = issues.iter().map(issue).collect();
    Value::object([("ok", Value::from(true)), ("issues", Value::Array(issues))])
}

/// `{"ok": false, "issues": […]}`: a document was refused
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

/// `{"error": "…"}`: a request failed
pub fn error(why: &dyn Display) -> Value {
    Value::object([("error", Value::from(why.to_string()))])
}

/// The response to [`Request::Unsupported`](crate::Request::Unsupported)
pub fn unsupported() -> Value {
    error(&"unsupported")
}

/// An issue, serialised as in every binding
fn issue(issue: &Issue) -> Value {
    let json = serde_json::to_value(issue).and_then(serde_json::from_value);
    json.unwrap_or_default()
}
