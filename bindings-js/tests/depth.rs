//! What is as deep as the language allows fits into the stack of any thread
//!
//! The documents are those of the conformance cases. A thread that runs out of stack aborts the process, so that a test here passes or
//! takes all others of this file with it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test"
)]

use std::fs;
use std::path::Path;
use std::thread;

use flagstaff_js::{JsonQuery, JsonReplica, OutcomeIdQuery};
use serde_json::Value as Json;

/// A quarter of what a thread has in Rust, and what one of macOS or musl has
const STACK: usize = 512 * 1024;

/// The documents of the cases at the bound and beyond it
fn documents() -> Vec<String> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/cases/loading/depth.json");
    let file: Json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let own = file["cases"].as_array().unwrap().iter();
    let own = own.filter_map(|case| case.get("document"));
    own.chain([&file["document"]])
        .map(Json::to_string)
        .collect()
}

/// Does `work` with each document on a thread that has little stack
fn with_little_stack(work: impl Fn(&str) + Clone + Send + 'static) {
    let documents = documents();
    assert!(documents.len() > 5);
    for document in documents {
        let work = work.clone();
        let thread = thread::Builder::new().stack_size(STACK);
        thread
            .spawn(move || work(&document))
            .unwrap()
            .join()
            .unwrap();
    }
}

#[test]
fn answers_in_text_and_in_numbers() {
    with_little_stack(|document| {
        let mut replica = JsonReplica::default();
        replica.load_document(document).unwrap();
        let context = replica.store_context(r#"{"targetingKey": "u1"}"#);
        let keys: Vec<String> = serde_json::from_str(&replica.keys()).unwrap();
        for (flag, key) in (0..).zip(&keys) {
            assert!(replica.describe_flag(key).is_some());
            let query = OutcomeIdQuery {
                flag,
                expected: 0,
                context,
            };
            assert!(replica.outcome_id(query, &[0; 8]) >= 0);
            let query = JsonQuery {
                flag: key,
                expected: None,
                default_value: "null",
                context: "{}",
                now: 0.0,
            };
            assert_ne!(replica.explain(&query).unwrap(), "");
        }
    });
}
