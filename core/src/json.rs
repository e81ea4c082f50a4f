//! JSON text, read once into a flat list of nodes
//!
//! A document is read object by object, and all of them into the same list: nothing is allocated for what is only looked at.
//! Strings and numbers stay in the text until somebody asks for them, and so does what is wrong with them: half a surrogate pair
//! or a number beyond a double breaks the flag that has it, and in a member that nobody knows it breaks nothing.

mod compact;
mod decode;
mod lexer;
mod node;

use std::borrow::Cow;
use std::ops::Range;

pub(crate) use lexer::Lexer;
pub(crate) use node::{Json, TOO_DEEP};

use crate::names::Name;
use crate::value::Value;

/// Containers inside one another that are read of what has a meaning
pub(crate) const DEPTH: usize = 127;

/// Text that is no JSON, or not the JSON that belongs there
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} at line {} column {}", .0.message, .0.line, .0.column)]
pub struct JsonError(Box<Fault>);

// Boxed, because every token that is read returns with room for it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    message: Cow<'static, str>,
    line: usize,
    column: usize,
}

impl JsonError {
    /// An error at a byte of a text
    pub(crate) fn new(message: impl Into<Cow<'static, str>>, text: &str, position: usize) -> Self {
        let end = position.saturating_add(1).min(text.len());
        let before = text.as_bytes().get(..end).unwrap_or_default();
        // A line that ends with the byte itself is still the one that it is on.
        let lines = before
            .get(..before.len().saturating_sub(1))
            .unwrap_or_default();
        let start = lines
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline.saturating_add(1));
        let line = lines.split(|byte| *byte == b'\n').count();
        Self(Box::new(Fault {
            message: message.into(),
            line,
            column: end.saturating_sub(start),
        }))
    }
}

/// A value of a text; what is inside a container follows it
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Boolean(bool),
    Number(Number),
    String(Text),
    Array(Inside),
    /// Its members are a key, or the name that it stands for, and the value
    Object(Inside),
    /// With the name that it is, be it one that has no meaning where it stands
    Key(Text, Option<Name>),
}

/// Bytes of the text
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn of(self, text: &str) -> &str {
        text.get(self.bytes()).unwrap_or_default()
    }

    fn bytes(self) -> Range<usize> {
        index(self.start)..index(self.end)
    }
}

/// A position as a node holds it; `Tape::read` refuses texts that have larger ones
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "a text that has larger ones is refused as soon as a value of it is read"
)]
fn offset(position: usize) -> u32 {
    position as u32
}

/// A position that a node holds, as a position in memory
fn index(position: u32) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// The characters of a string, without its quotes
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    span: Span,
    is_escaped: bool,
}

impl Text {
    /// Whether it is written as it is
    pub(crate) fn is_plain(self) -> bool {
        !self.is_escaped
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    span: Span,
    // Without a fraction or an exponent.
    is_integer: bool,
    // What it is, where that is known; most are.
    small: u32,
}

impl Number {
    /// What stands for a number that is negative, no integer, or of more than nine digits
    const NOT_SMALL: u32 = u32::MAX;

    /// What it is, where that is known without reading it once more
    pub(crate) fn small(self) -> Option<u32> {
        (self.small != Self::NOT_SMALL).then_some(self.small)
    }

    /// Whether it is so short that a double holds it, be it rounded
    fn is_safe(self) -> bool {
        self.is_integer && self.span.end.saturating_sub(self.span.start) < 300
    }
}

/// A container, brackets included
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inside {
    span: Span,
    // The position of the node that follows it.
    after: u32,
    // A bit for each name that its members have; two names may have the same one.
    names: u32,
}

impl Inside {
    /// A container that begins at this byte, and is not complete
    fn from(start: usize) -> Self {
        Self {
            span: Span {
                start: offset(start),
                end: 0,
            },
            after: 0,
            names: 0,
        }
    }

