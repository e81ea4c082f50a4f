//! GrowthBook's order of versions: texts whose numbers are padded

use std::borrow::Cow;

use crate::dialect::javascript::number_text;
use crate::value::Value;

/// The text by which a version is compared; what is neither a number nor a non-empty string is version `0`
pub(super) fn padded(value: &Value) -> String {
    let text = match value {
        Value::Number(number) => Cow::Owned(number_text(*number)),
        Value::String(text) if !text.is_empty() => Cow::Borrowed(&**text),
        _ => Cow::Borrowed("0"),
    };
    let text = without_build(text.strip_prefix('v').unwrap_or(&text));
    let mut parts: Vec<_> = text.split(['-', '.']).map(padded_part).collect();
    // A release comes after its pre-releases: `~` is the last of ASCII.
    if parts.len() == 3 {
        parts.push("~".to_owned());
    }
    parts.join("-")
}

/// A version up to the `+` of its build metadata, which reaches to the end of the text and is one line
fn without_build(text: &str) -> &str {
    let line_end = text
        .rfind(['\n', '\r', '\u{2028}', '\u{2029}'])
        .unwrap_or(0);
    let (before, last_line) = text.split_at_checked(line_end).unwrap_or(("", text));
    last_line
        .find('+')
        .and_then(|plus| text.get(..before.len().saturating_add(plus)))
        .unwrap_or(text)
}

fn padded_part(part: &str) -> String {
    if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{part:>5}")
    } else {
        part.to_owned()
    }
}
