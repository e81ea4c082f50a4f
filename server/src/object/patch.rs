//! JSON merge patches (RFC 7396), and the leaves that an override's patch changes

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::escaped;

/// Merges a JSON merge patch (RFC 7396) into a value
pub(crate) fn merge(target: &mut Json, patch: Json) {
    let Json::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    let Json::Object(members) = target else {
        return;
    };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Json::Null), value);
        }
    }
}

/// The pointers of everything that a patch sets or removes
pub(crate) fn leaves(patch: &Json) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(patch, &mut String::new(), &mut found);
    found
}

fn collect(patch: &Json, pointer: &mut String, found: &mut BTreeSet<String>) {
    let members = patch.as_object().filter(|members| !members.is_empty());
    let Some(members) = members else {
        found.insert(pointer.clone());
        return;
    };
    let length = pointer.len();
    for (name, value) in members {
        pointer.push('/');
        pointer.push_str(&escaped(name));
        collect(value, pointer, found);
        pointer.truncate(length);
    }
}

/// What an object flag serves where nothing else decides: the value of its own serve's variant, or of its off variant, with the
/// environment's patch
pub(crate) fn served_value(flag: &Json) -> Json {
    let serve = flag.get("serve");
    let variant = serve.and_then(|serve| serve.as_str().or_else(|| serve.get("variant")?.as_str()));
    let variant = variant.or_else(|| flag.get("offVariant")?.as_str());
    let value = variant.and_then(|variant| flag.get("variants")?.get(variant));
    let mut value = value.cloned().unwrap_or_default();
    if let Some(patch) = flag.get("environmentPatch") {
        merge(&mut value, patch.clone());
    }
    value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_leaf_is_what_a_patch_sets_or_removes() {
        let patch = json!({"a": {"b/c": 1, "d": null}, "e": [1, {"f": 2}], "g": {}});
        let expected = ["/a/b~1c", "/a/d", "/e", "/g"];
        assert_eq!(leaves(&patch).into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(leaves(&json!({})).into_iter().collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn the_served_value_has_the_patch_of_the_environment() {
        let mut flag = json!({
            "variants": {"a": {"x": 1, "y": 2}, "b": {"x": 3}}, "offVariant": "b",
            "serve": {"variant": "a", "rollout": 5}, "environmentPatch": {"y": null, "z": 4},
        });
        assert_eq!(served_value(&flag), json!({"x": 1, "z": 4}));
        flag["serve"] = json!("a");
        assert_eq!(served_value(&flag), json!({"x": 1, "z": 4}));
        flag["serve"] = json!({"arms": []});
        assert_eq!(served_value(&flag), json!({"x": 3, "z": 4}));
    }
}
