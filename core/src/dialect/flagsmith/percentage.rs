//! Which percentage the hash of an id is: MD5 modulo 9999

use md5::{Digest, Md5};

/// The percentage of an id below a key, from 0 to below 100
pub(super) fn percentage(key: &str, id: &str) -> f64 {
    let mut hashed = [key, ",", id].concat();
    loop {
        let digest = Md5::digest(&hashed);
        let number = digest
            .iter()
            // The remainder of a number is that of its parts.
            .fold(0_u32, |rest, byte| {
                (rest << 8 | u32::from(*byte))
                    .checked_rem(9999)
                    .unwrap_or(0)
            });
        if number < 9998 {
            return f64::from(number) / 9998.0 * 100.0;
        }
        // 100 itself is no result: the ids are hashed once more, one time more each.
        hashed = [&hashed, ",", key, ",", id].concat();
    }
}
