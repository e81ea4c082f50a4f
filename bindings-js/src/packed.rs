//! A context in shared memory: the attributes that one flag may read, each at the index of its path
//!
//! The host writes, the core reads, and neither copies. The layout, in the byte order of the machine:
//!
//! ```text
//! 0   f64   the instant, in milliseconds since 1970, if the flag depends on it
//! 8   for each path 16 bytes
//!       0   u32   the type of the value: one of the constants below
//!       4   u32   the number of bytes of the text
//!       8   f64   the number, or
//!       8   u32   where the text begins, from the start of the memory
//! ```

use std::borrow::Cow;

use flagstaff_core::{Attribute, AttributePath, Attributes, ContextError, Value};

/// Where the first attribute lies
const RECORDS: usize = 8;
const RECORD: usize = 16;

// The types of values; any other number means that the attribute is missing.
const NULL: u32 = 1;
const FALSE: u32 = 2;
const TRUE: u32 = 3;
const NUMBER: u32 = 4;
const STRING: u32 = 5;
/// An array, as JSON text
const ARRAY: u32 = 6;
const OBJECT: u32 = 7;

/// The attributes of these paths in this memory; the host guarantees that `targetingKey`, if it exists, is a string
#[derive(Debug)]
pub(super) struct PackedContext<'a> {
    pub(super) paths: &'a [AttributePath],
    pub(super) memory: &'a [u8],
}

/// The instant that the memory names
pub(super) fn instant(memory: &[u8]) -> f64 {
    bytes(memory, 0).map_or(0.0, f64::from_ne_bytes)
}

fn bytes<const N: usize>(memory: &[u8], at: usize) -> Option<[u8; N]> {
    memory.get(at..)?.first_chunk().copied()
}

impl PackedContext<'_> {
    fn read(&self, position: usize) -> Option<Attribute<'_>> {
        let at = position.checked_mul(RECORD)?.checked_add(RECORDS)?;
        let [kind, length, start, _] = self.record(at)?;
        let attribute = match kind {
            NULL => Attribute::Null,
            FALSE => Attribute::Boolean(false),
            TRUE => Attribute::Boolean(true),
            NUMBER => number(f64::from_ne_bytes(bytes(self.memory, at.checked_add(8)?)?)),
            STRING => Attribute::String(Cow::Borrowed(self.text(start, length)?)),
            ARRAY => array(self.text(start, length)?)?,
            OBJECT => Attribute::Object,
            _ => Attribute::Missing,
        };
        Some(attribute)
    }

    fn record(&self, at: usize) -> Option<[u32; 4]> {
        let bytes: [u8; RECORD] = bytes(self.memory, at)?;
        let (words, _) = bytes.as_chunks();
        let [kind, length, start, rest] = words else {
            return None;
        };
        Some([*kind, *length, *start, *rest].map(u32::from_ne_bytes))
    }

    fn text(&self, start: u32, length: u32) -> Option<&str> {
        let start = usize::try_from(start).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        str::from_utf8(self.memory.get(start..end)?).ok()
    }
}

fn number(number: f64) -> Attribute<'static> {
    match Value::number(number) {
        Value::Number(number) => Attribute::Number(number),
        _ => Attribute::Missing,
    }
}

fn array(text: &str) -> Option<Attribute<'static>> {
    match Value::from_json(text).ok()? {
        Value::Array(elements) => Some(Attribute::Array(elements.to_vec().into())),
        _ => None,
    }
}

impl Attributes for PackedContext<'_> {
    fn attribute(&self, path: &AttributePath) -> Attribute<'_> {
        let position = self.paths.iter().position(|other| other == path);
        position
            .and_then(|position| self.read(position))
            .unwrap_or(Attribute::Missing)
    }

    fn validate(&self) -> Result<(), ContextError> {
        Ok(())
    }
}
