use proptest::prelude::*;

use super::*;

fn is_in(pattern: &str, text: &str) -> bool {
    Pattern::parse(pattern).unwrap().is_in(text)
}

#[test]
fn the_search_is_unanchored_and_ascii() {
    for (pattern, text, expected) in [
        ("b+", "abba", true),
        ("^b", "abba", false),
        ("a$", "abba\n", false),
        ("a.b", "a\nb", false),
        ("a.b", "aßb", true),
        (r"\d", "٣", false),
        (r"\D", "٣", true),
        (r"\w", "é", false),
        (r"^\s$", "\u{b}", true),
        (r"\s", "\u{a0}", false),
        (r"\bcat\b", "a cat.", true),
        (r"\bcat", "écat", true),
        (r"^[^\d]+$", "né", true),
        ("", "", true),
        ("()|x", "", true),
        (r"^a{2,3}?$", "aaaa", false),
        (r"[\-\]a-c\s]", "]", true),
        ("(?:ab){2}", "abab", true),
        (r"\.\/\{\}", "./{}", true),
        ("😀{2}", "😀😀", true),
        ("[😀-😂]", "😁", true),
        ("^[a-a]$", "a", true),
        ("^(?:a{1000})$", &"a".repeat(1000), true),
    ] {
        assert_eq!(is_in(pattern, text), expected, "{pattern} {text}");
    }
}

#[test]
fn what_engines_read_differently_is_refused() {
    for pattern in [
        "(?=a)",
        "(?i)a",
        "(?P<n>a)",
        "(?<n>a)",
        r"(a)\1",
        r"\p{L}",
        r"\x41",
        r"\u0041",
        r"\A",
        r"\z",
        "a**",
        "a+*",
        "*a",
        "^*",
        r"\b+",
        "a{",
        "a{,2}",
        "a{2",
        "a{3,2}",
        "a{1001}",
        "}",
        "]",
        "[]",
        "[^]",
        "[a",
        "[a-]",
        "[-a]",
        "[z-a]",
        r"[\d-z]",
        "[[:alpha:]]",
        "[a&&b]",
        r"[\b]",
        "(",
        ")",
        "(a",
        r"\",
        r"\ä",
        "a{2}{3}",
        "a???",
    ] {
        assert!(Pattern::parse(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn a_refusal_says_what_is_wrong() {
    for (pattern, message) in [
        ("*a", "a quantifier needs something to repeat"),
        ("{2}", "a quantifier needs something to repeat"),
        ("a}", "a literal `}` or `]` is escaped"),
        ("^*", "an anchor or a boundary cannot be repeated"),
        (r"\b{2}", "an anchor or a boundary cannot be repeated"),
        ("(?=a)", "a group is `(…)` or `(?:…)`"),
        ("(a", "a group is not closed"),
        ("a**", "a quantifier cannot be repeated"),
        ("a{2}{3}", "a quantifier cannot be repeated"),
        ("a{}", "a count is a number of at most 1000"),
        ("a{1001}", "a count is a number of at most 1000"),
        ("a{2;3}", "counts are `{n}`, `{n,}` or `{n,m}`"),
        ("a{3,2}", "counts are the wrong way round"),
        ("[z-a]", "a range goes from one character to a later one"),
        (r"[\d-z]", "a range goes from one character to a later one"),
        ("[]", "in a class the characters `[ ] ^ - & ~` are escaped"),
        ("[a", "a class is not closed"),
    ] {
        assert_eq!(
            Pattern::parse(pattern).unwrap_err(),
            PatternError::Syntax(message),
            "{pattern}"
        );
    }
}

#[test]
fn a_pattern_that_would_explode_is_refused_and_one_that_would_backtrack_is_not() {
    assert_eq!(
        Pattern::parse("(?:(?:a{100}){100}){2}").unwrap_err(),
        PatternError::TooLarge
    );
    assert_eq!(
        Pattern::parse(&"a".repeat(1001)).unwrap_err(),
        PatternError::TooLong
    );
    assert!(Pattern::parse(&format!("{}{}", "(".repeat(33), ")".repeat(33))).is_err());
    assert!(!is_in("^(a+)+$", &format!("{}b", "a".repeat(10_000))));
}

proptest! {
    #[test]
    fn whatever_the_grammar_admits_compiles(pattern in r"[ab.|()?*+{},0-9\\^$\[\]\-dwsb:]{0,12}") {
        if let Err(error) = Pattern::parse(&pattern) {
            prop_assert_ne!(error, PatternError::Syntax("the pattern cannot be compiled"), "{}", pattern);
        }
    }
}
