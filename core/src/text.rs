//! The core for a host that has none of its types: JSON text and numbers go in, canonical JSON text comes out
//!
//! The addon for Node and the WebAssembly module are this and their attributes, so that the two cannot differ.

mod numbered;
mod packed;

use std::sync::Arc;

use self::numbered::Kept;
pub use self::numbered::NumberQuery;
use crate::bucket::{seed, slot};
use crate::context::{Attributes, Context, ContextError};
use crate::error::{Issue, SnapshotError};
use crate::outcome::{Outcome, UnknownValueType, ValueType};
use crate::path::AttributePath;
use crate::replica::{Commit, Replica, ReplicaError, Step};
use crate::timestamp::Timestamp;
use crate::value::Value;

/// A [`Replica`] that is spoken to in text
#[derive(Debug, Default)]
pub struct TextReplica {
    replica: Replica,
    // Of the flags that were described since the last commit, by position.
    paths: Vec<Option<Box<[AttributePath]>>>,
    kept: Kept,
}

/// What to evaluate, for whom and when
#[derive(Debug, Clone, Copy)]
pub struct TextQuery<'a> {
    /// The flag's key
    pub flag: &'a str,
    /// The name of the type that the caller asks for; `None` takes any
    pub expected: Option<&'a str>,
    /// The caller's default, as JSON; text that is no JSON is `null`
    pub fallback: &'a str,
    /// The context, as JSON; text that is no JSON is an invalid context
    pub context: &'a str,
    /// Milliseconds since 1970; a fraction is cut off
    pub now: f64,
}

impl TextReplica {
    /// Replaces everything by a document: `{"environment", "revision", "changed"}`
    pub fn load(&mut self, document: &str) -> Result<String, SnapshotError> {
        let commit = self.replica.load(document)?;
        self.paths.clear();
        Ok(Value::object(commit_members(&commit)).to_canonical())
    }

    /// Says that a new connection begins
    pub fn connected(&mut self) {
        self.replica.connected();
    }

    /// Applies one event of the stream: `{"step": "pending"}` and the like, a commit with the members of [`TextReplica::load`]
    pub fn event(
        &mut self,
        name: &str,
        data: &str,
        id: Option<&str>,
    ) -> Result<String, ReplicaError> {
        let step = self.replica.event(name, data, id)?;
        if matches!(step, Step::Committed(_)) {
            self.paths.clear();
        }
        Ok(step_value(&step).to_canonical())
    }

    /// Names the last commit to the server
    pub fn cursor(&self) -> Option<&str> {
        self.replica.cursor()
    }

    /// Evaluates one flag: the outcome
    pub fn evaluate(&self, query: &TextQuery<'_>) -> Result<String, UnknownValueType> {
        let snapshot = self.replica.current();
        let outcome = snapshot.evaluate(
            query.flag,
            query.value_type()?,
            &query.context() as &dyn Attributes,
            timestamp(query.now),
        );
        Ok(outcome.to_value(&query.default()).to_canonical())
    }

    /// Evaluates one flag and tells why: `{"outcome", "trace"}`
    pub fn explain(&self, query: &TextQuery<'_>) -> Result<String, UnknownValueType> {
        let snapshot = self.replica.current();
        let (outcome, trace) = snapshot.explain(
            query.flag,
            query.value_type()?,
            &query.context() as &dyn Attributes,
            timestamp(query.now),
        );
        Ok(outcome
            .to_explanation(trace, &query.default())
            .to_canonical())
    }

    /// Evaluates every flag: `{"flags": {KEY: outcome}}`
    pub fn evaluate_all(&self, context: &str, now: f64) -> String {
        let snapshot = self.replica.current();
        let context: &dyn Attributes = &Context::from_json(context);
        let outcomes = snapshot.evaluate_all(context, timestamp(now));
        Outcome::all_to_value(&outcomes, &Value::Null).to_canonical()
    }

    /// What is wrong with the document: an array of `{"flag", "pointer", "message"}`
    pub fn issues(&self) -> String {
        let snapshot = self.replica.current();
        let issues: Arc<[Value]> = snapshot.issues().iter().map(issue_value).collect();
        Value::Array(issues).to_canonical()
    }

    /// The next instant, in milliseconds since 1970, at which time alone may change an outcome
    pub fn next_boundary(&self, now: f64) -> Option<f64> {
        let boundary = self.replica.current().next_boundary(timestamp(now))?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "an instant of RFC 3339 is far within ±(2^53 − 1) milliseconds"
        )]
        Some(boundary.as_millis() as f64)
    }

    /// The keys of the flags whose outcome time alone may have changed after `since`, until `until`: an array
    pub fn changed_between(&self, since: f64, until: f64) -> String {
        let (since, until) = (timestamp(since), timestamp(until));
        let changed = self.replica.current().changed_between(since, until);
        Value::Array(changed.into_iter().map(Value::from).collect()).to_canonical()
    }

    /// The slot of a unit under a salt, from 0 to `total` − 1
    pub fn bucket(salt: &str, unit: &str, total: u32) -> u32 {
        slot(unit, seed(salt), total)
    }
}

