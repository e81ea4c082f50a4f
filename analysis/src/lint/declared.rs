//! Compares what a document reads of contexts with a context that has everything that callers send

use super::{Code, Findings, parts};
use flagstaff_core::AttributePath;
use flagstaff_core::SLOT_COUNT;
use flagstaff_core::Value;
use flagstaff_core::inspect::Rollout;
use flagstaff_core::inspect::pointer_to;
use flagstaff_core::inspect::{AttributeTest, Matcher};
use flagstaff_core::inspect::{Condition, Serve, ServeTarget};
use flagstaff_core::inspect::{LinkedFlag, LinkedSegment, Links};
use flagstaff_core::object::ObjectKind;
use flagstaff_core::{Attribute, Attributes as _, Context};

/// Reports the units and attributes that a flag reads and the declared context lacks, or has as another type
pub(super) fn inspect_flag(linked: &LinkedFlag, declared: &Context, findings: &mut Findings) {
    let at = |inside: &str| pointer_to(ObjectKind::Flag, &linked.key, inside);
    for (index, rule) in linked.flag.rules.iter().enumerate() {
        if let Some(when) = &rule.when {
            inspect(
                when,
                &at(&format!("/rules/{index}/when")),
                declared,
                findings,
            );
        }
    }
    for (inside, serve) in linked.flag.serves() {
        for (step, unit) in units(serve, linked.links()) {
            inspect_unit(unit, step, at(&inside), declared, findings);
        }
    }
}

/// Reports the same for the condition of a segment
pub(super) fn inspect_segment(linked: &LinkedSegment, declared: &Context, findings: &mut Findings) {
    if let Some(when) = &linked.segment.when {
        let pointer = pointer_to(ObjectKind::Segment, &linked.key, "/when");
        inspect(when, &pointer, declared, findings);
    }
}

/// The units that a serve hashes, with the first stage that hashes each
pub(super) fn units<'s>(
    serve: &'s Serve,
    links: &'s Links,
) -> Vec<(&'static str, &'s AttributePath)> {
    let mut units = Vec::new();
    if let Some(experiment) = &serve.experiment {
        let holdout = experiment
            .holdout
            .and_then(|holdout| links.holdouts.get(holdout));
        if let Some(holdout) = holdout.filter(|holdout| 0 < holdout.end && holdout.end < SLOT_COUNT)
        {
            units.push(("holdout", &holdout.unit));
        }
        let slice = experiment.slice.as_ref().filter(|slice| !slice.is_whole());
        if let Some(group) = slice.and_then(|slice| links.groups.get(slice.group)) {
            units.push(("slice", &group.unit));
        }
    }
    if serve.rollout != Rollout::Fixed(0) {
        if serve.rollout != Rollout::FULL {
            units.push(("rollout", &serve.unit));
        } else if matches!(serve.choice, ServeTarget::Arms { .. }) {
            units.push(("arms", &serve.unit));
        }
    }
    units
}

fn inspect_unit(
    unit: &AttributePath,
    step: &str,
    pointer: String,
    declared: &Context,
    findings: &mut Findings,
) {
    if declared.attribute(unit).as_unit().is_none() {
        let message =
            format!("the declared context has no usable unit `{unit}`, which the {step} hashes");
        findings.add(Code::MissingUnit, pointer, message);
    }
}

fn inspect(condition: &Condition, pointer: &str, declared: &Context, findings: &mut Findings) {
    for (pointer, part) in parts(condition, pointer) {
        inspect(part, &pointer, declared, findings);
    }
    match condition {
        Condition::Bucket(bucket) => {
            inspect_unit(
                &bucket.unit,
                "bucket",
                format!("{pointer}/bucket"),
                declared,
                findings,
            );
        }
        Condition::Attribute { path, test } => {
            let attribute = declared.attribute(path);
            if attribute == Attribute::Missing {
                let message = format!("the declared context has no attribute `{path}`");
                findings.add(Code::UndeclaredAttribute, pointer.to_owned(), message);
            } else if !may_match(test, &attribute) {
                let message = format!(
                    "the attribute `{path}` is {} in the declared context, and this test matches none",
                    kind(&attribute)
                );
                findings.add(Code::WrongType, pointer.to_owned(), message);
            }
        }
        Condition::All(_)
        | Condition::Any(_)
        | Condition::Not(_)
        | Condition::Segment(_)
        | Condition::Flag(_)
        | Condition::Dialect(_) => {}
    }
}

/// Whether the test, without its negation, matches any value of this value's type; `null` and empty arrays have no type
fn may_match(test: &AttributeTest, attribute: &Attribute<'_>) -> bool {
    match (&test.matcher, attribute) {
        (Matcher::Exists | Matcher::Null, _) | (_, Attribute::Null) => true,
        (Matcher::Size(..), attribute) => matches!(attribute, Attribute::Array(_)),
        (_, Attribute::Array(elements)) => {
            elements.is_empty() || elements.iter().any(|element| may_match_one(test, element))
        }
        (matcher, attribute) => reads(matcher, attribute),
    }
}

fn may_match_one(test: &AttributeTest, element: &Value) -> bool {
    *element == Value::Null || reads(&test.matcher, &Attribute::from(element))
}

fn reads(matcher: &Matcher, attribute: &Attribute<'_>) -> bool {
    match (matcher, attribute) {
        (Matcher::In(literals), Attribute::String(_)) => literals.texts().len() > 0,
        (Matcher::In(literals), Attribute::Number(_)) => !literals.numbers().is_empty(),
        (Matcher::In(literals), Attribute::Boolean(_)) => literals.booleans().contains(&true),
        (Matcher::Number(..) | Matcher::Instant(..), Attribute::Number(_)) => true,
        (Matcher::In(_) | Matcher::Number(..), _) => false,
        (_, attribute) => matches!(attribute, Attribute::String(_)),
    }
}

fn kind(attribute: &Attribute<'_>) -> &'static str {
    match attribute {
        Attribute::Missing | Attribute::Null => "nothing",
        Attribute::Boolean(_) => "a boolean",
        Attribute::Number(_) => "a number",
        Attribute::String(_) => "a string",
        Attribute::Array(_) => "an array",
        Attribute::Object => "an object",
    }
}
