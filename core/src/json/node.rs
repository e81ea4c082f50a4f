//! The values of a tape

use std::sync::Arc;

use super::{Field, Inside, Node, Tape, Text, index, offset};
use crate::json::names::Name;
use crate::table::sort::sorted_by_key;
use crate::value::excerpt::excerpt;
use crate::value::pointer::push_part;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, MAX_SAFE_INTEGER, Value};

/// One value on a tape; cheap to copy
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<'t> {
    tape: &'t Tape,
    text: &'t str,
    position: usize,
}

/// The elements of an array
#[derive(Debug, Clone)]
pub(crate) struct Elements<'t> {
    next: Json<'t>,
    end: usize,
}

impl<'t> Iterator for Elements<'t> {
    type Item = Json<'t>;

    fn next(&mut self) -> Option<Json<'t>> {
        let here = self.next;
        if here.position >= self.end {
            return None;
        }
        self.next.position = here.after();
        Some(here)
    }
}

/// The members of an object, each with its key
#[derive(Debug, Clone)]
pub(crate) struct Members<'t>(Elements<'t>);

impl<'t> Iterator for Members<'t> {
    type Item = (Json<'t>, Json<'t>);

    fn next(&mut self) -> Option<(Json<'t>, Json<'t>)> {
        self.0.next().zip(self.0.next())
    }
}

impl<'t> Json<'t> {
    pub(super) fn new(tape: &'t Tape, text: &'t str, position: usize) -> Self {
        Self {
            tape,
            text,
            position,
        }
    }

    pub(crate) fn node(self) -> Node {
        *self.here()
    }

