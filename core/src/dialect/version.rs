//! Versions as the crate `semver` reads them: Semantic Versioning 2.0.0, with numbers of at most 64 bits

use std::cmp::Ordering;

use crate::operator::version::VersionText;

/// A version
pub(super) fn parse(text: &str) -> Option<VersionText> {
    VersionText::parse(text).filter(|_| has_small_numbers(text))
}

/// How a text compares with a version by precedence, if it is a version at all
pub(super) fn compare(text: &str, version: &VersionText) -> Option<Ordering> {
    version.compare(text).filter(|_| has_small_numbers(text))
}

/// Whether the numbers of a version fit in 64 bits
fn has_small_numbers(version: &str) -> bool {
    // 20 digits may be too many, and 19 are not.
    if version.len() < 20 {
        return true;
    }
    let core = version.split(['-', '+']).next().unwrap_or_default();
    core.len() < 20 || core.split('.').all(|number| number.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_at_most_64_bits() {
        let is_version = |text: &str| parse(text).is_some();
        for good in [
            "1.2.3",
            "1.2.3-99999999999999999999",
            "18446744073709551615.0.0",
        ] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "1.2",
            "v1.2.3",
            "18446744073709551616.0.0",
            "0.0.18446744073709551616+b",
        ] {
            assert!(!is_version(bad), "{bad}");
            assert_eq!(compare(bad, &parse("1.2.3").unwrap()), None, "{bad}");
        }
        let literal = parse("18446744073709551615.0.0").unwrap();
        assert_eq!(
            compare("18446744073709551614.9.9", &literal),
            Some(Ordering::Less)
        );
    }
}
