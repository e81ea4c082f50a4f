//! The schemas of the language's specification, and those of the API that are made of them

use serde_json::{Map, Value as Json};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Checked against the core by the conformance suite; here it is only given other names
const SPECIFICATION: &str = include_str!("../../../docs/spec/document.schema.json");
/// What the API makes of them, and of what the core writes
const OWN: &str = include_str!("schemas.json");

/// Types that stand for schemas which are written in JSON
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
    /// A document of the language, whole
    Document;
    /// A flag as the API answers it
    Flag;
    /// What a flag is made or replaced with
    FlagBody;
    /// The same with the key of a new flag
    NewFlag;
    /// A merge patch for a flag
    FlagPatch;
    /// How two documents differ at one place: the core's `impact::Change`
    Difference;
    /// How the units of a serve move between variants: the core's `impact::Split`
    ServeMoves;
    /// Something wrong with a document: the core's `Issue`
    DocumentIssue;
    /// A key of the language: the specification's
    LanguageKey;
    /// What an override is: the specification's
    LanguageOverride;
    /// A row of the audit: `chain::Record`
    AuditRecord;
    /// Whom a flag is evaluated for
    ContextBody;
    /// What `/api/v1/evaluate` answers: the core's `Outcome`
    Evaluation;
}

/// All of them, by name
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

/// What a definition of the specification is called here
fn component(definition: &str) -> String {
    let mut letters = definition.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    "Language".chars().chain(first).chain(letters).collect()
}

/// Gives every reference its name here
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
