//! The strict side of a document: what a writer must hold to
//!
//! Reading is lenient and writing strict: a server stores only what passes here, so that a field with a spelling mistake is an
//! error and not a silence, and no change breaks a neighbour.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::document::compile::CompileSession;
use crate::document::environment::Environment;
use crate::error::{Issue, IssueKind, SnapshotError};
use crate::lists::Override;
use crate::model::FlagType;
use crate::snapshot::Snapshot;
use crate::value::Value;

/// The flags of a document, unread
#[derive(Default, Deserialize)]
struct Flags<'d> {
    #[serde(borrow, default)]
    flags: BTreeMap<Cow<'d, str>, &'d RawValue>,
}

/// Checks a whole document, as JSON text, as it is about to be written
pub fn check_document(document: &str) -> Result<Vec<Issue>, SnapshotError> {
    // What is no document is told of below.
    let Flags { flags } = serde_json::from_str(document).unwrap_or_default();
    let mut session = CompileSession::default();
    let unknown = flags
        .into_iter()
        .flat_map(|(key, flag)| session.unknown_fields(&(&*key).into(), flag.get()));
    let mut issues: Vec<Issue> = unknown.collect();
    let snapshot = Snapshot::from_json(document)?;
    issues.extend_from_slice(snapshot.issues());
    issues.extend(snapshot.source().hashed_lists());
    Ok(issues)
}

/// The part of an override in which something is wrong
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideField {
    /// The flag: it is broken, so nothing can be held against it
    Flag,
    /// The level
    Level,
    /// The key of the context
    ContextKey,
    /// What the context gets
    Value,
}

impl Snapshot {
    /// Checks an override of a flag as it is about to be written: what is wrong with it, and in which part
    pub fn check_override(
        &self,
        flag: &str,
        level: &str,
        (context_key, value): (&str, &Value),
    ) -> Vec<(OverrideField, IssueKind)> {
        let Some(Ok(found)) = self.source().flags.get(flag) else {
            let (what, key) = ("flag", flag.into());
            return vec![(
                OverrideField::Flag,
                IssueKind::BrokenReference { what, key },
            )];
        };
        let mut problems = Vec::new();
        if let Some(problem) = found.unknown_level(level) {
            problems.push((OverrideField::Level, problem));
        }
        let is_object = found.value_type == FlagType::Object;
        let has_variant = |name: &str| found.variant(name).is_some();
        let problem =
            Override::read(context_key, value).problem(found.on.is_some(), is_object, has_variant);
        problems.extend(problem.map(|problem| {
            let is_key = problem == IssueKind::ContextKey;
            let part = if is_key {
                OverrideField::ContextKey
            } else {
                OverrideField::Value
            };
            (part, problem)
        }));
        problems
    }

    /// Checks a flag, its overrides inline or absent, as it is about to be written under `key` among the others
    ///
    /// `None` stands for its deletion. The issues are those of the flag, and those that other objects would come to have; their
    /// pointers begin at the document: `/flags/KEY/…`.
    pub fn check_flag(&self, key: &str, flag: Option<&Json>) -> Result<(), Vec<Issue>> {
        let mut environment = self.source().clone();
        environment.remove_flag(key);
        self.check_in(environment, key, flag)
    }

    /// Checks a flag as [`Self::check_flag`] does, against the overrides that it has: the flag is given without, and they stay
    pub fn check_flag_body(&self, key: &str, flag: &Json) -> Result<(), Vec<Issue>> {
        self.check_in(self.source().clone(), key, Some(flag))
    }

    /// What would be wrong with a flag once it is put into an environment, and with others for the first time
    fn check_in(
        &self,
        mut environment: Environment,
        key: &str,
        flag: Option<&Json>,
    ) -> Result<(), Vec<Issue>> {
        let key: Arc<str> = key.into();
        let mut issues = Vec::new();
        if let Some(flag) = flag {
            let (text, mut session) = (flag.to_string(), CompileSession::default());
            issues = session.unknown_fields(&key, &text);
            environment.put_flag(&key, &text, &mut session);
        }
        let is_new =
            |issue: &&Issue| issue.flag.as_ref() == Some(&key) || !self.issues().contains(issue);
        issues.extend(environment.hashed_lists());
        issues.extend(
            Snapshot::link(environment)
                .issues()
                .iter()
                .filter(is_new)
                .cloned(),
        );
        if issues.is_empty() {
            Ok(())
        } else {
            Err(issues)
        }
    }
}
