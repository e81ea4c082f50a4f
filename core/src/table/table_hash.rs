//! The hash of look-up tables and fingerprints; it determines where an entry is stored and whether a change is reported, but never an
//! outcome

use std::hash::{BuildHasher, Hasher};

/// The hash of a text, the same in every process
#[inline]
pub(crate) fn hash_text(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

/// The hash of bytes, the same in every process
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// Whether two texts are equal; fast for short ones, for which the call of a function that compares bytes costs more than the comparison
#[inline]
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    are_same(one.as_bytes(), other.as_bytes())
}

/// Whether the bytes of two texts are equal; as [`is_same`]
#[inline]
pub(crate) fn are_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        0..4 => one.iter().eq(other),
        // The two ends overlap where a text is shorter than both.
        4..8 => ends::<4>(one) == ends::<4>(other),
        8..=16 => ends::<8>(one) == ends::<8>(other),
        _ => one == other,
    }
}

#[inline]
fn ends<const N: usize>(bytes: &[u8]) -> [[u8; N]; 2] {
    let none = [0; N];
    [
        *bytes.first_chunk().unwrap_or(&none),
        *bytes.last_chunk().unwrap_or(&none),
    ]
}

/// The hash of several texts and their lengths
pub(crate) fn hash_texts<const N: usize>(texts: [&str; N]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    for text in texts {
        hasher.write_usize(text.len());
        hasher.write(text.as_bytes());
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_the_same_if_their_bytes_are(one in "[ab]{0,20}", other in "[ab]{0,20}", at in 0..20_usize) {
            prop_assert!(super::is_same(&one, &one));
            prop_assert_eq!(super::is_same(&one, &other), one == other);
            let mut bytes = one.clone().into_bytes();
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1;
                prop_assert!(!super::is_same(&one, &String::from_utf8(bytes).unwrap()));
            }
        }
    }
}
