//! The tokens of a text: what RFC 8259 allows, and the first thing that it does not

use std::borrow::Cow;

use super::{Inside, JsonError, Node, Number, Span, Text, decode, offset};
use crate::names::Name;

/// A position in a text, from where values and keys are read
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, position: 0 }
    }

    /// The byte that is read next
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// The same text from another position on
    #[inline]
    pub(super) fn at(self, position: usize) -> Self {
        Self { position, ..self }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn error(&self, message: impl Into<Cow<'static, str>>) -> JsonError {
        JsonError::new(message, self.text, self.position)
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn advance(&mut self) {
        self.position = self.position.saturating_add(1);
    }

    /// The next byte that is no white space, not yet taken
    pub(crate) fn skip_space(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.advance(),
                other => return other,
            }
        }
    }

    /// Nothing but white space is left
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        match self.skip_space() {
            None => Ok(()),
            Some(_) => Err(self.error("trailing characters")),
        }
    }

    /// A scalar, or the beginning of a container, whose end is not known yet
    pub(super) fn value(&mut self) -> Result<Node, JsonError> {
        match self.skip_space() {
            Some(b'"') => self.string().map(Node::String),
            Some(b'{') => {
                let start = self.position;
                self.advance();
                Ok(Node::Object(Inside::from(start)))
            }
            Some(b'[') => {
                let start = self.position;
                self.advance();
                Ok(Node::Array(Inside::from(start)))
            }
            Some(b'0'..=b'9') => self
                .take(self.short_number(), Self::number)
                .map(Node::Number),
            Some(b'-') => self.number().map(Node::Number),
            Some(b't') => self.word("true", Node::Boolean(true)),
            Some(b'f') => self.word("false", Node::Boolean(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(_) => Err(self.error("expected value")),
            None => Err(self.error("EOF while parsing a value")),
        }
    }

    fn word(&mut self, word: &'static str, node: Node) -> Result<Node, JsonError> {
        for byte in word.bytes() {
            match self.peek() {
                Some(found) if found == byte => self.advance(),
                Some(_) => return Err(self.error("expected ident")),
                None => return Err(self.error("EOF while parsing a value")),
            }
        }
        Ok(node)
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error(match self.peek() {
                Some(_) => "invalid number",
                None => "EOF while parsing a value",
            }));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.advance();
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Number, JsonError> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.advance();
        }
        if self.peek() == Some(b'0') {
            self.advance();
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.error("invalid number"));
            }
        } else {
            self.digits()?;
        }
        let end = self.position;
        if self.peek() == Some(b'.') {
            self.advance();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.advance();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance();
            }
            self.digits()?;
        }
        Ok(Number {
            span: self.since(start),
            is_integer: self.position == end,
            small: Number::NOT_SMALL,
        })
    }

    fn since(&self, start: usize) -> Span {
        Span {
            start: offset(start),
            end: offset(self.position),
        }
    }

    /// A string, of which the opening quote comes next
    fn string(&mut self) -> Result<Text, JsonError> {
        self.advance();
        let start = self.position;
        let mut is_escaped = false;
        loop {
            self.position = self.end_of_plain();
            match self.peek() {
                Some(b'"') => {
                    let span = self.since(start);
                    self.advance();
                    return Ok(Text { span, is_escaped });
                }
                Some(b'\\') => {
                    is_escaped = true;
                    self.escape()?;
                }
                Some(_) => {
                    return Err(self.error(
                        "control character (\\u0000-\\u001F) found while parsing a string",
                    ));
                }
                None => return Err(self.error("EOF while parsing a string")),
            }
        }
    }

    /// The next byte that has a meaning inside a string, sought eight at a time as far as there are eight
    #[inline]
    pub(super) fn end_of_plain(&self) -> usize {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const TOPS: u64 = 0x8080_8080_8080_8080;
        // The top bit of each ASCII byte below a limit; above the first one it may be set for nothing.
        let below = |word: u64, limit: u64| word.wrapping_sub(ONES.wrapping_mul(limit)) & !word;
        let is = |word: u64, byte: u8| below(word ^ ONES.wrapping_mul(byte.into()), 1);
        let mut at = self.position;
        let mut rest = self.text.as_bytes().get(at..).unwrap_or_default();
        while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*chunk);
            let found = (is(word, b'"') | is(word, b'\\') | below(word, 0x20)) & TOPS;
            if found != 0 {
                return at.wrapping_add((found.trailing_zeros() / 8) as usize);
            }
            at = at.wrapping_add(8);
            rest = after;
        }
        let is_plain = |byte: &&u8| !matches!(**byte, b'"' | b'\\' | 0..=0x1f);
        at.wrapping_add(rest.iter().take_while(is_plain).count())
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.advance();
        let digits = match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 0,
            Some(b'u') => 4,
            Some(_) => return Err(self.error("invalid escape")),
            None => return Err(self.error("EOF while parsing a string")),
        };
        self.advance();
        for _ in 0..digits {
            match self.peek() {
                Some(b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.advance(),
                Some(_) => return Err(self.error("invalid escape")),
                None => return Err(self.error("EOF while parsing a string")),
            }
        }
        Ok(())
    }

    /// A key and its colon
    pub(crate) fn key(&mut self) -> Result<Text, JsonError> {
        match self.skip_space() {
            Some(b'"') => {}
            Some(_) => return Err(self.error("key must be a string")),
            None => return Err(self.error("EOF while parsing an object")),
        }
        let key = self.string()?;
        match self.skip_space() {
            Some(b':') => self.advance(),
            Some(_) => return Err(self.error("expected `:`")),
            None => return Err(self.error("EOF while parsing an object")),
        }
        Ok(key)
    }

    /// The name that a key is
    #[inline]
    pub(super) fn name(&self, key: Text) -> Option<Name> {
        if key.is_escaped {
            let text = decode::string(key.span.of(self.text), true).ok()?;
            return Name::parse(text.as_bytes());
        }
        Name::parse(self.text.as_bytes().get(key.span.bytes())?)
    }

    /// A key that has a meaning, and its colon
    pub(crate) fn key_text(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let key = self.key()?;
        decode::string(key.span.of(self.text), key.is_escaped)
            .map_err(|message| JsonError::new(message, self.text, self.position))
    }

    /// Begins an object that must be there; whether it has members
    pub(crate) fn open(&mut self, expected: &'static str) -> Result<bool, JsonError> {
        if self.skip_space() != Some(b'{') {
            let error = self.error(format!("invalid type: expected {expected}"));
            self.value()?;
            return Err(error);
        }
        self.advance();
        self.is_empty(true).map(|is_empty| !is_empty)
    }

    /// Whether a container that has just begun ends at once
    pub(crate) fn is_empty(&mut self, is_object: bool) -> Result<bool, JsonError> {
        let next = self.skip_space();
        if next.is_none() {
            return Err(self.error(unclosed(is_object)));
        }
        let is_empty = next == Some(if is_object { b'}' } else { b']' });
        if is_empty {
            self.advance();
        }
        Ok(is_empty)
    }

    /// Whether there is more in a container after a value; takes the comma or the bracket
    pub(crate) fn has_next(&mut self, is_object: bool) -> Result<bool, JsonError> {
        let has_next = match (self.skip_space(), is_object) {
            (Some(b','), _) => true,
            (Some(b'}'), true) | (Some(b']'), false) => false,
            (Some(_), true) => return Err(self.error("expected `,` or `}`")),
            (Some(_), false) => return Err(self.error("expected `,` or `]`")),
            (None, _) => return Err(self.error(unclosed(is_object))),
        };
        self.advance();
        if has_next && !is_object && self.skip_space() == Some(b']') {
            return Err(self.error("trailing comma"));
        }
        if has_next && is_object && self.skip_space() == Some(b'}') {
            return Err(self.error("trailing comma"));
        }
        Ok(has_next)
    }
}

fn unclosed(is_object: bool) -> &'static str {
    if is_object {
        "EOF while parsing an object"
    } else {
        "EOF while parsing a list"
    }
}
