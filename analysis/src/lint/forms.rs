//! Which combinations of results the tests of instants, versions and addresses can have for a string

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::sets::{bit, evaluated, mask, subsets};
use flagstaff_core::Attribute;
use flagstaff_core::inspect::VersionText;
use flagstaff_core::inspect::{AttributeTest, Matcher};

/// The possible results of tests of instants, versions and addresses; a string has at most one of these forms
pub(super) fn matches(tests: &[&AttributeTest]) -> BTreeSet<u32> {
    let mut found = BTreeSet::from([0]);
    found.extend(instants(tests));
    found.extend(versions(tests));
    found.extend(addresses(tests));
    found
}

fn instants(tests: &[&AttributeTest]) -> Vec<u32> {
    let mut found = Vec::new();
    for test in tests {
        let Matcher::Instant(_, literal) = &test.matcher else {
            continue;
        };
        for distance in [-1, 0, 1] {
            let instant = literal.as_millis().saturating_add(distance);
            let bits = tests.iter().enumerate().filter(|(_, test)| {
                matches!(&test.matcher, Matcher::Instant(side, literal) if side.admits(instant.cmp(&literal.as_millis())))
            });
            found.push(bits.fold(0, |bits, (position, _)| bits | bit(position)));
        }
    }
    found
}

/// The versions that tests name, and the versions between two of them, for which a range may have any result
fn versions(tests: &[&AttributeTest]) -> BTreeSet<u32> {
    let ranges = mask(tests, |test| {
        matches!(test.matcher, Matcher::SemverMatches(_))
    });
    let is_version = |test: &AttributeTest| {
        matches!(
            test.matcher,
            Matcher::Semver(..) | Matcher::SemverMatches(_)
        )
    };
    let of_versions = mask(tests, is_version);
    let mut found = BTreeSet::new();
    let mut insert_around = |literal: Option<&VersionText>, is_above: bool| {
        let bits = mask(tests, |test| match &test.matcher {
            Matcher::Semver(side, other) => {
                let ordering = literal.and_then(|literal| other.compare(&literal.text));
                match ordering {
                    // Next to a version there is none that equals another one.
                    Some(ordering) => {
                        let beside = if is_above {
                            Ordering::Greater
                        } else {
                            Ordering::Less
                        };
                        side.admits(ordering.then(beside))
                    }
                    None => false,
                }
            }
            _ => false,
        });
        found.extend(subsets(ranges).map(|ranges| bits | ranges));
    };
    let literals = tests.iter().filter_map(|test| match &test.matcher {
        Matcher::Semver(_, literal) => Some(literal),
        _ => None,
    });
    for literal in literals.clone() {
        insert_around(Some(literal), true);
        insert_around(Some(literal), false);
    }
    for literal in literals {
        let bits = evaluated(tests, &Attribute::String((&*literal.text).into()));
        found.insert(bits & of_versions);
    }
    found.extend(subsets(ranges).filter(|_| of_versions == ranges));
    found
}

/// The first address of each network, the next address after it, and the first of all: one address of every class that tests distinguish
fn addresses(tests: &[&AttributeTest]) -> BTreeSet<u32> {
    let is_address = |test: &AttributeTest| matches!(test.matcher, Matcher::Cidr(_));
    let of_addresses = mask(tests, is_address);
    if of_addresses == 0 {
        return BTreeSet::new();
    }
    let networks = tests.iter().filter_map(|test| match &test.matcher {
        Matcher::Cidr(networks) => Some(networks.iter()),
        _ => None,
    });
    let mut addresses = vec![IpAddr::from([0; 4]), IpAddr::from([0; 16])];
    for network in networks.flatten() {
        let address = match network.address {
            IpAddr::V4(address) => address.to_bits().into(),
            IpAddr::V6(address) => address.to_bits(),
        };
        let hosts = u128::MAX
            .checked_shr(u128::BITS.saturating_sub(network.host_bits))
            .unwrap_or(0);
        let first = address & !hosts;
        let next = (first | hosts).checked_add(1);
        // There is no address after the last one of its family.
        let of_family = |bits: u128| match network.address {
            IpAddr::V4(_) => u32::try_from(bits).ok().map(|bits| IpAddr::V4(bits.into())),
            IpAddr::V6(_) => Some(IpAddr::V6(bits.into())),
        };
        addresses.extend(
            [Some(first), next]
                .into_iter()
                .flatten()
                .filter_map(of_family),
        );
    }
    let bits = |address: &IpAddr| {
        evaluated(tests, &Attribute::String(address.to_string().into())) & of_addresses
    };
    addresses.iter().map(bits).collect()
}
