//! The deepest documents that the language allows are analysed within the stack of any thread
//!
//! The documents are those of the conformance cases. A thread that runs out of stack aborts the process, so that if a test here fails, all
//! tests of this file fail.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test"
)]

use std::fs;
use std::path::Path;
use std::thread;

use flagstaff_analysis::impact::Comparison;
use flagstaff_analysis::lint::{Options, lint};
use flagstaff_core::{Context, Timestamp};
use serde_json::Value as Json;

/// A quarter of what a thread has in Rust, and what one of macOS or musl has
const STACK: usize = 512 * 1024;
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

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
fn analyses() {
    with_little_stack(|document| {
        lint(document, Options::default()).unwrap();
        let empty = r#"{"schemaVersion": 1}"#;
        let comparison = Comparison::new(empty, document).unwrap();
        let _ = comparison.flags(NOW);
        let _ = comparison.context(&Context::new("u1"), NOW);
    });
}
