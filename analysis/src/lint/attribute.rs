//! Which combinations of results the tests of one attribute can have, over all values of the attribute
//!
//! The tests run on one value of each class of values that they distinguish. If there are too many classes to list, some combinations
//! count as possible that are not. So a combination that does not count as possible is impossible.

use std::collections::BTreeSet;

use super::sets::{bit, evaluated};
use super::strings;
use flagstaff_core::Attribute;
use flagstaff_core::AttributePath;
use flagstaff_core::inspect::{AttributeTest, Matcher, Quantifier};

/// Maximum number of tests of one attribute that are analysed together
pub(super) const MAX_TESTS: usize = 8;
/// Maximum number of literal numbers in the tests of one attribute
const MAX_NUMBERS: usize = 1_000;

/// The results of the tests for one class of values: bit `i` is set if test `i` matches, without its negation
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) bits: u32,
    pub(super) is_array: bool,
}

/// The possible results of the tests of the attribute at `path`; `None` if there are too many literals
pub(super) fn rows(path: &AttributePath, tests: &[&AttributeTest]) -> Option<Vec<Row>> {
    if tests.len() > MAX_TESTS {
        return None;
    }
    let of = |attribute: &Attribute<'_>| evaluated(tests, attribute);
    let mut single = BTreeSet::from([of(&Attribute::Missing)]);
    let mut arrays = BTreeSet::new();
    match path.segments() {
        // Any other value makes the context invalid, and then no flag is evaluated.
        [first] if &**first == "targetingKey" => {
            single.insert(of(&Attribute::Null));
            single.extend(strings::matches(tests)?);
        }
        [first, ..] if &**first == "targetingKey" => {}
        _ => {
            let mut elements = strings::matches(tests)?;
            elements.insert(of(&Attribute::Null));
            elements.insert(of(&Attribute::Boolean(false)));
            elements.insert(of(&Attribute::Boolean(true)));
            elements.insert(of(&Attribute::Object));
            elements.extend(
                numbers(tests)?
                    .iter()
                    .map(|number| of(&Attribute::Number(*number))),
            );
            single.extend(&elements);
            arrays = array_rows(tests, &elements);
        }
    }
    let row = |is_array: bool| move |bits: u32| Row { bits, is_array };
    Some(
        single
            .into_iter()
            .map(row(false))
            .chain(arrays.into_iter().map(row(true)))
            .collect(),
    )
}

/// A number of every class that the tests distinguish: whole or not, equal to their literals and between them
fn numbers(tests: &[&AttributeTest]) -> Option<Vec<f64>> {
    // The ends of the range of instants, and of the doubles that have fractions.
    let mut named = vec![
        0.0,
        8.64e15,
        -8.64e15,
        4_503_599_627_370_496.0,
        -4_503_599_627_370_496.0,
    ];
    for test in tests {
        match &test.matcher {
            Matcher::In(literals) => named.extend(literals.numbers().iter().take(MAX_NUMBERS)),
            Matcher::Number(_, literal) => named.push(*literal),
            #[expect(
                clippy::cast_precision_loss,
                reason = "instants that a number can name are exact"
            )]
            Matcher::Instant(_, literal) => named.push(literal.as_millis() as f64),
            _ => {}
        }
    }
    if named.len() > MAX_NUMBERS {
        return None;
    }
    let beside = |number: &f64| {
        let (up, down, floor) = (number.next_up(), number.next_down(), number.floor());
        [
            *number,
            up,
            up.next_up(),
            down,
            down.next_down(),
            floor - 1.0,
            floor - 0.5,
            floor,
            floor + 0.5,
            floor + 1.0,
            floor + 1.5,
            number.ceil(),
        ]
    };
    let ends = [f64::MAX, f64::MIN];
    let all = named.iter().flat_map(beside).chain(ends);
    Some(all.filter(|number| number.is_finite()).collect())
}

/// The possible results of the tests for arrays of such elements
fn array_rows(tests: &[&AttributeTest], elements: &BTreeSet<u32>) -> BTreeSet<u32> {
    let (mut any, mut all, mut none) = (0, 0, 0);
    for (position, test) in tests
        .iter()
        .enumerate()
        .filter(|(_, test)| test.is_elementwise())
    {
        match test.quantifier {
            Quantifier::Any => any |= bit(position),
            Quantifier::All => all |= bit(position),
            Quantifier::None => none |= bit(position),
        }
    }
    let mut rows = BTreeSet::new();
    for size in sizes(tests) {
        let of_size = tests
            .iter()
            .enumerate()
            .filter(|(_, test)| match &test.matcher {
                Matcher::Exists => true,
                Matcher::Size(side, literal) => side.admits(size.cmp(literal)),
                _ => false,
            });
        let fixed = of_size.fold(0, |bits, (position, _)| bits | bit(position));
        if size == 0 {
            rows.insert(fixed | all | none);
            continue;
        }
        let end = bit(tests.len());
        for wanted in (0..end).filter(|wanted| wanted & !(any | all | none) == 0) {
            let demand = Demand {
                without: (any & !wanted) | (none & wanted),
                with: all & wanted,
                some_with: (any & wanted) | (none & !wanted),
                some_without: all & !wanted,
            };
            if demand.is_met(elements, size) {
                rows.insert(fixed | wanted);
            }
        }
    }
    rows
}

/// The elements that an array needs for a given combination of results
struct Demand {
    // No element has any bit of `without`, and every element has all bits of the next field.
    without: u32,
    with: u32,
    // For each bit of `some_with` an element has it; for each bit of the next field an element does not have it.
    some_with: u32,
    some_without: u32,
}

impl Demand {
    fn is_met(&self, elements: &BTreeSet<u32>, size: i64) -> bool {
        let mut admitted = elements
            .iter()
            .copied()
            .filter(|element| element & self.without == 0 && element & self.with == self.with);
        if size == 1 {
            return admitted.any(|element| {
                element & self.some_with == self.some_with && element & self.some_without == 0
            });
        }
        let (mut count, mut with, mut without) = (0_usize, 0, 0);
        for element in admitted {
            count = count.saturating_add(1);
            with |= element;
            without |= !element;
        }
        count > 0
            && with & self.some_with == self.some_with
            && without & self.some_without == self.some_without
    }
}

/// A size of every class of sizes that the tests distinguish; above 1, only tests of sizes distinguish them
fn sizes(tests: &[&AttributeTest]) -> BTreeSet<i64> {
    let mut sizes = BTreeSet::from([0, 1, 2]);
    for test in tests {
        if let Matcher::Size(_, literal) = &test.matcher {
            sizes.extend([
                literal.saturating_sub(1),
                *literal,
                literal.saturating_add(1),
            ]);
        }
    }
    sizes.into_iter().filter(|size| *size >= 0).collect()
}
