//! The JSON Schema of an object flag, `jsonSchema`, which its variants, also with patches applied, must satisfy
//!
//! A schema refers to nothing outside of itself, and its patterns are matched in linear time. So a person who writes a flag can neither
//! make the server send requests nor keep it busy.

use std::collections::BTreeSet;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;

use super::patch::merge;
use super::{
    Body, NAME, NAME_LENGTH, Object, ObjectId, ObjectKind, Objects, escaped, is_display_name,
};

/// The member of a flag that has it; without meaning for evaluation
pub(crate) const MEMBER: &str = "jsonSchema";
/// The maximum number of errors that are listed for one value
const MOST_ERRORS: usize = 20;
/// Bytes of a compiled pattern
const PATTERN_BYTES: usize = 1 << 20;

/// Whether a pointer into a document is to a flag's schema or name: the language has no such members, and ignores those that it does not
/// have
pub(crate) fn is_member(pointer: &str) -> bool {
    let rest = pointer.strip_prefix("/flags/");
    rest.and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, member)| member == MEMBER || member == NAME)
}

/// A value that does not satisfy a schema: its JSON pointer, and what was expected
pub(crate) type Violation = (String, String);

/// A flag with a schema, and the variants that patches are applied to
pub(crate) struct FlagSchema {
    validator: Validator,
    // With the environment's patch, by name.
    variants: Vec<(String, Json)>,
}

impl FlagSchema {
    /// The schema of a flag; `None` if it has none
    pub(crate) fn of(flag: &Json) -> Option<Result<Self, Violation>> {
        let schema = flag.get(MEMBER).filter(|schema| !schema.is_null())?;
        let pointer = || format!("/{MEMBER}");
        if !schema.is_object() {
            let message = "expected a JSON Schema, an object".to_owned();
            return Some(Err((pointer(), message)));
        }
        if flag.get("type").is_none_or(|kind| kind != "object") {
            let message = "only flags of type `object` have a JSON Schema".to_owned();
            return Some(Err((pointer(), message)));
        }
        let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES);
        let built = jsonschema::options()
            .with_pattern_options(patterns)
            .build(schema);
        let built = built.map_err(|error| {
            let inside = error.instance_path().to_string();
            let message = format!("the JSON Schema cannot be used: {error}");
            (format!("{}{inside}", pointer()), message)
        });
        Some(built.map(|validator| Self {
            validator,
            variants: patched_variants(flag),
        }))
    }

    /// The violations of the flag's own variants
    fn check_variants(&self) -> Vec<Violation> {
        let variants = self.variants.iter();
        variants
            .flat_map(|(name, value)| {
                self.violations(value, &format!("/variants/{}", escaped(name)))
            })
            .collect()
    }

    /// The violations of an override's value after it is applied to a variant; pointers are into the value
    pub(crate) fn check_override(&self, value: &Json) -> Vec<Violation> {
        let Some(patch) = value.get("patch").filter(|patch| patch.is_object()) else {
            return Vec::new();
        };
        let patched = self.variants.iter().map(|(_, variant)| {
            let mut patched = variant.clone();
            merge(&mut patched, patch.clone());
            self.violations(&patched, "/patch")
        });
        patched
            .into_iter()
            .find(|violations| !violations.is_empty())
            .unwrap_or_default()
    }

    fn violations(&self, value: &Json, root: &str) -> Vec<Violation> {
        let errors = self.validator.iter_errors(value).take(MOST_ERRORS);
        let violations = errors.map(|error| {
            (
                format!("{root}{}", error.instance_path()),
                error.to_string(),
            )
        });
        violations.collect()
    }
}

/// The values of a flag's variants as they are served: with the environment's patch
fn patched_variants(flag: &Json) -> Vec<(String, Json)> {
    let variants = flag.get("variants").and_then(Json::as_object);
    let patch = flag
        .get("environmentPatch")
        .filter(|patch| patch.is_object());
    let variants = variants.into_iter().flatten();
    variants
        .map(|(name, value)| {
            let mut value = value.clone();
            if let Some(patch) = patch {
                merge(&mut value, patch.clone());
            }
            (name.clone(), value)
        })
        .collect()
}

/// What does not satisfy the schema of its flag after a change of these objects; pointers are into a document
pub(crate) fn violations(
    before: &Objects,
    after: &Objects,
    owners: &BTreeSet<ObjectId>,
) -> Vec<Violation> {
    let mut found = Vec::new();
    for id in owners.iter().filter(|id| id.kind == ObjectKind::Flag) {
        let Some(object) = after.get(id) else {
            continue;
        };
        let Body::Whole(whole) = &object.body else {
            continue;
        };
        let is_same = before.get(id) == Some(object);
        if !is_same && whole.text().contains("\"name\"") {
            found.extend(wrong_name(id, whole.text()));
        }
        if !whole.text().contains(MEMBER) {
            continue;
        }
        let lists = after.lists_of(id);
        let changed: Vec<(&ObjectId, &Object)> = lists
            .filter(|(list, object)| !is_same || before.get(list) != Some(*object))
            .collect();
        if is_same && changed.is_empty() {
            continue;
        }
        // INVARIANT: what the server holds is canonical JSON.
        let flag: Json = serde_json::from_str(whole.text()).unwrap_or_default();
        let own = match FlagSchema::of(&flag) {
            None => continue,
            Some(Err(violation)) => vec![violation],
            Some(Ok(schema)) => {
                let variants = if is_same {
                    Vec::new()
                } else {
                    schema.check_variants()
                };
                let unchanged = if is_same { before } else { &Objects::default() };
                let lists = changed
                    .into_iter()
                    .flat_map(|list| in_list(&schema, list, unchanged));
                variants.into_iter().chain(lists).collect()
            }
        };
        let root = format!("/flags/{}", escaped(&id.key));
        found.extend(
            own.into_iter()
                .map(|(pointer, message)| (format!("{root}{pointer}"), message)),
        );
    }
    found
}

fn wrong_name(id: &ObjectId, flag: &str) -> Option<Violation> {
    let flag: Json = serde_json::from_str(flag).ok()?;
    let name = flag.get(NAME)?;
    let message =
        format!("expected at most {NAME_LENGTH} characters, none of them a control character");
    (!is_display_name(name)).then(|| (format!("/flags/{}/{NAME}", escaped(&id.key)), message))
}

/// What is wrong with the patches of a list that are not in it already
fn in_list(
    schema: &FlagSchema,
    (id, list): (&ObjectId, &Object),
    before: &Objects,
) -> Vec<Violation> {
    let Body::List(entries) = &list.body else {
        return Vec::new();
    };
    let held = before.get(id).and_then(|held| match &held.body {
        Body::List(held) => Some(held),
        Body::Whole(_) => None,
    });
    let is_new = |entry: &str, value: &str| {
        value.starts_with("{\"patch\":{")
            && held
                .and_then(|held| held.get(entry))
                .is_none_or(|held| **held != *value)
    };
    let root = format!("/overrides/{}", escaped(id.level()));
    let new = entries.iter().filter(|(entry, value)| is_new(entry, value));
    let violations = new.flat_map(|(entry, value)| {
        let value: Json = serde_json::from_str(value).unwrap_or_default();
        let root = format!("{root}/{}", escaped(entry));
        schema
            .check_override(&value)
            .into_iter()
            .map(move |(pointer, message)| (format!("{root}{pointer}"), message))
    });
    violations.take(MOST_ERRORS).collect()
}
