//! What the long lists hold: overrides of a flag at one level, ids of a segment of one kind

use std::sync::Arc;

use crate::error::Problem;
use crate::hashing::{hash_text, hash_texts};
use crate::limits;
use crate::map::Map;
use crate::order::ordered;
use crate::shards::Shards;
use crate::value::{Object, Value};

/// What an individual context gets
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Override {
    Include,
    Exclude,
    Variant(Arc<str>),
    Patch(Arc<Object>),
    /// It cannot be read; the flag is broken as long as it is there
    Invalid(Problem),
}

impl Override {
    pub(crate) fn read(key: &str, value: &Value) -> Self {
        if !is_context_key(key) {
            return Self::Invalid(Problem::ContextKey);
        }
        match value {
            Value::String(text) if &**text == "include" => Self::Include,
            Value::String(text) if &**text == "exclude" => Self::Exclude,
            Value::Object(members) => {
                let given = |name| members.get(name).filter(|member| **member != Value::Null);
                let is_known = members
                    .keys()
                    .all(|name| matches!(&**name, "variant" | "patch"));
                match (given("variant"), given("patch")) {
                    (Some(Value::String(variant)), None) if is_known => {
                        Self::Variant(Arc::clone(variant))
                    }
                    (None, Some(Value::Object(patch))) if is_known => {
                        Self::Patch(Arc::clone(patch))
                    }
                    _ => Self::Invalid(Problem::Override),
                }
            }
            _ => Self::Invalid(Problem::Override),
        }
    }

    /// Why a flag with these variants cannot serve it
    pub(crate) fn problem(
        &self,
        has_on: bool,
        is_object: bool,
        has_variant: impl Fn(&str) -> bool,
    ) -> Option<Problem> {
        match self {
            Self::Include if !has_on => Some(Problem::IncludeWithoutOn),
            Self::Variant(name) if !has_variant(name) => {
                Some(Problem::UnknownVariant(Arc::clone(name)))
            }
            Self::Patch(_) if !is_object => Some(Problem::PatchOfScalar),
            Self::Invalid(problem) => Some(problem.clone()),
            _ => None,
        }
    }

    fn fingerprint(&self, key: &str) -> u64 {
        match self {
            Self::Include => hash_texts([key, "include"]),
            Self::Exclude => hash_texts([key, "exclude"]),
            Self::Variant(name) => hash_texts([key, "variant", name]),
            Self::Patch(patch) => hash_texts([
                key,
                "patch",
                &Value::Object(Arc::clone(patch)).to_canonical(),
            ]),
            Self::Invalid(_) => hash_texts([key, "invalid"]),
        }
    }
}

fn is_context_key(key: &str) -> bool {
    !key.is_empty() && key.chars().count() <= limits::CONTEXT_KEY_LENGTH
}

/// The overrides of one flag and level
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) entries: Shards<Override>,
    // The sum over the entries: equal lists have equal ones in whatever order they were made.
    fingerprint: u64,
    // How many of what a flag must be checked against, so that it is checked without walking the list.
    pub(crate) includes: usize,
    patches: usize,
    invalid: usize,
    pub(crate) variants: Map<Arc<str>, usize>,
}

impl Overrides {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    #[inline]
    pub(crate) fn get(&self, key: &str) -> Option<&Override> {
        self.entries.get(key)
    }

    pub(crate) fn put(&mut self, key: &str, value: Override) {
        self.count(key, &value, true);
        if let Some(replaced) = self.entries.put(key, value) {
            self.count(key, &replaced, false);
        }
    }

    pub(crate) fn delete(&mut self, key: &str) {
        if let Some(removed) = self.entries.delete(key) {
            self.count(key, &removed, false);
        }
    }

    /// Names, by key, the entries that a flag with these variants cannot serve
    pub(crate) fn check(
        &self,
        has_on: bool,
        is_object: bool,
        has_variant: impl Fn(&str) -> bool,
    ) -> Vec<(&str, Problem)> {
        if !self.is_suspect(has_on, is_object, &has_variant) {
            return Vec::new();
        }
        let problem = |value: &Override| value.problem(has_on, is_object, &has_variant);
        let found: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, value)| problem(value).is_some())
            .collect();
        let ordered = ordered(&found, |(a, _), (b, _)| a.cmp(b)).into_iter();
        ordered
            .filter_map(|(key, value)| Some((key, problem(value)?)))
            .collect()
    }

    /// Whether some entry cannot be served, told without walking the list
    fn is_suspect(
        &self,
        has_on: bool,
        is_object: bool,
        has_variant: impl Fn(&str) -> bool,
    ) -> bool {
        self.invalid > 0
            || (self.includes > 0 && !has_on)
            || (self.patches > 0 && !is_object)
            || self.variants.keys().any(|name| !has_variant(name))
    }

    fn count(&mut self, key: &str, value: &Override, is_added: bool) {
        let step = |count: &mut usize| {
            *count = if is_added {
                count.saturating_add(1)
            } else {
                count.saturating_sub(1)
            }
        };
        let fingerprint = value.fingerprint(key);
        self.fingerprint = if is_added {
            self.fingerprint.wrapping_add(fingerprint)
        } else {
            self.fingerprint.wrapping_sub(fingerprint)
        };
        match value {
            Override::Include => step(&mut self.includes),
            Override::Exclude => {}
            Override::Patch(_) => step(&mut self.patches),
            Override::Invalid(_) => step(&mut self.invalid),
            Override::Variant(name) => {
                self.variants.update(Arc::clone(name), step);
                if self.variants.get(name) == Some(&0) {
                    self.variants.remove(name);
                }
            }
        }
    }
}

/// The ids of one segment and kind, included or excluded
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    pub(crate) entries: Shards<()>,
    fingerprint: u64,
    // Of ids that are none; few or none, and each breaks the segment.
    invalid: Vec<Box<str>>,
}

impl Ids {
    #[inline]
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.entries.get(id).is_some()
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) fn invalid(&self) -> &[Box<str>] {
        &self.invalid
    }

    pub(crate) fn put(&mut self, id: &str) {
        if self.entries.put(id, ()).is_none() {
            self.fingerprint = self.fingerprint.wrapping_add(hash_text(id));
            if !is_context_key(id) {
                self.invalid.push(id.into());
            }
        }
    }

    pub(crate) fn delete(&mut self, id: &str) {
        if self.entries.delete(id).is_some() {
            self.fingerprint = self.fingerprint.wrapping_sub(hash_text(id));
            self.invalid.retain(|invalid| **invalid != *id);
        }
    }
}

#[cfg(test)]
mod tests;
