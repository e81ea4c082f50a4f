//! Counters: an index for each variant of each flag, for callers that count evaluations
//!
//! Every flag has one counter for evaluations without a variant, and then one for each of its variants. The indexes are valid for
//! one snapshot.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Snapshot, SnapshotFlag};
use crate::evaluate::outcome::{ErrorCode, Outcome};
use crate::model::Variant;
use crate::model::linked::LinkedFlag;
use crate::value::Value;

/// What [`Snapshot::evaluate_value`] returns
#[derive(Debug)]
pub struct EvaluatedValue<'s> {
    /// The value, or why there is none; `None` where the flag serves nothing
    pub value: Result<Cow<'s, Value>, Option<ErrorCode>>,
    // `NO_COUNTER` if there is no such flag, or the context is invalid.
    counter: u32,
}

/// Not an index of a counter: a snapshot with so many variants does not fit into memory
const NO_COUNTER: u32 = u32::MAX;

impl<'s> EvaluatedValue<'s> {
    #[inline]
    pub(super) fn new(
        flag: Option<&'s SnapshotFlag>,
        served: Result<(&'s Arc<Variant>, Cow<'s, Value>), Option<ErrorCode>>,
    ) -> Self {
        let counter = |variant| flag.map_or(NO_COUNTER, |flag| flag.counter(variant));
        match served {
            Ok((variant, value)) => Self {
                value: Ok(value),
                counter: counter(Some(variant)),
            },
            Err(code) => Self {
                value: Err(code),
                counter: counter(None),
            },
        }
    }

    /// The counter of this evaluation; `None` where there is no such flag, or the context is invalid
    #[inline]
    pub fn counter(&self) -> Option<usize> {
        (self.counter != NO_COUNTER).then_some(self.counter as usize)
    }
}

impl Snapshot {
    /// The number of counters: each index is below it
    pub fn counter_count(&self) -> usize {
        self.flags.last().map_or(0, SnapshotFlag::counters_end)
    }

    /// What each counter counts, in order: a flag, and one of its variants or evaluations without a variant
    pub fn counters(&self) -> impl Iterator<Item = (&Arc<str>, Option<&Arc<str>>)> {
        self.flags.iter().flat_map(|entry| {
            let variants = entry.variants().iter().map(|variant| Some(&variant.name));
            [None]
                .into_iter()
                .chain(variants)
                .map(|variant| (&entry.key, variant))
        })
    }

    /// The counter of an outcome of the flag at an index, in the order of keys
    #[inline]
    pub fn counter_at(&self, index: usize, outcome: &Outcome<'_>) -> Option<usize> {
        Some(self.flags.get(index)?.counter(outcome.served) as usize)
    }

    /// The counter of an outcome of a flag; `None` where there is no such flag
    pub fn counter_of(&self, flag: &str, outcome: &Outcome<'_>) -> Option<usize> {
        Some(self.entry(flag)?.counter(outcome.served) as usize)
    }

    /// The key of a flag and the name of one of its variants as this snapshot holds them; without a variant where it has none of this name,
    /// `None` where there is no such flag
    pub fn names(
        &self,
        flag: &str,
        variant: Option<&str>,
    ) -> Option<(&Arc<str>, Option<&Arc<str>>)> {
        let entry = self.entry(flag)?;
        let named = |name: &str| entry.variants().iter().find(|held| *held.name == *name);
        Some((
            &entry.key,
            variant.and_then(named).map(|variant| &variant.name),
        ))
    }
}

impl SnapshotFlag {
    fn variants(&self) -> &[Arc<Variant>] {
        self.flag
            .as_ref()
            .map_or(&[], |linked| &linked.flag.variants)
    }

    #[inline]
    fn counter(&self, served: Option<&Variant>) -> u32 {
        let own = served.map_or(0, |served| served.index.wrapping_add(1));
        self.first_counter.wrapping_add(own)
    }

    fn counters_end(&self) -> usize {
        let own = self.variants().len().saturating_add(1);
        (self.first_counter as usize).saturating_add(own)
    }
}

/// Flags with their counters, one after the other
pub(super) fn with_counters(
    flags: Vec<(Arc<str>, Option<Arc<LinkedFlag>>)>,
) -> Box<[SnapshotFlag]> {
    let mut next = 0;
    let entries = flags.into_iter().map(|(key, flag)| {
        let entry = SnapshotFlag {
            key,
            flag,
            first_counter: next,
        };
        // A snapshot with more than 2^32 variants does not fit into memory.
        next = u32::try_from(entry.counters_end()).unwrap_or(u32::MAX);
        entry
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::value::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn snapshot() -> Snapshot {
        Snapshot::from_json(
            r#"{"schemaVersion": 1, "flags": {
                "broken": {"type": "boolean", "enabled": true, "serve": "nothing"},
                "constant": {"type": "boolean", "enabled": true, "serve": "on"},
                "ruled": {"type": "string", "enabled": true, "variants": {"a": "A", "b": "B"}, "offVariant": "a",
                    "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "b"}], "serve": "a"}}}"#,
        )
        .unwrap()
    }

    #[test]
    fn every_kind_of_evaluation_has_the_counter_of_its_variant() {
        let snapshot = snapshot();
        let counters: Vec<_> = snapshot.counters().collect();
        assert_eq!(counters.len(), snapshot.counter_count());
        let pro = Context::new("u").with("plan", "pro");
        for (flag, context, expected) in [
            ("broken", &pro, None),
            ("constant", &pro, Some("on")),
            ("ruled", &pro, Some("b")),
            ("ruled", &Context::new("u"), Some("a")),
        ] {
            let value = snapshot
                .evaluate_value(flag, None, context, || NOW)
                .counter()
                .unwrap();
            let outcome = snapshot.evaluate(flag, None, context, NOW);
            assert_eq!(snapshot.counter_of(flag, &outcome), Some(value));
            let all = snapshot.outcomes(context, NOW).enumerate();
            let (position, (_, outcome)) = all
                .into_iter()
                .find(|(_, (key, _))| ***key == *flag)
                .unwrap();
            assert_eq!(snapshot.counter_at(position, &outcome), Some(value));
            let (key, variant) = counters[value];
            assert_eq!((&**key, variant.map(|name| &**name)), (flag, expected));
        }
    }

    #[test]
    fn an_error_is_counted_for_the_flag_and_an_unknown_flag_not_at_all() {
        use crate::evaluate::outcome::ExpectedType;
        let (snapshot, context) = (snapshot(), Context::new("u"));
        let ask = |flag, expected| {
            snapshot
                .evaluate_value(flag, Some(expected), &context, || NOW)
                .counter()
        };
        let mismatch = ask("ruled", ExpectedType::Boolean).unwrap();
        assert_eq!(snapshot.counters().nth(mismatch).unwrap().1, None);
        assert_eq!(ask("unknown", ExpectedType::Boolean), None);
    }

    #[test]
    fn names_are_those_of_the_snapshot() {
        let snapshot = snapshot();
        let names = |flag, variant| {
            let (flag, variant) = snapshot.names(flag, variant)?;
            Some((&**flag, variant.map(|name| &**name)))
        };
        assert_eq!(names("ruled", Some("b")), Some(("ruled", Some("b"))));
        assert_eq!(names("ruled", Some("gone")), Some(("ruled", None)));
        assert_eq!(names("unknown", None), None);
    }
}
