//! The evaluation core as a WebAssembly module: the interface `Evaluator` of `sdk-js/src/evaluator.ts`
//!
//! There is no I/O and no callback; JavaScript does the networking. The interface documents the methods.

#![forbid(unsafe_code)]

mod error;

use flagstaff_js::{JsonQuery, JsonReplica, OutcomeIdQuery};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::to_js;

/// One replica of an environment
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Evaluator {
    replica: JsonReplica,
    // JavaScript writes to it between calls.
    memory: Vec<u8>,
}

impl Evaluator {
    /// The offset at which the shared memory begins, aligned to 8 bytes
    fn start(&self) -> usize {
        self.memory.as_ptr().align_offset(ALIGNMENT)
    }
}

/// That of the widest number in shared memory
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
        self.replica.load_document(document).map_err(to_js)
    }

    /// A new connection begins
    #[wasm_bindgen(js_name = beginConnection)]
    pub fn begin_connection(&mut self) {
        self.replica.begin_connection();
    }

    /// Applies an event of the stream
    #[expect(
        clippy::needless_pass_by_value,
        reason = "wasm-bindgen has no optional borrowed string"
    )]
    #[wasm_bindgen(js_name = applyEvent)]
    pub fn apply_event(
        &mut self,
        name: &str,
        data: &str,
        id: Option<String>,
    ) -> Result<String, JsError> {
        self.replica
            .apply_event(name, data, id.as_deref())
            .map_err(to_js)
    }

    /// The cursor of the stream
    pub fn cursor(&self) -> Option<String> {
        self.replica.cursor().map(ToOwned::to_owned)
    }

    /// Evaluates one flag
    #[expect(
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        reason = "wasm-bindgen has no optional borrowed string, and scalars are cheaper to pass than an object"
    )]
    pub fn evaluate(
        &self,
        flag: &str,
        expected: Option<String>,
        default_value: &str,
        context: &str,
        now: f64,
    ) -> Result<String, JsError> {
        self.replica
            .evaluate(&JsonQuery {
                flag,
                expected: expected.as_deref(),
                default_value,
                context,
                now,
            })
            .map_err(to_js)
    }

    /// Evaluates one flag, with the steps of the evaluation
    #[expect(
        clippy::needless_pass_by_value,
        clippy::too_many_arguments,
        reason = "wasm-bindgen has no optional borrowed string, and scalars are cheaper to pass than an object"
    )]
    pub fn explain(
        &self,
        flag: &str,
        expected: Option<String>,
        default_value: &str,
        context: &str,
        now: f64,
    ) -> Result<String, JsError> {
        self.replica
            .explain(&JsonQuery {
                flag,
                expected: expected.as_deref(),
                default_value,
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

    /// Why flags are broken
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
        JsonReplica::bucket(salt, unit, total)
    }

    /// What may be meant by a context that names no user
    #[wasm_bindgen(js_name = userKeyHint)]
    pub fn user_key_hint(&self, context: &str) -> Option<String> {
        JsonReplica::user_key_hint(context)
    }

    /// An evaluator of the current snapshot, which updates of this one do not change
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            replica: self.replica.copy(),
            memory: Vec::new(),
        }
    }

    /// The keys of the flags marked `clientSide`
    #[wasm_bindgen(js_name = clientSideKeys)]
    pub fn client_side_keys(&self) -> String {
        self.replica.client_side_keys()
    }

    /// The keys of all flags, by position
    pub fn keys(&self) -> String {
        self.replica.keys()
    }

    /// How to evaluate a flag by integers
    #[wasm_bindgen(js_name = describeFlag)]
    pub fn describe_flag(&mut self, flag: &str) -> Option<String> {
        self.replica.describe_flag(flag)
    }

    /// Stores a context and returns its id
    #[wasm_bindgen(js_name = storeContext)]
    pub fn store_context(&mut self, context: &str) -> u32 {
        self.replica.store_context(context)
    }

    /// Releases a stored context
    #[wasm_bindgen(js_name = releaseContext)]
    pub fn release_context(&mut self, id: u32) {
        self.replica.release_context(id);
    }

    /// Allocates shared memory of at least this many bytes and returns its offset in the module's memory
    pub fn reserve(&mut self, bytes: usize) -> usize {
        let needed = bytes.saturating_add(ALIGNMENT);
        if self.memory.len() < needed {
            self.memory = vec![0; needed];
        }
        self.memory.as_ptr().addr().saturating_add(self.start())
    }

    /// The id of an outcome
    #[wasm_bindgen(js_name = outcomeId)]
    pub fn outcome_id(&self, flag: u32, expected: u32, context: u32) -> i32 {
        let memory = self.memory.get(self.start()..).unwrap_or_default();
        let query = OutcomeIdQuery {
            flag,
            expected,
            context,
        };
        self.replica.outcome_id(query, memory)
    }

    /// Writes the ids of all flags' outcomes to the shared memory
    #[wasm_bindgen(js_name = outcomeIds)]
    pub fn outcome_ids(&mut self, context: u32) -> bool {
        let start = self.start();
        let memory = self.memory.get_mut(start..).unwrap_or_default();
        self.replica.outcome_ids(context, memory)
    }
}
