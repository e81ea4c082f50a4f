//! JSON Merge Patch (RFC 7396), and where each leaf of a patched value comes from

use std::sync::Arc;

use crate::map::Map;
use crate::path::escape;
use crate::value::{Object, Value};

/// `target` patched
pub(crate) fn merge_patch(target: &Value, patch: &Object) -> Value {
    let mut members = match target {
        Value::Object(members) => Object::clone(members),
        _ => Object::new(),
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

/// A value as the sources of its leaves
#[derive(Debug)]
enum Origin<'s> {
    Leaf(&'s str),
    // A leaf itself while it is empty; then `source` made it so.
    Object {
        members: Map<Arc<str>, Origin<'s>>,
        source: &'s str,
    },
}

/// The source of each leaf, by JSON pointer, of `base` patched by `layers` in their order
pub(crate) fn sources<'s>(
    base: &Value,
    layers: &[(&'s str, &'s Object)],
) -> Vec<(String, &'s str)> {
    let mut origin = Origin::of(base, "default");
    for (source, patch) in layers {
        origin.patch(patch, source);
    }
    let mut leaves = Vec::new();
    // A value that is no object has no leaves to tell of.
    if matches!(origin, Origin::Object { .. }) {
        origin.collect(String::new(), &mut leaves);
    }
    leaves
}

impl<'s> Origin<'s> {
    fn of(value: &Value, source: &'s str) -> Self {
        match value {
            Value::Object(members) => {
                let mut origins = Map::new();
                for (name, member) in members.iter() {
                    origins.insert(Arc::clone(name), Self::of(member, source));
                }
                Self::Object {
                    members: origins,
                    source,
                }
            }
            _ => Self::Leaf(source),
        }
    }

    fn patch(&mut self, patch: &Object, by: &'s str) {
        if matches!(self, Self::Leaf(_)) {
            *self = Self::Object {
                members: Map::new(),
                source: by,
            };
        }
        let Self::Object { members, source } = self else {
            return;
        };
        for (name, change) in patch {
            match change {
                Value::Null => {
                    if members.remove(name).is_some() {
                        *source = by;
                    }
                }
                Value::Object(change) => {
                    let mut inner = members.remove(name).unwrap_or(Self::Leaf(by));
                    inner.patch(change, by);
                    members.insert(Arc::clone(name), inner);
                }
                other => {
                    members.insert(Arc::clone(name), Self::of(other, by));
                }
            }
        }
    }

    fn collect(&self, pointer: String, leaves: &mut Vec<(String, &'s str)>) {
        match self {
            Self::Leaf(source) => leaves.push((pointer, source)),
            Self::Object { members, source } if members.is_empty() => {
                leaves.push((pointer, source));
            }
            Self::Object { members, .. } => {
                for (name, member) in members {
                    member.collect(format!("{pointer}/{}", escape(name)), leaves);
                }
            }
        }
    }
}
