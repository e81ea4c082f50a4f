//! Writes the document of an environment from the texts of its objects
//!
//! Only objects with lists are parsed, one at a time: the tree of a large document takes several times its size.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap as _, Serializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::{Body, Object, ObjectId, ObjectKind, Objects, wire_object};
use flagstaff_analysis::wire::{WireObject, join_owner};

/// Writes the objects as one document, with each list inside its owner
pub(crate) fn write_document(environment: &str, revision: u64, objects: &Objects) -> String {
    write(&Document {
        environment,
        revision,
        objects,
        owners: None,
    })
}

/// Writes a document of some flags, segments, groups or holdouts with their lists
pub(crate) fn write_owners(objects: &Objects, owners: &BTreeSet<ObjectId>) -> String {
    write(&Document {
        environment: "",
        revision: 0,
        objects,
        owners: Some(owners),
    })
}

fn write(document: &Document<'_>) -> String {
    // INVARIANT: every stored object was written from a JSON value, so this cannot fail.
    serde_json::to_string(document).unwrap_or_default()
}

/// An object with its lists put back, as in a document
pub(crate) fn owner_value(objects: &Objects, owner: &ObjectId) -> Option<Json> {
    let WireObject { value, .. } = wire_object(owner, objects.get(owner)?);
    Some(join_owner(value, lists(objects, owner)))
}

fn lists<'o>(
    objects: &'o Objects,
    owner: &'o ObjectId,
) -> impl Iterator<Item = WireObject> + use<'o> {
    objects
        .lists_of(owner)
        .map(|(id, list)| wire_object(id, list))
}

struct Document<'o> {
    environment: &'o str,
    revision: u64,
    objects: &'o Objects,
    /// The objects to write; all if `None`
    owners: Option<&'o BTreeSet<ObjectId>>,
}

impl<'o> Document<'o> {
    fn section(&self, kind: ObjectKind) -> Section<'o> {
        Section {
            objects: self.objects,
            owners: self.owners,
            kind,
        }
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("environment", self.environment)?;
        members.serialize_entry(ObjectKind::Flag.section(), &self.section(ObjectKind::Flag))?;
        let write = |members: &mut S::SerializeMap, kind: ObjectKind| {
            let section = self.section(kind);
            if section.iter().next().is_none() {
                return Ok(());
            }
            members.serialize_entry(kind.section(), &section)
        };
        write(&mut members, ObjectKind::Group)?;
        write(&mut members, ObjectKind::Holdout)?;
        members.serialize_entry("revision", &self.revision)?;
        members.serialize_entry("schemaVersion", &flagstaff_core::SCHEMA_VERSION)?;
        write(&mut members, ObjectKind::Segment)?;
        members.end()
    }
}

/// The objects of one kind, each with its lists
struct Section<'o> {
    objects: &'o Objects,
    owners: Option<&'o BTreeSet<ObjectId>>,
    kind: ObjectKind,
}

impl<'o> Section<'o> {
    fn iter(&self) -> impl Iterator<Item = (&'o ObjectId, &'o Object)> {
        let (kind, owners) = (self.kind, self.owners);
        self.objects
            .map()
            .range(ObjectId::new(kind, "")..)
            .take_while(move |(id, _)| id.kind == kind)
            .filter(move |(id, _)| owners.is_none_or(|owners| owners.contains(id)))
    }
}

impl Serialize for Section<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        for (id, object) in self.iter() {
            match &object.body {
                Body::Whole(whole) if self.objects.lists_of(id).next().is_none() => {
                    let text: &RawValue =
                        serde_json::from_str(whole.text()).map_err(S::Error::custom)?;
                    members.serialize_entry(&*id.key, text)?;
                }
                _ => {
                    let value = join_owner(wire_object(id, object).value, lists(self.objects, id));
                    members.serialize_entry(&*id.key, &value)?;
                }
            }
        }
        members.end()
    }
}
