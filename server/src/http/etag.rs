//! Entity tags and the conditions on them (RFC 9110, §8.8.3 and §13.1)

use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use utoipa::IntoParams;

use crate::engine::coding::ContentCoding;
use crate::http::api_error::ApiError;

/// A strong tag: the text in double quotes
pub(crate) fn quoted(text: &str) -> Result<HeaderValue, ApiError> {
    value(format!("\"{text}\""))
}

/// The tag of a body in this coding: weak if it is compressed, since a strong tag identifies bytes
pub(crate) fn coded(text: &str, coding: ContentCoding) -> Result<HeaderValue, ApiError> {
    match coding {
        ContentCoding::Identity => quoted(text),
        ContentCoding::Gzip => value(format!("W/\"{text}\"")),
    }
}

fn value(tag: String) -> Result<HeaderValue, ApiError> {
    HeaderValue::try_from(tag).map_err(|error| ApiError::Internal(Box::new(error)))
}

/// Whether `If-None-Match` contains this tag, which means 304; weak tags match strong ones, as the RFC requires
pub(crate) fn none_match(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = tag.as_bytes().strip_prefix(b"W/").unwrap_or(tag.as_bytes());
    tags(headers, &IF_NONE_MATCH)
        .any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held).as_bytes() == opaque)
}

/// `If-Match`, for the `OpenAPI` document
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `Precondition` reads")]
pub(crate) struct IfMatch {
    /// The `ETag` of the thing to be changed, or `*`; 412 if it has changed
    #[param(rename = "If-Match", nullable = false, example = "\"7\"")]
    if_match: Option<String>,
}

/// `If-None-Match`, for the `OpenAPI` document
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what `none_match` reads")]
pub(crate) struct IfNoneMatch {
    /// The `ETag` that the caller has; 304 if it is still current
    #[param(rename = "If-None-Match", nullable = false)]
    if_none_match: Option<String>,
}

/// The condition of `If-Match`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// The header is absent
    Absent,
    /// `*`: the thing must exist
    Exists,
    /// It must have one of these versions; a tag that is not a version matches none
    Versions(Vec<u64>),
}

impl Precondition {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let tags: Vec<&str> = tags(headers, &IF_MATCH).collect();
        match tags.as_slice() {
            [] if !headers.contains_key(IF_MATCH) => Self::Absent,
            ["*"] => Self::Exists,
            tags => Self::Versions(
                tags.iter()
                    .filter_map(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok())
                    .collect(),
            ),
        }
    }

    /// Fails unless the thing at version `current` (`None`: it does not exist) meets the condition
    pub(crate) fn check(&self, current: Option<u64>) -> Result<(), ApiError> {
        let holds = match self {
            Self::Absent => true,
            Self::Exists => current.is_some(),
            Self::Versions(versions) => current.is_some_and(|current| versions.contains(&current)),
        };
        let expected = if let Self::Versions(versions) = self {
            versions.first().copied()
        } else {
            None
        };
        if holds {
            Ok(())
        } else {
            Err(ApiError::Stale { expected, current })
        }
    }
}

/// The condition of `If-Match` where tags are texts
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagCondition {
    /// The header is absent
    Absent,
    /// `*`, of something that always exists
    Any,
    /// It must have one of these tags, in their quotes
    OneOf(Vec<String>),
}

impl TagCondition {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let tags: Vec<&str> = tags(headers, &IF_MATCH).collect();
        match tags.as_slice() {
            [] if !headers.contains_key(IF_MATCH) => Self::Absent,
            ["*"] => Self::Any,
            tags => Self::OneOf(tags.iter().map(|tag| (*tag).to_owned()).collect()),
        }
    }

    /// Whether the condition holds for this strong tag; weak ones match nothing here
    pub(crate) fn holds(&self, tag: &str) -> bool {
        let is_it = |held: &String| {
            let opaque = held
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            opaque == Some(tag)
        };
        match self {
            Self::Absent | Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(is_it),
        }
    }
}

fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    // None of our tags contains a comma.
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_list_of_tags_matches_by_any_of_them() {
        for (value, expected) in [
            ("\"a\", \"b\"", true),
            ("W/\"b\"", true),
            ("*", true),
            ("\"a\"", false),
            ("b", false),
        ] {
            for coding in [ContentCoding::Identity, ContentCoding::Gzip] {
                let tag = coded("b", coding).unwrap();
                let matches = none_match(&headers(IF_NONE_MATCH, value), &tag);
                assert_eq!(matches, expected, "{value} {tag:?}");
            }
        }
    }

    #[test]
    fn a_condition_on_tags_holds_for_strong_ones_only() {
        let holds = |value| TagCondition::of(&headers(IF_MATCH, value)).holds("e.1.json");
        assert!(TagCondition::of(&HeaderMap::new()).holds("e.1.json"));
        for right in ["*", "\"e.1.json\"", "\"x\", \"e.1.json\""] {
            assert!(holds(right), "{right}");
        }
        for wrong in ["\"e.1.yaml\"", "W/\"e.1.json\"", "e.1.json", "\"\"", ""] {
            assert!(!holds(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_precondition_holds_only_for_what_it_names() {
        assert!(Precondition::of(&HeaderMap::new()).check(None).is_ok());
        assert!(
            Precondition::of(&headers(IF_MATCH, "*"))
                .check(None)
                .is_err()
        );
        assert!(
            Precondition::of(&headers(IF_MATCH, "\"3\", \"4\""))
                .check(Some(4))
                .is_ok()
        );
        for wrong in ["\"3\"", "W/\"4\"", "4", "nonsense", ""] {
            assert!(
                Precondition::of(&headers(IF_MATCH, wrong))
                    .check(Some(4))
                    .is_err(),
                "{wrong}"
            );
        }
    }
}
