//! Reads both forms of Flagsmith's file into the same types

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Value as Json, json};

use crate::ImportError;

/// The file, in the order in which it lists segments
pub(super) struct Document {
    /// `key` and `name`
    pub(super) environment: Json,
    pub(super) features: Vec<Feature>,
    pub(super) segments: Vec<Segment>,
}

/// A feature, or the override of a segment or an identity
#[derive(Clone)]
pub(super) struct Feature {
    pub(super) pointer: String,
    pub(super) name: String,
    pub(super) key: String,
    pub(super) is_enabled: bool,
    pub(super) value: Json,
    /// In the order of their priorities
    pub(super) variants: Vec<Variant>,
    pub(super) priority: f64,
}

#[derive(Clone)]
pub(super) struct Variant {
    pub(super) key: Option<String>,
    pub(super) value: Json,
    pub(super) weight: f64,
}

pub(super) struct Segment {
    pub(super) pointer: String,
    pub(super) name: String,
    pub(super) key: String,
    /// Whether it contains only single identities
    pub(super) is_unnamed: bool,
    pub(super) rules: Json,
    pub(super) overrides: Vec<Feature>,
}

type Result<T> = std::result::Result<T, ImportError>;

pub(super) fn document(text: &str, source: &Json) -> Result<Document> {
    if source.get("feature_states").is_some() {
        return environment_document(source);
    }
    let environment = source
        .get("environment")
        .filter(|environment| environment.is_object());
    let Some(Json::Object(features)) = source.get("features").filter(|_| environment.is_some())
    else {
        return Err(shape(
            "",
            "expected an environment document, with `api_key`, `project` and `feature_states`, or the context of an engine, with `environment` and `features`",
        ));
    };
    let features = features.iter().map(|(name, json)| {
        let pointer = format!("/features/{}", escaped(name));
        let feature = feature(json, &pointer)?;
        if feature.name != *name {
            return Err(shape(
                &format!("{pointer}/name"),
                "expected the name by which the feature is listed",
            ));
        }
        Ok(feature)
    });
    let mut segments = Vec::new();
    for name in order(text) {
        let pointer = format!("/segments/{}", escaped(&name));
        segments.push(segment(
            source.pointer(&pointer).unwrap_or(&Json::Null),
            &pointer,
        )?);
    }
    Ok(Document {
        environment: environment_of(
            source.get("environment").unwrap_or(&Json::Null),
            "key",
            "name",
        ),
        features: features.collect::<Result<_>>()?,
        segments,
    })
}

/// The names of the segments in the order of the file, which decides between equal priorities
fn order(text: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct File {
        segments: Option<Names>,
    }
    let file = serde_json::from_str::<File>(text).ok();
    let names = file.and_then(|file| file.segments);
    names.map_or_else(Vec::new, |names| names.0)
}

/// The names of the members of an object
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(Self(Vec::new()))
    }
}

impl<'de> Visitor<'de> for Names {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> std::result::Result<Self, A::Error> {
        while let Some((name, IgnoredAny)) = map.next_entry()? {
            self.0.push(name);
        }
        Ok(self)
    }
}

fn environment_of(json: &Json, key: &str, name: &str) -> Json {
    let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default();
    json!({"key": text(key), "name": text(name)})
}

fn feature(json: &Json, pointer: &str) -> Result<Feature> {
    let mut variants = Vec::new();
    for (index, variant) in list(json, "variants", pointer)?.iter().enumerate() {
        let pointer = format!("{pointer}/variants/{index}");
        let priority = number(variant, "priority", &pointer)?.unwrap_or(f64::INFINITY);
        variants.push((
            priority,
            Variant {
                key: variant.get("key").and_then(Json::as_str).map(str::to_owned),
                value: variant.get("value").cloned().unwrap_or_default(),
                weight: number(variant, "weight", &pointer)?.unwrap_or(0.0),
            },
        ));
    }
    variants.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    Ok(Feature {
        pointer: pointer.to_owned(),
        name: text(json, "name", pointer)?,
        key: text(json, "key", pointer)?,
        is_enabled: boolean(json, "enabled", pointer)?,
        value: json.get("value").cloned().unwrap_or_default(),
        variants: variants.into_iter().map(|(_, variant)| variant).collect(),
        priority: number(json, "priority", pointer)?.unwrap_or(f64::INFINITY),
    })
}

fn segment(json: &Json, pointer: &str) -> Result<Segment> {
    let overrides = list(json, "overrides", pointer)?.iter().enumerate();
    Ok(Segment {
        pointer: pointer.to_owned(),
        name: text(json, "name", pointer)?,
        key: text(json, "key", pointer)?,
        is_unnamed: false,
        rules: json.get("rules").cloned().unwrap_or_default(),
        overrides: overrides
            .map(|(index, own)| feature(own, &format!("{pointer}/overrides/{index}")))
            .collect::<Result<_>>()?,
    })
}

