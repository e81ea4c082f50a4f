//! JSON Merge Patch (RFC 7396), and where each leaf of a patched value comes from

use std::sync::Arc;

use super::pointer::escape_part;
use crate::value::{JsonObject, Value};

/// `target` patched
pub(crate) fn merge_patch(target: &Value, patch: &JsonObject) -> Value {
    let mut members = match target {
        Value::Object(members) => JsonObject::clone(members),
        _ => JsonObject::new(),
    };
    for (name, change) in patch {
        match change {
            Value::Null => {
                members.remove(name);
            }
            Value::Object(change) => {
                let inner = merge_patch(members.get(name).unwrap_or(&Value::Null), change);
                members.insert(Arc::clone(name), inner);
            }
            other => {
                members.insert(Arc::clone(name), other.clone());
            }
        }
    }
    Value::Object(Arc::new(members))
}

/// The sources of the leaves of a value
#[derive(Debug)]
enum LeafSource<'s> {
    Leaf(&'s str),
    // An empty object is a leaf itself; then `source` is its source.
    Object {
        // By name.
        members: Vec<(Arc<str>, LeafSource<'s>)>,
        source: &'s str,
    },
}

/// The source of each leaf, by JSON pointer, of `base` patched by `layers` in their order
pub(crate) fn sources<'s>(
    base: &Value,
    layers: &[(&'s str, &'s JsonObject)],
) -> Vec<(String, &'s str)> {
    let mut origin = LeafSource::of(base, "default");
    for (source, patch) in layers {
        origin.patch(patch, source);
    }
    let mut leaves = Vec::new();
    // A value that is not an object has no leaves.
    if matches!(origin, LeafSource::Object { .. }) {
        origin.collect(String::new(), &mut leaves);
    }
    leaves
}

impl<'s> LeafSource<'s> {
    fn of(value: &Value, source: &'s str) -> Self {
        match value {
            Value::Object(members) => {
                let members = members.iter();
                let origin = |(name, member)| (Arc::clone(name), Self::of(member, source));
                Self::Object {
                    members: members.map(origin).collect(),
                    source,
                }
            }
            _ => Self::Leaf(source),
        }
    }

    fn patch(&mut self, patch: &JsonObject, by: &'s str) {
        if matches!(self, Self::Leaf(_)) {
            *self = Self::Object {
                members: Vec::new(),
                source: by,
            };
        }
        let Self::Object { members, source } = self else {
            return;
        };
        // Both are sorted by name, so one pass over the two finds what the patch changes.
        let mut before = std::mem::take(members).into_iter().peekable();
        for (name, change) in patch {
            while let Some(other) = before.next_if(|(other, _)| other < name) {
                members.push(other);
            }
            let held = before.next_if(|(other, _)| other == name);
            let origin = match change {
                Value::Null => {
                    if held.is_some() {
                        *source = by;
                    }
                    continue;
                }
                Value::Object(change) => {
                    let mut inner = held.map_or(Self::Leaf(by), |(_, origin)| origin);
                    inner.patch(change, by);
                    inner
                }
                other => Self::of(other, by),
            };
            members.push((Arc::clone(name), origin));
        }
        members.extend(before);
    }

    fn collect(&self, pointer: String, leaves: &mut Vec<(String, &'s str)>) {
        match self {
            Self::Leaf(source) => leaves.push((pointer, source)),
            Self::Object { members, source } if members.is_empty() => {
                leaves.push((pointer, source));
            }
            Self::Object { members, .. } => {
                for (name, member) in members {
                    member.collect(format!("{pointer}/{}", escape_part(name)), leaves);
                }
            }
        }
    }
}
