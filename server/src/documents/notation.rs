//! The notation of documents: JSON, or YAML, which people prefer to edit

use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use serde_json::Value as Json;

/// A notation of documents
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Notation {
    /// JSON
    Json,
    /// YAML 1.2, restricted to JSON's data
    Yaml,
}

/// Why a text cannot be parsed
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotationError {
    /// The error in the JSON
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The error in the YAML
    #[error("it is no YAML: {0}")]
    Yaml(String),
}

impl Notation {
    /// The notation of a request's body, by its `Content-Type`: JSON unless it says YAML
    pub(crate) fn sent(headers: &HeaderMap) -> Self {
        Self::named(headers, &CONTENT_TYPE)
    }

    /// The notation for a response, by `Accept`: JSON unless YAML is asked for
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        Self::named(headers, &ACCEPT)
    }

    /// The notation of a file, by its name
    pub fn of_file(name: &str) -> Self {
        let is_yaml = [".yaml", ".yml"].iter().any(|end| name.ends_with(end));
        if is_yaml { Self::Yaml } else { Self::Json }
    }

    fn named(headers: &HeaderMap, name: &HeaderName) -> Self {
        let values = headers.get_all(name).iter();
        let mut types = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|range| range.split(';').next())
            .map(|media| media.trim().to_ascii_lowercase());
        // The registered type (RFC 9512) and the types in use before it.
        let is_yaml = types.any(|media| {
            matches!(
                &*media,
                "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml"
            ) || media.ends_with("+yaml")
        });
        if is_yaml { Self::Yaml } else { Self::Json }
    }

    /// Both
    pub(crate) const ALL: [Self; 2] = [Self::Json, Self::Yaml];

    /// Its name
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }

    /// Its media type
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
        }
    }

    /// Parses a document
    pub fn read(self, text: &str) -> Result<Json, NotationError> {
        match self {
            Self::Json => Ok(serde_json::from_str(text)?),
            Self::Yaml => {
                // `no` and `on` are keys of countries and variants, not booleans; the defaults limit aliases, depth and size.
                let options = serde_saphyr::options! {
                    strict_booleans: true,
                    underscored_numbers_as_strings: true,
                    with_snippet: false,
                };
                serde_saphyr::from_str_with_options(text, options)
                    .map_err(|error| NotationError::Yaml(error.to_string()))
            }
        }
    }

    /// Writes a document
    pub fn write(self, document: &Json) -> Result<String, NotationError> {
        match self {
            Self::Json => Ok(serde_json::to_string_pretty(document)? + "\n"),
            Self::Yaml => serde_saphyr::to_string(document)
                .map_err(|error| NotationError::Yaml(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))])
    }

    #[test]
    fn json_is_what_is_meant_unless_yaml_is_named() {
        for value in ["", "*/*", "application/json", "text/html, */*;q=0.1"] {
            assert_eq!(Notation::wanted(&headers(value)), Notation::Json, "{value}");
        }
        for value in [
            "application/yaml",
            "text/YAML; charset=utf-8",
            "text/html, application/x-yaml;q=0.9",
        ] {
            assert_eq!(Notation::wanted(&headers(value)), Notation::Yaml, "{value}");
        }
    }

    #[test]
    fn yaml_brings_back_what_json_said() {
        let document = json!({
            "words": ["no", "on", "y", "null", "~", "1.0", "0x1f", "2026-01-01", "", " a ", "a: b", "- a", "#", "'", "\"", "a\nb\n", "\u{1f600}", "=", "<<", "1_000"],
            "numbers": [0, -1, 1.5, 1e300, 9_007_199_254_740_991_i64],
            "no": true, "1": null, "": {}, "empty": [],
        });
        let text = Notation::Yaml.write(&document).unwrap();
        assert_eq!(Notation::Yaml.read(&text).unwrap(), document, "{text}");
    }

    #[test]
    fn what_is_no_yaml_and_what_would_grow_without_end_is_refused() {
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
                    g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
        let deep = "[".repeat(10_000);
        for text in ["a: [", "a: 1\na: 2\n", "? [a]\n: 1\n", bomb, &deep] {
            assert!(Notation::Yaml.read(text).is_err(), "{text:.80}");
        }
    }
}
