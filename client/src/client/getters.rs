//! The getters: every flag, for every context, at once and without fail

use std::sync::Arc;

use flagstaff_core::{Attributes, Outcome, Snapshot, Timestamp, Value, ValueType, safe_integer};

use crate::client::Client;
use crate::clock;
use crate::details::Details;
use crate::text::Text;
use crate::usage::Counter;

impl Client {
    /// A boolean flag's value, or `default`
    pub fn get_boolean_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: bool,
        context: &A,
    ) -> bool {
        self.with_value(flag, ValueType::Boolean, context, |value| {
            boolean(value).unwrap_or(default)
        })
    }

    /// A string flag's value, or `default`
    pub fn get_string_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: &str,
        context: &A,
    ) -> Text {
        self.with_value(flag, ValueType::String, context, |value| {
            string(value).unwrap_or_else(|| default.into())
        })
    }

    /// A number flag's value if it is an integer within ±(2^53 − 1), or `default`
    pub fn get_integer_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: i64,
        context: &A,
    ) -> i64 {
        self.with_value(flag, ValueType::Integer, context, |value| {
            integer(value).unwrap_or(default)
        })
    }

    /// A number flag's value, or `default`
    pub fn get_float_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: f64,
        context: &A,
    ) -> f64 {
        self.with_value(flag, ValueType::Number, context, |value| {
            float(value).unwrap_or(default)
        })
    }

    /// An object flag's value, or `default`
    pub fn get_object_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: &Value,
        context: &A,
    ) -> Value {
        self.with_value(flag, ValueType::Object, context, |value| {
            value.unwrap_or(default).clone()
        })
    }

    /// A boolean flag's value with its circumstances
    pub fn get_boolean_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: bool,
        context: &A,
    ) -> Details<bool> {
        self.details(flag, ValueType::Boolean, context, |value| {
            boolean(value).unwrap_or(default)
        })
    }

    /// A string flag's value with its circumstances
    pub fn get_string_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: &str,
        context: &A,
    ) -> Details<Text> {
        self.details(flag, ValueType::String, context, |value| {
            string(value).unwrap_or_else(|| default.into())
        })
    }

    /// A number flag's value, if it is an integer within ±(2^53 − 1), with its circumstances
    pub fn get_integer_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: i64,
        context: &A,
    ) -> Details<i64> {
        self.details(flag, ValueType::Integer, context, |value| {
            integer(value).unwrap_or(default)
        })
    }

    /// A number flag's value with its circumstances
    pub fn get_float_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: f64,
        context: &A,
    ) -> Details<f64> {
        self.details(flag, ValueType::Number, context, |value| {
            float(value).unwrap_or(default)
        })
    }

    /// An object flag's value with its circumstances
    pub fn get_object_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: &Value,
        context: &A,
    ) -> Details<Value> {
        self.details(flag, ValueType::Object, context, |value| {
            value.unwrap_or(default).clone()
        })
    }

    /// Every flag's value with its circumstances, by key; of one snapshot, at one instant. A broken flag's value is `null`
    pub fn evaluate_all<A: Attributes + ?Sized>(&self, context: &A) -> Vec<Details<Value>> {
        self.with_counter(|snapshot, counter| {
            let outcomes = snapshot.outcomes(context, clock::now()).enumerate();
            let details = |(position, (key, outcome)): (usize, (&Arc<str>, Outcome<'_>))| {
                counter.count_at(position, &outcome);
                let value = outcome.value_or(&Value::Null).clone();
                Details::new(Arc::clone(key), value, &outcome)
            };
            outcomes.map(details).collect()
        })
    }

    /// The whole outcome of one flag at an instant as one object, the same in every SDK; `expected` of `None` takes any type
    #[expect(
        clippy::too_many_arguments,
        reason = "these five are what an evaluation is a function of"
    )]
    pub fn evaluate<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ValueType>,
        default: &Value,
        context: &A,
        now: Timestamp,
    ) -> Value {
        self.with_counter(|snapshot, counter| {
            let outcome = snapshot.evaluate(flag, expected, context, now);
            counter.count_outcome(flag, &outcome);
            outcome.to_value(default)
        })
    }

    /// Reads the snapshot in use in place; cheaper than [`Client::snapshot`], and not meant for long work. What it answers is not counted
    pub fn with_snapshot<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> T {
        self.inner.revive();
        self.inner.store.read(read)
    }

    /// Evaluates one flag now and reads its outcome in place, without a copy
    pub fn with_outcome<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: ValueType,
        context: &A,
        read: impl FnOnce(&Outcome<'_>) -> T,
    ) -> T {
        self.with_counter(|snapshot, counter| {
            let outcome = snapshot.evaluate(flag, Some(expected), context, clock::now());
            counter.count_outcome(flag, &outcome);
            read(&outcome)
        })
    }

    /// Evaluates one flag now and reads its value in place, if there is one: all that a getter of values needs
    #[expect(
        clippy::inline_always,
        reason = "a getter is one function, in which the type that it asks for is a constant"
    )]
    #[inline(always)]
    pub fn with_value<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: ValueType,
        context: &A,
        read: impl FnOnce(Option<&Value>) -> T,
    ) -> T {
        self.inner.revive();
        let mut reader = self.inner.store.reader();
        let (snapshot, mut counter) = reader.open(self.inner.store.usage());
        let answer = snapshot.value(flag, Some(expected), context, clock::now);
        counter.count(flag, &answer);
        let told = read(answer.value.as_deref().ok());
        drop(answer);
        reader.finish();
        told
    }

    fn with_counter<T>(&self, read: impl FnOnce(&Snapshot, &mut Counter<'_>) -> T) -> T {
        self.inner.revive();
        let mut reader = self.inner.store.reader();
        let (snapshot, mut counter) = reader.open(self.inner.store.usage());
        let told = read(snapshot, &mut counter);
        reader.finish();
        told
    }

    fn details<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: ValueType,
        context: &A,
        read: impl FnOnce(Option<&Value>) -> T,
    ) -> Details<T> {
        self.with_outcome(flag, expected, context, |outcome| {
            Details::new(flag.into(), read(outcome.value.as_deref()), outcome)
        })
    }
}

fn boolean(value: Option<&Value>) -> Option<bool> {
    match value {
        Some(Value::Boolean(value)) => Some(*value),
        _ => None,
    }
}

fn string(value: Option<&Value>) -> Option<Text> {
    match value {
        Some(Value::String(value)) => Some(Text::shared(value)),
        _ => None,
    }
}

fn float(value: Option<&Value>) -> Option<f64> {
    match value {
        Some(Value::Number(value)) => Some(*value),
        _ => None,
    }
}

fn integer(value: Option<&Value>) -> Option<i64> {
    float(value).and_then(safe_integer)
}
