//! What the objects of a document have in common, held once: names of variants, literals, attribute paths

use std::sync::Arc;

use hashbrown::HashTable;

use crate::hashing::hash_text;
use crate::path::{AttributePath, PathError};

/// Texts longer than this are seldom met again
const MAX_LENGTH: usize = 64;

/// Texts and paths that have been met; it lives as long as a document or a transfer is read
#[derive(Debug, Default)]
pub(crate) struct Shared {
    texts: HashTable<Arc<str>>,
    paths: HashTable<(Arc<str>, AttributePath)>,
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
}
