//! Shortens the values that error messages repeat from the request

use std::borrow::Cow;

use flagstaff_core::limits::MAX_EXCERPT_LENGTH;
use serde_json::Value;

/// The maximum length of a message in characters
const MESSAGE_LENGTH: usize = 1_000;

/// A message in which no value is longer than [`MAX_EXCERPT_LENGTH`]; values are those between backticks or quotation marks
pub(crate) fn shortened(message: &str) -> Cow<'_, str> {
    if message.len() <= MAX_EXCERPT_LENGTH {
        return message.into();
    }
    let mut short = String::new();
    let mut rest = message;
    while let Some(start) = rest.find(['`', '"']) {
        let (before, quoted) = rest.split_at(start);
        short.push_str(before);
        let mark = quoted.chars().next().unwrap_or_default();
        let inside = quoted.strip_prefix(mark).unwrap_or_default();
        short.push(mark);
        let Some((value, after)) = inside.split_once(mark) else {
            short.push_str(&flagstaff_core::excerpt(inside));
            rest = "";
            break;
        };
        short.push_str(&flagstaff_core::excerpt(value));
        short.push(mark);
        rest = after;
    }
    short.push_str(rest);
    if let Some((end, _)) = short.char_indices().nth(MESSAGE_LENGTH) {
        short.truncate(end);
        short.push('…');
    }
    short.into()
}

/// A value in a message; strings are cut with the message
pub(crate) fn shortened_value(value: &Value) -> Cow<'static, str> {
    let text = value.to_string();
    match value {
        Value::String(_) => text.into(),
        _ => flagstaff_core::excerpt(&text).into_owned().into(),
    }
}

/// A message of a library, in which it is not known where values are
pub(crate) fn foreign(message: &str) -> Cow<'_, str> {
    let length = message.chars().count();
    if length <= MAX_EXCERPT_LENGTH {
        return message.into();
    }
    // The begin says what was found, the end what was expected.
    let start = message.chars().take(MAX_EXCERPT_LENGTH / 2);
    let end = message
        .chars()
        .skip(length.saturating_sub(MAX_EXCERPT_LENGTH / 2));
    start.chain(['…']).chain(end).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::{foreign, shortened};

    #[test]
    fn a_long_value_is_cut_and_the_message_stays() {
        let long = "x".repeat(1_000);
        let cut = format!("{}…", "x".repeat(200));
        for mark in ['`', '"'] {
            assert_eq!(
                shortened(&format!("a {mark}{long}{mark}, expected {mark}b{mark}")),
                format!("a {mark}{cut}{mark}, expected {mark}b{mark}")
            );
        }
        let nothing = "`".repeat(10_000);
        assert!(shortened(&nothing).chars().count() <= 1_001);
    }

    #[test]
    fn of_a_foreign_message_both_ends_stay() {
        let message = foreign(&format!(
            "invalid `{}`, expected a number",
            "ü".repeat(1_000)
        ))
        .into_owned();
        assert!(message.starts_with("invalid `ü") && message.ends_with("ü`, expected a number"));
        assert_eq!(message.chars().count(), 201);
    }
}
