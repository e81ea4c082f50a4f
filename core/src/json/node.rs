//! Reading what lies on a tape

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Node, Span, Text, decode, index};
use crate::excerpt::excerpt;
use crate::names::Name;
use crate::order::ordered;
use crate::path::push_segment;
use crate::timestamp::Timestamp;
use crate::value::{Object, Value, safe_integer};

/// What is said of containers deeper than is read
pub(crate) const TOO_DEEP: &str = "recursion limit exceeded";

/// One value on a tape; cheap to copy
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json<'t> {
    text: &'t str,
    nodes: &'t [Node],
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
    pub(crate) fn new(text: &'t str, nodes: &'t [Node], position: usize) -> Self {
        Self {
            text,
            nodes,
            position,
        }
    }

    pub(crate) fn node(self) -> Node {
        *self.here()
    }

    /// What it is, where it lies
    #[inline]
    pub(crate) fn here(self) -> &'t Node {
        self.nodes.get(self.position).unwrap_or(&Node::Null)
    }

    /// What lies at a position of the same tape
    #[inline]
    pub(crate) fn of_tape(self, position: usize) -> Self {
        Self { position, ..self }
    }

    /// The position of its node
    pub(crate) fn position(self) -> usize {
        self.position
    }

    /// The byte of the text at which it begins; the first of all where it is a word
    pub(crate) fn start(self) -> usize {
        match self.node() {
            Node::Array(inside) | Node::Object(inside) => index(inside.span.start),
            Node::Number(number) => index(number.span.start),
            Node::String(text) | Node::Key(text, _) => index(text.span.start).saturating_sub(1),
            Node::Null | Node::Boolean(_) => 0,
        }
    }

    /// The position of the node that follows it
    #[inline]
    pub(crate) fn after(self) -> usize {
        match self.here() {
            Node::Array(inside) | Node::Object(inside) => index(inside.after),
            _ => self.position.wrapping_add(1),
        }
    }

    /// What it holds: the elements of an array, keys and values of an object in turn
    #[inline]
    pub(crate) fn inside(self) -> Elements<'t> {
        let end = match self.here() {
            Node::Array(inside) | Node::Object(inside) => index(inside.after),
            _ => 0,
        };
        let next = self.of_tape(self.position.wrapping_add(1));
        Elements { next, end }
    }

    /// The elements of an array; none of anything else
    #[inline]
    pub(crate) fn elements(self) -> Elements<'t> {
        let is_array = matches!(self.here(), Node::Array(_));
        let inside = self.inside();
        let end = if is_array { inside.end } else { 0 };
        Elements { end, ..inside }
    }

    /// The members of an object in the order of the text, each with its key; none of anything else
    pub(crate) fn members(self) -> Members<'t> {
        let is_object = matches!(self.node(), Node::Object(_));
        let inside = self.inside();
        let end = if is_object { inside.end } else { 0 };
        Members(Elements { end, ..inside })
    }

    /// The members of an object by key; of a key that comes twice the last
    pub(crate) fn entries(self) -> Vec<(Cow<'t, str>, Self)> {
        let members: Vec<(Self, Self)> = self.members().collect();
        let key = |(key, _): &(Self, Self)| key.text().unwrap_or_default();
        let members = if members.is_sorted_by(|a, b| key(a) < key(b)) {
            members
        } else {
            ordered(&members, |a, b| {
                key(a).cmp(&key(b)).then(b.0.position.cmp(&a.0.position))
            })
        };
        let mut entries: Vec<(Cow<'t, str>, Self)> = Vec::with_capacity(members.len());
        for member in members {
            let key = key(&member);
            if entries.last().is_none_or(|(last, _)| *last != key) {
                entries.push((key, member.1));
            }
        }
        entries
    }

    /// The member of this name, `null` included
    #[inline]
    pub(crate) fn present(self, name: Name) -> Option<Self> {
        match self.here() {
            Node::Object(inside) if inside.may_have(name) => self.find(name),
            _ => None,
        }
    }

    fn find(self, name: Name) -> Option<Self> {
        let end = self.after();
        let mut key = self.of_tape(self.position.wrapping_add(1));
        while key.position < end {
            let value = key.of_tape(key.after());
            if matches!(key.here(), Node::Key(_, Some(other)) if *other == name) {
                return Some(value);
            }
            key = value.of_tape(value.after());
        }
        None
    }

    /// The member of this name; one that is `null` is as if it were absent
    pub(crate) fn get(self, name: Name) -> Option<Self> {
        self.present(name)
            .filter(|value| !matches!(value.here(), Node::Null))
    }

    /// The text of a container, brackets included; nothing of anything else
    pub(crate) fn container_text(self) -> &'t str {
        match self.node() {
            Node::Array(inside) | Node::Object(inside) => self.raw(inside.span),
            _ => "",
        }
    }

    /// The text of it, quotes and brackets included; nothing where it is a word
    pub(crate) fn written(self) -> &'t str {
        match self.node() {
            Node::Number(number) => self.raw(number.span),
            Node::String(text) => self.raw(Span {
                start: text.span.start.saturating_sub(1),
                end: text.span.end.saturating_add(1),
            }),
            _ => self.container_text(),
        }
    }

    fn decoded(self, text: Text) -> Result<Cow<'t, str>, &'static str> {
        decode::string(self.raw(text.span), text.is_escaped)
    }

    fn raw(self, span: Span) -> &'t str {
        span.of(self.text)
    }

    /// The string that it is, or what is wrong with its escapes; as a key too
    fn try_text(self) -> Option<Result<Cow<'t, str>, &'static str>> {
        match self.here() {
            Node::String(text) | Node::Key(text, _) => Some(self.decoded(*text)),
            _ => None,
        }
    }

    /// The string that it is; as a key too
    #[inline]
    pub(crate) fn text(self) -> Option<Cow<'t, str>> {
        match self.here() {
            Node::String(text) | Node::Key(text, _) if text.is_plain() => {
                Some(Cow::Borrowed(self.raw(text.span)))
            }
            _ => self.try_text()?.ok(),
        }
    }

    /// The number that it is; one beyond a double is none
    pub(crate) fn number(self) -> Option<f64> {
        match self.here() {
            Node::Number(number) => match number.small() {
                Some(small) => Some(small.into()),
                None => decode::number(self.raw(number.span)),
            },
            _ => None,
        }
    }

    pub(crate) fn boolean(self) -> Option<bool> {
        match self.here() {
            Node::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// The whole number that it is, not negative and within 2^53 − 1: `1` and `1.0` are the same number
    pub(crate) fn whole(self) -> Option<u64> {
        if let Node::Number(number) = self.here()
            && let Some(small) = number.small()
        {
            return Some(small.into());
        }
        safe_integer(self.number()?).and_then(|integer| u64::try_from(integer).ok())
    }

    /// The instant that it stands for
    pub(crate) fn instant(self) -> Option<Timestamp> {
        match self.number() {
            Some(number) => Timestamp::from_number(number),
            None => Timestamp::parse(&self.text()?),
        }
    }

    /// Whether it is a scalar in which nothing can be unreadable
    #[inline]
    pub(crate) fn is_plain(self) -> bool {
        match self.here() {
            Node::String(text) | Node::Key(text, _) => !text.is_escaped,
            Node::Number(number) => number.is_safe(),
            Node::Null | Node::Boolean(_) => true,
            Node::Array(_) | Node::Object(_) => false,
        }
    }

    /// What in it cannot be read, and why: half a surrogate pair, a number beyond a double, a container deeper than `depth` where
    /// that is refused
    ///
    /// A key that cannot be read is told as its object, since no pointer leads to it.
    pub(crate) fn unreadable(self, depth: usize, is_refused: bool) -> Option<(Self, &'static str)> {
        let message = match self.node() {
            Node::Array(_) | Node::Object(_) => {
                let Some(depth) = depth.checked_sub(1) else {
                    return is_refused.then_some((self, TOO_DEEP));
                };
                return self.inside().find_map(|inner| {
                    let (found, message) = inner.unreadable(depth, is_refused)?;
                    let is_key = matches!(found.node(), Node::Key(..));
                    Some((if is_key { self } else { found }, message))
                });
            }
            Node::Number(number) if !number.is_safe() && self.number().is_none() => {
                Some("number out of range")
            }
            Node::String(text) | Node::Key(text, _) if text.is_escaped => self.decoded(text).err(),
            _ => None,
        };
        message.map(|message| (self, message))
    }

    /// The value that it is; containers deeper than `depth` are read as `null`, and so is what cannot be read
    pub(crate) fn value(self, depth: usize) -> Value {
        let Some(inner) = depth.checked_sub(1) else {
            return self.scalar();
        };
        match self.node() {
            Node::Array(_) => {
                Value::Array(self.inside().map(|element| element.value(inner)).collect())
            }
            Node::Object(_) => Value::Object(Arc::new(self.object(inner))),
            _ => self.scalar(),
        }
    }

    /// The members of the object that it is
    pub(crate) fn object(self, depth: usize) -> Object {
        let mut members = Object::new();
        for (key, value) in self.members() {
            members.insert(key.text().unwrap_or_default().into(), value.value(depth));
        }
        members
    }

    fn scalar(self) -> Value {
        match self.node() {
            Node::Boolean(value) => Value::Boolean(value),
            Node::Number(_) => self.number().map_or(Value::Null, Value::Number),
            _ => self.text().map_or(Value::Null, |text| Value::from(&*text)),
        }
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
                    push_segment(&mut pointer, &index.to_string());
                    value
                }
                (None, Some((key, value))) => {
                    push_segment(&mut pointer, &key.text().unwrap_or_default());
                    value
                }
                (None, None) => return pointer,
            };
        }
    }

    /// What it is in a message, as `` string "on" ``
    pub(crate) fn describe(self) -> String {
        let mut text = String::new();
        let result = match self.node() {
            Node::Null => write!(text, "null"),
            Node::Boolean(value) => write!(text, "boolean `{value}`"),
            Node::Number(number) if number.is_integer => {
                write!(text, "integer `{}`", excerpt(self.raw(number.span)))
            }
            Node::Number(number) => {
                write!(text, "floating point `{}`", excerpt(self.raw(number.span)))
            }
            Node::Array(_) => write!(text, "sequence"),
            Node::Object(_) => write!(text, "map"),
            Node::String(_) | Node::Key(..) => {
                let own = self.text().unwrap_or_default();
                write!(text, "string {:?}", excerpt(&own))
            }
        };
        // Writing to a string does not fail.
        let _ = result;
        text
    }
}
