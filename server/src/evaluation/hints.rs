//! Hints about contexts that have no user

use std::sync::Arc;

use flagstaff_core::{Context, Value, user_key_hint};

/// Hints for a person who wants to know why a flag has its value
pub(crate) fn of_context(context: &Context) -> Vec<String> {
    user_key_hint(context).into_iter().collect()
}

/// Adds the hints for a context to an explanation, as `hints`, unless there are none
pub(crate) fn add_to(explanation: &mut Value, context: &Context) {
    let hints = of_context(context);
    if let Value::Object(members) = explanation
        && !hints.is_empty()
    {
        let hints: Vec<Value> = hints.into_iter().map(Value::from).collect();
        Arc::make_mut(members).insert("hints".into(), Value::Array(hints.into()));
    }
}
