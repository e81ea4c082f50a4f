//! Targeting: its references, and whether it compiles

use std::collections::BTreeMap;

use flagstaff_core::{Value, dialect};
use serde_json::{Map, Value as Json, json};

use crate::ImportError;
use crate::source::At;

/// Maximum number of values in one targeting after its references are replaced
const MAX_VALUES: usize = 100_000;
/// Maximum depth of nested references
const MAX_REFERENCES: usize = 32;

/// Operators that flagd knows, in any of its providers
const OPERATORS: [&str; 39] = [
    "!",
    "!!",
    "!=",
    "!==",
    "%",
    "*",
    "+",
    "-",
    "/",
    "<",
    "<=",
    "==",
    "===",
    ">",
    ">=",
    "?:",
    "all",
    "and",
    "cat",
    "ends_with",
    "filter",
    "fractional",
    "if",
    "in",
    "log",
    "map",
    "max",
    "merge",
    "min",
    "missing",
    "missing_some",
    "none",
    "or",
    "reduce",
    "sem_ver",
    "some",
    "starts_with",
    "substr",
    "var",
];
/// Operators that only some of its providers know
const OF_SOME_PROVIDERS: [&str; 11] = [
    "??", "eachKey", "exists", "get", "length", "method", "not", "preserve", "throw", "try", "val",
];

/// Whether a targeting can be taken over
pub(super) enum Targeting {
    Known,
    /// It has an operator that no provider of flagd knows
    Unknown {
        pointer: String,
        operator: String,
    },
}

/// A targeting in which each `{"$ref": NAME}` is replaced by the evaluator of this name; a reference to nothing stays
pub(super) fn expand(
    targeting: &At<'_>,
    evaluators: &BTreeMap<&str, At<'_>>,
) -> Result<Json, ImportError> {
    let mut left = MAX_VALUES;
    let expanded = expand_value(targeting.value, evaluators, MAX_REFERENCES, &mut left);
    expanded.ok_or_else(|| {
        targeting.error(format!(
            "its evaluators refer to each other in a circle, or together have more than {MAX_VALUES} values"
        ))
    })
}

fn expand_value(
    value: &Json,
    evaluators: &BTreeMap<&str, At<'_>>,
    depth: usize,
    left: &mut usize,
) -> Option<Json> {
    *left = left.checked_sub(1)?;
    match value {
        Json::Array(values) => {
            let values = values.iter();
            let values = values.map(|value| expand_value(value, evaluators, depth, left));
            values.collect::<Option<Vec<_>>>().map(Json::Array)
        }
        Json::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Json::as_str)
                && members.len() == 1
                && let Some(evaluator) = evaluators.get(name)
            {
                return expand_value(evaluator.value, evaluators, depth.checked_sub(1)?, left);
            }
            let mut expanded = Map::new();
            for (name, member) in members {
                expanded.insert(name.clone(), expand_value(member, evaluators, depth, left)?);
            }
            Some(expanded.into())
        }
        other => Some(other.clone()),
    }
}

impl Targeting {
    /// Compiles a targeting; an error names what Flagstaff does not support
    pub(super) fn check(
        targeting: &At<'_>,
        logic: &Json,
        fractional: u8,
    ) -> Result<Self, ImportError> {
        if !targeting.value.is_object() {
            return Err(targeting.error("expected a JSONLogic object"));
        }
        if let Some((pointer, operator)) = unknown_operator(logic, &targeting.pointer) {
            return Ok(Self::Unknown { pointer, operator });
        }
        let expression = json!({"flagKey": "", "fractional": fractional, "logic": logic});
        let expression: Value = serde_json::from_value(expression).unwrap_or_default();
        let missing = || targeting.error("this build does not have the dialect `flagd`");
        let compiled = dialect::condition("flagd", &expression).ok_or_else(missing)?;
        compiled.map(|_| Self::Known).map_err(|refusal| {
            let inside = refusal.pointer.strip_prefix("/logic").unwrap_or_default();
            ImportError::Shape {
                pointer: format!("{}{inside}", targeting.pointer),
                message: refusal.message,
            }
        })
    }
}

/// An operator that no provider knows, and where it stands
fn unknown_operator(logic: &Json, pointer: &str) -> Option<(String, String)> {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match logic {
        Json::Array(values) => values
            .iter()
            .enumerate()
            .find_map(|(index, value)| unknown_operator(value, &format!("{pointer}/{index}"))),
        Json::Object(members) if members.len() == 1 => {
            let (name, arguments) = members.iter().next()?;
            let pointer = format!("{pointer}/{}", escaped(name));
            let name = name.as_str();
            let is_known = OPERATORS.contains(&name) || OF_SOME_PROVIDERS.contains(&name);
            if is_known {
                unknown_operator(arguments, &pointer)
            } else {
                Some((pointer, name.to_owned()))
            }
        }
        _ => None,
    }
}
