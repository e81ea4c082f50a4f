//! A condition of a dialect, in the document of one flag

use flagstaff_core::{Context, Snapshot, Timestamp};

fn document(dialect: &str, expression: &str) -> Snapshot {
    let document = format!(
        r#"{{"schemaVersion": 1, "flags": {{"f": {{"needs": 2, "type": "boolean", "enabled": true, "serve": "off",
            "rules": [{{"when": {{"dialect": "{dialect}", "expression": {expression}}}, "serve": "on"}}]}}}}}}"#
    );
    Snapshot::from_json(&document).unwrap()
}

/// Whether a condition of the dialect holds for a context
pub(crate) fn holds(dialect: &str, expression: &str, of: &str) -> bool {
    let snapshot = document(dialect, expression);
    assert_eq!(snapshot.issues(), [], "{expression}");
    evaluate(&snapshot, of) == Some("on".to_owned())
}

/// Whether a condition of the dialect breaks its flag
pub(crate) fn is_refused(dialect: &str, expression: &str) -> bool {
    !document(dialect, expression).issues().is_empty()
}

/// The variant that the flag `f` serves
pub(crate) fn evaluate(snapshot: &Snapshot, of: &str) -> Option<String> {
    let context = Context::from_json(of).unwrap();
    let outcome = snapshot.evaluate("f", None, &context, Timestamp::from_millis(0));
    outcome.variant.map(str::to_owned)
}