    /// Whether a member may have this name; most of those that are asked for are not there
    fn may_have(self, name: Name) -> bool {
        self.names & bit(name) != 0
    }
}

fn bit(name: Name) -> u32 {
    1_u32.rotate_left(name as u32)
}

/// Where a value lies: at a position of the tape that was read from a text
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'t> {
    pub(crate) text: &'t str,
    pub(crate) position: usize,
}

/// The nodes of one value; make one and read many
#[derive(Debug, Default)]
pub(crate) struct Tape {
    nodes: Vec<Node>,
    // What is not closed yet, but for the innermost.
    open: Vec<Open>,
}

/// A container that is being read
#[derive(Debug, Clone, Copy)]
struct Open {
    position: usize,
    is_object: bool,
    names: u32,
}

impl Tape {
    /// Reads a text that is one value and nothing else
    pub(crate) fn read_whole(&mut self, text: &str) -> Result<(), JsonError> {
        let mut lexer = Lexer::new(text);
        self.read(&mut lexer)?;
        lexer.end()
    }

    /// Reads the value that comes next, however deep: nothing here calls itself
    pub(crate) fn read(&mut self, from: &mut Lexer<'_>) -> Result<(), JsonError> {
        self.nodes.clear();
        self.open.clear();
        if u32::try_from(from.text().len()).is_err() {
            return Err(from.error("a text of 4 GiB or more"));
        }
        // Copies, so that positions need not be in memory.
        let mut lexer = *from;
        let mut nodes = std::mem::take(&mut self.nodes);
        let mut innermost: Option<Open> = None;
        loop {
            let position = nodes.len();
            let node = lexer.take(lexer.plain_value(), Lexer::value)?;
            nodes.push(node);
            let is_object = matches!(node, Node::Object(_));
            let is_container = is_object || matches!(node, Node::Array(_));
            if is_container {
                self.open.extend(innermost.replace(Open {
                    position,
                    is_object,
                    names: 0,
                }));
            }
            let mut is_complete = !is_container
                || lexer.take(lexer.empty_at_once(is_object), |lexer| {
                    lexer.is_empty(is_object)
                })?;
            let mut is_closed = is_container;
            while is_complete {
                if is_closed {
                    close(&mut nodes, innermost, lexer.position());
                    innermost = self.open.pop();
                }
                let Some(Open { is_object, .. }) = innermost else {
                    *from = lexer;
                    self.nodes = nodes;
                    return Ok(());
                };
                let has_next = lexer.take(lexer.next_at_once(is_object), |lexer| {
                    lexer.has_next(is_object)
                })?;
                is_complete = !has_next;
                is_closed = true;
            }
            if let Some(open) = &mut innermost
                && open.is_object
            {
                let key = lexer.take(lexer.plain_key(), Lexer::key)?;
                let name = lexer.name(key);
                open.names |= name.map_or(0, bit);
                nodes.push(Node::Key(key, name));
            }
        }
    }

    /// What lies there, of the value read last
    pub(crate) fn at<'t>(&'t self, source: Source<'t>) -> Json<'t> {
        Json::new(source.text, &self.nodes, source.position)
    }
}

/// Completes a container, whose bracket has just been read
fn close(nodes: &mut [Node], open: Option<Open>, end: usize) {
    let after = offset(nodes.len());
    let Some(open) = open else { return };
    if let Some(Node::Array(inside) | Node::Object(inside)) = nodes.get_mut(open.position) {
        inside.after = after;
        inside.names = open.names;
        inside.span.end = offset(end);
    }
}

impl Value {
    /// Reads JSON text
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        Self::from_json_within(text, DEPTH, true)
    }

    /// Reads JSON text; containers deeper than `depth` are refused, or else read as `null`
    pub(crate) fn from_json_within(
        text: &str,
        depth: usize,
        is_refused: bool,
    ) -> Result<Self, JsonError> {
        let mut tape = Tape::default();
        tape.read_whole(text)?;
        let root = tape.at(Source { text, position: 0 });
        match root.unreadable(depth, is_refused) {
            None => Ok(root.value(depth)),
            Some((node, message)) => Err(JsonError::new(message, text, node.start())),
        }
    }
}

#[cfg(test)]
mod tests;
