//! Which combinations of results the tests of one attribute can have for a string
//!
//! Strings that a test names are tested one by one. For other strings a combination counts as possible unless two results certainly
//! contradict each other, so that too many may count as possible, but never too few.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::sets::{bit, evaluated, mask, subsets};
use super::{forms, pattern};
use flagstaff_core::Attribute;
use flagstaff_core::inspect::fold_text;
use flagstaff_core::inspect::{AttributeTest, Matcher};

/// Maximum number of texts that are tested one by one
const MAX_TEXTS: usize = 1_000;
/// Maximum number of literals in all other tests of text: each may be compared with each text and with each other literal
const MAX_LITERALS: usize = 300;

/// The sets of tests that strings match, as bits; `None` if there are too many literals
pub(super) fn matches(tests: &[&AttributeTest]) -> Option<BTreeSet<u32>> {
    let literals = tests
        .iter()
        .filter(|test| !is_exact(test))
        .map(|test| literals(test));
    if literals.fold(0, usize::saturating_add) > MAX_LITERALS {
        return None;
    }
    let mut found = BTreeSet::new();
    for text in named(tests)? {
        found.insert(evaluated(tests, &Attribute::String((&**text).into())));
    }
    // `exists` holds for every string.
    let exists = mask(tests, |test| matches!(test.matcher, Matcher::Exists));
    let loose = loose(tests);
    for form in forms::matches(tests) {
        found.extend(loose.iter().map(|bits| bits | form | exists));
    }
    Some(found)
}

fn literals(test: &AttributeTest) -> usize {
    match &test.matcher {
        Matcher::In(literals) => literals.texts().len(),
        Matcher::Contains(texts) | Matcher::StartsWith(texts) | Matcher::EndsWith(texts) => {
            texts.len()
        }
        Matcher::Matches(patterns) => patterns.len(),
        Matcher::SemverMatches(ranges) => ranges.len(),
        Matcher::Cidr(networks) => networks.len(),
        _ => 1,
    }
}

/// Whether a test lists the strings that it matches; a test that ignores case does not
fn is_exact(test: &AttributeTest) -> bool {
    matches!(test.matcher, Matcher::In(_)) && !test.ignore_case
}

fn named<'s>(tests: &[&'s AttributeTest]) -> Option<Vec<&'s Arc<str>>> {
    let mut found = Vec::new();
    for test in tests {
        if let Matcher::In(literals) = &test.matcher
            && is_exact(test)
        {
            found.extend(literals.texts().take(MAX_TEXTS.saturating_add(1)));
        }
    }
    (found.len() <= MAX_TEXTS).then_some(found)
}

/// The possible results of tests of the text for a string that no test lists
fn loose(tests: &[&AttributeTest]) -> Vec<u32> {
    let all = mask(tests, |test| match test.matcher {
        Matcher::In(_) => !is_exact(test),
        Matcher::Contains(_)
        | Matcher::StartsWith(_)
        | Matcher::EndsWith(_)
        | Matcher::Matches(_) => true,
        _ => false,
    });
    let demands: Vec<(u32, Demand<'_>)> = tests
        .iter()
        .enumerate()
        .filter(|(position, _)| all & bit(*position) != 0)
        .map(|(position, test)| (bit(position), Demand::of(test)))
        .collect();
    let relations: Vec<(u32, u32, u32)> = demands
        .iter()
        .map(|(own, demand)| {
            let implied = those(&demands, |other| demand.implies(other));
            let excluded = those(&demands, |other| !demand.is_compatible(other));
            (*own, implied, excluded & !own)
        })
        .collect();
    let never = those(&demands, Demand::is_never_met);
    let always = those(&demands, Demand::is_always_met);
    let is_possible = |bits: &u32| {
        let agrees = |(own, implied, excluded): &(u32, u32, u32)| {
            bits & own == 0 || (implied & !bits == 0 && excluded & bits == 0)
        };
        bits & never == 0 && always & !bits == 0 && relations.iter().all(agrees)
    };
    subsets(all).filter(is_possible).collect()
}

/// The bits of the demands that `is_so` is true of
fn those<'s>(demands: &[(u32, Demand<'s>)], is_so: impl Fn(&Demand<'s>) -> bool) -> u32 {
    demands
        .iter()
        .filter(|(_, demand)| is_so(demand))
        .fold(0, |mask, (bit, _)| mask | bit)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Whole,
    Start,
    End,
    Anywhere,
}

