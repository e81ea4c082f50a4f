//! How a clause and a rollout name an attribute

use super::Refusal;
use crate::value::pointer::unescape;

/// An attribute, or a value in an object that is an attribute
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// The attribute
    pub(super) name: Box<str>,
    /// The names to follow from there down
    pub(super) below: Box<[Box<str>]>,
}

impl Reference {
    /// Reads a reference: a path if it begins with `/` and a context kind is given beside it, otherwise one literal name
    pub(super) fn parse(text: &str, has_kind: bool) -> Option<Self> {
        let pointer = text.strip_prefix('/').filter(|_| has_kind);
        let Some(pointer) = pointer else {
            return (!text.is_empty()).then(|| Self {
                name: text.into(),
                below: Box::default(),
            });
        };
        let mut parts = pointer
            .split('/')
            .map(|part| unescape(part).filter(|part| !part.is_empty()));
        Some(Self {
            name: parts.next()??,
            below: parts.collect::<Option<_>>()?,
        })
    }

    /// Reads the reference in the field `field`
    pub(super) fn required(text: &str, has_kind: bool, field: &str) -> Result<Self, Refusal> {
        Self::parse(text, has_kind).ok_or_else(|| {
            Refusal::new(
                "expected the name of an attribute, or with a context kind a path such as `/address/city`, in which `~` is `~0` and `/` is `~1`",
            )
            .within(field)
        })
    }
}
