//! The tokens of a text as machines write it: without white space, its strings without escapes, its numbers whole and short
//!
//! That is nearly all of a document, and so it has a way that is short. Where a token is written otherwise, or is wrong, there is none
//! here, and `Lexer` itself reads on from the same place and says what is wrong.

use super::{Inside, JsonError, Lexer, Node, Number, Span, Text, offset};

impl Lexer<'_> {
    /// A token and what follows it: as it was read here, or else as the lexer reads it
    #[inline]
    pub(super) fn take<T>(
        &mut self,
        token: Option<(T, usize)>,
        otherwise: impl FnOnce(&mut Self) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        if let Some((token, after)) = token {
            *self = self.at(after);
            return Ok(token);
        }
        // A copy, so that the position itself need not be in memory.
        let mut lexer = *self;
        let token = otherwise(&mut lexer)?;
        *self = lexer;
        Ok(token)
    }

    /// A scalar, or the beginning of a container, and what follows it
    #[inline]
    pub(super) fn plain_value(self) -> Option<(Node, usize)> {
        match self.peek()? {
            b'"' => self
                .plain_string()
                .map(|(text, after)| (Node::String(text), after)),
            b'{' => Some((Node::Object(Inside::from(self.position())), self.past(1))),
            b'[' => Some((Node::Array(Inside::from(self.position())), self.past(1))),
            b'0'..=b'9' => self
                .short_number()
                .map(|(number, after)| (Node::Number(number), after)),
            _ => None,
        }
    }

    /// What a position is after so many bytes of the text
    fn past(self, bytes: usize) -> usize {
        // No text has so many bytes that it would wrap.
        self.position().wrapping_add(bytes)
    }

    /// A string, of which the opening quote comes next, and what follows it
    #[inline]
    pub(super) fn plain_string(self) -> Option<(Text, usize)> {
        let start = self.past(1);
        let end = self.at(start).end_of_plain();
        let span = Span {
            start: offset(start),
            end: offset(end),
        };
        let is_escaped = false;
        let end = self.at(end);
        (end.peek() == Some(b'"')).then(|| (Text { span, is_escaped }, end.past(1)))
    }

    /// A key with its colon, and what follows them
    #[inline]
    pub(super) fn plain_key(self) -> Option<(Text, usize)> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let (text, after) = self.plain_string()?;
        let after = self.at(after);
        (after.peek() == Some(b':')).then(|| (text, after.past(1)))
    }

    /// A number that comes next, and what follows it
    #[inline]
    pub(super) fn short_number(self) -> Option<(Number, usize)> {
        let (mut small, mut end) = (0_u32, self);
        while let Some(digit @ b'0'..=b'9') = end.peek() {
            // After nine digits it may wrap, and then it is not used.
            let digit = digit.wrapping_sub(b'0');
            small = small.wrapping_mul(10).wrapping_add(digit.into());
            end = self.at(end.past(1));
        }
        let digits = end.position().wrapping_sub(self.position());
        let is_padded = digits > 1 && self.peek() == Some(b'0');
        if is_padded || digits > 9 || matches!(end.peek(), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        let number = Number {
            span: Span {
                start: offset(self.position()),
                end: offset(end.position()),
            },
            is_integer: true,
            small,
        };
        Some((number, end.position()))
    }

    /// Whether a container that has just begun ends at once, and what follows then
    #[inline]
    pub(super) fn empty_at_once(self, is_object: bool) -> Option<(bool, usize)> {
        let next = self.peek()?;
        let is_empty = next == closing(is_object);
        (next > b' ').then(|| (is_empty, self.past(usize::from(is_empty))))
    }

    /// Whether there is more in a container after a value, and what follows the comma or the bracket
    #[inline]
    pub(super) fn next_at_once(self, is_object: bool) -> Option<(bool, usize)> {
        let close = closing(is_object);
        let byte = self.peek()?;
        let after = self.at(self.past(1));
        if byte == close {
            return Some((false, after.position()));
        }
        let next = after.peek()?;
        (byte == b',' && next > b' ' && next != close).then_some((true, after.position()))
    }
}

fn closing(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}
