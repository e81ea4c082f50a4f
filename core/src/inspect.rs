//! What is there to be analysed? The compiled objects of a snapshot, as evaluation sees them
//!
//! For tools that judge documents, as the crate `flagstaff-analysis` does. SDKs and servers need none of it, and it changes
//! whenever evaluation does.

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

use crate::document::object::ObjectKind;
use crate::model::empty_or_box::Empty;
use crate::snapshot::Snapshot;

impl Snapshot {
    /// Every flag by key; `None` for one that is broken
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
        // These refer to nothing, compiled or not.
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
