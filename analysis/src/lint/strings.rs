//! What the tests of one attribute can say together of a string
//!
//! Strings that a test names are looked at one by one. Of the others a test may say anything that does not contradict another
//! one for sure: more than is possible, never less.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::sets::{bit, evaluated, mask, subsets};
use super::{forms, pattern};
use flagstaff_core::Attribute;
use flagstaff_core::inspect::fold_text;
use flagstaff_core::inspect::{AttributeTest, Matcher};

/// Texts that are looked at one by one at most
const MAX_TEXTS: usize = 1_000;
/// Literals of all other tests of text at most: each may be compared with each text, and with each other
const MAX_LITERALS: usize = 300;

/// The sets of tests that strings match, as bits; `None` where there is too much to look at
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
    // Whatever a string is, it is there.
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

/// Whether a test names its strings one by one; those of other case are not named
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

/// What tests of the text itself can say together of a string that is not named
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

/// What a test demands of a string: one of several texts at a place; patterns are not looked into
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

    /// Whether some string may meet both; compared without regard to case, which finds more in common rather than less
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

    /// Whether every string that meets this one meets the other for sure
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
