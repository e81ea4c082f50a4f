//! What the Node addon and the WebAssembly module share: JSON text and numbers go in, canonical JSON text comes out
//!
//! Both only add the attributes of their binding generator, so they cannot differ.

#![forbid(unsafe_code)]

mod outcome_ids;
mod packed;

use std::sync::Arc;

use flagstaff_core::{
    AttributePath, Attributes, Context, ContextError, ExpectedType, Issue, Outcome, Replica,
    ReplicaError, Snapshot, SnapshotError, SnapshotUpdate, Timestamp, TransferProgress,
    UnknownExpectedType, Value, excerpt, seed, slot, user_key_hint,
};

pub use self::outcome_ids::OutcomeIdQuery;
use self::outcome_ids::StoredContexts;

/// A [`Replica`] whose methods take and return JSON text
#[derive(Debug, Default)]
pub struct JsonReplica {
    replica: Replica,
    // The snapshot of the last commit, or of the replica from which this one was copied.
    snapshot: Arc<Snapshot>,
    // The paths of the flags that were described since the last commit, by index.
    paths: Vec<Option<Box<[AttributePath]>>>,
    contexts: StoredContexts,
}

/// What to evaluate, for whom and when
#[derive(Debug, Clone, Copy)]
pub struct JsonQuery<'a> {
    /// The flag's key
    pub flag: &'a str,
    /// The name of the type that the caller expects; `None` takes any
    pub expected: Option<&'a str>,
    /// The caller's default, as JSON; text that is not valid JSON is `null`
    pub default_value: &'a str,
    /// The context, as JSON; text that is not valid JSON is an invalid context
    pub context: &'a str,
    /// Milliseconds since 1970; a fraction is cut off
    pub now: f64,
}

impl JsonReplica {
    /// Replaces everything by a document: `{"environment", "revision", "changed"}`
    pub fn load_document(&mut self, document: &str) -> Result<String, SnapshotError> {
        let commit = self.replica.load_document(document)?;
        self.replace(&commit);
        Ok(Value::object(commit_members(&commit)).to_canonical())
    }

    /// Begins a new connection
    pub fn begin_connection(&mut self) {
        self.replica.begin_connection();
    }

    /// Applies one event of the stream, and returns its effect, such as `{"step": "pending"}`; that of a commit has also the fields of
    /// [`JsonReplica::load_document`]
    pub fn apply_event(
        &mut self,
        name: &str,
        data: &str,
        id: Option<&str>,
    ) -> Result<String, ReplicaError> {
        let step = self.replica.apply_event(name, data, id)?;
        if let TransferProgress::Committed(commit) = &step {
            self.replace(commit);
        }
        Ok(step_value(&step).to_canonical())
    }

    /// A replica of the current snapshot, which later events of this one do not change
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            snapshot: Arc::clone(&self.snapshot),
            ..Self::default()
        }
    }

    fn replace(&mut self, commit: &SnapshotUpdate) {
        self.snapshot = Arc::clone(&commit.snapshot);
        self.paths.clear();
    }

    /// The cursor of the last commit
    pub fn cursor(&self) -> Option<&str> {
        self.replica.cursor()
    }

    /// Evaluates one flag: the outcome
    pub fn evaluate(&self, query: &JsonQuery<'_>) -> Result<String, UnknownExpectedType> {
        let snapshot = &self.snapshot;
        let outcome = snapshot.evaluate(
            query.flag,
            query.expected_type()?,
            &query.context() as &dyn Attributes,
            timestamp(query.now),
        );
        Ok(outcome.to_value(&query.default()).to_canonical())
    }

    /// Evaluates one flag and explains it: `{"outcome", "trace"}`
    pub fn explain(&self, query: &JsonQuery<'_>) -> Result<String, UnknownExpectedType> {
        let snapshot = &self.snapshot;
        let (outcome, trace) = snapshot.explain(
            query.flag,
            query.expected_type()?,
            &query.context() as &dyn Attributes,
            timestamp(query.now),
        );
        Ok(outcome
            .to_explanation(trace, &query.default())
            .to_canonical())
    }

    /// Evaluates every flag: `{"flags": {KEY: outcome}}`
    pub fn evaluate_all(&self, context: &str, now: f64) -> String {
        let snapshot = &self.snapshot;
        let context: &dyn Attributes = &Context::from_json(context);
        let outcomes = snapshot.evaluate_all(context, timestamp(now));
        Outcome::all_to_value(&outcomes, &Value::Null).to_canonical()
    }

    /// What is wrong with the document: an array of `{"flag", "pointer", "message"}`
    pub fn issues(&self) -> String {
        let snapshot = &self.snapshot;
        let issues: Arc<[Value]> = snapshot.issues().iter().map(issue_value).collect();
        Value::Array(issues).to_canonical()
    }

    /// The next instant, in milliseconds since 1970, at which time alone may change an outcome
    pub fn next_boundary(&self, now: f64) -> Option<f64> {
        let boundary = self.snapshot.next_boundary(timestamp(now))?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "an instant of RFC 3339 is far within ±(2^53 − 1) milliseconds"
        )]
        Some(boundary.as_millis() as f64)
    }

    /// The keys of the flags whose outcome time alone may have changed after `since`, until `until`: an array
    pub fn changed_between(&self, since: f64, until: f64) -> String {
        let (since, until) = (timestamp(since), timestamp(until));
        let changed = self.snapshot.changed_between(since, until);
        Value::Array(changed.into_iter().map(Value::from).collect()).to_canonical()
    }

    /// The slot of a unit under a salt, from 0 to `total` − 1
    pub fn bucket(salt: &str, unit: &str, total: u32) -> u32 {
        slot(unit, seed(salt), total)
    }

    /// A message if a context, as JSON, has no `targetingKey`, but an attribute with a name that other systems use for the user's key
    pub fn user_key_hint(context: &str) -> Option<String> {
        let context: &dyn Attributes = &Context::from_json(context);
        user_key_hint(context)
    }
}