    /// The node of this value
    #[inline]
    pub(crate) fn here(self) -> &'t Node {
        self.tape.nodes.get(self.position).unwrap_or(&Node::Null)
    }

    /// The value at a position of the same tape
    #[inline]
    pub(crate) fn of_tape(self, position: usize) -> Self {
        Self { position, ..self }
    }

    /// The position of the node that follows it
    #[inline]
    pub(crate) fn after(self) -> usize {
        match self.here() {
            Node::Array(inside) | Node::Object(inside) => index(inside.after),
            _ => self.position.wrapping_add(1),
        }
    }

    /// The nodes inside: the elements of an array, or keys and values of an object in turn
    #[inline]
    pub(crate) fn inside(self) -> Elements<'t> {
        let end = match self.here() {
            Node::Array(inside) | Node::Object(inside) => index(inside.after),
            _ => 0,
        };
        let next = self.of_tape(self.position.wrapping_add(1));
        Elements { next, end }
    }

    /// The elements of an array; none if it is not an array
    #[inline]
    pub(crate) fn elements(self) -> Elements<'t> {
        let is_array = matches!(self.here(), Node::Array(_));
        let inside = self.inside();
        let end = if is_array { inside.end } else { 0 };
        Elements { end, ..inside }
    }

    /// The number of elements of an array; 0 if it is not an array
    #[inline]
    pub(crate) fn count(self) -> usize {
        match self.here() {
            Node::Array(inside) => index(inside.count),
            _ => 0,
        }
    }

    /// The members of an object in the order of the text, each with its key; none if it is not an object
    pub(crate) fn members(self) -> Members<'t> {
        let is_object = matches!(self.node(), Node::Object(_));
        let inside = self.inside();
        let end = if is_object { inside.end } else { 0 };
        Members(Elements { end, ..inside })
    }

    /// The members of an object by key; of a repeated key the last one counts
    pub(crate) fn entries(self) -> Vec<(&'t str, Self)> {
        let member = |(key, value): (Self, Self)| (key.text().unwrap_or_default(), value);
        let mut entries = sorted_by_key(self.members().map(member).collect(), str::cmp);
        entries.dedup_by(|later, earlier| {
            let is_same = later.0 == earlier.0;
            if is_same {
                *earlier = *later;
            }
            is_same
        });
        entries
    }

    /// The field whose key is at a position, and its value
    #[inline]
    pub(crate) fn field_at(self, key: usize) -> Option<(Field, &'t Node)> {
        match self.tape.nodes.get(key..) {
            Some([Node::Key(_, member), value, ..]) => Some((*member, value)),
            _ => None,
        }
    }

    #[inline]
    fn find(self, name: Name) -> Option<(Self, &'t Node)> {
        let Node::Object(inside) = self.here() else {
            return None;
        };
        if !inside.may_have(name) {
            return None;
        }
        let (mut key, end) = (self.position.wrapping_add(1), index(inside.after));
        while key < end
            && let Some((member, value)) = self.field_at(key)
        {
            if member.name == Some(name) {
                return Some((self.of_tape(key.wrapping_add(1)), value));
            }
            key = member.next();
        }
        None
    }

    /// The member of this name, `null` included
    #[inline]
    pub(crate) fn present(self, name: Name) -> Option<Self> {
        self.find(name).map(|(value, _)| value)
    }

    /// The member of this name; one that is `null` counts as absent
    #[inline]
    pub(crate) fn get(self, name: Name) -> Option<Self> {
        let found = self.find(name);
        found
            .filter(|(_, node)| !matches!(node, Node::Null))
            .map(|(value, _)| value)
    }

    /// Appends an encoding: equal bytes mean equal JSON with its fields in the same order
    ///
    /// Ends early after `most` bytes.
    pub(crate) fn encode(self, bytes: &mut Vec<u8>, most: usize) {
        for node in self.nodes() {
            if bytes.len() > most {
                return;
            }
            match node {
                Node::Null => bytes.push(0),
                Node::Boolean(value) => bytes.push(1_u8.saturating_add((*value).into())),
                Node::Number(number) => {
                    bytes.push(3);
                    bytes.extend_from_slice(&number.to_bits().to_le_bytes());
                }
                Node::String(text) | Node::Key(text, _) => {
                    bytes.extend_from_slice(&tagged(4, text.length()));
                    bytes.extend_from_slice(self.characters(*text).as_bytes());
                }
                Node::Array(inside) => {
                    bytes.extend_from_slice(&tagged(5, self.length(*inside)));
                }
                Node::Object(inside) => {
                    bytes.extend_from_slice(&tagged(6, self.length(*inside)));
                }
            }
        }
    }

    /// All nodes of this value
    fn nodes(self) -> &'t [Node] {
        let nodes = self.tape.nodes.get(self.position..self.after());
        nodes.unwrap_or_default()
    }

    /// The number of nodes from the start of this value to the end of a container inside it
    fn length(self, inside: Inside) -> u32 {
        inside.after.wrapping_sub(offset(self.position))
    }

    /// The characters of a string or a key
    #[inline]
    fn characters(self, text: Text) -> &'t str {
        let from = if text.is_decoded {
            &*self.tape.decoded
        } else {
            self.text
        };
        from.get(index(text.start)..index(text.end))
            .unwrap_or_default()
    }

    /// The string, also of a key
    #[inline]
    pub(crate) fn text(self) -> Option<&'t str> {
        match self.here() {
            Node::String(text) | Node::Key(text, _) => Some(self.characters(*text)),
            _ => None,
        }
    }

    /// The number
    pub(crate) fn number(self) -> Option<f64> {
        match self.here() {
            Node::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn boolean(self) -> Option<bool> {
        match self.here() {
            Node::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// The whole number, if it is one from 0 to 2^53 − 1: `1` and `1.0` are the same number
    pub(crate) fn whole(self) -> Option<u64> {
        whole(self.number()?)
    }

    /// The instant that it denotes
    pub(crate) fn instant(self) -> Option<Timestamp> {
        match self.number() {
            Some(number) => Timestamp::from_number(number),
            None => Timestamp::parse(self.text()?),
        }
    }

    /// The same as a [`Value`]
    pub(crate) fn value(self) -> Value {
        match self.node() {
            Node::Null => Value::Null,
            Node::Boolean(value) => Value::Boolean(value),
            Node::Number(number) => Value::Number(number),
            Node::String(text) | Node::Key(text, _) => self.characters(text).into(),
            Node::Array(_) => Value::Array(self.inside().map(Self::value).collect()),
            Node::Object(_) => Value::Object(Arc::new(self.object())),
        }
    }

    /// The members of an object, as values
    pub(crate) fn object(self) -> JsonObject {
        let mut members = JsonObject::new();
        for (key, value) in self.members() {
            members.insert(key.text().unwrap_or_default().into(), value.value());
        }
        members
    }

    /// The JSON pointer from here to the node at a position; to a key it is that of its value
    pub(crate) fn pointer_to(self, position: usize) -> String {
        let mut pointer = String::new();
        let mut at = self;
        let holds = |value: Self| (value.position..value.after()).contains(&position);
        loop {
            let element = at.elements().enumerate().find(|(_, value)| holds(*value));
            let member = at
                .members()
                .find(|(key, value)| key.position == position || holds(*value));
            at = match (element, member) {
                (Some((index, value)), _) => {
                    push_part(&mut pointer, &index.to_string());
                    value
                }
                (None, Some((key, value))) => {
                    push_part(&mut pointer, key.text().unwrap_or_default());
                    value
                }
                (None, None) => return pointer,
            };
        }
    }

    /// Its description for a message, such as `` string `on` ``
    pub(crate) fn describe(self) -> String {
        let number = |number| Value::Number(number).to_canonical();
        match self.node() {
            Node::Null => "null".to_owned(),
            Node::Boolean(value) => format!("boolean `{value}`"),
            Node::Number(value) => format!("number `{}`", number(value)),
            Node::Array(_) => "an array".to_owned(),
            Node::Object(_) => "an object".to_owned(),
            Node::String(text) | Node::Key(text, _) => {
                format!("string {:?}", excerpt(self.characters(text)))
            }
        }
    }
}

/// A number as a whole number, if it is one from 0 to 2^53 − 1
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "compared with what it was, which is the same only where nothing is lost"
)]
pub(crate) fn whole(number: f64) -> Option<u64> {
    let whole = number as u64;
    (whole as f64 == number && number <= MAX_SAFE_INTEGER).then_some(whole)
}

/// A length after a byte that names the type
fn tagged(tag: u8, length: u32) -> [u8; 5] {
    let [a, b, c, d] = length.to_le_bytes();
    [tag, a, b, c, d]
}
