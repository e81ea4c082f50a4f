//! Sets of literals, arranged for look-up, and the folding of case

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::case_folding::fold;
use crate::context::Attribute;
use crate::hashing::hash_text;
use crate::value::Value;

/// A set of strings, numbers and booleans
#[derive(Debug, Default)]
pub(crate) struct Literals {
    pub(crate) texts: HashTable<Arc<str>>,
    // Ascending, none twice.
    pub(crate) numbers: Vec<f64>,
    pub(crate) has_true: bool,
    pub(crate) has_false: bool,
}

impl Literals {
    /// The set of these values, or `None` if one is neither string, number nor boolean
    pub(crate) fn new(values: &[Value], ignore_case: bool) -> Option<Self> {
        let mut literals = Self::default();
        for value in values {
            match value {
                Value::String(text) if ignore_case => literals.insert_text(&fold_text(text).into()),
                Value::String(text) => literals.insert_text(text),
                Value::Number(number) => literals.numbers.push(*number),
                Value::Boolean(false) => literals.has_false = true,
                Value::Boolean(true) => literals.has_true = true,
                Value::Null | Value::Array(_) | Value::Object(_) => return None,
            }
        }
        literals.numbers.sort_by(f64::total_cmp);
        literals.numbers.dedup();
        Some(literals)
    }

    fn insert_text(&mut self, text: &Arc<str>) {
        let entry = self.texts.entry(
            hash_text(text),
            |other| other == text,
            |other| hash_text(other),
        );
        entry.or_insert_with(|| Arc::clone(text));
    }

    /// Whether the set has this text, which is folded where the set is
    pub(crate) fn has_text(&self, text: &str) -> bool {
        self.texts
            .find(hash_text(text), |other| **other == *text)
            .is_some()
    }

    /// Whether the set has this number or boolean
    pub(crate) fn has(&self, attribute: &Attribute<'_>) -> bool {
        match attribute {
            // `-0` is `0` (language §2), also where a host hands it over.
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

/// A text without regard to case: each code point folded by itself
pub(crate) fn fold_text(text: &str) -> Cow<'_, str> {
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
        let texts: Vec<Value> = (0..5_000)
            .map(|number| Value::from(format!("user-{number}")))
            .collect();
        let literals = Literals::new(&texts, false).unwrap();
        assert!((0..5_000).all(|number| literals.has_text(&format!("user-{number}"))));
        assert!((5_000..10_000).all(|number| !literals.has_text(&format!("user-{number}"))));
    }

    #[test]
    fn negative_zero_is_zero_even_if_a_host_hands_it_over() {
        let literals = Literals::new(&[Value::number(0.0)], false).unwrap();
        assert!(literals.has(&Attribute::Number(-0.0)));
        assert!(literals.has(&Attribute::Number(0.0)));
        assert!(!literals.has(&Attribute::Number(f64::MIN_POSITIVE)));
    }
}
