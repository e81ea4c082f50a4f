//! Whether a pattern can match at all
//!
//! Only what is certain: an assertion of the start after something that must be there, one of the end before such a thing, and
//! a class of nothing. The pattern has passed the grammar, so that what is read here is one.

use std::iter::Peekable;
use std::str::Chars;

/// Whether no text at all has a match of this pattern of the language
pub(super) fn never_matches(pattern: &str) -> bool {
    let mut reader = Reader {
        rest: pattern.chars().peekable(),
    };
    reader.alternatives().is_impossible
}

/// What holds for every match of a part
#[expect(clippy::struct_excessive_bools, reason = "four independent facts")]
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    // There is no match.
    is_impossible: bool,
    // It has at least one character.
    has_text: bool,
    // It begins where the text begins.
    is_at_start: bool,
    // It ends where the text ends.
    is_at_end: bool,
}

impl Facts {
    const TEXT: Self = Self {
        is_impossible: false,
        has_text: true,
        is_at_start: false,
        is_at_end: false,
    };

    const NOTHING: Self = Self {
        is_impossible: true,
        has_text: true,
        is_at_start: true,
        is_at_end: true,
    };

    /// One after the other
    fn then(self, next: Self) -> Self {
        let is_torn = (self.has_text && next.is_at_start) || (self.is_at_end && next.has_text);
        Self {
            is_impossible: self.is_impossible || next.is_impossible || is_torn,
            has_text: self.has_text || next.has_text,
            // What comes before a start is empty, so that it begins there too.
            is_at_start: self.is_at_start || next.is_at_start,
            is_at_end: self.is_at_end || next.is_at_end,
        }
    }

    /// Either of them; what is impossible is no choice
    fn or(self, other: Self) -> Self {
        match (self.is_impossible, other.is_impossible) {
            (true, _) => other,
            (_, true) => self,
            _ => Self {
                is_impossible: false,
                has_text: self.has_text && other.has_text,
                is_at_start: self.is_at_start && other.is_at_start,
                is_at_end: self.is_at_end && other.is_at_end,
            },
        }
    }

    fn at_least(self, times: u32) -> Self {
        match times {
            0 => Self::default(),
            1 => self,
            _ => self.then(self),
        }
    }
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Reader<'_> {
    fn alternatives(&mut self) -> Facts {
        let mut facts = self.sequence();
        while self.rest.next_if_eq(&'|').is_some() {
            facts = facts.or(self.sequence());
        }
        facts
    }

    fn sequence(&mut self) -> Facts {
        let mut facts = Facts::default();
        while let Some(next) = self.rest.next_if(|next| !matches!(next, '|' | ')')) {
            let atom = self.atom(next);
            facts = facts.then(self.repeated(atom));
        }
        facts
    }

    fn atom(&mut self, first: char) -> Facts {
        match first {
            '^' => Facts {
                is_at_start: true,
                ..Facts::default()
            },
            '$' => Facts {
                is_at_end: true,
                ..Facts::default()
            },
            '(' => {
                if self.rest.next_if_eq(&'?').is_some() {
                    self.rest.next();
                }
                let facts = self.alternatives();
                self.rest.next();
                facts
            }
            '[' => self.class(),
            '\\' => match self.rest.next() {
                Some('b' | 'B') => Facts::default(),
                _ => Facts::TEXT,
            },
            _ => Facts::TEXT,
        }
    }

    fn repeated(&mut self, atom: Facts) -> Facts {
        let facts = match self.rest.peek() {
            Some('*' | '?') => atom.at_least(0),
            Some('+') => atom,
            Some('{') => {
                let mut times = 0_u32;
                self.rest.next();
                while let Some(digit) = self.rest.peek().and_then(|next| next.to_digit(10)) {
                    times = times.saturating_mul(10).saturating_add(digit);
                    self.rest.next();
                }
                while self.rest.next_if(|next| *next != '}').is_some() {}
                atom.at_least(times)
            }
            _ => return atom,
        };
        self.rest.next();
        self.rest.next_if_eq(&'?');
        facts
    }

    /// A class is of nothing where it denies a set and its complement
    fn class(&mut self) -> Facts {
        let is_negated = self.rest.next_if_eq(&'^').is_some();
        let mut sets = Vec::new();
        while let Some(next) = self.rest.next() {
            match next {
                ']' => break,
                '\\' => sets.extend(self.rest.next()),
                _ => {}
            }
        }
        let is_everything = [('d', 'D'), ('w', 'W'), ('s', 'S')]
            .iter()
            .any(|(set, complement)| sets.contains(set) && sets.contains(complement));
        if is_negated && is_everything {
            Facts::NOTHING
        } else {
            Facts::TEXT
        }
    }
}

#[cfg(test)]
mod tests {
    use super::never_matches;

    #[test]
    fn what_cannot_match_is_found() {
        for pattern in [
            "a^",
            "$a",
            "a+^b",
            "(a|b)^",
            "x(?:^a|^b)",
            "(^a){2}",
            "$(a|b)",
            "[^\\d\\D]",
            "(a^|$b)",
            "a(b$){2,3}",
            "[^\\w\\W]x|a^",
            ".^",
            "\\d^",
        ] {
            assert!(never_matches(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_may_match_is_left_alone() {
        for pattern in [
            "",
            "^",
            "$",
            "^$",
            "a*^b",
            "$a?",
            "(a^|b)",
            "(^a)*b",
            "(a^)?",
            "(a^){0,3}",
            "^^a$$",
            "(^)+",
            "\\b\\B",
            "[^\\d\\s]",
            "(^a)|b",
            "x?^y",
            "(|a)^",
        ] {
            assert!(!never_matches(pattern), "{pattern}");
        }
    }
}