impl JsonQuery<'_> {
    fn expected_type(&self) -> Result<Option<ExpectedType>, UnknownExpectedType> {
        self.expected.map(str::parse).transpose()
    }

    fn context(&self) -> Result<Context, ContextError> {
        Context::from_json(self.context)
    }

    fn default(&self) -> Value {
        Value::from_json(self.default_value).unwrap_or_default()
    }
}

fn step_value(step: &TransferProgress) -> Value {
    let named = |name: &str| ("step", Value::from(name));
    match step {
        TransferProgress::Pending => Value::object([named("pending")]),
        TransferProgress::Ignored => Value::object([named("ignored")]),
        TransferProgress::Current => Value::object([named("current")]),
        TransferProgress::Committed(commit) => Value::object(
            [named("committed")]
                .into_iter()
                .chain(commit_members(commit)),
        ),
        TransferProgress::Discarded { reason } => {
            Value::object([named("discarded"), ("reason", reason.as_str().into())])
        }
        TransferProgress::Goodbye {
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

fn commit_members(commit: &SnapshotUpdate) -> [(&'static str, Value); 3] {
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
            issue
                .flag
                .as_deref()
                .map_or(Value::Null, |flag| Value::from(&*excerpt(flag))),
        ),
        ("pointer", issue.pointer.as_str().into()),
        ("message", issue.kind.to_string().into()),
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

    const QUERY: JsonQuery<'_> = JsonQuery {
        flag: "f",
        expected: Some("boolean"),
        default_value: "false",
        context: "{}",
        now: 0.0,
    };

    fn loaded() -> JsonReplica {
        let mut replica = JsonReplica::default();
        let document = r#"{"schemaVersion": 1, "environment": "test", "revision": 7,
            "flags": {"f": {"type": "boolean", "enabled": true, "serve": "on"}, "g": {"type": 1}}}"#;
        let commit = replica.load_document(document).unwrap();
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
        let query = JsonQuery {
            context: "{",
            default_value: "{",
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
        let query = JsonQuery {
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
        let mut step = |name, data| replica.apply_event(name, data, None).unwrap();
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
    fn a_copy_keeps_its_revision() {
        let mut replica = loaded();
        let copy = replica.copy();
        let document = r#"{"schemaVersion": 1, "revision": 8,
            "flags": {"f": {"type": "boolean", "enabled": true, "serve": "off", "clientSide": true}}}"#;
        replica.load_document(document).unwrap();
        assert_ne!(
            replica.evaluate(&QUERY).unwrap(),
            copy.evaluate(&QUERY).unwrap()
        );
        assert_eq!(copy.keys(), r#"["f","g"]"#);
        assert_eq!(copy.client_side_keys(), "[]");
        assert_eq!(replica.client_side_keys(), r#"["f"]"#);
    }

    #[test]
    fn any_number_is_an_instant() {
        assert_eq!(timestamp(f64::NAN), Timestamp::from_millis(0));
        assert_eq!(timestamp(-0.5), Timestamp::from_millis(-1));
        assert_eq!(timestamp(f64::INFINITY), Timestamp::from_millis(i64::MAX));
    }
}
