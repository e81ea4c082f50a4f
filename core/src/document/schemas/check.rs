//! Checks a value against the schema of its place

use super::{ObjectSchema, Others, Presence, ValueSchema};
use crate::json::{Fault, Json, Node, Source, Tape, whole};
use crate::value::excerpt::excerpt;
use crate::value::timestamp::Timestamp;

/// Checks the value at a position of a tape; afterwards its fields can be read by name
///
/// Returns the first error in the order of the text, or the value that could not be read. `unknown` collects the fields that are ignored.
pub(crate) fn check(
    tape: &Tape,
    source: Source<'_>,
    schema: &ValueSchema,
    unknown: &mut Vec<usize>,
) -> Checked {
    if let Some(fault) = tape.unreadable() {
        return Err(Box::new(fault.clone()));
    }
    let mut checker = Checker {
        tape: tape.at(source),
        unknown,
    };
    checker.value(source.position, checker.at(source.position).here(), schema)
}

struct Checker<'a> {
    tape: Json<'a>,
    unknown: &'a mut Vec<usize>,
}

// Boxed, so that the result of each check is small.
type Checked = Result<(), Box<Fault>>;

impl<'a> Checker<'a> {
    fn at(&self, position: usize) -> Json<'a> {
        self.tape.of_tape(position)
    }

    #[inline]
    fn value(&mut self, position: usize, node: &Node, schema: &ValueSchema) -> Checked {
        if is_plainly(schema, node) {
            return Ok(());
        }
        self.any_value(position, node, schema)
    }

    fn any_value(&mut self, position: usize, node: &Node, schema: &ValueSchema) -> Checked {
        match (schema, node) {
            (ValueSchema::Optional(_), Node::Null)
            | (ValueSchema::Value, _)
            | (ValueSchema::Boolean, Node::Boolean(_))
            | (ValueSchema::Text | ValueSchema::TextOr(_), Node::String(_))
            | (ValueSchema::Number | ValueSchema::NumberOr(_), Node::Number(_)) => Ok(()),
            (ValueSchema::Optional(schema), _) => self.value(position, node, schema),
            (ValueSchema::Whole, _) => {
                self.parsed(position, "a whole number, not negative", |json| {
                    json.whole().is_some()
                })
            }
            (ValueSchema::Instant, _) => self.parsed(position, Timestamp::EXPECTED, |json| {
                json.instant().is_some()
            }),
            (ValueSchema::Choice(names), Node::String(_)) => self.choice(position, names),
            (ValueSchema::OnMissing, Node::String(_)) => self.decline(position),
            (
                ValueSchema::Object(schema)
                | ValueSchema::TextOr(schema)
                | ValueSchema::NumberOr(schema),
                Node::Object(_),
            ) => self.object(position, schema),
            (ValueSchema::OnMissing, Node::Object(_)) => self.object(position, &super::ON_MISSING),
            (ValueSchema::Range, Node::Array(_)) => self.range(position),
            (ValueSchema::List(element), Node::Array(_)) => self.list(position, element),
            (ValueSchema::Map(member), Node::Object(_)) => self.map(position, member),
            _ => self.mismatch(position, expecting(schema)),
        }
    }

    /// The value is of another type
    fn mismatch(&self, position: usize, expected: &str) -> Checked {
        let got = self.at(position).describe();
        fault(position, format!("expected {expected}, got {got}"))
    }

    fn parsed(&self, position: usize, expected: &str, is_valid: fn(Json<'_>) -> bool) -> Checked {
        let json = self.at(position);
        if is_valid(json) {
            return Ok(());
        }
        let got = json.value().to_string();
        let got = excerpt(&got);
        fault(position, format!("expected {expected}, got `{got}`"))
    }

    fn choice(&self, position: usize, names: &[&str]) -> Checked {
        let text = self.at(position).text().unwrap_or_default();
        if names.contains(&text) {
            return Ok(());
        }
        let (text, expected) = (excerpt(text), one_of(names.iter().copied()));
        fault(
            position,
            format!("unknown value `{text}`, expected {expected}"),
        )
    }

    fn decline(&self, position: usize) -> Checked {
        if self.at(position).text() == Some("decline") {
            return Ok(());
        }
        self.mismatch(position, super::ON_MISSING.expecting)
    }

    fn range(&mut self, position: usize) -> Checked {
        let length = self.at(position).count();
        self.list(position, &ValueSchema::Whole)?;
        if length == 2 {
            return Ok(());
        }
        fault(
            position,
            format!("expected two numbers, got {length} elements"),
        )
    }

    fn list(&mut self, position: usize, element: &ValueSchema) -> Checked {
        let end = self.at(position).after();
        let mut next = position.saturating_add(1);
        while next < end {
            let value = self.at(next);
            self.value(next, value.here(), element)?;
            next = value.after();
        }
        Ok(())
    }

    fn map(&mut self, position: usize, schema: &ValueSchema) -> Checked {
        let end = self.at(position).after();
        let mut key = position.saturating_add(1);
        while key < end
            && let Some((member, value)) = self.tape.field_at(key)
        {
            self.value(key.saturating_add(1), value, schema)?;
            key = member.next();
        }
        Ok(())
    }

    fn object(&mut self, position: usize, schema: &ObjectSchema) -> Checked {
        let end = self.at(position).after();
        let (mut key, mut found) = (position.saturating_add(1), 0_u32);
        while key < end
            && let Some((key_of, value)) = self.tape.field_at(key)
        {
            match key_of.name.and_then(|name| schema.member(name)) {
                Some((index, member)) => {
                    let bit = 1 << index;
                    if found & bit != 0 {
                        let name = member.name.as_str();
                        return fault(position, format!("duplicate field `{name}`"));
                    }
                    found |= bit;
                    if member.presence != Presence::Optional || !matches!(value, Node::Null) {
                        self.value(key.saturating_add(1), value, &member.schema)?;
                    }
                }
                None => self.other(key, schema)?,
            }
            key = key_of.next();
        }
        let missing = schema.required & !found;
        match schema.members.get(missing.trailing_zeros() as usize) {
            Some(member) if missing != 0 => {
                let name = member.name.as_str();
                fault(position, format!("missing field `{name}`"))
            }
            _ => Ok(()),
        }
    }

    /// A field that a schema does not have
    fn other(&mut self, key: usize, schema: &ObjectSchema) -> Checked {
        if schema.others == Others::Refused {
            let text = self.at(key).text().unwrap_or_default();
            let text = excerpt(text);
            let expected = one_of(schema.members.iter().map(|member| member.name.as_str()));
            return fault(key, format!("unknown field `{text}`, expected {expected}"));
        }
        self.unknown.push(key);
        Ok(())
    }
}

