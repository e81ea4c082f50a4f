//! Texts that are hashed are joined without taking memory for it, if they are as short as nearly all are

use std::io::Write as _;

/// Bytes for which no memory is taken
const SHORT: usize = 128;

/// Reads pieces of texts as one
pub(super) fn with_joined<'t, T>(
    pieces: impl Iterator<Item = &'t [u8]> + Clone,
    read: impl FnOnce(&[u8]) -> T,
) -> T {
    let mut joined = [0_u8; SHORT];
    let mut free = joined.as_mut_slice();
    let write = |piece: &[u8]| free.write_all(piece).is_ok();
    if !pieces.clone().all(write) {
        return read(&pieces.collect::<Vec<_>>().concat());
    }
    let length = SHORT.saturating_sub(free.len());
    read(joined.get(..length).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_length_are_joined() {
        for length in [0, 1, SHORT - 2, SHORT - 1, SHORT, 1_000] {
            let long = "é".repeat(length / 2);
            for texts in [["a", &long, ""], [&long, "", "b"], ["", "", &long]] {
                let pieces = texts.into_iter().map(str::as_bytes);
                let is_joined = with_joined(pieces, |joined| joined == texts.concat().as_bytes());
                assert!(is_joined, "{length}");
            }
        }
    }
}
