//! The steps of an evaluation for people to read, one a line

use std::fmt::Write as _;

use flagstaff_core::{JsonObject, Value};

/// The deciding step of an outcome in words: `rule 1 "beta", experiment "colour"`
pub(super) fn detail(detail: &Value) -> String {
    let Value::Object(members) = detail else {
        return String::new();
    };
    let mut text = string(members, "step").to_owned();
    for name in ["index", "id", "level", "flag"] {
        if let Some(value) = members.get(name) {
            let _ = write!(text, " {value}");
        }
    }
    if let Some(experiment) = members.get("experiment") {
        let _ = write!(text, ", experiment {experiment}");
    }
    text
}

/// The steps as a tree, each line after a line feed
pub(super) fn tree(steps: &Value) -> String {
    let mut text = String::new();
    write_steps(&mut text, steps, 1);
    text
}

fn write_steps(text: &mut String, steps: &Value, depth: usize) {
    let Value::Array(steps) = steps else { return };
    for step in steps.iter() {
        let Value::Object(members) = step else {
            continue;
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{}{}", "  ".repeat(depth), sentence(members));
        if let Some(inner) = members.get("steps") {
            write_steps(text, inner, depth.saturating_add(1));
        }
    }
}

fn sentence(step: &JsonObject) -> String {
    let shown = |name: &str| step.get(name).map(Value::to_canonical).unwrap_or_default();
    let variant = || variant(step);
    match string(step, "type") {
        "disabled" => "the flag is disabled".to_owned(),
        "expired" => format!("the flag expired at {}", string(step, "at")),
        "prerequisite" => format!(
            "{} prerequisite `{}` serves {}",
            mark(step),
            string(step, "flag"),
            variant()
        ),
        "override" => format!(
            "override of {} {}: {}",
            string(step, "level"),
            shown("key"),
            variant()
        ),
        "rule" => {
            let id = match step.get("id") {
                Some(Value::String(id)) => format!(" `{id}`"),
                _ => String::new(),
            };
            format!("rule {}{id}: {}", shown("index"), string(step, "result"))
        }
        "serve" => format!("serve: {}", variant()),
        "rollout" if !step.contains_key("slot") => {
            format!("rollout to {}", percent(step.get("share")))
        }
        "noUnit" => format!(
            "the context has no `{}`: the serve gives its `onMissing`, or nothing",
            string(step, "unit")
        ),
        "patch" => format!("patched by {}", string(step, "level")),
        hash @ ("holdout" | "slice" | "rollout" | "arms") => {
            format!("{hash}: unit {} in slot {}", shown("unit"), shown("slot"))
        }
        "attribute" | "segment" | "flag" | "bucket" | "all" | "any" | "not" => condition(step),
        other => format!("{other} {}", Value::Object(step.clone().into())),
    }
}

/// A step that is a condition, and whether it holds
fn condition(step: &JsonObject) -> String {
    let shown = |name: &str| step.get(name).map(Value::to_canonical).unwrap_or_default();
    let variant = || variant(step);
    match string(step, "type") {
        "attribute" => format!(
            "{} `{}` {}: {}",
            mark(step),
            string(step, "attribute"),
            string(step, "operator"),
            found(step)
        ),
        "segment" => format!(
            "{} segment `{}`: {}",
            mark(step),
            string(step, "segment"),
            string(step, "why")
        ),
        "flag" => format!(
            "{} flag `{}` serves {}",
            mark(step),
            string(step, "flag"),
            variant()
        ),
        "bucket" => format!(
            "{} bucket {} to {}: slot {}",
            mark(step),
            shown("from"),
            shown("until"),
            shown("slot")
        ),
        tree => format!("{} {tree}", mark(step)),
    }
}

fn variant(step: &JsonObject) -> String {
    match step.get("variant") {
        Some(Value::String(variant)) => format!("`{variant}`"),
        _ => "nothing".to_owned(),
    }
}

fn string<'s>(step: &'s JsonObject, name: &str) -> &'s str {
    match step.get(name) {
        Some(Value::String(text)) => text,
        _ => "",
    }
}

/// Whether it holds, or is met
fn mark(step: &JsonObject) -> &'static str {
    if step.get("result") == Some(&Value::Boolean(true)) {
        "yes"
    } else {
        "no "
    }
}

fn found(step: &JsonObject) -> String {
    match step.get("found") {
        Some(Value::Object(what)) if what.contains_key("missing") => "it is missing".to_owned(),
        Some(Value::Object(_)) => "it is an object".to_owned(),
        Some(value) => format!("it is {value}"),
        None => String::new(),
    }
}

/// A share in thousandths of a percent
fn percent(share: Option<&Value>) -> String {
    match share {
        Some(Value::Number(share)) => format!("{} %", share / 1000.0),
        _ => String::new(),
    }
}
