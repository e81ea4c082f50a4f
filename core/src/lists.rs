//! How are long lists stored: the overrides of a flag, the ids of a segment?

pub(crate) mod hashed;
pub(crate) mod shards;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::shards::Shards;
use crate::error::IssueKind;
use crate::limits;
use crate::table::sort::sorted_by_key;
use crate::table::table_hash::{hash_text, hash_texts};
use crate::value::{JsonObject, Value};

/// What an override gives a context
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Override {
    Include,
    Exclude,
    Variant(Arc<str>),
    Patch(Arc<JsonObject>),
    /// It cannot be read; the flag is broken as long as it is there
    Invalid(IssueKind),
}

impl Override {
    pub(crate) fn read(key: &str, value: &Value) -> Self {
        if !is_context_key(key) {
            return Self::Invalid(IssueKind::ContextKey);
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
                    _ => Self::Invalid(IssueKind::Override),
                }
            }
            _ => Self::Invalid(IssueKind::Override),
        }
    }

    /// Why a flag with these variants cannot serve it
    pub(crate) fn problem(
        &self,
        has_on: bool,
        is_object: bool,
        has_variant: impl Fn(&str) -> bool,
    ) -> Option<IssueKind> {
        match self {
            Self::Include if !has_on => Some(IssueKind::IncludeWithoutOn),
            Self::Variant(name) if !has_variant(name) => {
                Some(IssueKind::UnknownVariant(Arc::clone(name)))
            }
            Self::Patch(_) if !is_object => Some(IssueKind::PatchOfScalar),
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
    !key.is_empty() && key.chars().count() <= limits::MAX_CONTEXT_KEY_LENGTH
}

/// The overrides of one flag and level
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) entries: Shards<Override>,
    // A sum over the entries, so that equal lists have equal fingerprints, in whatever order their entries were added.
    fingerprint: u64,
    // The number of entries of each kind, so that a flag can be checked without reading the whole list.
    pub(crate) includes: u64,
    patches: u64,
    invalid: u64,
    pub(crate) variants: BTreeMap<Arc<str>, u64>,
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

    /// The entries that a flag with these variants cannot serve, by key
    pub(crate) fn check(
        &self,
        has_on: bool,
        is_object: bool,
        has_variant: impl Fn(&str) -> bool,
    ) -> Vec<(&str, IssueKind)> {
        if !self.is_suspect(has_on, is_object, &has_variant) {
            return Vec::new();
        }
        let problem = |value: &Override| value.problem(has_on, is_object, &has_variant);
        let entries = self.entries.iter();
        let found = entries.filter_map(|(key, value)| Some((key, problem(value)?)));
        sorted_by_key(found.collect(), str::cmp)
    }

    /// Whether the list may have an entry that cannot be served, decided without reading the whole list
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
        let step = |count: &mut u64| {
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
                step(self.variants.entry(Arc::clone(name)).or_default());
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
    // Ids that are not valid context keys, each of which breaks the segment.
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
