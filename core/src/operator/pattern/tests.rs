use std::collections::BTreeSet;

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

#[test]
fn what_is_longer_than_the_limit_is_not_looked_at_and_an_array_counts_as_one_text() {
    let limit = limits::MAX_MATCHED_CHARACTERS;
    for (texts, expected) in [
        (vec![], true),
        (vec!["a".repeat(limit)], true),
        (vec!["a".repeat(limit + 1)], false),
        // Characters are counted, not bytes.
        (vec!["😀".repeat(limit)], true),
        (vec!["😀".repeat(limit + 1)], false),
        (vec!["a".repeat(100 * limit)], false),
        (vec!["a".repeat(limit - 2), "b".into()], true),
        (vec!["a".repeat(limit - 1), "b".into()], false),
        (vec![String::new(); limit + 1], true),
        (vec![String::new(); limit + 2], false),
    ] {
        let texts = texts.iter().map(String::as_str);
        assert_eq!(
            may_look_at(texts.clone()),
            expected,
            "{:?}",
            texts.map(str::len).collect::<Vec<_>>()
        );
    }
}

/// Patterns of all parts of the grammar
fn patterns() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        4 => "[ab_ 1é😀]",
        1 => Just(".".to_owned()),
        1 => prop::sample::select(vec![
            r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\.", r"\n", "[^ab]", "[a-b1]", r"[\w😀]", r"[^\W]", "[а-я]", "[^é]",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["^", "$", r"\b", r"\B"]).prop_map(|look| format!("({look})")),
    ];
    atom.prop_recursive(5, 200, 4, |inner| {
        let repeated = (
            inner.clone(),
            "[*+?]|[{][0-3][}]|[{][0-2],[}]|[{][0-2],[3-5][}]",
        );
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner, 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            repeated.prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
}

/// The positions of a text at which a node can end, if it begins at one of `starts`: an engine that is plainly right
fn ends(
    node: &Node,
    classes: &[Class],
    text: &[char],
    starts: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let taking = |takes: &dyn Fn(char) -> bool| {
        let taken = starts
            .iter()
            .filter(|start| text.get(**start).is_some_and(|c| takes(*c)));
        taken.map(|start| start.saturating_add(1)).collect()
    };
    match node {
        Node::Character(expected) => taking(&|character| character == *expected),
        Node::Class(class) => taking(&|character| classes[usize::from(*class)].has(character)),
        Node::Look(look) => {
            let is_word = |position: Option<&char>| {
                position.is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_')
            };
            let holds = |start: &usize| {
                let before = start.checked_sub(1).and_then(|before| text.get(before));
                let is_boundary = is_word(before) != is_word(text.get(*start));
                match look {
                    Look::Start => *start == 0,
                    Look::End => *start == text.len(),
                    Look::Boundary => is_boundary,
                    Look::NoBoundary => !is_boundary,
                }
            };
            starts.iter().copied().filter(holds).collect()
        }
        Node::Sequence(nodes) => nodes.iter().fold(starts.clone(), |starts, node| {
            ends(node, classes, text, &starts)
        }),
        Node::Choice(nodes) => nodes
            .iter()
            .flat_map(|node| ends(node, classes, text, starts))
            .collect(),
        Node::Repeat(node, at_least, at_most) => {
            let again = |starts: &BTreeSet<usize>| ends(node, classes, text, starts);
            let mut latest = (0..*at_least).fold(starts.clone(), |starts, _| again(&starts));
            let mut all = latest.clone();
            // After as many rounds as there are positions nothing is new.
            let rounds = at_most.map_or(text.len().saturating_add(1), |most| {
                usize::from(most.saturating_sub(*at_least))
            });
            for _ in 0..rounds {
                latest = again(&latest);
                all.extend(&latest);
            }
            all
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn both_automata_match_what_the_tree_says(pattern in patterns(), text in "[ab_ 1é😀\n]{0,12}") {
        let mut reader = PatternParser { rest: pattern.chars().peekable(), depth: 0, classes: Vec::new() };
        let (tree, size) = reader.alternatives().unwrap();
        prop_assume!(size <= 2_000);
        let classes = reader.classes;
        let characters: Vec<char> = text.chars().collect();
        let starts = (0..=characters.len()).collect();
        let expected = !ends(&tree, &classes, &characters, &starts).is_empty();
        let nfa = Nfa::new(&tree, classes).unwrap();
        let most = usize::try_from(size).unwrap().saturating_mul(6).saturating_add(1);
        prop_assert!(nfa.len() <= most, "{} has {} states", pattern, nfa.len());
        prop_assert_eq!(pike::is_match(&nfa, &text), expected, "by lists: {} {:?}", &pattern, &text);
        if let Ok(bits) = Bits::new(nfa) {
            prop_assert_eq!(bits.is_match(&text), expected, "by bits: {} {:?}", &pattern, &text);
        }
    }
}
