//! The schemas of the language's specification, and those of the API that are derived from them

use serde_json::{Map, Value as Json};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Checked against the core by the conformance suite; here it is only renamed
const SPECIFICATION: &str = include_str!("../../../docs/spec/document.schema.json");
/// The API's schemas that use them, and those of what the core writes
const OWN: &str = include_str!("schemas.json");

/// Types for schemas that are written in JSON
macro_rules! named {
    ($($(#[$meta:meta])* $name:ident;)+) => {
        $(
            $(#[$meta])*
            pub(crate) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    Ref::from_schema_name(stringify!($name)).into()
                }
            }

            impl ToSchema for $name {
                fn name() -> std::borrow::Cow<'static, str> {
                    stringify!($name).into()
                }
            }
        )+
    };
}

named! {
    /// A whole document of the language
    Document;
    /// A flag as the API returns it
    Flag;
    /// The body that creates or replaces a flag
    FlagBody;
    /// The body that creates a flag, with its key
    NewFlag;
    /// A merge patch for a flag
    FlagPatch;
    /// A segment as the API returns it
    Segment;
    /// What a segment is created, replaced or patched with
    SegmentBody;
    /// The same with the key of a new segment
    NewSegment;
    /// A group as the API returns it
    Group;
    /// What a group is created, replaced or patched with
    GroupBody;
    /// The same with the key of a new group
    NewGroup;
    /// A holdout as the API returns it
    Holdout;
    /// What a holdout is created, replaced or patched with
    HoldoutBody;
    /// The same with the key of a new holdout
    NewHoldout;
    /// How two documents differ at one place: the core's `impact::Change`
    Difference;
    /// How the units of a serve move between variants: the core's `impact::Split`
    ServeMoves;
    /// An issue of a document: the core's `Issue`
    DocumentIssue;
    /// A key, as in the specification
    LanguageKey;
    /// An override, as in the specification
    LanguageOverride;
    /// A row of the audit: `chain::Record`
    AuditRecord;
    /// The context that a flag is evaluated for
    ContextBody;
    /// The response of `/api/v1/evaluate`: the core's `Outcome`
    Evaluation;
}

/// All schemas, by name
pub(crate) fn schemas() -> Result<Map<String, Json>, serde_json::Error> {
    let mut document: Json = serde_json::from_str(SPECIFICATION)?;
    rename(&mut document);
    let mut schemas: Map<String, Json> = serde_json::from_str(OWN)?;
    if let Json::Object(root) = &mut document {
        root.remove("$schema");
        root.remove("$id");
        if let Some(Json::Object(definitions)) = root.remove("$defs") {
            schemas.extend(
                definitions
                    .into_iter()
                    .map(|(name, schema)| (component(&name), schema)),
            );
        }
    }
    schemas.insert("Document".to_owned(), document);
    Ok(schemas)
}

/// The name of a definition of the specification in this document
fn component(definition: &str) -> String {
    let mut letters = definition.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    "Language".chars().chain(first).chain(letters).collect()
}

/// Renames every reference
fn rename(schema: &mut Json) {
    match schema {
        Json::Object(members) => {
            if let Some(Json::String(reference)) = members.get_mut("$ref")
                && let Some(name) = reference.strip_prefix("#/$defs/")
            {
                *reference = format!("#/components/schemas/{}", component(name));
            }
            members.values_mut().for_each(rename);
        }
        Json::Array(items) => items.iter_mut().for_each(rename),
        _ => {}
    }
}
