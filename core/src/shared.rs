//! What the objects of a document have in common, held once: names of variants, literals, attribute paths

use std::sync::Arc;

use hashbrown::HashTable;

use crate::hashing::hash_text;
use crate::literals::Literals;
use crate::model::Variant;
use crate::path::{AttributePath, PathError};

/// Texts longer than this are seldom met again
const MAX_LENGTH: usize = 64;

/// Sets of literals or variants that are written longer are seldom met again
const MAX_SET_LENGTH: usize = 512;

/// Texts and paths that have been met; it lives as long as a document or a transfer is read
#[derive(Debug, Default)]
pub(crate) struct Shared {
    texts: HashTable<Arc<str>>,
    paths: HashTable<(Arc<str>, AttributePath)>,
    literals: HashTable<(Arc<str>, Arc<Literals>)>,
    variants: HashTable<(Arc<str>, Variants)>,
}

/// The variants of a flag, by name
pub(crate) type Variants = Arc<[Arc<Variant>]>;

/// Something that is written alike wherever it is the same, and so is known by its text
fn known<'s, T>(table: &'s HashTable<(Arc<str>, T)>, text: &str) -> Option<&'s T> {
    let found = table.find(hash_text(text), |(other, _)| **other == *text);
    found.map(|(_, value)| value)
}

fn learn<T>(table: &mut HashTable<(Arc<str>, T)>, text: Arc<str>, value: T) {
    let hash = hash_text(&text);
    table.insert_unique(hash, (text, value), |(other, _)| hash_text(other));
}

impl Shared {
    /// The one copy of a text
    pub(crate) fn text(&mut self, text: &str) -> Arc<str> {
        if text.len() > MAX_LENGTH {
            return text.into();
        }
        let hash = hash_text(text);
        let entry = self
            .texts
            .entry(hash, |other| **other == *text, |other| hash_text(other));
        Arc::clone(entry.or_insert_with(|| text.into()).get())
    }

    /// The one copy of a path
    pub(crate) fn path(&mut self, text: &str) -> Result<AttributePath, PathError> {
        if let Some(path) = known(&self.paths, text) {
            return Ok(path.clone());
        }
        let path = AttributePath::parse(text)?;
        let text = self.text(text);
        learn(&mut self.paths, text, path.clone());
        Ok(path)
    }

    /// The one copy of a set of literals that is written so; `None` where this is the first
    pub(crate) fn literals(&self, text: &str) -> Option<Arc<Literals>> {
        known(&self.literals, text).cloned()
    }

    pub(crate) fn learn_literals(&mut self, text: &str, literals: &Arc<Literals>) {
        if text.len() <= MAX_SET_LENGTH {
            learn(&mut self.literals, text.into(), Arc::clone(literals));
        }
    }

    /// The one copy of variants that are written so; `None` where these are the first
    pub(crate) fn variants(&self, text: &str) -> Option<Variants> {
        known(&self.variants, text).cloned()
    }

    pub(crate) fn learn_variants(&mut self, text: &str, variants: &Variants) {
        if text.len() <= MAX_SET_LENGTH {
            learn(&mut self.variants, text.into(), Arc::clone(variants));
        }
    }
}
