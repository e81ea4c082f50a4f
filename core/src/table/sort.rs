//! Sorting by key
//!
//! Each type that the standard library sorts takes 5 kB of the browser module, so one type serves for all.

use std::cmp::Ordering;

/// Sorts entries by their keys; entries with equal keys stay in their order
pub(crate) fn sorted_by_key<T>(
    entries: Vec<(&str, T)>,
    compare: fn(&str, &str) -> Ordering,
) -> Vec<(&str, T)> {
    if entries.is_sorted_by(|(one, _), (other, _)| compare(one, other).is_le()) {
        return entries;
    }
    let mut order: Vec<(&str, usize)> = Vec::with_capacity(entries.len());
    order.extend(entries.iter().map(|(key, _)| *key).zip(0..));
    sort(&mut order, compare);
    let mut entries: Vec<Option<(&str, T)>> = entries.into_iter().map(Some).collect();
    let sorted = order
        .into_iter()
        .map(|(_, index)| entries.get_mut(index)?.take());
    sorted.flatten().collect()
}

fn sort(order: &mut [(&str, usize)], compare: fn(&str, &str) -> Ordering) {
    order.sort_unstable_by(|(one, first), (other, second)| {
        compare(one, other).then(first.cmp(second))
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::sorted_by_key;

    proptest! {
        #[test]
        fn it_sorts_as_the_standard_library_does(keys: Vec<u8>) {
            let keys: Vec<String> = keys.iter().map(|key| (key % 8).to_string()).collect();
            let entries: Vec<(&str, usize)> = keys.iter().map(String::as_str).zip(0..).collect();
            let mut expected = entries.clone();
            expected.sort_by_key(|(key, _)| *key);
            prop_assert_eq!(sorted_by_key(entries, str::cmp), expected);
        }
    }
}
