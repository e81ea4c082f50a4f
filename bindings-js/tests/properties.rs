//! An outcome id stands for one outcome, and contexts are kept until they are released: checked on random documents and contexts

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::BTreeMap;

use flagstaff_core::Context;
use flagstaff_js::{JsonQuery, JsonReplica, OutcomeIdQuery};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use documents::{context, document};

#[path = "../../core/tests/properties/documents.rs"]
mod documents;

/// Shared memory as a host fills it: the layout of `bindings-js/src/packed.rs`
fn packed(context: &Json, paths: &Json, now: i32) -> Vec<u8> {
    let paths = paths.as_array().unwrap();
    let texts_begin = paths.len().saturating_mul(16).saturating_add(8);
    let mut memory = f64::from(now).to_ne_bytes().to_vec();
    let mut texts = Vec::new();
    for path in paths {
        let mut names = path.as_array().unwrap().iter();
        let found = names.try_fold(context, |found, name| {
            found.as_object()?.get(name.as_str()?)
        });
        let (kind, text, number) = match found {
            None => (0_u32, String::new(), None),
            Some(Json::Null) => (1, String::new(), None),
            Some(Json::Bool(false)) => (2, String::new(), None),
            Some(Json::Bool(true)) => (3, String::new(), None),
            Some(Json::Number(number)) => (4, String::new(), number.as_f64()),
            Some(Json::String(text)) => (5, text.clone(), None),
            Some(array @ Json::Array(_)) => (6, array.to_string(), None),
            Some(Json::Object(_)) => (7, String::new(), None),
        };
        let start = u32::try_from(texts_begin.saturating_add(texts.len())).unwrap();
        let length = u32::try_from(text.len()).unwrap();
        memory.extend([kind, length].into_iter().flat_map(u32::to_ne_bytes));
        match number {
            Some(number) => memory.extend(number.to_ne_bytes()),
            None => memory.extend([start, 0].into_iter().flat_map(u32::to_ne_bytes)),
        }
        texts.extend(text.bytes());
    }
    memory.extend(texts);
    memory
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_number_stands_for_one_outcome(document in document(), contexts in prop::collection::vec(context(), 1..6), now in -10_i32..700_000) {
        let mut replica = JsonReplica::default();
        replica.load_document(&document.to_string()).unwrap();
        let flags: Vec<String> = serde_json::from_str(&replica.keys()).unwrap();
        let types = [None, Some("boolean"), Some("string"), Some("number"), Some("integer"), Some("object")];
        let mut outcomes = BTreeMap::new();
        for context in &contexts {
            let text = context.to_string();
            let kept = replica.store_context(&text);
            let is_valid = Context::from_json(&text).is_ok();
            prop_assert_eq!(kept != 0, is_valid);
            if !is_valid {
                replica.release_context(kept);
                continue;
            }
            let mut all = f64::from(now).to_ne_bytes().to_vec();
            all.resize(flags.len().saturating_mul(4).saturating_add(8), 0);
            prop_assert!(replica.outcome_ids(kept, &mut all));
            let all: Vec<i32> = all.as_chunks().0.iter().skip(2).map(|number| i32::from_ne_bytes(*number)).collect();
            for (position, flag) in flags.iter().enumerate() {
                let description: Json = serde_json::from_str(&replica.describe_flag(flag).unwrap()).unwrap();
                prop_assert_eq!(&description["position"], &json!(position));
                let memory = packed(context, &description["paths"], now);
                for (name, expected) in types.into_iter().zip(0..) {
                    let query = OutcomeIdQuery { flag: u32::try_from(position).unwrap(), expected, context: kept };
                    let number = replica.outcome_id(query, &memory);
                    prop_assert_eq!(number, replica.outcome_id(OutcomeIdQuery { context: 0, ..query }, &memory));
                    if name.is_none() {
                        prop_assert_eq!(Some(&number), all.get(position));
                    }
                    let query = JsonQuery { flag, expected: name, default_value: "null", context: &text, now: now.into() };
                    let outcome = replica.evaluate(&query).unwrap();
                    prop_assert!(number >= 0, "{}", outcome);
                    let held = outcomes.entry((flag, name, number)).or_insert_with(|| outcome.clone());
                    prop_assert_eq!(&*held, &outcome);
                    if description["isConstant"] == json!(true) {
                        let first = outcomes.keys().filter(|(other, kind, _)| *other == flag && *kind == name).count();
                        prop_assert_eq!(first, 1);
                    }
                }
            }
            replica.release_context(kept);
        }
    }

    #[test]
    fn the_contexts_that_are_kept_are_those_that_were(steps in prop::collection::vec((any::<bool>(), 0..8_u32), 1..60)) {
        let mut replica = JsonReplica::default();
        replica.load_document(r#"{"schemaVersion": 1, "flags": {"f": {"type": "boolean", "enabled": true, "serve": "off",
            "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}]}}}"#).unwrap();
        let ask = |replica: &JsonReplica, context| replica.outcome_id(OutcomeIdQuery { flag: 0, expected: 0, context }, &[]);
        let texts = [r#"{"plan": "pro"}"#, r#"{"plan": "free"}"#, r#"{"targetingKey": 7}"#];
        let mut numbers = [0, 0, -1];
        for (text, number) in texts.iter().zip(&mut numbers).take(2) {
            let name = replica.store_context(text);
            *number = ask(&replica, name);
            replica.release_context(name);
        }
        prop_assert!(numbers[0] >= 0 && numbers[1] >= 0 && numbers[0] != numbers[1]);
        let mut kept = BTreeMap::new();
        for (is_kept, choice) in steps {
            if is_kept {
                let (text, number) = texts.iter().zip(numbers).nth(choice as usize % 3).unwrap();
                let name = replica.store_context(text);
                prop_assert_eq!(name == 0, number < 0);
                prop_assert!(name == 0 || kept.insert(name, number).is_none());
            } else {
                replica.release_context(choice);
                kept.remove(&choice);
            }
            for name in 1..60 {
                prop_assert_eq!(ask(&replica, name), kept.get(&name).copied().unwrap_or(-1));
            }
        }
    }
}
