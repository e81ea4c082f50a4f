//! The evaluation core as a Node addon: a pure function library behind `Evaluator` of `sdk-js/src/evaluator.ts`
//!
//! No I/O, no threads and no callbacks live here, so that nothing can outlast a worker thread or hold its event loop; the network
//! is JavaScript's. Documentation of the methods is at the interface.

mod error;
mod memory;
mod number;

use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;

use flagstaff_core::{TextQuery, TextReplica};
use napi::Env;
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;

use crate::error::{busy, to_napi};

/// One replica of an environment
#[napi]
#[derive(Debug, Default)]
pub struct Evaluator {
    // Shared with the function that answers in numbers.
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    replica: TextReplica,
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("State")
            .field("replica", &self.replica)
            .finish_non_exhaustive()
    }
}

impl Evaluator {
    fn read(&self) -> napi::Result<Ref<'_, State>> {
        self.state.try_borrow().map_err(|_| busy())
    }

    fn write(&self) -> napi::Result<RefMut<'_, State>> {
        self.state.try_borrow_mut().map_err(|_| busy())
    }
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
    pub fn load(&self, document: String) -> napi::Result<String> {
        let commit = self.write()?.replica.load(&document).map_err(to_napi);
        if document.len() >= memory::LARGE {
            drop(document);
            memory::give_back();
        }
        commit
    }

    /// A new connection begins
    #[napi]
    pub fn connected(&self) -> napi::Result<()> {
        self.write()?.replica.connected();
        Ok(())
    }

    /// Takes one event of the stream
    #[napi]
    pub fn event(&self, name: String, data: String, id: Option<String>) -> napi::Result<String> {
        let mut state = self.write()?;
        let step = state.replica.event(&name, &data, id.as_deref());
        step.map_err(to_napi)
    }

    /// The position in the stream
    #[napi]
    pub fn cursor(&self) -> napi::Result<Option<String>> {
        Ok(self.read()?.replica.cursor().map(ToOwned::to_owned))
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
        let query = TextQuery {
            flag: &flag,
            expected: expected.as_deref(),
            fallback: &fallback,
            context: &context,
            now,
        };
        self.read()?.replica.evaluate(&query).map_err(to_napi)
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
        let query = TextQuery {
            flag: &flag,
            expected: expected.as_deref(),
            fallback: &fallback,
            context: &context,
            now,
        };
        self.read()?.replica.explain(&query).map_err(to_napi)
    }

    /// Evaluates every flag
    #[napi]
    pub fn evaluate_all(&self, context: String, now: f64) -> napi::Result<String> {
        Ok(self.read()?.replica.evaluate_all(&context, now))
    }

    /// What is wrong with the snapshot's flags
    #[napi]
    pub fn issues(&self) -> napi::Result<String> {
        Ok(self.read()?.replica.issues())
    }

    /// The next instant at which an outcome may change by time alone
    #[napi]
    pub fn next_boundary(&self, now: f64) -> napi::Result<Option<f64>> {
        Ok(self.read()?.replica.next_boundary(now))
    }

    /// The keys of the flags whose outcome time alone may have changed
    #[napi]
    pub fn changed_between(&self, since: f64, until: f64) -> napi::Result<String> {
        Ok(self.read()?.replica.changed_between(since, until))
    }

    /// The slot of a unit under a salt
    #[napi]
    pub fn bucket(&self, salt: String, unit: String, total: u32) -> u32 {
        TextReplica::bucket(&salt, &unit, total)
    }

    /// The keys of all flags, by position
    #[napi]
    pub fn keys(&self) -> napi::Result<String> {
        Ok(self.read()?.replica.keys())
    }

    /// What is to be known of a flag to ask for it in numbers
    #[napi]
    pub fn describe(&self, flag: String) -> napi::Result<Option<String>> {
        Ok(self.write()?.replica.describe(&flag))
    }

    /// Keeps a context and names it
    #[napi]
    pub fn keep(&self, context: String) -> napi::Result<u32> {
        Ok(self.write()?.replica.keep(&context))
    }

    /// Forgets a context
    #[napi]
    pub fn forget(&self, name: u32) -> napi::Result<()> {
        self.write()?.replica.forget(name);
        Ok(())
    }

    /// The function that answers in numbers
    #[napi]
    pub fn number_function<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        number::function(env, Rc::clone(&self.state))
    }

    /// The numbers of all flags, into the memory, which is a `Uint8Array`
    #[napi]
    pub fn numbers(&self, env: &Env, context: u32, memory: Unknown<'_>) -> napi::Result<bool> {
        let state = self.read()?;
        let numbers = |memory: &mut [u8]| state.replica.numbers(context, memory);
        Ok(number::with_memory(env, memory, numbers).unwrap_or_default())
    }
}
