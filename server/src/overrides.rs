//! The overrides of a flag, and the checks of a new override
//!
//! Pure functions of the published state.

use std::str::FromStr;
use std::sync::Arc;

use flagstaff_analysis::check::{OverrideField, check_override};
use flagstaff_core::Value;

use crate::engine::draft::{Entries, flag_body};
use crate::engine::field_error::FieldError;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::object::json_schema::FlagSchema;
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects};

pub(crate) mod bulk;
pub(crate) mod routes;

/// The effect of an override
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverrideEffect {
    Include,
    Exclude,
    Variant,
    Patch,
}

/// The names of [`OverrideEffect`]
pub(crate) const EFFECTS: &str = "`include`, `exclude`, `variant` or `patch`";

impl FromStr for OverrideEffect {
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

impl OverrideEffect {
    /// The effect of an override with this canonical JSON
    fn of(text: &str) -> Option<Self> {
        match text {
            r#""include""# => Some(Self::Include),
            r#""exclude""# => Some(Self::Exclude),
            // Members are sorted, so if `variant` comes first there is no patch.
            _ if text.starts_with(r#"{"variant":"#) => Some(Self::Variant),
            _ if text.starts_with(r#"{"patch":null,"#) => Some(Self::Variant),
            _ if text.starts_with(r#"{"patch":"#) => Some(Self::Patch),
            _ => None,
        }
    }
}

/// An override in its list
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverrideEntry<'o> {
    pub(crate) list: &'o ObjectId,
    pub(crate) entry: &'o Arc<str>,
    /// Its canonical JSON
    pub(crate) value: &'o Arc<str>,
}

impl<'o> OverrideEntry<'o> {
    /// Its level
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
) -> Option<OverrideEntry<'o>> {
    let (entry, value) = entries(objects, list)?.get_key_value(context_key)?;
    Some(OverrideEntry { list, entry, value })
}

/// The overrides of one context in all flags, by flag and level
pub(crate) fn of_context<'o>(
    objects: &'o Objects,
    context_key: &str,
) -> impl Iterator<Item = OverrideEntry<'o>> {
    let first = ObjectId::new(ObjectKind::Overrides, "");
    let lists = objects.map().range(first..);
    lists
        .take_while(|(list, _)| list.kind == ObjectKind::Overrides)
        .filter_map(move |(list, _)| {
            let (entry, value) = entries(objects, list)?.get_key_value(context_key)?;
            Some(OverrideEntry { list, entry, value })
        })
}

/// Filters for the overrides of a flag
#[derive(Debug, Default)]
pub(crate) struct OverrideFilter {
    pub(crate) level: Option<String>,
    pub(crate) effect: Option<OverrideEffect>,
    /// Part of the context's key, in lower case
    pub(crate) search: String,
}

impl OverrideFilter {
    /// Whether all entries of the lists match
    pub(crate) fn is_of_lists(&self) -> bool {
        self.effect.is_none() && self.search.is_empty()
    }

    /// Whether an entry of a matching list matches
    pub(crate) fn admits(&self, found: &OverrideEntry<'_>) -> bool {
        self.effect
            .is_none_or(|effect| OverrideEffect::of(found.value) == Some(effect))
            && (self.search.is_empty() || found.entry.to_ascii_lowercase().contains(&self.search))
    }

    /// The matching lists of a flag, by level
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

    /// The number of matching overrides in these lists
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
) -> impl DoubleEndedIterator<Item = OverrideEntry<'o>> {
    entries
        .iter()
        .map(move |(entry, value)| OverrideEntry { list, entry, value })
}

/// The JSON Schema that a flag's overrides must satisfy, if it has one
pub(crate) fn schema_of(current: &PublishedRevision, flag: &str) -> Option<FlagSchema> {
    let flag = flag_body(current.state().objects(Visibility::All), flag)?;
    // A flag with an unusable schema is refused, but a document may keep such a flag.
    FlagSchema::of(&flag)?.ok()
}

/// The errors of an override that is about to be written, at the fields of its body
pub(crate) fn check(
    current: &PublishedRevision,
    (flag, schema): (&str, Option<&FlagSchema>),
    level: &str,
    (context_key, value): (&str, &Value),
) -> Vec<FieldError> {
    let snapshot = current.snapshot();
    let problems = check_override(snapshot, (flag, level), (context_key, value));
    let mut errors: Vec<FieldError> = problems
        .into_iter()
        .map(|(part, problem)| {
            let pointer = match part {
                OverrideField::Flag => "",
                OverrideField::Level => "/level",
                OverrideField::ContextKey => "/contextKey",
                OverrideField::Value => "/value",
            };
            FieldError::new(pointer, problem.to_string())
        })
        .collect();
    if let Some(schema) = schema.filter(|_| errors.is_empty()) {
        let value = serde_json::to_value(value).unwrap_or_default();
        let violations = schema.check_override(&value).into_iter();
        errors.extend(
            violations
                .map(|(pointer, message)| FieldError::new(format!("/value{pointer}"), message)),
        );
    }
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
            (r#""include""#, Some(OverrideEffect::Include)),
            (r#""exclude""#, Some(OverrideEffect::Exclude)),
            (r#"{"variant":"a"}"#, Some(OverrideEffect::Variant)),
            (
                r#"{"patch":null,"variant":"a"}"#,
                Some(OverrideEffect::Variant),
            ),
            (r#"{"patch":{"variant":"a"}}"#, Some(OverrideEffect::Patch)),
            (
                r#"{"patch":{},"variant":null}"#,
                Some(OverrideEffect::Patch),
            ),
            ("1", None),
        ] {
            assert_eq!(OverrideEffect::of(text), expected, "{text}");
        }
    }
}
