//! `MurmurHash3_x86_32`, the one hash that decides who gets what
//!
//! The algorithm is Austin Appleby's (public domain, `smhasher/src/MurmurHash3.cpp`). The loop is our own because it lies
//! on the evaluation path; the crate `murmur3` checks it on random input, and `conformance/vectors/bucketing.json` pins it.

const C1: u32 = 0xcc9e_2d51;
const C2: u32 = 0x1b87_3593;

/// The 32-bit hash of `bytes` under `seed`
#[inline]
pub fn murmur3_x86_32(bytes: &[u8], seed: u32) -> u32 {
    let mut hash = seed;
    let (blocks, tail) = bytes.as_chunks::<4>();
    for block in blocks {
        hash ^= scramble(u32::from_le_bytes(*block));
        hash = hash
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64);
    }
    if !tail.is_empty() {
        let word = tail
            .iter()
            .rev()
            .fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
        hash ^= scramble(word);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the algorithm takes the length modulo 2^32"
    )]
    let length = bytes.len() as u32;
    finalize(hash ^ length)
}

#[inline]
fn scramble(block: u32) -> u32 {
    block.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2)
}

#[inline]
fn finalize(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_crate_on_any_input(bytes: Vec<u8>, seed: u32) {
            let theirs = murmur3::murmur3_32(&mut std::io::Cursor::new(&bytes), seed).unwrap();
            prop_assert_eq!(super::murmur3_x86_32(&bytes, seed), theirs);
        }
    }
}
