//! JavaScript's regular expressions without flags or with `i`, matched by the core's own engine
//!
//! JavaScript matches UTF-16 units. So pattern and text are rewritten as units first: a half of a surrogate pair becomes a private
//! character of plane 16, whose own characters become pairs themselves. With `i` both are also folded as ECMAScript's `Canonicalize`
//! does. What the engine refuses, for example look-around, is refused here; what JavaScript refuses as well matches nothing there.

use std::iter::Peekable;
use std::str::Chars;

use super::WHITE_SPACE;
use crate::operator::pattern::{Pattern, PatternError, may_look_at};

/// A compiled expression
#[derive(Debug)]
pub(in crate::dialect) struct RegExp {
    // `None`: JavaScript refuses the expression.
    pattern: Option<Pattern>,
    is_folded: bool,
}

impl RegExp {
    pub(in crate::dialect) fn parse(text: &str, ignore_case: bool) -> Result<Self, PatternError> {
        if is_invalid(text) {
            return Ok(Self {
                pattern: None,
                is_folded: ignore_case,
            });
        }
        let units = units(text);
        let mut translator = Translator {
            rest: units.chars().peekable(),
            written: String::new(),
            is_folded: ignore_case,
        };
        translator.translate()?;
        Ok(Self {
            pattern: Some(Pattern::parse(&translator.written)?),
            is_folded: ignore_case,
        })
    }

    /// The size of the pattern, written out without repetitions
    pub(in crate::dialect) fn size(&self) -> u32 {
        self.pattern.as_ref().map_or(0, |pattern| pattern.size)
    }

    /// `expression.test(text)`, of a text within the limit of what an evaluation looks at
    pub(in crate::dialect) fn is_in(&self, text: &str) -> bool {
        let Some(pattern) = &self.pattern else {
            return false;
        };
        if !may_look_at([text]) {
            return false;
        }
        if !self.is_folded && text.chars().all(|character| character.len_utf16() == 1) {
            return pattern.is_in(text);
        }
        let text = units(text);
        if self.is_folded {
            pattern.is_in(&text.chars().map(canonicalize).collect::<String>())
        } else {
            pattern.is_in(&text)
        }
    }
}

/// One character for each UTF-16 unit
fn units(text: &str) -> String {
    let mut units = String::with_capacity(text.len());
    for character in text.chars() {
        if character.len_utf16() == 1 {
            units.push(character);
        } else {
            let mut pair = [0; 2];
            for half in character.encode_utf16(&mut pair) {
                units.extend(char::from_u32(u32::from(*half).saturating_add(0x0010_0000)));
            }
        }
    }
    units
}

/// ECMAScript's `Canonicalize` without the flag `u`
fn canonicalize(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) if one.len_utf16() == 1 && (character.is_ascii() || !one.is_ascii()) => {
            one
        }
        _ => character,
    }
}

/// Whether JavaScript certainly refuses the expression: an open class or group, or a quantifier with nothing to repeat
fn is_invalid(text: &str) -> bool {
    let (mut depth, mut can_repeat) = (0_usize, false);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                let escaped = rest.next();
                can_repeat = !matches!(escaped, Some('b' | 'B'));
                if escaped.is_none() {
                    return true;
                }
            }
            '[' => {
                if !skip_class(&mut rest) {
                    return true;
                }
                can_repeat = true;
            }
            '(' => {
                depth = depth.saturating_add(1);
                can_repeat = false;
                // `(?:`, `(?=` and their like: the `?` repeats nothing, and what follows begins anew.
                if rest.next_if_eq(&'?').is_some() {
                    rest.next();
                }
            }
            ')' => {
                let Some(outer) = depth.checked_sub(1) else {
                    return true;
                };
                depth = outer;
                can_repeat = true;
            }
            '*' | '+' | '?' => {
                if !can_repeat {
                    return true;
                }
                rest.next_if_eq(&'?');
                can_repeat = false;
            }
            '|' | '^' | '$' => can_repeat = false,
            // Also `{`, which repeats in `{1}` and not in `{a`: the next `*` is left to the engine.
            _ => can_repeat = true,
        }
    }
    depth != 0
}

