//! The other objects that an object needs for its evaluation
//!
//! Only the places where language.md allows a reference are read: a reference too many would make an object visible to browsers.

use serde_json::Value as Json;

use super::{ObjectId, ObjectKind};

/// The references of a flag or segment, without repetition
pub(super) fn of(object: &Json) -> Box<[ObjectId]> {
    let mut found = Vec::new();
    for prerequisite in elements(object.get("prerequisites")) {
        add_reference(ObjectKind::Flag, prerequisite.get("flag"), &mut found);
    }
    // A flag and each of its rules have a serve; a rule and a segment have a condition.
    for part in std::iter::once(object).chain(elements(object.get("rules"))) {
        if let Some(serve) = part.get("serve") {
            experiment(serve, &mut found);
        }
        if let Some(when) = part.get("when") {
            condition(when, &mut found);
        }
    }
    found.sort_unstable();
    found.dedup();
    found.into()
}

fn experiment(serve: &Json, found: &mut Vec<ObjectId>) {
    let Some(experiment) = serve.get("experiment") else {
        return;
    };
    add_reference(ObjectKind::Group, experiment.get("group"), found);
    add_reference(ObjectKind::Holdout, experiment.get("holdout"), found);
}

fn condition(within: &Json, found: &mut Vec<ObjectId>) {
    // Parsing limits the depth of a body, and so of this recursion.
    add_reference(ObjectKind::Segment, within.get("segment"), found);
    add_reference(ObjectKind::Flag, within.get("flag"), found);
    for inner in elements(within.get("all"))
        .chain(elements(within.get("any")))
        .chain(within.get("not"))
    {
        condition(inner, found);
    }
}

fn elements(value: Option<&Json>) -> impl Iterator<Item = &Json> {
    value.and_then(Json::as_array).into_iter().flatten()
}

fn add_reference(kind: ObjectKind, key: Option<&Json>, found: &mut Vec<ObjectId>) {
    if let Some(Json::String(key)) = key {
        found.push(ObjectId::new(kind, key.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_where_the_language_puts_them_and_nowhere_else() {
        let flag = json!({
            "prerequisites": [{"flag": "a", "variants": ["on"]}],
            "variants": {"on": {"segment": "no", "flag": "no"}},
            "rules": [{"when": {"all": [{"segment": "beta"}, {"not": {"any": [{"flag": "b", "variants": ["on"]}]}}]}, "serve": "on"}],
            "serve": {"variant": "on", "experiment": {"key": "no", "group": "g", "holdout": "h"}},
        });
        let found: Vec<_> = of(&flag)
            .iter()
            .map(|id| format!("{} {}", id.kind, id.key))
            .collect();
        assert_eq!(
            found,
            ["flag a", "flag b", "segment beta", "group g", "holdout h"]
        );
        assert_eq!(of(&json!({"when": {"segment": "inner"}})).len(), 1);
    }
}
