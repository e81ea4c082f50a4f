//! Which objects does a document consist of in the protocol, and which document do objects make?
//!
//! Long lists are objects of their own in the protocol (`docs/spec/protocol.md` §1) and part of their owner in a document.

use std::collections::BTreeMap;

use flagstaff_core::limits;
use flagstaff_core::object::ObjectKind;
use serde_json::{Map, Value as Json};

/// One object, without its version
#[derive(Debug, Clone, PartialEq)]
pub struct WireObject {
    /// Its kind
    pub kind: ObjectKind,
    /// Its key, unique within the kind
    pub key: String,
    /// Its value
    pub value: Json,
}

/// The objects of a document: lists are taken out of their owners, and sections that are not objects are left out
pub fn split(document: &Json) -> Vec<WireObject> {
    let mut objects = Vec::new();
    for kind in ObjectKind::owners() {
        for (key, value) in document
            .get(kind.section())
            .and_then(Json::as_object)
            .into_iter()
            .flatten()
        {
            objects.append(&mut split_owner(kind, key, value.clone()));
        }
    }
    objects
}

/// One owner and its lists; a list of a wrong type stays in its owner, where the compiler reports it
pub fn split_owner(kind: ObjectKind, key: &str, mut owner: Json) -> Vec<WireObject> {
    let mut lists = Vec::new();
    // In the key of a list, the owner ends at the first `/`. Only an owner whose key is not valid can contain one.
    let is_addressable = limits::is_key(key);
    for list_kind in ObjectKind::ALL
        .into_iter()
        .filter(|list| is_addressable && list.is_list() && list.section() == kind.section())
    {
        let member = list_kind.member().unwrap_or_default();
        let is_lists = |by_level: &&mut Map<String, Json>| {
            by_level.values().all(|list| is_list(list_kind, list))
        };
        let by_level = owner.get_mut(member).and_then(Json::as_object_mut);
        let Some(by_level) = by_level.filter(is_lists).map(std::mem::take) else {
            continue;
        };
        if let Some(members) = owner.as_object_mut() {
            members.remove(member);
        }
        lists.extend(by_level.into_iter().map(|(level, list)| WireObject {
            kind: list_kind,
            key: format!("{key}/{level}"),
            value: entries(list),
        }));
    }
    let owner = WireObject {
        kind,
        key: key.to_owned(),
        value: owner,
    };
    std::iter::once(owner).chain(lists).collect()
}

/// Ids are an array in a document, overrides an object
fn is_list(kind: ObjectKind, list: &Json) -> bool {
    match list {
        Json::Object(_) => kind == ObjectKind::Overrides,
        Json::Array(ids) => kind != ObjectKind::Overrides && ids.iter().all(Json::is_string),
        _ => false,
    }
}

/// A list in the form of the protocol: an object, so that its entries can change one by one
fn entries(list: Json) -> Json {
    let Json::Array(ids) = list else {
        return list;
    };
    ids.iter()
        .filter_map(Json::as_str)
        .map(|id| (id.to_owned(), Json::Bool(true)))
        .collect::<Map<_, _>>()
        .into()
}

/// A list in the form of a document
fn listed(kind: ObjectKind, list: Json) -> Json {
    match list {
        Json::Object(ids) if kind != ObjectKind::Overrides => {
            ids.into_iter().map(|(id, _)| Json::String(id)).collect()
        }
        list => list,
    }
}

/// An owner with its lists, in the form of a document; a value that is not an object stays unchanged
pub fn join_owner(mut owner: Json, lists: impl IntoIterator<Item = WireObject>) -> Json {
    let Some(members) = owner.as_object_mut() else {
        return owner;
    };
    for list in lists {
        let level = list.key.split_once('/').map(|(_, level)| level.to_owned());
        let Some((member, level)) = list.kind.member().zip(level) else {
            continue;
        };
        let by_level = members
            .entry(member)
            .or_insert_with(|| Json::Object(Map::new()));
        if let Some(by_level) = by_level.as_object_mut() {
            by_level.insert(level, listed(list.kind, list.value));
        }
    }
    owner
}

/// The document of these objects: lists are put into their owners, and a list without its owner is left out
pub fn join(
    environment: &str,
    revision: u64,
    objects: impl IntoIterator<Item = WireObject>,
) -> Json {
    let (lists, owners): (Vec<_>, Vec<_>) = objects
        .into_iter()
        .partition(|object| object.kind.is_list());
    let mut lists_by_owner: BTreeMap<(&str, String), Vec<WireObject>> = BTreeMap::new();
    for list in lists {
        let owner = list.key.split('/').next().unwrap_or_default().to_owned();
        let section = list.kind.section();
        lists_by_owner
            .entry((section, owner))
            .or_default()
            .push(list);
    }
    let mut sections: Map<String, Json> = Map::new();
    for WireObject { kind, key, value } in owners {
        let lists = lists_by_owner.remove(&(kind.section(), key.clone()));
        let section = sections
            .entry(kind.section())
            .or_insert_with(|| Json::Object(Map::new()));
        if let Some(members) = section.as_object_mut() {
            members.insert(key, join_owner(value, lists.unwrap_or_default()));
        }
    }
    let mut document = Map::new();
    document.insert(
        "schemaVersion".into(),
        flagstaff_core::SCHEMA_VERSION.into(),
    );
    document.insert("environment".into(), environment.into());
    document.insert("revision".into(), revision.into());
    sections
        .entry("flags")
        .or_insert_with(|| Json::Object(Map::new()));
    document.append(&mut sections);
    Json::Object(document)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_split_and_joined_again() {
        let document = json!({
            "schemaVersion": 1, "environment": "production", "revision": 7,
            "segments": {"beta": {"when": {}, "include": {"user": ["u1", "u2"]}}},
            "flags": {"a": {"type": "boolean", "overrides": {"user": {"u1": "include"}, "team": {}}}, "b": {"type": "string"}},
        });
        let objects = split(&document);
        let keys: Vec<String> = objects
            .iter()
            .map(|object| format!("{} {}", object.kind, object.key))
            .collect();
        assert_eq!(
            keys,
            [
                "flag a",
                "overrides a/team",
                "overrides a/user",
                "flag b",
                "segment beta",
                "segment-include beta/user"
            ]
        );
        assert!(objects[0].value.get("overrides").is_none());
        assert_eq!(objects[5].value, json!({"u1": true, "u2": true}));
        assert_eq!(join("production", 7, objects), document);
    }

    #[test]
    fn a_list_of_a_wrong_shape_stays_with_its_owner_to_be_refused() {
        for (section, owner) in [
            ("flags", json!({"overrides": {"user": 1}})),
            ("flags", json!({"overrides": {"user": ["u1"]}})),
            ("segments", json!({"include": {"user": {"u1": true}}})),
            ("segments", json!({"exclude": {"user": [1]}})),
        ] {
            let objects = split(&json!({section: {"a": owner}}));
            assert_eq!(objects.len(), 1, "{owner}");
            assert_eq!(objects[0].value, owner);
        }
    }

    #[test]
    fn the_list_of_a_bad_key_is_not_taken_for_another_owners() {
        let flag = json!({"overrides": {"user": {"u1": "include"}}});
        let objects = split(&json!({"flags": {"a/b": flag}}));
        assert_eq!(objects.len(), 1);
        assert_eq!(objects[0].value, flag);
    }
}
