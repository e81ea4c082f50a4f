//! Sticky buckets: arms that a context brings with it
//!
//! The program stores them and passes them as the attribute `stickyBucketAssignmentDocs`, an object in the SDK's own form: by
//! `ATTRIBUTE||VALUE` an object whose `assignments` map `EXPERIMENT__VERSION` to the key of an arm.

use std::sync::Arc;

use super::attribute::HashAttribute;
use crate::context::Context;
use crate::value::Value;

/// The attribute that has the assignments
const DOCUMENTS: &str = "stickyBucketAssignmentDocs";

/// Which of the stored arms count for an experiment
#[derive(Debug)]
pub(super) struct Sticky {
    /// `EXPERIMENT__VERSION`
    pub(super) key: Box<str>,
    /// The same of the versions of which nobody takes part any more
    pub(super) blocked: Box<[Box<str>]>,
    /// The key of each arm
    pub(super) arms: Box<[Arc<str>]>,
}

/// What is stored for a context
pub(super) enum StickyArm {
    None,
    Arm(usize),
    /// An arm of a version that is blocked
    Blocked,
}

impl Sticky {
    pub(super) fn arm(
        &self,
        context: &Context,
        attribute: &HashAttribute,
        fallback: Option<&HashAttribute>,
    ) -> StickyArm {
        // Those of the attribute itself count before those of its fallback.
        let stored = [Some(attribute), fallback].map(|attribute| assignments(context, attribute?));
        let assignment = |key: &str| {
            let found = stored.iter().flatten().find_map(|stored| stored.get(key));
            found.filter(|found| **found != Value::Null)
        };
        if self.blocked.iter().any(|key| assignment(key).is_some()) {
            return StickyArm::Blocked;
        }
        let arm = match assignment(&self.key) {
            Some(Value::String(key)) => self.arms.iter().position(|arm| arm == key),
            _ => None,
        };
        arm.map_or(StickyArm::None, StickyArm::Arm)
    }
}

/// The stored assignments of an attribute's value
fn assignments<'c>(
    context: &'c Context,
    attribute: &HashAttribute,
) -> Option<&'c crate::value::JsonObject> {
    let Value::Object(documents) = context.get(DOCUMENTS)? else {
        return None;
    };
    let value = attribute.value(context)?;
    let value = match &*value {
        Value::String(text) => text.to_string(),
        other => other.to_canonical(),
    };
    let key = [attribute.name(), "||", &value].concat();
    let Value::Object(document) = documents.get(&*key)? else {
        return None;
    };
    match document.get("assignments")? {
        Value::Object(assignments) => Some(assignments),
        _ => None,
    }
}
