//! Clauses, and lists of clauses that must all hold

use std::collections::BTreeMap;

use flagstaff_core::{Value, dialect};
use serde_json::{Map, Value as Json, json};

use super::{Result, Source, check_reference, escaped, list, note, text};
use crate::report::Note;

/// The references and remarks of the clauses of one flag or segment
#[derive(Default)]
pub(super) struct Findings {
    pub(super) notes: Vec<Note>,
    /// The segments, and where they are named
    pub(super) segments: BTreeMap<String, String>,
}

const OPERATORS: [&str; 14] = [
    "in",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "lessThan",
    "lessThanOrEqual",
    "greaterThan",
    "greaterThanOrEqual",
    "before",
    "after",
    "semVerEqual",
    "semVerLessThan",
    "semVerGreaterThan",
];

/// A condition of LaunchDarkly's
pub(super) fn leaf(expression: &Json) -> Json {
    json!({"dialect": "launchdarkly", "expression": expression})
}

/// Whether the context of a kind has one of these keys
pub(super) fn keys(kind: Option<&str>, keys: &Json) -> Json {
    let mut clause = json!({"attribute": "key", "op": "in", "values": keys});
    if let (Some(kind), Some(members)) = (kind, clause.as_object_mut()) {
        members.insert("contextKind".into(), kind.into());
    }
    leaf(&clause)
}

/// The conditions of the clauses of a rule
pub(super) fn all(
    source: &Source<'_>,
    rule: &Json,
    pointer: &str,
    findings: &mut Findings,
) -> Result<Vec<Json>> {
    list(rule, "clauses", pointer)?
        .iter()
        .enumerate()
        .map(|(index, clause)| {
            one(
                source,
                clause,
                &format!("{pointer}/clauses/{index}"),
                findings,
            )
        })
        .collect()
}

fn one(source: &Source<'_>, clause: &Json, pointer: &str, findings: &mut Findings) -> Result<Json> {
    let Some(operator) = text(clause, "op", pointer)? else {
        return Err(note(&format!("{pointer}/op"), "expected an operator"));
    };
    let Some(Json::Array(values)) = clause.get("values") else {
        return Err(note(&format!("{pointer}/values"), "expected an array"));
    };
    let negate = match clause.get("negate") {
        None | Some(Json::Null) => false,
        Some(Json::Bool(negate)) => *negate,
        Some(_) => {
            return Err(note(
                &format!("{pointer}/negate"),
                "expected `true` or `false`",
            ));
        }
    };
    if operator == "segmentMatch" {
        let any = json!({"any": segments(source, values, pointer, findings)});
        return Ok(if negate { json!({"not": any}) } else { any });
    }
    if !OPERATORS.contains(&operator) {
        let message = format!(
            "LaunchDarkly's server SDKs do not know the operator `{operator}`, so that the clause matches nothing"
        );
        findings
            .notes
            .push(note(&format!("{pointer}/op"), &message));
    }
    let kind = text(clause, "contextKind", pointer)?;
    let attribute = text(clause, "attribute", pointer)?.unwrap_or("");
    check_reference(attribute, kind.is_some(), &format!("{pointer}/attribute"))?;
    let mut expression = Map::new();
    if let Some(kind) = kind {
        expression.insert("contextKind".into(), kind.into());
    }
    expression.insert("attribute".into(), attribute.into());
    expression.insert("op".into(), operator.into());
    let values = match operator {
        "matches" => patterns(values, pointer, findings)?,
        _ => values.clone(),
    };
    expression.insert("values".into(), values.into());
    if negate {
        expression.insert("negate".into(), true.into());
    }
    Ok(leaf(&expression.into()))
}

/// The segments that a clause names; a segment that does not exist contains nobody
fn segments(
    source: &Source<'_>,
    values: &[Json],
    pointer: &str,
    findings: &mut Findings,
) -> Vec<Json> {
    let mut found = Vec::new();
    for (index, key) in values.iter().enumerate() {
        let pointer = format!("{pointer}/values/{index}");
        let known = key.as_str().and_then(|key| {
            let segment = source.segments.get(key)?;
            (segment.get("deleted") != Some(&Json::Bool(true))).then_some(key)
        });
        if let Some(key) = known {
            findings.segments.insert(key.to_owned(), pointer);
            found.push(json!({"segment": source.segment_keys.of(key)}));
        } else {
            let message = format!("there is no segment {key}, so that it contains nobody");
            findings.notes.push(note(&pointer, &message));
        }
    }
    found
}

/// The patterns of a clause, without those that no SDK can read and that match nothing
fn patterns(values: &[Json], pointer: &str, findings: &mut Findings) -> Result<Vec<Json>> {
    let mut readable = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let pointer = format!("{pointer}/values/{index}");
        let Some(pattern) = value.as_str() else {
            continue;
        };
        let Some(reason) = refusal(pattern) else {
            readable.push(value.clone());
            continue;
        };
        if !is_broken(pattern) {
            let message = format!("{reason}; write the pattern without it in LaunchDarkly first");
            return Err(note(&pointer, &message));
        }
        let message = format!("{reason}, so that it matches nothing in LaunchDarkly either");
        findings.notes.push(note(&pointer, &message));
    }
    Ok(readable)
}

/// Why the core refuses a pattern
fn refusal(pattern: &str) -> Option<String> {
    let clause = [
        ("attribute", Value::from("key")),
        ("op", "matches".into()),
        ("values", vec![pattern].into()),
    ];
    let refused = dialect::condition("launchdarkly", &Value::object(clause))?.err()?;
    Some(refused.message)
}

/// Whether a pattern is not valid in any engine: not closed, or a quantifier without anything to repeat
fn is_broken(pattern: &str) -> bool {
    let (mut depth, mut is_class, mut is_escaped) = (0_i32, false, false);
    for character in pattern.chars() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            ']' => is_class = false,
            _ if is_class => {}
            '[' => is_class = true,
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth < 0 {
            return true;
        }
    }
    depth != 0 || is_class || is_escaped || pattern.starts_with(['*', '+', '?'])
}

/// The pointer of a flag or a segment in the file
pub(super) fn pointer(source: &Source<'_>, kind: &str, key: &str) -> String {
    format!("{}/{kind}/{}", source.root, escaped(key))
}
