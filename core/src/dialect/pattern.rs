//! Regular expressions of other vendors, by the rules of RE2 as the crate `regex` has them
//!
//! Ours are a smaller language (docs/adr/0005). These are read by `regex-syntax`, which refuses look-around and back-references, and run
//! by its simulation of an automaton: in linear time, and without the locks around memory that the crate `regex` shares.

use regex_automata::Anchored;
use regex_automata::Input;
use regex_automata::nfa::thompson;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::util::syntax;

use crate::limits;
use crate::operator::pattern::may_look_at;

/// Bytes of one automaton at most
const MAX_BYTES: usize = 1 << 20;

/// A regular expression of a vendor
#[derive(Debug)]
pub(crate) struct VendorPattern {
    search: Search,
    /// The states of its automaton, which bound the time of a search
    pub(crate) size: u32,
}

#[derive(Debug)]
enum Search {
    Text(PlainText),
    Automaton(PikeVM),
}

impl VendorPattern {
    /// Reads a pattern; the error is what is wrong with it, for people
    pub(crate) fn parse(text: &str, ignore_case: bool) -> Result<Self, String> {
        if text.chars().count() > limits::MAX_PATTERN_LENGTH {
            return Err(format!(
                "a pattern has at most {} characters",
                limits::MAX_PATTERN_LENGTH
            ));
        }
        let depth = u32::try_from(limits::MAX_PATTERN_DEPTH).unwrap_or(u32::MAX);
        let automaton = automaton(text, ignore_case, (depth, MAX_BYTES));
        let automaton = automaton.map_err(|error| why(&error))?;
        let size = automaton.get_nfa().states().len();
        let plain = PlainText::of(text).filter(|_| !ignore_case);
        Ok(Self {
            search: plain.map_or(Search::Automaton(automaton), Search::Text),
            size: u32::try_from(size).unwrap_or(u32::MAX),
        })
    }

    /// Whether it matches anywhere in a text; a text of more than [`limits::MAX_MATCHED_CHARACTERS`] characters matches nothing
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.matches(text, Anchored::No)
    }

    /// The same at the start of a text
    pub(crate) fn is_at_start(&self, text: &str) -> bool {
        self.matches(text, Anchored::Yes)
    }

    fn matches(&self, text: &str, anchored: Anchored) -> bool {
        // No text has more characters than bytes.
        if text.len() > limits::MAX_MATCHED_CHARACTERS && !may_look_at([text]) {
            return false;
        }
        match &self.search {
            Search::Text(plain) => plain.is_in(text, anchored == Anchored::Yes),
            Search::Automaton(automaton) => {
                let input = Input::new(text).anchored(anchored).earliest(true);
                // A cache for each search: one that searches share would be behind a lock.
                automaton.is_match(&mut automaton.create_cache(), input)
            }
        }
    }
}

/// A pattern in which each character stands for itself, as in most patterns that people write; comparing texts takes a hundredth of
/// the time of the automaton
#[derive(Debug)]
struct PlainText {
    text: Box<str>,
    starts: bool,
    ends: bool,
}

impl PlainText {
    /// Reads `text`, `^text`, `text$` or `^text$`; `None` if something else is in the pattern
    fn of(pattern: &str) -> Option<Self> {
        let unanchored = pattern.strip_prefix('^').unwrap_or(pattern);
        let mut text = String::new();
        let mut rest = unanchored.chars();
        let mut ends = false;
        while let Some(character) = rest.next() {
            match character {
                '$' if rest.as_str().is_empty() => ends = true,
                '\\' => text.push(rest.next().filter(|next| ESCAPED.contains(*next))?),
                '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => {
                    return None;
                }
                plain => text.push(plain),
            }
        }
        Some(Self {
            text: text.into(),
            starts: unanchored.len() < pattern.len(),
            ends,
        })
    }

    fn is_in(&self, text: &str, is_at_start: bool) -> bool {
        match (self.starts || is_at_start, self.ends) {
            (false, false) => text.contains(&*self.text),
            (false, true) => text.ends_with(&*self.text),
            (true, false) => text.starts_with(&*self.text),
            (true, true) => *text == *self.text,
        }
    }
}

