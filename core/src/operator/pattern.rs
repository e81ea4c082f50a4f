//! Regular expressions: the subset that a linear-time engine, the oracle and a browser interpret in the same way
//!
//! Anything outside the grammar is refused, so that engines cannot differ. A pattern is parsed to a tree and compiled to an automaton,
//! which takes at most linear time, takes no locks and shares no memory (docs/adr/0034).

mod bits;
mod class;
mod nfa;
mod pike;
mod tree;

use std::iter::Peekable;
use std::str::Chars;

use self::bits::Bits;
use self::class::{Class, ClassBuilder};
use self::nfa::{Nfa, TooLarge};
pub use self::tree::{Look, Node};
use crate::limits;

/// A pattern, searched for anywhere in a text
#[derive(Debug)]
pub struct Pattern {
    automaton: Automaton,
    /// Its parts, written out without repetitions
    pub(crate) size: u32,
    /// As the document has it
    pub text: Box<str>,
}

/// The syntax tree of a pattern, and the classes that its nodes name
#[derive(Debug)]
pub struct Tree {
    /// The whole pattern
    pub root: Node,
    classes: Vec<Class>,
    size: u32,
}

impl Tree {
    /// Reads a pattern; the error says where the grammar ends
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.chars().count() > limits::MAX_PATTERN_LENGTH {
            return Err(PatternError::TooLong);
        }
        let mut reader = PatternParser {
            rest: text.chars().peekable(),
            depth: 0,
            classes: Vec::new(),
        };
        let (root, size) = reader.alternatives()?;
        if reader.rest.next().is_some() {
            return Err(PatternError::Syntax("`)` without a group"));
        }
        if size > limits::MAX_PATTERN_SIZE {
            return Err(PatternError::TooLarge);
        }
        Ok(Self {
            root,
            classes: reader.classes,
            size,
        })
    }

    /// Whether the class at this position has no characters
    pub fn is_empty_class(&self, class: u16) -> bool {
        let class = self.classes.get(usize::from(class));
        class.is_none_or(Class::is_empty)
    }
}

#[derive(Debug)]
enum Automaton {
    Small(Box<Bits>),
    Large(Nfa),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let tree = Tree::parse(text)?;
        Ok(Self {
            automaton: match Bits::new(Nfa::new(&tree.root, tree.classes)?) {
                Ok(small) => Automaton::Small(Box::new(small)),
                Err(large) => Automaton::Large(large),
            },
            size: tree.size,
            text: text.into(),
        })
    }

    /// Whether it matches anywhere in a text; the caller has checked the limit with [`may_look_at`]
    pub(crate) fn is_in(&self, text: &str) -> bool {
        match &self.automaton {
            Automaton::Small(bits) => bits.is_match(text),
            Automaton::Large(nfa) => pike::is_match(nfa, text),
        }
    }
}

/// Whether the texts of a test are within [`limits::MAX_MATCHED_CHARACTERS`]
pub(crate) fn may_look_at<'t>(texts: impl IntoIterator<Item = &'t str>) -> bool {
    // One character is counted between each two, so that an array of very many empty texts has a cost too.
    let mut left = limits::MAX_MATCHED_CHARACTERS.checked_add(1);
    for text in texts {
        // A character has four bytes at most, so the characters of a text that is far too long need not be counted.
        let is_countable = text.len() / 4 <= limits::MAX_MATCHED_CHARACTERS;
        left = left
            .filter(|_| is_countable)
            .and_then(|left| left.checked_sub(text.chars().count())?.checked_sub(1));
        if left.is_none() {
            return false;
        }
    }
    true
}

/// Why a text is not a pattern
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The text is outside the grammar
    #[error("in the pattern: {0}")]
    Syntax(&'static str),
    /// More characters than [`limits::MAX_PATTERN_LENGTH`]
    #[error("a pattern has at most {} characters", limits::MAX_PATTERN_LENGTH)]
    TooLong,
    /// Written out without repetitions it is larger than [`limits::MAX_PATTERN_SIZE`]
    #[error(
        "the pattern repeats too much: written out it has more than {} parts",
        limits::MAX_PATTERN_SIZE
    )]
    TooLarge,
}

