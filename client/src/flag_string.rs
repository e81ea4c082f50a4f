//! The value of a string flag

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use smol_str::SmolStr;

/// A string flag's value; dereferences to `str`
///
/// A short string, of at most 23 bytes, is stored in place; a longer one is shared with its snapshot. So none needs an allocation, and
/// threads that evaluate the same flag do not contend for one reference count.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlagString(SmolStr);

impl FlagString {
    pub(crate) fn shared(text: &Arc<str>) -> Self {
        Self(if text.len() <= MAX_INLINE_BYTES {
            SmolStr::new_inline(text)
        } else {
            Arc::clone(text).into()
        })
    }

    /// The string
    pub fn as_str(&self) -> &str {
        self
    }
}

/// The longest string that is stored in place
const MAX_INLINE_BYTES: usize = 23;

impl Deref for FlagString {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for FlagString {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for FlagString {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&str> for FlagString {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<FlagString> for String {
    fn from(text: FlagString) -> Self {
        text.0.into()
    }
}

impl PartialEq<str> for FlagString {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for FlagString {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Display for FlagString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, formatter)
    }
}

impl fmt::Debug for FlagString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_unchanged_whatever_its_length() {
        for length in 0..40 {
            let shared: Arc<str> = "ä".repeat(length).into();
            let text = FlagString::shared(&shared);
            assert_eq!(text, *shared);
            assert_eq!(text.to_string(), String::from(text.clone()));
            let is_shared = Arc::strong_count(&shared) > 1;
            assert_eq!(is_shared, shared.len() > MAX_INLINE_BYTES, "{length}");
        }
    }
}
