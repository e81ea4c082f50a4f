//! What a condition asks of an attribute
//!
//! A test on a missing attribute, or on a value of another type, is false; `notX` is exactly `not(X)`.

use std::sync::Arc;

use hashbrown::HashTable;

use crate::context::Attribute;
use crate::hashing::hash_text;
use crate::value::Value;
use crate::wire::QuantifierWire;

/// The operators of the language, negations apart
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    In,
    Contains,
    StartsWith,
    EndsWith,
    LessThan,
    LessOrEqual,
    GreaterThan,
    GreaterOrEqual,
    Exists,
}

impl Operator {
    const ALL: [(Self, &'static str); 10] = [
        (Self::Equals, "equals"),
        (Self::In, "in"),
        (Self::Contains, "contains"),
        (Self::StartsWith, "startsWith"),
        (Self::EndsWith, "endsWith"),
        (Self::LessThan, "lessThan"),
        (Self::LessOrEqual, "lessOrEqual"),
        (Self::GreaterThan, "greaterThan"),
        (Self::GreaterOrEqual, "greaterOrEqual"),
        (Self::Exists, "exists"),
    ];

    /// The operator of this name and whether the name negates it: `in` and `notIn`
    pub(crate) fn parse(name: &str) -> Option<(Self, bool)> {
        let find = |wanted: &str| {
            Self::ALL
                .iter()
                .find(|(_, name)| *name == wanted)
                .map(|(operator, _)| *operator)
        };
        if let Some(operator) = find(name) {
            return Some((operator, false));
        }
        let negated = name.strip_prefix("not")?;
        let first = negated.chars().next().filter(char::is_ascii_uppercase)?;
        let positive: String = std::iter::once(first.to_ascii_lowercase())
            .chain(negated.chars().skip(1))
            .collect();
        find(&positive).map(|operator| (operator, true))
    }

    /// Its name in a document
    pub(crate) fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(operator, _)| *operator == self)
            .map_or("", |(_, name)| name)
    }
}

/// One test of one attribute
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) negated: bool,
    pub(crate) quantifier: QuantifierWire,
    pub(crate) matcher: Matcher,
}

/// A comparison with its literals
#[derive(Debug)]
pub(crate) enum Matcher {
    Exists,
    Null,
    Boolean(bool),
    Number(f64),
    In(Literals),
    // Any of these.
    Contains(Box<[Arc<str>]>),
    StartsWith(Box<[Arc<str>]>),
    EndsWith(Box<[Arc<str>]>),
    Text(Arc<str>),
    LessThan(f64),
    LessOrEqual(f64),
    GreaterThan(f64),
    GreaterOrEqual(f64),
}

impl Test {
    pub(crate) fn holds(&self, attribute: &Attribute<'_>) -> bool {
        self.matches(attribute) != self.negated
    }

    fn matches(&self, attribute: &Attribute<'_>) -> bool {
        match (&self.matcher, attribute) {
            (Matcher::Exists, attribute) => *attribute != Attribute::Missing,
            (matcher, Attribute::Array(elements)) => {
                let mut results = elements
                    .iter()
                    .map(|element| matcher.matches(&Attribute::from(element)));
                match self.quantifier {
                    QuantifierWire::Any => results.any(|result| result),
                    QuantifierWire::All => results.all(|result| result),
                    QuantifierWire::None => !results.any(|result| result),
                }
            }
            (matcher, attribute) => matcher.matches(attribute),
        }
    }
}

impl Matcher {
    /// Whether one value that is no array matches; an array inside an array does not
    fn matches(&self, attribute: &Attribute<'_>) -> bool {
        match (self, attribute) {
            (Self::Null, Attribute::Null) => true,
            (Self::Boolean(literal), Attribute::Boolean(value)) => literal == value,
            #[expect(
                clippy::float_cmp,
                reason = "language §2: numbers are doubles, and equal where the doubles are"
            )]
            (Self::Number(literal), Attribute::Number(value)) => literal == value,
            (Self::Text(literal), Attribute::String(value)) => **literal == **value,
            (Self::In(literals), attribute) => literals.contains(attribute),
            (Self::Contains(literals), Attribute::String(value)) => {
                literals.iter().any(|literal| value.contains(&**literal))
            }
            (Self::StartsWith(literals), Attribute::String(value)) => {
                literals.iter().any(|literal| value.starts_with(&**literal))
            }
            (Self::EndsWith(literals), Attribute::String(value)) => {
                literals.iter().any(|literal| value.ends_with(&**literal))
            }
            (Self::LessThan(literal), Attribute::Number(value)) => value < literal,
            (Self::LessOrEqual(literal), Attribute::Number(value)) => value <= literal,
            (Self::GreaterThan(literal), Attribute::Number(value)) => value > literal,
            (Self::GreaterOrEqual(literal), Attribute::Number(value)) => value >= literal,
            _ => false,
        }
    }
}

/// A set of literals, arranged for look-up
#[derive(Debug, Default)]
pub(crate) struct Literals {
    texts: HashTable<Arc<str>>,
    // Ascending, none twice.
    numbers: Vec<f64>,
    has_true: bool,
    has_false: bool,
}

impl Literals {
    /// The set of these values, or `None` if one is neither string, number nor boolean
    pub(crate) fn new(values: &[Value]) -> Option<Self> {
        let mut literals = Self::default();
        for value in values {
            match value {
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

    fn contains(&self, attribute: &Attribute<'_>) -> bool {
        match attribute {
            Attribute::String(text) => self
                .texts
                .find(hash_text(text), |other| **other == **text)
                .is_some(),
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

/// The strings among `values`, or `None` if one is no string
pub(crate) fn texts(values: &[Value]) -> Option<Box<[Arc<str>]>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(Arc::clone(text)),
        _ => None,
    };
    values.iter().map(text).collect()
}
