//! The visitor that turns the values of a text into nodes

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::names::Name;
use super::{Field, Inside, Node, Tape, Text, bit, offset, place};

/// Appends a value to the nodes of a tape
#[derive(Debug)]
pub(crate) struct ValueSeed<'a> {
    tape: &'a mut Tape,
    text: &'a str,
}

impl<'a> ValueSeed<'a> {
    pub(super) fn new(tape: &'a mut Tape, text: &'a str) -> Self {
        Self { tape, text }
    }

    /// A seed for a value inside
    #[inline]
    fn inner(&mut self) -> ValueSeed<'_> {
        ValueSeed {
            tape: self.tape,
            text: self.text,
        }
    }

    #[inline]
    fn push(self, node: Node) {
        self.tape.nodes.push(node);
    }

    /// Begins a container and returns its position
    #[inline]
    fn open(&mut self, node: Node) -> usize {
        let position = self.tape.nodes.len();
        self.tape.nodes.push(node);
        self.tape.depth = self.tape.depth.wrapping_sub(1);
        position
    }

    /// Completes the container at a position
    #[inline]
    fn close(self, position: usize, count: u32, names: u64) {
        self.tape.depth = self.tape.depth.wrapping_add(1);
        let after = offset(self.tape.nodes.len());
        if let Some(Node::Array(inside) | Node::Object(inside)) = self.tape.nodes.get_mut(position)
        {
            *inside = Inside {
                after,
                count,
                names,
            };
        }
    }

    /// Completes the field whose key is at a position, and returns the position after it
    #[inline]
    fn end(&mut self, key: usize) -> usize {
        let after = self.tape.nodes.len();
        if let Some(Node::Key(_, member)) = self.tape.nodes.get_mut(key) {
            member.next = offset(after);
        }
        after
    }

    /// A string that is a part of the text
    #[inline]
    fn borrowed(&self, string: &str) -> Text {
        let start = place(self.text, string);
        Text {
            start: offset(start),
            end: offset(start.wrapping_add(string.len())),
            is_decoded: false,
        }
    }

    /// A string that has escapes
    fn decoded(&mut self, string: &str) -> Text {
        let start = self.tape.decoded.len();
        self.tape.decoded.push_str(string);
        Text {
            start: offset(start),
            end: offset(self.tape.decoded.len()),
            is_decoded: true,
        }
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.tape.depth == 0 {
            // Visits a unit.
            return deserializer.deserialize_ignored_any(self);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    #[inline]
    fn visit_unit<E>(self) -> Result<(), E> {
        self.push(Node::Null);
        Ok(())
    }

    #[inline]
    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.push(Node::Boolean(value));
        Ok(())
    }

    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        reason = "language §1: rounded to nearest"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.push(Node::Number(value as f64));
        Ok(())
    }

    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        reason = "language §1: rounded to nearest"
    )]
    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.push(Node::Number(value as f64));
        Ok(())
    }

    #[inline]
    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        // `-0` becomes `0`.
        self.push(Node::Number(value + 0.0));
        Ok(())
    }

    #[inline]
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        let text = self.borrowed(value);
        self.push(Node::String(text));
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        let text = self.decoded(value);
        self.push(Node::String(text));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let position = self.open(Node::Array(Inside::OPEN));
        let mut count = 0_u32;
        while elements.next_element_seed(self.inner())?.is_some() {
            count = count.wrapping_add(1);
        }
        self.close(position, count, 0);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let position = self.open(Node::Object(Inside::OPEN));
        let mut names = 0;
        let mut key = position.wrapping_add(1);
        while let Some(bit) = members.next_key_seed(FieldSeed(self.inner()))? {
            names |= bit;
            members.next_value_seed(self.inner())?;
            key = self.end(key);
        }
        self.close(position, 0, names);
        Ok(())
    }
}

/// Appends the key of a field and returns the bit of its name
struct FieldSeed<'a>(ValueSeed<'a>);

impl FieldSeed<'_> {
    #[inline]
    fn push(self, text: Text, name: Option<Name>) -> u64 {
        self.0.push(Node::Key(text, Field { name, next: 0 }));
        name.map_or(0, bit)
    }
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_> {
    type Value = u64;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for FieldSeed<'_> {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a field")
    }

    #[inline]
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<u64, E> {
        let text = self.0.borrowed(value);
        Ok(self.push(text, Name::parse(value)))
    }

    fn visit_str<E>(mut self, value: &str) -> Result<u64, E> {
        let text = self.0.decoded(value);
        Ok(self.push(text, Name::parse(value)))
    }
}
