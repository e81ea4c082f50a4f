//! May this be written? A document, a flag among the others of its environment, or an override of a flag
//!
//! Reading is lenient and writing strict: a server stores only what passes these checks. So a misspelt field is an error and is not
//! ignored, and no change breaks another object.

use std::borrow::Cow;
use std::collections::BTreeMap;

use flagstaff_core::{Issue, IssueKind, Snapshot, SnapshotError, Value, inspect};
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// The flags of a document, as text
#[derive(Default, Deserialize)]
struct Flags<'d> {
    #[serde(borrow, default)]
    flags: BTreeMap<Cow<'d, str>, &'d RawValue>,
}

/// The issues of a document, as JSON text, that is about to be written
pub fn check_document(document: &str) -> Result<Vec<Issue>, SnapshotError> {
    // `from_json` reports a text that is not a document.
    let Flags { flags } = serde_json::from_str(document).unwrap_or_default();
    let unknown = flags
        .iter()
        .flat_map(|(key, flag)| inspect::unknown_fields(key, flag.get()));
    let mut issues: Vec<Issue> = unknown.collect();
    let snapshot = Snapshot::from_json(document)?;
    issues.extend_from_slice(snapshot.issues());
    issues.extend(snapshot.hashed_lists());
    Ok(issues)
}

/// Checks a flag that is about to be written under `key`, with its overrides inline or absent; `None` stands for its deletion
///
/// The issues are those of the flag, and the new issues of other objects; their pointers begin at the document: `/flags/KEY/…`.
pub fn check_flag(snapshot: &Snapshot, key: &str, flag: Option<&Json>) -> Result<(), Vec<Issue>> {
    let flag = flag.map(Json::to_string);
    let after = snapshot.with_flag(key, flag.as_deref());
    new_issues((snapshot, &after), key, flag.as_deref())
}

/// The same as [`check_flag`] for a flag without overrides, which keeps those that it has
pub fn check_flag_body(snapshot: &Snapshot, key: &str, flag: &Json) -> Result<(), Vec<Issue>> {
    let flag = flag.to_string();
    let after = snapshot.with_flag_body(key, &flag);
    new_issues((snapshot, &after), key, Some(&flag))
}

/// The issues of a flag in the snapshot after a change, and those that others did not have before
fn new_issues(
    (before, after): (&Snapshot, &Snapshot),
    key: &str,
    flag: Option<&str>,
) -> Result<(), Vec<Issue>> {
    let is_new =
        |issue: &&Issue| issue.flag.as_deref() == Some(key) || !before.issues().contains(issue);
    let mut issues = flag.map_or_else(Vec::new, |flag| inspect::unknown_fields(key, flag));
    issues.extend(after.hashed_lists());
    issues.extend(after.issues().iter().filter(is_new).cloned());
    if issues.is_empty() {
        Ok(())
    } else {
        Err(issues)
    }
}

/// The part of an override in which something is wrong
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverrideField {
    /// The flag: it is broken, so an override cannot be checked
    Flag,
    /// The level
    Level,
    /// The key of the context
    ContextKey,
    /// The value that the context gets
    Value,
}

/// Checks an override that is about to be written; the error names the part
pub fn check_override(
    snapshot: &Snapshot,
    (flag, level): (&str, &str),
    (context_key, value): (&str, &Value),
) -> Vec<(OverrideField, IssueKind)> {
    let Some(found) = snapshot.compiled_flag(flag) else {
        let (what, key) = ("flag", flag.into());
        let problem = IssueKind::BrokenReference { what, key };
        return vec![(OverrideField::Flag, problem)];
    };
    let of_level = found.unknown_level(level);
    let of_value = found
        .override_problem(context_key, value)
        .map(|problem| match problem {
            IssueKind::ContextKey => (OverrideField::ContextKey, problem),
            _ => (OverrideField::Value, problem),
        });
    let of_level = of_level.map(|problem| (OverrideField::Level, problem));
    of_level.into_iter().chain(of_value).collect()
}
