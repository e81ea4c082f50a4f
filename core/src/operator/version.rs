//! Semantic versions, strictly as semver.org 2.0.0 defines them, and the ranges `^V` and `~V` of npm
//!
//! Numbers are kept as digits, so that they have no limit. Build metadata is read and ignored.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A version; ordered by precedence (semver.org, item 11)
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version<'a> {
    core: [Digits<'a>; 3],
    // Empty for a release.
    pre_release: Vec<Identifier<'a>>,
}

/// A number without a limit, as its digits without leading zeros
#[derive(Debug, Clone, PartialEq, Eq)]
struct Digits<'a>(Cow<'a, str>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    // Numbers come before texts.
    Number(Digits<'a>),
    Text(Cow<'a, str>),
}

impl PartialOrd for Digits<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Digits<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .len()
            .cmp(&other.0.len())
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl<'a> Digits<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && (text.len() == 1 || !text.starts_with('0'))).then(|| Self(text.into()))
    }

    fn is_zero(&self) -> bool {
        self.0 == "0"
    }
}

impl<'a> Version<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (text, build) = text
            .split_once('+')
            .map_or((text, None), |(text, build)| (text, Some(build)));
        if build.is_some_and(|build| !build.split('.').all(is_identifier)) {
            return None;
        }
        let (core, pre_release) = text
            .split_once('-')
            .map_or((text, None), |(core, pre)| (core, Some(pre)));
        let mut numbers = core.split('.').map(Digits::parse);
        let core = [numbers.next()??, numbers.next()??, numbers.next()??];
        if numbers.next().is_some() {
            return None;
        }
        let pre_release = match pre_release {
            Some(text) => text.split('.').map(identifier).collect::<Option<_>>()?,
            None => Vec::new(),
        };
        Some(Self { core, pre_release })
    }

    fn is_release(&self) -> bool {
        self.pre_release.is_empty()
    }

    fn into_owned(self) -> Version<'static> {
        let owned = |digits: Digits<'a>| Digits(digits.0.into_owned().into());
        let identifier = |identifier| match identifier {
            Identifier::Number(number) => Identifier::Number(owned(number)),
            Identifier::Text(text) => Identifier::Text(text.into_owned().into()),
        };
        Version {
            core: self.core.map(owned),
            pre_release: self.pre_release.into_iter().map(identifier).collect(),
        }
    }
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn identifier(text: &str) -> Option<Identifier<'_>> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Digits::parse(text).map(Identifier::Number);
    }
    is_identifier(text).then(|| Identifier::Text(text.into()))
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // A release comes after its pre-releases; of two pre-releases the longer one, where the rest is equal.
        let by_release = self.is_release().cmp(&other.is_release());
        self.core
            .cmp(&other.core)
            .then(by_release)
            .then_with(|| self.pre_release.cmp(&other.pre_release))
    }
}

/// A version in a document
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionText {
    /// As the document has it
    pub text: Box<str>,
    version: Version<'static>,
    // The three numbers of a short release version, as nearly all versions are.
    plain: Option<[u32; 3]>,
}

impl VersionText {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Version::parse(text).map(|version| Self {
            text: text.into(),
            version: version.into_owned(),
            plain: plain(text),
        })
    }

    /// How a text compares with this version, if it is a version at all
    pub fn compare(&self, text: &str) -> Option<Ordering> {
        if let (Some(literal), Some(version)) = (self.plain, plain(text)) {
            return Some(version.cmp(&literal));
        }
        Some(Version::parse(text)?.cmp(&self.version))
    }
}

/// The numbers of a release without build metadata, each of at most nine digits; other versions have none
fn plain(text: &str) -> Option<[u32; 3]> {
    let mut numbers = [0_u32; 3];
    let (mut position, mut digits) = (0_usize, 0_u32);
    for byte in text.bytes() {
        let number = numbers.get_mut(position)?;
        match byte {
            b'.' if digits > 0 => (position, digits) = (position.wrapping_add(1), 0),
            // Only the number 0 begins with a zero.
            b'0'..=b'9' if digits < 9 && (digits == 0 || *number > 0) => {
                let digit = u32::from(byte.wrapping_sub(b'0'));
                *number = number.wrapping_mul(10).wrapping_add(digit);
                digits = digits.wrapping_add(1);
            }
            _ => return None,
        }
    }
    (position == 2 && digits > 0).then_some(numbers)
}

/// `^V` or `~V`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    is_caret: bool,
    base: Version<'static>,
}

