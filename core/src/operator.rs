//! What does an operator mean?
//!
//! A test on a missing attribute, or on a value of another type, is false; `notX` is exactly `not(X)`. The meaning of each operator is in
//! `AttributeTest::matches_one` and `matches_text`, with a file each for versions, patterns and networks.

pub(crate) mod case_folding;
pub(crate) mod literals;
pub(crate) mod network;
pub(crate) mod pattern;
pub(crate) mod version;

use std::cmp::Ordering;
use std::sync::Arc;

use self::literals::{Literals, fold_text};
use self::network::Network;
use self::pattern::Pattern;
use self::version::{Range, VersionText};
use crate::context::Attribute;
use crate::value::Value;
use crate::value::timestamp::Timestamp;

/// A relation between a value and a literal
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `≤`
    LessOrEqual,
    /// `>`
    Greater,
    /// `≥`
    GreaterOrEqual,
}

impl Relation {
    /// Whether the relation holds for a value that compares so with the literal
    pub fn admits(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// The operators of the language, without their negations
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Exists,
    Equals,
    In,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Number(Relation),
    Before,
    After,
    Semver(Relation),
    SemverMatches,
    Cidr,
    Size(Relation),
}

/// Every operator with its name; no other file spells them
const OPERATORS: [(Operator, &str); 25] = [
    (Operator::Exists, "exists"),
    (Operator::Equals, "equals"),
    (Operator::In, "in"),
    (Operator::Contains, "contains"),
    (Operator::StartsWith, "startsWith"),
    (Operator::EndsWith, "endsWith"),
    (Operator::Matches, "matches"),
    (Operator::Number(Relation::Less), "lessThan"),
    (Operator::Number(Relation::LessOrEqual), "lessOrEqual"),
    (Operator::Number(Relation::Greater), "greaterThan"),
    (Operator::Number(Relation::GreaterOrEqual), "greaterOrEqual"),
    (Operator::Before, "before"),
    (Operator::After, "after"),
    (Operator::Semver(Relation::Equal), "semverEqual"),
    (Operator::Semver(Relation::Less), "semverLess"),
    (Operator::Semver(Relation::LessOrEqual), "semverLessOrEqual"),
    (Operator::Semver(Relation::Greater), "semverGreater"),
    (
        Operator::Semver(Relation::GreaterOrEqual),
        "semverGreaterOrEqual",
    ),
    (Operator::SemverMatches, "semverMatches"),
    (Operator::Cidr, "cidr"),
    (Operator::Size(Relation::Equal), "sizeEqual"),
    (Operator::Size(Relation::Less), "sizeLess"),
    (Operator::Size(Relation::LessOrEqual), "sizeLessOrEqual"),
    (Operator::Size(Relation::Greater), "sizeGreater"),
    (
        Operator::Size(Relation::GreaterOrEqual),
        "sizeGreaterOrEqual",
    ),
];

impl Operator {
    /// The operator of this name and whether the name negates it: `in` and `notIn`
    pub(crate) fn parse(name: &str) -> Option<(Self, bool)> {
        let find = |wanted: &str| {
            OPERATORS
                .iter()
                .find(|(_, name)| *name == wanted)
                .map(|(operator, _)| *operator)
        };
        if let Some(operator) = find(name) {
            return Some((operator, false));
        }
        let mut rest = name.strip_prefix("not")?.chars();
        let first = rest.next().filter(char::is_ascii_uppercase)?;
        let positive: String = std::iter::once(first.to_ascii_lowercase())
            .chain(rest)
            .collect();
        find(&positive).map(|operator| (operator, true))
    }

    /// Its name in a document
    pub(crate) fn name(self) -> &'static str {
        OPERATORS
            .iter()
            .find(|(operator, _)| *operator == self)
            .map_or("", |(_, name)| name)
    }

    /// Whether it may be used with `ignoreCase`
    pub(crate) fn may_ignore_case(self) -> bool {
        matches!(
            self,
            Self::Equals | Self::In | Self::Contains | Self::StartsWith | Self::EndsWith
        )
    }

    /// Whether it tests each element of an array, and not the attribute as a whole
    pub(crate) fn is_elementwise(self) -> bool {
        !matches!(self, Self::Exists | Self::Size(_))
    }
}

/// Which elements of an array must match
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quantifier {
    /// At least one
    #[default]
    Any,
    /// Every one; an empty array matches
    All,
    /// Not one; an empty array matches
    None,
}

/// One test of one attribute
#[derive(Debug)]
pub struct AttributeTest {
    pub(crate) operator: Operator,
    /// Whether the operator is a `not…`
    pub is_negated: bool,
    /// Whether strings are compared without regard to case
    pub ignore_case: bool,
    /// Which elements of an array must match
    pub quantifier: Quantifier,
    /// What is compared with what
    pub matcher: Matcher,
}