impl TextQuery<'_> {
    fn value_type(&self) -> Result<Option<ValueType>, UnknownValueType> {
        self.expected.map(str::parse).transpose()
    }

    fn context(&self) -> Result<Context, ContextError> {
        Context::from_json(self.context)
    }

    fn default(&self) -> Value {
        Value::from_json(self.fallback).unwrap_or_default()
    }
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
    // JSON's reader has doubles; a revision or a delay beyond 2^63 exists nowhere.
    Value::from(i64::try_from(number).unwrap_or(i64::MAX))
}

fn timestamp(now: f64) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an instant beyond the range of i64 is its end, and NaN is the epoch"
    )]
    Timestamp::from_millis(now.floor() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: TextQuery<'_> = TextQuery {
        flag: "f",
        expected: Some("boolean"),
        fallback: "false",
        context: "{}",
        now: 0.0,
    };

    fn loaded() -> TextReplica {
        let mut replica = TextReplica::default();
        let document = r#"{"schemaVersion": 1, "environment": "test", "revision": 7,
            "flags": {"f": {"type": "boolean", "enabled": true, "serve": "on"}, "g": {"type": 1}}}"#;
        let commit = replica.load(document).unwrap();
        assert_eq!(
            commit,
            r#"{"changed":["f","g"],"environment":"test","revision":7}"#
        );
        replica
    }

    #[test]
    fn a_query_is_answered_in_canonical_text() {
        let outcome = loaded().evaluate(&QUERY).unwrap();
        assert!(
            outcome.starts_with(r#"{"detail":{"step":"serve"},"enabled":true,"#),
            "{outcome}"
        );
        let all = loaded().evaluate_all("{}", 0.0);
        assert!(all.contains(&format!(r#""f":{outcome}"#)), "{all}");
        let explained = loaded().explain(&QUERY).unwrap();
        assert!(
            explained.starts_with(&format!(r#"{{"outcome":{outcome},"trace":["#)),
            "{explained}"
        );
    }

    #[test]
    fn text_that_cannot_be_read_is_an_invalid_context_and_no_default() {
        let query = TextQuery {
            context: "{",
            fallback: "{",
            ..QUERY
        };
        let outcome = loaded().evaluate(&query).unwrap();
        assert!(
            outcome.contains(r#""errorCode":"INVALID_CONTEXT""#),
            "{outcome}"
        );
        assert!(outcome.contains(r#""value":null"#), "{outcome}");
    }

    #[test]
    fn a_type_that_does_not_exist_is_an_error() {
        let query = TextQuery {
            expected: Some("colour"),
            ..QUERY
        };
        assert!(loaded().evaluate(&query).is_err());
        assert!(loaded().explain(&query).is_err());
    }

    #[test]
    fn steps_and_issues_are_named() {
        let mut replica = loaded();
        assert!(replica.issues().starts_with(r#"[{"flag":"g","message":"#));
        let mut step = |name, data| replica.event(name, data, None).unwrap();
        assert_eq!(step("fireworks", "{}"), r#"{"step":"ignored"}"#);
        assert_eq!(
            step("server-intent", r#"{"intent": "none"}"#),
            r#"{"step":"current"}"#
        );
        assert_eq!(
            step("server-intent", r#"{"intent": "xfer-full"}"#),
            r#"{"step":"pending"}"#
        );
        assert_eq!(
            step("error", r#"{"reason": "r"}"#),
            r#"{"reason":"r","step":"discarded"}"#
        );
        assert_eq!(
            step("goodbye", r#"{"reason": "r", "retryAfterMs": 5}"#),
            r#"{"reason":"r","retryAfterMs":5,"step":"goodbye"}"#
        );
        let hash = "0000000000000000";
        step("server-intent", r#"{"intent": "xfer-full"}"#);
        assert_eq!(
            step(
                "payload-transferred",
                &format!(
                    r#"{{"schemaVersion": 1, "environment": "test", "revision": 8, "hash": "{hash}"}}"#
                )
            ),
            r#"{"changed":["f","g"],"environment":"test","revision":8,"step":"committed"}"#
        );
    }

    #[test]
    fn any_number_is_an_instant() {
        assert_eq!(timestamp(f64::NAN), Timestamp::from_millis(0));
        assert_eq!(timestamp(-0.5), Timestamp::from_millis(-1));
        assert_eq!(timestamp(f64::INFINITY), Timestamp::from_millis(i64::MAX));
    }
}
