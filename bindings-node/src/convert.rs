//! What crosses the boundary to JavaScript: JSON text and numbers
//!
//! `bindings-wasm` includes this very file, so that the addon and the WebAssembly module cannot differ. The other side is
//! `sdk-js/src/evaluator.ts`.

use std::sync::Arc;

use flagstaff_core::{
    Commit, Context, Issue, Replica, ReplicaError, SnapshotError, Step, Timestamp,
    UnknownValueType, Value, seed, slot,
};

/// A replica that is spoken to in text
#[derive(Debug, Default)]
pub(crate) struct TextReplica(Replica);

impl TextReplica {
    pub(crate) fn load(&mut self, document: &str) -> Result<String, SnapshotError> {
        let commit = self.0.load(document)?;
        Ok(Value::object(commit_members(&commit)).to_canonical())
    }

    pub(crate) fn connected(&mut self) {
        self.0.connected();
    }

    pub(crate) fn event(
        &mut self,
        name: &str,
        data: &str,
        id: Option<&str>,
    ) -> Result<String, ReplicaError> {
        let step = self.0.event(name, data, id)?;
        Ok(step_value(&step).to_canonical())
    }

    pub(crate) fn cursor(&self) -> Option<String> {
        self.0.cursor().map(ToOwned::to_owned)
    }

    /// The outcome as canonical JSON; a `fallback` that is no JSON is `null`, a context that is none is invalid
    pub(crate) fn evaluate(
        &self,
        flag: &str,
        expected: Option<&str>,
        (fallback, context): (&str, &str),
        now: f64,
    ) -> Result<String, UnknownValueType> {
        let expected = expected.map(str::parse).transpose()?;
        let fallback: Value = serde_json::from_str(fallback).unwrap_or_default();
        let snapshot = self.0.snapshot();
        let outcome =
            snapshot.evaluate(flag, expected, &Context::from_json(context), timestamp(now));
        Ok(outcome.to_value(&fallback).to_canonical())
    }

    pub(crate) fn evaluate_all(&self, context: &str, now: f64) -> String {
        let snapshot = self.0.snapshot();
        let outcomes = snapshot.evaluate_all(&Context::from_json(context), timestamp(now));
        let flags = outcomes
            .into_iter()
            .map(|(key, outcome)| (key, outcome.to_value(&Value::Null)));
        Value::object([("flags", Value::object(flags))]).to_canonical()
    }

    pub(crate) fn issues(&self) -> String {
        let snapshot = self.0.snapshot();
        let issues: Arc<[Value]> = snapshot.issues().iter().map(issue_value).collect();
        Value::Array(issues).to_canonical()
    }

    pub(crate) fn next_boundary(&self, now: f64) -> Option<f64> {
        let boundary = self.0.snapshot().next_boundary(timestamp(now))?;
        Some(to_number(boundary.as_millis()))
    }
}

/// The slot of `unit` under `salt`
pub(crate) fn bucket(salt: &str, unit: &str, total: u32) -> u32 {
    slot(unit, seed(salt), total)
}

fn step_value(step: &Step) -> Value {
    let named = |name: &str| ("step", Value::from(name));
    match step {
        Step::Pending => Value::object([named("pending")]),
        Step::Ignored => Value::object([named("ignored")]),
        Step::Current => Value::object([named("current")]),
        Step::Committed(commit) => Value::object(
            [named("committed")]
                .into_iter()
                .chain(commit_members(commit)),
        ),
        Step::Discarded { reason } => {
            Value::object([named("discarded"), ("reason", reason.as_str().into())])
        }
        Step::Goodbye {
            reason,
            retry_after_ms,
        } => Value::object([
            named("goodbye"),
            ("reason", reason.as_str().into()),
            (
                "retryAfterMs",
                retry_after_ms.map_or(Value::Null, whole_number),
            ),
        ]),
    }
}

fn commit_members(commit: &Commit) -> [(&'static str, Value); 3] {
    let changed = commit.changed.iter().map(|key| Value::from(&**key));
    [
        ("environment", commit.snapshot.environment().into()),
        ("revision", whole_number(commit.snapshot.revision())),
        ("changed", Value::Array(changed.collect())),
    ]
}

fn issue_value(issue: &Issue) -> Value {
    Value::object([
        (
            "flag",
            issue.flag.as_deref().map_or(Value::Null, Value::from),
        ),
        ("pointer", issue.pointer.as_str().into()),
        ("message", issue.problem.to_string().into()),
    ])
}

fn whole_number(number: u64) -> Value {
    // JavaScript has no other number; a revision or a delay beyond 2^63 exists nowhere.
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

fn timestamp(now: f64) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an instant beyond the range of i64 is its end, and NaN is the epoch"
    )]
    Timestamp::from_millis(now.floor() as i64)
}

fn to_number(millis: i64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an instant of RFC 3339 is far within ±(2^53 − 1) milliseconds"
    )]
    let number = millis as f64;
    number
}
