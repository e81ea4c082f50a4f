//! Overrides one by one: which ones a flag has, and what may become one
//!
//! Pure: what is read is the state that is served.

use std::str::FromStr;
use std::sync::Arc;

use flagstaff_core::{OverridePart, Value};

use crate::api_error::FieldError;
use crate::draft::Entries;
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects};
use crate::published::Published;

pub(crate) mod bulk;

/// What an override does
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Include,
    Exclude,
    Variant,
    Patch,
}

/// What [`Effect`] is read from
pub(crate) const EFFECTS: &str = "`include`, `exclude`, `variant` or `patch`";

impl FromStr for Effect {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "include" => Ok(Self::Include),
            "exclude" => Ok(Self::Exclude),
            "variant" => Ok(Self::Variant),
            "patch" => Ok(Self::Patch),
            _ => Err(()),
        }
    }
}

impl Effect {
    /// The effect of an override with this canonical JSON
    fn of(text: &str) -> Option<Self> {
        match text {
            r#""include""# => Some(Self::Include),
            r#""exclude""# => Some(Self::Exclude),
            // Members are in order, so a `variant` that comes first has no patch before it.
            _ if text.starts_with(r#"{"variant":"#) => Some(Self::Variant),
            _ if text.starts_with(r#"{"patch":null,"#) => Some(Self::Variant),
            _ if text.starts_with(r#"{"patch":"#) => Some(Self::Patch),
            _ => None,
        }
    }
}

/// An override in its list
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'o> {
    pub(crate) list: &'o ObjectId,
    pub(crate) entry: &'o Arc<str>,
    /// Its canonical JSON
    pub(crate) value: &'o Arc<str>,
}

impl<'o> Found<'o> {
    /// The level that it is for
    pub(crate) fn level(&self) -> &'o str {
        level_of(self.list)
    }
}

/// The level of a list
pub(crate) fn level_of(list: &ObjectId) -> &str {
    list.key.split_once('/').map_or("", |(_, level)| level)
}

/// The list of a flag's overrides for a level
pub(crate) fn list_of(flag: &str, level: &str) -> ObjectId {
    ObjectId::new(ObjectKind::Overrides, format!("{flag}/{level}"))
}

/// The entries of a list
pub(crate) fn entries<'o>(objects: &'o Objects, list: &ObjectId) -> Option<&'o Entries> {
    match objects.get(list) {
        Some(Object {
            body: Body::List(entries),
            ..
        }) => Some(entries),
        _ => None,
    }
}

/// One override of a flag
pub(crate) fn find<'o>(
    objects: &'o Objects,
    list: &'o ObjectId,
    context_key: &str,
) -> Option<Found<'o>> {
    let (entry, value) = entries(objects, list)?.get_key_value(context_key)?;
    Some(Found { list, entry, value })
}

/// The overrides of one context over all flags, by flag and level
pub(crate) fn of_context<'o>(
    objects: &'o Objects,
    context_key: &str,
) -> impl Iterator<Item = Found<'o>> {
    let first = ObjectId::new(ObjectKind::Overrides, "");
    let lists = objects.map().range(first..);
    lists
        .take_while(|(list, _)| list.kind == ObjectKind::Overrides)
        .filter_map(move |(list, _)| {
            let (entry, value) = entries(objects, list)?.get_key_value(context_key)?;
            Some(Found { list, entry, value })
        })
}

/// Which overrides of a flag are asked for
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) level: Option<String>,
    pub(crate) effect: Option<Effect>,
    /// Part of the context's key, in lower case
    pub(crate) search: String,
}

impl Filter {
    /// Whether it admits all entries of the lists that it admits
    pub(crate) fn is_of_lists(&self) -> bool {
        self.effect.is_none() && self.search.is_empty()
    }

    /// Whether an entry of a list that it admits is asked for
    pub(crate) fn admits(&self, found: &Found<'_>) -> bool {
        self.effect
            .is_none_or(|effect| Effect::of(found.value) == Some(effect))
            && (self.search.is_empty() || found.entry.to_ascii_lowercase().contains(&self.search))
    }

    /// The lists of a flag that it admits, by level
    pub(crate) fn lists<'o>(
        &self,
        objects: &'o Objects,
        flag: &'o ObjectId,
    ) -> Vec<(&'o ObjectId, &'o Entries)> {
        let is_wanted = |list: &ObjectId| {
            let level = self.level.as_deref();
            level.is_none_or(|level| level == level_of(list))
        };
        let lists = objects.lists_of(flag).filter(|(list, _)| is_wanted(list));
        lists
            .filter_map(|(list, _)| Some((list, entries(objects, list)?)))
            .collect()
    }

    /// How many overrides of these lists there are
    pub(crate) fn count(&self, lists: &[(&ObjectId, &Entries)]) -> usize {
        if self.is_of_lists() {
            return lists.iter().map(|(_, entries)| entries.len()).sum();
        }
        let all = lists
            .iter()
            .flat_map(|(list, entries)| all_of(list, entries));
        all.filter(|found| self.admits(found)).count()
    }
}

/// All overrides of a list
pub(crate) fn all_of<'o>(
    list: &'o ObjectId,
    entries: &'o Entries,
) -> impl DoubleEndedIterator<Item = Found<'o>> {
    entries
        .iter()
        .map(move |(entry, value)| Found { list, entry, value })
}

/// What is wrong with an override that is about to be written, in the fields that a body of it has
pub(crate) fn check(
    current: &Published,
    flag: &str,
    level: &str,
    (context_key, value): (&str, &Value),
) -> Vec<FieldError> {
    let snapshot = current.snapshot();
    let problems = snapshot.check_override(flag, level, (context_key, value));
    let mut errors: Vec<FieldError> = problems
        .into_iter()
        .map(|(part, problem)| {
            let pointer = match part {
                OverridePart::Flag => "",
                OverridePart::Level => "/level",
                OverridePart::ContextKey => "/contextKey",
                OverridePart::Value => "/value",
            };
            FieldError::new(pointer, problem.to_string())
        })
        .collect();
    if context_key.contains('\0') {
        let message = "expected a context key without the character NUL";
        errors.push(FieldError::new("/contextKey", message));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effect_is_told_from_the_canonical_text() {
        for (text, expected) in [
            (r#""include""#, Some(Effect::Include)),
            (r#""exclude""#, Some(Effect::Exclude)),
            (r#"{"variant":"a"}"#, Some(Effect::Variant)),
            (r#"{"patch":null,"variant":"a"}"#, Some(Effect::Variant)),
            (r#"{"patch":{"variant":"a"}}"#, Some(Effect::Patch)),
            (r#"{"patch":{},"variant":null}"#, Some(Effect::Patch)),
            ("1", None),
        ] {
            assert_eq!(Effect::of(text), expected, "{text}");
        }
    }
}
