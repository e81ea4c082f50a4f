//! Members of what a document has for a dialect, each with a refusal that says what was expected

use std::sync::Arc;

use super::Refusal;
use crate::operator::literals::Literals;
use crate::value::{JsonObject, Value};

/// The members of an object
pub(crate) fn members(value: &Value) -> Result<&JsonObject, Refusal> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(Refusal::new("expected an object")),
    }
}

/// The elements of the list of this name; none where there is no such member, or `null`
pub(crate) fn list<'v>(members: &'v JsonObject, name: &str) -> Result<&'v [Value], Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(elements)) => Ok(elements),
        Some(_) => Err(Refusal::new("expected an array").within(name)),
    }
}

/// The text of this name; `None` where there is no such member, or `null`
pub(crate) fn text<'v>(members: &'v JsonObject, name: &str) -> Result<Option<&'v str>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::new("expected a string").within(name)),
    }
}

/// The text of this name, which must be there
pub(crate) fn required<'v>(members: &'v JsonObject, name: &str) -> Result<&'v str, Refusal> {
    text(members, name)?.ok_or_else(|| Refusal::new(format!("missing `{name}`")))
}

/// The truth of this name; false where there is no such member, or `null`
pub(crate) fn boolean(members: &JsonObject, name: &str) -> Result<bool, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Boolean(value)) => Ok(*value),
        Some(_) => Err(Refusal::new("expected true or false").within(name)),
    }
}

/// The whole number of this name, not negative and below 2^32; `None` where there is no such member, or `null`
pub(crate) fn whole(members: &JsonObject, name: &str) -> Result<Option<u32>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_integer()
            .and_then(|number| u32::try_from(number).ok())
            .map(Some)
            .ok_or_else(|| Refusal::new("expected a whole number, not negative").within(name)),
    }
}

/// The texts of a list
pub(crate) fn texts(members: &JsonObject, name: &str) -> Result<Vec<Box<str>>, Refusal> {
    let elements = list(members, name)?.iter().enumerate();
    let read = |(index, element): (usize, &Value)| match element {
        Value::String(text) => Ok(Box::from(&**text)),
        _ => Err(Refusal::new("expected a string")
            .within(&index.to_string())
            .within(name)),
    };
    elements.map(read).collect()
}

/// A set of texts, in which a look-up costs the same however many there are
pub(crate) fn text_set(texts: impl IntoIterator<Item: Into<Arc<str>>>) -> Literals {
    let mut set = Literals::default();
    for text in texts {
        set.insert_text(text.into());
    }
    set
}

/// Refuses members of other names
pub(crate) fn only(members: &JsonObject, known: &[&str]) -> Result<(), Refusal> {
    match members.keys().find(|name| !known.contains(&&***name)) {
        Some(name) => Err(Refusal::new("unknown field").within(name)),
        None => Ok(()),
    }
}
