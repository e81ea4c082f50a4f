//! The getters: evaluation that never blocks and never fails

use std::sync::Arc;

use flagstaff_core::{
    AttributePath, Attributes, ErrorCode, ExpectedType, FlagInfo, Outcome, Snapshot, Timestamp,
    Value, WithUserKey, safe_integer,
};

use crate::client::Client;
use crate::clock;
use crate::details::EvaluationDetails;
use crate::flag_string::FlagString;
use crate::usage::UsageRecorder;

impl Client {
    /// A boolean flag's value, or `default`
    pub fn get_boolean_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: bool,
        context: &A,
    ) -> bool {
        self.with_value(flag, ExpectedType::Boolean, context, |value| {
            boolean(value.ok()).unwrap_or(default)
        })
    }

    /// A string flag's value, or `default`
    pub fn get_string_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: &str,
        context: &A,
    ) -> FlagString {
        self.with_value(flag, ExpectedType::String, context, |value| {
            string(value.ok()).unwrap_or_else(|| default.into())
        })
    }

    /// A number flag's value if it is an integer within ±(2^53 − 1), or `default`
    pub fn get_integer_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: i64,
        context: &A,
    ) -> i64 {
        self.with_value(flag, ExpectedType::Integer, context, |value| {
            integer(value.ok()).unwrap_or(default)
        })
    }

    /// A number flag's value, or `default`
    pub fn get_float_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: f64,
        context: &A,
    ) -> f64 {
        self.with_value(flag, ExpectedType::Number, context, |value| {
            float(value.ok()).unwrap_or(default)
        })
    }

    /// An object flag's value, or `default`
    pub fn get_object_value<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: &Value,
        context: &A,
    ) -> Value {
        self.with_value(flag, ExpectedType::Object, context, |value| {
            value.unwrap_or(default).clone()
        })
    }

    /// A boolean flag's value and the reason for it
    pub fn get_boolean_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: bool,
        context: &A,
    ) -> EvaluationDetails<bool> {
        self.details(flag, ExpectedType::Boolean, context, |value| {
            boolean(value).unwrap_or(default)
        })
    }

    /// A string flag's value and the reason for it
    pub fn get_string_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: &str,
        context: &A,
    ) -> EvaluationDetails<FlagString> {
        self.details(flag, ExpectedType::String, context, |value| {
            string(value).unwrap_or_else(|| default.into())
        })
    }

    /// A number flag's value, if it is an integer within ±(2^53 − 1), and the reason for it
    pub fn get_integer_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: i64,
        context: &A,
    ) -> EvaluationDetails<i64> {
        self.details(flag, ExpectedType::Integer, context, |value| {
            integer(value).unwrap_or(default)
        })
    }

    /// A number flag's value and the reason for it
    pub fn get_float_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: f64,
        context: &A,
    ) -> EvaluationDetails<f64> {
        self.details(flag, ExpectedType::Number, context, |value| {
            float(value).unwrap_or(default)
        })
    }

    /// An object flag's value and the reason for it
    pub fn get_object_details<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        default: &Value,
        context: &A,
    ) -> EvaluationDetails<Value> {
        self.details(flag, ExpectedType::Object, context, |value| {
            value.unwrap_or(default).clone()
        })
    }

    /// All flags' values and the reasons for them, by key, of one snapshot and for one instant. A broken flag's value is `null`
    pub fn evaluate_all<A: Attributes + ?Sized>(
        &self,
        context: &A,
    ) -> Vec<EvaluationDetails<Value>> {
        self.map_outcomes(context, |key, outcome| {
            let value = outcome.value_or(&Value::Null).clone();
            EvaluationDetails::new(Arc::clone(key), value, outcome)
        })
    }

    /// Evaluates every flag now and reads each outcome in place, by key, of one snapshot and for one instant
    pub fn map_outcomes<A: Attributes + ?Sized, T>(
        &self,
        context: &A,
        read: impl FnMut(&Arc<str>, &Outcome<'_>) -> T,
    ) -> Vec<T> {
        if let Some(key) = self.inner.prepare(context) {
            return self.read_outcomes(&WithUserKey::new(context, key), read);
        }
        self.read_outcomes(context, read)
    }

    fn read_outcomes<A: Attributes + ?Sized, T>(
        &self,
        context: &A,
        mut read: impl FnMut(&Arc<str>, &Outcome<'_>) -> T,
    ) -> Vec<T> {
        self.with_recorder(|snapshot, recorder| {
            let outcomes = snapshot.outcomes(context, clock::now()).enumerate();
            let read = |(position, (key, outcome)): (usize, (&Arc<str>, Outcome<'_>))| {
                recorder.count_at(position, &outcome);
                read(key, &outcome)
            };
            outcomes.map(read).collect()
        })
    }

    /// Evaluates every flag that browsers may see now and reads each outcome in place, as [`Client::map_outcomes`] does
    pub fn map_client_side_outcomes<A: Attributes + ?Sized, T>(
        &self,
        context: &A,
        read: impl FnMut(&Arc<str>, &Outcome<'_>) -> T,
    ) -> Vec<T> {
        if let Some(key) = self.inner.prepare(context) {
            return self.read_client_side_outcomes(&WithUserKey::new(context, key), read);
        }
        self.read_client_side_outcomes(context, read)
    }

    fn read_client_side_outcomes<A: Attributes + ?Sized, T>(
        &self,
        context: &A,
        mut read: impl FnMut(&Arc<str>, &Outcome<'_>) -> T,
    ) -> Vec<T> {
        self.with_recorder(|snapshot, recorder| {
            let now = clock::now();
            let flags = snapshot.flags().filter(|flag| flag.is_client_side);
            let read = |flag: FlagInfo<'_>| {
                let outcome = snapshot.evaluate(flag.key, None, context, now);
                recorder.count_outcome(flag.key, &outcome);
                read(&flag.key.into(), &outcome)
            };
            flags.map(read).collect()
        })
    }

    /// The whole outcome of one flag at an instant as one object, the same in every SDK; `None` for `expected` takes any type
    #[expect(
        clippy::too_many_arguments,
        reason = "an evaluation is a function of these five"
    )]
    pub fn evaluate<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ExpectedType>,
        default: &Value,
        context: &A,
        now: Timestamp,
    ) -> Value {
        let key = self.inner.prepare(context);
        self.with_recorder(|snapshot, recorder| {
            let mut outcome = match key {
                Some(key) => {
                    let context = WithUserKey::new(context, key);
                    snapshot.evaluate(flag, expected, &context, now)
                }
                None => snapshot.evaluate(flag, expected, context, now),
            };
            self.finish(flag, &mut outcome, recorder);
            outcome.to_value(default)
        })
    }

    /// Reads the current snapshot in place; cheaper than [`Client::snapshot`], and not meant for long work. Evaluations of it are not counted
    pub fn with_snapshot<T>(&self, read: impl FnOnce(&Snapshot) -> T) -> T {
        self.inner.restart_after_fork();
        self.inner.current.read(read)
    }

    /// Evaluates one flag now and reads its outcome in place, without a copy
    pub fn with_outcome<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: ExpectedType,
        context: &A,
        read: impl FnOnce(&Outcome<'_>) -> T,
    ) -> T {
        let key = self.inner.prepare(context);
        self.with_recorder(|snapshot, recorder| {
            let now = clock::now();
            let mut outcome = match key {
                Some(key) => {
                    let context = WithUserKey::new(context, key);
                    snapshot.evaluate(flag, Some(expected), &context, now)
                }
                None => snapshot.evaluate(flag, Some(expected), context, now),
            };
            self.finish(flag, &mut outcome, recorder);
            read(&outcome)
        })
    }

    /// Evaluates one flag now and reads its value in place, or why there is none; `None` where the flag serves nothing
    #[expect(
        clippy::inline_always,
        reason = "compiles each getter to one function, in which the expected type is a constant"
    )]
    #[inline(always)]
    pub fn with_value<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: ExpectedType,
        context: &A,
        read: impl FnOnce(Result<&Value, Option<ErrorCode>>) -> T,
    ) -> T {
        match self.inner.prepare(context) {
            None => self.read_value(flag, expected, context, read),
            Some(key) => self.read_keyed_value(flag, expected, context, key, read),
        }
    }

    /// As [`Client::with_value`], for a client whose users may have their key in another attribute
    #[expect(
        clippy::too_many_arguments,
        reason = "those of `with_value`, and the attribute"
    )]
    #[cold]
    fn read_keyed_value<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: ExpectedType,
        context: &A,
        key: &AttributePath,
        read: impl FnOnce(Result<&Value, Option<ErrorCode>>) -> T,
    ) -> T {
        self.read_value(flag, expected, &WithUserKey::new(context, key), read)
    }

    #[expect(clippy::inline_always, reason = "is a part of `with_value`")]
    #[inline(always)]
    fn read_value<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: ExpectedType,
        context: &A,
        read: impl FnOnce(Result<&Value, Option<ErrorCode>>) -> T,
    ) -> T {
        let mut guard = self.inner.current.guard();
        let (snapshot, mut recorder) = guard.open(self.inner.current.usage());
        // A block, since `drop(evaluated)` would copy the value first.
        let result = {
            let evaluated = snapshot.evaluate_value(flag, Some(expected), context, clock::now);
            match evaluated.value.as_deref() {
                Err(Some(ErrorCode::FlagNotFound)) if !self.inner.current.is_known() => {
                    read(Err(Some(ErrorCode::ProviderNotReady)))
                }
                value => {
                    recorder.count(flag, &evaluated);
                    read(value.map_err(|code| *code))
                }
            }
        };
        guard.release();
        result
    }

    fn with_recorder<T>(&self, read: impl FnOnce(&Snapshot, &mut UsageRecorder<'_>) -> T) -> T {
        let mut guard = self.inner.current.guard();
        let (snapshot, mut recorder) = guard.open(self.inner.current.usage());
        let result = read(snapshot, &mut recorder);
        guard.release();
        result
    }

    fn finish(&self, flag: &str, outcome: &mut Outcome<'_>, recorder: &mut UsageRecorder<'_>) {
        finish(flag, outcome, recorder, || self.inner.current.is_known());
    }

    fn details<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: ExpectedType,
        context: &A,
        read: impl FnOnce(Option<&Value>) -> T,
    ) -> EvaluationDetails<T> {
        self.with_outcome(flag, expected, context, |outcome| {
            EvaluationDetails::new(flag.into(), read(outcome.value.as_deref().ok()), outcome)
        })
    }
}

/// Counts an outcome; without a snapshot, it becomes that the client is not ready
pub(super) fn finish(
    flag: &str,
    outcome: &mut Outcome<'_>,
    recorder: &mut UsageRecorder<'_>,
    is_known: impl FnOnce() -> bool,
) {
    if outcome.error_code() == Some(ErrorCode::FlagNotFound) && !is_known() {
        outcome.value = Err(Some(ErrorCode::ProviderNotReady));
    } else {
        recorder.count_outcome(flag, outcome);
    }
}

fn boolean(value: Option<&Value>) -> Option<bool> {
    match value {
        Some(Value::Boolean(value)) => Some(*value),
        _ => None,
    }
}

fn string(value: Option<&Value>) -> Option<FlagString> {
    match value {
        Some(Value::String(value)) => Some(FlagString::shared(value)),
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
