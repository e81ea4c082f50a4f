//! `--verify`: whether the flags of a vendor's file have the values that the vendor gave

use flagstaff_core::{Context, Snapshot, Timestamp, Value};
use flagstaff_import::Imported;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::cli::CommandError;
use crate::cli::table::{table, visible};

/// A line of the file: what the vendor answered
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    context: &'a RawValue,
    flag: String,
    value: Value,
    /// The caller's default in the vendor's SDK
    #[serde(default)]
    default: Value,
}

/// A line whose value here is another one
#[derive(Debug, Serialize)]
pub(super) struct Mismatch {
    line: usize,
    flag: String,
    expected: Value,
    found: Json,
}

/// How many lines were compared, and where the values differ
#[derive(Debug, Serialize)]
pub(super) struct Verification {
    read: usize,
    differences: Vec<Mismatch>,
}

/// Evaluates each context with the flags of a file
pub(super) fn verify(
    name: &str,
    (imported, snapshot): (&Imported, &Snapshot),
    now: Timestamp,
) -> Result<Verification, CommandError> {
    let text = crate::cli::read(name)?;
    let mut verification = Verification {
        read: 0,
        differences: Vec::new(),
    };
    for (position, text) in text.lines().enumerate() {
        if text.trim().is_empty() {
            continue;
        }
        let number = position.saturating_add(1);
        let line: Line<'_> = serde_json::from_str(text).map_err(|cause| CommandError::Line {
            name: name.to_owned(),
            line: number,
            cause,
        })?;
        verification.read = verification.read.saturating_add(1);
        let found = answer(snapshot, imported, &line, now)?;
        let is_same = serde_json::from_value(found.clone()).is_ok_and(|it: Value| it == line.value);
        if !is_same {
            verification.differences.push(Mismatch {
                line: number,
                flag: line.flag,
                expected: line.value,
                found,
            });
        }
    }
    Ok(verification)
}

/// What the vendor's SDK would answer with our outcome
fn answer(
    snapshot: &Snapshot,
    imported: &Imported,
    line: &Line<'_>,
    now: Timestamp,
) -> Result<Json, CommandError> {
    let key = imported.keys.get(&line.flag).unwrap_or(&line.flag);
    // An invalid context is evaluated too: SDKs return an outcome for it.
    let context = Context::from_json(line.context.get());
    let outcome = snapshot.evaluate(key, None, &context, now);
    let outcome = serde_json::to_value(outcome.to_value(&line.default))?;
    let Json::Object(mut members) = outcome else {
        return Ok(outcome);
    };
    if let Some(answers) = imported.answers.get(key) {
        let default = serde_json::to_value(&line.default)?;
        answers.apply(&mut members, None, &default);
    }
    Ok(members.remove("value").unwrap_or_default())
}

impl Verification {
    pub(super) fn is_same(&self) -> bool {
        self.differences.is_empty()
    }

    /// Each difference, and how many there are
    pub(super) fn text(&self) -> String {
        let row = |found: &Mismatch| {
            vec![
                found.line.to_string(),
                visible(&found.flag),
                visible(&found.expected.to_canonical()),
                visible(&found.found.to_string()),
            ]
        };
        let rows: Vec<Vec<String>> = self.differences.iter().map(row).collect();
        let rows = if rows.is_empty() {
            String::new()
        } else {
            table(&["line", "flag", "expected", "here"], &rows)
        };
        let count = rows.lines().count().saturating_sub(1);
        format!("{rows}{} contexts verified, {count} differ\n", self.read)
    }
}
