//! Stores one copy of what the objects of a document have in common: names of variants, literals, attribute paths

use std::sync::Arc;

use hashbrown::HashTable;

use crate::context::path::{AttributePath, PathError};
use crate::json::Json;
use crate::model::Variant;
use crate::operator::literals::Literals;
use crate::table::table_hash::{hash_bytes, hash_text};

/// Longer texts are not shared, since they seldom occur twice
const MAX_LENGTH: usize = 64;

/// Sets of literals or variants whose JSON takes more bytes are not shared
const MAX_SET_LENGTH: usize = 512;

/// The texts, paths and sets that objects share; used while a document or a transfer is read
#[derive(Debug, Default)]
pub(crate) struct Interner {
    texts: HashTable<Arc<str>>,
    paths: HashTable<(Arc<str>, AttributePath)>,
    literals: InternedSets<Arc<Literals>>,
    variants: InternedSets<Variants>,
    // A buffer that is reused for every set.
    encoded: Vec<u8>,
}

/// The variants of a flag, by name
pub(crate) type Variants = Arc<[Arc<Variant>]>;

/// Sets by their encoded JSON: equal JSON is the same set
type InternedSets<T> = HashTable<(Box<[u8]>, T)>;

fn known<T: Clone>(sets: &InternedSets<T>, encoded: &[u8]) -> Option<T> {
    let found = sets.find(hash_bytes(encoded), |(other, _)| **other == *encoded);
    found.map(|(_, set)| set.clone())
}

fn intern<T: Clone>(sets: &mut InternedSets<T>, encoded: &[u8], set: &T) {
    if encoded.len() <= MAX_SET_LENGTH {
        let entry = (encoded.into(), set.clone());
        sets.insert_unique(hash_bytes(encoded), entry, |(other, _)| hash_bytes(other));
    }
}

impl Interner {
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
        let hash = hash_text(text);
        if let Some((_, path)) = self.paths.find(hash, |(other, _)| **other == *text) {
            return Ok(path.clone());
        }
        let path = AttributePath::parse(text)?;
        let entry = (self.text(text), path.clone());
        self.paths
            .insert_unique(hash, entry, |(other, _)| hash_text(other));
        Ok(path)
    }

    /// The one copy of a set of literals, whose JSON this is; `None` where it is the first
    pub(crate) fn literals(&mut self, json: Json<'_>) -> Option<Arc<Literals>> {
        self.encode(json);
        known(&self.literals, &self.encoded)
    }

    /// The literals of the JSON that was asked for last
    pub(crate) fn intern_literals(&mut self, literals: &Arc<Literals>) {
        intern(&mut self.literals, &self.encoded, literals);
    }

    /// The one copy of variants, whose JSON this is; `None` where these are the first
    pub(crate) fn variants(&mut self, json: Json<'_>) -> Option<Variants> {
        self.encode(json);
        known(&self.variants, &self.encoded)
    }

    /// The variants of the JSON that was asked for last
    pub(crate) fn intern_variants(&mut self, variants: &Variants) {
        intern(&mut self.variants, &self.encoded, variants);
    }

    fn encode(&mut self, json: Json<'_>) {
        self.encoded.clear();
        json.encode(&mut self.encoded, MAX_SET_LENGTH);
    }
}
