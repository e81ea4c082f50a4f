//! Evaluates a compiled expression for one context

use std::borrow::Cow;

use super::fractional::Split;
use super::logic::{Arguments, Logic, Loop};
use super::operation::cat;
use super::run::{Run, Scope, is_truthy, member};
use crate::value::Value;

impl Run<'_> {
    /// The value of an expression: that of the context or of the flag where it is one of theirs
    pub(super) fn value<'v>(&'v self, logic: &'v Logic, scope: Scope<'v>) -> Cow<'v, Value> {
        let steps = match logic {
            Logic::Literal(literal) => literal.steps,
            _ => 1,
        };
        if !self.take(steps) {
            return Cow::Owned(Value::Null);
        }
        let value = match logic {
            Logic::Literal(literal) => return Cow::Borrowed(&literal.value),
            Logic::If(branches) => return self.branch(branches, scope),
            Logic::And(list) => return self.first(list, scope, |value| !is_truthy(value)),
            Logic::Or(list) => return self.first(list, scope, is_truthy),
            Logic::Member(name, default) => {
                let found = match scope {
                    Scope::Context => self.context.member(name),
                    Scope::Value(value) => member(value, &name.text),
                };
                return match found {
                    Some(found) => Cow::Borrowed(found),
                    None => self.value(default, scope),
                };
            }
            Logic::Attribute(path, default) => {
                let found = self.follow(path.iter().map(|name| &**name), scope);
                return found.unwrap_or_else(|| self.value(default, scope));
            }
            Logic::Fractional(unit, split) => return self.share(unit, split, scope),
            Logic::List(list) => {
                let values = list.iter().map(|logic| self.value(logic, scope));
                Value::Array(values.map(Cow::into_owned).collect())
            }
            Logic::Apply(operation, Arguments::List(list)) => {
                self.with_values(list, scope, |values| operation.apply(values, self, scope))
            }
            Logic::Apply(operation, Arguments::Single(single)) => {
                let single = &*self.value(single, scope);
                match single {
                    Value::Array(values) if operation.reads_whole() => {
                        let values: Vec<_> = values.iter().collect();
                        operation.apply(&values, self, scope)
                    }
                    _ if operation.reads_whole() => Value::Null,
                    _ => operation.apply(&[single], self, scope),
                }
            }
            Logic::IsOneOf(needle, texts) => {
                let needle = self.value(needle, scope);
                let is_affordable = self.take(texts.steps);
                let is_in = matches!(&*needle, Value::String(text) if texts.set.has_text(text));
                (is_affordable && is_in).into()
            }
            Logic::IsVersion(version, literal) => {
                let version = self.value(version, scope);
                let is_affordable = self.take(literal.steps);
                let result = literal.test.holds(&version).filter(|_| is_affordable);
                result.map_or(Value::Null, Value::Boolean)
            }
            Logic::Loop(kind, arguments) => self.each(*kind, arguments, scope),
        };
        Cow::Owned(value)
    }

    /// Reads the values of a list, for which no memory is taken if it is as short as nearly all are
    pub(super) fn with_values<T>(
        &self,
        list: &[Logic],
        scope: Scope<'_>,
        read: impl FnOnce(&[&Value]) -> T,
    ) -> T {
        let value = |logic| self.value(logic, scope);
        match list {
            [one] => read(&[&value(one)]),
            [one, two] => read(&[&value(one), &value(two)]),
            [one, two, three] => read(&[&value(one), &value(two), &value(three)]),
            list => {
                let values: Vec<_> = list.iter().map(value).collect();
                let values: Vec<_> = values.iter().map(|value| &**value).collect();
                read(&values)
            }
        }
    }

    /// The value after the first condition that is true; the last one without a condition
    fn branch<'v>(&'v self, branches: &'v [Logic], scope: Scope<'v>) -> Cow<'v, Value> {
        let (pairs, rest) = branches.as_chunks::<2>();
        let found = pairs
            .iter()
            .find(|[condition, _]| is_truthy(&self.value(condition, scope)));
        match (found, rest.first()) {
            (Some([_, value]), _) | (None, Some(value)) => self.value(value, scope),
            (None, None) => Cow::Owned(Value::Null),
        }
    }

    /// The first value that stops, or the last one
    fn first<'v>(
        &'v self,
        list: &'v [Logic],
        scope: Scope<'v>,
        stops: impl Fn(&Value) -> bool,
    ) -> Cow<'v, Value> {
        let mut found = Cow::Owned(Value::Null);
        for logic in list {
            found = self.value(logic, scope);
            if stops(&found) {
                break;
            }
        }
        found
    }

    /// The bucket of a unit that `cat` joins, without joining it in memory
    fn share<'v>(
        &'v self,
        unit: &'v [Logic],
        split: &'v Split,
        scope: Scope<'v>,
    ) -> Cow<'v, Value> {
        self.take(split.steps);
        let hash = self.with_values(unit, scope, |values| {
            let is_text = |value: &&Value| matches!(value, Value::String(_) | Value::Null);
            if !values.iter().all(is_text) {
                let text = cat(values, self);
                return self.hashing.hash(&text);
            }
            let texts = values.iter().filter_map(|value| match value {
                Value::String(text) => Some(&**text),
                _ => None,
            });
            let length = texts.clone().map(str::len).sum();
            self.take(length);
            Some(self.hashing.hash_joined(texts, length))
        });
        let bucket = hash.and_then(|hash| split.bucket(hash));
        bucket.map_or(Cow::Owned(Value::Null), Cow::Borrowed)
    }

    fn each(&self, kind: Loop, arguments: &[Logic], scope: Scope<'_>) -> Value {
        let [list, logic, rest @ ..] = arguments else {
            return Value::Null;
        };
        let list = self.value(list, scope);
        let elements = match &*list {
            Value::Array(elements) => elements,
            _ => &[][..],
        };
        let of = |element: &Value| self.value(logic, Scope::Value(element)).into_owned();
        let is_met = |element: &&Value| is_truthy(&self.value(logic, Scope::Value(element)));
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
                let start =
                    start.map_or(Value::Null, |start| self.value(start, scope).into_owned());
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
