//! Which members of two documents differ

use serde::Serialize;

use flagstaff_core::inspect::push_part;
use flagstaff_core::object::ObjectKind;
use flagstaff_core::{JsonObject, Value};

/// How a member differs
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// It is in the new document only
    Added,
    /// It is in the old document only
    Removed,
    /// It is in both
    Changed,
}

/// A member or element that differs
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where it is: in the new document, or in the old one if it was removed
    pub pointer: String,
    /// How it differs
    pub kind: ChangeKind,
    /// What it was
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// The differences between two values, by JSON pointer; the order of members does not count
pub fn differences(old: &Value, new: &Value) -> Vec<Change> {
    let mut differ = Differ {
        pointer: String::new(),
        changes: Vec::new(),
    };
    differ.values(old, new);
    differ.changes
}

/// What differs in the sections that evaluation reads
pub(super) fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let empty = Value::Object(JsonObject::new().into());
    let section = |document: &Value, name: &str| match document {
        Value::Object(members) => members
            .get(name)
            .filter(|section| **section != Value::Null)
            .cloned(),
        _ => None,
    };
    let mut differ = Differ {
        pointer: String::new(),
        changes: Vec::new(),
    };
    for kind in ObjectKind::owners() {
        let name = kind.section();
        let of = |document| section(document, name).unwrap_or_else(|| empty.clone());
        differ.within(name, |differ| differ.values(&of(old), &of(new)));
    }
    differ.changes
}

/// The rules of a flag, as they are written
pub(super) fn rules<'v>(document: &'v Value, flag: &str) -> &'v [Value] {
    let found = ["flags", flag, "rules"]
        .iter()
        .try_fold(document, |value, name| match value {
            Value::Object(members) => members.get(*name),
            _ => None,
        });
    match found {
        Some(Value::Array(rules)) => rules,
        _ => &[],
    }
}

struct Differ {
    pointer: String,
    changes: Vec<Change>,
}

impl Differ {
    fn within(&mut self, name: &str, work: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        push_part(&mut self.pointer, name);
        work(self);
        self.pointer.truncate(length);
    }

    fn note(&mut self, old: Option<&Value>, new: Option<&Value>) {
        let kind = match (old, new) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        };
        self.changes.push(Change {
            pointer: self.pointer.clone(),
            kind,
            before: old.cloned(),
            after: new.cloned(),
        });
    }

    fn values(&mut self, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => self.members(old, new),
            (Value::Array(old), Value::Array(new)) => self.elements(old, new),
            _ if old == new => {}
            _ => self.note(Some(old), Some(new)),
        }
    }

    fn members(&mut self, old: &JsonObject, new: &JsonObject) {
        for (name, old) in old {
            self.within(name, |differ| match new.get(name) {
                Some(new) => differ.values(old, new),
                None => differ.note(Some(old), None),
            });
        }
        for (name, new) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            self.within(name, |differ| differ.note(None, Some(new)));
        }
    }

    /// Leaves out equal elements at both ends; compares the rest in order
    fn elements(&mut self, old: &[Value], new: &[Value]) {
        let start = old
            .iter()
            .zip(new)
            .take_while(|(old, new)| old == new)
            .count();
        let (old, new) = (
            old.get(start..).unwrap_or_default(),
            new.get(start..).unwrap_or_default(),
        );
        let end = old
            .iter()
            .rev()
            .zip(new.iter().rev())
            .take_while(|(old, new)| old == new)
            .count();
        let left = old.len().max(new.len()).saturating_sub(end);
        let middle = |values: &[Value], position: usize| {
            let is_inside = position < values.len().saturating_sub(end);
            values.get(position).filter(|_| is_inside).cloned()
        };
        for position in 0..left {
            self.within(
                &start.saturating_add(position).to_string(),
                |differ| match (middle(old, position), middle(new, position)) {
                    (Some(old), Some(new)) => differ.values(&old, &new),
                    (old, new) => differ.note(old.as_ref(), new.as_ref()),
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(old: &str, new: &str) -> Vec<(String, ChangeKind)> {
        let value = |flag: &str| {
            serde_json::from_str(&format!(r#"{{"flags": {{"a/b": {flag}}}}}"#)).unwrap()
        };
        changes(&value(old), &value(new))
            .into_iter()
            .map(|change| (change.pointer, change.kind))
            .collect()
    }

    #[test]
    fn members_are_told_apart_and_their_order_is_nothing() {
        assert_eq!(pointers(r#"{"a": 1, "b": 1.0}"#, r#"{"b": 1, "a": 1}"#), []);
        assert_eq!(
            pointers(
                r#"{"a": 1, "b": {"c": 1}, "d": null}"#,
                r#"{"b": {"c": 2}, "d": null, "e": 1}"#
            ),
            [
                ("/flags/a~1b/a".to_owned(), ChangeKind::Removed),
                ("/flags/a~1b/b/c".to_owned(), ChangeKind::Changed),
                ("/flags/a~1b/e".to_owned(), ChangeKind::Added),
            ]
        );
    }

    #[test]
    fn an_element_put_in_front_is_one_change() {
        assert_eq!(
            pointers("[1, 2, 3]", "[0, 1, 2, 3]"),
            [("/flags/a~1b/0".to_owned(), ChangeKind::Added)]
        );
        assert_eq!(
            pointers("[1, 1, 2]", "[1, 2]"),
            [("/flags/a~1b/1".to_owned(), ChangeKind::Removed)]
        );
        assert_eq!(
            pointers("[1, [2], 3]", "[1, [4], 3]"),
            [("/flags/a~1b/1/0".to_owned(), ChangeKind::Changed)]
        );
    }
}