/// What a test requires of a string: one of several texts at a position; patterns are not analysed
enum Demand<'s> {
    Texts {
        place: Place,
        // Folded where the test ignores case.
        texts: Vec<&'s str>,
        ignores_case: bool,
    },
    Opaque {
        is_never_met: bool,
    },
}

impl<'s> Demand<'s> {
    fn of(test: &'s AttributeTest) -> Self {
        let (place, texts) = match &test.matcher {
            Matcher::In(literals) => (Place::Whole, literals.texts().map(|text| &**text).collect()),
            Matcher::Contains(texts) => (Place::Anywhere, listed(texts)),
            Matcher::StartsWith(texts) => (Place::Start, listed(texts)),
            Matcher::EndsWith(texts) => (Place::End, listed(texts)),
            Matcher::Matches(patterns) => {
                return Self::Opaque {
                    is_never_met: patterns.iter().all(pattern::never_matches),
                };
            }
            _ => {
                return Self::Opaque {
                    is_never_met: false,
                };
            }
        };
        Self::Texts {
            place,
            texts,
            ignores_case: test.ignore_case,
        }
    }

    fn is_never_met(&self) -> bool {
        match self {
            Self::Texts { texts, .. } => texts.is_empty(),
            Self::Opaque { is_never_met } => *is_never_met,
        }
    }

    /// The empty text is in, starts and ends every string
    fn is_always_met(&self) -> bool {
        matches!(self, Self::Texts { place, texts, .. } if *place != Place::Whole && texts.contains(&""))
    }

    /// Whether some string may meet both; the comparison ignores case, so that it rather finds too many such pairs than too few
    fn is_compatible(&self, other: &Self) -> bool {
        let (
            Self::Texts { place, texts, .. },
            Self::Texts {
                place: other_place,
                texts: others,
                ..
            },
        ) = (self, other)
        else {
            return true;
        };
        if texts.len().saturating_mul(others.len()) > MAX_TEXTS {
            return true;
        }
        texts.iter().any(|text| {
            let text = fold_text(text);
            others.iter().any(|other| {
                let other = fold_text(other);
                match (place, other_place) {
                    (Place::Whole, _) => is_at(*other_place, &text, &other),
                    (_, Place::Whole) => is_at(*place, &other, &text),
                    (Place::Start, Place::Start) | (Place::End, Place::End) => {
                        is_at(*place, &text, &other) || is_at(*place, &other, &text)
                    }
                    _ => true,
                }
            })
        })
    }

    /// Whether every string that meets this demand certainly meets the other
    fn implies(&self, other: &Self) -> bool {
        let (
            Self::Texts {
                place,
                texts,
                ignores_case,
            },
            Self::Texts {
                place: other_place,
                texts: others,
                ignores_case: other_ignores_case,
            },
        ) = (self, other)
        else {
            return false;
        };
        let is_comparable = *other_ignores_case || !ignores_case;
        let has_place =
            *place == Place::Whole || place == other_place || *other_place == Place::Anywhere;
        if !is_comparable || !has_place || texts.len().saturating_mul(others.len()) > MAX_TEXTS {
            return false;
        }
        texts.iter().all(|text| {
            let text = if *other_ignores_case {
                fold_text(text)
            } else {
                (*text).into()
            };
            others.iter().any(|other| is_at(*other_place, &text, other))
        })
    }
}

fn listed(texts: &[Arc<str>]) -> Vec<&str> {
    texts.iter().map(|text| &**text).collect()
}

fn is_at(place: Place, text: &str, part: &str) -> bool {
    match place {
        Place::Whole => text == part,
        Place::Start => text.starts_with(part),
        Place::End => text.ends_with(part),
        Place::Anywhere => text.contains(part),
    }
}
