//! Sorting, written once and briefly: a sort of the standard library is compiled anew for each type and comparison, and each is 3 kB in a
//! browser

use std::cmp::Ordering;

/// The positions of `count` things in the order that `compare` has, equal ones in their own
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..count).collect();
    // Most of what is sorted here came in order.
    if positions.is_sorted_by(|a, b| compare(*a, *b).is_le()) {
        return positions;
    }
    let mut merged = Vec::with_capacity(count);
    let mut width = 1_usize;
    while width < count {
        for run in positions.chunks(width.saturating_mul(2)) {
            let (mut left, mut right) = run.split_at_checked(width).unwrap_or((run, &[]));
            while let (Some((a, after_a)), Some((b, after_b))) =
                (left.split_first(), right.split_first())
            {
                if compare(*a, *b).is_le() {
                    merged.push(*a);
                    left = after_a;
                } else {
                    merged.push(*b);
                    right = after_b;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut positions, &mut merged);
        merged.clear();
        width = width.saturating_mul(2);
    }
    positions
}

/// These things in the order that `compare` has, equal ones in their own
pub(crate) fn ordered<T: Copy>(things: &[T], compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let positions = order(things.len(), &|a, b| {
        let pair = things.get(a).zip(things.get(b));
        pair.map_or(Ordering::Equal, |(a, b)| compare(a, b))
    });
    positions
        .into_iter()
        .filter_map(|position| things.get(position).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_order_of_the_standard_library(numbers: Vec<(i8, u8)>) {
            let mut sorted = numbers.clone();
            sorted.sort_by_key(|(number, _)| *number);
            prop_assert_eq!(super::ordered(&numbers, |(a, _), (b, _)| a.cmp(b)), sorted);
        }
    }
}
