//! What is there to be analysed? The compiled objects of a snapshot, as evaluation sees them
//!
//! For tools that analyse documents, as the crate `flagstaff-analysis` does. SDKs do not need it, and it changes whenever evaluation
//! changes.

use std::sync::Arc;

pub use crate::bucket::rollout::{Ramp, Rollout};
pub use crate::document::compile::pointer_to;
pub use crate::model::linked::{LinkedFlag, LinkedReference, LinkedSegment, Links};
pub use crate::model::{
    Arm, Arms, Bucket, ByKind, Condition, DialectTest, Experiment, Flag, FlagReference, Group,
    Holdout, Reference, References, Rule, Segment, Serve, ServeTarget, Slice, SlotRange, Variant,
    VendorSplit, Window,
};
pub use crate::operator::literals::{Literals, fold_text};
pub use crate::operator::network::Network;
pub use crate::operator::pattern::{Look, Node, Pattern, Tree};
pub use crate::operator::version::{Range, VersionText};
pub use crate::operator::{AttributeTest, Matcher, Quantifier, Relation};
pub use crate::value::pointer::{escape_part, push_part, unescape};

use crate::document::compile::CompileSession;
use crate::document::object::ObjectKind;
use crate::error::{Issue, IssueKind};
use crate::lists::Override;
use crate::model::FlagType;
use crate::model::empty_or_box::Empty;
use crate::snapshot::Snapshot;
use crate::value::Value;

/// The fields of a flag, given as JSON text, that the language does not have
pub fn unknown_fields(key: &str, flag: &str) -> Vec<Issue> {
    CompileSession::default().unknown_fields(&key.into(), flag)
}

impl Flag {
    /// Why the flag cannot serve an override
    pub fn override_problem(&self, context_key: &str, value: &Value) -> Option<IssueKind> {
        let has_variant = |name: &str| self.variant(name).is_some();
        let is_object = self.flag_type == FlagType::Object;
        Override::read(context_key, value).problem(self.on.is_some(), is_object, has_variant)
    }
}

impl Snapshot {
    /// The flag of this key as it compiled, also if what it refers to is broken
    pub fn compiled_flag(&self, key: &str) -> Option<&Flag> {
        self.source().flags.get(key)?.as_deref().ok()
    }

    /// The snapshot with another text for one flag, or without the flag; the overrides are those that the text contains
    #[must_use]
    pub fn with_flag(&self, key: &str, flag: Option<&str>) -> Self {
        let mut objects = self.source().clone();
        objects.remove_flag(key);
        if let Some(flag) = flag {
            objects.put_flag(&key.into(), flag, &mut CompileSession::default());
        }
        Self::link(objects)
    }

    /// The snapshot with another text for one flag, which keeps its overrides
    #[must_use]
    pub fn with_flag_body(&self, key: &str, flag: &str) -> Self {
        let mut objects = self.source().clone();
        objects.put_flag(&key.into(), flag, &mut CompileSession::default());
        Self::link(objects)
    }

    /// An issue for each hashed list, which a document that is written must not contain
    pub fn hashed_lists(&self) -> Vec<Issue> {
        self.source().hashed_lists()
    }

    /// Every flag, by key; `None` for a broken one
    pub fn linked_flags(&self) -> impl Iterator<Item = (&Arc<str>, Option<&LinkedFlag>)> {
        let flags = self.flags.iter();
        flags.map(|entry| (&entry.key, entry.flag.as_deref()))
    }

    /// The flag of this key, if there is one; `None` in its place if it is broken
    pub fn linked_flag(&self, key: &str) -> Option<(&Arc<str>, Option<&LinkedFlag>)> {
        let entry = self.entry(key)?;
        Some((&entry.key, entry.flag.as_deref()))
    }

    /// Every flag, segment, group and holdout with what it refers to; `None` for one that did not compile
    pub fn references(&self) -> impl Iterator<Item = (ObjectKind, &Arc<str>, Option<&References>)> {
        let objects = self.source();
        let flags = objects.flags.iter().map(|(key, flag)| {
            let references = flag.as_ref().ok().map(|flag| &*flag.references);
            (ObjectKind::Flag, key, references)
        });
        let segments = objects.segments.iter().map(|(key, segment)| {
            let references = segment.as_ref().ok().map(|segment| &*segment.references);
            (ObjectKind::Segment, key, references)
        });
        // Groups and holdouts refer to nothing.
        let groups = objects.groups.keys().map(|key| (ObjectKind::Group, key));
        let holdouts = objects
            .holdouts
            .keys()
            .map(|key| (ObjectKind::Holdout, key));
        let others = groups.chain(holdouts);
        flags
            .chain(segments)
            .chain(others.map(|(kind, key)| (kind, key, Some(References::EMPTY))))
    }
}
