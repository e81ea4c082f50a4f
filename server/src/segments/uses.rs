//! Which objects refer to a segment, group or holdout, and where

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::object::{Body, ObjectId, Objects, escaped};

/// An object that refers to another one, and where
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Use {
    pub(super) kind: &'static str,
    pub(super) key: Arc<str>,
    pub(super) pointer: String,
}

/// The objects that refer to one, and where
pub(super) fn uses(objects: &Objects, id: &ObjectId) -> Vec<Use> {
    let mut found = Vec::new();
    for (user, object) in objects.iter() {
        let Body::Whole(whole) = &object.body else {
            continue;
        };
        if !whole.refers_to().contains(id) {
            continue;
        }
        let value: Value = serde_json::from_str(whole.text()).unwrap_or_default();
        let mut pointers = Vec::new();
        places(
            &value,
            (id.kind.as_str(), &id.key),
            &user.pointer(),
            &mut pointers,
        );
        found.extend(pointers.into_iter().map(|pointer| Use {
            kind: user.kind.as_str(),
            key: Arc::clone(&user.key),
            pointer,
        }));
    }
    found
}

/// The places where a value names an object: the field `segment` of a condition, `group` or `holdout` of an experiment
fn places(value: &Value, (field, key): (&str, &str), pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let inside = format!("{pointer}/{}", escaped(name));
                if name == field && *inner == key {
                    found.push(inside);
                } else if name != "variants" {
                    // The value of a variant is not a reference, whatever it looks like.
                    places(inner, (field, key), &inside, found);
                }
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                places(inner, (field, key), &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_with_their_place() {
        let flag = json!({
            "variants": {"a": {"segment": "beta"}},
            "rules": [{"when": {"any": [{"segment": "other"}, {"not": {"segment": "beta"}}]}, "serve": "a"}],
            "serve": {"arms": [], "experiment": {"key": "beta", "group": "beta"}},
        });
        let found = |field: &str| {
            let mut found = Vec::new();
            places(&flag, (field, "beta"), "/flags/f~1", &mut found);
            found
        };
        assert_eq!(
            found("segment"),
            ["/flags/f~1/rules/0/when/any/1/not/segment"]
        );
        assert_eq!(found("group"), ["/flags/f~1/serve/experiment/group"]);
        assert_eq!(found("holdout"), Vec::<String>::new());
    }
}
