//! The hash of look-up tables and fingerprints; it decides where an entry lies in memory and whether to tell of a change, never
//! who gets what

use std::hash::{BuildHasher, Hasher};

/// The hash of a text, the same in every process
pub(crate) fn hash_text(text: &str) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// The hash of several texts, told apart by their lengths
pub(crate) fn hash_texts<const N: usize>(texts: [&str; N]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    for text in texts {
        hasher.write_usize(text.len());
        hasher.write(text.as_bytes());
    }
    hasher.finish()
}
