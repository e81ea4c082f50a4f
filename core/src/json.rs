//! JSON text, read once into a flat list of nodes
//!
//! A document is read object by object, and all of them into the same list: nothing is allocated for what is only looked at.
//! Strings and numbers stay in the text until somebody asks for them, and so does what is wrong with them: half a surrogate pair
//! or a number beyond a double breaks the flag that has it, and in a member that nobody knows it breaks nothing.

mod decode;
mod lexer;
mod node;

use std::borrow::Cow;

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
    Key(Text),
    /// A key that has a meaning where it stands
    Name(Name),
}

/// Bytes of the text
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn of(self, text: &str) -> &str {
        let bytes = index(self.start)..index(self.end);
        text.get(bytes).unwrap_or_default()
    }
}

/// A position as a node holds it; `Tape::read` refuses texts that have larger ones
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    span: Span,
    // Without a fraction or an exponent.
    is_integer: bool,
}

impl Number {
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
    /// Notes that a member has this name
    pub(crate) fn note(&mut self, name: Name) {
        self.names |= bit(name);
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
    // The positions of the containers that are not closed yet.
    open: Vec<usize>,
}

impl Tape {
    /// Reads a text that is one value and nothing else
    pub(crate) fn read_whole(&mut self, text: &str) -> Result<(), JsonError> {
        let mut lexer = Lexer::new(text);
        self.read(&mut lexer)?;
        lexer.end()
    }

    /// Reads the value that comes next, however deep: nothing here calls itself
    pub(crate) fn read(&mut self, lexer: &mut Lexer<'_>) -> Result<(), JsonError> {
        self.nodes.clear();
        self.open.clear();
        if u32::try_from(lexer.text().len()).is_err() {
            return Err(lexer.error("a text of 4 GiB or more"));
        }
        loop {
            if self.begin(lexer)? {
                continue;
            }
            loop {
                let Some(position) = self.open.last() else {
                    return Ok(());
                };
                let is_object = matches!(self.nodes.get(*position), Some(Node::Object(_)));
                if lexer.has_next(is_object)? {
                    if is_object {
                        self.key(lexer)?;
                    }
                    break;
                }
                self.close(lexer);
            }
        }
    }

    /// Begins a value; whether one inside it is to be read before it is complete
    fn begin(&mut self, lexer: &mut Lexer<'_>) -> Result<bool, JsonError> {
        let node = lexer.value()?;
        self.nodes.push(node);
        let is_object = match node {
            Node::Object(_) => true,
            Node::Array(_) => false,
            _ => return Ok(false),
        };
        self.open.push(self.nodes.len().saturating_sub(1));
        if lexer.is_empty(is_object)? {
            self.close(lexer);
            return Ok(false);
        }
        if is_object {
            self.key(lexer)?;
        }
        Ok(true)
    }

    fn key(&mut self, lexer: &mut Lexer<'_>) -> Result<(), JsonError> {
        let key = lexer.key()?;
        self.nodes.push(Node::Key(key));
        Ok(())
    }

    /// Completes the innermost container, whose bracket has just been read
    fn close(&mut self, lexer: &Lexer<'_>) {
        let after = offset(self.nodes.len());
        let container = self
            .open
            .pop()
            .and_then(|position| self.nodes.get_mut(position));
        if let Some(Node::Array(inside) | Node::Object(inside)) = container {
            inside.after = after;
            inside.span.end = offset(lexer.position());
        }
    }

    /// What lies there, of the value read last
    pub(crate) fn at<'t>(&'t self, source: Source<'t>) -> Json<'t> {
        Json::new(source.text, &self.nodes, source.position)
    }

    /// Its nodes, for who gives keys their names
    pub(crate) fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
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
