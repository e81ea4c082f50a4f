//! What is shown of a flag

use serde_json::{Map, Value};

use crate::cli::table::{good, odd};
use crate::cli::word;

pub(super) fn state(flag: &Value) -> String {
    if flag.get("enabled") == Some(&Value::Bool(true)) {
        good("on")
    } else {
        odd("off")
    }
}

/// What a flag serves where no override and no rule decides, in a few words
pub(super) fn serve(flag: &Value) -> String {
    let off = || {
        let off = word(flag, "offVariant");
        if off.is_empty() {
            "off".to_owned()
        } else {
            off
        }
    };
    let Some(serve) = flag.get("serve") else {
        return off();
    };
    let share = match serve.get("rollout") {
        None => String::new(),
        Some(Value::Number(percent)) => format!(" to {percent} %"),
        Some(_) => " in steps".to_owned(),
    };
    match (serve, serve.get("variant"), serve.get("arms")) {
        (Value::String(variant), ..) | (_, Some(Value::String(variant)), _) => {
            format!("{variant}{share}")
        }
        (.., Some(Value::Array(arms))) => {
            let arms: Vec<String> = arms.iter().map(|arm| word(arm, "variant")).collect();
            format!("{}{share}", arms.join("/"))
        }
        _ => off(),
    }
}

pub(super) fn count(flag: &Value, name: &str) -> String {
    let items = flag.get(name).and_then(Value::as_array);
    items.map_or(0, Vec::len).to_string()
}

pub(super) fn overrides(flag: &Value) -> usize {
    let levels = flag.get("overrides").and_then(Value::as_object);
    let levels = levels.into_iter().flat_map(Map::values);
    levels
        .filter_map(|level| level.as_object().map(Map::len))
        .sum()
}
