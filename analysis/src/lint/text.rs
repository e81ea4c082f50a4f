//! Findings in the text of a document: repeated names, numbers that are not exact as doubles; and the positions of values

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Code, Findings};
use flagstaff_core::inspect::push_part;

/// Maximum nesting of arrays and objects that are read; documents of the language are far less deep
const MAX_DEPTH: usize = 128;

/// A place in a text, both from 1; columns count characters
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// The line
    pub line: usize,
    /// The column
    pub column: usize,
}

/// Reports findings in the text itself
pub(super) fn inspect(text: &str, findings: &mut Findings) {
    walk(text, &mut |node| {
        if node.is_repeated {
            let message = "the name appears more than once in this object".to_owned();
            findings.add(Code::DuplicateKey, node.pointer.to_owned(), message);
        }
        if let Some(read) = rounded(node.text) {
            let message = format!(
                "the integer {} is read as {read}: a number is a double",
                node.text
            );
            findings.add(Code::RoundedNumber, node.pointer.to_owned(), message);
        }
    });
}

/// Where the values at these pointers begin; of a repeated name the last one counts
pub(super) fn positions(text: &str, pointers: &BTreeSet<&str>) -> BTreeMap<String, Position> {
    let mut offsets = BTreeMap::new();
    let base = text.as_ptr().addr();
    walk(text, &mut |node| {
        if pointers.contains(node.pointer) {
            offsets.insert(
                node.pointer.to_owned(),
                node.text.as_ptr().addr().saturating_sub(base),
            );
        }
    });
    let starts: Vec<usize> = std::iter::once(0)
        .chain(
            text.match_indices('\n')
                .map(|(end, _)| end.saturating_add(1)),
        )
        .collect();
    offsets
        .into_iter()
        .filter_map(|(pointer, offset)| Some((pointer, position(text, &starts, offset)?)))
        .collect()
}

fn position(text: &str, starts: &[usize], offset: usize) -> Option<Position> {
    let line = starts.partition_point(|start| *start <= offset);
    let start = *starts.get(line.checked_sub(1)?)?;
    let before = text.get(start..offset)?;
    Some(Position {
        line,
        column: before.chars().count().saturating_add(1),
    })
}

/// The number as which an integer is read, if it is another one; a number with a fraction or an exponent is not reported
fn rounded(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() < 16 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let read = format!("{:.0}", text.parse::<f64>().ok()?);
    (read != text).then_some(read)
}

/// A value of the text
struct Node<'n> {
    pointer: &'n str,
    text: &'n str,
    // Its name was given before in the same object.
    is_repeated: bool,
}

/// Visits every value of a JSON text, a container before its values; of a text that is not valid JSON, visits as much as can be read
fn walk<'t>(text: &'t str, visit: &mut dyn FnMut(&Node<'_>)) {
    let Ok(root) = serde_json::from_str::<&'t RawValue>(text) else {
        return;
    };
    let mut walker = Walker {
        pointer: String::new(),
        depth: 0,
        visit,
    };
    walker.value(root.get(), false);
}

struct Walker<'v> {
    pointer: String,
    depth: usize,
    visit: &'v mut dyn FnMut(&Node<'_>),
}

impl Walker<'_> {
    fn value(&mut self, text: &str, is_repeated: bool) {
        (self.visit)(&Node {
            pointer: &self.pointer,
            text,
            is_repeated,
        });
        if text.starts_with(['{', '[']) && self.depth < MAX_DEPTH {
            self.depth = self.depth.saturating_add(1);
            // The text was read before: it is JSON.
            let _ = Inside(&mut *self).deserialize(&mut serde_json::Deserializer::from_str(text));
            self.depth = self.depth.saturating_sub(1);
        }
    }

    fn member(&mut self, name: &str, text: &str, is_repeated: bool) {
        let length = self.pointer.len();
        push_part(&mut self.pointer, name);
        self.value(text, is_repeated);
        self.pointer.truncate(length);
    }
}

/// The members of one object or array
struct Inside<'w, 'v>(&'w mut Walker<'v>);

impl<'de> DeserializeSeed<'de> for Inside<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Inside<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut position = 0_usize;
        while let Some(element) = sequence.next_element::<&'de RawValue>()? {
            self.0.member(&position.to_string(), element.get(), false);
            position = position.saturating_add(1);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let member = map.next_value::<&'de RawValue>()?;
            let is_repeated = names.contains(&name);
            self.0.member(&name, member.get(), is_repeated);
            names.insert(name);
        }
        Ok(())
    }
}