/// Skips a class up to its `]`; `false` if there is none
fn skip_class(rest: &mut Peekable<Chars<'_>>) -> bool {
    while let Some(character) = rest.next() {
        match character {
            ']' => return true,
            '\\' => {
                rest.next();
            }
            _ => {}
        }
    }
    false
}

/// Rewrites an expression of units for the core's engine
struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    written: String,
    is_folded: bool,
}

/// What a class names
enum Atom {
    /// `\d` and its like
    Set(char),
    Character(char),
}

impl Translator<'_> {
    fn translate(&mut self) -> Result<(), PatternError> {
        while let Some(character) = self.rest.next() {
            match character {
                '.' => self.written.push_str("[^\n\r\u{2028}\u{2029}]"),
                '\\' => self.escape()?,
                '[' => self.class()?,
                '{' => self.braces(),
                '*' | '+' | '?' | '(' | ')' | '|' | '^' | '$' => self.written.push(character),
                character => self.literal(character),
            }
        }
        Ok(())
    }

    /// A character that stands for itself
    fn literal(&mut self, character: char) {
        let character = if self.is_folded {
            canonicalize(character)
        } else {
            character
        };
        if character.is_ascii_punctuation() && !matches!(character, '<' | '>') {
            self.written.push('\\');
        }
        self.written.push(character);
    }

    /// A repetition, or a `{` that stands for itself
    fn braces(&mut self) {
        let mut ahead = self.rest.clone();
        let (mut inside, mut is_closed) = (String::new(), false);
        while let Some(character) =
            ahead.next_if(|next| next.is_ascii_digit() || matches!(next, ',' | '}'))
        {
            if character == '}' {
                is_closed = true;
                break;
            }
            inside.push(character);
        }
        let starts_well = inside.starts_with(|first: char| first.is_ascii_digit());
        if is_closed && starts_well && inside.matches(',').count() < 2 {
            self.written.extend(["{", &inside, "}"]);
            self.rest = ahead;
        } else {
            self.literal('{');
        }
    }

    fn escape(&mut self) -> Result<(), PatternError> {
        match self.rest.next() {
            Some('s') => self.written.extend(["[", WHITE_SPACE, "]"]),
            Some('S') => self.written.extend(["[^", WHITE_SPACE, "]"]),
            Some(letter @ ('d' | 'D' | 'w' | 'W' | 'b' | 'B')) => {
                self.written.extend(['\\', letter]);
            }
            escaped => {
                let character = self.escaped(escaped)?;
                self.literal(character);
            }
        }
        Ok(())
    }

    /// The character that an escape stands for
    fn escaped(&mut self, escaped: Option<char>) -> Result<char, PatternError> {
        let digits = match escaped {
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some('f') => return Ok('\u{c}'),
            Some('v') => return Ok('\u{b}'),
            Some('x') => 2,
            Some('u') => 4,
            Some(character) if !character.is_ascii_alphanumeric() => return Ok(character),
            _ => return Err(PatternError::Syntax("an escape is not supported")),
        };
        let mut unit = 0_u32;
        for _ in 0..digits {
            let digit = self.rest.next().and_then(|digit| digit.to_digit(16));
            let digit = digit.ok_or(PatternError::Syntax(
                "`\\x` has two hexadecimal digits and `\\u` four",
            ))?;
            unit = (unit << 4) | digit;
        }
        let character = match unit {
            0xd800..=0xdfff => char::from_u32(unit.saturating_add(0x0010_0000)),
            unit => char::from_u32(unit),
        };
        Ok(character.unwrap_or_default())
    }

    /// A class, of which the `[` has been read
    fn class(&mut self) -> Result<(), PatternError> {
        self.written.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.written.push('^');
        }
        let (mut has_space, mut has_other, mut is_empty) = (false, false, true);
        while let Some(first) = self.rest.next() {
            if first == ']' {
                break;
            }
            is_empty = false;
            match self.atom(first)? {
                Atom::Set('s') => {
                    has_space = true;
                    self.written.extend(["\\s", WHITE_SPACE]);
                }
                Atom::Set('S') => {
                    has_other = true;
                    self.written.push_str("\\S");
                }
                Atom::Set(letter) => self.written.extend(['\\', letter]),
                Atom::Character(low) => self.character_or_range(low)?,
            }
        }
        self.written.push(']');
        if is_empty {
            return Err(PatternError::Syntax("a class is empty"));
        }
        // Together the two are every character, however either is defined.
        if has_other && !has_space {
            return Err(PatternError::Syntax(
                "`\\S` in a class needs `\\s` beside it",
            ));
        }
        Ok(())
    }

    fn atom(&mut self, first: char) -> Result<Atom, PatternError> {
        if first != '\\' {
            return Ok(Atom::Character(first));
        }
        match self.rest.next() {
            Some(letter @ ('d' | 'D' | 'w' | 'W' | 's' | 'S')) => Ok(Atom::Set(letter)),
            Some('b') => Ok(Atom::Character('\u{8}')),
            escaped => self.escaped(escaped).map(Atom::Character),
        }
    }

    /// A character of a class, and the end of the range that it begins
    fn character_or_range(&mut self, low: char) -> Result<(), PatternError> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']')) {
            self.literal(low);
            return Ok(());
        }
        self.rest.next();
        let first = self.rest.next().unwrap_or_default();
        let high = match self.atom(first)? {
            Atom::Character(high) if low <= high => high,
            _ => {
                return Err(PatternError::Syntax(
                    "a range goes from a character up to another",
                ));
            }
        };
        if !self.is_folded {
            self.literal(low);
            self.written.push('-');
            self.literal(high);
            return Ok(());
        }
        if u32::from(high).saturating_sub(u32::from(low)) > MAX_FOLDED_RANGE {
            return Err(PatternError::Syntax(
                "a range without regard to case has at most 512 characters",
            ));
        }
        for character in low..=high {
            self.literal(character);
        }
        Ok(())
    }
}

