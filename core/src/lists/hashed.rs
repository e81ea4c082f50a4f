//! Hashed lists: a browser gets hashes instead of context keys, since anybody can read what it gets (language.md, CMP-21 and CTX-8)
//!
//! A list is hashed if its name contains a salt: `/SALT/KIND`. No kind of context begins with `/`, so an SDK that does not support hashed
//! lists treats the owner of one as broken, and never a hash as a key.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::lists::{Ids, Override, Overrides};

/// Bytes of a hash, enough to make collisions practically impossible
const BYTES: usize = 12;

/// The hash of a context key in a list of this salt: the first 24 hexadecimal digits of SHA-256
pub fn hash_context_key(salt: &str, key: &str) -> String {
    let mut hasher = Sha256::new();
    for text in [salt, "/", key] {
        hasher.update(text.as_bytes());
    }
    let digest = hasher.finalize();
    let mut hash = String::with_capacity(BYTES.saturating_mul(2));
    for byte in digest.iter().take(BYTES) {
        let nibbles = [byte >> 4, byte & 0xf];
        hash.extend(
            nibbles
                .iter()
                .filter_map(|nibble| char::from_digit((*nibble).into(), 16)),
        );
    }
    hash
}

/// The name of a hashed list of a level or kind
pub fn hashed_name(salt: &str, kind: &str) -> String {
    format!("/{salt}/{kind}")
}

/// The salt, if the list is hashed, and the level or kind that the list is for
pub(crate) fn salt_and_kind(name: &str) -> (Option<&str>, &str) {
    let hashed = name.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    match hashed {
        Some((salt, kind)) if !salt.is_empty() => (Some(salt), kind),
        _ => (None, name),
    }
}

/// The names of lists for a kind for which the same owner already has another list
pub(crate) fn duplicates<T>(lists: &[(Arc<str>, T)]) -> impl Iterator<Item = &Arc<str>> {
    // Names in order: the hashed ones come first.
    lists.iter().enumerate().filter_map(|(index, (name, _))| {
        let (_, kind) = salt_and_kind(name);
        let mut before = lists.iter().take(index);
        before
            .any(|(other, _)| salt_and_kind(other).1 == kind)
            .then_some(name)
    })
}

/// A list that is looked up by context keys, or by their hashes if it has a salt
#[derive(Debug, Clone)]
pub(crate) struct Keyed<T> {
    salt: Option<Arc<str>>,
    pub(crate) list: Arc<T>,
}

impl<T> Keyed<T> {
    pub(crate) fn new(name: &str, list: &Arc<T>) -> Self {
        Self {
            salt: salt_and_kind(name).0.map(Arc::from),
            list: Arc::clone(list),
        }
    }

    /// Calls `read` with the key as the list stores it
    #[inline]
    fn with_key<'l, R>(&'l self, key: &str, read: impl FnOnce(&'l T, &str) -> R) -> R {
        match &self.salt {
            None => read(&self.list, key),
            Some(salt) => read(&self.list, &hash_context_key(salt, key)),
        }
    }

    /// The fingerprint of the list and its salt
    pub(crate) fn fingerprint(&self, of_list: u64) -> u64 {
        let salt = self.salt.as_ref();
        of_list.wrapping_add(salt.map_or(0, |salt| crate::table::table_hash::hash_text(salt)))
    }
}

impl Keyed<Overrides> {
    #[inline]
    pub(crate) fn get(&self, key: &str) -> Option<&Override> {
        self.with_key(key, Overrides::get)
    }
}

impl Keyed<Ids> {
    #[inline]
    pub(crate) fn contains(&self, key: &str) -> bool {
        self.with_key(key, Ids::contains)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_beginning_of_a_sha_256() {
        // printf '%s' 5eed/u1 | sha256sum
        assert_eq!(hash_context_key("5eed", "u1"), HASH_OF_U1);
        assert_eq!(hash_context_key("5eed", "é").len(), 24);
    }

    const HASH_OF_U1: &str = "200d31e3f0a963486ccb5a83";

    #[test]
    fn a_name_tells_a_salt_where_it_is_that_of_a_hashed_list() {
        assert_eq!(salt_and_kind("user"), (None, "user"));
        assert_eq!(salt_and_kind("/5eed/user"), (Some("5eed"), "user"));
        assert_eq!(salt_and_kind("/5eed/a/b"), (Some("5eed"), "a/b"));
        for name in ["/user", "//user", "/"] {
            assert_eq!(salt_and_kind(name), (None, name));
        }
    }
}
