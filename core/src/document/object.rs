//! The kinds of objects that an environment consists of in the protocol
//!
//! `docs/spec/protocol.md` §1 is normative. Long lists are objects of their own in the protocol and part of their owner in a document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::bucket::murmur3::murmur3_x86_32;

/// A kind of object
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A flag, without its overrides
    Flag,
    /// A segment, without its lists
    Segment,
    /// An exclusion group
    Group,
    /// A holdout
    Holdout,
    /// The overrides of one flag and level; the key is `FLAG/LEVEL`
    Overrides,
    /// The included ids of one segment and kind; the key is `SEGMENT/KIND`
    SegmentInclude,
    /// The excluded ids of one segment and kind; the key is `SEGMENT/KIND`
    SegmentExclude,
}

impl ObjectKind {
    /// Every kind
    pub const ALL: [Self; 7] = [
        Self::Flag,
        Self::Segment,
        Self::Group,
        Self::Holdout,
        Self::Overrides,
        Self::SegmentInclude,
        Self::SegmentExclude,
    ];

    /// Those that a document keeps in sections of their own
    pub fn owners() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kind| !kind.is_list())
    }

    /// The kind on the wire, as `segment-include`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Segment => "segment",
            Self::Group => "group",
            Self::Holdout => "holdout",
            Self::Overrides => "overrides",
            Self::SegmentInclude => "segment-include",
            Self::SegmentExclude => "segment-exclude",
        }
    }

    /// Whether a delta may change one entry of it
    pub const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Overrides | Self::SegmentInclude | Self::SegmentExclude
        )
    }

    /// The section of a document that contains objects of this kind, or the owners of a list
    pub const fn section(self) -> &'static str {
        match self {
            Self::Flag | Self::Overrides => "flags",
            Self::Segment | Self::SegmentInclude | Self::SegmentExclude => "segments",
            Self::Group => "groups",
            Self::Holdout => "holdouts",
        }
    }

    /// The field of its owner that contains a list; `None` if the kind is not a list
    pub const fn member(self) -> Option<&'static str> {
        match self {
            Self::Overrides => Some("overrides"),
            Self::SegmentInclude => Some("include"),
            Self::SegmentExclude => Some("exclude"),
            _ => None,
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for ObjectKind {
    type Err = UnknownObjectKind;

    fn from_str(name: &str) -> Result<Self, UnknownObjectKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or(UnknownObjectKind)
    }
}

/// A kind from a newer protocol; an SDK includes such objects in the state hash and ignores them otherwise
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of object")]
pub struct UnknownObjectKind;

/// What one object adds to the state hash of an environment (protocol PR-4); the sum wraps
pub fn state_hash(kind: &str, key: &str, version: u64) -> u64 {
    text_hash(&format!("{kind}\n{key}\n{version}"))
}

/// A hash of 64 bits, of which the state hash is a sum (protocol PR-4); it does not protect against forgery
pub fn text_hash(text: &str) -> u64 {
    let half = |seed| u64::from(murmur3_x86_32(text.as_bytes(), seed));
    (half(0) << 32) | half(1)
}
