//! Evaluations

use flagstaff_core::{
    Attributes, Context, ErrorCode, ExpectedType, Outcome, Reason, Snapshot, Timestamp, Value,
};

const TYPES: [ExpectedType; 5] = [
    ExpectedType::Boolean,
    ExpectedType::String,
    ExpectedType::Number,
    ExpectedType::Integer,
    ExpectedType::Object,
];

/// Evaluates a document for a context: a line with milliseconds since 1970, a line with the context, and the document
pub fn evaluate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(3, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let now = Timestamp::from_millis(part().trim().parse().unwrap_or_default());
    let context = Context::from_json(part());
    let Ok(snapshot) = Snapshot::from_json(part()) else {
        return;
    };
    for (key, outcome) in snapshot.evaluate_all(&context, now) {
        one(&snapshot, key, &outcome, &context, now);
    }
    assert_eq!(
        snapshot
            .evaluate("no such flag", None, &context, now)
            .reason,
        Reason::Error,
        "no key has spaces"
    );
    boundaries(&snapshot, &context, now);
}

/// Every way to evaluate a flag returns the same outcome, and the outcome is consistent
fn one<A: Attributes>(
    snapshot: &Snapshot,
    key: &str,
    outcome: &Outcome<'_>,
    context: &A,
    now: Timestamp,
) {
    assert_eq!(
        &snapshot.evaluate(key, None, context, now),
        outcome,
        "asked alone"
    );
    let (explained, trace) = snapshot.explain(key, None, context, now);
    assert_eq!(&explained, outcome, "explained");
    assert_eq!(reread(&trace), trace, "the trace as text");
    let written = outcome.to_value(&Value::Null);
    assert_eq!(reread(&written), written, "the outcome as text");
    let is_error = outcome.reason == Reason::Error;
    assert_eq!(outcome.value.is_err(), is_error, "an error has no value");
    assert_eq!(
        outcome.variant.is_none(),
        is_error,
        "an error has no variant"
    );
    for expected in TYPES {
        let typed = snapshot.evaluate(key, Some(expected), context, now);
        match &outcome.value {
            Ok(value) if !expected.admits(value) => {
                assert_eq!(
                    typed.error_code(),
                    Some(ErrorCode::TypeMismatch),
                    "as {expected:?}"
                );
            }
            _ => assert_eq!(&typed, outcome, "as {expected:?}"),
        }
    }
}

/// Time alone changes nothing between two boundaries
fn boundaries<A: Attributes>(snapshot: &Snapshot, context: &A, now: Timestamp) {
    let answers = |at: Timestamp| snapshot.evaluate_all(context, at);
    if let Some(last) = snapshot.last_boundary(now) {
        assert!(last <= now, "the last boundary is past");
        assert_eq!(answers(last), answers(now), "since the last boundary");
    }
    if let Some(next) = snapshot.next_boundary(now) {
        assert!(next > now, "the next boundary is to come");
        let before = Timestamp::from_millis(next.as_millis().saturating_sub(1));
        assert_eq!(answers(before), answers(now), "until the next boundary");
    }
}

fn reread(value: &Value) -> Value {
    serde_json::from_str(&value.to_canonical()).unwrap_or_default()
}