/// Reads the form that the server SDKs download
fn environment_document(source: &Json) -> Result<Document> {
    let features = states(source, "feature_states", "")?;
    let mut segments = Vec::new();
    let project = source.get("project").unwrap_or(&Json::Null);
    for (index, json) in list(project, "segments", "/project")?.iter().enumerate() {
        let pointer = format!("/project/segments/{index}");
        segments.push(Segment {
            name: text(json, "name", &pointer)?,
            key: identifier(json, "id", &pointer)?,
            is_unnamed: false,
            rules: json.get("rules").cloned().unwrap_or_default(),
            overrides: states(json, "feature_states", &pointer)?,
            pointer,
        });
    }
    for (index, json) in list(source, "identity_overrides", "")?.iter().enumerate() {
        let pointer = format!("/identity_overrides/{index}");
        let who = text(json, "identifier", &pointer)?;
        let condition =
            json!({"property": "$.identity.identifier", "operator": "IN", "value": [who]});
        for mut own in states(json, "identity_features", &pointer)? {
            // Nothing comes before what an identity has, which has no variants.
            own.priority = f64::NEG_INFINITY;
            own.variants.clear();
            segments.push(Segment {
                pointer: pointer.clone(),
                name: format!("identity {who}"),
                key: String::new(),
                is_unnamed: true,
                rules: json!([{"type": "ALL", "conditions": [condition]}]),
                overrides: vec![own],
            });
        }
    }
    let mut environment = environment_of(source, "api_key", "name");
    if let Some(members) = environment
        .as_object_mut()
        .filter(|_| source.get("name").is_none())
    {
        // What Flagsmith's own SDKs call it then.
        members.insert("name".into(), "Test Environment".into());
    }
    Ok(Document {
        environment,
        features,
        segments,
    })
}

fn states(json: &Json, name: &str, pointer: &str) -> Result<Vec<Feature>> {
    let states = list(json, name, pointer)?.iter().enumerate();
    states
        .map(|(index, state)| state_of(state, &format!("{pointer}/{name}/{index}")))
        .collect()
}

/// The state of a feature in an environment, a segment or an identity
fn state_of(json: &Json, pointer: &str) -> Result<Feature> {
    let field = "multivariate_feature_state_values";
    let mut variants = Vec::new();
    for (index, variant) in list(json, field, pointer)?.iter().enumerate() {
        let pointer = format!("{pointer}/{field}/{index}");
        let option = variant
            .get("multivariate_feature_option")
            .unwrap_or(&Json::Null);
        variants.push((
            number(variant, "id", &pointer)?.unwrap_or(f64::INFINITY),
            Variant {
                key: option.get("key").and_then(Json::as_str).map(str::to_owned),
                value: option.get("value").cloned().unwrap_or_default(),
                weight: number(variant, "percentage_allocation", &pointer)?.unwrap_or(0.0),
            },
        ));
    }
    variants.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let feature = json.get("feature").unwrap_or(&Json::Null);
    let of_segment = json.get("feature_segment").unwrap_or(&Json::Null);
    let id = if json.get("django_id").is_some_and(Json::is_number) {
        "django_id"
    } else {
        "id"
    };
    let id = if json.get(id).is_some_and(|id| !id.is_null()) {
        id
    } else {
        "featurestate_uuid"
    };
    Ok(Feature {
        name: text(feature, "name", &format!("{pointer}/feature"))?,
        key: identifier(json, id, pointer)?,
        is_enabled: boolean(json, "enabled", pointer)?,
        value: json.get("feature_state_value").cloned().unwrap_or_default(),
        variants: variants.into_iter().map(|(_, variant)| variant).collect(),
        priority: number(of_segment, "priority", pointer)?.unwrap_or(f64::INFINITY),
        pointer: pointer.to_owned(),
    })
}

fn list<'j>(json: &'j Json, name: &str, pointer: &str) -> Result<&'j [Json]> {
    match json.get(name) {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::Array(items)) => Ok(items),
        Some(_) => Err(shape(&format!("{pointer}/{name}"), "expected an array")),
    }
}

fn text(json: &Json, name: &str, pointer: &str) -> Result<String> {
    let text = json.get(name).and_then(Json::as_str).map(str::to_owned);
    text.ok_or_else(|| shape(&format!("{pointer}/{name}"), "expected a string"))
}

fn boolean(json: &Json, name: &str, pointer: &str) -> Result<bool> {
    let boolean = json.get(name).and_then(Json::as_bool);
    boolean.ok_or_else(|| shape(&format!("{pointer}/{name}"), "expected `true` or `false`"))
}

fn number(json: &Json, name: &str, pointer: &str) -> Result<Option<f64>> {
    match json.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(number) => match number.as_f64() {
            Some(number) => Ok(Some(number)),
            None => Err(shape(&format!("{pointer}/{name}"), "expected a number")),
        },
    }
}

/// A number or a text, as text
fn identifier(json: &Json, name: &str, pointer: &str) -> Result<String> {
    match json.get(name) {
        Some(Json::Number(number)) => Ok(number.to_string()),
        _ => text(json, name, pointer),
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn shape(pointer: &str, message: &str) -> ImportError {
    ImportError::Shape {
        pointer: pointer.to_owned(),
        message: message.to_owned(),
    }
}