impl Range {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (is_caret, version) = match (text.strip_prefix('^'), text.strip_prefix('~')) {
            (Some(version), _) => (true, version),
            (_, Some(version)) => (false, version),
            _ => return None,
        };
        Version::parse(version).map(|base| Self {
            is_caret,
            base: base.into_owned(),
        })
    }

    pub(crate) fn covers(&self, text: &str) -> bool {
        let Some(version) = Version::parse(text) else {
            return false;
        };
        let base = &self.base;
        let [major, minor, patch] = &version.core;
        let [base_major, base_minor, base_patch] = &base.core;
        let is_same_core = version.core == base.core;
        // As in npm: a range contains pre-releases of a version only if it names a pre-release of this version.
        let is_admitted = version.is_release() || (is_same_core && !base.is_release());
        let is_near = match (self.is_caret, base_major.is_zero(), base_minor.is_zero()) {
            (true, false, _) => major == base_major,
            (true, true, true) => major == base_major && minor == base_minor && patch == base_patch,
            (true, true, false) | (false, _, _) => major == base_major && minor == base_minor,
        };
        is_admitted && is_near && version >= *base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_agrees_with_the_long_one() {
        let texts = [
            "0.0.0",
            "1.2.3",
            "1.2.10",
            "10.0.0",
            "999999999.1.1",
            "1000000000.1.1",
            "1.2.3-a",
            "1.2.3+b",
            "1.02.3",
            "1.2",
            "1.2.3.4",
            "1.2.3 ",
            "1..3",
            "",
        ];
        for text in texts {
            let version = Version::parse(text);
            assert!(plain(text).is_none() || version.is_some(), "{text}");
            for literal in texts.into_iter().filter_map(VersionText::parse) {
                let long = version
                    .as_ref()
                    .map(|version| version.cmp(&Version::parse(&literal.text).unwrap()));
                assert_eq!(literal.compare(text), long, "{text} {}", literal.text);
            }
        }
        assert_eq!(plain("12.0.999999999"), Some([12, 0, 999_999_999]));
    }

    #[test]
    fn only_strict_versions_are_read() {
        for good in [
            "0.0.0",
            "1.2.3",
            "1.0.0-alpha.1",
            "1.0.0-0a.b-c.0",
            "1.0.0+001",
            "1.0.0-x+y.z",
            "99999999999999999999.0.0",
            "1.0.0--",
            "1.0.0-a+b-c",
        ] {
            assert!(Version::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "v1.2.3",
            "01.2.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3-a..b",
            "1.2.3+",
            "1.2.3+a+b",
            "1.2.-3",
            " 1.2.3",
            "1.2.3 ",
            "1.2.3-ä",
            "1.2.x",
            "=1.2.3",
        ] {
            assert!(Version::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn numbers_have_no_limit() {
        let digits = |text: &'static str| Digits(text.into());
        assert!(digits("2") < digits("10") && digits("10") < digits("99999999999999999999"));
    }

    #[test]
    fn precedence_is_that_of_the_standard() {
        let ascending = [
            "0.9.9",
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.9",
            "1.0.10",
            "1.9.0",
            "1.10.0",
            "2.0.0",
            "18446744073709551616.0.0",
        ];
        for pair in ascending.windows(2) {
            assert!(
                Version::parse(pair[0]) < Version::parse(pair[1]),
                "{pair:?}"
            );
        }
        assert_eq!(
            VersionText::parse("1.0.0+a").unwrap().compare("1.0.0+b"),
            Some(Ordering::Equal)
        );
    }

    #[test]
    fn ranges_are_those_of_npm() {
        let covers = |range: &str, version: &str| Range::parse(range).unwrap().covers(version);
        for (range, inside, outside) in [
            (
                "^1.2.3",
                vec!["1.2.3", "1.9.0", "1.2.3+x"],
                vec!["1.2.2", "2.0.0", "1.3.0-a", "2.0.0-a", "0.2.3", "x"],
            ),
            (
                "^0.2.3",
                vec!["0.2.3", "0.2.9"],
                vec!["0.3.0", "0.2.2", "1.2.3"],
            ),
            ("^0.0.3", vec!["0.0.3"], vec!["0.0.4", "0.0.2", "0.1.3"]),
            ("^0.0.0", vec!["0.0.0"], vec!["0.0.1"]),
            (
                "~1.2.3",
                vec!["1.2.3", "1.2.9"],
                vec!["1.3.0", "1.2.2", "2.2.3"],
            ),
            ("~0.0.3", vec!["0.0.3", "0.0.4"], vec!["0.1.3"]),
            (
                "^1.2.3-beta.2",
                vec!["1.2.3-beta.2", "1.2.3-beta.10", "1.2.3", "1.3.0"],
                vec!["1.2.3-beta.1", "1.2.4-beta.3", "2.0.0"],
            ),
            (
                "^0.0.3-a",
                vec!["0.0.3-a", "0.0.3-b", "0.0.3"],
                vec!["0.0.4-a", "0.0.4"],
            ),
        ] {
            for version in inside {
                assert!(covers(range, version), "{range} {version}");
            }
            for version in outside {
                assert!(!covers(range, version), "{range} {version}");
            }
        }
        for bad in [
            "1.2.3", "^1.2", "~", ">=1.2.3", "^v1.2.3", "^ 1.2.3", "^1.2.x",
        ] {
            assert_eq!(Range::parse(bad), None, "{bad}");
        }
    }
}
