//! Shortens user input that a message repeats to its beginning, which is enough to find it

use std::borrow::Cow;

use crate::limits::{MAX_EXCERPT_LENGTH, MAX_NAME_LENGTH};

/// The text, or the first [`MAX_EXCERPT_LENGTH`] characters of a longer one and `…`
pub fn excerpt(text: &str) -> Cow<'_, str> {
    cut(text, MAX_EXCERPT_LENGTH)
}

/// A JSON pointer in which no name is longer than names may be
pub fn excerpt_pointer(pointer: &str) -> Cow<'_, str> {
    if pointer.len() <= MAX_NAME_LENGTH {
        return pointer.into();
    }
    let names: Vec<Cow<'_, str>> = pointer
        .split('/')
        .map(|name| cut(name, MAX_NAME_LENGTH))
        .collect();
    names.join("/").into()
}

fn cut(text: &str, length: usize) -> Cow<'_, str> {
    // There are no more characters than bytes.
    if text.len() <= length {
        return text.into();
    }
    let Some((end, _)) = text.char_indices().nth(length) else {
        return text.into();
    };
    format!("{}…", text.get(..end).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::{excerpt, excerpt_pointer};

    #[test]
    fn a_long_text_is_repeated_by_its_beginning() {
        let whole = "ü".repeat(200);
        assert_eq!(excerpt(&whole), whole);
        assert_eq!(excerpt(&format!("{whole}a")), format!("{whole}…"));
    }

    #[test]
    fn a_pointer_has_names_that_may_be_whole() {
        let name = "ü".repeat(255);
        let pointer = format!("/flags/{name}/overrides/{name}");
        assert_eq!(excerpt_pointer(&pointer), pointer);
        assert_eq!(
            excerpt_pointer(&format!("/flags/{name}a/{}", "b/".repeat(3))),
            format!("/flags/{name}…/b/b/b/")
        );
    }
}