/// The punctuation that stands for itself behind a backslash
const ESCAPED: &str = r"\.+*?()|[]{}^$#&-~/";

/// The automaton of a pattern with groups so deep inside one another, and of so many bytes
fn automaton(
    text: &str,
    ignore_case: bool,
    (depth, bytes): (u32, usize),
) -> Result<PikeVM, Box<thompson::BuildError>> {
    let reading = syntax::Config::new()
        .case_insensitive(ignore_case)
        .nest_limit(depth);
    let building = thompson::Config::new()
        .which_captures(thompson::WhichCaptures::None)
        .nfa_size_limit(Some(bytes));
    PikeVM::builder()
        .syntax(reading)
        .thompson(building)
        .build(text)
        .map_err(Box::new)
}

/// Why a pattern of a vendor is not read
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternProblem {
    /// The vendor does not read it either
    Invalid(String),
    /// The vendor reads it, but it is too large here
    TooLarge(String),
}

/// What is wrong with a pattern of a vendor whose SDK uses the crate `regex`
pub fn problem(text: &str, ignore_case: bool) -> Option<PatternProblem> {
    let why = VendorPattern::parse(text, ignore_case).err()?;
    // The limits of that crate.
    let theirs = automaton(text, ignore_case, (250, 10 << 20));
    Some(if theirs.is_ok() {
        PatternProblem::TooLarge(why)
    } else {
        PatternProblem::Invalid(why)
    })
}

/// What an error says, without the picture of the pattern that several lines make
fn why(error: &thompson::BuildError) -> String {
    let text =
        std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let last = text.lines().last().unwrap_or_default().trim();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    format!("the pattern cannot be read: {reason}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_re2_reads_is_read_and_look_around_is_not() {
        let is_in = |pattern, text| VendorPattern::parse(pattern, false).unwrap().is_in(text);
        assert!(is_in(r"^[a-z]+\d{2}$", "abc12"));
        assert!(is_in(r"(?i)äÖ", "xÄö"));
        assert!(is_in(r"\bfoo\b", "a foo b") && !is_in(r"\bfoo\b", "éfoo"));
        for refused in ["(?=a)", "(?<!a)b", r"(a)\1", "a(", "*a"] {
            let error = VendorPattern::parse(refused, false).unwrap_err();
            assert!(error.starts_with("the pattern cannot be read: "), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_of_plain_text_is_where_its_automaton_finds_it(
            pattern in r"\^?([ab@ä/~#&\-<>!]|\\[\\.+*?()|\[\]{}^$#&\-~/ab<>!]|[.$^|*]){0,4}\$?",
            text in "[ab@ä.$^\\\\/<\n]{0,6}",
        ) {
            let plain = PlainText::of(&pattern);
            let automaton = automaton(&pattern, false, (50, MAX_BYTES));
            // Whatever is read as a text is a pattern, and means the same.
            if let Some(plain) = plain {
                let automaton = automaton.unwrap();
                for (anchored, is_at_start) in [(Anchored::No, false), (Anchored::Yes, true)] {
                    let input = Input::new(&text).anchored(anchored);
                    let is_match = automaton.is_match(&mut automaton.create_cache(), input);
                    prop_assert_eq!(plain.is_in(&text, is_at_start), is_match);
                }
            }
        }
    }

    #[test]
    fn a_pattern_and_a_text_have_limits() {
        let any = VendorPattern::parse("a", true).unwrap();
        assert!(any.is_in(&format!("{}A", "b".repeat(2_047))));
        assert!(!any.is_in(&format!("{}a", "b".repeat(2_048))));
        assert!(VendorPattern::parse(&"a".repeat(1_001), false).is_err());
        assert!(VendorPattern::parse(r"(\w{1000}){1000}", false).is_err());
        let is_ours =
            |text: &str| matches!(problem(text, false), Some(PatternProblem::TooLarge(_)));
        assert!(is_ours(&"a".repeat(1_001)));
        assert!(is_ours(&format!("{}a{}", "(".repeat(40), ")".repeat(40))));
        assert!(!is_ours("(?=a)") && !is_ours(&"(".repeat(1_001)) && !is_ours("a"));
    }
}
