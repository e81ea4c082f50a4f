//! Regular expressions: the subset that a linear-time engine, the oracle and a browser read alike
//!
//! The grammar is checked here, and what passes is handed to `regex-lite`, whose classes are ASCII and whose running time is
//! linear. What is outside the grammar is refused, so that no engine's own reading can show.

use std::iter::Peekable;
use std::str::Chars;

use crate::limits;

/// A pattern, searched for anywhere in a text
#[derive(Debug, Clone)]
pub(crate) struct Pattern(pub(crate) regex_lite::Regex);

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        if text.chars().count() > limits::PATTERN_LENGTH {
            return Err(PatternError::TooLong);
        }
        let mut reader = Reader {
            rest: text.chars().peekable(),
            depth: 0,
        };
        let size = reader.alternatives()?;
        if reader.rest.next().is_some() {
            return Err(PatternError::Syntax("`)` without a group"));
        }
        if size > limits::PATTERN_SIZE {
            return Err(PatternError::TooLarge);
        }
        let regex = regex_lite::RegexBuilder::new(text)
            .size_limit(usize::MAX)
            .nest_limit(u32::MAX)
            .build();
        regex
            .map(Self)
            .map_err(|_| PatternError::Syntax("the pattern cannot be compiled"))
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Why a text is no pattern
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is outside the grammar
    #[error("in the pattern: {0}")]
    Syntax(&'static str),
    /// More characters than [`limits::PATTERN_LENGTH`]
    #[error("a pattern has at most {} characters", limits::PATTERN_LENGTH)]
    TooLong,
    /// Written out without repetitions it is larger than [`limits::PATTERN_SIZE`]
    #[error(
        "the pattern repeats too much: written out it has more than {} parts",
        limits::PATTERN_SIZE
    )]
    TooLarge,
}

