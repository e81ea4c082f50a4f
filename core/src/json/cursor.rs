//! Reads a text value by value: an object field by field, each value read onto a tape or skipped
//!
//! So the text of each value is known, and the values after an unreadable one can still be read.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny};
use serde_json::de::StrRead;

use super::{JsonError, Source, Tape, check_length, message};

/// A place in a text, before or after a value
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    // The key read last.
    key: Tape,
}

impl<'t> Cursor<'t> {
    /// At the start of a text
    pub(crate) fn new(text: &'t str) -> Result<Self, JsonError> {
        check_length(text)?;
        Ok(Self {
            text,
            at: 0,
            key: Tape::default(),
        })
    }

    /// Reads the next object: calls `read` with the key of each field, which must read or skip the value
    pub(crate) fn fields(
        &mut self,
        mut read: impl FnMut(&mut Self, Arc<str>) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.expect(b'{', "expected an object")?;
        let mut is_first = true;
        while !self.take(b'}') {
            if !is_first {
                self.expect(b',', "expected `,` or `}`")?;
            }
            is_first = false;
            let key = self.key()?;
            self.expect(b':', "expected `:`")?;
            read(self, key)?;
        }
        Ok(())
    }

    /// Reads the next value; [`Tape::unreadable`] is the reason if its reading ended early
    pub(crate) fn value(&mut self, tape: &mut Tape) -> Result<Source<'t>, JsonError> {
        let rest = self.rest();
        let mut deserializer = serde_json::Deserializer::from_str(rest);
        if tape
            .seed(rest, usize::MAX)
            .deserialize(&mut deserializer)
            .is_ok()
        {
            let own = self.pass(deserializer);
            return Ok(Source {
                text: rest,
                position: 0,
                own,
            });
        }
        let own = self.skip()?;
        tape.read_object(own)?;
        Ok(Source::whole(own))
    }

    /// Skips the next value and returns its text
    pub(crate) fn skip(&mut self) -> Result<&'t str, JsonError> {
        let mut deserializer = serde_json::Deserializer::from_str(self.rest());
        match IgnoredAny::deserialize(&mut deserializer) {
            Ok(_) => Ok(self.pass(deserializer)),
            Err(error) => Err(self.refusal(&message(&error))),
        }
    }

    /// Refuses a text with anything but white space after the last value
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.refusal("trailing characters"))
        }
    }

    /// The next byte that is not white space
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.rest().bytes().next()
    }

    fn key(&mut self) -> Result<Arc<str>, JsonError> {
        let rest = self.rest();
        let mut deserializer = serde_json::Deserializer::from_str(rest);
        if let Err(error) = self
            .key
            .seed(rest, usize::MAX)
            .deserialize(&mut deserializer)
        {
            return Err(self.refusal(&message(&error)));
        }
        self.pass(deserializer);
        match self.key.at(Source::whole(rest)).text() {
            Some(key) => Ok(key.into()),
            None => Err(self.refusal("key must be a string")),
        }
    }

    /// The rest of the text, without leading white space
    fn rest(&mut self) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let rest = rest.trim_start_matches([' ', '\n', '\t', '\r']);
        self.at = self.text.len().saturating_sub(rest.len());
        rest
    }

    /// Skips what a deserializer of the rest has read, and returns it
    fn pass(&mut self, deserializer: serde_json::Deserializer<StrRead<'t>>) -> &'t str {
        let start = self.at;
        let length = deserializer.into_iter::<IgnoredAny>().byte_offset();
        self.at = start.saturating_add(length);
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Skips this character if it is the next one
    fn take(&mut self, character: u8) -> bool {
        let is_next = self.peek() == Some(character);
        self.at = self.at.saturating_add(is_next.into());
        is_next
    }

    fn expect(&mut self, character: u8, otherwise: &str) -> Result<(), JsonError> {
        if self.take(character) {
            Ok(())
        } else {
            Err(self.refusal(otherwise))
        }
    }

    /// Why the text is refused: the error of `serde_json` with line and column, or `otherwise` if the text is valid JSON
    fn refusal(&self, otherwise: &str) -> JsonError {
        match serde_json::from_str::<IgnoredAny>(self.text) {
            Err(error) => error.into(),
            Ok(_) => JsonError(otherwise.into()),
        }
    }
}
