//! A flag's `dialect`: contexts that the vendor refuses

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use flagstaff_core::{Context, ErrorCode, IssueKind, Reason, Snapshot, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(0);

/// A snapshot with one flag that has these members too
fn snapshot(needs: u32, members: &str) -> Snapshot {
    let document = format!(
        r#"{{"schemaVersion": 1, "flags": {{"f": {{"type": "boolean", "serve": "on", "needs": {needs}, {members}}}}}}}"#
    );
    Snapshot::from_json(&document).unwrap()
}

// pins LD-8
#[test]
fn a_context_that_the_dialect_refuses_is_invalid_whether_the_flag_is_on_or_off() {
    for enabled in [true, false] {
        let snapshot = snapshot(
            2,
            &format!(r#""enabled": {enabled}, "dialect": "launchdarkly""#),
        );
        assert_eq!(snapshot.issues(), []);
        let context = |json: &str| Context::from_json(json).unwrap();
        for refused in [
            "{}",
            r#"{"kind": "user"}"#,
            r#"{"kind": "a b", "key": "u"}"#,
        ] {
            let context = context(refused);
            let outcome = snapshot.evaluate("f", None, &context, NOW);
            assert_eq!(outcome.error_code(), Some(ErrorCode::InvalidContext));
            assert_eq!(outcome.reason, Reason::Error);
            assert_eq!(outcome.variant, None);
            let id = snapshot.outcome_id(0, None, &context, || NOW).unwrap();
            let valid = Context::new("u");
            assert_ne!(Some(id), snapshot.outcome_id(0, None, &valid, || NOW));
            let (explained, _) = snapshot.explain("f", None, &context, NOW);
            assert_eq!(explained, outcome);
        }
        for admitted in [r#"{"targetingKey": "u"}"#, r#"{"kind": "org", "key": "o"}"#] {
            let outcome = snapshot.evaluate("f", None, &context(admitted), NOW);
            let expected = if enabled { "on" } else { "off" };
            assert_eq!(outcome.variant, Some(expected));
            assert_eq!(outcome.error_code(), None);
        }
        // It may read any of the context, so that nothing about it can be known before.
        let descriptor = snapshot.descriptor("f", 100).unwrap();
        assert!(!descriptor.is_constant && descriptor.paths.is_none());
    }
}

#[test]
fn only_a_dialect_that_refuses_contexts_may_be_named_by_a_flag() {
    for (needs, dialect, expected) in [
        (2, "unleash", IssueKind::UnknownDialect("unleash".into())),
        (
            1,
            "launchdarkly",
            IssueKind::Version {
                what: "`dialect`",
                version: 2,
            },
        ),
    ] {
        let snapshot = snapshot(
            needs,
            &format!(r#""enabled": true, "dialect": "{dialect}""#),
        );
        let issues: Vec<_> = snapshot.issues().iter().map(|issue| &issue.kind).collect();
        assert_eq!(issues, [&expected]);
    }
}