/// Checks the grammar and measures; each rule returns the size of what it read, written out without repetitions
struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Reader<'_> {
    fn alternatives(&mut self) -> Result<usize, PatternError> {
        let mut size = self.sequence()?;
        while self.rest.next_if_eq(&'|').is_some() {
            size = size.saturating_add(self.sequence()?);
        }
        Ok(size.max(1))
    }

    fn sequence(&mut self) -> Result<usize, PatternError> {
        let mut size = 0_usize;
        while let Some(next) = self.rest.next_if(|next| !matches!(next, '|' | ')')) {
            size = size.saturating_add(self.repeated(next)?);
        }
        Ok(size.max(1))
    }

    /// An atom or an assertion, and a quantifier, which only an atom may have
    fn repeated(&mut self, first: char) -> Result<usize, PatternError> {
        let (size, is_atom) = match first {
            '(' => (self.group()?, true),
            '[' => (self.class()?, true),
            '^' | '$' => (1, false),
            '\\' => (1, self.escape()?),
            '*' | '+' | '?' | '{' => {
                return Err(PatternError::Syntax(
                    "a quantifier needs something to repeat",
                ));
            }
            '}' | ']' => return Err(PatternError::Syntax("a literal `}` or `]` is escaped")),
            _ => (1, true),
        };
        let Some(times) = self.quantifier()? else {
            return Ok(size);
        };
        if !is_atom {
            return Err(PatternError::Syntax(
                "an anchor or a boundary cannot be repeated",
            ));
        }
        Ok(size.saturating_mul(times))
    }

    fn group(&mut self) -> Result<usize, PatternError> {
        if self.rest.next_if_eq(&'?').is_some() && self.rest.next() != Some(':') {
            return Err(PatternError::Syntax("a group is `(…)` or `(?:…)`"));
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > limits::PATTERN_DEPTH {
            return Err(PatternError::Syntax("groups are nested too deeply"));
        }
        let size = self.alternatives()?;
        self.depth = self.depth.saturating_sub(1);
        if self.rest.next() == Some(')') {
            Ok(size)
        } else {
            Err(PatternError::Syntax("a group is not closed"))
        }
    }

    /// What follows a backslash outside a class; whether it is an atom
    fn escape(&mut self) -> Result<bool, PatternError> {
        match self.rest.next() {
            Some('b' | 'B') => Ok(false),
            other => in_escape(other).map(|_| true),
        }
    }

    /// How often at most, which is what the size is multiplied by; `None` without a quantifier
    fn quantifier(&mut self) -> Result<Option<usize>, PatternError> {
        let times = match self
            .rest
            .next_if(|next| matches!(next, '*' | '+' | '?' | '{'))
        {
            None => return Ok(None),
            Some('{') => self.counts()?,
            Some(_) => 1,
        };
        // Lazy: another match, but a match all the same.
        self.rest.next_if_eq(&'?');
        if self
            .rest
            .peek()
            .is_some_and(|next| matches!(next, '*' | '+' | '?' | '{'))
        {
            return Err(PatternError::Syntax("a quantifier cannot be repeated"));
        }
        Ok(Some(times))
    }

    fn counts(&mut self) -> Result<usize, PatternError> {
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
        match upper {
            Some(upper) if upper < lower => {
                Err(PatternError::Syntax("counts are the wrong way round"))
            }
            Some(upper) => Ok(upper.max(1)),
            None => Ok(lower.max(1)),
        }
    }

    fn count(&mut self) -> Result<Option<usize>, PatternError> {
        let mut count = None;
        while let Some(digit) = self.rest.peek().and_then(|next| next.to_digit(10)) {
            self.rest.next();
            let value = count
                .unwrap_or(0_usize)
                .saturating_mul(10)
                .saturating_add(usize::try_from(digit).unwrap_or(0));
            if value > limits::PATTERN_COUNT {
                return Err(PatternError::Syntax("a count is a number of at most 1000"));
            }
            count = Some(value);
        }
        Ok(count)
    }

    fn class(&mut self) -> Result<usize, PatternError> {
        self.rest.next_if_eq(&'^');
        let mut is_empty = true;
        loop {
            match self.rest.next() {
                Some(']') if !is_empty => return Ok(1),
                first => {
                    let low = class_member(first, &mut self.rest)?;
                    if self.rest.next_if_eq(&'-').is_some() {
                        let next = self.rest.next();
                        let high = class_member(next, &mut self.rest)?;
                        if low.zip(high).is_none_or(|(low, high)| low > high) {
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
}

/// A member of a class: the character, or `None` where it is a class itself, as `\d`
fn class_member(
    first: Option<char>,
    rest: &mut Peekable<Chars<'_>>,
) -> Result<Option<char>, PatternError> {
    match first {
        Some('\\') => in_escape(rest.next()),
        Some('[' | ']' | '^' | '-' | '&' | '~') => Err(PatternError::Syntax(
            "in a class the characters `[ ] ^ - & ~` are escaped",
        )),
        Some(character) => Ok(Some(character)),
        None => Err(PatternError::Syntax("a class is not closed")),
    }
}

/// The character that an escape stands for, or `None` where it stands for a class
fn in_escape(escaped: Option<char>) -> Result<Option<char>, PatternError> {
    match escaped {
        Some('d' | 'D' | 'w' | 'W' | 's' | 'S') => Ok(None),
        Some('n') => Ok(Some('\n')),
        Some('r') => Ok(Some('\r')),
        Some('t') => Ok(Some('\t')),
        Some('f') => Ok(Some('\u{c}')),
        Some('v') => Ok(Some('\u{b}')),
        // `\<` and `\>` are boundaries in some engines and literals in others.
        Some(character) if character.is_ascii_punctuation() && !matches!(character, '<' | '>') => {
            Ok(Some(character))
        }
        _ => Err(PatternError::Syntax(
            "after a backslash comes one of `dDwWsSbBnrtfv` or ASCII punctuation",
        )),
    }
}

#[cfg(test)]
mod tests;
