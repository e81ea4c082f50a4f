//! Texts that are hashed are joined without taking memory for it, if they are as short as nearly all are

use std::io::Write as _;

/// Bytes for which no memory is taken
const SHORT: usize = 128;

/// Reads texts as one
pub(super) fn with_joined<T, const N: usize>(texts: [&str; N], read: impl FnOnce(&[u8]) -> T) -> T {
    let mut joined = [0_u8; SHORT];
    let mut free = joined.as_mut_slice();
    let mut write = |text: &str| free.write_all(text.as_bytes()).is_ok();
    if !texts.iter().all(|text| write(text)) {
        return read(texts.concat().as_bytes());
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
                let is_joined = with_joined(texts, |joined| joined == texts.concat().as_bytes());
                assert!(is_joined, "{length}");
            }
        }
    }
}
