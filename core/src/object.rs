//! The objects that an environment is made of on the wire, and the document that they make together
//!
//! `docs/spec/protocol.md` §1 is normative. Long lists are objects of their own on the wire and part of their owner in a document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::hash::murmur3_x86_32;
use crate::limits;

/// A kind of object
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A flag, without its overrides
    Flag,
    /// A segment, without its lists
    Segment,
    /// An exclusion group
    Group,
    /// A holdout
    Holdout,
    /// The overrides of one flag and level; the key is `FLAG/LEVEL`
    Overrides,
    /// The included ids of one segment and kind; the key is `SEGMENT/KIND`
    SegmentInclude,
    /// The excluded ids of one segment and kind; the key is `SEGMENT/KIND`
    SegmentExclude,
}

impl ObjectKind {
    /// Every kind
    pub const ALL: [Self; 7] = [
        Self::Flag,
        Self::Segment,
        Self::Group,
        Self::Holdout,
        Self::Overrides,
        Self::SegmentInclude,
        Self::SegmentExclude,
    ];

    /// Those that a document keeps in sections of their own
    pub(crate) fn owners() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kind| !kind.is_list())
    }

    /// The kind on the wire, as `segment-include`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Segment => "segment",
            Self::Group => "group",
            Self::Holdout => "holdout",
            Self::Overrides => "overrides",
            Self::SegmentInclude => "segment-include",
            Self::SegmentExclude => "segment-exclude",
        }
    }

    /// Whether a delta may change one entry of it
    pub const fn is_list(self) -> bool {
        matches!(
            self,
            Self::Overrides | Self::SegmentInclude | Self::SegmentExclude
        )
    }

    /// Where a document keeps objects of this kind, or the owners of a list
    pub const fn section(self) -> &'static str {
        match self {
            Self::Flag | Self::Overrides => "flags",
            Self::Segment | Self::SegmentInclude | Self::SegmentExclude => "segments",
            Self::Group => "groups",
            Self::Holdout => "holdouts",
        }
    }

    /// The member of its owner that holds a list; `None` if it is no list
    pub const fn member(self) -> Option<&'static str> {
        match self {
            Self::Overrides => Some("overrides"),
            Self::SegmentInclude => Some("include"),
            Self::SegmentExclude => Some("exclude"),
            _ => None,
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for ObjectKind {
    type Err = UnknownObjectKind;

    fn from_str(name: &str) -> Result<Self, UnknownObjectKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or(UnknownObjectKind)
    }
}

/// A kind from a newer protocol; a reader counts such objects into the state hash and ignores them otherwise
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of object")]
pub struct UnknownObjectKind;

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

/// What one object adds to the state hash of an environment (protocol PR-4); the sum wraps
pub fn state_hash(kind: &str, key: &str, version: u64) -> u64 {
    text_hash(&format!("{kind}\n{key}\n{version}"))
}

/// The 64 bits that sums of hashes are made of (protocol PR-4): no protection against forgery
pub fn text_hash(text: &str) -> u64 {
    let half = |seed| u64::from(murmur3_x86_32(text.as_bytes(), seed));
    (half(0) << 32) | half(1)
}

/// The objects of a document: lists taken out of their owners, sections that are no objects left out
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

/// One owner and its lists; what is no object of lists stays where it is, to be refused where it is compiled
pub fn split_owner(kind: ObjectKind, key: &str, mut owner: Json) -> Vec<WireObject> {
    let mut lists = Vec::new();
    // The key of a list tells its owner up to the first `/`, which only a key that is refused can contain.
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

/// A list as it is on the wire: an object, so that its entries can change one by one
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

/// A list as it is in a document
fn listed(kind: ObjectKind, list: Json) -> Json {
    match list {
        Json::Object(ids) if kind != ObjectKind::Overrides => {
            ids.into_iter().map(|(id, _)| Json::String(id)).collect()
        }
        list => list,
    }
}

/// The document of these objects: lists put back into their owners; a list without its owner is left out
pub fn join(
    environment: &str,
    revision: u64,
    objects: impl IntoIterator<Item = WireObject>,
) -> Json {
    let mut sections: Map<String, Json> = Map::new();
    let (lists, owners): (Vec<_>, Vec<_>) = objects
        .into_iter()
        .partition(|object| object.kind.is_list());
    for object in owners {
        let section = sections
            .entry(object.kind.section())
            .or_insert_with(|| Json::Object(Map::new()));
        if let Some(members) = section.as_object_mut() {
            members.insert(object.key, object.value);
        }
    }
    for object in lists {
        let Some((owner, level)) = object.key.split_once('/') else {
            continue;
        };
        let owner = sections
            .get_mut(object.kind.section())
            .and_then(|section| section.get_mut(owner))
            .and_then(Json::as_object_mut);
        let Some((owner, member)) = owner.zip(object.kind.member()) else {
            continue;
        };
        let lists = owner
            .entry(member)
            .or_insert_with(|| Json::Object(Map::new()));
        if let Some(members) = lists.as_object_mut() {
            members.insert(level.to_owned(), listed(object.kind, object.value));
        }
    }
    let mut document = Map::new();
    document.insert("schemaVersion".into(), crate::SCHEMA_VERSION.into());
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
