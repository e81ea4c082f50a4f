//! Conditions that always or never hold; the innermost such condition is reported

use super::formula::{Space, Verdict};
use super::pattern;
use super::{Code, Findings, parts};
use flagstaff_core::inspect::Condition;
use flagstaff_core::inspect::Links;
use flagstaff_core::inspect::Matcher;

/// Reports the parts of a condition at `pointer` that always or never hold; returns the verdict for the whole condition
pub(super) fn inspect(
    condition: &Condition,
    links: &Links,
    pointer: &str,
    findings: &mut Findings,
) -> Verdict {
    let mut space = Space::default();
    let formula = space.formula(condition, links);
    let verdict = space.verdict(&formula);
    let inner: Vec<Verdict> = parts(condition, pointer)
        .iter()
        .map(|(pointer, part)| inspect(part, links, pointer, findings))
        .collect();
    let is_explained = patterns(condition, pointer, findings);
    // If an inner condition or a pattern is the cause, only that is reported.
    if is_explained || inner.iter().any(|inner| inner.is_constant()) {
        return verdict;
    }
    if !verdict.may_hold {
        findings.add(Code::NeverTrue, pointer.to_owned(), why_never(condition));
    } else if !verdict.may_fail {
        findings.add(
            Code::AlwaysTrue,
            pointer.to_owned(),
            "this condition holds for every context".to_owned(),
        );
    } else if matches!(condition, Condition::All(_))
        && verdict.needs_arrays()
        && !inner.iter().any(|inner| inner.needs_arrays())
    {
        let message = "this condition holds only where an attribute is an array: no single value meets all of it".to_owned();
        findings.add(Code::OnlyArrays, pointer.to_owned(), message);
    }
    verdict
}

fn why_never(condition: &Condition) -> String {
    let why = match condition {
        Condition::All(_) => "this condition never holds: its parts contradict one another",
        Condition::Segment(_) => "this condition never holds: no context is in the segment",
        Condition::Flag(_) => "this condition never holds: the flag serves none of these variants",
        Condition::Attribute { .. } => {
            "this condition never holds: no value of the attribute meets it"
        }
        _ => "this condition never holds",
    };
    why.to_owned()
}

/// Reports patterns that match nothing; returns whether the condition has only such patterns
fn patterns(condition: &Condition, pointer: &str, findings: &mut Findings) -> bool {
    let Condition::Attribute { test, .. } = condition else {
        return false;
    };
    let Matcher::Matches(patterns) = &test.matcher else {
        return false;
    };
    let mut is_only = false;
    for (position, pattern) in patterns.iter().enumerate() {
        if pattern::never_matches(pattern) {
            is_only = patterns.len() == 1;
            // A single pattern may stand as `value` or as the only one of `values`.
            let place = if is_only {
                pointer.to_owned()
            } else {
                format!("{pointer}/values/{position}")
            };
            findings.add(
                Code::DeadPattern,
                place,
                format!("the pattern `{}` matches no text at all", pattern.text),
            );
        }
    }
    is_only
}
