//! Conditions: whether one holds for a context

use std::sync::Arc;

use super::Evaluation;
use crate::bucket;
use crate::context::path::AttributePath;
use crate::context::{Attribute, Attributes, Context, with_whole};
use crate::evaluate::trace::Tracer;
use crate::model::linked::{Links, SegmentIdLists};
use crate::model::{Bucket, Condition, DialectTest};
use crate::operator::AttributeTest;
use crate::value::Value;

impl<A: Attributes + ?Sized, T: Tracer> Evaluation<'_, A, T> {
    #[inline]
    pub(super) fn holds(&mut self, condition: &Condition, links: &Links) -> bool {
        // Nearly all conditions are of these kinds, which need little of what a call of the other function costs.
        match condition {
            Condition::Attribute { path, test } => self.attribute_test(path, test),
            Condition::Segment(position) => self.is_in_segment(*position, links),
            Condition::Dialect(test) => self.dialect_test(test),
            condition => self.any_holds(condition, links),
        }
    }

    fn any_holds(&mut self, condition: &Condition, links: &Links) -> bool {
        match condition {
            Condition::Attribute { path, test } => self.attribute_test(path, test),
            Condition::All(members) => self.tree("all", |evaluation| {
                members.iter().all(|member| evaluation.holds(member, links))
            }),
            Condition::Any(members) => self.tree("any", |evaluation| {
                members.iter().any(|member| evaluation.holds(member, links))
            }),
            Condition::Not(member) => {
                self.tree("not", |evaluation| !evaluation.holds(member, links))
            }
            Condition::Segment(position) => self.is_in_segment(*position, links),
            Condition::Flag(position) => self.flag_serves(*position, links),
            Condition::Bucket(bucket) => self.is_in_bucket(bucket),
            Condition::Dialect(test) => self.dialect_test(test),
        }
    }

    fn tree(&mut self, name: &'static str, holds: impl FnOnce(&mut Self) -> bool) -> bool {
        self.tracer.enter();
        let result = holds(self);
        self.tracer
            .exit(|| [("type", name.into()), ("result", result.into())]);
        result
    }

    fn attribute_test(&mut self, path: &AttributePath, test: &AttributeTest) -> bool {
        let attribute = self.context.attribute(path);
        let result = test.holds(&attribute);
        self.tracer.event(|| {
            [
                ("type", "attribute".into()),
                ("attribute", path.to_string().into()),
                ("operator", test.name().into()),
                ("found", found(&attribute)),
                ("result", result.into()),
            ]
        });
        result
    }

    /// Excluded, else included, else by its condition
    fn is_in_segment(&mut self, position: usize, links: &Links) -> bool {
        let Some(linked) = links.segments.get(position) else {
            return false;
        };
        self.tracer.enter();
        let (result, why) = if !linked.exclude.is_empty() && self.is_listed(&linked.exclude) {
            (false, "excluded")
        } else if !linked.include.is_empty() && self.is_listed(&linked.include) {
            (true, "included")
        } else {
            let result = linked
                .segment
                .when
                .as_ref()
                .is_some_and(|condition| self.any_holds(condition, &linked.links));
            (result, "condition")
        };
        self.tracer.exit(|| {
            [
                ("type", "segment".into()),
                ("segment", Arc::clone(&linked.key).into()),
                ("why", why.into()),
                ("result", result.into()),
            ]
        });
        result
    }

    fn is_listed(&self, members: &SegmentIdLists) -> bool {
        // A loop, since `any` with this closure is a function of its own.
        for (path, ids) in members {
            let attribute = self.context.attribute(path);
            if attribute.map_unit(|key| ids.contains(key)) == Some(true) {
                return true;
            }
        }
        false
    }

    fn flag_serves(&mut self, position: usize, links: &Links) -> bool {
        let Some(Some(reference)) = links.flags.get(position) else {
            return false;
        };
        self.tracer.enter();
        let variant = self.decide(&reference.target).variant;
        let result = reference.variants.contains(&variant.name);
        self.tracer.exit(|| {
            [
                ("type", "flag".into()),
                ("flag", Arc::clone(&reference.target.key).into()),
                ("variant", variant.shown()),
                ("result", result.into()),
            ]
        });
        result
    }

    fn dialect_test(&mut self, test: &DialectTest) -> bool {
        let holds = |context: &Context| test.expression.holds(context, self.now);
        let result = with_whole(self.context, holds).unwrap_or_default();
        self.tracer.event(|| {
            [
                ("type", "dialect".into()),
                ("dialect", Value::from(&*test.dialect)),
                ("result", result.into()),
            ]
        });
        result
    }

    fn is_in_bucket(&mut self, bucket: &Bucket) -> bool {
        let attribute = self.context.attribute(&bucket.unit);
        let slot = attribute.map_unit(|unit| bucket::slot(unit, bucket.seed, bucket::SLOT_COUNT));
        let result = slot.is_some_and(|slot| bucket.slots.contains(slot));
        self.tracer.event(|| {
            [
                ("type", "bucket".into()),
                ("slot", slot.map_or(Value::Null, Value::from)),
                ("from", bucket.slots.from.into()),
                ("until", bucket.slots.until.into()),
                ("result", result.into()),
            ]
        });
        result
    }
}

/// What a test found at its path, for a person to see: a scalar as it is, else what it is
fn found(attribute: &Attribute<'_>) -> Value {
    match attribute {
        Attribute::Missing => Value::object([("missing", Value::Boolean(true))]),
        Attribute::Null => Value::Null,
        Attribute::Boolean(value) => (*value).into(),
        Attribute::Number(value) => (*value).into(),
        Attribute::String(text) => Value::from(&**text),
        Attribute::Array(elements) => Value::Array(elements.iter().cloned().collect()),
        Attribute::Object => Value::object([("object", Value::Boolean(true))]),
    }
}
