//! The trace that the specification shows is what `explain` returns

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::{Context, Snapshot, Timestamp};
use serde_json::{Value, json};

fn shown(page: &str) -> Vec<Value> {
    page.split("```json\n")
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
        .collect()
}

#[test]
fn the_trace_of_the_specification_is_what_explains_its_flag() {
    let [flag, context, expected] = shown(include_str!("../../docs/spec/trace.md"))
        .try_into()
        .unwrap();
    let document = json!({"schemaVersion": 1, "flags": {"shown": flag}}).to_string();
    let snapshot = Snapshot::from_json(&document).unwrap();
    let context = Context::from_json(&context.to_string()).unwrap();
    let now = Timestamp::from_millis(0);
    let (_, trace) = snapshot.explain("shown", None, &context, now);
    let trace: Value = serde_json::from_str(&trace.to_canonical()).unwrap();
    assert_eq!(trace, expected);
}
