//! The evaluation core as a Node addon: the interface `Evaluator` of `sdk-js/src/evaluator.ts`
//!
//! There is no I/O, no thread and no callback, so that nothing outlives a worker thread or blocks its event loop; JavaScript does the
//! networking. The interface documents the methods.

mod error;
mod memory;
mod outcome_id;

use std::cell::{Ref, RefCell, RefMut};
use std::fmt;
use std::rc::Rc;

use flagstaff_js::{JsonQuery, JsonReplica};
use napi::Env;
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;

use crate::error::{busy, to_napi};

/// One replica of an environment
#[napi]
#[derive(Debug, Default)]
pub struct Evaluator {
    // Shared with the function `outcomeId`.
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    replica: JsonReplica,
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
    reason = "napi passes strings as owned, and scalars are cheaper to pass than an object"
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
        let commit = self
            .write()?
            .replica
            .load_document(&document)
            .map_err(to_napi);
        if document.len() >= memory::LARGE_DOCUMENT {
            drop(document);
            memory::trim_heap();
        }
        commit
    }

    /// A new connection begins
    #[napi]
    pub fn begin_connection(&self) -> napi::Result<()> {
        self.write()?.replica.begin_connection();
        Ok(())
    }

    /// Applies an event of the stream
    #[napi]
    pub fn apply_event(
        &self,
        name: String,
        data: String,
        id: Option<String>,
    ) -> napi::Result<String> {
        let mut state = self.write()?;
        let step = state.replica.apply_event(&name, &data, id.as_deref());
        step.map_err(to_napi)
    }

    /// The cursor of the stream
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
        default_value: String,
        context: String,
        now: f64,
    ) -> napi::Result<String> {
        let query = JsonQuery {
            flag: &flag,
            expected: expected.as_deref(),
            default_value: &default_value,
            context: &context,
            now,
        };
        self.read()?.replica.evaluate(&query).map_err(to_napi)
    }

    /// Evaluates one flag, with the steps of the evaluation
    #[napi]
    pub fn explain(
        &self,
        flag: String,
        expected: Option<String>,
        default_value: String,
        context: String,
        now: f64,
    ) -> napi::Result<String> {
        let query = JsonQuery {
            flag: &flag,
            expected: expected.as_deref(),
            default_value: &default_value,
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

    /// Why flags are broken
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
        JsonReplica::bucket(&salt, &unit, total)
    }

    /// What may be meant by a context that names no user
    #[napi]
    pub fn user_key_hint(&self, context: String) -> Option<String> {
        JsonReplica::user_key_hint(&context)
    }

    /// An evaluator of the current snapshot, which updates of this one do not change
    #[napi]
    pub fn copy(&self) -> napi::Result<Self> {
        let replica = self.read()?.replica.copy();
        Ok(Self {
            state: Rc::new(RefCell::new(State { replica })),
        })
    }

    /// The keys of the flags marked `clientSide`
    #[napi]
    pub fn client_side_keys(&self) -> napi::Result<String> {
        Ok(self.read()?.replica.client_side_keys())
    }

    /// The keys of all flags, by position
    #[napi]
    pub fn keys(&self) -> napi::Result<String> {
        Ok(self.read()?.replica.keys())
    }

    /// How to evaluate a flag by integers
    #[napi]
    pub fn describe_flag(&self, flag: String) -> napi::Result<Option<String>> {
        Ok(self.write()?.replica.describe_flag(&flag))
    }

    /// Stores a context and returns its id
    #[napi]
    pub fn store_context(&self, context: String) -> napi::Result<u32> {
        Ok(self.write()?.replica.store_context(&context))
    }

    /// Releases a stored context
    #[napi]
    pub fn release_context(&self, id: u32) -> napi::Result<()> {
        self.write()?.replica.release_context(id);
        Ok(())
    }

    /// Makes the function `outcomeId`
    #[napi]
    pub fn outcome_id_function<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        outcome_id::function(env, Rc::clone(&self.state))
    }

    /// Writes the ids of all flags' outcomes to the shared memory, which is a `Uint8Array`
    #[napi]
    pub fn outcome_ids(&self, env: &Env, context: u32, memory: Unknown<'_>) -> napi::Result<bool> {
        let state = self.read()?;
        let write = |memory: &mut [u8]| state.replica.outcome_ids(context, memory);
        Ok(outcome_id::with_memory(env, memory, write).unwrap_or_default())
    }
}
