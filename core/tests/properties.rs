//! What holds for every document and context, checked on random ones

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeSet;

use flagstaff_analysis::wire::{join, split};
use flagstaff_core::{Context, ExpectedType, Replica, Snapshot, Timestamp, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use documents::{context, document, json_value};

#[path = "properties/documents.rs"]
mod documents;

fn answers(snapshot: &Snapshot, context: &Json, now: i64) -> Vec<String> {
    let context = Context::from_json(&context.to_string());
    let outcomes = snapshot.evaluate_all(&context, Timestamp::from_millis(now));
    outcomes
        .iter()
        .map(|(key, outcome)| format!("{key} {}", outcome.to_value(&Value::Null)))
        .collect()
}

/// The same document with the members of every object in the opposite order
fn reversed(value: &Json, text: &mut String) {
    match value {
        Json::Object(members) => {
            text.push('{');
            for (position, (name, member)) in members.iter().rev().enumerate() {
                text.push_str(if position > 0 { "," } else { "" });
                text.push_str(&Json::from(name.as_str()).to_string());
                text.push(':');
                reversed(member, text);
            }
            text.push('}');
        }
        Json::Array(elements) => {
            text.push('[');
            for (position, element) in elements.iter().enumerate() {
                text.push_str(if position > 0 { "," } else { "" });
                reversed(element, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// Feeds a document to a replica as a full transfer
fn transferred(document: &Json) -> Replica {
    let mut replica = Replica::new();
    replica
        .apply_event("server-intent", r#"{"intent": "xfer-full"}"#, None)
        .unwrap();
    let mut hash = 0_u64;
    for object in split(document) {
        let data =
            json!({"kind": object.kind, "key": object.key, "version": 1, "object": object.value});
        replica
            .apply_event("put-object", &data.to_string(), None)
            .unwrap();
        hash = hash.wrapping_add(flagstaff_core::object::state_hash(
            object.kind.as_str(),
            &object.key,
            1,
        ));
    }
    let data = json!({"schemaVersion": 1, "environment": "e", "revision": 1, "hash": format!("{hash:016x}")});
    replica
        .apply_event("payload-transferred", &data.to_string(), Some("cursor"))
        .unwrap();
    replica
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_a_snapshot_or_an_error(text in ".{0,60}") {
        let _ = Snapshot::from_json(&text);
        let _ = Context::from_json(&text);
        let _ = Snapshot::from_json(&format!(r#"{{"schemaVersion": 1, "flags": {{"f": {text}}}}}"#));
    }

    #[test]
    fn any_json_for_a_flag_compiles_or_is_an_issue(flag in json_value(), context in json_value()) {
        let document = json!({"schemaVersion": 1, "flags": {"f": flag, "neighbour": {"type": "boolean", "enabled": true, "serve": "on"}}});
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        prop_assert_eq!(snapshot.flags().len(), 2);
        let neighbour = &answers(&snapshot, &json!({}), 0)[1];
        prop_assert!(neighbour.contains("\"value\":true"), "{}", neighbour);
        answers(&snapshot, &context, 0);
    }

    #[test]
    fn explaining_does_not_change_the_answer(document in document(), context in context(), now in -10_i64..700_000) {
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let context = Context::from_json(&context.to_string());
        let now = Timestamp::from_millis(now);
        for flag in snapshot.flags() {
            let (outcome, trace) = snapshot.explain(flag.key, None, &context, now);
            prop_assert_eq!(&outcome, &snapshot.evaluate(flag.key, None, &context, now));
            prop_assert!(matches!(trace, Value::Array(_)));
        }
    }

    #[test]
    fn the_value_alone_is_that_of_the_outcome(document in document(), context in context(), now in -10_i64..700_000) {
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let context = Context::from_json(&context.to_string());
        let now = Timestamp::from_millis(now);
        let types = [None, Some(ExpectedType::Boolean), Some(ExpectedType::String), Some(ExpectedType::Integer), Some(ExpectedType::Object)];
        for (flag, expected) in ["f", "g", "none"].into_iter().flat_map(|flag| types.map(|expected| (flag, expected))) {
            let outcome = snapshot.evaluate(flag, expected, &context, now);
            let value = snapshot.evaluate_value(flag, expected, &context, || now);
            prop_assert_eq!(value.value, outcome.value);
        }
    }

    #[test]
    fn the_order_of_members_never_matters(document in document(), context in context(), now in -10_i64..700_000) {
        let mut text = String::new();
        reversed(&document, &mut text);
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let other = Snapshot::from_json(&text).unwrap();
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&other, &context, now));
        // Of several wrong members serde tells the first, so only what is broken is compared.
        let broken = |snapshot: &Snapshot| -> BTreeSet<_> { snapshot.issues().iter().map(|issue| issue.flag.clone()).collect() };
        prop_assert_eq!(broken(&snapshot), broken(&other));
    }

    #[test]
    fn a_document_means_the_same_on_the_wire(document in document(), context in context(), now in -10_i64..700_000) {
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let replica = transferred(&document);
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&replica.snapshot(), &context, now));
        let joined = Snapshot::from_json(&join("e", 1, split(&document)).to_string()).unwrap();
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&joined, &context, now));
        prop_assert_eq!(joined.changed_since(&joined), Vec::<std::sync::Arc<str>>::new());
    }

    // pins TIME-9
    #[test]
    fn between_two_boundaries_nothing_changes(document in document(), context in context(), now in -10_i64..700_000) {
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let next = snapshot.next_boundary(Timestamp::from_millis(now)).map_or(2_000_000, Timestamp::as_millis);
        prop_assert!(next > now);
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&snapshot, &context, next.saturating_sub(1)));
        let last = snapshot.last_boundary(Timestamp::from_millis(now)).map_or(-1_000, Timestamp::as_millis);
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&snapshot, &context, last));
    }

    #[test]
    fn growing_a_rollout_evicts_nobody_and_moves_nobody(unit in "\\PC{1,12}", small in 0..=100_000_u32, large in 0..=100_000_u32, weight in 0..=100_000_u32) {
        let (small, large) = (small.min(large), small.max(large));
        let variant = |share: u32| {
            let flag = json!({"type": "string", "enabled": true, "variants": {"none": "", "a": "a", "b": "b"}, "offVariant": "none",
                "serve": {"rollout": f64::from(share) / 1000.0, "arms": [{"variant": "a", "weight": weight}, {"variant": "b", "weight": 100_000_u32.saturating_sub(weight)}]}});
            let snapshot = Snapshot::from_json(&json!({"schemaVersion": 1, "flags": {"f": flag}}).to_string()).unwrap();
            snapshot.evaluate("f", None, &Context::new(unit.as_str()), Timestamp::default()).variant.unwrap().to_owned()
        };
        let before = variant(small);
        prop_assert!(before == "none" || before == variant(large), "{} then {}", before, variant(large));
    }
}
