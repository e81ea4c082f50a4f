//! Why a flag answered as it did: a visitor of the one evaluation, not a second evaluator
//!
//! A trace is a tree of steps in the order in which they were taken; what was not looked at is not in it.

use crate::value::Value;

/// Watches an evaluation
pub(crate) trait Tracer {
    /// Whether it sees anything; steps that decide nothing may be left out otherwise
    const IS_ENABLED: bool;

    /// A step begins; the steps until its end belong to it
    fn enter(&mut self);

    /// The step that began last ends
    fn exit<const N: usize>(&mut self, describe: impl FnOnce() -> [(&'static str, Value); N]);

    /// A step without steps of its own
    fn event<const N: usize>(&mut self, describe: impl FnOnce() -> [(&'static str, Value); N]);
}

/// Watches nothing, at no cost
pub(crate) struct NoTrace;

impl Tracer for NoTrace {
    const IS_ENABLED: bool = false;

    fn enter(&mut self) {}

    fn exit<const N: usize>(&mut self, _describe: impl FnOnce() -> [(&'static str, Value); N]) {}

    fn event<const N: usize>(&mut self, _describe: impl FnOnce() -> [(&'static str, Value); N]) {}
}

/// Writes the tree down
#[derive(Default)]
pub(crate) struct Trace {
    steps: Vec<Value>,
    // The steps of each step that is open, from the outermost in.
    outer: Vec<Vec<Value>>,
}

impl Trace {
    pub(crate) fn into_value(self) -> Value {
        Value::Array(self.steps.into())
    }
}

impl Tracer for Trace {
    const IS_ENABLED: bool = true;

    fn enter(&mut self) {
        self.outer.push(std::mem::take(&mut self.steps));
    }

    fn exit<const N: usize>(&mut self, describe: impl FnOnce() -> [(&'static str, Value); N]) {
        let outer = self.outer.pop().unwrap_or_default();
        let inner = std::mem::replace(&mut self.steps, outer);
        let mut members = Vec::from(describe());
        if !inner.is_empty() {
            members.push(("steps", Value::Array(inner.into())));
        }
        self.steps.push(Value::object(members));
    }

    fn event<const N: usize>(&mut self, describe: impl FnOnce() -> [(&'static str, Value); N]) {
        self.steps.push(Value::object(Vec::from(describe())));
    }
}