/// A quick check, which accepts most of the valid values
#[inline]
fn is_plainly(schema: &ValueSchema, node: &Node) -> bool {
    match node {
        Node::String(_) => matches!(
            schema,
            ValueSchema::Text | ValueSchema::TextOr(_) | ValueSchema::Value
        ),
        Node::Number(number) => match schema {
            ValueSchema::Number | ValueSchema::NumberOr(_) | ValueSchema::Value => true,
            ValueSchema::Whole => whole(*number).is_some(),
            _ => false,
        },
        Node::Boolean(_) => matches!(schema, ValueSchema::Boolean | ValueSchema::Value),
        _ => false,
    }
}

fn fault<T>(position: usize, message: String) -> Result<T, Box<Fault>> {
    Err(Box::new(Fault { position, message }))
}

fn expecting(schema: &ValueSchema) -> &'static str {
    match schema {
        ValueSchema::Object(schema)
        | ValueSchema::TextOr(schema)
        | ValueSchema::NumberOr(schema) => schema.expecting,
        ValueSchema::OnMissing => super::ON_MISSING.expecting,
        ValueSchema::Boolean => "a boolean",
        ValueSchema::Number => "a number",
        ValueSchema::List(_) => "an array",
        ValueSchema::Map(_) => "an object",
        ValueSchema::Range => "an array of two numbers",
        ValueSchema::Text | ValueSchema::Choice(_) => "a string",
        // Their errors are described by the check of the value.
        ValueSchema::Optional(_)
        | ValueSchema::Value
        | ValueSchema::Whole
        | ValueSchema::Instant => "a value",
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
