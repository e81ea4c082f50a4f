//! The evaluation core as a WebAssembly module: a pure function library behind `Evaluator` of `sdk-js/src/evaluator.ts`
//!
//! No I/O and no callbacks live here; the network is JavaScript's. Documentation of the methods is at the interface.

#![forbid(unsafe_code)]

mod error;

use flagstaff_core::{TextQuery, TextReplica};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::to_js;

/// One replica of an environment
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Evaluator {
    replica: TextReplica,
}

#[wasm_bindgen]
impl Evaluator {
    /// An evaluator of the empty snapshot
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the snapshot by a document
    pub fn load(&mut self, document: &str) -> Result<String, JsError> {
        self.replica.load(document).map_err(to_js)
    }

    /// A new connection begins
    pub fn connected(&mut self) {
        self.replica.connected();
    }

    /// Takes one event of the stream
    #[expect(
        clippy::needless_pass_by_value,
        reason = "wasm-bindgen has no optional borrowed string"
    )]
    pub fn event(&mut self, name: &str, data: &str, id: Option<String>) -> Result<String, JsError> {
        self.replica.event(name, data, id.as_deref()).map_err(to_js)
    }

    /// The position in the stream
    pub fn cursor(&self) -> Option<String> {
        self.replica.cursor().map(ToOwned::to_owned)
    }

    /// Evaluates one flag
    #[expect(
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        reason = "wasm-bindgen has no optional borrowed string, and scalars cross more cheaply than an object"
    )]
    pub fn evaluate(
        &self,
        flag: &str,
        expected: Option<String>,
        fallback: &str,
        context: &str,
        now: f64,
    ) -> Result<String, JsError> {
        self.replica
            .evaluate(&TextQuery {
                flag,
                expected: expected.as_deref(),
                fallback,
                context,
                now,
            })
            .map_err(to_js)
    }

    /// Evaluates one flag and tells why it answers so
    #[expect(
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        reason = "wasm-bindgen has no optional borrowed string, and scalars cross more cheaply than an object"
    )]
    pub fn explain(
        &self,
        flag: &str,
        expected: Option<String>,
        fallback: &str,
        context: &str,
        now: f64,
    ) -> Result<String, JsError> {
        self.replica
            .explain(&TextQuery {
                flag,
                expected: expected.as_deref(),
                fallback,
                context,
                now,
            })
            .map_err(to_js)
    }

    /// Evaluates every flag
    #[wasm_bindgen(js_name = evaluateAll)]
    pub fn evaluate_all(&self, context: &str, now: f64) -> String {
        self.replica.evaluate_all(context, now)
    }

    /// What is wrong with the snapshot's flags
    pub fn issues(&self) -> String {
        self.replica.issues()
    }

    /// The next instant at which an outcome may change by time alone
    #[wasm_bindgen(js_name = nextBoundary)]
    pub fn next_boundary(&self, now: f64) -> Option<f64> {
        self.replica.next_boundary(now)
    }

    /// The slot of a unit under a salt
    pub fn bucket(&self, salt: &str, unit: &str, total: u32) -> u32 {
        TextReplica::bucket(salt, unit, total)
    }
}