impl From<TooLarge> for PatternError {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

/// A part and its size, written out without repetitions
type Measured = (Node, u32);

/// Checks the grammar and measures
struct PatternParser<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
    classes: Vec<Class>,
}

impl PatternParser<'_> {
    fn alternatives(&mut self) -> Result<Measured, PatternError> {
        let (first, mut size) = self.sequence()?;
        let mut nodes = vec![first];
        while self.rest.next_if_eq(&'|').is_some() {
            let (next, its_size) = self.sequence()?;
            nodes.push(next);
            size = size.saturating_add(its_size);
        }
        Ok((Node::choice(nodes), size))
    }

    fn sequence(&mut self) -> Result<Measured, PatternError> {
        let (mut nodes, mut size) = (Vec::new(), 0_u32);
        while let Some(next) = self.rest.next_if(|next| !matches!(next, '|' | ')')) {
            let (node, its_size) = self.repeated(next)?;
            nodes.push(node);
            size = size.saturating_add(its_size);
        }
        Ok((Node::sequence(nodes), size.max(1)))
    }

    /// An atom or an assertion, and a quantifier, which only an atom may have
    fn repeated(&mut self, first: char) -> Result<Measured, PatternError> {
        let (node, size) = match first {
            '(' => self.group()?,
            '[' => (self.class()?, 1),
            '.' => (self.add(|class| class.range('\n', '\n'), true), 1),
            '^' => (Node::Look(Look::Start), 1),
            '$' => (Node::Look(Look::End), 1),
            '\\' => (self.escape()?, 1),
            '*' | '+' | '?' | '{' => {
                return Err(PatternError::Syntax(
                    "a quantifier needs something to repeat",
                ));
            }
            '}' | ']' => return Err(PatternError::Syntax("a literal `}` or `]` is escaped")),
            character => (Node::Character(character), 1),
        };
        let Some((at_least, at_most)) = self.quantifier()? else {
            return Ok((node, size));
        };
        if first != '(' && matches!(node, Node::Look(_)) {
            return Err(PatternError::Syntax(
                "an anchor or a boundary cannot be repeated",
            ));
        }
        let times = u32::from(at_most.unwrap_or(at_least).max(1));
        Ok((node.repeated(at_least, at_most), size.saturating_mul(times)))
    }

    fn group(&mut self) -> Result<Measured, PatternError> {
        if self.rest.next_if_eq(&'?').is_some() && self.rest.next() != Some(':') {
            return Err(PatternError::Syntax("a group is `(…)` or `(?:…)`"));
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > limits::MAX_PATTERN_DEPTH {
            return Err(PatternError::Syntax("groups are nested too deeply"));
        }
        let group = self.alternatives()?;
        self.depth = self.depth.saturating_sub(1);
        if self.rest.next() == Some(')') {
            Ok(group)
        } else {
            Err(PatternError::Syntax("a group is not closed"))
        }
    }

    /// What follows a backslash outside a class
    fn escape(&mut self) -> Result<Node, PatternError> {
        match self.rest.next() {
            Some('b') => Ok(Node::Look(Look::Boundary)),
            Some('B') => Ok(Node::Look(Look::NoBoundary)),
            escaped => match in_escape(escaped)? {
                Member::Character(character) => Ok(Node::Character(character)),
                Member::Set(letter) => Ok(self.add(|class| class.escape(letter), false)),
            },
        }
    }

    /// How often at least and at most; `None` without a quantifier
    fn quantifier(&mut self) -> Result<Option<(u16, Option<u16>)>, PatternError> {
        let counts = match self
            .rest
            .next_if(|next| matches!(next, '*' | '+' | '?' | '{'))
        {
            None => return Ok(None),
            Some('{') => self.counts()?,
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some(_) => (0, Some(1)),
        };
        // A lazy quantifier changes which match is found, and not whether there is one.
        self.rest.next_if_eq(&'?');
        if self
            .rest
            .peek()
            .is_some_and(|next| matches!(next, '*' | '+' | '?' | '{'))
        {
            return Err(PatternError::Syntax("a quantifier cannot be repeated"));
        }
        Ok(Some(counts))
    }

    fn counts(&mut self) -> Result<(u16, Option<u16>), PatternError> {
        let lower = self
            .count()?
            .ok_or(PatternError::Syntax("a count is a number of at most 1000"))?;
        let upper = match self.rest.next_if_eq(&',') {
            Some(_) => self.count()?,
            None => Some(lower),
        };
        if self.rest.next() != Some('}') {
            return Err(PatternError::Syntax("counts are `{n}`, `{n,}` or `{n,m}`"));
        }
        if upper.is_some_and(|upper| upper < lower) {
            return Err(PatternError::Syntax("counts are the wrong way round"));
        }
        Ok((lower, upper))
    }

    fn count(&mut self) -> Result<Option<u16>, PatternError> {
        let mut count = None;
        while let Some(digit) = self.rest.peek().and_then(|next| next.to_digit(10)) {
            self.rest.next();
            let value = count
                .unwrap_or(0_u16)
                .saturating_mul(10)
                .saturating_add(u16::try_from(digit).unwrap_or(0));
            if value > limits::MAX_PATTERN_COUNT {
                return Err(PatternError::Syntax("a count is a number of at most 1000"));
            }
            count = Some(value);
        }
        Ok(count)
    }

    fn class(&mut self) -> Result<Node, PatternError> {
        let is_negated = self.rest.next_if_eq(&'^').is_some();
        let mut class = ClassBuilder::default();
        let mut is_empty = true;
        loop {
            match self.rest.next() {
                Some(']') if !is_empty => {
                    return Ok(self.node(class.build(is_negated)));
                }
                first => {
                    let low = class_member(first, &mut self.rest)?;
                    let high = match self.rest.next_if_eq(&'-') {
                        Some(_) => {
                            let next = self.rest.next();
                            Some(class_member(next, &mut self.rest)?)
                        }
                        None => None,
                    };
                    match (low, high) {
                        (Member::Set(letter), None) => class.escape(letter),
                        (Member::Character(only), None) => class.range(only, only),
                        (Member::Character(low), Some(Member::Character(high))) if low <= high => {
                            class.range(low, high);
                        }
                        _ => {
                            return Err(PatternError::Syntax(
                                "a range goes from one character to a later one",
                            ));
                        }
                    }
                }
            }
            is_empty = false;
        }
    }

    /// Adds a class with the characters that `members` adds, or with all others if it is negated
    fn add(&mut self, members: impl FnOnce(&mut ClassBuilder), is_negated: bool) -> Node {
        let mut class = ClassBuilder::default();
        members(&mut class);
        self.node(class.build(is_negated))
    }

    fn node(&mut self, class: Class) -> Node {
        let known = self.classes.iter().position(|other| *other == class);
        let position = known.unwrap_or(self.classes.len());
        if known.is_none() {
            self.classes.push(class);
        }
        // A pattern has fewer classes than characters.
        Node::Class(u16::try_from(position).unwrap_or(u16::MAX))
    }
}

