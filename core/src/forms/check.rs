//! Holds a value against the form that belongs there, and gives its members their names

use super::{Form, Need, Others, Shape};
use crate::excerpt::excerpt;
use crate::json::{DEPTH, Json, Node, Source, TOO_DEEP, Tape};
use crate::timestamp::Timestamp;

/// A value that is not of its form
#[derive(Debug)]
pub(crate) struct Misshapen {
    /// The position of the node that is wrong
    pub(crate) position: usize,
    pub(crate) message: String,
}

/// Checks what lies at a position of a tape; afterwards its members can be asked for by name
///
/// What is told is the first thing wrong in the order of the text. `unknown` collects the members that are ignored.
pub(crate) fn check(
    tape: &Tape,
    source: Source<'_>,
    shape: &Shape,
    unknown: &mut Vec<usize>,
) -> Result<(), Box<Misshapen>> {
    let mut checker = Checker {
        tape: tape.at(source),
        unknown,
    };
    checker.value(source.position, shape, DEPTH)
}

struct Checker<'a> {
    tape: Json<'a>,
    unknown: &'a mut Vec<usize>,
}

// Boxed, because every value that is checked returns with room for it.
type Checked = Result<(), Box<Misshapen>>;

impl<'a> Checker<'a> {
    fn at(&self, position: usize) -> Json<'a> {
        self.tape.of_tape(position)
    }

    #[inline]
    fn value(&mut self, position: usize, shape: &Shape, depth: usize) -> Checked {
        if is_plainly(shape, self.at(position).here()) {
            return Ok(());
        }
        self.any_value(position, shape, depth)
    }

    fn any_value(&mut self, position: usize, shape: &Shape, depth: usize) -> Checked {
        let node = self.at(position).node();
        match (shape, node) {
            (Shape::Optional(_), Node::Null)
            | (Shape::Raw, _)
            | (Shape::Boolean, Node::Boolean(_)) => Ok(()),
            (Shape::Value, _)
            | (Shape::Text | Shape::TextOr(_), Node::String(_))
            | (Shape::Number | Shape::NumberOr(_), Node::Number(_)) => {
                self.readable(position, depth)
            }
            (Shape::Optional(shape), _) => self.value(position, shape, depth),
            (Shape::Whole, _) => {
                self.parsed(position, depth, "a whole number, not negative", |json| {
                    json.whole().is_some()
                })
            }
            (Shape::Instant, _) => self.parsed(position, depth, Timestamp::EXPECTED, |json| {
                json.instant().is_some()
            }),
            (Shape::Choice(names), Node::String(_)) => self.choice(position, names, depth),
            (Shape::OnMissing, Node::String(_)) => self.decline(position, depth),
            (Shape::Form(form) | Shape::TextOr(form) | Shape::NumberOr(form), Node::Object(_)) => {
                self.form(position, form, depth)
            }
            (Shape::OnMissing, Node::Object(_)) => self.form(position, &super::ON_MISSING, depth),
            (Shape::Range, Node::Array(_)) => self.range(position, depth),
            (Shape::List(element), Node::Array(_)) => self.list(position, element, depth),
            (Shape::Map(member), Node::Object(_)) => self.map(position, member, depth),
            (_, node) => {
                if !matches!(node, Node::Array(_) | Node::Object(_)) {
                    self.readable(position, depth)?;
                }
                let got = self.at(position).describe();
                let expected = expecting(shape);
                fault(
                    position,
                    format!("invalid type: {got}, expected {expected}"),
                )
            }
        }
    }

    /// Everything in a value can be read
    #[inline]
    fn readable(&self, position: usize, depth: usize) -> Checked {
        if self.at(position).is_plain() {
            return Ok(());
        }
        match self.at(position).unreadable(depth, true) {
            None => Ok(()),
            Some((json, message)) => fault(json.position(), message.to_owned()),
        }
    }

    #[inline]
    fn readable_key(&self, object: usize, key: usize) -> Checked {
        if self.at(key).is_plain() {
            return Ok(());
        }
        match self.at(key).unreadable(DEPTH, true) {
            None => Ok(()),
            Some((_, message)) => fault(object, message.to_owned()),
        }
    }

    fn parsed(
        &self,
        position: usize,
        depth: usize,
        expected: &str,
        is_valid: fn(Json<'_>) -> bool,
    ) -> Checked {
        self.readable(position, depth)?;
        let json = self.at(position);
        if is_valid(json) {
            return Ok(());
        }
        let got = json.value(depth);
        let got = got.to_string();
        let got = excerpt(&got);
        fault(position, format!("expected {expected}, got `{got}`"))
    }

    fn choice(&self, position: usize, names: &[&str], depth: usize) -> Checked {
        self.readable(position, depth)?;
        let text = self.at(position).text().unwrap_or_default();
        if names.contains(&&*text) {
            return Ok(());
        }
        let (text, expected) = (excerpt(&text), one_of(names.iter().copied()));
        fault(
            position,
            format!("unknown variant `{text}`, expected {expected}"),
        )
    }

    fn decline(&self, position: usize, depth: usize) -> Checked {
        self.readable(position, depth)?;
        let json = self.at(position);
        if json.text().as_deref() == Some("decline") {
            return Ok(());
        }
        let (got, expected) = (json.describe(), super::ON_MISSING.expecting);
        fault(
            position,
            format!("invalid value: {got}, expected {expected}"),
        )
    }

    fn range(&mut self, position: usize, depth: usize) -> Checked {
        let length = self.at(position).elements().count();
        self.list(position, &Shape::Whole, depth)?;
        if length == 2 {
            return Ok(());
        }
        fault(
            position,
            format!("invalid length {length}, expected a tuple of size 2"),
        )
    }

    fn list(&mut self, position: usize, element: &Shape, depth: usize) -> Checked {
        let depth = deeper(position, depth)?;
        let end = self.at(position).after();
        let mut next = position.saturating_add(1);
        while next < end {
            self.value(next, element, depth)?;
            next = self.at(next).after();
        }
        Ok(())
    }

    fn map(&mut self, position: usize, member: &Shape, depth: usize) -> Checked {
        let depth = deeper(position, depth)?;
        let end = self.at(position).after();
        let mut key = position.saturating_add(1);
        while key < end {
            self.readable_key(position, key)?;
            let value = key.saturating_add(1);
            self.value(value, member, depth)?;
            key = self.at(value).after();
        }
        Ok(())
    }

    fn form(&mut self, position: usize, form: &Form, depth: usize) -> Checked {
        let depth = deeper(position, depth)?;
        let end = self.at(position).after();
        let (mut key, mut found) = (position.saturating_add(1), 0_u32);
        while key < end {
            let value = key.saturating_add(1);
            let Node::Key(_, name) = self.at(key).here() else {
                break;
            };
            match name.and_then(|name| form.member(name)) {
                Some((index, member)) => {
                    let bit = 1 << index;
                    if found & bit != 0 {
                        let name = member.name.as_str();
                        return fault(position, format!("duplicate field `{name}`"));
                    }
                    found |= bit;
                    let is_null = matches!(self.at(value).here(), Node::Null);
                    if member.need != Need::Optional || !is_null {
                        self.value(value, &member.shape, depth)?;
                    }
                }
                None => self.other(position, key, form)?,
            }
            key = self.at(value).after();
        }
        let missing = form.required & !found;
        match form.members.get(missing.trailing_zeros() as usize) {
            Some(member) if missing != 0 => {
                let name = member.name.as_str();
                fault(position, format!("missing field `{name}`"))
            }
            _ => Ok(()),
        }
    }

    /// A member that a form does not have
    fn other(&mut self, object: usize, key: usize, form: &Form) -> Checked {
        self.readable_key(object, key)?;
        if form.others == Others::Refused {
            let text = self.at(key).text().unwrap_or_default();
            let text = excerpt(&text);
            let expected = one_of(form.members.iter().map(|member| member.name.as_str()));
            return fault(key, format!("unknown field `{text}`, expected {expected}"));
        }
        self.unknown.push(key);
        Ok(())
    }
}

