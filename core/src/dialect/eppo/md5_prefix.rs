//! MD5 of texts that have the same beginning: in one step where a text is as short as nearly all are

use md5::block_api::compress;
use md5::{Digest as _, Md5};

/// Bytes that MD5 reads in one step
const BLOCK: usize = 64;
/// Bytes of a block without the length of the text
const MESSAGE: usize = 56;
/// The state before the first step (RFC 1321, 3.3)
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The beginning of texts
#[derive(Debug)]
pub(super) struct Md5Prefix {
    text: Box<str>,
    // A block that begins with the text, if it fits; the rest is zero.
    block: [u8; BLOCK],
}

impl Md5Prefix {
    pub(super) fn new(text: &str) -> Self {
        let mut block = [0; BLOCK];
        if let Some(start) = block.get_mut(..text.len()) {
            start.copy_from_slice(text.as_bytes());
        }
        Self {
            text: text.into(),
            block,
        }
    }

    /// The first four bytes of the hash of the text and `rest` behind it, as a number
    pub(super) fn first_bytes(&self, rest: &str) -> u32 {
        self.of_one_block(rest).unwrap_or_else(|| {
            let hash = Md5::new_with_prefix(&*self.text).chain_update(rest);
            let [first, second, third, fourth, ..]: [u8; 16] = hash.finalize().into();
            u32::from_be_bytes([first, second, third, fourth])
        })
    }

    /// The same; `None` if the texts, a byte that ends them and their length do not fit into a block
    fn of_one_block(&self, rest: &str) -> Option<u32> {
        let mut blocks = [self.block];
        let (message, length) = blocks.as_flattened_mut().split_at_mut_checked(MESSAGE)?;
        let (end, padding) = message
            .get_mut(self.text.len()..)?
            .split_at_mut_checked(rest.len())?;
        end.copy_from_slice(rest.as_bytes());
        *padding.first_mut()? = 0x80;
        let bytes = u64::try_from(self.text.len().checked_add(rest.len())?).ok()?;
        length.copy_from_slice(&bytes.checked_mul(8)?.to_le_bytes());
        let mut state = START;
        compress(&mut state, &blocks);
        let [first, ..] = state;
        Some(first.swap_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_have_the_hash_that_the_crate_computes() {
        for (prefix, rest) in (0..=80).flat_map(|prefix| (0..=80).map(move |rest| (prefix, rest))) {
            let (prefix, rest) = ("a".repeat(prefix), "b".repeat(rest));
            let hash = Md5::digest([&*prefix, &*rest].concat());
            let expected = u32::from_be_bytes(*hash.first_chunk().unwrap());
            assert_eq!(Md5Prefix::new(&prefix).first_bytes(&rest), expected);
        }
    }
}
