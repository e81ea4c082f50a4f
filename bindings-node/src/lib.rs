//! The evaluation core as a Node addon: a pure function library behind `Evaluator` of `sdk-js/src/evaluator.ts`
//!
//! No I/O, no threads and no callbacks live here, so that nothing can outlast a worker thread or hold its event loop; the network
//! is JavaScript's. Documentation of the methods is at the interface.

mod error;

use flagstaff_core::{TextQuery, TextReplica};
use napi_derive::napi;

use crate::error::to_napi;

/// One replica of an environment
#[napi]
#[derive(Debug, Default)]
pub struct Evaluator {
    replica: TextReplica,
}

#[napi]
#[expect(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "napi hands strings over as owned, and scalars cross more cheaply than an object"
)]
impl Evaluator {
    /// An evaluator of the empty snapshot
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the snapshot by a document
    #[napi]
    pub fn load(&mut self, document: String) -> napi::Result<String> {
        self.replica.load(&document).map_err(to_napi)
    }

    /// A new connection begins
    #[napi]
    pub fn connected(&mut self) {
        self.replica.connected();
    }

    /// Takes one event of the stream
    #[napi]
    pub fn event(
        &mut self,
        name: String,
        data: String,
        id: Option<String>,
    ) -> napi::Result<String> {
        self.replica
            .event(&name, &data, id.as_deref())
            .map_err(to_napi)
    }

    /// The position in the stream
    #[napi]
    pub fn cursor(&self) -> Option<String> {
        self.replica.cursor().map(ToOwned::to_owned)
    }

    /// Evaluates one flag
    #[napi]
    pub fn evaluate(
        &self,
        flag: String,
        expected: Option<String>,
        fallback: String,
        context: String,
        now: f64,
    ) -> napi::Result<String> {
        self.replica
            .evaluate(&TextQuery {
                flag: &flag,
                expected: expected.as_deref(),
                fallback: &fallback,
                context: &context,
                now,
            })
            .map_err(to_napi)
    }

    /// Evaluates one flag and tells why it answers so
    #[napi]
    pub fn explain(
        &self,
        flag: String,
        expected: Option<String>,
        fallback: String,
        context: String,
        now: f64,
    ) -> napi::Result<String> {
        self.replica
            .explain(&TextQuery {
                flag: &flag,
                expected: expected.as_deref(),
                fallback: &fallback,
                context: &context,
                now,
            })
            .map_err(to_napi)
    }

    /// Evaluates every flag
    #[napi]
    pub fn evaluate_all(&self, context: String, now: f64) -> String {
        self.replica.evaluate_all(&context, now)
    }

    /// What is wrong with the snapshot's flags
    #[napi]
    pub fn issues(&self) -> String {
        self.replica.issues()
    }

    /// The next instant at which an outcome may change by time alone
    #[napi]
    pub fn next_boundary(&self, now: f64) -> Option<f64> {
        self.replica.next_boundary(now)
    }

    /// The slot of a unit under a salt
    #[napi]
    pub fn bucket(&self, salt: String, unit: String, total: u32) -> u32 {
        TextReplica::bucket(&salt, &unit, total)
    }
}
