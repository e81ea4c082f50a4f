//! The hash of look-up tables; it decides nothing but where an entry lies in memory

use std::hash::{BuildHasher, Hasher};

/// A 64-bit hash of a text, the same in every process
pub(crate) fn hash_text(text: &str) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}
