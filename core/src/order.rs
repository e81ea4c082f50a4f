//! Sorting, written once: a sort of the standard library is compiled anew for each type and comparison, and each is 3 kB in a browser

use std::cmp::Ordering;

/// The positions of `count` things in the order that `compare` has; equal ones in no particular order
fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..count).collect();
    positions.sort_unstable_by(|a, b| compare(*a, *b));
    positions
}

/// These things in the order that `compare` has
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
        fn it_is_the_order_of_the_standard_library(numbers: Vec<i8>) {
            let mut sorted = numbers.clone();
            sorted.sort_unstable();
            prop_assert_eq!(super::ordered(&numbers, i8::cmp), sorted);
        }
    }
}