/// What an escape or a character in a class stands for
#[derive(Clone, Copy)]
enum Member {
    Character(char),
    /// A class by itself, as `\d`
    Set(char),
}

fn class_member(
    first: Option<char>,
    rest: &mut Peekable<Chars<'_>>,
) -> Result<Member, PatternError> {
    match first {
        Some('\\') => in_escape(rest.next()),
        Some('[' | ']' | '^' | '-' | '&' | '~') => Err(PatternError::Syntax(
            "in a class the characters `[ ] ^ - & ~` are escaped",
        )),
        Some(character) => Ok(Member::Character(character)),
        None => Err(PatternError::Syntax("a class is not closed")),
    }
}

fn in_escape(escaped: Option<char>) -> Result<Member, PatternError> {
    let character = match escaped {
        Some(letter @ ('d' | 'D' | 'w' | 'W' | 's' | 'S')) => return Ok(Member::Set(letter)),
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('f') => '\u{c}',
        Some('v') => '\u{b}',
        // `\<` and `\>` are boundaries in some engines and literals in others.
        Some(character) if character.is_ascii_punctuation() && !matches!(character, '<' | '>') => {
            character
        }
        _ => {
            return Err(PatternError::Syntax(
                "after a backslash comes one of `dDwWsSbBnrtfv` or ASCII punctuation",
            ));
        }
    };
    Ok(Member::Character(character))
}

#[cfg(test)]
mod tests;
