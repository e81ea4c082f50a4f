//! Which percentage the hash of an id is: MD5 modulo 9999

use md5::{Digest, Md5};

use crate::dialect::spread::{Part, boundary};

/// The numbers that are percentages
const SLOTS: u32 = 9998;

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
        if number < SLOTS {
            return percentage_of(number);
        }
        // 100 itself is no result: the ids are hashed once more, one time more each.
        hashed = [&hashed, ",", key, ",", id].concat();
    }
}

fn percentage_of(number: u32) -> f64 {
    f64::from(number) / f64::from(SLOTS) * 100.0
}

/// The percentages that are beyond the first end, and before the second
pub(super) fn part(key: &str, hashed: &str, ends: [impl Fn(f64) -> bool; 2]) -> Part {
    let slot = |number: u64| percentage_of(u32::try_from(number).unwrap_or(SLOTS));
    let [from, until] = ends.map(|is_before| boundary(SLOTS.into(), |it| is_before(slot(it))));
    let hash = format!("flagsmith {key:?} {hashed}");
    Part::new(hash, SLOTS.into(), vec![(from, until)])
}