/// Characters of a range that are folded one by one
const MAX_FOLDED_RANGE: u32 = 511;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(expression: &str, ignore_case: bool, text: &str) -> bool {
        RegExp::parse(expression, ignore_case).unwrap().is_in(text)
    }

    #[test]
    fn what_javascript_refuses_matches_nothing() {
        for expression in [
            "/???***[)",
            "a**",
            "*a",
            "(a",
            "a)",
            "[a",
            "a|*",
            "^*",
            "(?:+a)",
            "\\",
        ] {
            assert!(!is_match(expression, false, "aaa/"), "{expression}");
        }
    }

    #[test]
    fn what_only_the_engine_refuses_is_refused() {
        for expression in ["(?=a)", "(a)\\1", "(?<!a)b", "[^\\S]", "\\p{L}"] {
            assert!(RegExp::parse(expression, false).is_err(), "{expression}");
        }
    }

    #[test]
    fn units_white_space_and_line_ends_are_those_of_javascript() {
        assert!(is_match("^..$", false, "😀"));
        assert!(!is_match("^.$", false, "😀"));
        assert!(is_match("^😀$", false, "😀"));
        assert!(is_match("^[😀]{2}$", false, "😀"));
        assert!(is_match("\\s", false, "a\u{a0}b"));
        assert!(!is_match("\\S", false, "\u{3000}"));
        assert!(is_match("^[\\s\\S]+$", false, "a\n\u{2028}"));
        assert!(!is_match("^.$", false, "\u{2028}"));
        assert!(is_match("\\u00e9\\x41", false, "éA"));
        assert!(is_match("a/b\\/c", false, "a/b/c"));
    }

    #[test]
    fn case_is_folded_as_ecmascript_does() {
        assert!(is_match("(mobile|É)", true, "x é"));
        assert!(is_match("^[a-f]+$", true, "ABCDEF"));
        assert!(is_match("^[^a]$", true, "b"));
        assert!(!is_match("^[^a]$", true, "A"));
        // U+017F is upper case `S` but not ASCII, so it stays; `ß` has no single upper case.
        assert!(!is_match("s", true, "\u{17f}"));
        assert!(!is_match("ss", true, "ß"));
        assert!(is_match("\\w\\d", true, "q7"));
    }
}
