//! The evaluation core as a WebAssembly module: a pure function library behind `Evaluator` of `sdk-js/src/evaluator.ts`
//!
//! No I/O and no callbacks live here; the network is JavaScript's. Documentation of the methods is at the interface.

#![forbid(unsafe_code)]

mod error;

use flagstaff_core::{NumberQuery, TextQuery, TextReplica};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::to_js;

/// One replica of an environment
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Evaluator {
    replica: TextReplica,
    // JavaScript writes to it between calls.
    memory: Vec<u8>,
}

impl Evaluator {
    /// Where the shared memory begins, on a boundary of 8 bytes
    fn start(&self) -> usize {
        self.memory.as_ptr().align_offset(ALIGNMENT)
    }
}

/// Of the widest thing in shared memory
const ALIGNMENT: usize = 8;

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

    /// The keys of the flags whose outcome time alone may have changed
    #[wasm_bindgen(js_name = changedBetween)]
    pub fn changed_between(&self, since: f64, until: f64) -> String {
        self.replica.changed_between(since, until)
    }

    /// The slot of a unit under a salt
    pub fn bucket(&self, salt: &str, unit: &str, total: u32) -> u32 {
        TextReplica::bucket(salt, unit, total)
    }

    /// The keys of all flags, by position
    pub fn keys(&self) -> String {
        self.replica.keys()
    }

    /// What is to be known of a flag to ask for it in numbers
    pub fn describe(&mut self, flag: &str) -> Option<String> {
        self.replica.describe(flag)
    }

    /// Keeps a context and names it
    pub fn keep(&mut self, context: &str) -> u32 {
        self.replica.keep(context)
    }

    /// Forgets a context
    pub fn forget(&mut self, name: u32) {
        self.replica.forget(name);
    }

    /// Makes shared memory of at least so many bytes and says where it begins in the memory of the module
    pub fn reserve(&mut self, bytes: usize) -> usize {
        let needed = bytes.saturating_add(ALIGNMENT);
        if self.memory.len() < needed {
            self.memory = vec![0; needed];
        }
        self.memory.as_ptr().addr().saturating_add(self.start())
    }

    /// The number of an outcome
    pub fn number(&self, flag: u32, expected: u32, context: u32) -> i32 {
        let memory = self.memory.get(self.start()..).unwrap_or_default();
        let query = NumberQuery {
            flag,
            expected,
            context,
        };
        self.replica.number(query, memory)
    }

    /// The numbers of all flags, into the memory
    pub fn numbers(&mut self, context: u32) -> bool {
        let start = self.start();
        let memory = self.memory.get_mut(start..).unwrap_or_default();
        self.replica.numbers(context, memory)
    }
}
