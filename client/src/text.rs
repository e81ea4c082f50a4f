//! The value of a string flag

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use smol_str::SmolStr;

/// A string flag's value; dereferences to `str`
///
/// A short one, of at most 23 bytes, is held in place; a longer one is shared with the snapshot that it came from. So none costs an
/// allocation, and threads that ask for the same flag do not fight for the count of those who share its value.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(SmolStr);

impl Text {
    pub(crate) fn shared(text: &Arc<str>) -> Self {
        Self(if text.len() <= SHORT {
            SmolStr::new_inline(text)
        } else {
            Arc::clone(text).into()
        })
    }

    /// The text
    pub fn as_str(&self) -> &str {
        self
    }
}

/// The bytes that are held in place
const SHORT: usize = 23;

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0.into()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, formatter)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_text_whatever_its_length() {
        for length in 0..40 {
            let shared: Arc<str> = "ä".repeat(length).into();
            let text = Text::shared(&shared);
            assert_eq!(text, *shared);
            assert_eq!(text.to_string(), String::from(text.clone()));
            let is_shared = Arc::strong_count(&shared) > 1;
            assert_eq!(is_shared, shared.len() > SHORT, "{length}");
        }
    }
}
