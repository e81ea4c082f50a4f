//! Slots: a number for each variant of each flag, for those who count what was answered
//!
//! Every flag has one slot for answers without a variant, and then one for each of its variants. They hold for one snapshot.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Entry, Snapshot};
use crate::link::LinkedFlag;
use crate::model::Variant;
use crate::outcome::{ErrorCode, Outcome};
use crate::value::Value;

/// What [`Snapshot::value`] answers
#[derive(Debug)]
pub struct Answer<'s> {
    /// The value, or why there is none
    pub value: Result<Cow<'s, Value>, ErrorCode>,
    // What was found, to be looked into by those who count.
    entry: Option<&'s Entry>,
    variant: Option<&'s Arc<Variant>>,
}

impl<'s> Answer<'s> {
    #[inline]
    pub(super) fn refused(code: ErrorCode) -> Self {
        Self {
            value: Err(code),
            entry: None,
            variant: None,
        }
    }

    #[inline]
    pub(super) fn of(
        entry: &'s Entry,
        served: Result<(&'s Arc<Variant>, Cow<'s, Value>), ErrorCode>,
    ) -> Self {
        let (variant, value) = match served {
            Ok((variant, value)) => (Some(variant), Ok(value)),
            Err(code) => (None, Err(code)),
        };
        Self {
            value,
            entry: Some(entry),
            variant,
        }
    }

    /// The slot that this is counted in; `None` where there is no such flag, or the context was refused before one was looked for
    #[inline]
    pub fn slot(&self) -> Option<usize> {
        Some(self.entry?.slot(self.variant.map(|variant| &**variant)))
    }
}

impl Snapshot {
    /// How many slots there are: each below this number
    pub fn slot_count(&self) -> usize {
        self.flags.last().map_or(0, Entry::slots_end)
    }

    /// What each slot counts, in their order: the flag, and the variant if there was one
    pub fn slots(&self) -> impl Iterator<Item = (&Arc<str>, Option<&Arc<str>>)> {
        self.flags.iter().flat_map(|entry| {
            let variants = entry.variants().iter().map(|variant| Some(&variant.name));
            [None]
                .into_iter()
                .chain(variants)
                .map(|variant| (&entry.key, variant))
        })
    }

    /// The slot of what the flag at a position, in the order of keys, has answered
    #[inline]
    pub fn slot_at(&self, position: usize, outcome: &Outcome<'_>) -> Option<usize> {
        Some(self.flags.get(position)?.slot(outcome.served))
    }

    /// The slot of what a flag has answered; `None` where there is no such flag
    pub fn slot_of(&self, flag: &str, outcome: &Outcome<'_>) -> Option<usize> {
        Some(self.entry(flag)?.slot(outcome.served))
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

impl Entry {
    fn variants(&self) -> &[Arc<Variant>] {
        self.flag
            .as_ref()
            .map_or(&[], |linked| &linked.flag.variants)
    }

    #[inline]
    fn slot(&self, served: Option<&Variant>) -> usize {
        let first = self.first_slot as usize;
        let Some(served) = served else { return first };
        let mut variants = self.variants().iter();
        let position = variants.position(|variant| std::ptr::eq(&raw const **variant, served));
        position.map_or(first, |position| {
            first.saturating_add(position).saturating_add(1)
        })
    }

    fn slots_end(&self) -> usize {
        let own = self.variants().len().saturating_add(1);
        (self.first_slot as usize).saturating_add(own)
    }
}

/// Flags with their slots, one after the other
pub(super) fn number(flags: Vec<(Arc<str>, Option<Arc<LinkedFlag>>)>) -> Box<[Entry]> {
    let mut next = 0;
    let entries = flags.into_iter().map(|(key, flag)| {
        let entry = Entry {
            key,
            flag,
            first_slot: next,
        };
        // A snapshot with more than 2^32 variants fits into no memory.
        next = u32::try_from(entry.slots_end()).unwrap_or(u32::MAX);
        entry
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::timestamp::Timestamp;

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
    fn every_way_to_an_answer_leads_to_the_slot_of_its_variant() {
        let snapshot = snapshot();
        let slots: Vec<_> = snapshot.slots().collect();
        assert_eq!(slots.len(), snapshot.slot_count());
        let pro = Context::new("u").with("plan", "pro");
        for (flag, context, expected) in [
            ("broken", &pro, None),
            ("constant", &pro, Some("on")),
            ("ruled", &pro, Some("b")),
            ("ruled", &Context::new("u"), Some("a")),
        ] {
            let value = snapshot.value(flag, None, context, || NOW).slot().unwrap();
            let outcome = snapshot.evaluate(flag, None, context, NOW);
            assert_eq!(snapshot.slot_of(flag, &outcome), Some(value));
            let all = snapshot.outcomes(context, NOW).enumerate();
            let (position, (_, outcome)) = all
                .into_iter()
                .find(|(_, (key, _))| ***key == *flag)
                .unwrap();
            assert_eq!(snapshot.slot_at(position, &outcome), Some(value));
            let (key, variant) = slots[value];
            assert_eq!((&**key, variant.map(|name| &**name)), (flag, expected));
        }
    }

    #[test]
    fn an_error_is_counted_for_the_flag_and_a_stranger_for_nobody() {
        use crate::outcome::ValueType;
        let (snapshot, context) = (snapshot(), Context::new("u"));
        let ask = |flag, expected| {
            snapshot
                .value(flag, Some(expected), &context, || NOW)
                .slot()
        };
        let mismatch = ask("ruled", ValueType::Boolean).unwrap();
        assert_eq!(snapshot.slots().nth(mismatch).unwrap().1, None);
        assert_eq!(ask("stranger", ValueType::Boolean), None);
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
        assert_eq!(names("stranger", None), None);
    }
}
