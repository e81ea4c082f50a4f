//! Sets of literals, arranged for look-up, and the folding of case

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::context::Attribute;
use crate::operator::case_folding::fold;
use crate::table::table_hash::{hash_text, is_same};

/// A set of strings, numbers and booleans
#[derive(Debug, Default)]
pub struct Literals {
    texts: HashTable<Arc<str>>,
    // Ascending, without duplicates.
    numbers: Vec<f64>,
    has_true: bool,
    has_false: bool,
}

impl Literals {
    /// The strings, in no order
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.texts.iter()
    }

    /// The numbers, ascending
    pub fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// Whether `false` and whether `true` is one of them
    pub fn booleans(&self) -> [bool; 2] {
        [self.has_false, self.has_true]
    }

    pub(crate) fn insert_boolean(&mut self, value: bool) {
        if value {
            self.has_true = true;
        } else {
            self.has_false = true;
        }
    }

    /// Call `seal` after the last one
    pub(crate) fn insert_number(&mut self, number: f64) {
        self.numbers.push(number);
    }

    pub(crate) fn insert_text(&mut self, text: Arc<str>) {
        let entry = self.texts.entry(
            hash_text(&text),
            |other| *other == text,
            |other| hash_text(other),
        );
        entry.or_insert(text);
    }

    /// Sorts the numbers after the last insertion
    pub(crate) fn seal(&mut self) {
        self.numbers.sort_unstable_by(f64::total_cmp);
        self.numbers.dedup();
        self.numbers.shrink_to_fit();
    }

    /// Whether the set has this text, which the caller has folded if the set is folded
    pub fn has_text(&self, text: &str) -> bool {
        self.texts
            .find(hash_text(text), |other| is_same(other, text))
            .is_some()
    }

    /// Whether the set has this number or boolean
    pub(crate) fn has(&self, attribute: &Attribute<'_>) -> bool {
        match attribute {
            // `-0` equals `0` (VAL-3), also if the host language passes `-0`.
            Attribute::Number(number) => self
                .numbers
                .binary_search_by(|other| other.total_cmp(&(number + 0.0)))
                .is_ok(),
            Attribute::Boolean(true) => self.has_true,
            Attribute::Boolean(false) => self.has_false,
            _ => false,
        }
    }
}

/// A text with its case folded, each code point by itself
pub fn fold_text(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| fold(character) == character) {
        return Cow::Borrowed(text);
    }
    text.chars().map(fold).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_has_each_of_its_texts_and_no_other() {
        let mut literals = Literals::default();
        for number in 0..5_000 {
            literals.insert_text(format!("user-{number}").into());
        }
        assert!((0..5_000).all(|number| literals.has_text(&format!("user-{number}"))));
        assert!((5_000..10_000).all(|number| !literals.has_text(&format!("user-{number}"))));
    }

    #[test]
    fn negative_zero_is_zero_even_if_a_host_hands_it_over() {
        let mut literals = Literals::default();
        literals.insert_number(0.0);
        assert!(literals.has(&Attribute::Number(-0.0)));
        assert!(literals.has(&Attribute::Number(0.0)));
        assert!(!literals.has(&Attribute::Number(f64::MIN_POSITIVE)));
    }
}