/// A comparison with its literals; of several, any may match
#[derive(Debug)]
pub enum Matcher {
    /// The attribute exists
    Exists,
    /// It is `null`
    Null,
    /// It equals a literal
    In(Arc<Literals>),
    /// It contains a text
    Contains(Box<[Arc<str>]>),
    /// It starts with a text
    StartsWith(Box<[Arc<str>]>),
    /// It ends with a text
    EndsWith(Box<[Arc<str>]>),
    /// It has a match of a pattern
    Matches(Box<[Pattern]>),
    /// It is a number in this relation to another
    Number(Relation, f64),
    /// It is an instant in this relation to another
    Instant(Relation, Timestamp),
    /// It is a version in this relation to another
    Semver(Relation, VersionText),
    /// It is a version in a range
    SemverMatches(Box<[Range]>),
    /// It is an address in a network
    Cidr(Box<[Network]>),
    /// It is an array whose length is in this relation to a number
    Size(Relation, i64),
}

impl AttributeTest {
    /// The operator as the document names it, negation included
    pub(crate) fn name(&self) -> String {
        let name = self.operator.name();
        let mut rest = name.chars();
        match rest.next().filter(|_| self.is_negated) {
            Some(first) => format!("not{}{}", first.to_ascii_uppercase(), rest.as_str()),
            None => name.to_owned(),
        }
    }

    /// Whether it tests each element of an array, and not the attribute as a whole
    pub fn is_elementwise(&self) -> bool {
        self.operator.is_elementwise()
    }

    #[inline]
    pub(crate) fn holds(&self, attribute: &Attribute<'_>) -> bool {
        let matches = match attribute {
            Attribute::Array(elements) if self.operator.is_elementwise() => {
                self.matches_elements(elements)
            }
            attribute => self.matches_one(attribute),
        };
        matches != self.is_negated
    }

    fn matches_elements(&self, elements: &[Value]) -> bool {
        let texts = elements.iter().filter_map(|element| match element {
            Value::String(text) => Some(&**text),
            _ => None,
        });
        let is_read = !matches!(self.matcher, Matcher::Matches(_)) || pattern::may_look_at(texts);
        let mut results = elements
            .iter()
            .map(|element| is_read && self.matches_one(&Attribute::from(element)));
        match self.quantifier {
            Quantifier::Any => results.any(|result| result),
            Quantifier::All => results.all(|result| result),
            Quantifier::None => !results.any(|result| result),
        }
    }

    /// Whether one value matches; an element that is itself an array does not
    pub fn matches_one(&self, attribute: &Attribute<'_>) -> bool {
        match (&self.matcher, attribute) {
            (Matcher::Exists, attribute) => !matches!(attribute, Attribute::Missing),
            (Matcher::Null, attribute) => matches!(attribute, Attribute::Null),
            (_, Attribute::String(text)) if self.ignore_case => self.matches_text(&fold_text(text)),
            (_, Attribute::String(text)) => self.matches_text(text),
            (Matcher::In(literals), attribute) => literals.has(attribute),
            (Matcher::Number(side, literal), Attribute::Number(number)) => number
                .partial_cmp(literal)
                .is_some_and(|ordering| side.admits(ordering)),
            (Matcher::Instant(side, literal), Attribute::Number(number)) => {
                let instant = Timestamp::from_number(*number);
                instant.is_some_and(|instant| side.admits(instant.cmp(literal)))
            }
            (Matcher::Size(side, literal), Attribute::Array(elements)) => {
                i64::try_from(elements.len()).is_ok_and(|size| side.admits(size.cmp(literal)))
            }
            _ => false,
        }
    }

    /// Whether a text matches; it is folded if the literals are
    fn matches_text(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::In(literals) => literals.has_text(text),
            Matcher::Contains(texts) => texts.iter().any(|literal| text.contains(&**literal)),
            Matcher::StartsWith(texts) => texts.iter().any(|literal| text.starts_with(&**literal)),
            Matcher::EndsWith(texts) => texts.iter().any(|literal| text.ends_with(&**literal)),
            Matcher::Matches(patterns) => {
                pattern::may_look_at([text]) && patterns.iter().any(|pattern| pattern.is_in(text))
            }
            Matcher::Instant(side, literal) => {
                Timestamp::parse(text).is_some_and(|instant| side.admits(instant.cmp(literal)))
            }
            Matcher::Semver(side, literal) => literal
                .compare(text)
                .is_some_and(|ordering| side.admits(ordering)),
            Matcher::SemverMatches(ranges) => ranges.iter().any(|range| range.covers(text)),
            Matcher::Cidr(networks) => networks.iter().any(|network| network.covers(text)),
            Matcher::Exists | Matcher::Null | Matcher::Number(..) | Matcher::Size(..) => false,
        }
    }
}
