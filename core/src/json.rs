//! How is JSON text read, and where in it does a value stand?
//!
//! `serde_json` parses the text; one visitor appends the values to a list of nodes, the tape. Strings without escapes stay in the text.
//! The objects of a document are read one after the other onto the same tape, so that reading allocates nothing for each of them.

mod cursor;
pub(crate) mod names;
mod node;
mod visitor;

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny};

use self::names::Name;
use crate::value::Value;

pub(crate) use self::cursor::Cursor;
pub(crate) use self::node::{Json, whole};
use self::visitor::ValueSeed;

/// Text that is not JSON, or JSON that is not valid for its schema
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(Box<str>);

impl JsonError {
    /// An error of a field of a document
    pub(crate) fn of_field(name: &str, message: impl fmt::Display) -> Self {
        Self(format!("`{name}`: {message}").into())
    }

    /// An error of the value at a JSON pointer
    pub(crate) fn at(pointer: &str, message: &str) -> Self {
        if pointer.is_empty() {
            Self(message.into())
        } else {
            Self(format!("{message} at {pointer}").into())
        }
    }
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string().into())
    }
}

/// The message of an error without its line and column
fn message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

/// A value of a text; the values inside a container follow it
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Node {
    Null,
    Boolean(bool),
    /// Finite and not `-0`
    Number(f64),
    String(Text),
    Array(Inside),
    /// A key and a value for each field
    Object(Inside),
    /// The key of a field; the value follows
    Key(Text, Field),
}

/// A field of an object, as its key describes it
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field {
    /// The name that the key spells, even if it has no meaning in this object
    pub(crate) name: Option<Name>,
    // The position of the node that follows the value.
    next: u32,
}

impl Field {
    /// The position of the node that follows the value
    #[inline]
    pub(crate) fn next(self) -> usize {
        index(self.next)
    }
}

/// The characters of a string
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    start: u32,
    end: u32,
    // Among the decoded strings, and not in the text.
    is_decoded: bool,
}

impl Text {
    fn length(self) -> u32 {
        self.end.saturating_sub(self.start)
    }
}

/// A container
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inside {
    // The position of the node that follows the container.
    after: u32,
    // How many elements an array has.
    count: u32,
    // A bit for each name that the fields of an object have; two names may have the same bit.
    names: u64,
}

impl Inside {
    /// A container that is not complete
    const OPEN: Self = Self {
        after: 0,
        count: 0,
        names: 0,
    };

    /// Whether a field may have this name; most fields that are looked up are absent
    fn may_have(self, name: Name) -> bool {
        self.names & bit(name) != 0
    }
}

fn bit(name: Name) -> u64 {
    1_u64.rotate_left(name as u32)
}

/// Refuses a text that is too long for the positions in a node
pub(crate) fn check_length(text: &str) -> Result<(), JsonError> {
    match u32::try_from(text.len()) {
        Ok(_) => Ok(()),
        Err(_) => Err(JsonError("the text has 4 GiB or more".into())),
    }
}

/// A position as a node stores it
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "`check_length` refuses texts that have larger ones"
)]
fn offset(position: usize) -> u32 {
    position as u32
}

/// A position that a node stores, as an index
fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// The place of a value: its position on the tape, and the text that was read
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'t> {
    pub(crate) text: &'t str,
    pub(crate) position: usize,
    /// The text of the value alone
    pub(crate) own: &'t str,
}

impl<'t> Source<'t> {
    /// The value of a whole text
    pub(crate) fn whole(text: &'t str) -> Self {
        Self {
            text,
            position: 0,
            own: text,
        }
    }
}

/// The byte of a text at which a part of it begins
#[inline]
pub(crate) fn place(text: &str, part: &str) -> usize {
    part.as_ptr().addr().wrapping_sub(text.as_ptr().addr())
}

/// What is wrong with a value, and the position of its node
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) position: usize,
    pub(crate) message: String,
}

/// The nodes of one value; create one tape and read many values with it
#[derive(Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<Node>,
    // The strings that have escapes, decoded.
    decoded: String,
    // Why the value could not be read further.
    unreadable: Option<Box<Fault>>,
    // How many more arrays and objects may be nested; a value nested more deeply is read as `null`.
    depth: usize,
}

impl Tape {
    /// Reads a text that is one value and nothing else
    pub(crate) fn read(&mut self, text: &str) -> Result<(), JsonError> {
        self.read_within(text, usize::MAX)
    }

    /// As [`Self::read`], but a value that is nested more deeply is read as `null`
    pub(crate) fn read_within(&mut self, text: &str, depth: usize) -> Result<(), JsonError> {
        check_length(text)?;
        Ok(self.try_read(text, depth)?)
    }

    fn try_read(&mut self, text: &str, depth: usize) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        self.seed(text, depth).deserialize(&mut deserializer)?;
        deserializer.end()
    }

    /// Reads the text of one value as far as possible; [`Self::unreadable`] is the reason if it ended early
    pub(crate) fn read_object(&mut self, text: &str) -> Result<(), JsonError> {
        check_length(text)?;
        let Err(error) = self.try_read(text, usize::MAX) else {
            return Ok(());
        };
        // Valid JSON that has no value: a number beyond a double, half a surrogate pair, a value inside too many others.
        serde_json::from_str::<IgnoredAny>(text)?;
        self.unreadable = Some(Box::new(Fault {
            position: self.nodes.len(),
            message: message(&error),
        }));
        // In place of the value that could not be read.
        self.nodes.push(Node::Null);
        let end = offset(self.nodes.len());
        for node in &mut self.nodes {
            if let Node::Array(inside) | Node::Object(inside) = node
                && *inside == Inside::OPEN
            {
                inside.after = end;
            }
        }
        Ok(())
    }

    /// Reads the next value of a deserializer of this text
    fn seed<'a>(&'a mut self, text: &'a str, depth: usize) -> ValueSeed<'a> {
        self.nodes.clear();
        self.decoded.clear();
        self.unreadable = None;
        self.depth = depth;
        ValueSeed::new(self, text)
    }

    /// Why the value read last could not be read further
    pub(crate) fn unreadable(&self) -> Option<&Fault> {
        self.unreadable.as_deref()
    }

    /// A value of the text read last
    pub(crate) fn at<'t>(&'t self, source: Source<'t>) -> Json<'t> {
        Json::new(self, source.text, source.position)
    }
}

impl Value {
    /// Reads JSON text
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        let mut tape = Tape::default();
        tape.read(text)?;
        Ok(tape.at(Source::whole(text)).value())
    }
}

#[cfg(test)]
mod tests;
