//! Compares a response with the expectation of a case

use std::collections::BTreeMap;

use flagstaff_core::Value;
use serde_json::{Map, Value as Json, json};

use crate::case::ExpectedIssue;

/// The expected response to a request
pub(crate) enum Expectation<'a> {
    Loaded(Option<&'a [ExpectedIssue]>),
    Refused,
    Outcome {
        members: Option<&'a Map<String, Json>>,
        text: Option<&'a str>,
    },
    /// The outcome of the previous request, byte for byte, and a trace
    Explained,
    Outcomes(&'a BTreeMap<String, Map<String, Json>>),
}

/// `Err`: the field, its value and the expected value
pub(crate) type Judgement = Result<(), (String, String, String)>;

/// Compares a response; an explanation must repeat `previous`, the response before it
pub(crate) fn judge(
    expectation: &Expectation<'_>,
    answer: &str,
    parsed: &Json,
    previous: &str,
) -> Judgement {
    match expectation {
        Expectation::Explained => {
            let expected = format!("{{\"outcome\":{previous},\"trace\":[");
            if answer.starts_with(&expected) {
                Ok(())
            } else {
                Err(("/outcome".to_owned(), answer.to_owned(), expected))
            }
        }
        Expectation::Loaded(issues) => {
            equal("/ok", parsed.get("ok"), &Json::Bool(true))?;
            issues.map_or(Ok(()), |issues| judge_issues(issues, parsed))
        }
        Expectation::Refused => {
            equal("/ok", parsed.get("ok"), &Json::Bool(false))?;
            judge_issues(
                &[ExpectedIssue {
                    pointer: String::new(),
                    message: None,
                }],
                parsed,
            )
        }
        Expectation::Outcome { members, text } => {
            if let Some(text) = text.filter(|text| *text != answer) {
                return Err((String::new(), answer.to_owned(), text.to_owned()));
            }
            members.map_or(Ok(()), |members| judge_members("", members, Some(parsed)))
        }
        Expectation::Outcomes(outcomes) => {
            let found = parsed.get("flags").and_then(Json::as_object);
            let keys: Vec<&String> = found.into_iter().flat_map(Map::keys).collect();
            let expected: Vec<&String> = outcomes.keys().collect();
            equal("/flags", Some(&json!(keys)), &json!(expected))?;
            outcomes.iter().try_for_each(|(key, members)| {
                judge_members(
                    &format!("/flags/{key}"),
                    members,
                    found.and_then(|found| found.get(key)),
                )
            })
        }
    }
}

fn judge_issues(issues: &[ExpectedIssue], parsed: &Json) -> Judgement {
    let found = parsed
        .get("issues")
        .and_then(Json::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let pointers: Vec<_> = found.iter().map(|issue| issue.get("pointer")).collect();
    let expected: Vec<_> = issues.iter().map(|issue| &issue.pointer).collect();
    equal("/issues", Some(&json!(pointers)), &json!(expected))?;
    issues
        .iter()
        .zip(found)
        .enumerate()
        .try_for_each(|(position, (issue, found))| match &issue.message {
            Some(message) => equal(
                &format!("/issues/{position}/message"),
                found.get("message"),
                &json!(message),
            ),
            None => Ok(()),
        })
}

fn judge_members(pointer: &str, members: &Map<String, Json>, outcome: Option<&Json>) -> Judgement {
    members.iter().try_for_each(|(name, expected)| {
        equal(
            &format!("{pointer}/{name}"),
            outcome.and_then(|outcome| outcome.get(name)),
            expected,
        )
    })
}

/// Equal as defined by the language: numbers are doubles, fields have no order
fn equal(member: &str, found: Option<&Json>, expected: &Json) -> Judgement {
    let canonical = |json: &Json| {
        serde_json::from_value::<Value>(json.clone())
            .unwrap_or_default()
            .to_canonical()
    };
    let found = found.map_or_else(|| "absent".to_owned(), canonical);
    let expected = canonical(expected);
    if found == expected {
        Ok(())
    } else {
        Err((member.to_owned(), found, expected))
    }
}