/// Whether a value is beyond doubt of a shape, as most are
#[inline]
fn is_plainly(shape: &Shape, node: &Node) -> bool {
    match node {
        Node::String(text) => {
            text.is_plain() && matches!(shape, Shape::Text | Shape::TextOr(_) | Shape::Value)
        }
        Node::Number(number) => {
            number.small().is_some()
                && matches!(
                    shape,
                    Shape::Whole | Shape::Number | Shape::NumberOr(_) | Shape::Value
                )
        }
        Node::Boolean(_) => matches!(shape, Shape::Boolean | Shape::Value),
        _ => false,
    }
}

fn fault<T>(position: usize, message: String) -> Result<T, Box<Misshapen>> {
    Err(Box::new(Misshapen { position, message }))
}

/// How many containers may still be inside the one here
fn deeper(position: usize, depth: usize) -> Result<usize, Box<Misshapen>> {
    match depth.checked_sub(1) {
        Some(depth) => Ok(depth),
        None => fault(position, TOO_DEEP.to_owned()),
    }
}

fn expecting(shape: &Shape) -> &'static str {
    match shape {
        Shape::Form(form) | Shape::TextOr(form) | Shape::NumberOr(form) => form.expecting,
        Shape::OnMissing => super::ON_MISSING.expecting,
        Shape::Boolean => "a boolean",
        Shape::Number => "f64",
        Shape::List(_) => "a sequence",
        Shape::Map(_) => "a map",
        Shape::Range => "a tuple of size 2",
        Shape::Text | Shape::Choice(_) => "a string",
        // These are judged by their values.
        Shape::Optional(_) | Shape::Value | Shape::Raw | Shape::Whole | Shape::Instant => "a value",
    }
}

/// `` `a` or `b` ``, `` one of `a`, `b`, `c` ``
fn one_of<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [name] => name.clone(),
        [a, b] => format!("{a} or {b}"),
        names => format!("one of {}", names.join(", ")),
    }
}
