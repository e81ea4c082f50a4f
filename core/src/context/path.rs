//! Where an attribute lies in a context, parsed once so that a bad path is reported when the flag is compiled

use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::limits;
use crate::table::table_hash::hash_text;
use crate::value::pointer::{escape_part, unescape};

/// A path through the objects of a context
///
/// A name that does not begin with `/` is one literal top-level name; otherwise it is a JSON pointer (RFC 6901) through objects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttributePath {
    // INVARIANT: at least one and at most `limits::MAX_PATH_DEPTH`.
    segments: Arc<[Box<str>]>,
    // The hash of the first name, so that a look-up in a context need not compute it.
    hash: u64,
}

impl AttributePath {
    /// Reads a name or a pointer; the error says what was expected
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.chars().count() > limits::MAX_NAME_LENGTH {
            return Err(PathError::TooLong);
        }
        let Some(pointer) = text.strip_prefix('/') else {
            return if text.is_empty() {
                Err(PathError::Empty)
            } else {
                Ok(Self::new(Arc::new([text.into()])))
            };
        };
        let segments = pointer
            .split('/')
            .map(|part| unescape(part).ok_or(PathError::Escape))
            .collect::<Result<Arc<[_]>, _>>()?;
        if segments.len() > limits::MAX_PATH_DEPTH {
            Err(PathError::TooLong)
        } else {
            Ok(Self::new(segments))
        }
    }

    fn new(segments: Arc<[Box<str>]>) -> Self {
        let hash = segments.first().map_or(0, |first| hash_name(first));
        Self { segments, hash }
    }

    /// The key of a context kind: `targetingKey` for `user`, the field `key` of the object `KIND` for any other
    pub fn of_kind(kind: &str) -> Self {
        // Nearly every serve has this unit, so they share it.
        static USER: LazyLock<AttributePath> =
            LazyLock::new(|| AttributePath::new(Arc::new(["targetingKey".into()])));
        if kind == "user" {
            USER.clone()
        } else {
            Self::new(Arc::new([kind.into(), "key".into()]))
        }
    }

    /// A hash of the first name, the same in every process of this build, for tables of names
    #[inline]
    pub fn first_hash(&self) -> u64 {
        self.hash
    }

    /// The names of the fields to follow from the context down, at least one
    #[inline]
    pub fn segments(&self) -> &[Box<str>] {
        &self.segments
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.segments {
            [name] if !name.starts_with('/') => formatter.write_str(name),
            segments => segments
                .iter()
                .try_for_each(|segment| write!(formatter, "/{}", escape_part(segment))),
        }
    }
}

/// The result of [`hash_name`] for `targetingKey`, and for no other name
pub(crate) const TARGETING_KEY: u64 = 0;

/// The hash of the name of an attribute
///
/// Nearly every serve reads `targetingKey`, so contexts store it apart from the other attributes.
pub(crate) fn hash_name(name: &str) -> u64 {
    match name {
        "targetingKey" => TARGETING_KEY,
        name => hash_text(name).max(1),
    }
}

/// The name of a context's member, hashed once
#[cfg(feature = "dialects")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberName {
    pub(crate) text: Box<str>,
    pub(crate) hash: u64,
}

#[cfg(feature = "dialects")]
impl From<&str> for MemberName {
    fn from(text: &str) -> Self {
        Self {
            text: text.into(),
            hash: hash_name(text),
        }
    }
}

/// Why a text is not an attribute path
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The name is empty
    #[error("an attribute name is not empty")]
    Empty,
    /// `~` in a pointer is followed by neither `0` nor `1`
    #[error("in a JSON pointer `~` is written `~0` and `/` is written `~1`")]
    Escape,
    /// More than [`limits::MAX_PATH_DEPTH`] names, or [`limits::MAX_NAME_LENGTH`] characters
    #[error(
        "a path has at most {} segments and {} characters",
        limits::MAX_PATH_DEPTH,
        limits::MAX_NAME_LENGTH
    )]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(text: &str) -> Vec<String> {
        AttributePath::parse(text)
            .unwrap()
            .segments()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_name_is_literal_and_a_pointer_is_followed() {
        assert_eq!(segments("a.b/c"), ["a.b/c"]);
        assert_eq!(segments("/app/version"), ["app", "version"]);
        assert_eq!(segments("/a~1b/~01"), ["a/b", "~1"]);
        assert_eq!(segments("/"), [""]);
    }

    #[test]
    fn a_path_is_written_as_it_is_read() {
        for text in ["plain", "/app/version", "/a~1b/~01"] {
            assert_eq!(AttributePath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bad_path_is_refused() {
        assert_eq!(AttributePath::parse(""), Err(PathError::Empty));
        assert_eq!(AttributePath::parse("/a~2"), Err(PathError::Escape));
        assert_eq!(
            AttributePath::parse(&"/a".repeat(17)),
            Err(PathError::TooLong)
        );
    }
}
