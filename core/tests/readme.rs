//! What the pages show is true: flags compile, without a field that the language does not have, and a trace is what is answered

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
fn the_flag_of_the_readme_is_one() {
    let flags = shown(include_str!("../../README.md"));
    assert_eq!(flags.len(), 1);
    for flag in flags {
        assert_eq!(Snapshot::empty().check_flag("shown", Some(&flag)), Ok(()));
    }
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
