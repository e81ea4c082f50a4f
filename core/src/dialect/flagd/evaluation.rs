//! Evaluates a compiled expression for one context

use std::sync::Arc;

use super::logic::{Arguments, Logic, Loop};
use super::run::{Run, Scope, is_truthy};
use crate::value::Value;

impl Run<'_> {
    pub(super) fn value(&self, logic: &Logic, scope: &Scope<'_>) -> Value {
        let steps = match logic {
            Logic::Literal(literal) => literal.steps,
            _ => 1,
        };
        if !self.take(steps) {
            return Value::Null;
        }
        match logic {
            Logic::Literal(literal) => literal.value.clone(),
            Logic::List(list) => Value::Array(self.values(list, scope).into()),
            Logic::If(branches) => self.branch(branches, scope),
            Logic::And(list) => self.first(list, scope, |value| !is_truthy(value)),
            Logic::Or(list) => self.first(list, scope, is_truthy),
            Logic::Apply(operation, Arguments::List(list)) => {
                self.with_values(list, scope, |values| operation.apply(values, self, scope))
            }
            Logic::Apply(operation, Arguments::Single(single)) => {
                let single = self.value(single, scope);
                match &single {
                    Value::Array(values) if operation.reads_whole() => {
                        operation.apply(values, self, scope)
                    }
                    _ if operation.reads_whole() => Value::Null,
                    _ => operation.apply(std::slice::from_ref(&single), self, scope),
                }
            }
            Logic::IsOneOf(needle, texts) => {
                let needle = self.value(needle, scope);
                let is_affordable = self.take(texts.steps);
                let is_in = matches!(&needle, Value::String(text) if texts.set.has_text(text));
                (is_affordable && is_in).into()
            }
            Logic::Loop(kind, arguments) => self.each(*kind, arguments, scope),
            Logic::Attribute(path, default) => {
                let found = self.follow(path.iter().map(|name| &**name), scope);
                found.unwrap_or_else(|| self.value(default, scope))
            }
        }
    }

    fn values(&self, list: &[Logic], scope: &Scope<'_>) -> Vec<Value> {
        list.iter().map(|logic| self.value(logic, scope)).collect()
    }

    /// Reads the values of a list, for which no memory is taken if it is as short as nearly all are
    fn with_values<T>(
        &self,
        list: &[Logic],
        scope: &Scope<'_>,
        read: impl FnOnce(&[Value]) -> T,
    ) -> T {
        let value = |logic| self.value(logic, scope);
        match list {
            [one] => read(&[value(one)]),
            [one, two] => read(&[value(one), value(two)]),
            [one, two, three] => read(&[value(one), value(two), value(three)]),
            [one, two, three, four] => read(&[value(one), value(two), value(three), value(four)]),
            list => read(&self.values(list, scope)),
        }
    }

    /// The value after the first condition that is true; the last one without a condition
    fn branch(&self, branches: &[Logic], scope: &Scope<'_>) -> Value {
        let (pairs, rest) = branches.as_chunks::<2>();
        let found = pairs
            .iter()
            .find(|[condition, _]| is_truthy(&self.value(condition, scope)));
        match (found, rest.first()) {
            (Some([_, value]), _) | (None, Some(value)) => self.value(value, scope),
            (None, None) => Value::Null,
        }
    }

    /// The first value that stops, or the last one
    fn first(&self, list: &[Logic], scope: &Scope<'_>, stops: impl Fn(&Value) -> bool) -> Value {
        let mut found = Value::Null;
        for logic in list {
            found = self.value(logic, scope);
            if stops(&found) {
                break;
            }
        }
        found
    }

    fn each(&self, kind: Loop, arguments: &[Logic], scope: &Scope<'_>) -> Value {
        let [list, logic, rest @ ..] = arguments else {
            return Value::Null;
        };
        let elements = match self.value(list, scope) {
            Value::Array(elements) => elements,
            _ => Arc::default(),
        };
        let of = |element: &Value| self.value(logic, &Scope::Value(element));
        let is_met = |element: &&Value| is_truthy(&of(element));
        match kind {
            Loop::Map => Value::Array(elements.iter().map(of).collect()),
            Loop::Filter => Value::Array(elements.iter().filter(is_met).cloned().collect()),
            Loop::All => {
                let are_met = elements.iter().all(|element| is_met(&element));
                (!elements.is_empty() && are_met).into()
            }
            Loop::None => (!elements.iter().any(|element| is_met(&element))).into(),
            Loop::Some => elements.iter().any(|element| is_met(&element)).into(),
            Loop::Reduce => {
                let start = rest.first();
                let start = start.map_or(Value::Null, |start| self.value(start, scope));
                elements.iter().fold(start, |accumulator, element| {
                    of(&Value::object([
                        ("accumulator", accumulator),
                        ("current", element.clone()),
                    ]))
                })
            }
        }
    }
}
