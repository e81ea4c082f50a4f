//! What a condition asks of an attribute
//!
//! A test on a missing attribute, or on a value of another type, is false; `notX` is exactly `not(X)`.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::cidr::Network;
use crate::context::Attribute;
use crate::literals::{Literals, fold_text};
use crate::pattern::{self, Pattern};
use crate::semver::{Range, VersionText};
use crate::timestamp::Timestamp;
use crate::value::Value;

/// Which side of a literal a value may lie on
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Side {
    pub(crate) fn admits(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// The operators of the language, negations apart
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Exists,
    Equals,
    In,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    Number(Side),
    Before,
    After,
    Semver(Side),
    SemverMatches,
    Cidr,
    Size(Side),
}

/// Every operator with its name, the only place that spells them
const OPERATORS: [(Operator, &str); 25] = [
    (Operator::Exists, "exists"),
    (Operator::Equals, "equals"),
    (Operator::In, "in"),
    (Operator::Contains, "contains"),
    (Operator::StartsWith, "startsWith"),
    (Operator::EndsWith, "endsWith"),
    (Operator::Matches, "matches"),
    (Operator::Number(Side::Less), "lessThan"),
    (Operator::Number(Side::LessOrEqual), "lessOrEqual"),
    (Operator::Number(Side::Greater), "greaterThan"),
    (Operator::Number(Side::GreaterOrEqual), "greaterOrEqual"),
    (Operator::Before, "before"),
    (Operator::After, "after"),
    (Operator::Semver(Side::Equal), "semverEqual"),
    (Operator::Semver(Side::Less), "semverLess"),
    (Operator::Semver(Side::LessOrEqual), "semverLessOrEqual"),
    (Operator::Semver(Side::Greater), "semverGreater"),
    (
        Operator::Semver(Side::GreaterOrEqual),
        "semverGreaterOrEqual",
    ),
    (Operator::SemverMatches, "semverMatches"),
    (Operator::Cidr, "cidr"),
    (Operator::Size(Side::Equal), "sizeEqual"),
    (Operator::Size(Side::Less), "sizeLess"),
    (Operator::Size(Side::LessOrEqual), "sizeLessOrEqual"),
    (Operator::Size(Side::Greater), "sizeGreater"),
    (Operator::Size(Side::GreaterOrEqual), "sizeGreaterOrEqual"),
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

    /// Whether it has a reading without regard to case
    pub(crate) fn may_ignore_case(self) -> bool {
        matches!(
            self,
            Self::Equals | Self::In | Self::Contains | Self::StartsWith | Self::EndsWith
        )
    }

    /// Whether it asks of each element of an array, and not of the attribute as a whole
    pub(crate) fn is_elementwise(self) -> bool {
        !matches!(self, Self::Exists | Self::Size(_))
    }
}

/// Which elements of an array must match
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Quantifier {
    #[default]
    Any,
    All,
    None,
}

/// One test of one attribute
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) operator: Operator,
    pub(crate) is_negated: bool,
    pub(crate) ignore_case: bool,
    pub(crate) quantifier: Quantifier,
    pub(crate) matcher: Matcher,
}

/// A comparison with its literals; of several, any may match
#[derive(Debug)]
pub(crate) enum Matcher {
    Exists,
    Null,
    In(Arc<Literals>),
    Contains(Box<[Arc<str>]>),
    StartsWith(Box<[Arc<str>]>),
    EndsWith(Box<[Arc<str>]>),
    Matches(Box<[Pattern]>),
    Number(Side, f64),
    Instant(Side, Timestamp),
    Semver(Side, VersionText),
    SemverMatches(Box<[Range]>),
    Cidr(Box<[Network]>),
    Size(Side, i64),
}

impl Test {
    /// The operator as the document names it, negation included
    pub(crate) fn name(&self) -> String {
        let name = self.operator.name();
        let mut rest = name.chars();
        match rest.next().filter(|_| self.is_negated) {
            Some(first) => format!("not{}{}", first.to_ascii_uppercase(), rest.as_str()),
            None => name.to_owned(),
        }
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
    pub(crate) fn matches_one(&self, attribute: &Attribute<'_>) -> bool {
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

    /// Whether a text matches, folded where the literals are
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
