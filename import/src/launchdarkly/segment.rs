//! Segments: those included, those excluded, and rules

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::clause::{self, Findings, keys, leaf};
use super::{Converted, Result, Source, check_reference, list, note, text};
use crate::FlagAnswers;
use crate::draft::NEEDS;

pub(super) fn convert(source: &Source<'_>, key: &str, segment: &Json) -> Result<Converted> {
    let pointer = clause::pointer(source, "segments", key);
    if segment.get("unbounded") == Some(&Json::Bool(true)) {
        return Err(note(
            &format!("{pointer}/unbounded"),
            "the keys of a big segment are not in the file but in LaunchDarkly's store",
        ));
    }
    let mut findings = Findings::default();
    let included = lists(segment, &pointer, "included", "includedContexts")?;
    let excluded = lists(segment, &pointer, "excluded", "excludedContexts")?;
    let mut rules = Vec::new();
    for (index, rule) in list(segment, "rules", &pointer)?.iter().enumerate() {
        let pointer = format!("{pointer}/rules/{index}");
        let mut conditions = clause::all(source, rule, &pointer, &mut findings)?;
        conditions.extend(share(key, segment, rule, &pointer)?);
        rules.push(json!({"all": conditions}));
    }
    let mut by_rules = json!({"any": rules});
    if !excluded.is_empty() {
        by_rules = json!({"all": [{"not": {"any": excluded}}, by_rules]});
    }
    let mut any = included;
    any.push(by_rules);
    Ok(Converted {
        json: json!({"needs": NEEDS, "when": {"any": any}}),
        notes: findings.notes,
        flags: BTreeMap::new(),
        segments: findings.segments,
        answers: FlagAnswers::default(),
    })
}

/// The keys of users, and those of other kinds
fn lists(segment: &Json, pointer: &str, users: &str, contexts: &str) -> Result<Vec<Json>> {
    let mut found = Vec::new();
    if !list(segment, users, pointer)?.is_empty() {
        found.extend(segment.get(users).map(|users| keys(None, users)));
    }
    for (index, target) in list(segment, contexts, pointer)?.iter().enumerate() {
        let pointer = format!("{pointer}/{contexts}/{index}");
        let Some(values @ Json::Array(_)) = target.get("values") else {
            return Err(note(&format!("{pointer}/values"), "expected an array"));
        };
        found.push(keys(text(target, "contextKind", &pointer)?, values));
    }
    Ok(found)
}

/// The share of the contexts for which the clauses of a rule hold
fn share(key: &str, segment: &Json, rule: &Json, pointer: &str) -> Result<Option<Json>> {
    let weight = match rule.get("weight") {
        None | Some(Json::Null) => return Ok(None),
        Some(weight @ Json::Number(_)) => weight,
        Some(_) => return Err(note(&format!("{pointer}/weight"), "expected a number")),
    };
    let kind = text(rule, "rolloutContextKind", pointer)?;
    let mut expression = Map::new();
    expression.insert(
        "key".into(),
        segment
            .get("key")
            .and_then(Json::as_str)
            .unwrap_or(key)
            .into(),
    );
    expression.insert(
        "salt".into(),
        text(segment, "salt", pointer)?.unwrap_or("").into(),
    );
    expression.insert("weight".into(), weight.clone());
    if let Some(kind) = kind {
        expression.insert("rolloutContextKind".into(), kind.into());
    }
    if let Some(attribute) = text(rule, "bucketBy", pointer)? {
        check_reference(attribute, kind.is_some(), &format!("{pointer}/bucketBy"))?;
        expression.insert("bucketBy".into(), attribute.into());
    }
    Ok(Some(leaf(&expression.into())))
}
